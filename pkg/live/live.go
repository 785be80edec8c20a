// Package live holds the two maps in memory, one per audience, and tells
// subscribers what changes on them. It only follows: the ops map follows the
// ledger, the public one the projection. Nothing of the one ever reaches the
// other (DESIGN §3, §4 law 3).
package live

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/index"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/formats"
)

// Map is what one audience sees, in memory. It is safe for concurrent use: any
// number of queries run at once, and what Apply changes appears all together.
type Map struct {
	index *index.Index

	mu       sync.RWMutex
	features map[index.ID]*feature
	// former are incidents that became part of others, as they last were: on no
	// map, but hotspots that they helped to make are judged by them.
	former   map[index.ID]*feature
	hotspots map[string]*hotspot
	bits     map[string]uint // of categories, as they come
	at       time.Time
	version  uint64
}

// feature is an incident as the map holds it. It is never changed, only
// replaced.
type feature struct {
	formats.Incident
	hidden bool
}

// hotspot is one with its area taken apart.
type hotspot struct {
	formats.Hotspot
	rings   [][]geo.Point
	bounds  []geo.Bounds // of each ring
	members []index.ID
}

// New is an empty map.
func New() *Map {
	return &Map{index: index.New(), features: map[index.ID]*feature{}, former: map[index.ID]*feature{}, hotspots: map[string]*hotspot{}, bits: map[string]uint{}}
}

// Change is what one step does to a map: all of it at once.
type Change struct {
	// At is how fresh the map is after it.
	At        time.Time
	Incidents []Incident
	Hotspots  []Hotspot
	// Former are incidents that are part of others now. They leave the map, and
	// still say who may see the hotspots that they helped to make.
	Former []Incident
	// Gone lists ids of either kind that are no longer there.
	Gone []string
}

// Incident is an incident to put on a map.
type Incident struct {
	formats.Incident
	// Hidden is of the hidden profile: only grants that name it show it.
	Hidden bool
	// Weight is what it weighs in clusters.
	Weight uint32
}

// Hotspot is a hotspot to put on a map, with the incidents it is made of.
type Hotspot struct {
	formats.Hotspot
	Members []string
}

// Apply changes the map.
func (m *Map) Apply(c Change) {
	items := make([]index.Item, len(c.Incidents))
	m.mu.Lock()
	defer m.mu.Unlock()
	m.version++
	for i := range c.Incidents {
		in := &c.Incidents[i]
		id := keyOf(in.ID)
		items[i] = m.item(id, in)
		delete(m.former, id)
		m.features[id] = &feature{Incident: in.Incident, hidden: in.Hidden}
	}
	var gone []index.ID
	leave := func(key index.ID) {
		delete(m.former, key)
		if _, held := m.features[key]; held {
			delete(m.features, key)
			gone = append(gone, key)
		}
	}
	for i := range c.Former {
		in := &c.Former[i]
		key := keyOf(in.ID)
		leave(key)
		m.former[key] = &feature{Incident: in.Incident, hidden: in.Hidden}
	}
	for _, id := range c.Gone {
		delete(m.hotspots, id)
		leave(keyOf(id))
	}
	for i := range c.Hotspots {
		m.hotspots[c.Hotspots[i].ID] = drawn(&c.Hotspots[i])
	}
	if len(gone) > 0 {
		m.index.Delete(gone...)
	}
	if len(items) > 0 {
		m.index.Put(items...)
	}
	if c.At.After(m.at) {
		m.at = c.At
	}
}

func (m *Map) item(id index.ID, in *Incident) index.Item {
	phase := phaseOngoing
	if in.Phase == crisis.PhaseOver {
		phase = phaseOver
	}
	if in.Hidden {
		phase += phaseHiddenOngoing
	}
	item := index.Item{ID: id, Located: in.Located, Version: m.version, Categories: m.bitsOf(in.Categories), Weight: in.Weight,
		Reports: in.Reports, Sources: in.Sources, Status: statusNumber(in.Status), Phase: uint8(phase), Severity: uint8(in.Severity.Rank())}
	if in.Located {
		item.Lon, item.Lat = in.Lon, in.Lat
	}
	if !in.OccurredAt.IsZero() {
		item.Time = in.OccurredAt.UnixMicro()
	}
	return item
}

// keyOf is the index's key of an id: internal ids as they are, public ones by
// their digest.
func keyOf(id string) index.ID {
	if parsed, err := crisis.ParseID(id); err == nil {
		return index.ID(parsed)
	}
	sum := sha256.Sum256([]byte(id))
	return index.ID(sum[:16])
}

func drawn(h *Hotspot) *hotspot {
	out := &hotspot{Hotspot: h.Hotspot}
	// A shape that cannot be read is still shown to those who ask for GeoJSON
	// near its middle.
	out.rings, _ = formats.ParseArea(h.Shape)
	for _, ring := range out.rings {
		b := geo.Bounds{West: 180, South: 90, East: -180, North: -90}
		for _, p := range ring {
			b.West, b.East = min(b.West, p.Lon), max(b.East, p.Lon)
			b.South, b.North = min(b.South, p.Lat), max(b.North, p.Lat)
		}
		out.bounds = append(out.bounds, b)
	}
	if len(out.bounds) == 0 {
		out.bounds = []geo.Bounds{{West: h.Lon, South: h.Lat, East: h.Lon, North: h.Lat}}
	}
	for _, id := range h.Members {
		out.members = append(out.members, keyOf(id))
	}
	return out
}

// At is how fresh the map is.
func (m *Map) At() time.Time {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.at
}

// Counts is how many incidents and hotspots the map holds.
func (m *Map) Counts() (incidents, hotspots int) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.features), len(m.hotspots)
}

// Incident is one incident by its id, for those who may see it.
func (m *Map) Incident(id string, sight *Sight) (formats.Incident, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	in, held := m.features[keyOf(id)]
	if !held || in.ID != id || !sight.sees(in) {
		return formats.Incident{}, false
	}
	return in.Incident, true
}

// Hotspot is one hotspot by its id, for those who may see it, with the ids of
// its incidents.
func (m *Map) Hotspot(id string, sight *Sight) (Hotspot, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	h, held := m.hotspots[id]
	if !held || !m.seesHotspot(sight, h) {
		return Hotspot{}, false
	}
	out := Hotspot{Hotspot: h.Hotspot}
	for _, key := range h.members {
		if in, held := m.features[key]; held {
			out.Members = append(out.Members, in.ID)
		}
	}
	return out, true
}

// seesHotspot wants every incident that a hotspot is made of to be one that the
// viewer may see: where it is and how many it counts tells of all of them.
func (m *Map) seesHotspot(s *Sight, h *hotspot) bool {
	if all, hidden := s.everything(); all && hidden {
		return true
	}
	for _, key := range h.members {
		if in := m.maker(key); in == nil || !s.sees(in) {
			return false
		}
	}
	return len(h.members) > 0
}

// maker is an incident that a hotspot is made of, as it is now; nil for one that
// the map does not know.
func (m *Map) maker(key index.ID) *feature {
	if in := m.features[key]; in != nil {
		return in
	}
	return m.former[key]
}

// held are the ids of everything on the map.
func (m *Map) held() map[string]struct{} {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := make(map[string]struct{}, len(m.features)+len(m.hotspots))
	for _, in := range m.features {
		out[in.ID] = struct{}{}
	}
	for id := range m.hotspots {
		out[id] = struct{}{}
	}
	return out
}
