package density_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/density"
)

// mirror is what an Engine should hold, and what it held of groups.
type mirror struct {
	engine *density.Engine
	params density.Params
	points map[density.ID]density.Point
	groups map[density.Group][]kept
	ended  map[density.Group]bool
}

// kept is one member of a group as it was.
type kept struct {
	id    density.ID
	core  bool
	point density.Point
}

func newMirror(t fataler, p density.Params) *mirror {
	e, err := density.NewEngine(p)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return &mirror{engine: e, params: p, points: map[density.ID]density.Point{}, groups: map[density.Group][]kept{}, ended: map[density.Group]bool{}}
}

func (m *mirror) apply(changes ...density.Change) density.Settled {
	for _, c := range changes {
		if delete(m.points, c.ID); !c.Gone {
			m.points[c.ID] = c.Point
		}
	}
	return m.engine.Apply(changes...)
}

func (m *mirror) expire(t fataler, before int64) density.Settled {
	var want []density.ID
	for id, p := range m.points {
		if p.Time < before {
			want = append(want, id)
			delete(m.points, id)
		}
	}
	gone, settled := m.engine.Expire(before)
	slices.Sort(gone)
	slices.Sort(want)
	if !slices.Equal(gone, want) {
		t.Fatalf("%v expired, want %v", gone, want)
	}
	return settled
}

// fataler is what tests and properties have in common.
type fataler interface{ Fatalf(string, ...any) }

// sameAsBatch compares every label with that of Cluster over what is there.
func (m *mirror) sameAsBatch(t fataler) {
	ids := make([]density.ID, 0, len(m.points))
	for id := range m.points {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	points := make([]density.Point, len(ids))
	for i, id := range ids {
		points[i] = m.points[id]
	}
	if m.engine.Len() != len(ids) {
		t.Fatalf("%d points, want %d", m.engine.Len(), len(ids))
	}
	theirs, ours := map[int]density.Group{}, map[density.Group]int{}
	for i, want := range density.Cluster(points, m.params) {
		group, core := m.engine.Label(ids[i])
		if core != want.Core || (group == density.NoGroup) != (want.Cluster == density.Noise) {
			t.Fatalf("point %d %+v: group %d core %v, the batch says %+v", ids[i], points[i], group, core, want)
		}
		if group == density.NoGroup {
			continue
		}
		if was, seen := theirs[want.Cluster]; seen && was != group {
			t.Fatalf("cluster %d is both group %d and %d", want.Cluster, was, group)
		}
		if was, seen := ours[group]; seen && was != want.Cluster {
			t.Fatalf("group %d is both cluster %d and %d", group, was, want.Cluster)
		}
		theirs[want.Cluster], ours[group] = group, want.Cluster
	}
	if len(ours) != len(m.engine.Groups()) {
		t.Fatalf("%d groups, want %d", len(m.engine.Groups()), len(ours))
	}
}

// reported checks that whatever group differs from before was named.
func (m *mirror) reported(t fataler, s density.Settled) {
	now := map[density.Group][]kept{}
	for _, g := range m.engine.Groups() {
		for _, id := range m.engine.Members(g) {
			group, core := m.engine.Label(id)
			if group != g {
				t.Fatalf("point %d is a member of %d and labelled %d", id, g, group)
			}
			now[g] = append(now[g], kept{id, core, m.points[id]})
		}
	}
	for g, was := range m.groups {
		is, on := now[g]
		if !on && !slices.Contains(s.Ended, g) {
			t.Fatalf("group %d ended and nobody said so: %+v", g, s)
		}
		if on && !slices.Equal(is, was) && !slices.Contains(s.Changed, g) {
			t.Fatalf("group %d changed and nobody said so: %+v\n%+v\n%+v", g, s, was, is)
		}
	}
	for g := range now {
		if _, known := m.groups[g]; !known && (!slices.Contains(s.Changed, g) || m.ended[g]) {
			t.Fatalf("group %d is new and nobody said so, or its name is used: %+v", g, s)
		}
	}
	for _, g := range s.Ended {
		if _, known := m.groups[g]; !known || now[g] != nil {
			t.Fatalf("group %d cannot end: %+v", g, s)
		}
		m.ended[g] = true
	}
	for _, g := range s.Changed {
		if now[g] == nil {
			t.Fatalf("group %d changed and is not there: %+v", g, s)
		}
	}
	m.groups = now
}

// play is a random life of points around one place.
type play struct {
	*rand.Rand
	params density.Params
	centre geo.Point
	wide   int // in eighths of eps
	crowd  int // how many points there can be
}

func newPlay(t *rapid.T) *play {
	p := &play{Rand: rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))}
	p.params.EpsMetres = rapid.SampledFrom([]float64{0.2, 30, 500, 90_000}).Draw(t, "eps")
	if rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
		p.params.EpsMetres = rapid.SampledFrom([]float64{0, 0.05, 5_000_000}).Draw(t, "odd eps")
	}
	p.params.Window = rapid.SampledFrom([]time.Duration{0, 0, time.Microsecond, time.Hour}).Draw(t, "window")
	p.params.MinWeight = rapid.Uint32Range(0, 9).Draw(t, "min")
	p.centre = geo.Point{Lat: rapid.SampledFrom([]float64{0, 18.5, -60, 85, 89.9999, -90, 90}).Draw(t, "lat"),
		Lon: rapid.SampledFrom([]float64{0, -72.3, 179.9999, -180}).Draw(t, "lon")}
	p.wide = rapid.SampledFrom([]int{6, 24, 80}).Draw(t, "wide")
	p.crowd = rapid.SampledFrom([]int{12, 40, 150}).Draw(t, "crowd")
	return p
}

