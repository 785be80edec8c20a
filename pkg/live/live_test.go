package live

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/tile"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/formats"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

type collection struct {
	Features []struct {
		ID         string
		Geometry   json.RawMessage
		Properties map[string]any
	}
	NumberMatched int
	Next          string
	BatchAt       time.Time `json:"batch_at"`
}

func read(t interface{ Fatalf(string, ...any) }, answer []byte) collection {
	var c collection
	if err := json.Unmarshal(answer, &c); err != nil {
		t.Fatalf("no JSON: %v: %s", err, answer)
	}
	return c
}

func (c collection) ids() []string {
	var out []string
	for _, f := range c.Features {
		out = append(out, f.ID)
	}
	slices.Sort(out)
	return out
}

func (c collection) counted() int {
	n := 0
	for _, f := range c.Features {
		n += int(f.Properties["count"].(float64))
	}
	return n
}

func at(id string, lon, lat float64, categories ...string) Incident {
	return Incident{Weight: 1, Incident: formats.Incident{ID: id, Status: crisis.StatusVerified, Phase: crisis.PhaseOngoing, Severity: crisis.SeverityNormal,
		Categories: categories, OccurredAt: noon, Reports: 1, Sources: 1, Located: true, Lon: lon, Lat: lat, UncertaintyM: 100}}
}

// TestCountsAddUp is law 8: whatever is on the map, whoever looks and whatever
// they ask for, cluster counts add up to the located incidents that they see,
// at every zoom.
func TestCountsAddUp(t *testing.T) {
	categories := []string{"flood", "fire", "medical", "road"}
	rapid.Check(t, func(t *rapid.T) {
		m := New()
		var all []Incident
		for i := range rapid.IntRange(0, 120).Draw(t, "incidents") {
			in := at(fmt.Sprintf("in-%d", i), rapid.Float64Range(-180, 180).Draw(t, "lon"), rapid.Float64Range(-90, 90).Draw(t, "lat"))
			if rapid.Bool().Draw(t, "crowded") {
				in.Lon, in.Lat = 36.8+float64(rapid.IntRange(-5, 5).Draw(t, "dx"))/100, -1.3+float64(rapid.IntRange(-5, 5).Draw(t, "dy"))/100
			}
			in.Categories = rapid.SliceOfNDistinct(rapid.SampledFrom(categories), 0, 2, rapid.ID).Draw(t, "categories")
			in.Status = rapid.SampledFrom(crisis.Statuses()).Draw(t, "status")
			in.Phase = rapid.SampledFrom([]crisis.Phase{crisis.PhaseOngoing, crisis.PhaseOver}).Draw(t, "phase")
			in.Severity = rapid.SampledFrom([]crisis.Severity{crisis.SeverityLow, crisis.SeverityNormal, crisis.SeverityLifeSafety}).Draw(t, "severity")
			in.OccurredAt = noon.Add(time.Duration(rapid.IntRange(-5, 5).Draw(t, "hours")) * time.Hour)
			in.Located = rapid.IntRange(0, 5).Draw(t, "located") > 0
			in.Hidden = rapid.IntRange(0, 5).Draw(t, "hidden") == 0
			all = append(all, in)
		}
		m.Apply(Change{At: noon, Incidents: all})
		f := drawFilter(t, categories)
		want := map[string]bool{}
		located := 0
		for i := range all {
			if !expected(&f, &all[i]) {
				continue
			}
			want[all[i].ID] = true
			if all[i].Located {
				located++
			}
		}
		listed := read(t, m.Incidents(f))
		if listed.NumberMatched != len(want) || len(listed.Features) != len(want) {
			t.Fatalf("%d matched, %d listed, want %d", listed.NumberMatched, len(listed.Features), len(want))
		}
		if n := m.Count(f); n != len(want) {
			t.Fatalf("%d counted, want %d", n, len(want))
		}
		for _, id := range listed.ids() {
			if !want[id] {
				t.Fatalf("%s should not be there", id)
			}
		}
		for f.Zoom = 0; f.Zoom <= 18; f.Zoom++ {
			if !read(t, m.Clusters(f)).addsUp(located) {
				t.Fatalf("zoom %d: %d located, but %s", f.Zoom, located, m.Clusters(f))
			}
		}
	})
}

// addsUp is law 8 of one answer.
func (c collection) addsUp(located int) bool {
	return c.counted() == located && c.NumberMatched == located
}

