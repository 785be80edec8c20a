package verification

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// UnknownLifetime ends incidents that no category gives a lifetime.
const UnknownLifetime = 7 * 24 * time.Hour

// sweepUnit is how many incidents one write of a sweep ends.
const sweepUnit = 200

// Sweep ends what is ongoing past its lifetime (DESIGN §4, law 10) and says how
// many it ended. It runs under the lease, which guards every write; an incident
// that somebody changed meanwhile waits for the next sweep.
func (s *Service) Sweep(ctx context.Context, lease crisis.Lease) (int, error) {
	categories, err := s.categories(ctx)
	if err != nil {
		return 0, err
	}
	now := s.clock()
	var due []*crisis.Incident
	err = s.store.EachPlaced(ctx, func(p crisis.Placed) error {
		if expired(p.Incident, categories, now) {
			due = append(due, p.Incident)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("look for what is over: %w", err)
	}
	ended := 0
	for len(due) > 0 {
		unit := due[:min(sweepUnit, len(due))]
		due = due[len(unit):]
		done, err := s.end(ctx, unit, lease, now)
		ended += done
		if err != nil {
			return ended, err
		}
	}
	return ended, nil
}

// end writes a unit at once, and one by one where one of it moved on.
func (s *Service) end(ctx context.Context, unit []*crisis.Incident, lease crisis.Lease, now time.Time) (int, error) {
	changes := make([]crisis.Change, len(unit))
	for i, in := range unit {
		changes[i] = over(in, lease, now)
	}
	_, err := s.store.Write(ctx, changes...)
	if err == nil {
		return len(unit), nil
	}
	if !errors.Is(err, crisis.ErrStale) {
		return 0, fmt.Errorf("end incidents: %w", err)
	}
	ended := 0
	for _, change := range changes {
		_, err := s.store.Write(ctx, change)
		switch {
		case err == nil:
			ended++
		case !errors.Is(err, crisis.ErrStale):
			return ended, fmt.Errorf("end an incident: %w", err)
		}
	}
	return ended, nil
}

func over(old *crisis.Incident, lease crisis.Lease, now time.Time) crisis.Change {
	in := *old
	by := crisis.SystemActor("lifetime")
	in.Meta, in.Phase, in.PhaseReason = in.Meta.Next(now, by), crisis.PhaseOver, "lifetime"
	return crisis.Change{Action: "incident.phase", Actor: by, Reason: "lifetime", At: crisis.Moment(now),
		Put: []crisis.Record{&in}, Guard: crisis.Guard{Lease: &lease}}
}

// expired reports whether an ongoing incident has outlived the longest lifetime
// of its categories since it was last renewed.
func expired(in *crisis.Incident, known map[string]*crisis.Category, now time.Time) bool {
	if in.Phase != crisis.PhaseOngoing {
		return false
	}
	life, ends := lifetime(in.Categories, known)
	return ends && now.Sub(renewed(in)) > life
}

// lifetime is the longest of the categories'; false where one of them never
// ends.
func lifetime(keys []string, known map[string]*crisis.Category) (time.Duration, bool) {
	var longest time.Duration
	for _, key := range keys {
		c := known[key]
		if c == nil {
			continue
		}
		if c.LifetimeHours == 0 {
			return 0, false
		}
		longest = max(longest, time.Duration(c.LifetimeHours*float64(time.Hour)))
	}
	if longest == 0 {
		return UnknownLifetime, true
	}
	return longest, true
}

// renewed is when something last said that it happens: a report, or a person's
// act. What was imported speaks of its own time, not of the day of the import.
func renewed(in *crisis.Incident) time.Time {
	at := in.LastReceived
	if in.Batch.IsZero() {
		if _, person := in.By.Person(); person && in.At.After(at) {
			at = in.At
		}
		return at
	}
	if from := in.Occurred.From; !from.IsZero() {
		at = from
	}
	if in.PhaseReason == "person" && in.At.After(at) {
		at = in.At
	}
	return at
}

func (s *Service) categories(ctx context.Context) (map[string]*crisis.Category, error) {
	found, err := crisis.Select[*crisis.Category](ctx, s.store, crisis.Query{})
	if err != nil {
		return nil, fmt.Errorf("read the categories: %w", err)
	}
	out := make(map[string]*crisis.Category, len(found))
	for _, c := range found {
		out[c.Key] = c
	}
	return out, nil
}
