package geo

import (
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func genPoint(t *rapid.T) Point {
	edges := rapid.SampledFrom([]Point{
		{0, 0}, {math.Copysign(0, -1), math.Copysign(0, -1)}, {180, 90}, {-180, -90}, {180, -90}, {-180, 90},
		{179.9999999, 89.9999999}, {-0.00000004, 0.00000004}, {0.01, -0.01}, {36.82, -1.29},
	})
	anywhere := rapid.Custom(func(t *rapid.T) Point {
		return Point{Lon: rapid.Float64Range(-180, 180).Draw(t, "lon"), Lat: rapid.Float64Range(-90, 90).Draw(t, "lat")}
	})
	return rapid.OneOf(anywhere, edges).Draw(t, "point")
}

func TestPointsThatLieNowhere(t *testing.T) {
	for _, p := range []Point{
		{math.NaN(), 0}, {0, math.NaN()}, {math.Inf(1), 0}, {0, math.Inf(-1)},
		{180.0000001, 0}, {-181, 0}, {0, 90.0000001}, {0, -91},
	} {
		if p.Valid() || !errors.Is(p.Check(), ErrInvalidPoint) {
			t.Errorf("%v: %v", p, p.Check())
		}
	}
	for _, p := range []Point{{180, 90}, {-180, -90}, {0, 0}} {
		if !p.Valid() {
			t.Errorf("%v: %v", p, p.Check())
		}
	}
}

func TestDistanceAndBearing(t *testing.T) {
	for _, c := range []struct {
		name                string
		a, b                Point
		metres, bearing, by float64
	}{
		{"a degree of the equator", Point{0, 0}, Point{1, 0}, MetresPerDegree, 90, 1e-6},
		{"a degree of a meridian", Point{36, -1}, Point{36, -2}, MetresPerDegree, 180, 1e-6},
		{"pole to pole", Point{0, -90}, Point{0, 90}, math.Pi * EarthRadius, 0, 1e-3},
		{"across 180°", Point{179.5, 0}, Point{-179.5, 0}, MetresPerDegree, 90, 1e-6},
		{"the same meridian twice", Point{180, 10}, Point{-180, 10}, 0, 0, 1e-6},
		{"London to Paris", Point{-0.1278, 51.5074}, Point{2.3522, 48.8566}, 343_556, 148.1, 100},
	} {
		if d := Distance(c.a, c.b); math.Abs(d-c.metres) > c.by {
			t.Errorf("%s: %g m, want %g", c.name, d, c.metres)
		}
		if b := Bearing(c.a, c.b); c.metres > 0 && math.Abs(b-c.bearing) > 0.1 {
			t.Errorf("%s: bearing %g, want %g", c.name, b, c.bearing)
		}
	}
}

func TestDestinationIsAsFarAsAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := genPoint(t)
		metres := rapid.Float64Range(0, 1e7).Draw(t, "metres")
		q := Destination(p, rapid.Float64Range(-720, 720).Draw(t, "bearing"), metres)
		if !q.Valid() || math.Abs(Distance(p, q)-metres) > 0.5 {
			t.Fatalf("%v is %g m from %v, want %g", q, Distance(p, q), p, metres)
		}
	})
}

func TestParseBounds(t *testing.T) {
	for text, want := range map[string]Bounds{
		"36.6,-1.5,37.1,-1.1":  {36.6, -1.5, 37.1, -1.1},
		" 170 , -20 ,-170, 10": {170, -20, -170, 10},
		"-180,-90,180,90":      World(),
		"-0,-0,0,0":            {},
		"1e1,0,2e1,1":          {10, 0, 20, 1},
	} {
		got, err := ParseBounds(text)
		if err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
		if again, err := ParseBounds(got.String()); err != nil || again != got {
			t.Errorf("%q printed and read: %v, %v", text, again, err)
		}
	}
	for _, text := range []string{
		"", "1,2,3", "1,2,3,4,5", "a,0,1,1", "NaN,0,1,1", "0,Inf,1,1", "0,0,+Inf,1", "0,0,1,nan", "-181,0,1,1",
		"0,-91,1,1", "0,0,181,1", "0,0,1,91", "0,2,1,1", "0x1p1,0,1,1", "1_0,0,20,1", "0,0,,1", "0;0;1;1", "1e400,0,1,1",
	} {
		if b, err := ParseBounds(text); !errors.Is(err, ErrInvalidBounds) {
			t.Errorf("%q: %v, %v", text, b, err)
		}
	}
}