func (p *play) moment() int64 {
	return int64(p.params.Window/time.Microsecond) * (p.Int64N(18) - 6) / 3
}

func (p *play) point() density.Point {
	if p.IntN(100) == 0 {
		return density.Point{Lon: math.NaN()}
	}
	at := geo.Destination(p.centre, float64(p.IntN(24))*15, p.params.EpsMetres*float64(p.IntN(p.wide))/8)
	if math.Abs(at.Lat) == 90 {
		at.Lon = 0 // another spelling of the same place is no change
	} else if at.Lon == 180 {
		at.Lon = -180
	}
	return density.Point{Lon: at.Lon, Lat: at.Lat, Weight: p.Uint32N(4), Time: p.moment()}
}

// change inserts, moves, weighs anew or deletes.
func (p *play) change(now map[density.ID]density.Point) density.Change {
	c := density.Change{ID: density.ID(1 + p.IntN(p.crowd)), Point: p.point()}
	old, known := now[c.ID]
	switch p.IntN(5) {
	case 0, 1:
		c.Gone = true
	case 2:
		if known {
			c.Point = old
			c.Point.Weight = p.Uint32N(4)
		}
	case 3:
		if known {
			c.Point = old
			c.Point.Time = p.moment()
		}
	}
	return c
}

// TestEngineIsTheBatch plays 2,000 random changes and compares on the way.
func TestEngineIsTheBatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPlay(t)
		m := newMirror(t, p.params)
		every := rapid.SampledFrom([]int{1, 50}).Draw(t, "every")
		for done, round := 0, 0; done < 2000; round++ {
			var settled density.Settled
			if p.IntN(100) == 0 {
				settled = m.expire(t, p.moment())
				done++
			} else {
				changes := make([]density.Change, 1+p.IntN(1+p.IntN(16)))
				for i := range changes {
					changes[i] = p.change(m.points)
				}
				settled = m.apply(changes...)
				done += len(changes)
			}
			if round%every == 0 {
				m.sameAsBatch(t)
			}
			m.reported(t, settled)
		}
		m.sameAsBatch(t)
	})
}
