package index

import (
	"bytes"
	"math/bits"
	"slices"
	"strconv"

	"github.com/onyo-project/onyo/geo"
)

const (
	// SinglesZoom is the zoom from which every item is drawn by itself.
	SinglesZoom = 17
	// cellHalvings is how often a tile of 512 pixels is halved into cells: a
	// cell is 64 pixels wide.
	cellHalvings = 3
)

// Cluster is the items in one cell of a zoom's grid, or one item alone.
type Cluster struct {
	// ID is the cell at its zoom: the same as long as something is in it. A
	// single item is better known by its own; only below SinglesZoom does this
	// one differ between any two clusters.
	ID ClusterID
	// Lon and Lat are the middle of the items on the web-mercator map; of a
	// single item they are its own.
	Lon, Lat float64
	// Count is how many items; it is never 0.
	Count int
	// Weight, Reports and Sources are sums.
	Weight, Reports, Sources uint64
	// Severity is the greatest.
	Severity uint8
	// ExpansionZoom is the zoom at which the cluster comes apart, at most
	// SinglesZoom; of a single item it is the zoom asked for.
	ExpansionZoom int
	// Single is the item, if it is one alone.
	Single *Item
}

// ClusterID names a cell of the grid of a zoom.
type ClusterID uint64

// String is short and safe in an address.
func (id ClusterID) String() string { return "c" + strconv.FormatUint(uint64(id), 36) }

// Clusters draws the items that the filter keeps and that lie within b (edges
// included, as geo.Bounds.Contains) together at a zoom: one Cluster for every
// cell that holds any, in the order of the cells. Below SinglesZoom a cell is
// 64 of the 512 pixels of a tile; from there on every item is alone. Only items
// within b count, so that the counts add up to Count with the same bounds at
// every zoom. Zooms below 0 are 0. f.Bounds is ignored.
func (v *View) Clusters(b geo.Bounds, zoom int, f Filter) []Cluster {
	f.Bounds = &b
	return v.clusters(node{}, zoom, &f)
}

// ClustersAtMost is Clusters at the greatest zoom up to the one asked for that
// needs no more than limit of them, and that zoom: a crowded map grows coarser
// and never leaves anything out. At zoom 0 it may still exceed the limit.
func (v *View) ClustersAtMost(b geo.Bounds, zoom int, f Filter, limit int) ([]Cluster, int) {
	f.Bounds = &b
	for zoom = max(0, min(zoom, SinglesZoom)); zoom > 0; zoom-- {
		if clusters, whole := v.drawn(zoom, &f, limit); whole {
			return clusters, zoom
		}
	}
	return v.clusters(node{}, 0, &f), 0
}

// TileClusters is Clusters for one tile of the web-mercator scheme, which is
// 1/2^z of the square wide. Every located item is in exactly one tile of each
// zoom, so that the counts of all tiles add up. Tiles that are not on the
// square hold nothing. f.Bounds may narrow the tile further.
func (v *View) TileClusters(z, x, y int, f Filter) []Cluster {
	if z < 0 || z > 30 || x < 0 || y < 0 || x >= 1<<z || y >= 1<<z {
		return nil
	}
	shift := 32 - z
	return v.clusters(node{prefix: interleave(uint32(uint64(x)<<shift), uint32(uint64(y)<<shift)), level: z}, z, &f)
}

func (v *View) clusters(from node, zoom int, f *Filter) []Cluster {
	zoom = max(0, zoom)
	if zoom >= SinglesZoom || f.IDs != nil {
		return v.gathered(from, zoom, f)
	}
	var out []Cluster
	w := &walk{filter: f, level: max(zoom+cellHalvings, from.level)}
	w.emit = func(t *tally) { out = append(out, t.cluster(zoom)) }
	w.run(v, from)
	return out
}

// drawn is the clusters of a zoom, and whether they are all there are: it gives
// up where they are more than limit.
func (v *View) drawn(zoom int, f *Filter, limit int) (out []Cluster, whole bool) {
	switch {
	case zoom >= SinglesZoom && v.Count(*f) > limit:
		return nil, false
	case zoom >= SinglesZoom || f.IDs != nil:
		out = v.gathered(node{}, zoom, f)
		return out, len(out) <= limit
	}
	w := &walk{filter: f, level: zoom + cellHalvings}
	w.emit = func(t *tally) {
		if w.enough = len(out) == limit; !w.enough {
			out = append(out, t.cluster(zoom))
		}
	}
	w.run(v, node{})
	return out, !w.enough
}

