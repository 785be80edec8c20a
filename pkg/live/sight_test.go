package live

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// mayKnow is what one grant lets a person know of an incident, written down anew.
func mayKnow(g *crisis.Grant, in *crisis.Incident, lon float64) bool {
	if slices.Contains(in.Categories, "detention") && !g.Hidden {
		return false
	}
	inside := len(g.Areas) == 0
	for _, b := range g.Areas {
		inside = inside || b.West <= lon && lon <= b.East
	}
	return inside && (len(g.Categories) == 0 || shareAny(g.Categories, in.Categories))
}

func drawSight(t *rapid.T) *Sight {
	s := &Sight{}
	for range rapid.IntRange(1, 2).Draw(t, "grants") {
		g := &crisis.Grant{Hidden: rapid.Bool().Draw(t, "hidden")}
		for range rapid.IntRange(0, 2).Draw(t, "areas") {
			west := float64(rapid.IntRange(0, 9).Draw(t, "west"))
			g.Areas = append(g.Areas, geo.Bounds{West: west, South: -1, East: west + 4, North: 1})
		}
		g.Categories = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"flood", "fire"}), 0, 1, rapid.ID).Draw(t, "of")
		s.Grants = append(s.Grants, g)
	}
	return s
}

// TestNobodyLearnsOfWhatTheyMayNotSee plays random changes of incidents and
// hotspots to viewers with random grants. After each, what a viewer was told and
// not told to take off again is what it may know and no more: incidents within
// its grants, and hotspots made of nothing but those. A list says the same.
func TestNobodyLearnsOfWhatTheyMayNotSee(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBook()
		b.hide("detention")
		var log bytes.Buffer
		o := b.ops(&log)
		if err := o.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		sight := drawSight(t)
		v := o.Hub.Watch(sight, nil)
		var ids, spots []crisis.ID
		lons := map[crisis.ID]float64{}
		shown := map[string]bool{}
		draw := func(of []crisis.ID, what string) crisis.ID { return rapid.SampledFrom(of).Draw(t, what) }
		kinds := func() []string {
			return rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"flood", "fire", "detention"}), 1, 2, rapid.ID).Draw(t, "categories")
		}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			for range rapid.IntRange(1, 3).Draw(t, "changes") {
				lon := float64(rapid.IntRange(0, 13).Draw(t, "lon"))
				action := rapid.SampledFrom([]string{"open", "move", "categorise", "merge", "gather", "regather", "close"}).Draw(t, "action")
				if len(ids) == 0 || action == "open" {
					in := b.incident(lon, kinds()...)
					ids, lons[in.ID] = append(ids, in.ID), lon
					continue
				}
				in := b.records[draw(ids, "incident")].(*crisis.Incident)
				switch action {
				case "move":
					lons[in.ID] = lon
					b.alter(in, func(in *crisis.Incident) { b.locate(in, lon) })
				case "categorise":
					b.alter(in, func(in *crisis.Incident) { in.Categories = kinds() })
				case "merge":
					b.alter(in, func(in *crisis.Incident) { in.Status = crisis.StatusDuplicate })
				case "gather":
					spots = append(spots, b.hotspot(in, b.records[draw(ids, "other")].(*crisis.Incident)).ID)
				default:
					if len(spots) == 0 {
						continue
					}
					next := *b.records[draw(spots, "hotspot")].(*crisis.Hotspot)
					next.Meta = next.Next(noon, "system:test")
					if next.Members = append(slices.Clone(next.Members), in.ID); action == "close" {
						next.Status = crisis.HotspotClosed
					}
					b.put(&next)
				}
			}
			if err := o.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			events, _ := received(t, v)
			for _, e := range events {
				name, id, _ := strings.Cut(e, " ")
				switch name {
				case "incident", "hotspot":
					shown[id] = true
				case "retract":
					if !shown[id] {
						t.Fatalf("told to take off %s, which was never shown", id)
					}
					delete(shown, id)
				}
			}
			want := map[string]bool{}
			knows := func(id crisis.ID) bool {
				in := b.records[id].(*crisis.Incident)
				return slices.ContainsFunc(sight.Grants, func(g *crisis.Grant) bool { return mayKnow(g, in, lons[id]) })
			}
			for _, id := range ids {
				if knows(id) && b.records[id].(*crisis.Incident).Status != crisis.StatusDuplicate {
					want[id.String()] = true
				}
			}
			for _, id := range spots {
				unknown := func(member crisis.ID) bool { return !knows(member) }
				if !slices.ContainsFunc(b.records[id].(*crisis.Hotspot).Members, unknown) {
					want[id.String()] = true
				}
			}
			if !maps.Equal(shown, want) {
				t.Fatalf("is shown %v\nmay know %v", slices.Sorted(maps.Keys(shown)), slices.Sorted(maps.Keys(want)))
			}
			every := Filter{Sight: sight, Phases: []crisis.Phase{crisis.PhaseOngoing, crisis.PhaseOver}}
			listed := append(read(t, o.Incidents(every)).ids(), read(t, o.Hotspots(every)).ids()...)
			if slices.Sort(listed); !slices.Equal(listed, slices.Sorted(maps.Keys(want))) {
				t.Fatalf("is listed %v\nmay know %v", listed, slices.Sorted(maps.Keys(want)))
			}
			again := b.ops(&log)
			if err := again.Load(t.Context()); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again.Hotspots(every), o.Hotspots(every)) || !bytes.Equal(again.Incidents(every), o.Incidents(every)) {
				t.Fatal("a map read afresh differs from the one that followed")
			}
		}
	})
}