func TestBoundsContainTheirEdges(t *testing.T) {
	pacific := Bounds{West: 170, South: -20, East: -170, North: 10}
	for _, c := range []struct {
		b    Bounds
		p    Point
		want bool
	}{
		{pacific, Point{180, 0}, true}, {pacific, Point{-180, 0}, true}, {pacific, Point{170, 10}, true},
		{pacific, Point{-170, -20}, true}, {pacific, Point{0, 0}, false}, {pacific, Point{180, 11}, false},
		{Bounds{-180, 0, -170, 10}, Point{180, 5}, true}, {Bounds{170, 0, 180, 10}, Point{-180, 5}, true},
		{Bounds{0, 0, 10, 10}, Point{10, 10}, true}, {Bounds{0, 0, 10, 10}, Point{10.0000001, 10}, false},
		{World(), Point{math.NaN(), 0}, false},
	} {
		if got := c.b.Contains(c.p); got != c.want {
			t.Errorf("%v contains %v: %v", c.b, c.p, got)
		}
	}
}

func genBounds(t *rapid.T) Bounds {
	a, b := genPoint(t), genPoint(t)
	return Bounds{West: a.Lon, South: math.Min(a.Lat, b.Lat), East: b.Lon, North: math.Max(a.Lat, b.Lat)}
}

func TestBoundsThatShareAPointIntersect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, p := genBounds(t), genBounds(t), genPoint(t)
		if a.Intersects(b) != b.Intersects(a) {
			t.Fatalf("%v and %v disagree", a, b)
		}
		if a.Contains(p) && b.Contains(p) && !a.Intersects(b) {
			t.Fatalf("%v and %v both contain %v", a, b, p)
		}
	})
}

func TestPadTakesInEverythingWithinReach(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := genPoint(t)
		metres := rapid.Float64Range(0, 500_000).Draw(t, "metres")
		b := Bounds{West: p.Lon, South: p.Lat, East: p.Lon, North: p.Lat}.Pad(metres*1.000001 + 1)
		q := Destination(p, rapid.Float64Range(0, 360).Draw(t, "bearing"), metres)
		if b.Check() != nil || !b.Contains(q) {
			t.Fatalf("%v padded by %g m is %v without %v", p, metres, b, q)
		}
	})
}

func TestCellsAtTheEdges(t *testing.T) {
	for _, c := range []struct {
		p    Point
		size CellSize
		key  string
	}{
		{Point{36.8219, -1.2921}, Cell001, "0.01:3682:-130"},
		{Point{36.8219, -1.2921}, Cell005, "0.05:736:-26"},
		{Point{36.8219, -1.2921}, Cell01, "0.1:368:-13"},
		{Point{36.8219, -1.2921}, Cell1, "1:36:-2"},
		{Point{0, 0}, Cell001, "0.01:0:0"},
		{Point{math.Copysign(0, -1), math.Copysign(0, -1)}, Cell001, "0.01:0:0"},
		{Point{-0.00000004, -0.00000004}, Cell001, "0.01:0:0"},
		{Point{-0.0000001, 0.0000001}, Cell001, "0.01:-1:0"},
		{Point{0.29, 0.57}, Cell001, "0.01:29:57"}, // 0.29/0.01 is 28.999999999999996
		{Point{180, 90}, Cell1, "1:-180:89"},
		{Point{-180, -90}, Cell1, "1:-180:-90"},
		{Point{180, 0}, Cell001, "0.01:-18000:0"},
	} {
		cell := CellOf(c.p, c.size)
		if cell.Key() != c.key || !cell.Valid() {
			t.Errorf("%v at %g°: %s, want %s", c.p, c.size.Degrees(), cell.Key(), c.key)
		}
		if again, err := ParseCellKey(c.key); err != nil || again != cell {
			t.Errorf("%s read: %v, %v", c.key, again, err)
		}
	}
	for _, key := range []string{"", "0.01", "0.02:1:1", "0.01:99999:0", "0.01:1:1 ", "0.010:1:1", "1:180:0"} {
		if c, err := ParseCellKey(key); err == nil {
			t.Errorf("%q read as %v", key, c)
		}
	}
}

func TestBlurDependsOnTheCellOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]CellSize{Cell001, Cell005, Cell01, Cell1}).Draw(t, "size")
		c := CellOf(genPoint(t), size)
		b := c.Bounds()
		if !c.Valid() || b.Check() != nil || !b.Contains(c.Centre()) {
			t.Fatalf("%v has bounds %v", c, b)
		}
		// Any point of the cell gives the same cell, centre, key and uncertainty.
		s := int64(size)
		q := Point{
			Lon: fromUnits(c.X*s + rapid.Int64Range(0, s-1).Draw(t, "x")),
			Lat: fromUnits(c.Y*s + rapid.Int64Range(0, s-1).Draw(t, "y")),
		}
		if CellOf(q, size) != c {
			t.Fatalf("%v of cell %v lies in %v", q, c, CellOf(q, size))
		}
		if CellOf(c.Centre(), size) != c {
			t.Fatalf("the centre of %v lies in %v", c, CellOf(c.Centre(), size))
		}
		if Distance(q, c.Centre()) > c.UncertaintyM()+0.01 {
			t.Fatalf("%v is %g m from the centre, uncertainty %g", q, Distance(q, c.Centre()), c.UncertaintyM())
		}
	})
}

