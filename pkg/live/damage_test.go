package live

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// TestDamageStopsNoMap: whichever record cannot be read, the others are on the
// map, whether it follows or starts.
func TestDamageStopsNoMap(t *testing.T) {
	for _, what := range []string{"incident", "location", "hotspot", "summary"} {
		for _, anew := range []bool{false, true} {
			b := newBook()
			var log bytes.Buffer
			o := b.ops(&log)
			if err := o.Load(t.Context()); err != nil {
				t.Fatal(err)
			}
			one, other := b.incident(1, "flood"), b.incident(2, "flood")
			small, large := b.hotspot(other), b.hotspot(one, other)
			summary := &crisis.Summary{Meta: b.first(), Incident: one.ID, Language: "en", Text: vault.Secret("a secret")}
			b.put(summary)
			b.damaged[map[string]crisis.ID{"incident": one.ID, "location": one.Location, "hotspot": large.ID, "summary": summary.ID}[what]] = true
			follow := o.CatchUp
			if anew {
				follow = o.Load
			}
			if err := follow(t.Context()); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			incidents, hotspots := read(t, o.Incidents(Filter{})).ids(), read(t, o.Hotspots(Filter{})).ids()
			if !slices.Contains(incidents, other.ID.String()) || !slices.Contains(hotspots, small.ID.String()) {
				t.Errorf("%s: %v and %v are shown", what, incidents, hotspots)
			}
			if lost := what == "incident" || what == "location"; slices.Contains(incidents, one.ID.String()) == lost {
				t.Errorf("%s: %v are shown", what, incidents)
			}
			if lost := what == "hotspot"; slices.Contains(hotspots, large.ID.String()) == lost {
				t.Errorf("%s: %v are shown", what, hotspots)
			}
			if strings.Contains(log.String(), "secret") || !strings.Contains(log.String(), "cannot be read") {
				t.Errorf("%s: the log: %s", what, log.String())
			}
			later := b.incident(3, "fire")
			if err := o.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, seen := o.Incident(later.ID.String(), nil); !seen {
				t.Errorf("%s: what came later is not shown", what)
			}
		}
	}
}

// TestWhatCannotBeReadIsTakenOff, with the hotspots that it helps to make for
// those who do not see everything.
func TestWhatCannotBeReadIsTakenOff(t *testing.T) {
	b := newBook()
	var log bytes.Buffer
	o := b.ops(&log)
	in := b.incident(1, "flood")
	b.hotspot(in)
	if err := o.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	whole, part := o.Hub.Watch(nil, nil), o.Hub.Watch(&Sight{Grants: []*crisis.Grant{{}}}, nil)
	received(t, whole)
	received(t, part)
	b.alter(in, func(in *crisis.Incident) { in.Categories = []string{"detention"} })
	b.damaged[in.ID] = true
	if err := o.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, _ := received(t, whole); len(got) != 2 || !strings.HasPrefix(got[0], "retract") || !strings.HasPrefix(got[1], "hotspot") {
		t.Errorf("who sees everything is told %v", got)
	}
	if got, _ := received(t, part); len(got) != 2 || !strings.HasPrefix(got[0], "retract") || !strings.HasPrefix(got[1], "retract") {
		t.Errorf("who does not is told %v", got)
	}
}

// A store that is away leaves the map as it was and is asked again from where the
// map stood.
func TestAStoreThatIsAwayLosesNothing(t *testing.T) {
	b := newBook()
	var log bytes.Buffer
	o := b.ops(&log)
	if err := o.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	in := b.incident(1, "flood")
	b.down = true
	if err := o.CatchUp(t.Context()); !errors.Is(err, errPlanted) {
		t.Errorf("got %v", err)
	}
	if err := o.Load(t.Context()); !errors.Is(err, errPlanted) {
		t.Errorf("got %v", err)
	}
	b.down = false
	if err := o.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, seen := o.Incident(in.ID.String(), nil); !seen {
		t.Error("it is not shown")
	}
}

// A rule that changes in the same step as a merge must not leave on the map what
// was merged.
func TestReadingAfreshTakesOffWhatWentMeanwhile(t *testing.T) {
	b := newBook()
	var log bytes.Buffer
	o := b.ops(&log)
	in, kept := b.incident(1, "flood"), b.incident(2, "flood")
	if err := o.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.alter(in, func(in *crisis.Incident) { in.Status, in.MergedInto = crisis.StatusDuplicate, kept.ID })
	b.hide("detention")
	if err := o.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := read(t, o.Incidents(Filter{})).ids(); !slices.Equal(got, []string{kept.ID.String()}) {
		t.Errorf("%v are shown", got)
	}
}

// broken is a projection of which one row cannot be read.
type broken struct {
	memory
	after int // incidents that can be read
}

func (b *broken) EachIncident(_ context.Context, yield func(crisis.PublicIncident) error) error {
	for i, in := range b.incidents {
		if i == b.after {
			return errPlanted
		}
		if err := yield(in); err != nil {
			return err
		}
	}
	return nil
}

func (b *broken) Since(context.Context, time.Time) ([]crisis.Batch, error) { return nil, errPlanted }

func TestABrokenPublicCopyIsShownAsFarAsItGoes(t *testing.T) {
	ongoing := func(id string) crisis.PublicIncident {
		return crisis.PublicIncident{ID: id, Phase: crisis.PhaseOngoing, Located: true}
	}
	b := &broken{memory: memory{at: noon, incidents: []crisis.PublicIncident{ongoing("a"), ongoing("gone")}}, after: 2}
	p := NewPublic(b, nil, slog.New(slog.DiscardHandler))
	if err := p.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	v := p.Hub.Watch(nil, nil)
	received(t, v)
	b.at = noon.Add(time.Minute)
	b.incidents = []crisis.PublicIncident{ongoing("a"), ongoing("b"), ongoing("damaged")}
	b.hotspots = []crisis.PublicHotspot{{ID: "h", Status: crisis.HotspotActive}}
	if err := p.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, _ := received(t, v); !slices.Equal(got, []string{"resync"}) {
		t.Errorf("told %v", got)
	}
	if got := read(t, p.Incidents(Filter{})); !slices.Equal(got.ids(), []string{"a", "b"}) || !got.BatchAt.Equal(b.at) {
		t.Errorf("%+v is shown", got)
	}
	if got := read(t, p.Hotspots(Filter{})).ids(); !slices.Equal(got, []string{"h"}) {
		t.Errorf("%v is shown", got)
	}
}
