package density

import (
	"math"
	"time"

	"github.com/onyo-project/onyo/geo"
)

// maxAngle is half the circumference: no two points are farther apart.
const maxAngle = math.Pi

// reach decides who is whose neighbour. Most pairs are settled by the straight
// line through the Earth, which needs no trigonometry; within the error of
// that shortcut the great circle itself decides, so that the answer is always
// that of geo.Distance.
type reach struct {
	eps    float64 // metres along the ground
	angle  float64 // eps as an angle in radians, at most maxAngle
	sure   float64 // squared chord up to which a pair is certainly near
	beyond float64 // squared chord from which a pair is certainly not near
	window uint64  // microseconds
}

// vector is a place as a point on the unit sphere.
type vector struct{ x, y, z float64 }

func newReach(p Params) reach {
	r := reach{eps: p.EpsMetres, angle: math.Min(p.EpsMetres/geo.EarthRadius, maxAngle), window: math.MaxUint64}
	if p.Window > 0 {
		r.window = uint64(p.Window / time.Microsecond)
	}
	chord := 2 * math.Sin(r.angle/2)
	// Coordinates on the unit sphere are off by a few 1e-16, which is a
	// nanometre on the ground; the slack is a thousand times that.
	slack := 1e-13 + chord*1e-9
	r.sure = math.Max(0, chord-slack) * math.Max(0, chord-slack)
	r.beyond = (chord + slack) * (chord + slack)
	return r
}

func toVector(p Point) vector {
	lat, lon := p.Lat*math.Pi/180, p.Lon*math.Pi/180
	cosLat := math.Cos(lat)
	return vector{cosLat * math.Cos(lon), cosLat * math.Sin(lon), math.Sin(lat)}
}

// chord2 is the squared length of the straight line between a and b.
func chord2(a, b vector) float64 {
	x, y, z := a.x-b.x, a.y-b.y, a.z-b.z
	return x*x + y*y + z*z
}

// apart is how many microseconds lie between a and b; it cannot overflow.
func apart(a, b int64) uint64 {
	if a < b {
		a, b = b, a
	}
	return uint64(a) - uint64(b)
}

// earliest is the first moment within the window before t.
func (r reach) earliest(t int64) int64 {
	if r.window >= apart(t, math.MinInt64) {
		return math.MinInt64
	}
	return t - int64(r.window)
}

// box is the smallest box along the axes around some vectors.
type box struct{ lo, hi vector }

func emptyBox() box {
	inf := math.Inf(1)
	return box{lo: vector{inf, inf, inf}, hi: vector{-inf, -inf, -inf}}
}

func (b *box) add(v vector) {
	b.lo = vector{min(b.lo.x, v.x), min(b.lo.y, v.y), min(b.lo.z, v.z)}
	b.hi = vector{max(b.hi.x, v.x), max(b.hi.y, v.y), max(b.hi.z, v.z)}
}

// chord2 is a lower limit for the squared chord from v to anything inside.
func (b *box) chord2(v vector) float64 {
	gap := func(lo, v, hi float64) float64 { return max(lo-v, v-hi, 0) }
	x, y, z := gap(b.lo.x, v.x, b.hi.x), gap(b.lo.y, v.y, b.hi.y), gap(b.lo.z, v.z, b.hi.z)
	return x*x + y*y + z*z
}
