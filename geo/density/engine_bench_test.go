package density_test

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/onyo-project/onyo/geo/density"
)

// percentiles reports the middle and the end of what single updates took.
func percentiles(b *testing.B, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	at := func(q float64) float64 { return float64(took[int(q*float64(len(took)-1))].Nanoseconds()) / 1e3 }
	b.ReportMetric(at(0.5), "µs/p50")
	b.ReportMetric(at(0.99), "µs/p99")
	b.ReportMetric(at(0.999), "µs/p99.9")
	b.ReportMetric(at(1), "µs/most")
}

func loaded(b *testing.B, points []density.Point, p density.Params) *density.Engine {
	b.Helper()
	e, err := density.NewEngine(p)
	if err != nil {
		b.Fatal(err)
	}
	for i, point := range points {
		e.Apply(density.Change{ID: density.ID(i), Point: point})
	}
	return e
}

// heap is what is in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkEngine changes one point after the other among a million: a new one, a
// move, another weight, a deletion, and the oldest ones expiring.
func BenchmarkEngine(b *testing.B) {
	const n = 1_000_000
	for name, window := range map[string]time.Duration{"space": 0, "day": 24 * time.Hour} {
		b.Run(name, func(b *testing.B) {
			points := towns(2 * n)
			before := heap()
			e := loaded(b, points[:n], density.Params{EpsMetres: 500, Window: window, MinWeight: 5})
			held := float64(heap()-before) / n
			rng := rand.New(rand.NewPCG(3, 5))
			took, next := make([]time.Duration, 0, b.N), n
			for b.Loop() {
				id := density.ID(rng.IntN(next))
				change := density.Change{ID: id, Point: points[id]}
				switch rng.IntN(4) {
				case 0:
					change = density.Change{ID: density.ID(next), Point: points[next%len(points)]}
					next++
				case 1:
					change.Point = points[rng.IntN(len(points))]
				case 2:
					change.Point.Weight = 1 + rng.Uint32N(3)
				default:
					change.Gone = true
				}
				start := time.Now()
				e.Apply(change)
				took = append(took, time.Since(start))
			}
			percentiles(b, took)
			b.ReportMetric(held, "B/point")
		})
	}
}

// BenchmarkEngineSplit takes the one bridge between two giants away and puts it
// back, with a million points in all.
func BenchmarkEngineSplit(b *testing.B) {
	const n = 1_000_000
	points := make([]density.Point, n)
	rng := rand.New(rand.NewPCG(3, 5))
	for i := range points {
		points[i] = density.Point{Lon: rng.Float64(), Lat: rng.Float64(), Weight: 1}
		if i%2 == 1 {
			points[i].Lon += 1.005 // 550 m beyond
		}
	}
	e := loaded(b, points, density.Params{EpsMetres: 500, MinWeight: 5})
	bridge := density.Change{ID: n, Point: density.Point{Lon: 1.0025, Lat: 0.5, Weight: 5}}
	var parting, joining []time.Duration
	for b.Loop() {
		start := time.Now()
		e.Apply(bridge)
		joining = append(joining, time.Since(start))
		if g := len(e.Groups()); g != 1 {
			b.Fatalf("%d groups with the bridge", g)
		}
		start = time.Now()
		e.Apply(density.Change{ID: n, Gone: true})
		parting = append(parting, time.Since(start))
		if g := len(e.Groups()); g != 2 {
			b.Fatalf("%d groups without the bridge", g)
		}
	}
	slices.Sort(joining)
	b.ReportMetric(float64(joining[len(joining)-1].Microseconds()), "µs/join-most")
	percentiles(b, parting)
}
