package density_test

import (
	"encoding/binary"
	"math"
	"testing"
	"time"

	"github.com/onyo-project/onyo/geo/density"
)

// FuzzEngine lets bytes be changes, with parameters that may mean nothing.
func FuzzEngine(f *testing.F) {
	f.Fuzz(func(t *testing.T, eps float64, window int64, weight uint32, step float64, script []byte) {
		p := density.Params{EpsMetres: eps, Window: time.Duration(window), MinWeight: weight}
		if _, err := density.NewEngine(p); err != nil {
			if p.Check() == nil {
				t.Fatalf("%+v is usable and refused: %v", p, err)
			}
			return
		}
		m := newMirror(t, p)
		for ; len(script) >= 5 && len(m.points) < 100; script = script[5:] {
			c := density.Change{ID: density.ID(script[0] % 32), Gone: script[0] >= 192}
			c.Point = density.Point{Lon: step * float64(int8(script[1])), Lat: step * float64(int8(script[2])),
				Weight: uint32(script[3]), Time: int64(int8(script[4])) * window / 64}
			if script[3] == 255 {
				c.Point.Weight = math.MaxUint32
			}
			if script[0]%32 == 31 {
				m.expire(t, c.Point.Time)
			} else {
				m.apply(c)
			}
		}
		m.sameAsBatch(t)
	})
}

// FuzzStatistics lets bytes be values and neighbours.
func FuzzStatistics(f *testing.F) {
	f.Fuzz(func(t *testing.T, raw []byte, links []byte, permutations int, seed uint64) {
		var values []float64
		for ; len(raw) >= 8 && len(values) < 64; raw = raw[8:] {
			values = append(values, math.Float64frombits(binary.LittleEndian.Uint64(raw)))
		}
		lists := make([][]int32, len(values))
		for i, b := range links {
			if len(lists) > 0 {
				lists[i%len(lists)] = append(lists[i%len(lists)], int32(int8(b)))
			}
		}
		trend := density.MannKendall(values)
		if math.IsNaN(trend.Z) || math.IsNaN(trend.Slope) || !(trend.P >= 0 && trend.P <= 1) {
			t.Fatalf("%+v", trend)
		}
		got, err := density.GetisOrd(values, lists, density.GiParams{Permutations: permutations % 200, Seed: seed})
		if err != nil {
			return
		}
		for i, g := range got {
			if math.IsNaN(g.Z) || math.IsInf(g.Z, 0) || !(g.Q >= 0 && g.Q <= 1) || !(g.Permuted > 0 && g.Permuted <= 1) {
				t.Fatalf("place %d: %+v", i, g)
			}
		}
	})
}
