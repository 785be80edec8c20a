package density_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/density"
)

func at(lon, lat float64) density.Point { return density.Point{Lon: lon, Lat: lat, Weight: 1} }

func TestCluster(t *testing.T) {
	const hour = int64(time.Hour / time.Microsecond)
	later := func(p density.Point, hours int64) density.Point { p.Time = hours * hour; return p }
	core := func(n int) density.Label { return density.Label{Cluster: n, Core: true} }
	border := func(n int) density.Label { return density.Label{Cluster: n} }
	noise := density.Label{Cluster: density.Noise}
	step := 100 / geo.MetresPerDegree // 100 m of latitude
	for name, c := range map[string]struct {
		points []density.Point
		params density.Params
		want   []density.Label
	}{
		"nothing": {nil, density.Params{EpsMetres: 1, MinWeight: 1}, []density.Label{}},
		"a chain and a stray": {
			[]density.Point{at(0, 0), at(0, step), at(0, 2*step), at(0, 9*step)},
			density.Params{EpsMetres: 101, MinWeight: 3},
			[]density.Label{border(0), core(0), border(0), noise},
		},
		"weight counts as several": {
			[]density.Point{{Weight: 3}, at(0, step)}, density.Params{EpsMetres: 50, MinWeight: 3},
			[]density.Label{core(0), noise},
		},
		"the window parts what lies in one place": {
			[]density.Point{later(at(0, 0), 0), later(at(0, 0), 1), later(at(0, 0), 48), later(at(0, 0), 49)},
			density.Params{EpsMetres: 10, Window: 2 * time.Hour, MinWeight: 2},
			[]density.Label{core(0), core(0), core(1), core(1)},
		},
		"across the 180th meridian": {
			[]density.Point{at(179.9999, -17), at(-179.9999, -17), at(180, -17), at(-180, -17)},
			density.Params{EpsMetres: 15, MinWeight: 3},
			[]density.Label{core(0), core(0), core(0), core(0)},
		},
		"around the pole": {
			[]density.Point{at(0, 89.9999), at(120, 89.9999), at(-120, 89.9999), at(77, 90)},
			density.Params{EpsMetres: 12, MinWeight: 4},
			[]density.Label{border(0), border(0), border(0), core(0)},
		},
		"a border point goes to the nearer core": {
			[]density.Point{{Weight: 9}, at(0, 1.2*step), {Lat: 2 * step, Weight: 9}},
			density.Params{EpsMetres: 121, MinWeight: 9},
			[]density.Label{core(0), core(0), core(0)},
		},
		"what is nowhere is noise": {
			[]density.Point{at(math.NaN(), 0), at(0, 91), at(0, 0)}, density.Params{EpsMetres: 1, MinWeight: 1},
			[]density.Label{noise, noise, core(0)},
		},
		"parameters that mean nothing": {
			[]density.Point{at(0, 0)}, density.Params{EpsMetres: math.NaN()}, []density.Label{noise},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, density.Cluster(c.points, c.params)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPiles: thousands of points in one place, as from the middle of one town, out
// of reach of another such pile but for a few strays.
func TestPiles(t *testing.T) {
	const pile = 3000
	metre := 1 / geo.MetresPerDegree
	var points []density.Point
	for i := range pile {
		early, late := int64(i), int64(2*pile+i)
		points = append(points, density.Point{Weight: 1, Time: early}, density.Point{Lat: 110 * metre, Weight: 1, Time: late})
	}
	stray := density.Point{Lat: 55 * metre, Weight: 1, Time: pile}
	for name, c := range map[string]struct {
		window time.Duration
		stray  bool
		want   int
	}{
		"apart":                       {0, false, 2},
		"a stray joins them":          {0, true, 1},
		"apart in time":               {2 * pile * time.Microsecond, false, 2},
		"a stray in time joins them":  {2 * pile * time.Microsecond, true, 1},
		"a stray is too early for it": {pile/2*time.Microsecond - 1, true, 2},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMirror(t, density.Params{EpsMetres: 100, Window: c.window, MinWeight: 3})
			for i, p := range points {
				m.apply(density.Change{ID: density.ID(i), Point: p})
			}
			if c.stray {
				m.apply(density.Change{ID: 1 << 40, Point: stray})
			}
			m.sameAsBatch(t)
			if got := len(m.engine.Groups()); got != c.want {
				t.Errorf("%d groups, want %d", got, c.want)
			}
			for i := 0; i < len(points); i += 2 {
				m.apply(density.Change{ID: density.ID(i), Gone: true})
			}
			m.sameAsBatch(t)
		})
	}
}

// oracle is the definition, word for word, in quadratic time.
func oracle(points []density.Point, p density.Params) []density.Label {
	n := len(points)
	near := func(a, b density.Point) bool {
		d := geo.Distance(geo.Point{Lon: a.Lon, Lat: a.Lat}, geo.Point{Lon: b.Lon, Lat: b.Lat})
		dt := time.Duration(a.Time-b.Time) * time.Microsecond
		return d <= p.EpsMetres && (p.Window == 0 || dt.Abs() <= p.Window)
	}
	labels := make([]density.Label, n)
	for i := range points {
		sum := uint64(0)
		for j := range points {
			if i == j || near(points[i], points[j]) {
				sum += uint64(points[j].Weight)
			}
		}
		labels[i] = density.Label{Cluster: density.Noise, Core: sum >= uint64(p.MinWeight)}
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	key := func(i int) []float64 {
		return []float64{points[i].Lon, points[i].Lat, float64(points[i].Time), float64(points[i].Weight)}
	}
	slices.SortStableFunc(order, func(a, b int) int { return slices.Compare(key(a), key(b)) })
	next := 0
	var spread func(i int)
	spread = func(i int) {
		labels[i].Cluster = next
		for j := range points {
			if labels[j].Core && labels[j].Cluster == density.Noise && near(points[i], points[j]) {
				spread(j)
			}
		}
	}
	for _, i := range order {
		if labels[i].Core && labels[i].Cluster == density.Noise {
			spread(i)
			next++
		}
	}
	for i := range points {
		best := math.Inf(1)
		for _, j := range order {
			if labels[i].Core || !labels[j].Core || !near(points[i], points[j]) {
				continue
			}
			d := geo.Distance(geo.Point{Lon: points[i].Lon, Lat: points[i].Lat}, geo.Point{Lon: points[j].Lon, Lat: points[j].Lat})
			if d < best {
				best, labels[i].Cluster = d, labels[j].Cluster
			}
		}
	}
	return labels
}

// scene draws points around one place, close enough together for eps to matter.
func scene(t *rapid.T) ([]density.Point, density.Params) {
	eps := rapid.SampledFrom([]float64{0, 0.5, 30, 500, 20_000, 300_000, 5_000_000}).Draw(t, "eps")
	eps *= rapid.Float64Range(0.5, 1.5).Draw(t, "scale")
	lat := rapid.SampledFrom([]float64{0, 18.5, -60, 85, 89.999, -90, 90}).Draw(t, "lat")
	lon := rapid.SampledFrom([]float64{0, -72.3, 179.9999, -180}).Draw(t, "lon")
	window := rapid.SampledFrom([]time.Duration{0, time.Microsecond, time.Hour}).Draw(t, "window")
	one := rapid.Custom(func(t *rapid.T) density.Point {
		p := geo.Destination(geo.Point{Lon: lon, Lat: lat},
			float64(rapid.IntRange(0, 23).Draw(t, "bearing"))*15, eps*float64(rapid.IntRange(0, 40).Draw(t, "steps"))/8)
		if math.Abs(p.Lat) == 90 {
			p.Lon = 0
		} else if p.Lon == 180 {
			p.Lon = -180
		}
		return density.Point{Lon: p.Lon, Lat: p.Lat,
			Time:   int64(window/time.Microsecond) * rapid.Int64Range(0, 12).Draw(t, "when") / 3,
			Weight: rapid.Uint32Range(0, 3).Draw(t, "weight")}
	})
	return rapid.SliceOfN(one, 0, 60).Draw(t, "points"),
		density.Params{EpsMetres: eps, Window: window, MinWeight: rapid.Uint32Range(0, 12).Draw(t, "min")}
}

func TestClusterIsTheDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points, params := scene(t)
		if diff := cmp.Diff(oracle(points, params), density.Cluster(points, params)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestClusterForgetsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points, params := scene(t)
		before := density.Cluster(points, params)
		places := make([]int, len(points))
		for i := range places {
			places[i] = i
		}
		perm := rapid.Permutation(places).Draw(t, "order")
		shuffled := make([]density.Point, len(points))
		for to, from := range perm {
			shuffled[to] = points[from]
		}
		for to, label := range density.Cluster(shuffled, params) {
			if label != before[perm[to]] {
				t.Fatalf("point %d: %+v became %+v", perm[to], before[perm[to]], label)
			}
		}
	})
}

