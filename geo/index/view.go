package index

import (
	"bytes"
	"container/heap"
	"slices"

	"github.com/onyo-project/onyo/geo"
)

// View is an index at one moment. It never changes and may be used by many at
// once. Keep it no longer than a request takes: it holds memory.
type View struct {
	states     []state
	generation uint64
}

// Generation grows with every Put and Delete: two views of one index with the
// same generation hold the same items.
func (v *View) Generation() uint64 { return v.generation }

// Len is the number of items, located or not.
func (v *View) Len() int {
	n := 0
	for i := range v.states {
		n += v.states[i].alive
	}
	return n
}

// Get is the item with an ID, in the time of a few binary searches.
func (v *View) Get(id ID) (Item, bool) {
	for i := range v.states {
		st := &v.states[i]
		if row, ok := st.find(id); ok && st.isAlive(row) {
			return st.item(row), true
		}
	}
	return Item{}, false
}

// Query hands every item that the filter keeps to yield, in no order, until
// yield returns false.
func (v *View) Query(f Filter, yield func(Item) bool) {
	v.eachRow(&f, func(st *state, row int) bool { return yield(st.item(row)) })
}

// Count is how many items the filter keeps.
func (v *View) Count(f Filter) int {
	if f.IDs != nil {
		n := 0
		v.eachRow(&f, func(*state, int) bool { n++; return true })
		return n
	}
	var total tally
	w := &walk{filter: &f, level: -1, emit: func(t *tally) { total.count += t.count }}
	w.run(v, node{})
	for i := range v.states {
		st := &v.states[i]
		for _, p := range st.parts {
			if !p.located && f.wants(p) {
				total.gather(w, span{state: st, first: p.first, last: p.last}, false)
			}
		}
	}
	return total.count
}

// Page is the first limit items that the filter keeps whose ID is greater than
// after (nil starts at the beginning), by ID. The last one's ID leads on to the
// next page; more says whether there is one. Items put or deleted between two
// pages move no other.
func (v *View) Page(f Filter, after *ID, limit int) (items []Item, more bool) {
	first := &greatest{}
	v.eachRow(&f, func(st *state, row int) bool {
		id := &st.id[row]
		if after != nil && bytes.Compare(id[:], after[:]) <= 0 {
			return true
		}
		if len(*first) > max(0, limit) { // one more than asked for tells of a next page
			if bytes.Compare(id[:], (*first)[0].id[:]) >= 0 {
				return true
			}
			(*first)[0] = candidate{id: id, state: st, row: row}
			heap.Fix(first, 0)
			return true
		}
		heap.Push(first, candidate{id: id, state: st, row: row})
		return true
	})
	slices.SortFunc(*first, func(a, b candidate) int { return bytes.Compare(a.id[:], b.id[:]) })
	more = len(*first) > max(0, limit)
	for _, c := range (*first)[:min(len(*first), max(0, limit))] {
		items = append(items, c.state.item(c.row))
	}
	return items, more
}

type candidate struct {
	id    *ID
	state *state
	row   int
}

// greatest is a heap with the greatest ID on top.
type greatest []candidate

func (h greatest) Len() int           { return len(h) }
func (h greatest) Less(i, j int) bool { return bytes.Compare(h[i].id[:], h[j].id[:]) > 0 }
func (h greatest) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *greatest) Push(x any)        { *h = append(*h, x.(candidate)) }
func (h *greatest) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// eachRow calls do for every row that the filter keeps, until it returns false.
func (v *View) eachRow(f *Filter, do func(*state, int) bool) {
	if f.IDs != nil {
		v.eachNamed(f, do)
		return
	}
	w := &walk{filter: f, level: -1}
	stopped := false
	w.visit = func(sp span, exact bool) {
		stopped = stopped || !w.rows(sp, exact, func(row int) bool { return do(sp.state, row) })
	}
	w.run(v, node{})
	for i := range v.states {
		st := &v.states[i]
		for _, p := range st.parts {
			if !p.located && f.wants(p) && !stopped {
				w.visit(span{state: st, first: p.first, last: p.last}, false)
			}
		}
	}
}

// eachNamed looks the IDs of the filter up, which is less work than looking at
// every row for a set that is not most of the index.
func (v *View) eachNamed(f *Filter, do func(*state, int) bool) {
	for id := range f.IDs {
		for i := range v.states {
			st := &v.states[i]
			row, ok := st.find(id)
			if !ok || !st.isAlive(row) {
				continue
			}
			if f.wants(st.partOf(row)) && f.passes(st.segment, row) && st.within(f.Bounds, row) && !do(st, row) {
				return
			}
			break
		}
	}
}

// within reports whether a located row lies in the bounds, if there are any.
func (s *segment) within(b *geo.Bounds, row int) bool {
	return b == nil || b.Contains(geo.Point{Lon: s.lon[row], Lat: s.lat[row]})
}
