package density

// promote makes points cores: their homes join clusters, clusters meet, and some
// points are on the border of others than before.
func (e *Engine) promote(slots []int32) {
	for _, slot := range slots {
		p := &e.points[slot]
		h := &e.homes[p.home]
		h.members[p.pos].core = true
		h.cores++
		if h.cluster == nil {
			e.found(p.home)
		}
		e.touch(h.cluster)
		if p.owner >= 0 {
			e.touch(e.clusterOf(p.owner))
			p.owner = -1
		}
	}
	for _, slot := range slots {
		p, own := e.points[slot].home, e.member(slot)
		for i := range e.homes[p].links {
			if l := &e.homes[p].links[i]; l.mine < 0 && e.homes[l.to].cores > 0 {
				e.meet(p, i, own)
			}
		}
	}
	for _, slot := range slots {
		e.offer(slot)
	}
}

// meet binds link i of home h if core p has a neighbour among the cores beyond.
func (e *Engine) meet(h int32, i int, p *member) {
	to := e.homes[h].links[i].to
	those := e.homes[to].members
	for j := range those {
		if those[j].core && e.near(p, &those[j]) {
			e.bind(h, i, p.index, those[j].index)
			e.unite(e.homes[h].cluster, e.homes[to].cluster)
			return
		}
	}
}

// offer makes a new core the owner of those that have none nearer.
func (e *Engine) offer(slot int32) {
	core, from := e.member(slot), e.clusterOf(slot)
	e.borders(e.points[slot].home, func(q *member) {
		if !e.near(q, core) {
			return
		}
		best, was := e.nearest(), e.points[q.index].owner
		if was >= 0 {
			best.offer(&e.reach, q, e.member(was))
		}
		if best.offer(&e.reach, q, core); best.core == core {
			e.points[q.index].owner = slot
			e.touch(from)
			if was >= 0 {
				e.touch(e.clusterOf(was))
			}
		}
	})
}

// borders calls do with all members of the home and of those around that are no
// cores.
func (e *Engine) borders(h int32, do func(q *member)) {
	in := func(d *home) {
		if int(d.cores) == len(d.members) {
			return
		}
		for i := range d.members {
			if !d.members[i].core {
				do(&d.members[i])
			}
		}
	}
	own := &e.homes[h]
	in(own)
	for _, l := range own.links {
		in(&e.homes[l.to])
	}
}

// demote takes what they are from cores: links lose witnesses, homes leave
// clusters, and some points are on the border of others than before, or of none.
// One of them, perhaps, is leaving altogether.
func (e *Engine) demote(slots []int32, leaving int32) {
	for _, slot := range slots {
		p := &e.points[slot]
		h := &e.homes[p.home]
		h.members[p.pos].core = false
		h.cores--
		e.touch(h.cluster)
	}
	for _, slot := range slots {
		h := e.points[slot].home
		for i := range e.homes[h].links {
			if e.homes[h].links[i].mine == slot {
				e.rebind(h, i)
			}
		}
	}
	for _, slot := range slots {
		if h := e.points[slot].home; e.homes[h].cores == 0 && e.homes[h].cluster != nil {
			e.leave(h)
		}
	}
	for _, slot := range slots {
		e.borders(e.points[slot].home, func(q *member) {
			switch owner := e.points[q.index].owner; {
			case q.index == leaving:
			case owner == slot || q.index == slot:
				e.own(q)
			}
		})
	}
}

// rebind looks for other witnesses for a link that lost one.
func (e *Engine) rebind(h int32, i int) {
	to := e.homes[h].links[i].to
	if e.homes[h].cores > 0 && e.homes[to].cores > 0 {
		if p, q := e.meeting.of(&e.reach, e.homes[h].members, e.homes[to].members); p != nil {
			e.bind(h, i, p.index, q.index)
			return
		}
	}
	e.bind(h, i, -1, -1)
	e.suspects = append(e.suspects, h, to)
}

// own finds the owner of a point that is no core.
func (e *Engine) own(p *member) {
	best := e.nearest()
	h := &e.homes[e.points[p.index].home]
	in := func(d *home) {
		for i := range d.members {
			if d.members[i].core {
				best.offer(&e.reach, p, &d.members[i])
			}
		}
	}
	if h.cores > 0 {
		in(h)
	}
	for _, l := range h.links {
		if d := &e.homes[l.to]; d.cores > 0 {
			in(d)
		}
	}
	e.points[p.index].owner = -1
	if best.core != nil {
		e.points[p.index].owner = best.core.index
		e.touch(e.clusterOf(best.core.index))
	}
}

func (e *Engine) clusterOf(core int32) *cluster { return e.homes[e.points[core].home].cluster }
