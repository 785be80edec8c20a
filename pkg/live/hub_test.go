package live

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// received is what a viewer has been sent, as "event id".
func received(t interface{ Fatalf(string, ...any) }, v *Viewer) (events []string, last *Position) {
	v.mu.Lock()
	waiting := len(v.queue) > 0 || v.beats != nil
	v.mu.Unlock()
	if !waiting {
		return nil, nil
	}
	frames, err := v.Next(context.Background())
	if err != nil {
		t.Fatalf("next: %v", err)
	}
	for _, frame := range frames {
		if !bytes.HasSuffix(frame, []byte("\n\n")) || bytes.Count(frame, []byte("\n\n")) != 1 {
			t.Fatalf("not one event: %q", frame)
		}
		name, id := "", ""
		for line := range strings.Lines(string(frame)) {
			line = strings.TrimSuffix(line, "\n")
			if after, ok := strings.CutPrefix(line, "event: "); ok {
				name = after
			}
			if after, ok := strings.CutPrefix(line, "id: "); ok {
				p, err := ParsePosition(after)
				if err != nil {
					t.Fatalf("id %q: %v", after, err)
				}
				last = &p
			}
			if after, ok := strings.CutPrefix(line, `data: {"type":"Feature","id":"`); ok {
				id, _, _ = strings.Cut(after, `"`)
			} else if after, ok := strings.CutPrefix(line, `data: {"id":"`); ok {
				id, _, _ = strings.Cut(after, `"`)
			}
		}
		events = append(events, strings.TrimSpace(name+" "+id))
	}
	return events, last
}

func newFeed() *feed { return &feed{Map: New(), Hub: NewHub()} }

func (f *feed) do(step uint64, c Change) {
	c.At = noon.Add(time.Duration(step) * time.Second)
	f.tell(c.At, f.change(f.audience(c), c, func(string) uint64 { return step }))
}

func TestViewersSeeWhatTheyMay(t *testing.T) {
	f := newFeed()
	box := &Sight{Grants: []*crisis.Grant{{Areas: []geo.Bounds{{West: -5, South: -5, East: 5, North: 5}}}}}
	all, some := f.Hub.Watch(nil, nil), f.Hub.Watch(box, nil)
	received(t, all)
	received(t, some)
	steps := uint64(0)
	for _, test := range []struct {
		name      string
		change    Change
		all, some []string
	}{
		{"one inside, one outside", Change{Incidents: []Incident{at("in", 0, 0), at("out", 50, 0)}}, []string{"incident in", "incident out"}, []string{"incident in"}},
		{"the inner one leaves", Change{Incidents: []Incident{at("in", 60, 0)}}, []string{"incident in"}, []string{"retract in"}},
		{"it changes out there", Change{Incidents: []Incident{at("in", 61, 0)}}, []string{"incident in"}, nil},
		{"it comes back", Change{Incidents: []Incident{at("in", 1, 0)}}, []string{"incident in"}, []string{"incident in"}},
		{"a hotspot", Change{Hotspots: []Hotspot{hot("h", 0, 0, "in")}}, []string{"hotspot h"}, []string{"hotspot h"}},
		{"all gone", Change{Gone: []string{"h", "in", "out", "never"}}, []string{"retract h", "retract in", "retract out"}, []string{"retract h", "retract in"}},
	} {
		steps++
		f.do(steps, test.change)
		if got, _ := received(t, all); !slices.Equal(got, test.all) {
			t.Errorf("%s: all see %v, want %v", test.name, got, test.all)
		}
		if got, _ := received(t, some); !slices.Equal(got, test.some) {
			t.Errorf("%s: some see %v, want %v", test.name, got, test.some)
		}
	}
}

// TestResumeMissesNothing plays a stream to a viewer that is cut off and resumes
// at random: together it sees every event once, or is told to read the map
// again.
func TestResumeMissesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFeed()
		f.Hub.Start(Position{Step: 3, Nth: ^uint32(0)}, noon)
		v := f.Hub.Watch(nil, &Position{Step: 3, Nth: ^uint32(0)})
		known := Position{Step: 3, Nth: ^uint32(0)}
		var got []string
		n := 0
		take := func() {
			events, last := received(t, v)
			for _, e := range events {
				if e != "heartbeat" {
					got = append(got, e)
				}
			}
			if last != nil {
				known = *last
			}
		}
		for step := range rapid.IntRange(1, 40).Draw(t, "steps") {
			var c Change
			for range rapid.IntRange(0, 3).Draw(t, "events") {
				c.Incidents = append(c.Incidents, at(fmt.Sprint(n), float64(n%90), 0))
				n++
			}
			f.do(uint64(4+step), c)
			if rapid.Bool().Draw(t, "reads") {
				take()
			}
			if rapid.IntRange(0, 3).Draw(t, "cut") == 0 {
				v.Close()
				at := known
				v = f.Hub.Watch(nil, &at)
			}
		}
		take()
		var want []string
		for i := range n {
			want = append(want, fmt.Sprintf("incident %d", i))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v\nwant %v", got, want)
		}
	})
}