func FuzzCluster(f *testing.F) {
	f.Fuzz(func(t *testing.T, seed int64, eps float64, window int64, weight uint32, spread float64) {
		rng := rand.New(rand.NewPCG(uint64(seed), 1))
		points := make([]density.Point, 40)
		for i := range points {
			points[i] = density.Point{Lon: rng.NormFloat64() * spread, Lat: rng.NormFloat64() * spread,
				Time: int64(rng.Uint64()), Weight: rng.Uint32()}
		}
		labels := density.Cluster(points, density.Params{EpsMetres: eps, Window: time.Duration(window), MinWeight: weight})
		for i, l := range labels {
			if l.Core && l.Cluster == density.Noise || l.Cluster >= len(points) {
				t.Fatalf("point %d has %+v", i, l)
			}
		}
	})
}

func BenchmarkCluster(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		for name, window := range map[string]time.Duration{"space": 0, "day": 24 * time.Hour} {
			b.Run(strconv.Itoa(n)+"/"+name, func(b *testing.B) {
				points := towns(n)
				for b.Loop() {
					density.Cluster(points, density.Params{EpsMetres: 500, Window: window, MinWeight: 5})
				}
			})
		}
	}
}

// towns scatters points over 500 towns and the land between, within 30 days.
func towns(n int) []density.Point {
	rng := rand.New(rand.NewPCG(7, 7))
	points := make([]density.Point, n)
	for i := range points {
		p := density.Point{Lon: -75 + 10*rng.Float64(), Lat: 15 + 8*rng.Float64(), Weight: 1,
			Time: rng.Int64N(30 * 24 * int64(time.Hour/time.Microsecond))}
		if town := rng.IntN(600); town < 500 {
			p.Lon = -75 + float64(town%25)*0.4 + rng.NormFloat64()*0.02
			p.Lat = 15 + float64(town/25)*0.4 + rng.NormFloat64()*0.02
		}
		points[i] = p
	}
	return points
}
