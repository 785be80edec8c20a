package density

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/onyo-project/onyo/geo"
)

// grid holds points in cells: a square of the mesh and a slot of time, so that
// all members of a cell are neighbours of each other. Where the mesh is not tight
// every point has a cell to itself.
type grid struct {
	reach
	mesh
	points  []Point
	members []member // by cell
	cells   []cell   // by lane, then column
	lanes   []lane   // by row, then slot
}

// cell is one vertex of the graph whose parts are the clusters.
type cell struct {
	first, last int32 // members [first,last)
	col         int32
	cores       int32
	weight      uint64 // of all members
	parent      int32  // union-find over cells
}

// lane is a row of cells of the same slot.
type lane struct {
	slot        int64
	row         int32
	columns     int32
	first, last int32 // cells [first,last)
}

func newGrid(points []Point, r reach) *grid {
	g := &grid{reach: r, mesh: newMesh(r), points: points}
	g.place = func(i int32) geo.Point { return normal(points[i].Lon, points[i].Lat) }
	all, colBits := g.arrange()
	cells, lanes := g.count(all, colBits)
	g.members, g.cells, g.lanes = make([]member, len(all)), make([]cell, 0, cells), make([]lane, 0, lanes)
	for rank := range all {
		g.fill(all, rank, colBits)
	}
	return g
}

// count is how many cells and lanes the points need.
func (g *grid) count(all []placed, colBits int) (cells, lanes int) {
	for i := range all {
		if i == 0 || all[i].key>>colBits != all[i-1].key>>colBits {
			lanes++
		}
		if i == 0 || !g.tight || all[i].key != all[i-1].key {
			cells++
		}
	}
	return cells, lanes
}

// fill puts a point at its rank; ranks come in order.
func (g *grid) fill(all []placed, rank, colBits int) {
	key, index := all[rank].key, all[rank].index
	p := &g.points[index]
	place := normal(p.Lon, p.Lat)
	fresh := rank == 0 || key>>colBits != all[rank-1].key>>colBits
	if fresh {
		row := g.rowOf(place.Lat)
		g.lanes = append(g.lanes, lane{slot: g.slotOf(p.Time), row: row, columns: g.columns(row), first: int32(len(g.cells))})
	}
	if fresh || !g.tight || key != all[rank-1].key {
		g.cells = append(g.cells, cell{first: int32(rank), col: int32(key & (1<<colBits - 1)), parent: int32(len(g.cells))})
		g.lanes[len(g.lanes)-1].last = int32(len(g.cells))
	}
	c := &g.cells[len(g.cells)-1]
	c.last = int32(rank) + 1
	c.weight += uint64(p.Weight)
	m := &g.members[rank]
	m.vector, m.weight, m.index = toVector(place), p.Weight, index
	if g.length != 0 {
		m.when = p.Time
	}
}

// arrange lists the points that are on Earth by row, slot and column. The column
// is in the lowest bits of a key, whatever makes out the lane above.
func (g *grid) arrange() (all []placed, colBits int) {
	lowRow, highRow := int32(math.MaxInt32), int32(math.MinInt32)
	lowSlot, highSlot := int64(math.MaxInt64), int64(math.MinInt64)
	all = make([]placed, 0, len(g.points))
	for i := range g.points {
		p := &g.points[i]
		if !onEarth(p.Lon, p.Lat) {
			continue
		}
		row, slot := g.rowOf(p.Lat), g.slotOf(p.Time)
		lowRow, highRow = min(lowRow, row), max(highRow, row)
		lowSlot, highSlot = min(lowSlot, slot), max(highSlot, slot)
		all = append(all, placed{index: int32(i)})
	}
	colBits = bits.Len64(uint64(2*math.Pi/g.height) + 1)
	if len(all) == 0 {
		return nil, colBits
	}
	slotBits, rowBits := bits.Len64(uint64(highSlot)-uint64(lowSlot)), bits.Len32(uint32(highRow-lowRow))
	columns := g.columnsFrom(lowRow, highRow)
	if rowBits+slotBits+colBits > 64 {
		return g.arrangeSlowly(all, colBits), colBits
	}
	for i := range all {
		p := &g.points[all[i].index]
		place := normal(p.Lon, p.Lat)
		row := g.rowOf(place.Lat)
		line := uint64(row-lowRow)<<slotBits | (uint64(g.slotOf(p.Time)) - uint64(lowSlot))
		all[i].key = line<<colBits | uint64(colOf(place.Lon, columns(row)))
	}
	return radixSort(all, rowBits+slotBits+colBits), colBits
}

// columnsFrom is g.columns for rows in [low,high]. It remembers, unless that would
// be more work than the points are.
func (g *grid) columnsFrom(low, high int32) func(row int32) int32 {
	if int(high-low) > 4*len(g.points) {
		return g.columns
	}
	known := make([]int32, high-low+1)
	return func(row int32) int32 {
		if known[row-low] == 0 {
			known[row-low] = g.columns(row)
		}
		return known[row-low]
	}
}

// arrangeSlowly is for windows so short against the whole time that a key has no
// room for the slot: it numbers the lanes.
func (g *grid) arrangeSlowly(all []placed, colBits int) []placed {
	lane := func(a, b placed) int {
		p, q := &g.points[a.index], &g.points[b.index]
		return cmp.Or(cmp.Compare(g.rowOf(p.Lat), g.rowOf(q.Lat)), cmp.Compare(g.slotOf(p.Time), g.slotOf(q.Time)))
	}
	for i := range all {
		p := &g.points[all[i].index]
		place := normal(p.Lon, p.Lat)
		all[i].key = uint64(colOf(place.Lon, g.columns(g.rowOf(place.Lat))))
	}
	slices.SortFunc(all, func(a, b placed) int { return cmp.Or(lane(a, b), cmp.Compare(a.key, b.key)) })
	number := uint64(0)
	for i := range all {
		if i > 0 && lane(all[i-1], all[i]) != 0 {
			number++
		}
		all[i].key |= number << colBits
	}
	return all
}

// onEarth is geo.Point.Valid without its explanations.
func onEarth(lon, lat float64) bool { return math.Abs(lon) <= 180 && math.Abs(lat) <= 90 }