func TestSlowViewersAreToldToReadAgain(t *testing.T) {
	f := newFeed()
	slow := f.Hub.Watch(nil, nil)
	for i := range viewerBuffer + 10 {
		f.do(uint64(1+i), Change{Incidents: []Incident{at("a", float64(i%90), 0)}})
	}
	events, _ := received(t, slow)
	if len(events) != 11 || events[0] != "resync" || events[1] != "incident a" || events[10] != "heartbeat" {
		t.Errorf("got %d events: %v", len(events), events)
	}
}

func TestResumeTooOldOrAhead(t *testing.T) {
	f := newFeed()
	f.Hub.Start(Position{Step: 10, Nth: 5}, noon)
	old := f.Hub.Watch(nil, &Position{Step: 9})
	if events, _ := received(t, old); !slices.Equal(events, []string{"resync", "heartbeat"}) {
		t.Errorf("too old gives %v", events)
	}
	ahead := f.Hub.Watch(nil, &Position{Step: 12, Nth: 1})
	received(t, ahead)
	f.do(11, Change{Incidents: []Incident{at("a", 0, 0)}})
	f.do(12, Change{Incidents: []Incident{at("b", 0, 0)}})
	if events, _ := received(t, ahead); len(events) != 0 {
		t.Errorf("what was known came again: %v", events)
	}
	f.do(13, Change{Incidents: []Incident{at("c", 0, 0)}})
	if events, _ := received(t, ahead); !slices.Equal(events, []string{"incident c"}) {
		t.Errorf("got %v", events)
	}
}

func FuzzParsePosition(f *testing.F) {
	f.Fuzz(func(t *testing.T, id string) {
		p, err := ParsePosition(id)
		if err != nil {
			return
		}
		if again, err := ParsePosition(p.String()); err != nil || again != p {
			t.Fatalf("%q was read as %v, which reads as %v, %v", id, p, again, err)
		}
	})
}

// memory is a projection that a test fills.
type memory struct {
	at        time.Time
	incidents []crisis.PublicIncident
	hotspots  []crisis.PublicHotspot
	batches   []crisis.Batch
}

func (m *memory) State(context.Context) (time.Time, uint64, error) { return m.at, 0, nil }
func (m *memory) EachIncident(_ context.Context, yield func(crisis.PublicIncident) error) error {
	for _, in := range m.incidents {
		if err := yield(in); err != nil {
			return err
		}
	}
	return nil
}
func (m *memory) EachHotspot(_ context.Context, yield func(crisis.PublicHotspot) error) error {
	for _, h := range m.hotspots {
		if err := yield(h); err != nil {
			return err
		}
	}
	return nil
}
func (m *memory) Since(_ context.Context, at time.Time) ([]crisis.Batch, error) {
	var out []crisis.Batch
	for _, b := range m.batches {
		if b.At.After(at) {
			out = append(out, b)
		}
	}
	return out, nil
}

func TestPublicFollowsBatches(t *testing.T) {
	projection := &memory{at: noon, incidents: []crisis.PublicIncident{{ID: "a", Phase: crisis.PhaseOngoing, Located: true}}}
	p := NewPublic(projection, []string{"fr"}, slog.New(slog.DiscardHandler))
	if err := p.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	v := p.Hub.Watch(nil, nil)
	received(t, v)
	later := noon.Add(5 * time.Minute)
	projection.at = later
	projection.batches = []crisis.Batch{{At: later, Retract: []string{"a"},
		Incidents: []crisis.PublicIncident{{ID: "c", Phase: crisis.PhaseOngoing}, {ID: "b", Phase: crisis.PhaseOngoing, Summaries: map[string]string{"en": "water", "fr": "eau"}}},
		Hotspots:  []crisis.PublicHotspot{{ID: "h", Status: crisis.HotspotActive}}}}
	for range 2 { // a second look finds nothing new
		if err := p.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	quiet := later.Add(5 * time.Minute)
	projection.at = quiet // a batch that changed nothing
	if err := p.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	events, last := received(t, v)
	if want := []string{"incident b", "incident c", "hotspot h", "retract a"}; !slices.Equal(events, want) {
		t.Errorf("got %v, want %v", events, want)
	}
	if want := (Position{Step: uint64(later.Unix()), Nth: 4}); *last != want {
		t.Errorf("the last position is %v, want %v", *last, want)
	}
	got := read(t, p.Incidents(Filter{}))
	if !slices.Equal(got.ids(), []string{"b", "c"}) || !got.BatchAt.Equal(quiet) {
		t.Errorf("got %+v", got)
	}
	if in, _ := p.Incident("b", nil); in.Summary != "eau" {
		t.Errorf("the summary is %q", in.Summary)
	}
}

// TestHeavyHotspotsShortenTheStream: who saw a hotspot of very many incidents is
// not remembered for thousands of events.
func TestHeavyHotspotsShortenTheStream(t *testing.T) {
	f := newFeed()
	members := make([]string, ringWeight/3)
	for i := range members {
		members[i] = fmt.Sprint(i)
	}
	for step := range uint64(5) {
		f.do(1+step, Change{Hotspots: []Hotspot{hot("h", 0, 0, members...)}})
	}
	for step, want := range map[uint64][]string{1: {"resync", "heartbeat"}, 4: {"hotspot h", "heartbeat"}, 5: {"heartbeat"}} {
		v := f.Hub.Watch(nil, &Position{Step: step, Nth: 1})
		if got, _ := received(t, v); !slices.Equal(got, want) {
			t.Errorf("from step %d: %v, want %v", step, got, want)
		}
	}
}
