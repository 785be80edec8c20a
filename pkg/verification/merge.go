package verification

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// MaxMerge bounds how many incidents one merge takes in.
const MaxMerge = 50

// Merge makes others one with the incident of the ticket: their reports move,
// they become duplicates that point at it, and a relation remembers each. What
// was merged into one of them before points at the new centre, so that there
// are no chains. Judgements stay where they were made; the status follows from
// those on the centre.
func (s *Service) Merge(ctx context.Context, person Person, into Ticket, others []crisis.ID) (*Dossier, error) {
	others = slices.Compact(slices.SortedFunc(slices.Values(others), func(a, b crisis.ID) int { return slices.Compare(a[:], b[:]) }))
	if len(others) == 0 || len(others) > MaxMerge || slices.Contains(others, into.Incident) {
		return nil, refuse("merge", "incidents", "Name 1 to 50 other incidents to merge into this one.")
	}
	return s.edit(ctx, person, into, func(a act, d *Dossier) (crisis.Change, error) {
		var merged []absorbed
		for _, id := range others {
			other, err := s.Load(ctx, id)
			if errors.Is(err, crisis.ErrNotFound) {
				return crisis.Change{}, refuse("merge", "incidents", "One of these incidents does not exist.")
			}
			if err != nil {
				return crisis.Change{}, err
			}
			if other.Incident.Status == crisis.StatusDuplicate {
				return crisis.Change{}, refuse("merged", "incidents", "One of these incidents was merged already.")
			}
			earlier, err := crisis.Find[*crisis.Incident](ctx, s.store, "merged_into", id)
			if err != nil {
				return crisis.Change{}, fmt.Errorf("read earlier merges: %w", err)
			}
			merged = append(merged, absorbed{other, earlier})
		}
		return a.merge(d, merged)
	})
}

// absorbed is an incident that is merged, with those merged into it before.
type absorbed struct {
	*Dossier
	earlier []*crisis.Incident
}

func (a act) merge(d *Dossier, others []absorbed) (crisis.Change, error) {
	change := a.change("incident.merged", "person")
	in := *d.Incident
	in.Meta, in.Version = a.next(in.Meta), in.Version+1
	reports, by := slices.Clone(d.Reports), []crisis.ID{a.person.ID}
	for _, other := range others {
		put, err := a.absorb(other, in.ID)
		if err != nil {
			return crisis.Change{}, err
		}
		change.Put = append(change.Put, put...)
		change.Guard.Unclaimed = append(change.Guard.Unclaimed, other.Incident.ID)
		reports = append(reports, other.Reports...)
		in.Categories = union(in.Categories, other.Incident.Categories)
		in.Shown.Bound = union(in.Shown.Bound, other.Incident.Shown.Bound, other.Incident.Shown.Categories)
		in.EditedBy.Reports = union(in.EditedBy.Reports, other.Incident.EditedBy.Reports, by)
		in.EditedBy.Categories = union(in.EditedBy.Categories, other.Incident.EditedBy.Categories, by)
		if other.Incident.Severity.Rank() > in.Severity.Rank() {
			in.Severity = other.Incident.Severity
		}
		if in.Location.IsZero() {
			in.Location = other.Incident.Location
			in.EditedBy.Location = union(other.Incident.EditedBy.Location, by)
		}
		if other.Incident.Phase == crisis.PhaseOngoing {
			in.Phase = crisis.PhaseOngoing
		}
	}
	counted(&in, reports)
	whole := Dossier{Reports: reports}
	decided(&in, d.Assessments, whole.Submitters())
	change.Put = append(change.Put, &in)
	return change, nil
}

// absorb ends what the other incident had and hands its reports over.
func (a act) absorb(other absorbed, into crisis.ID) ([]crisis.Record, error) {
	put, err := a.move(other.Memberships, into, "merge")
	if err != nil {
		return nil, err
	}
	gone := *other.Incident
	gone.Meta, gone.Version = a.next(gone.Meta), gone.Version+1
	gone.Status, gone.MergedInto = crisis.StatusDuplicate, into
	gone.Reports, gone.Sources, gone.First, gone.Second = 0, 0, crisis.Approval{}, crisis.Approval{}
	put = append(put, &gone)
	for _, old := range other.earlier {
		next := *old
		next.Meta, next.MergedInto = a.next(old.Meta), into
		put = append(put, &next)
	}
	for _, r := range other.Relations {
		if r.Kind == crisis.RelationMaybeSame {
			next := *r
			next.Meta, next.Ended = a.next(r.Meta), true
			put = append(put, &next)
		}
	}
	meta, err := a.first()
	if err != nil {
		return nil, err
	}
	return append(put, &crisis.Relation{Meta: meta, Kind: crisis.RelationMerged, From: gone.ID, To: into, Score: 1, Why: "merged by a person"}), nil
}

// move ends memberships and opens them anew in another incident: a membership
// belongs to its incident, and so do its keys.
func (a act) move(memberships []*crisis.Membership, into crisis.ID, reason string) ([]crisis.Record, error) {
	var put []crisis.Record
	for _, m := range memberships {
		ended := *m
		ended.Meta, ended.Ended = a.next(m.Meta), true
		put = append(put, &ended)
	}
	for _, m := range memberships {
		meta, err := a.first()
		if err != nil {
			return nil, err
		}
		put = append(put, &crisis.Membership{Meta: meta, Report: m.Report, Incident: into, Reason: reason, Score: 1, Why: "moved by a person"})
	}
	return put, nil
}

