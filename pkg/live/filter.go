package live

import (
	"strings"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/index"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// Limits of CONTRACT, Map queries.
const (
	StandardLimit = 1000
	MostLimit     = 10_000
)

// Filter says what of a map is asked for. The zero Filter is everything that is
// ongoing, the world over.
type Filter struct {
	Bounds     *geo.Bounds // edges included; nil is the world, unlocated included
	Zoom       int
	Categories []string
	// Statuses keeps incidents with one of them; none keeps all but spam and
	// harmful. Hotspots have statuses of their own.
	Statuses        []crisis.Status
	HotspotStatuses []crisis.HotspotStatus
	// Phases keeps those; none keeps what is ongoing.
	Phases     []crisis.Phase
	Severities []crisis.Severity
	// Since (included) and Until (not) bound when it happened; zero is open.
	Since, Until time.Time
	Words        string
	Limit        int    // 0 is StandardLimit
	After        string // the Next of the page before
	// Sight is what the viewer may see; nil is all that the map holds.
	Sight *Sight
}

// Sight is what grants let a person see of true points (DESIGN §7): what any
// one of them allows.
type Sight struct {
	Grants []*crisis.Grant
}

// sees reports whether some grant allows an incident. An unlocated one is in no
// area, so that only grants without areas show it.
func (s *Sight) sees(in *feature) bool {
	if s == nil {
		return true
	}
	for _, g := range s.Grants {
		if allows(g, in) {
			return true
		}
	}
	return false
}

func allows(g *crisis.Grant, in *feature) bool {
	if in.hidden && !g.Hidden {
		return false
	}
	if len(g.Areas) > 0 && (!in.Located || !inAny(g.Areas, geo.Point{Lon: in.Lon, Lat: in.Lat})) {
		return false
	}
	return len(g.Categories) == 0 || shareAny(g.Categories, in.Categories)
}

func inAny(areas []geo.Bounds, p geo.Point) bool {
	for _, b := range areas {
		if b.Contains(p) {
			return true
		}
	}
	return false
}

func shareAny(a, b []string) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y {
				return true
			}
		}
	}
	return false
}

// everything reports whether the sight leaves nothing out but perhaps what is
// hidden; hidden says whether it shows that too.
func (s *Sight) everything() (all, hidden bool) {
	if s == nil {
		return true, true
	}
	for _, g := range s.Grants {
		if len(g.Areas) == 0 && len(g.Categories) == 0 {
			all, hidden = true, hidden || g.Hidden
		}
	}
	return all, hidden
}

// The index knows statuses, phases and severities as small numbers. A hidden
// incident has a phase number of its own, so that leaving it out costs nothing.
const (
	phaseOngoing = iota
	phaseOver
	phaseHiddenOngoing
	phaseHiddenOver
)

func statusNumber(s crisis.Status) uint8 {
	for i, known := range crisis.Statuses() {
		if known == s {
			return uint8(i)
		}
	}
	return 31
}

func severityOf(rank uint8) crisis.Severity {
	return [...]crisis.Severity{crisis.SeverityLow, crisis.SeverityNormal, crisis.SeverityLifeSafety}[min(rank, 2)]
}

func (f *Filter) phases() uint32 {
	ongoing, over := len(f.Phases) == 0, false
	for _, p := range f.Phases {
		ongoing, over = ongoing || p == crisis.PhaseOngoing, over || p == crisis.PhaseOver
	}
	var set uint32
	if ongoing {
		set |= 1<<phaseOngoing | 1<<phaseHiddenOngoing
	}
	if over {
		set |= 1<<phaseOver | 1<<phaseHiddenOver
	}
	return set
}

const shownPhases = 1<<phaseOngoing | 1<<phaseOver

// query is the filter as the index takes it; the map's lock must be held. It is
// false for a filter that nothing can pass.
func (m *Map) query(f *Filter) (index.Filter, bool) {
	q := index.Filter{Bounds: f.Bounds, Phase: f.phases()}
	if all, hidden := f.Sight.everything(); f.Sight != nil && !(all && hidden) {
		if all && !f.hiddenByCategory() {
			q.Phase &= shownPhases
		} else {
			q.Match = func(item *index.Item) bool { return f.Sight.sees(m.features[item.ID]) }
		}
	}
	if q.Phase == 0 {
		return q, false
	}
	if !f.Since.IsZero() {
		q.Since = f.Since.UnixMicro()
	}
	if !f.Until.IsZero() {
		q.Until = f.Until.UnixMicro()
	}
	if !m.choose(f, &q) {
		return q, false
	}
	if words := strings.Fields(strings.ToLower(f.Words)); len(words) > 0 {
		q.IDs = m.saying(words)
	}
	return q, true
}

// hiddenByCategory reports whether some grant shows hidden things in part.
func (f *Filter) hiddenByCategory() bool {
	for _, g := range f.Sight.Grants {
		if g.Hidden {
			return true
		}
	}
	return false
}

// choose fills in the sets; false where a set that was asked for is empty.
func (m *Map) choose(f *Filter, q *index.Filter) bool {
	if len(f.Statuses) == 0 {
		q.Status = ^uint32(1<<statusNumber(crisis.StatusSpam) | 1<<statusNumber(crisis.StatusHarmful))
	}
	for _, s := range f.Statuses {
		q.Status |= 1 << statusNumber(s)
	}
	for _, s := range f.Severities {
		q.Severity |= 1 << s.Rank()
	}
	if len(f.Categories) == 0 {
		return true
	}
	crowded := false
	for _, key := range f.Categories {
		if bit, known := m.bits[key]; known {
			q.Categories |= 1 << bit
			crowded = crowded || bit == lastBit
		}
	}
	if crowded {
		also := q.Match
		q.Match = func(item *index.Item) bool {
			return shareAny(f.Categories, m.features[item.ID].Categories) && (also == nil || also(item))
		}
	}
	return q.Categories != 0
}

// lastBit stands for every category after the first 63.
const lastBit = 63

// bitsOf is the set of categories as the index takes it.
func (m *Map) bitsOf(keys []string) uint64 {
	var set uint64
	for _, key := range keys {
		bit, known := m.bits[key]
		if !known {
			bit = uint(min(len(m.bits), lastBit))
			m.bits[key] = bit
		}
		set |= 1 << bit
	}
	return set
}

// saying are the incidents whose summary, place or categories have all the
// words.
func (m *Map) saying(words []string) map[index.ID]struct{} {
	out := map[index.ID]struct{}{}
next:
	for id, in := range m.features {
		text := strings.ToLower(in.Summary + "\n" + in.Place + "\n" + strings.Join(in.Categories, "\n"))
		for _, w := range words {
			if !strings.Contains(text, w) {
				continue next
			}
		}
		out[id] = struct{}{}
	}
	return out
}
