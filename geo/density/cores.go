package density

import (
	"math"
	"slices"
	"sort"
)

// findCores marks the points whose neighbourhood weighs enough.
func (g *grid) findCores(minWeight uint64) {
	around := make([]int32, 0, 32)
	for c := range g.cells {
		own := &g.cells[c]
		around = around[:0]
		g.around(own, func(d int32) {
			if !g.tight || d != int32(c) {
				around = append(around, d)
			}
		})
		from, until, within := own.first, own.first, uint64(0)
		for p := own.first; p < own.last; p++ {
			weight := uint64(0)
			if g.tight { // all of the cell that is near in time counts
				for ; until < own.last && apart(g.when[until], g.when[p]) <= g.window; until++ {
					within += g.weight(until)
				}
				for ; apart(g.when[p], g.when[from]) > g.window; from++ {
					within -= g.weight(from)
				}
				weight = within
			}
			for i := 0; i < len(around) && weight < minWeight; i++ {
				weight = g.weigh(p, &g.cells[around[i]], weight, minWeight)
			}
			g.core[p] = weight >= minWeight
		}
	}
}

func (g *grid) weight(rank int32) uint64 { return uint64(g.points[g.order[rank]].Weight) }

// weigh adds the weight of p's neighbours in cell d to weight, and stops once
// there is enough.
func (g *grid) weigh(p int32, d *cell, weight, enough uint64) uint64 {
	if d.around.chord2(g.at[p]) > g.beyond {
		return weight
	}
	q := g.since(d.first, d.last, g.earliest(g.when[p]))
	for ; q < d.last && weight < enough; q++ {
		if apart(g.when[q], g.when[p]) > g.window {
			break
		}
		if g.near(p, q) {
			weight += g.weight(q)
		}
	}
	return weight
}

// run is a row of cores of one cell that certainly share a cluster: each
// follows the one before within the window. Runs of a cell lie more than a
// window apart.
type run struct{ cell, first, last int32 } // ranks [first,last]; not all between are cores

// findRuns gathers the cores of every cell into runs. Where cells are not
// tight every core is a run of its own.
func (g *grid) findRuns() {
	for c := range g.cells {
		own := &g.cells[c]
		own.runs = int32(len(g.runs))
		for p := own.first; p < own.last; p++ {
			if !g.core[p] {
				continue
			}
			last := len(g.runs) - 1
			if g.tight && last >= int(own.runs) && apart(g.when[p], g.when[g.runs[last].last]) <= g.window {
				g.runs[last].last = p
			} else {
				g.runs = append(g.runs, run{cell: int32(c), first: p, last: p})
			}
		}
		own.ends = int32(len(g.runs))
	}
	g.parent = make([]int32, len(g.runs))
	for i := range g.parent {
		g.parent[i] = int32(i)
	}
}

// joinRuns unites runs that hold neighbours.
func (g *grid) joinRuns() {
	for c := range g.cells {
		own := &g.cells[c]
		if own.runs == own.ends {
			continue
		}
		g.around(own, func(d int32) {
			// Every pair of cells is looked at once. A cell's own runs can
			// only be neighbours where cells are not tight.
			if d > int32(c) || d == int32(c) && !g.tight {
				g.joinCells(own, &g.cells[d])
			}
		})
	}
}

func (g *grid) joinCells(c, d *cell) {
	for a := c.runs; a < c.ends; a++ {
		from := d.runs + int32(sort.Search(int(d.ends-d.runs), func(i int) bool {
			return g.when[g.runs[d.runs+int32(i)].last] >= g.earliest(g.when[g.runs[a].first])
		}))
		for b := from; b < d.ends; b++ {
			if start := g.when[g.runs[b].first]; start > g.when[g.runs[a].last] && apart(start, g.when[g.runs[a].last]) > g.window {
				break
			}
			if ra, rb := g.find(a), g.find(b); ra != rb && g.touch(g.runs[a], g.runs[b], d) {
				g.parent[max(ra, rb)] = min(ra, rb)
			}
		}
	}
}

// touch reports whether some core of a is a neighbour of some core of b, which
// lies in cell d.
func (g *grid) touch(a, b run, d *cell) bool {
	for p := a.first; p <= a.last; p++ {
		if !g.core[p] || d.around.chord2(g.at[p]) > g.beyond {
			continue
		}
		q := g.since(b.first, b.last+1, g.earliest(g.when[p]))
		for ; q <= b.last && apart(g.when[q], g.when[p]) <= g.window; q++ {
			if g.core[q] && g.near(p, q) {
				return true
			}
		}
	}
	return false
}

func (g *grid) find(a int32) int32 {
	for g.parent[a] != a {
		g.parent[a] = g.parent[g.parent[a]]
		a = g.parent[a]
	}
	return a
}

// label numbers the clusters and writes every point's label.
func (g *grid) label(labels []Label) {
	number := g.numbers()
	clusterOf := make([]int32, len(g.order)) // by rank, cores only
	for r, one := range g.runs {
		for p := one.first; p <= one.last; p++ {
			if g.core[p] {
				clusterOf[p] = number[g.find(int32(r))]
				labels[g.order[p]] = Label{Cluster: int(clusterOf[p]), Core: true}
			}
		}
	}
	around := make([]int32, 0, 32)
	for c := range g.cells {
		own := &g.cells[c]
		around = around[:0]
		for p := own.first; p < own.last; p++ {
			if g.core[p] {
				continue
			}
			if len(around) == 0 {
				g.around(own, func(d int32) { around = append(around, d) })
			}
			if q := g.nearestCore(p, around); q >= 0 {
				labels[g.order[p]].Cluster = int(clusterOf[q])
			}
		}
	}
}

// numbers maps the root of every cluster to its number: by the first core in
// canonical order.
func (g *grid) numbers() []int32 {
	first := make([]int32, len(g.runs)) // root -> rank of its first core
	var roots []int32
	for r, one := range g.runs {
		root := g.find(int32(r))
		if int(root) == r {
			roots = append(roots, root)
			first[root] = one.first
		}
		for p := one.first; p <= one.last; p++ {
			if g.core[p] && g.compare(p, first[root]) < 0 {
				first[root] = p
			}
		}
	}
	slices.SortFunc(roots, func(a, b int32) int { return g.compare(first[a], first[b]) })
	number := make([]int32, len(g.runs))
	for n, root := range roots {
		number[root] = int32(n)
	}
	return number
}

func (g *grid) compare(a, b int32) int {
	return canonical(g.points[g.order[a]], g.points[g.order[b]])
}

// nearestCore is the rank of the core nearest to p among its neighbours, or -1.
func (g *grid) nearestCore(p int32, around []int32) int32 {
	best, metres, limit := int32(-1), math.Inf(1), g.beyond
	for _, c := range around {
		d := &g.cells[c]
		if d.runs == d.ends || d.around.chord2(g.at[p]) > limit {
			continue
		}
		q := g.since(d.first, d.last, g.earliest(g.when[p]))
		for ; q < d.last && apart(g.when[q], g.when[p]) <= g.window; q++ {
			if !g.core[q] {
				continue
			}
			chord := chord2(g.at[p], g.at[q])
			if chord > limit {
				continue
			}
			m := g.metres(p, q)
			if m <= g.eps && (m < metres || m == metres && g.compare(q, best) < 0) {
				best, metres = q, m
				// Anything clearly farther need not be measured.
				length := math.Sqrt(chord)*(1+1e-9) + 1e-13
				limit = math.Min(limit, length*length)
			}
		}
	}
	return best
}