// TestAddsUpSeesAFault plants what the law forbids: a cluster that is lost, one
// that counts a point too many, a total of its own.
func TestAddsUpSeesAFault(t *testing.T) {
	m := New()
	m.Apply(Change{Incidents: []Incident{at("a", 0, 0), at("b", 0.1, 0), at("c", 90, 0)}})
	sound := func() collection { return read(t, m.Clusters(Filter{Zoom: 1})) }
	lost, more, total := sound(), sound(), sound()
	lost.Features = lost.Features[1:]
	more.Features[0].Properties["count"] = more.Features[0].Properties["count"].(float64) + 1
	total.NumberMatched++
	if !sound().addsUp(3) || lost.addsUp(3) || more.addsUp(3) || total.addsUp(3) {
		t.Error("a planted fault went unseen")
	}
}

func drawFilter(t *rapid.T, categories []string) Filter {
	f := Filter{Limit: MostLimit}
	if rapid.Bool().Draw(t, "bounded") {
		lat := rapid.Float64Range(-90, 90)
		a, b := lat.Draw(t, "a"), lat.Draw(t, "b")
		f.Bounds = &geo.Bounds{West: rapid.Float64Range(-180, 180).Draw(t, "w"), East: rapid.Float64Range(-180, 180).Draw(t, "e"), South: min(a, b), North: max(a, b)}
	}
	if rapid.Bool().Draw(t, "by category") {
		f.Categories = rapid.SliceOfNDistinct(rapid.SampledFrom(categories), 1, 2, rapid.ID).Draw(t, "wanted")
	}
	if rapid.Bool().Draw(t, "by status") {
		f.Statuses = rapid.SliceOfNDistinct(rapid.SampledFrom(crisis.Statuses()), 1, 5, rapid.ID).Draw(t, "statuses")
	}
	if rapid.Bool().Draw(t, "any phase") {
		f.Phases = []crisis.Phase{crisis.PhaseOngoing, crisis.PhaseOver}
	}
	if rapid.Bool().Draw(t, "timed") {
		f.Since = noon.Add(time.Duration(rapid.IntRange(-5, 5).Draw(t, "since")) * time.Hour)
		f.Until = f.Since.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "for")) * time.Hour)
	}
	if rapid.Bool().Draw(t, "granted") {
		f.Sight = &Sight{}
		for range rapid.IntRange(0, 2).Draw(t, "grants") {
			g := &crisis.Grant{Hidden: rapid.Bool().Draw(t, "hidden too")}
			if rapid.Bool().Draw(t, "area") {
				g.Areas = []geo.Bounds{{West: 36, South: -2, East: 37, North: 0}}
			}
			if rapid.Bool().Draw(t, "categories") {
				g.Categories = []string{"flood"}
			}
			f.Sight.Grants = append(f.Sight.Grants, g)
		}
	}
	return f
}

// expected says the same as the map in the plainest way.
func expected(f *Filter, in *Incident) bool {
	phases := f.Phases
	if len(phases) == 0 {
		phases = []crisis.Phase{crisis.PhaseOngoing}
	}
	if len(f.Statuses) == 0 && (in.Status == crisis.StatusSpam || in.Status == crisis.StatusHarmful) {
		return false
	}
	return slices.Contains(phases, in.Phase) &&
		(len(f.Statuses) == 0 || slices.Contains(f.Statuses, in.Status)) &&
		(len(f.Categories) == 0 || shareAny(f.Categories, in.Categories)) &&
		(f.Since.IsZero() || !in.OccurredAt.Before(f.Since)) && (f.Until.IsZero() || in.OccurredAt.Before(f.Until)) &&
		(f.Bounds == nil || in.Located && f.Bounds.Contains(geo.Point{Lon: in.Lon, Lat: in.Lat})) &&
		f.Sight.sees(&feature{Incident: in.Incident, hidden: in.Hidden})
}

func TestPagesHoldEachIncidentOnce(t *testing.T) {
	m := New()
	var all []Incident
	for i := range 25 {
		all = append(all, at(fmt.Sprintf("in-%d", i), float64(i), 0, "flood"))
	}
	m.Apply(Change{At: noon, Incidents: all})
	var got []string
	f := Filter{Limit: 7}
	for pages := 0; ; pages++ {
		page := read(t, m.Incidents(f))
		if page.NumberMatched != 25 || pages > 4 {
			t.Fatalf("page %d matched %d", pages, page.NumberMatched)
		}
		got = append(got, page.ids()...)
		if f.After = page.Next; f.After == "" {
			break
		}
	}
	slices.Sort(got)
	if len(got) != 25 || len(slices.Compact(got)) != 25 {
		t.Errorf("the pages hold %d incidents", len(got))
	}
}