// gathered makes clusters row by row: where every item is alone, and where the
// items are named and lie anywhere.
func (v *View) gathered(from node, zoom int, f *Filter) []Cluster {
	level := 32
	if zoom < SinglesZoom {
		level = max(zoom+cellHalvings, from.level)
	}
	cellOf := func(key uint64) uint64 { return key &^ (node{level: level}.size() - 1) }
	var rows []tally
	add := func(st *state, row int) {
		key := st.key[row]
		if !st.partOf(row).located || from.level > 0 && key&^(from.size()-1) != from.prefix {
			return
		}
		t := tally{cell: node{prefix: cellOf(key), level: level}}
		t.addRow(st, row)
		rows = append(rows, t)
	}
	if f.IDs != nil {
		v.eachNamed(f, func(st *state, row int) bool { add(st, row); return true })
	} else {
		w := &walk{filter: f, level: -1}
		w.visit = func(sp span, exact bool) {
			w.rows(sp, exact, func(row int) bool { add(sp.state, row); return true })
		}
		w.run(v, from)
	}
	slices.SortFunc(rows, func(a, b tally) int {
		if a.low != b.low {
			if a.low < b.low {
				return -1
			}
			return 1
		}
		return bytes.Compare(a.state.id[a.row][:], b.state.id[b.row][:])
	})
	var out []Cluster
	for i := 0; i < len(rows); {
		t := rows[i]
		for i++; zoom < SinglesZoom && i < len(rows) && rows[i].cell == t.cell; i++ {
			t.join(&rows[i])
		}
		out = append(out, t.cluster(zoom))
	}
	return out
}

// tally is what has been counted of a cell.
type tally struct {
	cell node
	sums
	count      int
	severities uint32
	low, high  uint64 // the least and greatest key
	state      *state // where the first row is that was counted
	row        int
}

// gather adds the rows of a span that the filter keeps; exact asks the bounds
// about every one.
func (t *tally) gather(w *walk, sp span, exact bool) {
	for n := sp.first / blockRows; n*blockRows < sp.last; n++ {
		if n%pageBlocks == 0 && !exact && n*blockRows >= sp.first && (n+pageBlocks)*blockRows <= sp.last && t.gatherPage(w, sp.state, n) {
			n += pageBlocks - 1
			continue
		}
		b := sp.state.block(n)
		mask := sp.mask(n) & b.alive
		if mask == 0 {
			continue
		}
		judged := w.judge(b)
		if judged == all && mask == b.alive && !exact {
			first, last := n*blockRows+bits.TrailingZeros64(mask), n*blockRows+bits.Len64(mask)-1
			t.join(&tally{sums: b.sums, count: bits.OnesCount64(mask), severities: b.severities,
				low: sp.state.key[first], high: sp.state.key[last], state: sp.state, row: first})
			continue
		}
		switch judged {
		case none:
			continue
		case some:
			mask = w.filter.sieve(sp.state.segment, n, mask)
		}
		for ; mask != 0; mask &= mask - 1 {
			row := n*blockRows + bits.TrailingZeros64(mask)
			if !exact || sp.state.within(w.filter.Bounds, row) {
				t.addRow(sp.state, row)
			}
		}
	}
}

// gatherPage adds the page that begins with the n-th block as a whole, and
// reports whether that could be done.
func (t *tally) gatherPage(w *walk, st *state, n int) bool {
	p := st.pages[n/pageBlocks]
	if p.count == 0 {
		return true
	}
	switch w.judge(&p.total) {
	case none:
		return true
	case some:
		return false
	}
	i, j := p.ends()
	first := (n+i)*blockRows + bits.TrailingZeros64(p.blocks[i].alive)
	last := (n+j)*blockRows + bits.Len64(p.blocks[j].alive) - 1
	t.join(&tally{sums: p.total.sums, count: p.count, severities: p.total.severities,
		low: st.key[first], high: st.key[last], state: st, row: first})
	return true
}

func (t *tally) addRow(st *state, row int) {
	key := st.key[row]
	x, y := deinterleave(key)
	if t.count == 0 {
		t.low, t.high, t.state, t.row = key, key, st, row
	}
	t.low, t.high = min(t.low, key), max(t.high, key)
	t.count++
	t.x += uint64(x)
	t.y += uint64(y)
	t.weight += uint64(st.weight[row])
	t.reports += uint64(st.reports[row])
	t.sources += uint64(st.sources[row])
	t.severities |= 1 << st.severity[row]
}

func (t *tally) join(o *tally) {
	if t.count == 0 {
		t.low, t.high, t.state, t.row = o.low, o.high, o.state, o.row
	}
	t.low, t.high = min(t.low, o.low), max(t.high, o.high)
	t.count += o.count
	t.severities |= o.severities
	t.sums.add(&o.sums)
}

// cluster says it in degrees.
func (t *tally) cluster(zoom int) Cluster {
	c := Cluster{
		ID:    ClusterID(uint64(t.cell.level)<<58 | t.cell.prefix>>6),
		Count: t.count, Weight: t.weight, Reports: t.reports, Sources: t.sources,
		Severity: highest(t.severities), ExpansionZoom: zoom,
	}
	if t.count == 1 {
		item := t.state.item(t.row)
		c.Single, c.Lon, c.Lat = &item, item.Lon, item.Lat
		return c
	}
	// A unit's middle stands for what lies in it.
	p := unproject(float64(t.x)/float64(t.count)+0.5, float64(t.y)/float64(t.count)+0.5)
	c.Lon, c.Lat = p.Lon, p.Lat
	// The keys part in the first pair of bits that is not the same in all.
	level := bits.LeadingZeros64(t.low^t.high)/2 + 1
	c.ExpansionZoom = max(zoom+1, min(level-cellHalvings, SinglesZoom))
	return c
}