// staged is a change in steps that are written together: reports leave their
// incidents, then incidents change, then reports join. The database refuses a
// moment in which somebody who typed in a report of an incident is also one of
// its two, and in this order there is none.
func staged(change crisis.Change) []crisis.Change {
	var leave, alter, join []crisis.Record
	for _, record := range change.Put {
		switch m, ok := record.(*crisis.Membership); {
		case !ok:
			alter = append(alter, record)
		case m.Ended:
			leave = append(leave, record)
		default:
			join = append(join, record)
		}
	}
	var out []crisis.Change
	for _, put := range [][]crisis.Record{leave, alter, join} {
		if len(put) == 0 {
			continue
		}
		step := crisis.Change{Action: change.Action, Actor: change.Actor, Reason: change.Reason, At: change.At, Put: put}
		if len(out) == 0 {
			step.Guard = change.Guard
		}
		out = append(out, step)
	}
	if len(out) > 0 {
		out[len(out)-1].Then = change.Then
	}
	return out
}

// Split takes reports out into a new incident of their own and gives its
// dossier. At least one report stays.
func (s *Service) Split(ctx context.Context, person Person, t Ticket, reports []crisis.ID) (*Dossier, error) {
	var fresh crisis.ID
	_, err := s.edit(ctx, person, t, func(a act, d *Dossier) (crisis.Change, error) {
		candidates := map[crisis.ID][]*crisis.Location{}
		for _, r := range d.Reports {
			found, err := crisis.Find[*crisis.Location](ctx, s.store, "report", r.ID)
			if err != nil {
				return crisis.Change{}, fmt.Errorf("read the locations: %w", err)
			}
			candidates[r.ID] = found
		}
		change, id, err := a.split(d, reports, candidates)
		fresh = id
		return change, err
	})
	if err != nil {
		return nil, err
	}
	return s.Load(ctx, fresh)
}

func (a act) split(d *Dossier, take []crisis.ID, candidates map[crisis.ID][]*crisis.Location) (crisis.Change, crisis.ID, error) {
	var leave, stay []*crisis.Report
	var memberships []*crisis.Membership
	for i, r := range d.Reports {
		if slices.Contains(take, r.ID) {
			leave, memberships = append(leave, r), append(memberships, d.Memberships[i])
		} else {
			stay = append(stay, r)
		}
	}
	if len(leave) == 0 || len(stay) == 0 || len(leave) != len(take) {
		return crisis.Change{}, crisis.ID{}, refuse("split", "reports", "Name reports of this incident, each once, and leave at least one.")
	}
	meta, err := a.first()
	if err != nil {
		return crisis.Change{}, crisis.ID{}, err
	}
	fresh := &crisis.Incident{Meta: meta, Version: 1, Status: crisis.StatusTriaged, Phase: d.Incident.Phase,
		PhaseReason: d.Incident.PhaseReason, Severity: d.Incident.Severity, Categories: d.Incident.Categories, Batch: d.Incident.Batch}
	counted(fresh, leave)
	fresh.Location = certain(leave, candidates)
	by := []crisis.ID{a.person.ID}
	fresh.Shown.Bound = union(d.Incident.Shown.Bound, d.Incident.Shown.Categories)
	fresh.EditedBy = crisis.Editors{Location: by, Categories: union(d.Incident.EditedBy.Categories, by), Reports: union(d.Incident.EditedBy.Reports, by)}
	put, err := a.move(memberships, fresh.ID, "split")
	if err != nil {
		return crisis.Change{}, crisis.ID{}, err
	}
	in := *d.Incident
	in.Meta, in.Version = a.next(in.Meta), in.Version+1
	counted(&in, stay)
	in.EditedBy.Reports = union(in.EditedBy.Reports, by)
	if d.Location != nil && slices.ContainsFunc(leave, func(r *crisis.Report) bool { return r.ID == d.Location.Report }) {
		in.Location, in.EditedBy.Location = certain(stay, candidates), by
	}
	rest := Dossier{Reports: stay}
	decided(&in, d.Assessments, rest.Submitters())
	change := a.change("incident.split", "person")
	change.Put = append([]crisis.Record{fresh}, put...)
	change.Put = append(change.Put, &in)
	return change, fresh.ID, nil
}

// certain is the best location among candidates that leaves no choice, zero
// where there is none.
func certain(reports []*crisis.Report, candidates map[crisis.ID][]*crisis.Location) crisis.ID {
	var best *crisis.Location
	for _, r := range reports {
		for _, l := range candidates[r.ID] {
			if l.Certain && (best == nil || l.UncertaintyM < best.UncertaintyM) {
				best = l
			}
		}
	}
	if best == nil {
		return crisis.ID{}
	}
	return best.ID
}

// union is the values of all lists, each once, in their order.
func union[T comparable](lists ...[]T) []T {
	var out []T
	for _, list := range lists {
		for _, one := range list {
			if !slices.Contains(out, one) {
				out = append(out, one)
			}
		}
	}
	return out
}