func TestWords(t *testing.T) {
	m := New()
	a, b := at("a", 1, 1, "flood"), at("b", 2, 2, "fire")
	a.Summary, b.Place = "Bridge under water", "Kibera, Nairobi"
	m.Apply(Change{Incidents: []Incident{a, b}})
	for words, want := range map[string][]string{"bridge": {"a"}, "WATER bridge": {"a"}, "nairobi": {"b"}, "fire": {"b"}, "snow": nil} {
		if diff := cmp.Diff(want, read(t, m.Incidents(Filter{Words: words})).ids()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", words, diff)
		}
	}
}

// TestManyCategories goes past the 64 that the index tells apart.
func TestManyCategories(t *testing.T) {
	m := New()
	for i := range 80 {
		key := fmt.Sprintf("kind-%d", i)
		m.Apply(Change{Incidents: []Incident{at(fmt.Sprintf("in-%d", i), float64(i), 0, key)}})
	}
	for i := range 80 {
		got := read(t, m.Incidents(Filter{Categories: []string{fmt.Sprintf("kind-%d", i)}})).ids()
		if want := []string{fmt.Sprintf("in-%d", i)}; !slices.Equal(got, want) {
			t.Errorf("kind-%d gives %v", i, got)
		}
	}
	if got := read(t, m.Clusters(Filter{Categories: []string{"nobody-knows"}})); got.NumberMatched != 0 {
		t.Error("an unknown category matches something")
	}
}

func square(lon, lat float64) json.RawMessage {
	return formats.AppendArea(nil, [][]geo.Point{{{Lon: lon, Lat: lat}, {Lon: lon + 1, Lat: lat}, {Lon: lon + 1, Lat: lat + 1}, {Lon: lon, Lat: lat}}})
}

func hot(id string, lon, lat float64, members ...string) Hotspot {
	return Hotspot{Members: members, Hotspot: formats.Hotspot{ID: id, Status: crisis.HotspotActive, Severity: crisis.SeverityNormal, Score: 3,
		Categories: []string{"flood"}, FirstSeen: noon.Add(-time.Hour), LastSeen: noon, Lon: lon, Lat: lat, Shape: square(lon, lat)}}
}

func TestHotspotQueries(t *testing.T) {
	closed, grave := hot("closed", 10, 10), hot("grave", 50, 10)
	closed.Status, grave.Severity = crisis.HotspotClosed, crisis.SeverityLifeSafety
	m := New()
	m.Apply(Change{Hotspots: []Hotspot{hot("plain", 0, 0), closed, grave}})
	for _, test := range []struct {
		name string
		f    Filter
		want []string
	}{
		{"what is ongoing", Filter{}, []string{"grave", "plain"}},
		{"what is over", Filter{Phases: []crisis.Phase{crisis.PhaseOver}}, []string{"closed"}},
		{"the box touches the hull", Filter{Bounds: &geo.Bounds{West: 0.5, South: 0.2, East: 2, North: 2}}, []string{"plain"}},
		{"grave ones", Filter{Severities: []crisis.Severity{crisis.SeverityLifeSafety}}, []string{"grave"}},
		{"until before it began", Filter{Until: noon.Add(-time.Hour)}, nil},
		{"since its last", Filter{Since: noon}, []string{"grave", "plain"}},
		{"another category", Filter{Categories: []string{"fire"}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, read(t, m.Hotspots(test.f)).ids()); diff != "" {
				t.Error(diff)
			}
		})
	}
	first := read(t, m.Hotspots(Filter{Limit: 1}))
	if first.Features[0].ID != "grave" || first.Next != "grave" || first.NumberMatched != 2 {
		t.Errorf("the gravest does not come first: %+v", first)
	}
	if rest := read(t, m.Hotspots(Filter{Limit: 1, After: first.Next})); rest.Features[0].ID != "plain" || rest.Next != "" {
		t.Errorf("the second page: %+v", rest)
	}
}

