package density

import "math"

// loose are the groups of an Engine whose eps leaves cells no cliques: worked out
// from scratch each time.
type loose struct {
	labels []Label // by slot
	base   Group   // names of groups come after it
	count  int
}

func (l *loose) group(slot int32) Group {
	if c := l.labels[slot].Cluster; c != Noise {
		return l.base + 1 + Group(c)
	}
	return NoGroup
}

func (l *loose) groups() []Group {
	groups := make([]Group, l.count)
	for i := range groups {
		groups[i] = l.base + 1 + Group(i)
	}
	return groups
}

func (l *loose) rework(e *Engine) Settled {
	points := make([]Point, len(e.points))
	for i := range points {
		points[i].Lat = math.NaN() // a spare slot is nowhere
	}
	for _, slot := range e.slots {
		points[slot] = e.points[slot].Point
	}
	s := Settled{Ended: l.groups()}
	l.base += Group(l.count)
	l.labels, l.count = Cluster(points, e.params), 0
	for _, label := range l.labels {
		l.count = max(l.count, label.Cluster+1)
	}
	s.Changed = l.groups()
	return s
}
