package density

import (
	"cmp"
	"math"
	"slices"

	"github.com/onyo-project/onyo/geo"
)

const (
	haloCorners = 24
	// farthestHull is how far, as an angle from the middle, a group may reach
	// to have a hull: beyond it lines of the gnomonic map run to infinity.
	farthestHull = 75 * math.Pi / 180
)

// Hull is the area that a group of places is drawn with: the smallest convex
// area (its edges great circles) around circles of haloMetres about each of
// them. One or two places, or many in a line, thus have an area too.
//
// It answers rings in the way of GeoJSON (RFC 7946): closed, counter-clockwise,
// corners in [-180,180], cut in two where the area crosses the 180° meridian,
// and led along the pole where it holds one. Each ring is a polygon of its own.
// Places that are not on Earth are left out; without places there is no ring.
// haloMetres is brought into [1 m, 1,000 km]. A group that reaches farther than
// some 8,000 km from its middle gets the box around it.
func Hull(places []geo.Point, haloMetres float64) [][]geo.Point {
	halo := math.Max(1, math.Min(haloMetres, 1e6))
	var sum vector
	valid := make([]geo.Point, 0, len(places))
	for _, p := range places {
		if p.Valid() {
			v := toVector(p)
			sum = vector{sum.x + v.x, sum.y + v.y, sum.z + v.z}
			valid = append(valid, p)
		}
	}
	if len(valid) == 0 {
		return nil
	}
	middle := geo.Point{Lon: math.Atan2(sum.y, sum.x) * 180 / math.Pi, Lat: math.Atan2(sum.z, math.Hypot(sum.x, sum.y)) * 180 / math.Pi}
	corners, ok := gnomonicHull(valid, middle)
	if !ok {
		return boxAround(valid, halo)
	}
	ringed := make([]geo.Point, 0, len(corners)*haloCorners)
	for _, corner := range corners {
		for i := range haloCorners {
			ringed = append(ringed, geo.Destination(corner, float64(i)*360/haloCorners, halo))
		}
	}
	ring, ok := gnomonicHull(ringed, middle)
	if !ok {
		return boxAround(valid, halo)
	}
	return cut(unroll(ring))
}

type flat struct {
	x, y  float64
	place geo.Point
}

// gnomonicHull is the convex hull, counter-clockwise and open, found on the
// plane that touches the sphere in the middle, where great circles are straight.
// It fails for places too far from there.
func gnomonicHull(places []geo.Point, middle geo.Point) ([]geo.Point, bool) {
	pts := make([]flat, len(places))
	for i, p := range places {
		angle := geo.Distance(middle, p) / geo.EarthRadius
		if !(angle < farthestHull) {
			return nil, false
		}
		sin, cos := math.Sincos(geo.Bearing(middle, p) * math.Pi / 180)
		pts[i] = flat{x: math.Tan(angle) * sin, y: math.Tan(angle) * cos, place: p}
	}
	slices.SortFunc(pts, func(a, b flat) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y)) })
	pts = slices.CompactFunc(pts, func(a, b flat) bool { return a.x == b.x && a.y == b.y })
	chain := make([]flat, 0, 2*len(pts))
	grow := func(p flat, least int) {
		for len(chain) >= least+2 && turn(chain[len(chain)-2], chain[len(chain)-1], p) <= 0 {
			chain = chain[:len(chain)-1]
		}
		chain = append(chain, p)
	}
	for _, p := range pts {
		grow(p, 0)
	}
	lower := len(chain) - 1
	for _, p := range slices.Backward(pts) {
		grow(p, lower)
	}
	if len(chain) > 1 {
		chain = chain[:len(chain)-1] // the first corner again
	}
	hull := make([]geo.Point, len(chain))
	for i, p := range chain {
		hull[i] = p.place
	}
	return hull, true
}

// turn is positive where a, b, c turn left.
func turn(a, b, c flat) float64 { return (b.x-a.x)*(c.y-a.y) - (b.y-a.y)*(c.x-a.x) }

// unroll closes a ring and lets its longitudes run on past 180 instead of
// jumping. A ring that goes around a pole is closed along that pole.
func unroll(ring []geo.Point) []geo.Point {
	out := make([]geo.Point, 0, len(ring)+5)
	lon := ring[0].Lon
	for i := range len(ring) + 1 {
		p := ring[i%len(ring)]
		if i > 0 {
			lon += math.Remainder(p.Lon-lon, 360)
		}
		out = append(out, geo.Point{Lon: lon, Lat: p.Lat})
	}
	last := len(out) - 1
	if around := out[last].Lon - out[0].Lon; math.Abs(around) > 180 {
		// Counter-clockwise seen from above: eastward around the north pole,
		// westward around the south pole.
		pole := math.Copysign(90, around)
		out = append(out, geo.Point{Lon: out[last].Lon, Lat: pole}, geo.Point{Lon: out[0].Lon, Lat: pole}, out[0])
	} else {
		out[last] = out[0]
	}
	return out
}

// cut brings a closed ring with running longitudes into [-180,180], in as many
// pieces as it takes.
func cut(ring []geo.Point) [][]geo.Point {
	west, east := math.Inf(1), math.Inf(-1)
	for _, p := range ring {
		west, east = math.Min(west, p.Lon), math.Max(east, p.Lon)
	}
	var out [][]geo.Point
	for turn := math.Floor((west + 180) / 360); turn*360-180 < east; turn++ {
		lo := turn*360 - 180
		piece := clip(clip(ring, lo, 1), lo+360, -1)
		if len(piece) < 4 {
			continue
		}
		for i := range piece {
			piece[i].Lon = math.Max(-180, math.Min(180, piece[i].Lon-turn*360))
		}
		out = append(out, piece)
	}
	return out
}

// clip keeps the part of a closed ring east (side 1) or west (side -1) of a
// meridian (Sutherland and Hodgman).
func clip(ring []geo.Point, meridian, side float64) []geo.Point {
	var out []geo.Point
	for i := 1; i < len(ring); i++ {
		a, b := ring[i-1], ring[i]
		inA, inB := (a.Lon-meridian)*side >= 0, (b.Lon-meridian)*side >= 0
		if inA {
			out = append(out, a)
		}
		if inA != inB {
			f := (meridian - a.Lon) / (b.Lon - a.Lon)
			out = append(out, geo.Point{Lon: meridian, Lat: a.Lat + f*(b.Lat-a.Lat)})
		}
	}
	out = slices.Compact(out)
	if len(out) > 1 && out[0] == out[len(out)-1] {
		out = out[:len(out)-1]
	}
	if len(out) > 0 {
		out = append(out, out[0])
	}
	return out
}

// boxAround is the hull of last resort: all longitudes, from the southernmost
// place to the northernmost.
func boxAround(places []geo.Point, halo float64) [][]geo.Point {
	b := geo.Bounds{West: -180, East: 180, South: 90, North: -90}
	for _, p := range places {
		b.South, b.North = math.Min(b.South, p.Lat), math.Max(b.North, p.Lat)
	}
	b = b.Pad(halo)
	return [][]geo.Point{{{Lon: -180, Lat: b.South}, {Lon: 180, Lat: b.South}, {Lon: 180, Lat: b.North}, {Lon: -180, Lat: b.North}, {Lon: -180, Lat: b.South}}}
}
