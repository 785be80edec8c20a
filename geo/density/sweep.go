package density

import (
	"math"
	"sort"
)

// sweep walks along a lane and knows for each cell which others may hold
// neighbours. Their columns only ever move on with the cell's own, so that
// following them costs next to nothing.
type sweep struct {
	*grid
	whole         bool // all of them, the cell itself included; else only later ones
	width, spread float64
	cursors       []cursor
	found         []span
}

// span is some cells [lo,hi) of one lane.
type span struct{ lo, hi int32 }

type cursor struct {
	lane
	lo, hi int32
}

// start begins with lane l.
func (s *sweep) start(l int) {
	own := &s.lanes[l]
	s.width, s.spread = 2*math.Pi/float64(own.columns), s.mesh.spread(own.row)
	s.cursors = s.cursors[:0]
	low, high := s.rows(own.row)
	early, late := s.slots(own.slot)
	from := l
	if s.whole {
		from = s.back(l, low, early)
	} else {
		low = own.row
	}
	for row := low; row <= high; {
		from = s.ahead(from, row, early)
		for ; from < len(s.lanes) && s.lanes[from].row == row && s.lanes[from].slot <= late; from++ {
			s.cursors = append(s.cursors, cursor{lane: s.lanes[from], lo: s.lanes[from].first, hi: s.lanes[from].first})
		}
		if from == len(s.lanes) {
			return
		}
		row = max(row+1, s.lanes[from].row) // rows without points are no work
	}
}

func (a *lane) before(row int32, slot int64) bool {
	return a.row < row || a.row == row && a.slot < slot
}

// ahead is the first lane from l on that is not before row and slot. It looks
// farther and farther, for it is mostly the next.
func (s *sweep) ahead(l int, row int32, slot int64) int {
	step := 1
	for l+step < len(s.lanes) && s.lanes[l+step].before(row, slot) {
		l += step
		step *= 2
	}
	end := min(l+step, len(s.lanes))
	return l + sort.Search(end-l, func(i int) bool { return !s.lanes[l+i].before(row, slot) })
}

// back is some lane, at most l, with none after it before row and slot but itself.
func (s *sweep) back(l int, row int32, slot int64) int {
	for step := 1; l > 0 && !s.lanes[l].before(row, slot); step *= 2 {
		l = max(0, l-step)
	}
	return l
}

// at are the cells that may hold neighbours of cell c of the lane. It must be
// called for the cells in their order.
func (s *sweep) at(c int32) []span {
	s.found = s.found[:0]
	col := s.cells[c].col
	for i := range s.cursors {
		k := &s.cursors[i]
		from, to := reachOf(col, s.width, s.spread, k.columns)
		switch n := k.columns; {
		case int64(to)-int64(from)+1 >= int64(n):
			s.add(c, k.first, k.last)
		case from < 0:
			s.add(c, k.first, s.upTo(k, to))
			s.add(c, s.upTo(k, from+n-1), k.last)
		case to >= n:
			s.add(c, k.first, s.upTo(k, to-n))
			s.add(c, s.upTo(k, from-1), k.last)
		default:
			for k.lo < k.last && s.cells[k.lo].col < from {
				k.lo++
			}
			k.hi = max(k.hi, k.lo)
			for k.hi < k.last && s.cells[k.hi].col <= to {
				k.hi++
			}
			s.add(c, k.lo, k.hi)
		}
	}
	return s.found
}

func (s *sweep) add(c, lo, hi int32) {
	if !s.whole {
		lo = max(lo, c+1)
	}
	if lo < hi {
		s.found = append(s.found, span{lo, hi})
	}
}

// upTo is the first cell of the lane beyond a column.
func (s *sweep) upTo(k *cursor, col int32) int32 {
	in := s.cells[k.first:k.last]
	return k.first + int32(sort.Search(len(in), func(i int) bool { return in[i].col > col }))
}
