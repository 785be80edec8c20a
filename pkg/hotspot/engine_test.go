package hotspot

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

	"github.com/onyo-project/onyo/pkg/crisis"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func engine() *Engine {
	return &Engine{Density: crisis.DefaultDensity(), Key: func(seed string) string { return "key-" + seed }}
}

// near is a member so many metres east of a place in Nairobi, so long ago.
func near(id string, metres float64, ago time.Duration, weight float64) crisis.HotspotMember {
	return crisis.HotspotMember{ID: id, Lon: 36.8 + metres/111195*1.0003, Lat: -1.3, UncertaintyM: 100, At: noon.Add(-ago), Weight: weight,
		Severity: crisis.SeverityNormal, Categories: []string{"flood"}, Reports: 1, Sources: uint32(weight)}
}

func grave(m crisis.HotspotMember) crisis.HotspotMember {
	m.Severity = crisis.SeverityLifeSafety
	return m
}

func TestWhatMakesAHotspot(t *testing.T) {
	for _, test := range []struct {
		name    string
		members []crisis.HotspotMember
		want    string // status and members of each
	}{
		{"nothing", nil, ""},
		{"two voices are too few", []crisis.HotspotMember{near("a", 0, time.Hour, 1), near("b", 10, time.Hour, 1)}, ""},
		{"three within reach", []crisis.HotspotMember{near("a", 0, time.Hour, 1), near("b", 900, time.Hour, 1), near("c", 500, 2*time.Hour, 1)}, "emerging a b c"},
		{"too far apart", []crisis.HotspotMember{near("a", 0, time.Hour, 1), near("b", 2000, time.Hour, 1), near("c", 4000, time.Hour, 1)}, ""},
		{"too long apart", []crisis.HotspotMember{near("a", 0, time.Hour, 1), near("b", 1, 23*time.Hour, 1), near("c", 2, 48*time.Hour, 1)}, ""},
		{"one grave one alone", []crisis.HotspotMember{grave(near("a", 0, time.Hour, 1))}, "emerging a"},
		{"one incident of three sources", []crisis.HotspotMember{near("a", 0, time.Hour, 3)}, "emerging a"},
		{"six and older than an hour", []crisis.HotspotMember{near("a", 0, 2*time.Hour, 3), near("b", 10, time.Minute, 3)}, "active a b"},
		{"six within the hour", []crisis.HotspotMember{near("a", 0, 30*time.Minute, 3), near("b", 10, time.Minute, 3)}, "emerging a b"},
		{"nothing new for half the window", []crisis.HotspotMember{near("a", 0, 13*time.Hour, 3), near("b", 10, 14*time.Hour, 3)}, "fading a b"},
		{"nothing new for the window", []crisis.HotspotMember{near("a", 0, 25*time.Hour, 3)}, ""},
		{"an uncertain one stays out", []crisis.HotspotMember{near("a", 0, time.Hour, 3), func() crisis.HotspotMember { m := near("b", 10, time.Hour, 3); m.UncertaintyM = 1001; return m }()}, "emerging a"},
		{"two places", []crisis.HotspotMember{near("a", 0, time.Hour, 3), near("b", 5000, time.Hour, 3)}, "emerging a, emerging b"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, g := range engine().Group(noon, test.members, nil) {
				got = append(got, string(g.Status)+" "+strings.Join(g.Members, " "))
			}
			if diff := cmp.Diff(test.want, strings.Join(got, ", ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsSaid(t *testing.T) {
	members := []crisis.HotspotMember{near("a", 0, 5*time.Hour, 2), grave(near("b", 100, time.Hour, 2)), near("c", 200, 20*time.Hour, 1)}
	members[1].Categories = []string{"medical", "flood"}
	g := engine().Group(noon, members, nil)[0]
	if want := "3 verified incidents from 5 independent sources, each within 1,000 m and 24 h of the next. 1 puts life at risk."; g.Why != want {
		t.Errorf("why: %s", g.Why)
	}
	if !slices.Equal(g.Categories, []string{"flood", "medical"}) || g.Severity != crisis.SeverityLifeSafety || g.Score != 2+3*2+1 || g.Sources != 5 ||
		g.Trend != crisis.TrendRising || !g.FirstSeen.Equal(noon.Add(-20*time.Hour)) || !g.LastSeen.Equal(noon.Add(-time.Hour)) {
		t.Errorf("got %+v", g)
	}
	var shape struct {
		Type        string
		Coordinates [][][2]float64
	}
	if err := json.Unmarshal(g.Shape, &shape); err != nil || shape.Type != "Polygon" || len(shape.Coordinates[0]) < 4 {
		t.Errorf("shape %s: %v", g.Shape, err)
	}
	bucketed := engine()
	bucketed.Bucketed = true
	if g := bucketed.Group(noon, members, nil)[0]; g.Sources != 5 || !strings.Contains(g.Why, "at least 5") || g.Reports != 3 {
		t.Errorf("in buckets: %d sources, %d reports: %s", g.Sources, g.Reports, g.Why)
	}
}

func keys(groups []crisis.HotspotGroup) string {
	var out []string
	for _, g := range groups {
		line := g.Key + "=" + strings.Join(g.Members, "")
		if g.Status == crisis.HotspotClosed {
			line = "closed " + line
		}
		if g.Parent != "" {
			line += "<" + g.Parent
		}
		out = append(out, line)
	}
	return strings.Join(out, ", ")
}

// TestIdentityLasts plays the life of hotspots, each step on top of the last.
func TestIdentityLasts(t *testing.T) {
	at := func(id string, metres float64) crisis.HotspotMember { return near(id, metres, time.Hour, 3) }
	var now []crisis.HotspotGroup
	for _, step := range []struct {
		name    string
		members []crisis.HotspotMember
		want    string
	}{
		{"two are born", []crisis.HotspotMember{at("a", 0), at("b", 500), at("x", 3000)}, "key-a=ab, key-x=x"},
		{"one grows", []crisis.HotspotMember{at("a", 0), at("b", 500), at("c", 600), at("x", 3000)}, "key-a=abc, key-x=x"},
		{"its founder goes", []crisis.HotspotMember{at("b", 500), at("c", 600), at("x", 3000)}, "key-a=bc, key-x=x"},
		{"they merge: the larger goes on", []crisis.HotspotMember{at("b", 500), at("c", 600), at("m", 1500), at("n", 2300), at("x", 3000)}, "key-a=bcmnx, closed key-x=x<key-a"},
		{"they split: the larger part goes on", []crisis.HotspotMember{at("b", 500), at("c", 600), at("m", 1500), at("x", 3000)}, "key-a=bcm, key-x/1=x<key-a"},
		{"one ends", []crisis.HotspotMember{at("b", 500), at("c", 600), at("m", 1500)}, "key-a=bcm, closed key-x/1=x<key-a"},
		{"all end", nil, "closed key-a=bcm"},
		{"a new one is another", []crisis.HotspotMember{at("b", 500)}, "key-b=b"},
	} {
		now = engine().Group(noon, step.members, now)
		if diff := cmp.Diff(step.want, keys(now)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
}

// TestOrderDoesNotMatter: the same incidents and the same past give the same
// hotspots, in whatever order both come.
func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var past, members []crisis.HotspotMember
		for i := range rapid.IntRange(0, 40).Draw(t, "members") {
			m := near(fmt.Sprintf("m%02d", i), float64(rapid.IntRange(0, 9000).Draw(t, "metres")), time.Duration(rapid.IntRange(0, 30).Draw(t, "hours"))*time.Hour, float64(rapid.IntRange(1, 3).Draw(t, "weight")))
			if rapid.IntRange(0, 9).Draw(t, "grave") == 0 {
				m = grave(m)
			}
			if rapid.Bool().Draw(t, "past") {
				past = append(past, m)
			}
			if rapid.IntRange(0, 3).Draw(t, "present") > 0 {
				members = append(members, m)
			}
		}
		previous := engine().Group(noon.Add(-time.Hour), past, nil)
		want := engine().Group(noon, members, previous)
		rng := rand.New(rand.NewPCG(1, rapid.Uint64().Draw(t, "seed")))
		rng.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
		rng.Shuffle(len(previous), func(i, j int) { previous[i], previous[j] = previous[j], previous[i] })
		got := engine().Group(noon, members, previous)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		checkIdentity(t, previous, got)
		undrawn := engine()
		undrawn.Undrawn = true
		for i := range want { // nothing else depends on the drawing
			if want[i].Status != crisis.HotspotClosed {
				want[i].Shape, want[i].Lon, want[i].Lat = nil, 0, 0
			}
		}
		if diff := cmp.Diff(want, undrawn.Group(noon, members, previous)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// checkIdentity holds the rule: no key twice, no member in two hotspots, what
// lived goes on or closes.
func checkIdentity(t *rapid.T, previous, got []crisis.HotspotGroup) {
	byKey, where := map[string]crisis.HotspotGroup{}, map[string]string{}
	for _, g := range got {
		if _, twice := byKey[g.Key]; twice {
			t.Fatalf("key %s twice", g.Key)
		}
		byKey[g.Key] = g
		if g.Status == crisis.HotspotClosed {
			continue
		}
		for _, m := range g.Members {
			if where[m] != "" {
				t.Fatalf("%s is in %s and %s", m, where[m], g.Key)
			}
			where[m] = g.Key
		}
	}
	for _, p := range previous {
		if p.Status == crisis.HotspotClosed {
			continue
		}
		now, on := byKey[p.Key]
		if !on {
			t.Fatalf("%s vanished without closing", p.Key)
		}
		if now.Status != crisis.HotspotClosed && !slices.ContainsFunc(now.Members, func(m string) bool { return slices.Contains(p.Members, m) }) {
			t.Fatalf("%s goes on without any of its members", p.Key)
		}
	}
}

func BenchmarkGroup(b *testing.B) {
	var members []crisis.HotspotMember
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 10_000 {
		members = append(members, near(fmt.Sprintf("m%05d", i), rng.Float64()*200_000, time.Duration(rng.IntN(20))*time.Hour, 1))
	}
	previous := engine().Group(noon, members, nil)
	for _, undrawn := range []bool{false, true} {
		b.Run(fmt.Sprintf("undrawn=%v", undrawn), func(b *testing.B) {
			e := engine()
			e.Undrawn = undrawn
			for b.Loop() {
				e.Group(noon, members, previous)
			}
		})
	}
}
