package density

import "slices"

// findCores marks the points whose neighbourhood weighs enough.
func (g *grid) findCores() {
	s := sweep{grid: g}
	for l := range g.lanes {
		s.start(l)
		for c := g.lanes[l].first; c < g.lanes[l].last; c++ {
			for _, near := range s.at(c) {
				for d := near.lo; d < near.hi; d++ {
					g.weigh(&g.cells[c], &g.cells[d])
				}
			}
		}
	}
	for i := range g.cells {
		c := &g.cells[i]
		for m := range g.in(c) {
			if one := &g.members[c.first+int32(m)]; c.weight+one.sum >= g.enough {
				one.core = true
				c.cores++
			}
		}
	}
}

func (g *grid) in(c *cell) []member { return g.members[c.first:c.last] }

// weigh adds to the sums of the members of two cells, as long as that may matter:
// in a cell that weighs enough by itself all are cores.
func (g *grid) weigh(c, d *cell) {
	switch {
	case c.weight >= g.enough && d.weight >= g.enough:
	case c.weight >= g.enough:
		g.weighOne(d, c)
	case d.weight >= g.enough:
		g.weighOne(c, d)
	default:
		these, those := g.in(c), g.in(d)
		for i := range these {
			for j := range those {
				if g.near(&these[i], &those[j]) {
					these[i].sum, these[i].met = these[i].sum+uint64(those[j].weight), true
					those[j].sum, those[j].met = those[j].sum+uint64(these[i].weight), true
				}
			}
		}
	}
}

// weighOne adds the members of heavy to the sums of those of light.
func (g *grid) weighOne(light, heavy *cell) {
	these, those := g.in(light), g.in(heavy)
	for i := range these {
		p := &these[i]
		for j := 0; j < len(those) && light.weight+p.sum < g.enough; j++ {
			if g.near(p, &those[j]) {
				p.sum, p.met = p.sum+uint64(those[j].weight), true
			}
		}
	}
}

// join unites the cells that hold cores which are neighbours.
func (g *grid) join() {
	s := sweep{grid: g}
	var meeting meeting
	for l := range g.lanes {
		s.start(l)
		for c := g.lanes[l].first; c < g.lanes[l].last; c++ {
			if g.cells[c].cores == 0 {
				continue
			}
			for _, near := range s.at(c) {
				for d := near.lo; d < near.hi; d++ {
					if g.cells[d].cores == 0 {
						continue
					}
					a, b := g.find(c), g.find(d)
					if a == b {
						continue
					}
					if p, _ := meeting.of(&g.reach, g.in(&g.cells[c]), g.in(&g.cells[d])); p != nil {
						g.cells[max(a, b)].parent = min(a, b)
					}
				}
			}
		}
	}
}

func (g *grid) find(c int32) int32 {
	for g.cells[c].parent != c {
		g.cells[c].parent = g.cells[g.cells[c].parent].parent
		c = g.cells[c].parent
	}
	return c
}

// label writes the label of every point: first the cell that stands for its
// cluster, then the cluster's number.
func (g *grid) label(labels []Label) {
	s := sweep{grid: g, whole: true}
	for l := range g.lanes {
		started := false
		for c := g.lanes[l].first; c < g.lanes[l].last; c++ {
			root := int(g.find(c))
			if g.allCores(labels, c, root) {
				continue
			}
			if !started {
				s.start(l)
				started = true
			}
			near := s.at(c)
			for i, own := 0, g.in(&g.cells[c]); i < len(own); i++ {
				if !own[i].core {
					labels[own[i].index].Cluster = g.nearestCluster(&own[i], near)
				}
			}
		}
	}
	g.number(labels)
}

// allCores labels the cores of a cell, and says that no other member can be in a
// cluster.
func (g *grid) allCores(labels []Label, c int32, root int) bool {
	own := &g.cells[c]
	all := true
	for i, members := 0, g.in(own); i < len(members); i++ {
		if m := &members[i]; m.core {
			labels[m.index] = Label{Cluster: root, Core: true}
		} else if m.met || own.cores > 0 {
			all = false
		}
	}
	return all
}

// nearestCluster is that of the core nearest to p among its neighbours.
func (g *grid) nearestCluster(p *member, around []span) int {
	best, cluster := g.nearest(), int32(Noise)
	for _, near := range around {
		for d := near.lo; d < near.hi; d++ {
			if g.cells[d].cores == 0 {
				continue
			}
			was, those := best.core, g.in(&g.cells[d])
			for j := range those {
				if those[j].core {
					best.offer(&g.reach, p, &those[j])
				}
			}
			if best.core != was {
				cluster = d
			}
		}
	}
	if cluster == Noise {
		return Noise
	}
	return int(g.find(cluster))
}

// number replaces the cells in labels by numbers: by the first core of each
// cluster in canonical order.
func (g *grid) number(labels []Label) {
	first := make([]int32, len(g.cells)) // of a cell that stands for a cluster: a point, from 1
	var roots []int32
	at := func(i int32) Point {
		p := g.points[i]
		place := normal(p.Lon, p.Lat)
		p.Lon, p.Lat = place.Lon, place.Lat
		return p
	}
	for i, l := range labels {
		if !l.Core {
			continue
		}
		switch was := first[l.Cluster]; {
		case was == 0:
			roots = append(roots, int32(l.Cluster))
			first[l.Cluster] = int32(i) + 1
		case canonical(at(int32(i)), at(was-1)) < 0:
			first[l.Cluster] = int32(i) + 1
		}
	}
	slices.SortFunc(roots, func(a, b int32) int { return canonical(at(first[a]-1), at(first[b]-1)) })
	for n, root := range roots {
		first[root] = int32(n)
	}
	for i := range labels {
		if labels[i].Cluster != Noise {
			labels[i].Cluster = int(first[labels[i].Cluster])
		}
	}
}
