package density

// cluster is homes that links hold together.
type cluster struct {
	name    Group
	cells   []int32
	touched bool
}

// found makes a cluster of one home.
func (e *Engine) found(h int32) *cluster {
	e.newest++
	c := &cluster{name: e.newest}
	e.clusters[c.name] = c
	e.enter(c, h)
	return c
}

func (e *Engine) enter(c *cluster, h int32) {
	e.homes[h].cluster, e.homes[h].at = c, int32(len(c.cells))
	c.cells = append(c.cells, h)
}

// leave takes a home out of its cluster, which ends with its last.
func (e *Engine) leave(h int32) {
	c, at, last := e.homes[h].cluster, e.homes[h].at, len(e.homes[h].cluster.cells)-1
	moved := c.cells[last]
	c.cells[at], e.homes[moved].at = moved, at
	c.cells = c.cells[:last]
	e.homes[h].cluster = nil
	if last == 0 {
		e.end(c)
	}
}

func (e *Engine) end(c *cluster) {
	c.cells = nil
	delete(e.clusters, c.name)
	if c.name <= e.before { // else nobody has heard of it
		e.ended = append(e.ended, c.name)
	}
}

func (e *Engine) touch(c *cluster) {
	if !c.touched {
		c.touched = true
		e.touched = append(e.touched, c)
	}
}

// unite lets the smaller of two clusters go into the larger.
func (e *Engine) unite(a, b *cluster) {
	if a == b {
		return
	}
	if len(a.cells) < len(b.cells) {
		a, b = b, a
	}
	e.touch(a)
	for _, h := range b.cells {
		e.enter(a, h)
	}
	e.end(b)
}

// visit says who came to a home first, in the search that an epoch is.
type visit struct {
	epoch  uint32
	strand int32
}

// strand is a search that sets out from one home, nearest first. Strands that meet
// become one.
type strand struct {
	into int32   // union-find
	todo []int32 // from head on; what is before was looked around
	head int
	done []int32 // what strands that became this one had looked around
	gone bool    // its homes are a cluster of their own
}

// splitAll parts the clusters that lost links where they fall apart. Whatever
// part there is holds a home that lost one, so it is enough to set out from
// those.
func (e *Engine) splitAll() {
	if len(e.suspects) == 0 {
		return
	}
	from := map[*cluster][]int32{}
	var order []*cluster
	for _, h := range e.suspects {
		if c := e.homes[h].cluster; c != nil {
			if from[c] == nil {
				order = append(order, c)
			}
			from[c] = append(from[c], h)
		}
	}
	for _, c := range order {
		e.split(c, from[c])
	}
}

// split searches from all homes at once, a step each in turn, until one strand is
// left. Those that ran out before are parts of their own.
func (e *Engine) split(c *cluster, homes []int32) {
	if e.epoch++; e.epoch == 0 {
		clear(e.seen)
		e.epoch = 1
	}
	s := &search{Engine: e}
	for _, h := range homes {
		if e.seen[h].epoch != e.epoch {
			i := int32(len(s.strands))
			e.seen[h] = visit{e.epoch, i}
			s.strands = append(s.strands, strand{into: i, todo: []int32{h}})
		}
	}
	s.active = len(s.strands)
	for s.active > 1 {
		for i := range s.strands {
			one := &s.strands[i]
			if s.active == 1 {
				return
			}
			if one.into != int32(i) || one.gone || s.step(int32(i)) {
				continue
			}
			one.gone = true
			s.active--
			e.part(c, append(one.done, one.todo...))
		}
	}
}

type search struct {
	*Engine
	strands []strand
	active  int
}

// step looks around one home of strand i, and reports whether there was one.
func (s *search) step(i int32) bool {
	one := &s.strands[i]
	if one.head == len(one.todo) {
		return false
	}
	h := one.todo[one.head]
	one.head++
	for _, l := range s.homes[h].links {
		if l.mine < 0 {
			continue
		}
		if s.seen[l.to].epoch != s.epoch {
			s.seen[l.to] = visit{s.epoch, i}
			s.strands[i].todo = append(s.strands[i].todo, l.to)
		} else if other := s.find(s.seen[l.to].strand); other != i {
			i = s.merge(i, other)
		}
	}
	return true
}

// merge makes one strand of two, and says which.
func (s *search) merge(i, j int32) int32 {
	a, b := &s.strands[i], &s.strands[j]
	if len(a.todo)+len(a.done) < len(b.todo)+len(b.done) {
		a, b, i, j = b, a, j, i
	}
	a.done = append(append(a.done, b.done...), b.todo[:b.head]...)
	a.todo = append(a.todo, b.todo[b.head:]...)
	*b = strand{into: i}
	s.active--
	return i
}

func (s *search) find(i int32) int32 {
	for s.strands[i].into != i {
		s.strands[i].into = s.strands[s.strands[i].into].into
		i = s.strands[i].into
	}
	return i
}

// part makes a cluster of some homes of another.
func (e *Engine) part(c *cluster, homes []int32) {
	e.touch(c)
	for i, h := range homes {
		e.leave(h)
		if i == 0 {
			e.touch(e.found(h))
		} else {
			e.enter(e.homes[homes[0]].cluster, h)
		}
	}
}
