package triage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/triage/alike"
)

const (
	// maxCategories of the words are taken up; the others stay suggestions.
	maxCategories = 2
	// secondOdds: a second one is taken up if it is at most so much less likely.
	secondOdds = 4
	// maxSuggestions of incidents that may be the same.
	maxSuggestions = 2
)

// heard is what a report says.
type heard struct {
	report     *crisis.Report
	candidates []Place
	place      *Place // where it is, unless that is a person's choice
	categories []string
	voice      *voice
}

func (h *heard) spot() alike.Spot {
	at := alike.Spot{From: h.report.Occurred.From, To: h.report.Occurred.To, Categories: h.categories}
	if at.From.IsZero() {
		at.From, at.To = h.report.ReceivedAt, h.report.ReceivedAt
	}
	if h.place != nil {
		at.Located, at.Point, at.Uncertain = true, h.place.point(), h.place.UncertaintyM
	}
	return at
}

// manner is how much is tried with a report. What cannot be written one way is
// tried in the next, so that no report holds up the others or goes unseen.
type manner int

const (
	fully  manner = iota
	apart         // it joins nothing
	barely        // and nothing is read out of it
)

// hear reads a report. A text that breaks the reading says nothing: its report
// still gets an incident, and a person reads it.
func (s *Service) hear(ctx context.Context, report *crisis.Report, how manner) (h *heard) {
	silent := &heard{report: report, voice: s.reader.voiceOf(&crisis.Report{Meta: report.Meta, Source: report.Source}, nil)}
	if how == barely {
		return silent
	}
	defer func() {
		if recover() != nil {
			s.log.Error("a report could not be read", "report", report.ID, "bytes", len(report.Text))
			h = silent
		}
	}()
	h = &heard{report: report, candidates: s.reader.candidates(report, s.settings.near)}
	if place, ok := chosen(h.candidates); ok {
		h.place = &place
	}
	h.categories = s.categories(report)
	h.voice = s.reader.voiceOf(report, h.candidates)
	h.voice.pictures = s.pictured(ctx, report, true)
	return h
}

// categories are what the source itself named, else what its words say with
// certainty; only those that are switched on.
func (s *Service) categories(report *crisis.Report) []string {
	var keys []string
	for _, key := range report.Said {
		if s.settings.categories[key] != nil && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	if len(keys) > 0 {
		return keys
	}
	text := report.Whole()
	_, reading := s.reader.read(text, report.Language)
	strongest := 0.0
	for _, found := range s.reader.mean(text, reading, false).categories() {
		if s.settings.categories[found.Key] == nil || !found.Certain || len(keys) > 0 && oddsOf(found.Score) < strongest/secondOdds {
			continue
		}
		if len(keys) == 0 {
			strongest = oddsOf(found.Score)
		}
		if keys = append(keys, found.Key); len(keys) == maxCategories {
			break
		}
	}
	return keys
}

func oddsOf(probability float64) float64 { return probability / max(1e-9, 1-probability) }

// kin says whether one category is the parent of the other.
func (s *Service) kin(a, b string) bool {
	parent := func(key string) string {
		if category := s.settings.categories[key]; category != nil {
			return category.Parent
		}
		return ""
	}
	return parent(a) == b || parent(b) == a
}

// triage makes the Change that a new or changed report asks for; one without
// records where there is nothing to do.
func (s *Service) triage(ctx context.Context, id crisis.ID, how manner) (crisis.Change, error) {
	report, err := crisis.Get[*crisis.Report](ctx, s.store, id)
	if errors.Is(err, crisis.ErrNotFound) {
		return crisis.Change{}, nil // forgotten since
	}
	if err != nil {
		return crisis.Change{}, fmt.Errorf("read a report: %w", err)
	}
	memberships, err := crisis.Select[*crisis.Membership](ctx, s.store, crisis.Query{By: "report", Value: id, Ended: true})
	if err != nil {
		return crisis.Change{}, fmt.Errorf("read where a report belongs: %w", err)
	}
	current := slices.IndexFunc(memberships, func(m *crisis.Membership) bool { return !m.Ended })
	change := crisis.Change{Actor: actor, At: s.clock()}
	switch {
	case current >= 0 && report.Withdrawn:
		return change, s.withdraw(ctx, &change, report, memberships[current])
	case current >= 0 && report.Rev == 1 && len(report.Media) == 0:
		return change, nil // an import placed it, or we did
	case current >= 0 && report.Rev == 1:
		return change, s.arrived(ctx, &change, s.hear(ctx, report, how), memberships[current])
	case current >= 0:
		return change, s.revise(ctx, &change, s.hear(ctx, report, how), memberships[current])
	case len(memberships) > 0 || report.Withdrawn:
		return change, nil // a person took it out, or nobody saw it
	}
	return change, s.settle(ctx, &change, s.hear(ctx, report, how), how)
}

// match is an incident that a report may be of.
type match struct {
	standing *standing
	alike.Sameness
}

// matches are the incidents that a report may be of, the likeliest first.
func (s *Service) matches(ctx context.Context, h *heard) ([]match, error) {
	at := h.spot()
	var found []match
	for _, one := range s.memory.around(at, h.voice) {
		there := one.spot()
		if alike.Excluded(at, there) || !one.suggests() || alike.Apart(at, there) >= Window && !one.said.passesOn(h.voice) {
			continue
		}
		if err := s.listen(ctx, one); err != nil {
			// Nobody can tell what was said there, so nothing joins it.
			s.memory.forget(one.incident.ID)
			if err := s.skipped(ctx, crisis.TableMembership, one.incident.ID); err != nil {
				return nil, err
			}
			continue
		}
		if same := alike.Compare(at, there, one.said.compared(h.voice), s.kin); same.Score >= alike.Suggests {
			same.Join = same.Join && one.joins() && h.report.Batch.IsZero() && !approves(one.incident, h.report.Submitter)
			found = append(found, match{one, same})
		}
	}
	slices.SortFunc(found, func(a, b match) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), slices.Compare(a.standing.incident.ID[:], b.standing.incident.ID[:]))
	})
	return found, nil
}

// approves says whether a person's approval carries the incident: what that
// person typed in must not join it (DESIGN §4, law 5).
func approves(in *crisis.Incident, person crisis.ID) bool {
	return !person.IsZero() && (in.First.Person == person || in.Second.Person == person)
}

// settle gives a report its incident: one that it joins, or one of its own.
func (s *Service) settle(ctx context.Context, change *crisis.Change, h *heard, how manner) error {
	found, err := s.matches(ctx, h)
	if err != nil {
		return err
	}
	if at := slices.IndexFunc(found, func(m match) bool { return m.Join }); at >= 0 && how == fully {
		return s.join(ctx, change, h, found[at])
	}
	s.open(change, h, found[:min(len(found), maxSuggestions)])
	return nil
}
