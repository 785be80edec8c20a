package verification

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// A batch is one import. Two people may judge it as a whole, each after opening
// a sample of its incidents: 5 %, at most sampleMost, at least one.
const (
	samplePart = 20 // one in
	sampleMost = 20
	// batchUnit is how many incidents one write of a batch judges.
	batchUnit = 100
)

// SampleSize is how many incidents of a batch a person must have opened.
func SampleSize(rows int) int {
	return max(min(rows, 1), min(sampleMost, (rows+samplePart-1)/samplePart))
}

// Batch is an import as one person sees it.
type Batch struct {
	ID   crisis.ID
	Rows int
	// Sample is what this person is to open; Sampled how many of it they have.
	Sample  []crisis.ID
	Sampled int
	// Approvals counts the people who have said yes to the batch as a whole.
	Approvals int
}

// sampled remembers who has opened which incidents of batches. It lives in
// memory: after a restart people look again.
type sampled struct {
	mu   *sync.Mutex
	seen map[[2]crisis.ID]bool
}

func newSampled() sampled { return sampled{mu: &sync.Mutex{}, seen: map[[2]crisis.ID]bool{}} }

// Opened notes that a person has the incident before them.
func (s *Service) Opened(person crisis.ID, in *crisis.Incident) {
	if in.Batch.IsZero() {
		return
	}
	s.opened.mu.Lock()
	defer s.opened.mu.Unlock()
	s.opened.seen[[2]crisis.ID{person, in.ID}] = true
}

func (s *Service) hasOpened(person crisis.ID, incidents []crisis.ID) int {
	s.opened.mu.Lock()
	defer s.opened.mu.Unlock()
	n := 0
	for _, id := range incidents {
		if s.opened.seen[[2]crisis.ID{person, id}] {
			n++
		}
	}
	return n
}

// Batch is one import as the person sees it; crisis.ErrNotFound where nothing
// belongs to it.
func (s *Service) Batch(ctx context.Context, person Person, batch crisis.ID) (Batch, error) {
	incidents, err := s.batchIncidents(ctx, batch)
	if err != nil {
		return Batch{}, err
	}
	out := Batch{ID: batch, Rows: len(incidents), Sample: sample(person.ID, incidents)}
	out.Sampled = s.hasOpened(person.ID, out.Sample)
	people := map[crisis.ID]bool{}
	for _, in := range incidents[:min(len(incidents), sampleMost)] {
		judged, err := crisis.Find[*crisis.Assessment](ctx, s.store, "incident", in.ID)
		if err != nil {
			return Batch{}, fmt.Errorf("read the assessments: %w", err)
		}
		for _, a := range judged {
			if a.Batch == batch && a.Verdict == crisis.VerdictApprove {
				people[a.Person] = true
			}
		}
	}
	out.Approvals = len(people)
	return out, nil
}

func (s *Service) batchIncidents(ctx context.Context, batch crisis.ID) ([]*crisis.Incident, error) {
	incidents, err := crisis.Find[*crisis.Incident](ctx, s.store, "batch", batch)
	if err != nil {
		return nil, fmt.Errorf("read the batch: %w", err)
	}
	if len(incidents) == 0 || batch.IsZero() {
		return nil, crisis.ErrNotFound
	}
	return incidents, nil
}

// sample draws a person's incidents: the same ones whenever they ask, others
// for another person.
func sample(person crisis.ID, incidents []*crisis.Incident) []crisis.ID {
	type drawn struct {
		lot [32]byte
		id  crisis.ID
	}
	lots := make([]drawn, len(incidents))
	for i, in := range incidents {
		lots[i] = drawn{sha256.Sum256(append(person[:], in.ID[:]...)), in.ID}
	}
	slices.SortFunc(lots, func(a, b drawn) int {
		return cmp.Or(slices.Compare(a.lot[:], b.lot[:]), slices.Compare(a.id[:], b.id[:]))
	})
	ids := make([]crisis.ID, SampleSize(len(incidents)))
	for i := range ids {
		ids[i] = lots[i].id
	}
	return ids
}

// AssessBatch gives every incident of an import the person's verdict, once they
// have opened their sample. Incidents that they judged one by one, that were
// merged, or that somebody else holds are left alone; it says how many it
// judged. It can be asked for again and goes on where it stopped.
func (s *Service) AssessBatch(ctx context.Context, person Person, batch crisis.ID, verdict crisis.Verdict, reason string) (int, error) {
	if !person.judges(person.desk()) {
		return 0, forbid("role", "Assessing is for volunteers, verifiers and coordinators; admins never assess.")
	}
	judgement := Judgement{Verdict: verdict, Reason: reason, batch: batch}
	if err := judgement.check(); err != nil {
		return 0, err
	}
	incidents, err := s.batchIncidents(ctx, batch)
	if err != nil {
		return 0, err
	}
	lots := sample(person.ID, incidents)
	if s.hasOpened(person.ID, lots) < len(lots) {
		return 0, refuse("sample", "", fmt.Sprintf("Open the %d incidents of your sample first.", len(lots)))
	}
	a, judged := s.act(person), 0
	var unit []crisis.Change
	for i, in := range incidents {
		change, err := s.batchChange(ctx, a, in, judgement)
		if err != nil {
			return judged, err
		}
		if change != nil {
			unit = append(unit, *change)
		}
		if len(unit) == batchUnit || i == len(incidents)-1 {
			done, err := s.writeUnit(ctx, unit)
			judged, unit = judged+done, unit[:0]
			if err != nil {
				return judged, err
			}
		}
	}
	return judged, nil
}

// batchChange is nil for an incident that is left alone.
func (s *Service) batchChange(ctx context.Context, a act, in *crisis.Incident, j Judgement) (*crisis.Change, error) {
	d, err := s.Load(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	change, err := a.assess(d, j)
	var refusal *Refusal
	switch {
	case errors.Is(err, crisis.ErrAssessed) || errors.As(err, &refusal) && refusal.Code == "merged":
		return nil, nil
	case err != nil:
		return nil, err
	}
	change.Guard.Unclaimed = []crisis.ID{in.ID}
	return &change, nil
}

// writeUnit writes all at once, and one by one where one of them does not hold.
func (s *Service) writeUnit(ctx context.Context, unit []crisis.Change) (int, error) {
	if len(unit) == 0 {
		return 0, nil
	}
	if _, err := s.store.Write(ctx, unit...); err == nil {
		return len(unit), nil
	} else if !passing(err) {
		return 0, fmt.Errorf("write the batch: %w", err)
	}
	done := 0
	for _, change := range unit {
		_, err := s.store.Write(ctx, change)
		switch {
		case err == nil:
			done++
		case !passing(err):
			return done, fmt.Errorf("write the batch: %w", err)
		}
	}
	return done, nil
}

// passing are refusals of one incident that say nothing about the others.
func passing(err error) bool {
	return errors.Is(err, crisis.ErrStale) || errors.Is(err, crisis.ErrClaimed) || errors.Is(err, crisis.ErrAssessed)
}
