package density

import "math"

// meeting looks for two cores, one of either cell, that are neighbours. Mostly
// the first few pairs hold some. Where they do not (thousands of reports may lie
// on the middle of one town), it halves the cells again and again and leaves out
// halves that are too far apart. Its memory is used again.
type meeting struct{ a, b []member }

// patience is how many pairs are tried before halving.
const patience = 2048

// of answers such a pair, or nil.
func (m *meeting) of(r *reach, a, b []member) (p, q *member) {
	tries := 0
	for i := range a {
		if !a[i].core {
			continue
		}
		if tries > patience {
			return m.slowly(r, a, b)
		}
		for j := range b {
			if b[j].core && r.near(&a[i], &b[j]) {
				return &a[i], &b[j]
			}
		}
		tries += len(b)
	}
	return nil, nil
}

func (m *meeting) slowly(r *reach, a, b []member) (p, q *member) {
	m.a, m.b = cores(m.a[:0], a), cores(m.b[:0], b)
	return r.halve(m.a, m.b, boxOf(m.a), boxOf(m.b))
}

func cores(into, from []member) []member {
	for i := range from {
		if from[i].core {
			into = append(into, from[i])
		}
	}
	return into
}

// halve may reorder a and b.
func (r *reach) halve(a, b []member, boxA, boxB box) (p, q *member) {
	switch {
	case len(a) == 0 || len(b) == 0 || r.outside(&boxA, &boxB):
		return nil, nil
	case boxA.extent() == 0 && boxB.extent() == 0:
		// All of a are in one place at one moment, and so are all of b.
		a, b = a[:1], b[:1]
	}
	if len(a)*len(b) <= 64 {
		for i := range a {
			for j := range b {
				if r.near(&a[i], &b[j]) {
					return &a[i], &b[j]
				}
			}
		}
		return nil, nil
	}
	if boxA.extent() < boxB.extent() {
		q, p = r.halve(b, a, boxB, boxA)
		return p, q
	}
	low, high := boxA.part(a)
	if p, q = r.halve(low, b, boxOf(low), boxB); p != nil {
		return p, q
	}
	return r.halve(high, b, boxOf(high), boxB)
}

// outside reports that nothing in one box is a neighbour of anything in the other.
func (r *reach) outside(a, b *box) bool {
	if a.from > b.to && apart(a.from, b.to) > r.window || b.from > a.to && apart(b.from, a.to) > r.window {
		return true
	}
	gap := func(lo, hi, otherLo, otherHi float64) float64 { return max(otherLo-hi, lo-otherHi, 0) }
	x, y, z := gap(a.lo.x, a.hi.x, b.lo.x, b.hi.x), gap(a.lo.y, a.hi.y, b.lo.y, b.hi.y), gap(a.lo.z, a.hi.z, b.lo.z, b.hi.z)
	return x*x+y*y+z*z > r.beyond
}

// box is the smallest box along the axes and in time around some members.
type box struct {
	lo, hi   vector
	from, to int64
}

func boxOf(all []member) box {
	inf := math.Inf(1)
	b := box{lo: vector{inf, inf, inf}, hi: vector{-inf, -inf, -inf}, from: math.MaxInt64, to: math.MinInt64}
	for i := range all {
		m := &all[i]
		b.lo = vector{min(b.lo.x, m.x), min(b.lo.y, m.y), min(b.lo.z, m.z)}
		b.hi = vector{max(b.hi.x, m.x), max(b.hi.y, m.y), max(b.hi.z, m.z)}
		b.from, b.to = min(b.from, m.when), max(b.to, m.when)
	}
	return b
}

// extent is the longest edge of the box on the unit sphere, or if that is
// nothing, whether it has any in time.
func (b *box) extent() float64 {
	if e := max(b.hi.x-b.lo.x, b.hi.y-b.lo.y, b.hi.z-b.lo.z); e > 0 {
		return e
	}
	if b.to > b.from {
		return math.SmallestNonzeroFloat64
	}
	return 0
}

// part puts those in the lower half of the longest edge first. Both halves hold
// somebody, whatever the rounding.
func (b *box) part(all []member) (low, high []member) {
	x, y, z := b.hi.x-b.lo.x, b.hi.y-b.lo.y, b.hi.z-b.lo.z
	noon := b.from + int64(apart(b.from, b.to)/2)
	below := func(m *member) bool { return m.when <= noon }
	switch longest := max(x, y, z); {
	case longest == 0:
	case x == longest:
		mid := middle(b.lo.x, b.hi.x)
		below = func(m *member) bool { return m.x <= mid }
	case y == longest:
		mid := middle(b.lo.y, b.hi.y)
		below = func(m *member) bool { return m.y <= mid }
	default:
		mid := middle(b.lo.z, b.hi.z)
		below = func(m *member) bool { return m.z <= mid }
	}
	n := 0
	for i := range all {
		if below(&all[i]) {
			all[i], all[n] = all[n], all[i]
			n++
		}
	}
	return all[:n], all[n:]
}

// middle is at least lo and less than hi.
func middle(lo, hi float64) float64 {
	if mid := lo + (hi-lo)/2; mid < hi {
		return mid
	}
	return lo
}
