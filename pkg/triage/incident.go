package triage

import (
	"context"
	"fmt"
	"slices"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// open makes an incident of a report's own, and suggests those that may be the
// same.
func (s *Service) open(change *crisis.Change, h *heard, maybe []match) {
	change.Action = "incident.opened"
	report := h.report
	incident := &crisis.Incident{
		Meta: crisis.First(derived(report.ID, "incident", 0), s.clock(), actor), Version: 1, Status: crisis.StatusTriaged, Phase: crisis.PhaseOngoing,
		Severity: severest(h.categories, s.settings.categories), Categories: h.categories, Occurred: report.Occurred,
		FirstReceived: report.ReceivedAt, LastReceived: report.ReceivedAt, Reports: 1, Sources: 1, Batch: report.Batch,
	}
	s.candidates(change, h, nil)
	location := s.locate(change, h, incident)
	reason := "opened"
	if !report.Batch.IsZero() {
		reason = "import"
	}
	change.Put = append(change.Put, incident, s.membership(h, incident.ID, reason, 1, "no open incident is the same"))
	for _, other := range maybe {
		change.Put = append(change.Put, s.maybeSame(incident.ID, other))
	}
	one := s.memory.put(incident, location)
	one.heard = true
	s.memory.hear(one, h.voice)
	s.memory.touched[incident.ID] = true
}

// join makes a report one of an incident's. Its version stays, so that nobody's
// judgement is disturbed, unless the report tells what was missing from an
// incident that nobody has looked at.
func (s *Service) join(ctx context.Context, change *crisis.Change, h *heard, m match) error {
	change.Action = "report.joined"
	next := *m.standing.incident
	next.Meta = next.Next(s.clock(), actor)
	s.memory.touched[next.ID] = true
	s.memory.hear(m.standing, h.voice)
	next.Reports, next.Sources = m.standing.said.counts()
	if at := h.report.ReceivedAt; at.After(next.LastReceived) {
		next.LastReceived = at
	} else if at.Before(next.FirstReceived) {
		next.FirstReceived = at
	}
	if from := h.report.Occurred.From; !from.IsZero() && from.Before(next.Occurred.From) {
		next.Occurred = h.report.Occurred
	}
	s.candidates(change, h, nil)
	location := m.standing.location
	if s.lacks(&next, h) {
		free, err := s.untouched(ctx, m.standing.incident)
		if err != nil {
			return err
		}
		if free {
			location = s.complete(change, h, &next, location)
		}
	}
	change.Put = append(change.Put, &next, s.membership(h, next.ID, "joined", m.Score, m.Why))
	s.memory.put(&next, location)
	return nil
}

// untouched says that nobody has judged or edited the incident.
func (s *Service) untouched(ctx context.Context, in *crisis.Incident) (bool, error) {
	if in.First != (crisis.Approval{}) || in.Status != crisis.StatusTriaged && in.Status != crisis.StatusReceived {
		return false, nil
	}
	const most = 10_000
	entries, err := s.store.EntriesOf(ctx, []crisis.ID{in.ID}, most)
	if err != nil {
		return false, fmt.Errorf("read an incident's history: %w", err)
	}
	return len(entries) < most && !slices.ContainsFunc(entries, func(e crisis.Entry) bool { return e.Actor != actor }), nil
}

// lacks says whether a report tells of a place, a category or a severity that
// the incident does not have.
func (s *Service) lacks(in *crisis.Incident, h *heard) bool {
	missing := func(key string) bool { return !slices.Contains(in.Categories, key) }
	return slices.ContainsFunc(h.categories, missing) || in.Location.IsZero() && h.place != nil || s.graver(in, h)
}

func (s *Service) graver(in *crisis.Incident, h *heard) bool {
	return len(h.categories) > 0 && severest(h.categories, s.settings.categories).Rank() > in.Severity.Rank()
}

// complete adds to an incident what it lacked, as its next version, and gives
// its place.
func (s *Service) complete(change *crisis.Change, h *heard, next *crisis.Incident, location *crisis.Location) *crisis.Location {
	next.Version++
	categories := slices.Clone(next.Categories)
	for _, key := range h.categories {
		if !slices.Contains(categories, key) {
			categories = append(categories, key)
		}
	}
	next.Categories = categories
	if s.graver(next, h) {
		next.Severity = severest(h.categories, s.settings.categories)
	}
	if next.Location.IsZero() && h.place != nil {
		location = s.locate(change, h, next)
	}
	return location
}

// locate gives an incident the place that its report names with certainty.
func (s *Service) locate(change *crisis.Change, h *heard, incident *crisis.Incident) *crisis.Location {
	if h.place == nil {
		return nil
	}
	location := s.location(h, *h.place, derived(incident.ID, "location", incident.Rev))
	location.Incident = incident.ID
	incident.Location = location.ID
	change.Put = append(change.Put, location)
	return location
}

// candidates writes the places that a report may mean. Those written for an
// earlier version end, unless nothing about them changed.
func (s *Service) candidates(change *crisis.Change, h *heard, before []*crisis.Location) {
	fresh := make([]*crisis.Location, len(h.candidates))
	for i, place := range h.candidates {
		fresh[i] = s.location(h, place, derived(h.report.ID, "candidate", h.report.Rev<<16|uint64(i)))
		fresh[i].Report = h.report.ID
	}
	if slices.EqualFunc(fresh, before, sameCandidate) {
		return
	}
	for _, old := range before {
		ended := *old
		ended.Meta = old.Next(s.clock(), actor)
		ended.Ended = true
		change.Put = append(change.Put, &ended)
	}
	for _, location := range fresh {
		change.Put = append(change.Put, location)
	}
}

func sameCandidate(a, b *crisis.Location) bool {
	return a.Lon == b.Lon && a.Lat == b.Lat && a.UncertaintyM == b.UncertaintyM && a.Method == b.Method &&
		a.Words == b.Words && a.Certain == b.Certain
}

func (s *Service) location(h *heard, place Place, id crisis.ID) *crisis.Location {
	if place.Method == byName && place.Certain {
		place = s.reader.locate(place)
	}
	location := &crisis.Location{
		Meta: crisis.First(id, s.clock(), actor), Message: h.report.Message, Lon: place.Lon, Lat: place.Lat, UncertaintyM: place.UncertaintyM,
		Method: place.Method, Name: place.Name, CountryCode: place.Country, Admin1Code: place.Admin1Code, Admin1: place.Admin1,
		Score: place.Score, Certain: place.Certain, Why: place.Why,
	}
	seal(&location.Words, place.Words.Text)
	return location
}

func (s *Service) membership(h *heard, incident crisis.ID, reason string, score float64, why string) *crisis.Membership {
	return &crisis.Membership{Meta: crisis.First(derived(h.report.ID, "membership "+incident.String(), 0), s.clock(), actor),
		Report: h.report.ID, Incident: incident, Reason: reason, Score: score, Why: why}
}

// revise follows a correction or a follow-up: its places are found anew, and an
// incident that is this report alone and that nobody has touched follows.
func (s *Service) revise(ctx context.Context, change *crisis.Change, h *heard, membership *crisis.Membership) error {
	change.Action = "report.read_again"
	before, err := crisis.Find[*crisis.Location](ctx, s.store, "report", h.report.ID)
	if err != nil {
		return fmt.Errorf("read a report's places: %w", err)
	}
	s.candidates(change, h, inOrder(before, h))
	one, err := s.standing(ctx, membership.Incident)
	if err != nil {
		return err
	}
	if err := s.listen(ctx, one); err != nil {
		return err
	}
	s.memory.touched[one.incident.ID] = true
	s.memory.hear(one, h.voice)
	next := *one.incident
	next.Meta = next.Next(s.clock(), actor)
	next.Reports, next.Sources = one.said.counts()
	location, err := s.amend(ctx, change, h, one, &next)
	if err != nil {
		return err
	}
	if next.Version == one.incident.Version && next.Sources == one.incident.Sources && next.Reports == one.incident.Reports {
		return nil
	}
	change.Put = append(change.Put, &next)
	s.memory.put(&next, location)
	return nil
}

// amend lets an incident follow a report that changed, as far as nobody has
// judged or edited it, and gives the incident's place.
func (s *Service) amend(ctx context.Context, change *crisis.Change, h *heard, one *standing, next *crisis.Incident) (*crisis.Location, error) {
	severity := severest(h.categories, s.settings.categories)
	moved := h.place != nil && (one.location == nil || one.point() != h.place.point())
	alone := next.Reports == 1
	differs := alone && (moved || severity != next.Severity || !slices.Equal(h.categories, next.Categories))
	if !differs && !s.lacks(next, h) {
		return one.location, nil
	}
	free, err := s.untouched(ctx, one.incident)
	if err != nil || !free {
		return one.location, err
	}
	if !alone {
		return s.complete(change, h, next, one.location), nil
	}
	next.Version++
	next.Categories, next.Severity = h.categories, severity
	if moved {
		return s.locate(change, h, next), nil
	}
	return one.location, nil
}

// inOrder puts earlier candidates into the order of fresh ones where they are
// the same, so that nothing is written when nothing changed.
func inOrder(before []*crisis.Location, h *heard) []*crisis.Location {
	var ordered []*crisis.Location
	rest := slices.Clone(before)
	for _, place := range h.candidates {
		at := slices.IndexFunc(rest, func(l *crisis.Location) bool {
			return l.Lon == place.Lon && l.Lat == place.Lat && l.Method == place.Method && l.Words.Reveal() == place.Words.Text
		})
		if at >= 0 {
			ordered = append(ordered, rest[at])
			rest = slices.Delete(rest, at, at+1)
		}
	}
	return append(ordered, rest...)
}

// withdraw takes a withdrawn report out of its incident at once. One that has no
// report left is over, and nobody can verify it.
func (s *Service) withdraw(ctx context.Context, change *crisis.Change, report *crisis.Report, membership *crisis.Membership) error {
	change.Action, change.Reason = "report.left", "withdrawn"
	one, err := s.standing(ctx, membership.Incident)
	if err != nil {
		return err
	}
	if err := s.listen(ctx, one); err != nil {
		return err
	}
	s.memory.touched[one.incident.ID] = true
	s.memory.hear(one, s.reader.voiceOf(report, nil))
	ended := *membership
	ended.Meta = membership.Next(s.clock(), actor)
	ended.Ended = true
	next := *one.incident
	next.Meta = next.Next(s.clock(), actor)
	next.Reports, next.Sources = one.said.counts()
	if next.Reports == 0 {
		next.Phase, next.PhaseReason = crisis.PhaseOver, "withdrawn"
		if next.Status.Open() || next.Status == crisis.StatusVerified {
			next.Status, next.First, next.Second = crisis.StatusUnverifiable, crisis.Approval{}, crisis.Approval{}
			next.Version++
		}
	}
	change.Put = append(change.Put, &next, &ended)
	s.memory.put(&next, one.location)
	return nil
}

// severest is the gravest severity of some categories; normal for none.
func severest(keys []string, known map[string]*crisis.Category) crisis.Severity {
	worst, any := crisis.SeverityLow, false
	for _, key := range keys {
		if category, ok := known[key]; ok {
			any = true
			if category.Severity.Rank() > worst.Rank() {
				worst = category.Severity
			}
		}
	}
	if !any {
		return crisis.SeverityNormal
	}
	return worst
}
