package triage

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/triage/alike"
)

// standing is an incident that reports are compared with.
type standing struct {
	incident *crisis.Incident
	location *crisis.Location
	said     *chorus
	// heard says that said is all there is.
	heard bool
	// filed is under which cell it lies.
	filed *cell
}

// joins says whether a report may become one of the incident's; those that were
// settled otherwise are only suggested.
func (s *standing) joins() bool {
	in := s.incident
	return in.Phase == crisis.PhaseOngoing && in.Batch.IsZero() && (in.Status.Open() || in.Status == crisis.StatusVerified)
}

// suggests says whether a report may be told to be of the same thing.
func (s *standing) suggests() bool {
	switch s.incident.Status {
	case crisis.StatusDuplicate, crisis.StatusSpam, crisis.StatusHarmful:
		return false
	}
	return true
}

func (s *standing) spot() alike.Spot {
	in := s.incident
	at := alike.Spot{From: in.Occurred.From, To: in.LastReceived, Categories: in.Categories}
	if at.From.IsZero() || !in.Batch.IsZero() {
		at.To = in.Occurred.To
	}
	if at.From.IsZero() {
		at.From = in.FirstReceived
	}
	if at.To.Before(at.From) {
		at.To = at.From
	}
	if l := s.location; l != nil {
		at.Located, at.Point, at.Uncertain = true, s.point(), l.UncertaintyM
	}
	return at
}

// point is where a located incident is.
func (s *standing) point() geo.Point { return geo.Point{Lon: s.location.Lon, Lat: s.location.Lat} }

// cell is a square of cellDegrees in which incidents are looked up.
type cell struct{ x, y int }

const cellDegrees = 0.1

// maxHolding bounds how many incidents with a key of a text are looked at, the
// latest: a form that a thousand people fill in makes a thousand texts of one key.
const maxHolding = 64

func cellOf(p geo.Point) cell {
	return cell{int(math.Floor(p.Lon / cellDegrees)), int(math.Floor(p.Lat / cellDegrees))}
}

// memory holds the incidents of the window. It is the Service's alone.
type memory struct {
	byID  map[crisis.ID]*standing
	cells map[cell]map[crisis.ID]*standing
	// copies are the incidents by what copies of their texts have in common, the
	// latest last.
	copies map[uint64][]*standing
	// touched are those changed by Changes that are not yet written.
	touched map[crisis.ID]bool
}

func newMemory() *memory {
	return &memory{byID: map[crisis.ID]*standing{}, cells: map[cell]map[crisis.ID]*standing{}, copies: map[uint64][]*standing{}, touched: map[crisis.ID]bool{}}
}

// put remembers an incident as it now is.
func (m *memory) put(incident *crisis.Incident, location *crisis.Location) *standing {
	one := m.byID[incident.ID]
	if one == nil {
		one = &standing{said: newChorus()}
		m.byID[incident.ID] = one
	}
	one.incident, one.location = incident, location
	if one.filed != nil {
		delete(m.cells[*one.filed], incident.ID)
		one.filed = nil
	}
	if location != nil {
		at := cellOf(geo.Point{Lon: location.Lon, Lat: location.Lat})
		if m.cells[at] == nil {
			m.cells[at] = map[crisis.ID]*standing{}
		}
		m.cells[at][incident.ID] = one
		one.filed = &at
	}
	return one
}

func (m *memory) hear(one *standing, v *voice) {
	one.said.add(v)
	for _, key := range v.keys() {
		if held := m.copies[key]; !slices.Contains(held[max(0, len(held)-maxHolding):], one) {
			m.copies[key] = append(held, one)
		}
	}
}

func (m *memory) forget(id crisis.ID) {
	one := m.byID[id]
	if one == nil {
		return
	}
	delete(m.byID, id)
	if one.filed != nil {
		delete(m.cells[*one.filed], id)
	}
	for _, v := range one.said.voices {
		for _, key := range v.keys() {
			m.copies[key] = slices.DeleteFunc(m.copies[key], func(s *standing) bool { return s == one })
			if len(m.copies[key]) == 0 {
				delete(m.copies, key)
			}
		}
	}
}

// around are the incidents that a report could be of: those whose place can be
// its place, and those that may hold its text.
func (m *memory) around(at alike.Spot, v *voice) map[crisis.ID]*standing {
	found := map[crisis.ID]*standing{}
	for _, key := range v.keys() {
		held := m.copies[key]
		for _, one := range held[max(0, len(held)-maxHolding):] {
			found[one.incident.ID] = one
		}
	}
	if !at.Located || at.Uncertain > alike.VagueM {
		return found
	}
	// As far as two uncertain locations can be apart and still be near.
	reach := (at.Uncertain + alike.VagueM + alike.FarM) / geo.MetresPerDegree / cellDegrees
	tall := int(math.Ceil(reach))
	wide := min(60, int(math.Ceil(reach/max(0.05, math.Cos(at.Point.Lat*math.Pi/180)))))
	centre, round := cellOf(at.Point), int(360/cellDegrees)
	for dy := -tall; dy <= tall; dy++ {
		for dx := -wide; dx <= wide; dx++ {
			x := centre.x + dx
			if x < -round/2 {
				x += round
			} else if x >= round/2 {
				x -= round
			}
			for id, one := range m.cells[cell{x, centre.y + dy}] {
				// Most are too far north or south, which is the cheapest to see.
				apart := math.Abs(one.location.Lat-at.Point.Lat) * geo.MetresPerDegree
				if apart <= at.Uncertain+one.location.UncertaintyM+alike.FarM && geo.Distance(at.Point, one.point()) <= at.Uncertain+one.location.UncertaintyM+alike.FarM {
					found[id] = one
				}
			}
		}
	}
	return found
}

