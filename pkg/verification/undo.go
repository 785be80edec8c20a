package verification

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// UndoWithin is how long a person can take back their own last act.
const UndoWithin = 10 * time.Second

// Undo takes back the person's last act on an incident, if it is theirs, nothing
// has come after it and no more than UndoWithin has passed. Nothing is deleted:
// each record gets a next revision that says what the one before the act said;
// what the act opened is ended; a judgement, which can never be unsaid, is
// followed by the one the person held before, or by a doubt.
func (s *Service) Undo(ctx context.Context, person Person, incident crisis.ID) (*Dossier, error) {
	d, err := s.Load(ctx, incident)
	if err != nil {
		return nil, err
	}
	in := d.Incident
	if in.By != person.Actor() {
		return nil, refuse("undo", "", "The last act on this incident was not yours.")
	}
	a := s.act(person)
	if a.now.Sub(in.At) > UndoWithin {
		return nil, refuse("undo", "", "That was more than 10 seconds ago; change it like any other incident.")
	}
	steps, err := s.lastAct(ctx, in)
	if err != nil {
		return nil, err
	}
	change, err := a.reverse(d, steps)
	if err != nil {
		return nil, err
	}
	if _, err := s.store.Write(ctx, staged(change)...); err != nil {
		return nil, fmt.Errorf("write the undoing: %w", err)
	}
	return s.Load(ctx, incident)
}

// step is one record of an act: as the act left it, and as it was before; nil
// for one that the act made.
type step struct {
	after, before crisis.Record
}

// actSpan bounds how many entries around an incident's an act may have made.
const actSpan = 1024

// lastAct finds the records that were written together with the incident's
// current revision: the entries beside it with the same actor, action and
// moment.
func (s *Service) lastAct(ctx context.Context, in *crisis.Incident) ([]step, error) {
	from := in.Entry - min(in.Entry, actSpan)
	entries, err := s.store.Entries(ctx, from, 2*actSpan)
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	at := slices.IndexFunc(entries, func(e crisis.Entry) bool { return e.Index == in.Entry })
	if at < 0 {
		return nil, fmt.Errorf("the ledger has no entry %d", in.Entry)
	}
	same := func(e crisis.Entry) bool {
		return e.Actor == entries[at].Actor && e.Action == entries[at].Action && e.At.Equal(entries[at].At)
	}
	first, last := at, at
	for first > 0 && same(entries[first-1]) {
		first--
	}
	for last < len(entries)-1 && same(entries[last+1]) {
		last++
	}
	var steps []step
	for _, e := range entries[first : last+1] {
		one, err := s.step(ctx, e)
		if err != nil {
			return nil, err
		}
		steps = append(steps, one)
	}
	return steps, nil
}

func (s *Service) step(ctx context.Context, e crisis.Entry) (step, error) {
	revisions, err := s.store.Revisions(ctx, e.Table, e.ID)
	if err != nil {
		return step{}, fmt.Errorf("read the revisions: %w", err)
	}
	at := slices.IndexFunc(revisions, func(r crisis.Record) bool { return r.Revision() == e.Rev })
	if at < 0 || at != len(revisions)-1 {
		return step{}, refuse("undo", "", "Something has changed since; nothing was undone.")
	}
	one := step{after: revisions[at]}
	if at > 0 {
		one.before = revisions[at-1]
	}
	return one, nil
}

func (a act) reverse(d *Dossier, steps []step) (crisis.Change, error) {
	change := a.change("incident.undone", "person")
	change.Guard.Unclaimed = []crisis.ID{d.Incident.ID}
	for _, one := range steps {
		back, err := a.back(d, one)
		if errors.Is(err, errStays) {
			continue
		}
		if err != nil {
			return crisis.Change{}, err
		}
		change.Put = append(change.Put, back)
	}
	return change, nil
}

// errStays marks what an undoing leaves as it is: evidence was seen, and a
// location on nothing says nothing.
var errStays = errors.New("stays")

func (a act) back(d *Dossier, one step) (crisis.Record, error) {
	switch after := one.after.(type) {
	case *crisis.Incident:
		return a.incidentBack(d, after, one.before), nil
	case *crisis.Assessment:
		return a.retracted(d, after)
	case *crisis.Membership:
		next := *after
		next.Meta, next.Ended = a.next(after.Meta), one.before == nil
		return &next, nil
	case *crisis.Relation:
		next := *after
		next.Meta, next.Ended = a.next(after.Meta), one.before == nil
		return &next, nil
	case *crisis.Summary:
		next := *after
		next.Text, next.Approved = "", false
		if before, ok := one.before.(*crisis.Summary); ok {
			next = *before
		}
		next.Meta = a.next(after.Meta)
		return &next, nil
	}
	return nil, errStays
}

// incidentBack is the incident as it was, under a version that nobody has seen
// yet. One that the act opened (a split) goes back into the one it came from.
func (a act) incidentBack(d *Dossier, after *crisis.Incident, before crisis.Record) crisis.Record {
	was, ok := before.(*crisis.Incident)
	next := *after
	if ok {
		next = *was
	} else {
		next.Status, next.MergedInto = crisis.StatusDuplicate, d.Incident.ID
		next.Reports, next.Sources = 0, 0
	}
	// Two on, because a retracted judgement stands at the version between.
	next.Meta, next.Version = a.next(after.Meta), after.Version+2
	return &next
}

// retracted follows a judgement with what the person held before it.
func (a act) retracted(d *Dossier, last *crisis.Assessment) (crisis.Record, error) {
	meta, err := a.first()
	if err != nil {
		return nil, err
	}
	next := *last
	next.Verdict, next.Credibility, next.Reliability = crisis.VerdictDoubt, 6, "F"
	for _, old := range d.Assessments {
		if old.Person == last.Person && old.ID != last.ID {
			next.Verdict, next.Credibility, next.Reliability = old.Verdict, old.Credibility, old.Reliability
			next.OnGround, next.AsVerifier = old.OnGround, old.AsVerifier
		}
	}
	next.Meta, next.Reason = meta, crisis.Secret("undone")
	// The version that the undoing leaves is free for a new judgement.
	next.Version = d.Incident.Version + 1
	return &next, nil
}