// TestSightOfHotspots: a grant for one area shows the hotspots there, and none
// that a hidden incident helps to make.
func TestSightOfHotspots(t *testing.T) {
	secret := at("secret", 1, 1, "detention")
	secret.Hidden = true
	m := New()
	m.Apply(Change{Incidents: []Incident{at("here", 0, 0, "flood"), at("far", 50, 0, "flood"), secret},
		Hotspots: []Hotspot{hot("h-here", 0, 0, "here"), hot("h-far", 50, 0, "far"), hot("h-mixed", 0, 0, "here", "secret")}})
	sight := &Sight{Grants: []*crisis.Grant{{Areas: []geo.Bounds{{West: -5, South: -5, East: 5, North: 5}}}}}
	if got := read(t, m.Hotspots(Filter{Sight: sight})).ids(); !slices.Equal(got, []string{"h-here"}) {
		t.Errorf("sees %v", got)
	}
	sight.Grants[0].Hidden = true
	if got := read(t, m.Hotspots(Filter{Sight: sight})).ids(); !slices.Equal(got, []string{"h-here", "h-mixed"}) {
		t.Errorf("with hidden sees %v", got)
	}
	if _, seen := m.Hotspot("h-far", sight); seen {
		t.Error("one hotspot outside the area is shown by its id")
	}
	if _, seen := m.Incident("far", sight); seen {
		t.Error("one incident outside the area is shown by its id")
	}
}

func TestTileLayers(t *testing.T) {
	blurred := at("blurred", 36.785, -1.315, "flood")
	blurred.Cell = 0.01
	m := New()
	m.Apply(Change{Incidents: []Incident{blurred}, Hotspots: []Hotspot{hot("h", 36.3, -1.7, "blurred")}})
	where := tile.Tile{Z: 12, X: 2466, Y: 2062}
	if !where.Bounds().Contains(geo.Point{Lon: blurred.Lon, Lat: blurred.Lat}) {
		t.Fatalf("the tile lies elsewhere: %v", where.Bounds())
	}
	got := string(m.Tile(where, Filter{}))
	for _, layer := range []string{"incidents", "cells", "hotspots"} {
		if !strings.Contains(got, layer) {
			t.Errorf("no layer %s", layer)
		}
	}
	if empty := m.Tile(tile.Tile{Z: 12, X: 0, Y: 0}, Filter{}); len(empty) != 0 {
		t.Errorf("a tile of nothing has %d bytes", len(empty))
	}
	if again := string(m.Tile(where, Filter{})); again != got {
		t.Error("the same tile differs")
	}
}

func TestReplacedAndGone(t *testing.T) {
	m := New()
	m.Apply(Change{At: noon, Incidents: []Incident{at("a", 1, 1, "flood"), at("b", 1, 1, "flood")}, Hotspots: []Hotspot{hot("h", 1, 1, "a")}})
	moved := at("a", 90, 45, "fire")
	m.Apply(Change{At: noon.Add(time.Second), Incidents: []Incident{moved}, Gone: []string{"b", "h", "never"}})
	got := read(t, m.Clusters(Filter{Zoom: 3}))
	if got.NumberMatched != 1 || got.Features[0].ID != "a" || got.Features[0].Properties["category"] != "fire" {
		t.Errorf("got %+v", got)
	}
	if n, h := m.Counts(); n != 1 || h != 0 || !got.BatchAt.Equal(noon.Add(time.Second)) {
		t.Errorf("%d incidents, %d hotspots, batch %v", n, h, got.BatchAt)
	}
}

// BenchmarkClusters is the answer of a map of a million incidents, JSON included.
func BenchmarkClusters(b *testing.B) {
	m := New()
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var all []Incident
		for range 20_000 {
			all = append(all, at(fmt.Sprint(rng.Uint64()), 20+rng.NormFloat64()*20, 5+rng.NormFloat64()*10, "flood"))
		}
		m.Apply(Change{Incidents: all})
	}
	for _, zoom := range []int{2, 6, 10} {
		b.Run(fmt.Sprintf("zoom=%d", zoom), func(b *testing.B) {
			width := 360 / float64(int(1)<<zoom)
			for i := range b.N {
				west := 20 + float64(i%10)*width/10
				box := geo.Bounds{West: west, South: 5, East: min(180, west+2*width), North: min(80, 5+width)}
				m.Clusters(Filter{Bounds: &box, Zoom: zoom})
			}
		})
	}
}

func BenchmarkApply(b *testing.B) {
	m := New()
	var all []Incident
	for i := range 100_000 {
		all = append(all, at(fmt.Sprintf("in-%d", i), float64(i%3600)/10-180, float64(i%1700)/10-85, "flood"))
	}
	m.Apply(Change{Incidents: all})
	b.ResetTimer()
	for i := range b.N {
		m.Apply(Change{Incidents: all[i%len(all) : i%len(all)+1]})
	}
}