// load reads the incidents of the window and what their reports say.
func (s *Service) load(ctx context.Context) error {
	m, since := newMemory(), s.clock().Add(-Window)
	put := func(placed crisis.Placed) error {
		if placed.Incident.LastReceived.After(since) {
			m.put(placed.Incident, placed.Location)
		}
		return nil
	}
	err := s.store.EachPlaced(ctx, put)
	if err != nil {
		err = s.readOneByOne(ctx, crisis.TableIncident, time.Time{}, func(id crisis.ID) error {
			placed, err := s.store.Placed(ctx, id)
			if err != nil {
				return err
			}
			return put(placed)
		})
	}
	if err != nil {
		return fmt.Errorf("load the open incidents: %w", err)
	}
	home, err := s.homes(ctx, m, since)
	if err != nil {
		return fmt.Errorf("load their memberships: %w", err)
	}
	ids := slices.SortedFunc(maps.Keys(home), func(a, b crisis.ID) int { return bytes.Compare(a[:], b[:]) })
	err = s.reports(ctx, ids, func(report *crisis.Report) { m.hear(home[report.ID], s.voice(ctx, report)) })
	if err != nil {
		return fmt.Errorf("load their reports: %w", err)
	}
	for _, st := range m.byID {
		st.heard = st.said.reports == st.incident.Reports
	}
	s.memory, s.loadedAt = m, s.clock()
	return nil
}

// homes are the incidents of the reports made since a moment.
func (s *Service) homes(ctx context.Context, m *memory, since time.Time) (map[crisis.ID]*standing, error) {
	home := map[crisis.ID]*standing{}
	take := func(one *crisis.Membership) {
		if st := m.byID[one.Incident]; st != nil && !one.Ended {
			home[one.Report] = st
		}
	}
	err := newest(ctx, s.store, since, take)
	if err != nil {
		err = s.readOneByOne(ctx, crisis.TableMembership, since, func(id crisis.ID) error {
			one, err := crisis.Get[*crisis.Membership](ctx, s.store, id)
			if err == nil {
				take(one)
			}
			return err
		})
	}
	return home, err
}

// voice is what a report says; one of which nothing is known but its id could
// not be read.
func (s *Service) voice(ctx context.Context, report *crisis.Report) *voice {
	v := s.reader.voiceOf(report, s.reader.places(report.Whole(), s.settings.near))
	v.pictures = s.pictured(ctx, report, false)
	v.unread = report.Rev == 0
	return v
}

// newest calls take with the current records made since a moment, by their ids.
func newest[T crisis.Record](ctx context.Context, r crisis.Reader, since time.Time, take func(T)) error {
	query := crisis.Query{Newest: true, Limit: 1000}
	for {
		page, err := crisis.Select[T](ctx, r, query)
		if err != nil {
			return err
		}
		for _, one := range page {
			query.After = one.RecordID()
			if madeAt(query.After).Before(since) {
				return nil
			}
			take(one)
		}
		if len(page) < query.Limit {
			return nil
		}
	}
}

// madeAt is when an id was made.
func madeAt(id crisis.ID) time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(id[:8]) >> 16))
}

// standing finds an incident, in memory or in the store.
func (s *Service) standing(ctx context.Context, id crisis.ID) (*standing, error) {
	if one := s.memory.byID[id]; one != nil {
		return one, nil
	}
	placed, err := s.store.Placed(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read an incident: %w", err)
	}
	return s.memory.put(placed.Incident, placed.Location), nil
}

// listen makes sure that all voices of an incident are known.
func (s *Service) listen(ctx context.Context, one *standing) error {
	if one.heard {
		return nil
	}
	memberships, err := crisis.Find[*crisis.Membership](ctx, s.store, "incident", one.incident.ID)
	if err != nil {
		return fmt.Errorf("read the reports of an incident: %w", err)
	}
	ids := make([]crisis.ID, len(memberships))
	for i, membership := range memberships {
		ids[i] = membership.Report
	}
	one.said = newChorus()
	if err := s.reports(ctx, ids, func(report *crisis.Report) { s.memory.hear(one, s.voice(ctx, report)) }); err != nil {
		return err
	}
	one.heard = true
	return nil
}

// refresh reads an incident again, after somebody else changed it or one of our
// Changes failed. One that cannot be read is no longer compared with.
func (s *Service) refresh(ctx context.Context, id crisis.ID) error {
	placed, err := s.store.Placed(ctx, id)
	if errors.Is(err, crisis.ErrNotFound) {
		s.memory.forget(id)
		return nil
	}
	if err != nil {
		s.memory.forget(id)
		return s.skipped(ctx, crisis.TableIncident, id)
	}
	one := s.memory.put(placed.Incident, placed.Location)
	one.heard = false
	return nil
}

// prune forgets what has left the window.
func (s *Service) prune() {
	since := s.clock().Add(-Window)
	for id, one := range s.memory.byID {
		if one.incident.LastReceived.Before(since) {
			s.memory.forget(id)
		}
	}
}
