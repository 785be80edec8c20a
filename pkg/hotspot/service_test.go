package hotspot_test

import (
	"crypto/rand"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/hotspot"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/storetest"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func newID(t *testing.T) crisis.ID {
	t.Helper()
	id, err := crisis.NewID(noon, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func write(t *testing.T, s *store.Store, change crisis.Change) {
	t.Helper()
	if _, err := s.Write(t.Context(), change); err != nil {
		t.Fatalf("%s: %v", change.Action, err)
	}
}

// verified writes an incident that two people said yes to.
func verified(t *testing.T, s *store.Store, p geo.Point, at time.Time) *crisis.Incident {
	t.Helper()
	system := crisis.SystemActor("test")
	in := &crisis.Incident{Meta: crisis.First(newID(t), at, system), Version: 1, Status: crisis.StatusTriaged, Phase: crisis.PhaseOngoing,
		Severity: crisis.SeverityNormal, Categories: []string{"flood"}, Occurred: crisis.EventTime{From: at}, FirstReceived: at, LastReceived: at, Reports: 1, Sources: 1}
	location := &crisis.Location{Meta: crisis.First(newID(t), at, system), Incident: in.ID, Lon: p.Lon, Lat: p.Lat, UncertaintyM: 50, Method: "person"}
	in.Location = location.ID
	write(t, s, crisis.Change{Action: "incident.opened", Actor: system, At: at, Put: []crisis.Record{location, in}})
	for i := range 2 {
		person := newID(t)
		by := crisis.PersonActor(person)
		yes := &crisis.Assessment{Meta: crisis.First(newID(t), at, by), Incident: in.ID, Version: 1, Person: person, Verdict: crisis.VerdictApprove, Credibility: 2, Reliability: "F"}
		next := *in
		next.Meta = in.Meta.Next(at, by)
		approval := crisis.Approval{Assessment: yes.ID, Person: person}
		if next.First, next.Status = approval, crisis.StatusProbable; i == 1 {
			next.First, next.Second, next.Status = in.First, approval, crisis.StatusVerified
		}
		write(t, s, crisis.Change{Action: "incident.assessed", Actor: by, At: at, Put: []crisis.Record{yes, &next}})
		in = &next
	}
	return in
}

type rig struct {
	*hotspot.Service
	store *store.Store
	lease crisis.Lease
	now   *atomic.Pointer[time.Time]
}

func newRig(t *testing.T, s *store.Store) *rig {
	t.Helper()
	r := &rig{store: s, now: &atomic.Pointer[time.Time]{}}
	r.set(noon)
	r.Service = hotspot.New(hotspot.Options{Store: s, Clock: func() time.Time { return *r.now.Load() }, Random: rand.Reader, Log: slog.New(slog.DiscardHandler), Holder: "test"})
	lease, ours, err := s.Acquire(t.Context(), "hotspot", "test", time.Hour)
	if err != nil || !ours {
		t.Fatalf("no lease: %v", err)
	}
	r.lease = lease
	if err := r.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) set(at time.Time) { r.now.Store(&at) }

func (r *rig) step(t *testing.T, want int) {
	t.Helper()
	if got, err := r.Step(t.Context(), r.lease); err != nil || got != want {
		t.Fatalf("the step wrote %d hotspots, want %d: %v", got, want, err)
	}
}

func (r *rig) hotspots(t *testing.T) []*crisis.Hotspot {
	t.Helper()
	all, err := crisis.Select[*crisis.Hotspot](t.Context(), r.store, crisis.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestServiceKeepsRecords(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		r := newRig(t, s)
		a := verified(t, s, geo.Point{Lon: 36.8, Lat: -1.3}, noon.Add(-2*time.Hour))
		verified(t, s, geo.Point{Lon: 36.801, Lat: -1.3}, noon.Add(-2*time.Hour))
		r.step(t, 0) // two voices are too few
		verified(t, s, geo.Point{Lon: 36.802, Lat: -1.3}, noon.Add(-time.Hour))
		r.step(t, 1)
		r.step(t, 0) // nothing changed, nothing is written
		h := r.hotspots(t)[0]
		if h.Status != crisis.HotspotEmerging || len(h.Members) != 3 || h.Sources != 3 {
			t.Fatalf("got %+v", h)
		}
		responder := newID(t)
		if _, err := r.Respond(t.Context(), responder, []crisis.RoleName{crisis.RoleVolunteer}, h.ID, "en_route"); !errors.Is(err, hotspot.ErrRole) {
			t.Errorf("a volunteer responds: %v", err)
		}
		if _, err := r.Respond(t.Context(), responder, []crisis.RoleName{crisis.RoleResponder}, h.ID, "en_route"); err != nil {
			t.Fatal(err)
		}
		again := newRig(t, s) // another process takes over
		over := *a
		over.Meta, over.Phase = a.Meta.Next(noon, crisis.SystemActor("test")), crisis.PhaseOver
		verified(t, s, geo.Point{Lon: 36.803, Lat: -1.3}, noon)
		again.step(t, 1)
		write(t, s, crisis.Change{Action: "incident.phase", Actor: crisis.SystemActor("test"), At: noon, Put: []crisis.Record{&over}})
		again.step(t, 1)
		if now := r.hotspots(t)[0]; now.ID != h.ID || now.Response != "en_route" || now.ResponseBy != responder || len(now.Members) != 3 {
			t.Errorf("got %+v", now)
		}
		again.set(noon.Add(13 * time.Hour))
		again.step(t, 1)
		again.set(noon.Add(25 * time.Hour))
		again.step(t, 1)
		if now := r.hotspots(t)[0]; now.Status != crisis.HotspotClosed {
			t.Errorf("it is %s", now.Status)
		}
		again.step(t, 0)
	})
}

func TestFencedServiceWritesNothing(t *testing.T) {
	s := storetest.Open(t)
	r := newRig(t, s)
	for i := range 3 {
		verified(t, s, geo.Point{Lon: 36.8 + float64(i)/1000, Lat: -1.3}, noon)
	}
	if err := s.Release(t.Context(), r.lease); err != nil {
		t.Fatal(err)
	}
	if _, ours, err := s.Acquire(t.Context(), "hotspot", "another", time.Hour); err != nil || !ours {
		t.Fatalf("no lease for another: %v", err)
	}
	if _, err := r.Step(t.Context(), r.lease); !errors.Is(err, crisis.ErrFenced) {
		t.Errorf("the former holder wrote: %v", err)
	}
	if n := len(r.hotspots(t)); n != 0 {
		t.Errorf("%d hotspots were written", n)
	}
}
