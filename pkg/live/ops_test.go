package live_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/hotspot"
	"github.com/onyo-project/onyo/pkg/live"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/storetest"
	"github.com/onyo-project/onyo/pkg/vault"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

var system = crisis.SystemActor("test")

func newID(t *testing.T) crisis.ID {
	t.Helper()
	id, err := crisis.NewID(noon, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func write(t *testing.T, s *store.Store, records ...crisis.Record) {
	t.Helper()
	if _, err := s.Write(t.Context(), crisis.Change{Action: "test.written", Actor: system, At: noon, Put: records}); err != nil {
		t.Fatal(err)
	}
}

// place writes an incident at a point.
func place(t *testing.T, s *store.Store, p geo.Point, categories ...string) *crisis.Incident {
	t.Helper()
	in := &crisis.Incident{Meta: crisis.First(newID(t), noon, system), Version: 1, Status: crisis.StatusTriaged, Phase: crisis.PhaseOngoing, Severity: crisis.SeverityNormal,
		Categories: categories, FirstReceived: noon, LastReceived: noon, Reports: 1, Sources: 1, Location: newID(t)}
	write(t, s, &crisis.Location{Meta: crisis.First(in.Location, noon, system), Incident: in.ID, Lon: p.Lon, Lat: p.Lat, UncertaintyM: 50, Method: "person", Name: "Kibera", Admin1: "Nairobi"}, in)
	return in
}

func alter(t *testing.T, s *store.Store, in *crisis.Incident, how func(*crisis.Incident)) *crisis.Incident {
	t.Helper()
	next := *in
	next.Meta = in.Meta.Next(noon, system)
	how(&next)
	write(t, s, &next)
	return &next
}

func newOps(t *testing.T, s *store.Store) *live.Ops {
	t.Helper()
	o := live.NewOps(live.OpsOptions{Store: s, Clock: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler),
		Area: func(points []geo.Point) [][]geo.Point { return hotspot.Area(points, 250) }})
	if err := o.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return o
}

// told is what a viewer is sent as the map catches up, as "event id" lines with
// ids shortened to the names that the test gives them.
func told(t *testing.T, o *live.Ops, v *live.Viewer, names map[string]string) string {
	t.Helper()
	if err := o.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.Hub.Heartbeat() // so that there is always something to read
	frames, err := v.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, frame := range frames {
		var event string
		var data struct{ ID string }
		for line := range strings.Lines(string(frame)) {
			if name, ok := strings.CutPrefix(line, "event: "); ok {
				event = strings.TrimSpace(name)
			}
			if body, ok := strings.CutPrefix(line, "data: "); ok {
				if err := json.Unmarshal([]byte(body), &data); err != nil {
					t.Fatalf("%s: %v", body, err)
				}
			}
		}
		if event != "heartbeat" {
			out = append(out, strings.TrimSpace(event+" "+names[data.ID]))
		}
	}
	return strings.Join(out, ", ")
}

func TestOpsFollowsTheLedger(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		write(t, s, &crisis.Category{Meta: crisis.First(newID(t), noon, system), Key: "detention", Severity: crisis.SeverityNormal, Profile: crisis.ProfileHidden, Enabled: true})
		a := place(t, s, geo.Point{Lon: 36.8, Lat: -1.3}, "flood")
		o := newOps(t, s)
		v := o.Hub.Watch(&live.Sight{Grants: []*crisis.Grant{{}}}, nil)
		b := place(t, s, geo.Point{Lon: 36.81, Lat: -1.3}, "flood")
		secret := place(t, s, geo.Point{Lon: 36.82, Lat: -1.3}, "detention")
		names := map[string]string{a.ID.String(): "a", b.ID.String(): "b", secret.ID.String(): "secret"}
		expect := func(what, want string) {
			t.Helper()
			if got := told(t, o, v, names); got != want {
				t.Errorf("%s: told %q, want %q", what, got, want)
			}
		}
		expect("two more, one of them hidden", "incident b")
		h := &crisis.Hotspot{Meta: crisis.First(newID(t), noon, system), Status: crisis.HotspotActive, Severity: crisis.SeverityNormal, Members: []crisis.ID{a.ID, b.ID}, Categories: []string{"flood"}, FirstSeen: noon, LastSeen: noon}
		names[h.ID.String()] = "h"
		write(t, s, h)
		expect("a hotspot", "hotspot h")
		moved := newID(t)
		write(t, s, &crisis.Location{Meta: crisis.First(moved, noon, system), Incident: b.ID, Lon: 36.85, Lat: -1.3, UncertaintyM: 10, Method: "person"})
		b = alter(t, s, b, func(in *crisis.Incident) { in.Location = moved })
		expect("a member moves and its hotspot with it", "incident b, hotspot h")
		write(t, s, &crisis.Summary{Meta: crisis.First(newID(t), noon, system), Incident: a.ID, Language: "en", Text: vault.Secret("Water")})
		expect("a summary", "incident a, hotspot h")
		alter(t, s, b, func(in *crisis.Incident) { in.Status, in.MergedInto = crisis.StatusDuplicate, a.ID })
		expect("one is merged", "retract b, hotspot h")
		if in, seen := o.Incident(a.ID.String(), nil); !seen || in.Summary != "Water" || in.Place != "Kibera, Nairobi" || in.LocatedBy != "person" {
			t.Errorf("got %+v", in)
		}
		if again := newOps(t, s); string(again.Clusters(live.Filter{Zoom: 9})) != string(o.Clusters(live.Filter{Zoom: 9})) ||
			string(again.Hotspots(live.Filter{})) != string(o.Hotspots(live.Filter{})) {
			t.Error("a map read afresh differs from the one that followed")
		}
		write(t, s, &crisis.Category{Meta: crisis.First(newID(t), noon, system), Key: "flood", Profile: crisis.ProfileHidden, Severity: crisis.SeverityNormal, Enabled: true})
		expect("floods become hidden", "resync")
		if got := string(o.Incidents(live.Filter{Sight: &live.Sight{Grants: []*crisis.Grant{{}}}})); !strings.Contains(got, `"numberMatched":0`) {
			t.Errorf("still shown: %s", got)
		}
	})
}

func TestOpsRunsUntilTold(t *testing.T) {
	s := storetest.Open(t)
	o := newOps(t, s)
	v := o.Hub.Watch(nil, nil)
	if _, err := v.Next(t.Context()); err != nil { // the first heartbeat
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); o.Run(ctx, time.Hour) }()
	place(t, s, geo.Point{Lon: 1, Lat: 1}, "flood")
	frames, err := v.Next(t.Context())
	if err != nil || !strings.Contains(string(frames[0]), "event: incident") {
		t.Errorf("%q, %v", frames, err)
	}
	stop()
	<-done
	v.Close()
	if n := o.Hub.Viewers(); n != 0 {
		t.Errorf("%d viewers are left", n)
	}
}
