package density

import (
	"cmp"
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
	window uint64  // microseconds; the greatest number sets no limit
	enough uint64  // weight
	// place gives the point of a member by its index, normal.
	place func(index int32) geo.Point
}

// vector is a place as a point on the unit sphere.
type vector struct{ x, y, z float64 }

// member is a point in a cell.
type member struct {
	vector
	when   int64  // 0 for all without a window
	sum    uint64 // of the weights of its neighbours in other cells
	weight uint32
	index  int32 // what place and the owner know it by
	core   bool
	met    bool // whether it has a neighbour in another cell; only Cluster asks
}

func newReach(p Params) reach {
	r := reach{eps: p.EpsMetres, angle: math.Min(p.EpsMetres/geo.EarthRadius, maxAngle), window: math.MaxUint64, enough: uint64(p.MinWeight)}
	if p.Window > 0 {
		r.window = uint64(p.Window / time.Microsecond)
	}
	chord := 2 * math.Sin(r.angle/2)
	// Coordinates on the unit sphere are off by a few 1e-16, which is a
	// nanometre on the ground; the doubt is a thousand times that.
	less, more := doubt(chord)
	r.sure, r.beyond = less*less, more*more
	return r
}

// doubt is what a chord that was computed as this long is at least and at most.
func doubt(chord float64) (less, more float64) {
	d := 1e-13 + chord*1e-9
	return math.Max(0, chord-d), chord + d
}

func toVector(p geo.Point) vector {
	sinLat, cosLat := math.Sincos(p.Lat * math.Pi / 180)
	sinLon, cosLon := math.Sincos(p.Lon * math.Pi / 180)
	return vector{cosLat * cosLon, cosLat * sinLon, sinLat}
}

// chord2 is the squared length of the straight line between a and b.
func chord2(a, b *vector) float64 {
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

// near reports whether two points are neighbours.
func (r *reach) near(a, b *member) bool {
	chord := chord2(&a.vector, &b.vector)
	if chord > r.beyond || apart(a.when, b.when) > r.window {
		return false
	}
	return chord < r.sure || r.metres(a, b) <= r.eps
}

func (r *reach) metres(a, b *member) float64 {
	return geo.Distance(r.place(a.index), r.place(b.index))
}

// nearest looks for the core that is nearest to p among its neighbours, through
// one cell after the other.
type nearest struct {
	core        *member
	less, limit float64 // squared chords: clearly nearer, and not clearly farther
}

func (r *reach) nearest() nearest { return nearest{less: r.sure, limit: r.beyond} }

// offer takes q if it is a neighbour of p and nearer than what was; of two
// equally near, the first in canonical order stays.
func (n *nearest) offer(r *reach, p, q *member) {
	chord := chord2(&p.vector, &q.vector)
	if chord > n.limit || apart(p.when, q.when) > r.window {
		return
	}
	if chord >= n.less { // too close to call without measuring
		m := r.metres(p, q)
		if m > r.eps {
			return
		}
		if n.core != nil {
			if was := r.metres(p, n.core); m > was || m == was && r.compare(q, n.core) >= 0 {
				return
			}
		}
	}
	less, more := doubt(math.Sqrt(chord))
	n.core, n.less, n.limit = q, math.Min(r.sure, less*less), math.Min(r.beyond, more*more)
}

// compare is canonical for members: by place, time, weight.
func (r *reach) compare(a, b *member) int {
	pa, pb := r.place(a.index), r.place(b.index)
	return canonical(Point{pa.Lon, pa.Lat, a.when, a.weight}, Point{pb.Lon, pb.Lat, b.when, b.weight})
}

// canonical is the order that settles ties: by place, time, weight. Points
// that compare equal are the same for every purpose here.
func canonical(a, b Point) int {
	if c := cmp.Or(cmp.Compare(a.Lon, b.Lon), cmp.Compare(a.Lat, b.Lat)); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Weight, b.Weight))
}

// normal gives the one spelling of a place that has several: 180 and -180 are
// the same meridian, and a pole has every longitude.
func normal(lon, lat float64) geo.Point {
	if math.Abs(lat) == 90 {
		lon = 0
	} else if lon == 180 {
		lon = -180
	}
	return geo.Point{Lon: lon + 0, Lat: lat + 0} // never -0
}
