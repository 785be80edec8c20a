package density

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/geo"
)

// TestHalvingFindsWhatThereIs: halving finds a pair exactly where trying all finds
// one, for piles and scattered points in all directions.
func TestHalvingFindsWhatThereIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		centre := geo.Point{Lon: rapid.Float64Range(-180, 180).Draw(t, "lon"), Lat: rapid.Float64Range(-90, 90).Draw(t, "lat")}
		r := newReach(Params{EpsMetres: 1000, Window: rapid.SampledFrom([]time.Duration{0, 40 * time.Microsecond}).Draw(t, "window")})
		var places []geo.Point
		r.place = func(i int32) geo.Point { return places[i] }
		side := func(name string, bearing float64) []member {
			one := rapid.Custom(func(t *rapid.T) member {
				p := geo.Destination(centre, bearing+float64(rapid.IntRange(-40, 40).Draw(t, "to the side")),
					float64(rapid.IntRange(3, 9).Draw(t, "steps"))*160)
				places = append(places, normal(p.Lon, p.Lat))
				m := member{vector: toVector(places[len(places)-1]), index: int32(len(places) - 1), core: rapid.IntRange(0, 9).Draw(t, "core") > 0}
				if r.window < 1000 {
					m.when = rapid.Int64Range(0, 90).Draw(t, "when")
				}
				return m
			})
			all := rapid.SliceOfN(one, 0, 25).Draw(t, name)
			for range rapid.SampledFrom([]int{0, 3}).Draw(t, "piled") { // the same again and again
				all = append(all, all...)
			}
			return all
		}
		a, b := side("a", 0), side("b", rapid.Float64Range(90, 180).Draw(t, "bearing"))
		want := false
		for i := range a {
			for j := range b {
				want = want || a[i].core && b[j].core && r.near(&a[i], &b[j])
			}
		}
		var m meeting
		p, q := m.slowly(&r, a, b)
		if (p != nil) != want || (q != nil) != want {
			t.Fatalf("found %v and %v, want %v", p, q, want)
		}
		if want && !(p.core && q.core && r.near(p, q)) {
			t.Fatalf("%v and %v are no neighbours", p, q)
		}
	})
}
