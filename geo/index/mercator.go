package index

import (
	"math"

	"github.com/onyo-project/onyo/geo"
)

// The web-mercator square is 2³² units wide and high: 9 mm at the equator. x
// grows eastward from 180°, y southward from about 85.05° north; what lies
// nearer to a pole is drawn on the edge.
const units = 1 << 32

const (
	// slack is by how many units rounding may misplace a point.
	slack = 2
	// outside is farther beyond an edge of the square than slack.
	outside = 2 * slack
)

func mercatorX(lon float64) uint32 {
	if lon == 180 {
		lon = -180 // the same meridian has one place on the square
	}
	return unit((lon + 180) / 360)
}

func mercatorY(lat float64) uint32 {
	sin := math.Sin(lat * math.Pi / 180)
	return unit(0.5 - math.Log((1+sin)/(1-sin))/(4*math.Pi))
}

// unit brings a fraction of the square into its units.
func unit(f float64) uint32 {
	return uint32(math.Max(0, math.Min(units-1, math.Floor(f*units))))
}

// unproject is the place of a point of the square, in units.
func unproject(x, y float64) geo.Point {
	return geo.Point{Lon: x/units*360 - 180, Lat: math.Atan(math.Sinh(math.Pi*(1-2*y/units))) * 180 / math.Pi}
}

// interleave is the place of (x, y) on the Z-curve: the bits of y and x in
// turn, so that the first 2n bits name the cell at n halvings.
func interleave(x, y uint32) uint64 { return spread(x) | spread(y)<<1 }

// deinterleave takes the two apart again, both in one go: each step swaps the
// groups of bits that are on the wrong side, in groups twice as long.
func deinterleave(key uint64) (x, y uint32) {
	swap := func(mask uint64, by int) {
		t := (key ^ key>>by) & mask
		key ^= t ^ t<<by
	}
	swap(0x2222222222222222, 1)
	swap(0x0C0C0C0C0C0C0C0C, 2)
	swap(0x00F000F000F000F0, 4)
	swap(0x0000FF000000FF00, 8)
	swap(0x00000000FFFF0000, 16)
	return uint32(key), uint32(key >> 32)
}

func spread(v uint32) uint64 {
	x := uint64(v)
	x = (x | x<<16) & 0x0000FFFF0000FFFF
	x = (x | x<<8) & 0x00FF00FF00FF00FF
	x = (x | x<<4) & 0x0F0F0F0F0F0F0F0F
	x = (x | x<<2) & 0x3333333333333333
	return (x | x<<1) & 0x5555555555555555
}

// window is a geo.Bounds on the square: at most two boxes, a unit too large on
// every side for certain, so that only rows near the edge need the exact test.
type window struct {
	bounds geo.Bounds
	boxes  [2]square
	n      int
}

type square struct{ west, north, east, south int64 } // units, inclusive

func newWindow(b geo.Bounds) *window {
	w := &window{bounds: b}
	north, south := int64(mercatorY(b.North)), int64(mercatorY(b.South))
	west, east := int64(mercatorX(b.West)), int64(mercatorX(b.East))
	if b.North == 90 {
		north = -outside
	}
	if b.South == -90 {
		south = units + outside
	}
	add := func(west, east int64) {
		w.boxes[w.n] = square{west: west, east: east, north: north, south: south}
		w.n++
	}
	switch {
	case b.West == 180 && b.East == 180: // the seam alone, which lies at x = 0
		add(0, 0)
	case b.West == 180: // starts at the seam, as if at -180
		add(-outside, east)
	case b.CrossesAntimeridian():
		add(west, units+outside)
		add(-outside, east)
	case b.West == -180 && b.East == 180:
		add(-outside, units+outside)
	case b.West == -180:
		add(-outside, east)
	case b.East == 180:
		add(west, units+outside)
		add(0, 0)
	default:
		add(west, east)
	}
	return w
}

// judge says whether all, some or none of the points of a cell lie inside. The
// cell has its first corner at x, y and is size units wide.
func (w *window) judge(x, y uint32, size int64) verdict {
	out := none
	for _, b := range w.boxes[:w.n] {
		x0, y0 := int64(x), int64(y)
		x1, y1 := x0+size-1, y0+size-1
		if x1 < b.west-slack || x0 > b.east+slack || y1 < b.north-slack || y0 > b.south+slack {
			continue
		}
		if x0 > b.west+slack && x1 < b.east-slack && y0 > b.north+slack && y1 < b.south-slack {
			return all
		}
		out = some
	}
	return out
}
