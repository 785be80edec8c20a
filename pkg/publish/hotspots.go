package publish

import (
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// closedFor is how long a hotspot that has ended stays in the public copy.
const closedFor = 7 * 24 * time.Hour

// cellsOfEps: a public hotspot reaches over at least this many cells, or its
// points would fall apart for where the grid happens to lie.
const cellsOfEps = 1.5

// group works the public hotspots out from what is published alone.
func (p *Publisher) group(b *crisis.Batch) {
	members, density := p.members()
	previous := make([]crisis.HotspotGroup, 0, len(p.hotspots))
	for _, h := range p.hotspots {
		previous = append(previous, crisis.HotspotGroup{Key: h.ID, Status: h.Status, Severity: h.Severity, Score: h.Score, Members: h.Members,
			Reports: h.Reports, Sources: h.Sources, Categories: h.Categories, FirstSeen: h.FirstSeen, LastSeen: h.LastSeen, Trend: h.Trend,
			Why: h.Why, Lon: h.Lon, Lat: h.Lat, Shape: h.Shape})
	}
	slices.SortFunc(previous, func(x, y crisis.HotspotGroup) int { return compare(x.Key, y.Key) })
	for _, g := range p.Group(density, b.At, members, previous) {
		h := crisis.PublicHotspot{ID: g.Key, Status: g.Status, Severity: g.Severity, Score: g.Score, Incidents: uint32(len(g.Members)),
			Reports: g.Reports, Sources: g.Sources, Categories: g.Categories, FirstSeen: g.FirstSeen.UTC(), LastSeen: g.LastSeen.UTC(), Trend: g.Trend,
			Why: g.Why, Lon: g.Lon, Lat: g.Lat, Shape: g.Shape, Members: g.Members,
			Place: p.CellName(geo.CellOf(geo.Point{Lon: g.Lon, Lat: g.Lat}, p.cell))}
		old, held := p.hotspots[h.ID]
		h.Batch = old.Batch
		if held && reflect.DeepEqual(h, old) && !old.Batch.IsZero() {
			continue
		}
		h.Batch = b.At
		p.hotspots[h.ID] = h
		b.Hotspots = append(b.Hotspots, h)
	}
	for id, h := range p.hotspots {
		if h.Status == crisis.HotspotClosed && b.At.Sub(h.LastSeen) > closedFor {
			delete(p.hotspots, id)
			b.Retract = append(b.Retract, id)
		}
	}
	slices.SortFunc(b.Hotspots, func(x, y crisis.PublicHotspot) int { return compare(x.ID, y.ID) })
}

// members are the published incidents that may make a hotspot, and how densely
// they must lie.
func (p *Publisher) members() ([]crisis.HotspotMember, crisis.Density) {
	density := p.density
	var members []crisis.HotspotMember
	for _, in := range p.incidents {
		if in.Cell > 0 {
			density.Metres = math.Max(p.density.Metres, math.Ceil(cellsOfEps*p.cell.Metres()))
		}
		if in.Status != crisis.StatusVerified || in.Phase != crisis.PhaseOngoing || !in.Located {
			continue
		}
		members = append(members, crisis.HotspotMember{ID: in.ID, Lon: in.Lon, Lat: in.Lat, UncertaintyM: in.UncertaintyM, At: in.OccurredAt,
			Weight: crisis.HotspotWeight(in.Severity, in.Status, in.Sources), Severity: in.Severity, Categories: in.Categories,
			Reports: in.Reports, Sources: in.Sources})
	}
	slices.SortFunc(members, func(x, y crisis.HotspotMember) int { return compare(x.ID, y.ID) })
	return members, density
}
