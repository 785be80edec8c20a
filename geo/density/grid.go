package density

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/onyo-project/onyo/geo"
)

// The sphere is cut into rows of equal latitude and every row into columns of
// equal longitude, so many that no cell is wider than it is high. A cell's
// diagonal is at most eps: points that share a cell are neighbours in space
// without looking, and everything within eps lies at most two rows away.
//
// That holds between these limits of eps; outside them cells only sort points
// by place (the sphere bends too much, or cells would be too many).
const (
	tightestEps = 0.1
	widestEps   = 100_000.0
)

type grid struct {
	reach
	points []Point
	tight  bool      // whether a cell's diagonal is at most eps
	height float64   // of a row, radians
	order  []int32   // rank in the grid -> index in points; by cell, then time
	at     []vector  // by rank
	when   []int64   // by rank; 0 for all without a window
	cells  []cell    // by row, then column
	rows   []gridRow // occupied rows, northward
	core   []bool    // by rank
	runs   []run
	parent []int32 // union-find over runs
}

type cell struct {
	row, col    int32
	first, last int32 // ranks [first,last)
	runs, ends  int32 // its runs [runs,ends)
	around      box
}

type gridRow struct {
	row         int32
	first, last int32 // cells [first,last)
}

// placed is a point on its way into the grid.
type placed struct {
	row, col int32
	when     int64
	index    int32
}

func newGrid(points []Point, r reach) *grid {
	g := &grid{reach: r, points: make([]Point, len(points))}
	g.tight = r.eps >= tightestEps && r.eps <= widestEps
	// A ten-thousandth less than eps/√2 outweighs the curvature at widestEps.
	g.height = math.Max(math.Min(r.eps, geo.EarthRadius), tightestEps) / math.Sqrt2 * (1 - 1e-4) / geo.EarthRadius
	all := make([]placed, 0, len(points))
	for i, p := range points {
		p = normal(p)
		g.points[i] = p
		if !p.place().Valid() {
			continue
		}
		one := placed{row: g.rowOf(p.Lat * math.Pi / 180), index: int32(i)}
		one.col = g.colOf(one.row, p.Lon*math.Pi/180)
		if r.window != math.MaxUint64 {
			one.when = p.Time
		}
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b placed) int {
		if a.row != b.row {
			return cmp.Compare(a.row, b.row)
		}
		if a.col != b.col {
			return cmp.Compare(a.col, b.col)
		}
		return cmp.Compare(a.when, b.when)
	})
	g.fill(all)
	return g
}

func (g *grid) fill(all []placed) {
	n := len(all)
	g.order, g.at, g.when, g.core = make([]int32, n), make([]vector, n), make([]int64, n), make([]bool, n)
	for rank, one := range all {
		v := toVector(g.points[one.index])
		g.order[rank], g.at[rank], g.when[rank] = one.index, v, one.when
		last := len(g.cells) - 1
		if last < 0 || g.cells[last].row != one.row || g.cells[last].col != one.col {
			last++
			g.cells = append(g.cells, cell{row: one.row, col: one.col, first: int32(rank), around: emptyBox()})
			if r := len(g.rows) - 1; r < 0 || g.rows[r].row != one.row {
				g.rows = append(g.rows, gridRow{row: one.row, first: int32(last)})
			}
			g.rows[len(g.rows)-1].last = int32(last) + 1
		}
		g.cells[last].last = int32(rank) + 1
		g.cells[last].around.add(v)
	}
}

func (g *grid) rowOf(lat float64) int32 { return int32(math.Floor(lat / g.height)) }

// columns is into how many columns a row is cut.
func (g *grid) columns(row int32) int32 {
	south := float64(row) * g.height
	widest := 1.0 // the cosine of the row's latitude nearest to the equator
	if south > 0 {
		widest = math.Cos(math.Min(south, math.Pi/2))
	} else if north := south + g.height; north < 0 {
		widest = math.Cos(math.Max(north, -math.Pi/2))
	}
	return int32(math.Max(1, math.Ceil(2*math.Pi*widest/g.height)))
}

func (g *grid) colOf(row int32, lon float64) int32 {
	n := g.columns(row)
	return min(n-1, max(0, int32((lon+math.Pi)/(2*math.Pi)*float64(n))))
}

// around calls do for every occupied cell that may hold a neighbour of a point
// in cell c, c itself included.
func (g *grid) around(c *cell, do func(d int32)) {
	const slack = 1e-9 // radians, six millimetres, far above the rounding
	south, north := float64(c.row)*g.height, float64(c.row+1)*g.height
	low, high := g.rowOf(south-g.angle-slack), g.rowOf(north+g.angle+slack)
	width := 2 * math.Pi / float64(g.columns(c.row))
	west := float64(c.col)*width - math.Pi
	spread := math.Pi // how far in longitude a neighbour can be
	// The widest reach in longitude of a circle of this angle around a
	// latitude is asin(sin angle / cos latitude), until it takes in a pole.
	if polar := math.Max(math.Abs(south), math.Abs(north)); polar+g.angle < math.Pi/2 {
		spread = math.Asin(math.Min(1, math.Sin(g.angle)/math.Cos(polar))) + slack
	}
	start := sort.Search(len(g.rows), func(i int) bool { return g.rows[i].row >= low })
	for _, r := range g.rows[start:] {
		if r.row > high {
			return
		}
		n := g.columns(r.row)
		per := float64(n) / (2 * math.Pi)
		from := int32(math.Floor((west - spread + math.Pi) * per))
		to := int32(math.Floor((west + width + spread + math.Pi) * per))
		switch {
		case int64(to)-int64(from)+1 >= int64(n):
			g.span(r, 0, n-1, do)
		case from < 0:
			g.span(r, 0, to, do)
			g.span(r, from+n, n-1, do)
		case to >= n:
			g.span(r, 0, to-n, do)
			g.span(r, from, n-1, do)
		default:
			g.span(r, from, to, do)
		}
	}
}

// span calls do for the occupied cells of a row in columns [from,to].
func (g *grid) span(r gridRow, from, to int32, do func(d int32)) {
	in := g.cells[r.first:r.last]
	start := sort.Search(len(in), func(i int) bool { return in[i].col >= from })
	for i := start; i < len(in) && in[i].col <= to; i++ {
		do(r.first + int32(i))
	}
}

// since is the first rank in [first,last) not before moment t.
func (g *grid) since(first, last int32, t int64) int32 {
	if g.window == math.MaxUint64 {
		return first
	}
	return first + int32(sort.Search(int(last-first), func(i int) bool { return g.when[first+int32(i)] >= t }))
}

// near reports whether the points of two ranks are neighbours in space.
func (g *grid) near(a, b int32) bool {
	c := chord2(g.at[a], g.at[b])
	if c <= g.sure && g.sure > 0 {
		return true
	}
	return c <= g.beyond && g.metres(a, b) <= g.eps
}

func (g *grid) metres(a, b int32) float64 {
	return geo.Distance(g.points[g.order[a]].place(), g.points[g.order[b]].place())
}