func TestCellForTakesTheNextSize(t *testing.T) {
	for _, c := range []struct {
		uncertainty float64
		minimum     CellSize
		want        CellSize
	}{
		{10, Cell001, Cell001}, {1111, Cell001, Cell001}, {1113, Cell001, Cell01}, {11_000, Cell001, Cell01},
		{12_000, Cell001, Cell1}, {10, Cell005, Cell005}, {6000, Cell005, Cell01}, {10, Cell01, Cell01},
		{1e6, Cell001, Cell1}, {10, Cell1, Cell1}, {math.NaN(), Cell001, Cell1}, {math.Inf(1), Cell001, Cell1},
	} {
		if got := CellFor(c.uncertainty, c.minimum); got != c.want {
			t.Errorf("%g m from %g°: %g°", c.uncertainty, c.minimum.Degrees(), got.Degrees())
		}
	}
}

func TestRoundOpen(t *testing.T) {
	for _, c := range []struct {
		p           Point
		uncertainty float64
		want        Point
	}{
		{Point{36.821946, -1.292066}, 0, Point{36.8219, -1.2921}},
		{Point{36.821946, -1.292066}, 11, Point{36.8219, -1.2921}},
		{Point{36.821946, -1.292066}, 50, Point{36.822, -1.292}},
		{Point{36.821946, -1.292066}, 500, Point{36.82, -1.29}},
		{Point{36.821946, -1.292066}, 100_000, Point{37, -1}},
		{Point{-0.00001, -0.00001}, 0, Point{0, 0}},
		{Point{180, 90}, 5e6, Point{180, 90}},
		{Point{179.99999, -89.99999}, 0, Point{180, -90}},
	} {
		got := RoundOpen(c.p, c.uncertainty)
		if got != c.want || math.Signbit(got.Lon) && got.Lon == 0 {
			t.Errorf("%v within %g m: %v, want %v", c.p, c.uncertainty, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		u := rapid.Float64Range(0, 2e7).Draw(t, "uncertainty")
		once := RoundOpen(genPoint(t), u)
		if !once.Valid() || RoundOpen(once, u) != once {
			t.Fatalf("%v rounds to %v", once, RoundOpen(once, u))
		}
	})
}

func TestGeofence(t *testing.T) {
	fiji := []Point{{177, -19}, {-179, -19}, {-179, -16}, {177, -16}, {177, -19}}
	town := []Point{{0, 0}, {10, 0}, {10, 10}, {0, 10}}
	lake := []Point{{4, 4}, {6, 4}, {6, 6}, {4, 6}}
	for _, c := range []struct {
		name  string
		rings [][]Point
		p     Point
		want  bool
	}{
		{"inside", [][]Point{town}, Point{5, 5}, true},
		{"outside", [][]Point{town}, Point{11, 5}, false},
		{"edge", [][]Point{town}, Point{10, 5}, true},
		{"corner", [][]Point{town}, Point{0, 0}, true},
		{"level with a corner", [][]Point{town}, Point{-1, 10}, false},
		{"in a hole", [][]Point{town, lake}, Point{5, 5}, false},
		{"beside a hole", [][]Point{town, lake}, Point{3, 5}, true},
		{"east of 180°", [][]Point{fiji}, Point{-179.5, -17}, true},
		{"west of 180°", [][]Point{fiji}, Point{178, -17}, true},
		{"on 180°", [][]Point{fiji}, Point{180, -17}, true},
		{"on -180°", [][]Point{fiji}, Point{-180, -17}, true},
		{"the other side of the world", [][]Point{fiji}, Point{0, -17}, false},
		{"nowhere", [][]Point{town}, Point{math.NaN(), 5}, false},
	} {
		g, err := NewGeofence(c.rings...)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.Contains(c.p); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
		if c.want && !g.Bounds().Contains(c.p) {
			t.Errorf("%s: bounds %v", c.name, g.Bounds())
		}
	}
	for name, rings := range map[string][][]Point{
		"no ring":     {},
		"two corners": {{{0, 0}, {1, 1}, {0, 0}}},
		"off Earth":   {{{0, 0}, {1, 95}, {2, 0}}},
		"the pole":    {{{0, 80}, {90, 80}, {180, 80}, {-90, 80}}},
	} {
		if _, err := NewGeofence(rings...); !errors.Is(err, ErrInvalidGeofence) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
