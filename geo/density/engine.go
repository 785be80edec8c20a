package density

import (
	"maps"
	"slices"

	"github.com/onyo-project/onyo/geo"
)

// ID names a point in an Engine. The caller chooses it.
type ID uint64

// Group names a cluster in an Engine: 1 and up, never used again once it ended.
// Which of two clusters that merge goes on under its name, and which part of one
// that splits, is a matter of least work and says nothing: identities that mean
// something are the caller's to give, by members.
type Group uint64

// NoGroup is the group of noise.
const NoGroup Group = 0

// Change is one thing that happened to a point: it is new, or moved, or weighs
// something else, or is from another time; or it is gone.
type Change struct {
	ID    ID
	Point Point
	Gone  bool // whatever Point says
}

// Settled is what some changes came to. Both lists are in ascending order and
// have nothing in common.
type Settled struct {
	// Changed are the groups that are new, or have gained or lost a member, or
	// have one that changed.
	Changed []Group
	// Ended are the groups that are no more: dissolved, or gone into another.
	Ended []Group
}

// Engine keeps the clusters of points that come, change and go. After any changes
// in any order its labels are those of Cluster over the points that are left, but
// for the names of clusters.
//
// A change costs what its neighbourhood holds: some 10 microseconds in a million
// points. Two things take longer. Parts that come together cost in proportion to
// the smaller one. A cluster that loses a link is searched from both ends at
// once, until they meet or one has seen all of its part: in proportion to the
// smaller part, or to the detour around the gap; a cluster of a million points
// that breaks in the middle takes some 0.1 to 0.4 seconds. Nothing is put off:
// when Apply returns, everything is settled. Memory is some 400 bytes a point.
//
// That holds for an EpsMetres from 0.1 to 100,000 metres. Beyond, every Apply
// clusters all points anew, and all groups get new names.
//
// An Engine is not safe for concurrent use.
type Engine struct {
	reach
	mesh
	params Params

	points []held // by slot
	spare  []int32
	slots  map[ID]int32
	ages   ages

	homes      []home // the cells
	spareHomes []int32
	byKey      map[key]int32
	clusters   map[Group]*cluster
	newest     Group

	// Within one Apply:
	before   Group // the newest name when it began
	touched  []*cluster
	ended    []Group
	suspects []int32 // homes that lost a link
	turned   []int32 // slots that become cores, or cease to be
	seen     []visit
	epoch    uint32
	meeting  meeting

	loose loose // all there is where the mesh is not tight
}

// held is a point and where it is.
type held struct {
	Point
	id    ID
	home  int32 // -1 for what is not on Earth
	pos   int32 // in the home's members
	owner int32 // slot of the core that it is on the border of, or -1
	age   int32 // in ages
}

// NewEngine makes an empty Engine. Errors wrap ErrInvalidParams.
func NewEngine(p Params) (*Engine, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	r := newReach(p)
	e := &Engine{reach: r, mesh: newMesh(r), params: p, slots: map[ID]int32{}, byKey: map[key]int32{}, clusters: map[Group]*cluster{}}
	e.place = func(slot int32) geo.Point { return e.points[slot].place() }
	return e, nil
}

func (h *held) place() geo.Point { return geo.Point{Lon: h.Lon, Lat: h.Lat} }

// Len is how many points there are.
func (e *Engine) Len() int { return len(e.slots) }

// Apply makes changes, one after the other, and says what they came to together.
func (e *Engine) Apply(changes ...Change) Settled {
	e.begin()
	for i := range changes {
		e.apply(&changes[i])
	}
	return e.settle()
}

// Expire takes out the points from before a moment (microseconds since 1970 UTC).
func (e *Engine) Expire(before int64) (gone []ID, settled Settled) {
	e.begin()
	for len(e.ages) > 0 && e.points[e.ages[0]].Time < before {
		slot := e.ages[0]
		gone = append(gone, e.points[slot].id)
		delete(e.slots, e.points[slot].id)
		e.remove(slot)
	}
	return gone, e.settle()
}

func (e *Engine) apply(c *Change) {
	old, known := e.slots[c.ID]
	p := c.Point
	place := normal(p.Lon, p.Lat)
	p.Lon, p.Lat = place.Lon, place.Lat
	if known && !c.Gone && e.points[old].Point == p {
		return
	}
	if c.Gone {
		delete(e.slots, c.ID)
	} else {
		// The new one comes before the old one goes, so that what holds
		// together through either of them does not fall apart in between.
		e.slots[c.ID] = e.insert(c.ID, p)
	}
	if known {
		e.remove(old)
	}
}

// Label is where a point belongs, and whether it is a core. A point that is not
// known is noise.
func (e *Engine) Label(id ID) (g Group, core bool) {
	slot, known := e.slots[id]
	if !known {
		return NoGroup, false
	}
	if !e.tight {
		return e.loose.group(slot), e.loose.labels[slot].Core
	}
	p := &e.points[slot]
	switch {
	case p.home < 0:
		return NoGroup, false
	case e.homes[p.home].members[p.pos].core:
		return e.homes[p.home].cluster.name, true
	case p.owner >= 0:
		return e.clusterOf(p.owner).name, false
	}
	return NoGroup, false
}

// Groups are all groups there are, ascending.
func (e *Engine) Groups() []Group {
	if !e.tight {
		return e.loose.groups()
	}
	return slices.Sorted(maps.Keys(e.clusters))
}

// Members are the points of a group, ascending; none if it ended. It takes time
// in proportion to the group.
func (e *Engine) Members(g Group) []ID {
	var ids []ID
	if !e.tight {
		for id, slot := range e.slots {
			if g != NoGroup && e.loose.group(slot) == g {
				ids = append(ids, id)
			}
		}
	} else if c := e.clusters[g]; c != nil {
		for _, h := range c.cells {
			ids = e.membersOf(ids, h)
		}
	}
	slices.Sort(ids)
	return ids
}

// membersOf adds the cores of a home, and those on the border of one of them.
func (e *Engine) membersOf(ids []ID, h int32) []ID {
	border := func(of int32) {
		d := &e.homes[of]
		for i := range d.members {
			if m := &d.members[i]; !m.core {
				if owner := e.points[m.index].owner; owner >= 0 && e.points[owner].home == h {
					ids = append(ids, e.points[m.index].id)
				}
			}
		}
	}
	own := &e.homes[h]
	for i := range own.members {
		if m := &own.members[i]; m.core {
			ids = append(ids, e.points[m.index].id)
		}
	}
	border(h)
	for _, l := range own.links {
		if d := &e.homes[l.to]; int(d.cores) < len(d.members) {
			border(l.to)
		}
	}
	return ids
}

func (e *Engine) begin() {
	e.before, e.touched, e.ended, e.suspects = e.newest, e.touched[:0], nil, e.suspects[:0]
}

func (e *Engine) settle() Settled {
	if !e.tight {
		return e.loose.rework(e)
	}
	e.splitAll()
	s := Settled{Ended: e.ended}
	for _, c := range e.touched {
		c.touched = false
		if len(c.cells) > 0 {
			s.Changed = append(s.Changed, c.name)
		}
	}
	slices.Sort(s.Changed)
	slices.Sort(s.Ended)
	return s
}
