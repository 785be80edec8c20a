package density

import (
	"math"

	"github.com/onyo-project/onyo/geo"
)

// mesh cuts the sphere into rows of equal latitude and every row into columns of
// equal longitude, so many that none is wider than it is high. The diagonal of a
// square is at most eps: points that share one are neighbours in space without
// looking, and everything within eps lies at most two rows away. Degrees of
// longitude shrink with the cosine of the latitude, so each row has a number of
// columns of its own; that keeps squares square up to the poles, where a grid of
// the flat map would have slivers. (Cubes in space would need no such care, but a
// neighbourhood is 125 of them against some 21 squares.)
//
// The diagonal holds between these limits of eps; outside them squares only sort
// points by place (the sphere bends too much, or squares would be too many).
const (
	tightestEps = 0.1
	widestEps   = 100_000.0
)

// slack in radians, six millimetres, is far above any rounding.
const slack = 1e-9

type mesh struct {
	angle         float64 // eps as an angle in radians, at most maxAngle
	height        float64 // of a row, radians
	rowsPerDegree float64
	tight         bool   // whether a square's diagonal is at most eps
	length        uint64 // of a slot of time in microseconds; 0 if time does not count
}

func newMesh(r reach) mesh {
	// A ten-thousandth less than eps/√2 outweighs the curvature at widestEps.
	height := math.Max(math.Min(r.eps, geo.EarthRadius), tightestEps) / math.Sqrt2 * (1 - 1e-4) / geo.EarthRadius
	m := mesh{angle: r.angle, height: height, rowsPerDegree: math.Pi / 180 / height, tight: r.eps >= tightestEps && r.eps <= widestEps}
	if r.window != math.MaxUint64 {
		m.length = r.window + 1
	}
	return m
}

func (m *mesh) rowOf(lat float64) int32 { return int32(math.Floor(lat * m.rowsPerDegree)) }

// columns is into how many columns a row is cut.
func (m *mesh) columns(row int32) int32 {
	south := float64(row) * m.height
	widest := 1.0 // the cosine of the row's latitude nearest to the equator
	if south > 0 {
		widest = math.Cos(math.Min(south, math.Pi/2))
	} else if north := south + m.height; north < 0 {
		widest = math.Cos(math.Max(north, -math.Pi/2))
	}
	return int32(math.Max(1, math.Ceil(2*math.Pi*widest/m.height)))
}

// colOf is the column of a longitude in degrees among n.
func colOf(lon float64, n int32) int32 {
	return min(n-1, max(0, int32((lon+180)/360*float64(n))))
}

// slotOf is the slot of a moment. Moments of one slot are within the window of
// each other, and whatever is within the window of one lies at most one slot
// away.
func (m *mesh) slotOf(t int64) int64 {
	if m.length == 0 {
		return 0
	}
	length := int64(m.length) // a Duration in microseconds has room to spare
	slot := t / length
	if t%length < 0 {
		slot--
	}
	return slot
}

// slots are the slots in which neighbours of a point in this one may lie.
func (m *mesh) slots(slot int64) (first, last int64) {
	if m.length <= 1 {
		return slot, slot
	}
	return slot - 1, slot + 1
}

// rows are the rows in which neighbours of a point in this row may lie.
func (m *mesh) rows(row int32) (low, high int32) {
	south, north := float64(row)*m.height-m.angle-slack, float64(row+1)*m.height+m.angle+slack
	return int32(math.Floor(south / m.height)), int32(math.Floor(north / m.height))
}

// spread is how far in longitude, in radians, a neighbour of a point in the row
// can be.
func (m *mesh) spread(row int32) float64 {
	// The widest reach in longitude of a circle of this angle around a
	// latitude is asin(sin angle / cos latitude), until it takes in a pole.
	polar := math.Max(math.Abs(float64(row)*m.height), math.Abs(float64(row+1)*m.height))
	if polar+m.angle >= math.Pi/2 {
		return math.Pi
	}
	return math.Asin(math.Min(1, math.Sin(m.angle)/math.Cos(polar))) + slack
}

// reachOf are the columns, of n, that lie within spread of column col of a row
// whose columns are so wide. They may run below 0 or beyond n-1, where the row
// meets itself; to-from+1 may exceed n.
func reachOf(col int32, width, spread float64, n int32) (from, to int32) {
	west, per := float64(col)*width, float64(n)/(2*math.Pi)
	return int32(math.Floor((west - spread) * per)), int32(math.Floor((west + width + spread) * per))
}

// around calls do with every run of columns [from,to] of every row that may hold
// neighbours of a point in a square.
func (m *mesh) around(row, col int32, do func(row, from, to int32)) {
	width, spread := 2*math.Pi/float64(m.columns(row)), m.spread(row)
	low, high := m.rows(row)
	for r := low; r <= high; r++ {
		n := m.columns(r)
		from, to := reachOf(col, width, spread, n)
		switch {
		case int64(to)-int64(from)+1 >= int64(n):
			do(r, 0, n-1)
		case from < 0:
			do(r, 0, to)
			do(r, from+n, n-1)
		case to >= n:
			do(r, 0, to-n)
			do(r, from, n-1)
		default:
			do(r, from, to)
		}
	}
}
