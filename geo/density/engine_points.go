package density

// insert gives a point a slot and a home, and makes the cores that it makes.
func (e *Engine) insert(id ID, p Point) int32 {
	slot := int32(len(e.points))
	if n := len(e.spare); n > 0 {
		slot, e.spare = e.spare[n-1], e.spare[:n-1]
	} else {
		e.points = append(e.points, held{})
	}
	one := &e.points[slot]
	*one = held{Point: p, id: id, home: -1, owner: -1}
	e.enterAges(slot)
	if !e.tight || !onEarth(p.Lon, p.Lat) {
		return slot
	}
	one.home = e.homeOf(one)
	h := &e.homes[one.home]
	one.pos = int32(len(h.members))
	m := member{vector: toVector(one.place()), weight: p.Weight, index: slot}
	if e.length != 0 {
		m.when = p.Time
	}
	h.members = append(h.members, m)
	e.turned = e.turned[:0]
	e.gain(h, &h.members[one.pos])
	e.promote(e.turned)
	if own := e.member(slot); own.core {
		e.touch(h.cluster)
	} else {
		e.own(own)
	}
	return slot
}

// gain adds p, the newest of its home, to the sums of its neighbours, and lists
// who is to be a core. Sums are kept only where they matter, in homes that are
// not dense.
func (e *Engine) gain(h *home, p *member) {
	h.weight += uint64(p.weight)
	dense := e.dense(h)
	for _, l := range h.links {
		d := &e.homes[l.to]
		if e.dense(d) && dense {
			continue
		}
		for i := range d.members {
			q := &d.members[i]
			if !e.near(p, q) {
				continue
			}
			p.sum += uint64(q.weight)
			q.sum += uint64(p.weight)
			if !q.core && d.weight+q.sum >= e.enough {
				e.turned = append(e.turned, q.index)
			}
		}
	}
	for i := range h.members {
		if q := &h.members[i]; !q.core && (dense || h.weight+q.sum >= e.enough) {
			e.turned = append(e.turned, q.index)
		}
	}
}

// remove takes a point out, with the cores that were cores through it.
func (e *Engine) remove(slot int32) {
	p := &e.points[slot]
	e.leaveAges(slot)
	if p.home >= 0 {
		e.turned = e.turned[:0]
		own := e.member(slot)
		if own.core {
			e.turned = append(e.turned, slot)
		} else if p.owner >= 0 {
			e.touch(e.clusterOf(p.owner))
			p.owner = -1
		}
		e.lose(&e.homes[p.home], own)
		e.demote(e.turned, slot)
		e.leaveHome(p)
	}
	*p = held{home: -1, owner: -1}
	e.spare = append(e.spare, slot)
}

// lose is gain backwards: it lists who is to be a core no more.
func (e *Engine) lose(h *home, p *member) {
	dense := e.dense(h)
	h.weight -= uint64(p.weight)
	for _, l := range h.links {
		d := &e.homes[l.to]
		if e.dense(d) {
			continue
		}
		for i := range d.members {
			q := &d.members[i]
			if !e.near(p, q) {
				continue
			}
			q.sum -= uint64(p.weight)
			if q.core && d.weight+q.sum < e.enough {
				e.turned = append(e.turned, q.index)
			}
		}
	}
	if e.dense(h) {
		return
	}
	for i := range h.members {
		q := &h.members[i]
		if q == p {
			continue
		}
		if dense {
			e.sumUp(h, q)
		}
		if q.core && h.weight+q.sum < e.enough {
			e.turned = append(e.turned, q.index)
		}
	}
}

// sumUp works out a sum that was not kept while the home was dense.
func (e *Engine) sumUp(h *home, p *member) {
	p.sum = 0
	for _, l := range h.links {
		d := &e.homes[l.to]
		for i := range d.members {
			if e.near(p, &d.members[i]) {
				p.sum += uint64(d.members[i].weight)
			}
		}
	}
}
