package density

// key is where a home lies: a square of the mesh and a slot of time.
type key struct {
	slot     int64
	row, col int32
}

// home is a cell that lasts: its members are neighbours of each other, and it is
// a vertex of the graph whose parts are the clusters.
type home struct {
	key     key
	members []member
	links   []link // to all homes that may hold a neighbour of a member
	weight  uint64 // of all members
	cores   int32
	at      int32    // in the cluster's cells
	cluster *cluster // nil without cores
}

// link leads to another home, and has its counterpart there. Where cores of both
// are neighbours it knows two that are, the witnesses; only such links hold
// clusters together.
type link struct {
	to           int32
	mine, theirs int32 // slots; -1 for none
}

// dense reports whether all members are cores, whatever lies around.
func (e *Engine) dense(h *home) bool { return h.weight >= e.enough }

// homeOf finds the home of a point, or makes it.
func (e *Engine) homeOf(p *held) int32 {
	k := key{slot: e.slotOf(p.Time), row: e.rowOf(p.Lat)}
	k.col = colOf(p.Lon, e.columns(k.row))
	if h, ok := e.byKey[k]; ok {
		return h
	}
	h := int32(len(e.homes))
	if n := len(e.spareHomes); n > 0 {
		h, e.spareHomes = e.spareHomes[n-1], e.spareHomes[:n-1]
	} else {
		e.homes, e.seen = append(e.homes, home{}), append(e.seen, visit{})
	}
	own := &e.homes[h]
	own.key = k
	first, last := e.mesh.slots(k.slot)
	e.around(k.row, k.col, func(row, from, to int32) {
		for slot := first; slot <= last; slot++ {
			for col := from; col <= to; col++ {
				if d, ok := e.byKey[key{slot: slot, row: row, col: col}]; ok {
					own.links = append(own.links, link{to: d, mine: -1, theirs: -1})
					e.homes[d].links = append(e.homes[d].links, link{to: h, mine: -1, theirs: -1})
				}
			}
		}
	})
	e.byKey[k] = h
	return h
}

// leaveHome takes a point that is no core out of its home, and the home away with
// its last.
func (e *Engine) leaveHome(p *held) {
	h := &e.homes[p.home]
	last := len(h.members) - 1
	h.members[p.pos] = h.members[last]
	e.points[h.members[p.pos].index].pos = p.pos
	h.members = h.members[:last]
	if last > 0 {
		return
	}
	for _, l := range h.links {
		d := &e.homes[l.to]
		i := d.linkTo(p.home)
		d.links[i] = d.links[len(d.links)-1]
		d.links = d.links[:len(d.links)-1]
	}
	delete(e.byKey, h.key)
	*h = home{members: h.members, links: h.links[:0]} // their memory serves again
	e.spareHomes = append(e.spareHomes, p.home)
}

// linkTo is the index of the link to a home, which there must be.
func (h *home) linkTo(other int32) int {
	i := 0
	for h.links[i].to != other {
		i++
	}
	return i
}

// bind sets the witnesses of link i of home h and its counterpart.
func (e *Engine) bind(h int32, i int, mine, theirs int32) {
	l := &e.homes[h].links[i]
	l.mine, l.theirs = mine, theirs
	d := &e.homes[l.to]
	back := &d.links[d.linkTo(h)]
	back.mine, back.theirs = theirs, mine
}

func (e *Engine) member(slot int32) *member {
	p := &e.points[slot]
	return &e.homes[p.home].members[p.pos]
}
