package index

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Index is a set of items by ID, written by one and read by many.
type Index struct {
	writing sync.Mutex
	current atomic.Pointer[View]
}

// New is an empty index.
func New() *Index {
	x := &Index{}
	x.current.Store(&View{})
	return x
}

// Snapshot is the index as it is now. It does not wait, and what it returns
// never changes.
func (x *Index) Snapshot() *View { return x.current.Load() }

// Put inserts items and overwrites those whose ID is held already, unless what
// is held has a greater Version. The items of one call appear together; of
// several with one ID the greatest Version counts, then the last. They can be
// seen before Put returns, and before older items are rearranged. Writers wait
// for each other.
func (x *Index) Put(items ...Item) {
	fresh := newest(items)
	x.write(func(v *View) {
		fresh = slices.DeleteFunc(fresh, func(n uint32) bool { return !v.giveWay(items[n].ID, items[n].Version) })
		if len(fresh) > 0 {
			v.states = append(v.states, newState(build(items, fresh), v.generation))
		}
	})
}

// Delete takes items out; IDs that are not held are ignored.
func (x *Index) Delete(ids ...ID) {
	x.write(func(v *View) {
		for _, id := range ids {
			v.giveWay(id, ^uint64(0))
		}
	})
}

// write publishes what change makes of the current view, then tidies up.
func (x *Index) write(change func(*View)) {
	x.writing.Lock()
	defer x.writing.Unlock()
	next := x.current.Load().next()
	change(next)
	x.current.Store(next)
	if tidy := next.tidied(); tidy != nil {
		x.current.Store(tidy)
	}
}

// newest are the numbers of the newest item of each ID, by ID.
func newest(items []Item) []uint32 {
	order := make([]uint32, len(items))
	for i := range order {
		order[i] = uint32(i)
	}
	sortByID(order, func(n uint32) *ID { return &items[n].ID })
	out := order[:0]
	for _, n := range order {
		last := len(out) - 1
		switch {
		case last < 0 || items[out[last]].ID != items[n].ID:
			out = append(out, n)
		case items[n].Version >= items[out[last]].Version:
			out[last] = n
		}
	}
	return out
}

// next is a copy for the writer to change.
func (v *View) next() *View {
	return &View{states: slices.Clone(v.states), generation: v.generation + 1}
}

// giveWay strikes out what is held of an ID up to a version. It reports false
// if what is held is newer.
func (v *View) giveWay(id ID, version uint64) bool {
	for i := range v.states {
		st := &v.states[i]
		if row, ok := st.find(id); ok && st.isAlive(row) {
			if st.version[row] > version {
				return false
			}
			st.kill(row, v.generation)
			return true
		}
	}
	return true
}

// Segments are kept so that each is at least mergeRatio times as long as the
// next: few to look through, and no item is moved often.
const mergeRatio = 4

// tidied is a view with the same items in fewer, fuller segments, or nil where
// that is not worth it. It shares the generation: nobody can tell the two apart.
func (v *View) tidied() *View {
	states := v.states
	changed := false
	for i := len(states) - 1; i >= 0; i-- {
		rows := len(states[i].key)
		sparse := states[i].alive*4 < rows*3
		crowded := i+1 < len(states) && states[i].alive < mergeRatio*states[i+1].alive
		if !sparse && !crowded {
			continue
		}
		if !changed {
			states, changed = slices.Clone(states), true
		}
		until := i + 1
		if crowded {
			until++
		}
		merged := merge(states[i:until])
		if len(merged.key) == 0 {
			states = slices.Delete(states, i, until)
		} else {
			states = slices.Replace(states, i, until, newState(merged, v.generation))
		}
		i = min(i+1, len(states)) // the result may be out of step with its neighbours
	}
	if !changed {
		return nil
	}
	return &View{states: states, generation: v.generation}
}
