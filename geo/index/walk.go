package index

import (
	"math/bits"
	"sort"
)

// span is a stretch of rows of one part of one segment.
type span struct {
	state       *state
	first, last int // rows [first,last)
}

// node is a cell of the square at some level of halving, one of 4^level. The
// zero node is the whole square.
type node struct {
	prefix uint64 // the first key in it
	level  int
}

// walk goes down the quadtree that the Z-curve is, over all segments at once,
// leaving out what is empty or outside.
type walk struct {
	filter *Filter
	window *window // nil without bounds
	level  int     // cells of this level are told apart; -1: none are
	emit   func(*tally)
	visit  func(sp span, exact bool) // instead of tallies and emit
	stack  []span
	cell   *tally // the one being filled: nil or &tally
	tally  tally
	loose  [16]looseRow // room for sortOut
	plain  bool         // whether the filter keeps every row within bounds and phase
	enough bool         // emit wants no more
}

// judge is Filter.judge, which a plain filter need not be asked.
func (w *walk) judge(b *block) verdict {
	if w.plain {
		return all
	}
	return w.filter.judge(b)
}

// fewRows is where looking at every row is quicker than halving further.
const fewRows = 48

// run walks the part of the view below a node.
func (w *walk) run(v *View, from node) {
	f := w.filter
	w.plain = f.Since == 0 && f.Until == 0 && f.Categories == 0 && f.Status == 0 && f.Severity == 0 && f.IDs == nil && f.Match == nil
	if f.Bounds != nil {
		w.window = newWindow(*w.filter.Bounds)
	}
	for i := range v.states {
		st := &v.states[i]
		for _, p := range st.parts {
			if p.located && w.filter.wants(p) {
				sp := span{state: st, first: p.first, last: p.last}
				if from.level > 0 {
					sp.first = sp.search(from.prefix)
					if end := from.prefix + from.size(); end != 0 {
						sp.last = sp.search(end)
					}
				}
				if sp.first < sp.last {
					w.stack = append(w.stack, sp)
				}
			}
		}
	}
	if len(w.stack) > 0 {
		w.down(from, 0, len(w.stack), w.window == nil)
	}
}

// size is how many keys a node has; 0 stands for all 2⁶⁴.
func (n node) size() uint64 { return 1 << (64 - 2*n.level) }

// search is the first row of the span whose key is not below key.
func (sp span) search(key uint64) int {
	keys := sp.state.key[sp.first:sp.last]
	return sp.first + sort.Search(len(keys), func(i int) bool { return keys[i] >= key })
}

// down deals with a node whose rows are the spans stack[from:until]. inside
// says that no row of it needs the test of the bounds.
func (w *walk) down(n node, from, until int, inside bool) {
	if w.enough {
		return
	}
	if !inside {
		x, y := deinterleave(n.prefix)
		switch w.window.judge(x, y, units>>n.level) {
		case none:
			return
		case all:
			inside = true
		}
	}
	if n.level == w.level {
		w.open(n)
		defer w.close()
	}
	apart := n.level < w.level // whether cells of this node are still to be told apart
	rows := 0
	for _, sp := range w.stack[from:until] {
		rows += sp.last - sp.first
	}
	switch {
	case !apart && (inside || rows <= fewRows), n.level == 32:
		w.take(n, from, until, inside)
	case apart && rows <= len(w.loose):
		w.sortOut(from, until, inside)
	default:
		w.split(n, from, until, inside)
	}
}

func (w *walk) open(n node) {
	w.tally = tally{cell: n}
	w.cell = &w.tally
}

func (w *walk) close() {
	if w.cell.count > 0 && w.emit != nil {
		w.emit(w.cell)
	}
	w.cell = nil
}

// split goes down into the four quarters of a node.
func (w *walk) split(n node, from, until int, inside bool) {
	child := node{level: n.level + 1}
	base := len(w.stack)
	// One pass over the spans finds where all four quarters begin.
	cuts := make([][5]int, 0, 8)
	for _, sp := range w.stack[from:until] {
		c := [5]int{0: sp.first, 4: sp.last}
		rest := sp
		for q := 1; q < 4; q++ {
			c[q] = rest.search(n.prefix + uint64(q)*child.size())
			rest.first = c[q]
		}
		cuts = append(cuts, c)
	}
	for q := range 4 {
		for i, c := range cuts {
			if c[q] < c[q+1] {
				w.stack = append(w.stack, span{state: w.stack[from+i].state, first: c[q], last: c[q+1]})
			}
		}
		if len(w.stack) > base {
			child.prefix = n.prefix + uint64(q)*child.size()
			w.down(child, base, len(w.stack), inside)
			w.stack = w.stack[:base]
		}
	}
}

// take hands the rows of a node on without dividing it further.
func (w *walk) take(n node, from, until int, inside bool) {
	alone := w.cell == nil && w.visit == nil
	if alone {
		w.open(n)
	}
	for _, sp := range w.stack[from:until] {
		if w.visit != nil {
			w.visit(sp, !inside)
		} else {
			w.cell.gather(w, sp, !inside)
		}
	}
	if alone {
		w.close()
	}
}

// sortOut tells the cells of a handful of rows apart without going down to each.
func (w *walk) sortOut(from, until int, inside bool) {
	found := w.loose[:0]
	for _, sp := range w.stack[from:until] {
		w.rows(sp, !inside, func(row int) bool {
			one := looseRow{key: sp.state.key[row], state: sp.state, row: row}
			at := len(found)
			found = append(found, one)
			for ; at > 0 && found[at-1].key > one.key; at-- {
				found[at] = found[at-1]
			}
			found[at] = one
			return true
		})
	}
	within := node{level: w.level}.size() - 1
	for i, one := range found {
		if i == 0 || one.key&^within != w.tally.cell.prefix {
			if i > 0 {
				w.close()
			}
			w.open(node{prefix: one.key &^ within, level: w.level})
		}
		w.cell.addRow(one.state, one.row)
	}
	if len(found) > 0 {
		w.close()
	}
}

// looseRow is a row on its way to its cell.
type looseRow struct {
	key   uint64
	state *state
	row   int
}

// rows calls do for every living row of a span that the filter keeps; exact
// asks the bounds about every one. It reports whether do always said to go on.
func (w *walk) rows(sp span, exact bool, do func(row int) bool) bool {
	st, bounds := sp.state, w.filter.Bounds
	if !exact {
		bounds = nil
	}
	for n := sp.first / blockRows; n*blockRows < sp.last; n++ {
		b := st.block(n)
		mask := sp.mask(n) & b.alive
		if mask == 0 {
			continue
		}
		switch w.judge(b) {
		case none:
			continue
		case some:
			mask = w.filter.sieve(st.segment, n, mask)
		}
		for ; mask != 0; mask &= mask - 1 {
			row := n*blockRows + bits.TrailingZeros64(mask)
			if st.within(bounds, row) && !do(row) {
				return false
			}
		}
	}
	return true
}

// mask has a bit for every row of a block that lies in the span.
func (sp span) mask(block int) uint64 {
	mask := uint64(fullBlock)
	if low := sp.first - block*blockRows; low > 0 {
		mask <<= low
	}
	if high := (block+1)*blockRows - sp.last; high > 0 {
		mask &= fullBlock >> high
	}
	return mask
}
