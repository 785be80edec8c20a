package density_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/density"
)

func TestHullOfOnePlaceIsACircle(t *testing.T) {
	here := geo.Point{Lon: 36.8, Lat: -1.3}
	rings := density.Hull([]geo.Point{here, here}, 250)
	if len(rings) != 1 || len(rings[0]) != 25 {
		t.Fatalf("got %v", rings)
	}
	for _, p := range rings[0] {
		if d := geo.Distance(here, p); math.Abs(d-250) > 1e-6 {
			t.Errorf("corner %v is %v m away", p, d)
		}
	}
}

func TestHullSplitsAt180(t *testing.T) {
	rings := density.Hull([]geo.Point{{Lon: 179.9, Lat: -17}, {Lon: -179.9, Lat: -17.1}}, 1000)
	if len(rings) != 2 {
		t.Fatalf("%d rings, want one on either side", len(rings))
	}
	for _, p := range []geo.Point{{Lon: 179.95, Lat: -17.025}, {Lon: -179.95, Lat: -17.075}} {
		if !inside(rings, p) {
			t.Errorf("%v is left out", p)
		}
	}
	if inside(rings, geo.Point{Lon: 0, Lat: -17.05}) {
		t.Error("the hull goes around the world the wrong way")
	}
}

func TestHullHoldsThePole(t *testing.T) {
	for _, pole := range []float64{90, -90} {
		near := math.Copysign(89, pole)
		rings := density.Hull([]geo.Point{{Lon: 0, Lat: near}, {Lon: 120, Lat: near}, {Lon: -120, Lat: near}}, 1000)
		for lon := -175.0; lon < 180; lon += 10 {
			if !inside(rings, geo.Point{Lon: lon, Lat: math.Copysign(89.9, pole)}) {
				t.Errorf("pole %v: longitude %v is left out", pole, lon)
			}
			if inside(rings, geo.Point{Lon: lon, Lat: math.Copysign(88.9, pole)}) {
				t.Errorf("pole %v: longitude %v is taken in", pole, lon)
			}
		}
	}
}

func TestHullOfNothing(t *testing.T) {
	if rings := density.Hull([]geo.Point{{Lon: math.NaN()}, {Lat: 91}}, 10); rings != nil {
		t.Fatalf("got %v", rings)
	}
}

func TestHullOfTheWorldIsABox(t *testing.T) {
	all := []geo.Point{{Lon: 0, Lat: 10}, {Lon: 170, Lat: -20}, {Lon: -90, Lat: 5}}
	for _, p := range all {
		if !inside(density.Hull(all, 1000), p) {
			t.Errorf("%v is outside", p)
		}
	}
}

// TestHullHoldsItsPlaces: every place lies inside, every ring is closed and
// counter-clockwise, and no corner is nowhere.
func TestHullHoldsItsPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		middle := geo.Point{Lon: rapid.Float64Range(-180, 180).Draw(t, "lon"), Lat: rapid.Float64Range(-80, 80).Draw(t, "lat")}
		places := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) geo.Point {
			return geo.Destination(middle, rapid.Float64Range(0, 360).Draw(t, "bearing"), rapid.Float64Range(0, 20_000).Draw(t, "metres"))
		}), 1, 30).Draw(t, "places")
		rings := density.Hull(places, 200)
		for _, p := range places {
			if !inside(rings, p) {
				t.Fatalf("%v is outside %v", p, rings)
			}
		}
		for _, ring := range rings {
			if ring[0] != ring[len(ring)-1] {
				t.Fatalf("open ring %v", ring)
			}
			area := 0.0
			for i := 1; i < len(ring); i++ {
				if !ring[i].Valid() {
					t.Fatalf("corner %v", ring[i])
				}
				area += (ring[i-1].Lon - ring[0].Lon) * (ring[i].Lat - ring[0].Lat)
				area -= (ring[i].Lon - ring[0].Lon) * (ring[i-1].Lat - ring[0].Lat)
			}
			if area <= 0 {
				t.Fatalf("clockwise ring %v", ring)
			}
		}
	})
}

// inside counts crossings of the parallel eastward of p.
func inside(rings [][]geo.Point, p geo.Point) bool {
	in := false
	if math.Abs(p.Lon) == 180 { // on the seam itself: a hair to its side
		p.Lon *= 1 - 1e-12
	}
	for _, ring := range rings {
		for i := 1; i < len(ring); i++ {
			a, b := ring[i-1], ring[i]
			if (a.Lat > p.Lat) != (b.Lat > p.Lat) && p.Lon < a.Lon+(b.Lon-a.Lon)*(p.Lat-a.Lat)/(b.Lat-a.Lat) {
				in = !in
			}
		}
	}
	return in
}
