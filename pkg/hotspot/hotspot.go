// Package hotspot turns verified incidents into hotspots: dense groups in space
// and time, or one grave incident alone, each with an identity that lasts.
//
// The Engine is pure and serves both audiences: ops over true points, the public
// over the projection alone, each with its own parameters and keys. It depends
// on what is there, never on the order in which it came. The Service keeps the
// records that ops see.
package hotspot

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/density"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// Emerging is how long a hotspot counts as new.
const Emerging = time.Hour

// leastHalo is the least distance in metres at which an area is drawn around
// its points.
const leastHalo = 150

// Engine groups incidents.
type Engine struct {
	// Density is what makes a hotspot: Weight within Metres and Hours; 0 hours
	// set no limit in time, and then nothing ever fades.
	Density crisis.Density
	// Key makes the identity of a new hotspot from a seed that is never asked
	// for twice while the hotspot lasts. The public's is derived, so that the
	// same projection gives the same keys.
	Key func(seed string) string
	// Bucketed says that the members' counts are lower bounds of buckets, and
	// so must be what comes out.
	Bucketed bool
	// Undrawn leaves out Shape, Lon and Lat, which are nine tenths of the work, for
	// whom they are nothing: records do not hold them.
	Undrawn bool
}

// Group finds the hotspots among verified incidents at a moment. It answers all
// that live, by key, and those of previous that have ended since, closed.
// Members that are less certain than the reach of a neighbourhood are left out.
//
// A group goes on under the key of the previous hotspot with which it shares
// most members (then most weight, then the smallest key); one that none is left
// for names as Parent the one it split from, and a hotspot that went into
// another closes with that one as Parent.
func (e *Engine) Group(now time.Time, members []crisis.HotspotMember, previous []crisis.HotspotGroup) []crisis.HotspotGroup {
	groups := e.dense(now, members)
	live := make([]crisis.HotspotGroup, 0, len(previous))
	taken := map[string]bool{}
	for _, p := range previous {
		taken[p.Key] = true
		if p.Status != crisis.HotspotClosed {
			live = append(live, p)
		}
	}
	closed := e.inherit(groups, live, taken)
	out := make([]crisis.HotspotGroup, 0, len(groups)+len(closed))
	for i := range groups {
		out = append(out, groups[i].HotspotGroup)
	}
	out = append(out, closed...)
	slices.SortFunc(out, func(a, b crisis.HotspotGroup) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

// group is a hotspot before it has a key.
type group struct {
	crisis.HotspotGroup
	weights map[string]float64 // of members
	founder string
}

func (e *Engine) window() time.Duration {
	return time.Duration(e.Density.Hours * float64(time.Hour))
}

// weight is what a member counts: one of life-safety suffices alone.
func (e *Engine) weight(m *crisis.HotspotMember) uint32 {
	w := math.Max(0, math.Round(m.Weight))
	if m.Severity == crisis.SeverityLifeSafety {
		w = math.Max(w, math.Ceil(e.Density.Weight))
	}
	return uint32(math.Min(w, 1<<20))
}

func (e *Engine) dense(now time.Time, members []crisis.HotspotMember) []group {
	usable := slices.DeleteFunc(slices.Clone(members), func(m crisis.HotspotMember) bool { return !(m.UncertaintyM <= e.Density.Metres) })
	slices.SortFunc(usable, func(a, b crisis.HotspotMember) int { return cmp.Compare(a.ID, b.ID) })
	points := make([]density.Point, len(usable))
	for i := range usable {
		m := &usable[i]
		points[i] = density.Point{Lon: m.Lon, Lat: m.Lat, Time: m.At.UnixMicro(), Weight: e.weight(m)}
	}
	labels := density.Cluster(points, density.Params{EpsMetres: e.Density.Metres, Window: e.window(), MinWeight: uint32(math.Ceil(e.Density.Weight))})
	byLabel := map[int][]*crisis.HotspotMember{}
	for i, l := range labels {
		if l.Cluster != density.Noise {
			byLabel[l.Cluster] = append(byLabel[l.Cluster], &usable[i])
		}
	}
	var groups []group
	for label := range len(byLabel) {
		g := e.describe(now, byLabel[label])
		if g.Status != crisis.HotspotClosed {
			groups = append(groups, g)
		}
	}
	return groups
}

// describe says of members, which come by ID, what they are together.
func (e *Engine) describe(now time.Time, members []*crisis.HotspotMember) group {
	g := group{weights: map[string]float64{}}
	founder := members[0]
	kinds := map[string]int{}
	var recent, older, total, uncertain float64
	half := e.window() / 2
	for _, m := range members {
		w := float64(e.weight(m))
		g.Members, g.weights[m.ID] = append(g.Members, m.ID), w
		g.Reports, g.Sources = g.Reports+m.Reports, g.Sources+m.Sources
		g.Score += w * gravity(m.Severity)
		total, uncertain = total+w, math.Max(uncertain, m.UncertaintyM)
		if g.Severity == "" || m.Severity.Rank() > g.Severity.Rank() {
			g.Severity = m.Severity
		}
		if m.At.Before(founder.At) {
			founder = m
		}
		if m.At.After(g.LastSeen) {
			g.LastSeen = m.At
		}
		switch age := now.Sub(m.At); {
		case age < half:
			recent += w
		case age < 2*half:
			older += w
		}
		for _, key := range m.Categories {
			kinds[key]++
		}
	}
	g.founder, g.FirstSeen = founder.ID, founder.At
	g.Categories = byCount(kinds)
	if e.Bucketed {
		g.Reports, g.Sources = crisis.Bucket(g.Reports), crisis.Bucket(g.Sources)
	}
	g.Status, g.Trend = e.status(now, &g, total), trend(half, recent, older)
	g.Why = e.why(&g, members)
	if !e.Undrawn {
		e.draw(&g, members, uncertain)
	}
	return g
}

// gravity is what severity adds to a score.
func gravity(s crisis.Severity) float64 {
	return [...]float64{0.5, 1, 2}[s.Rank()]
}

func (e *Engine) status(now time.Time, g *group, total float64) crisis.HotspotStatus {
	quiet, window := now.Sub(g.LastSeen), e.window()
	switch {
	case window > 0 && quiet > window:
		return crisis.HotspotClosed
	case window > 0 && quiet > window/2:
		return crisis.HotspotFading
	case now.Sub(g.FirstSeen) < Emerging || total < 2*e.Density.Weight:
		return crisis.HotspotEmerging
	}
	return crisis.HotspotActive
}

// trend compares the later half of the window with the one before: more or less
// by a quarter is a change.
func trend(half time.Duration, recent, older float64) crisis.Trend {
	switch {
	case half == 0:
		return crisis.TrendSteady
	case recent > 1.25*older:
		return crisis.TrendRising
	case recent < 0.75*older:
		return crisis.TrendFalling
	}
	return crisis.TrendSteady
}

func byCount(kinds map[string]int) []string {
	keys := make([]string, 0, len(kinds))
	for key := range kinds {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(kinds[b], kinds[a]), cmp.Compare(a, b)) })
	return keys
}

// why says in words what made it a hotspot. Nothing in it changes while the
// members stay.
func (e *Engine) why(g *group, members []*crisis.HotspotMember) string {
	grave := 0
	for _, m := range members {
		if m.Severity == crisis.SeverityLifeSafety {
			grave++
		}
	}
	if len(members) == 1 && grave == 1 {
		return "One verified incident that puts life at risk."
	}
	text := counted(len(members), "verified incident", "verified incidents")
	sources := counted(int(g.Sources), "independent source", "independent sources")
	if e.Bucketed {
		sources = "at least " + sources
	}
	text += fmt.Sprintf(" from %s, each within %s m", sources, thousands(e.Density.Metres))
	if e.Density.Hours > 0 {
		text += fmt.Sprintf(" and %s h", strconv.FormatFloat(e.Density.Hours, 'f', -1, 64))
	}
	text += " of the next."
	if grave > 0 {
		text += " " + counted(grave, "puts", "put") + " life at risk."
	}
	return text
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

func thousands(metres float64) string {
	s := strconv.FormatFloat(math.Round(metres), 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// draw gives the group its area and its middle.
func (e *Engine) draw(g *group, members []*crisis.HotspotMember, uncertain float64) {
	points := make([]geo.Point, len(members))
	var x, y, z float64
	for i, m := range members {
		points[i] = geo.Point{Lon: m.Lon, Lat: m.Lat}
		sinLat, cosLat := math.Sincos(m.Lat * math.Pi / 180)
		sinLon, cosLon := math.Sincos(m.Lon * math.Pi / 180)
		x, y, z = x+cosLat*cosLon, y+cosLat*sinLon, z+sinLat
	}
	g.Lon = round(math.Atan2(y, x) * 180 / math.Pi)
	g.Lat = round(math.Atan2(z, math.Hypot(x, y)) * 180 / math.Pi)
	g.Shape = shape(Area(points, math.Max(uncertain, e.Density.Metres/4)))
}

// Area is what points of one hotspot are drawn with: closed rings in the way of
// GeoJSON around all of them, at a distance of halo metres.
func Area(points []geo.Point, halo float64) [][]geo.Point {
	return density.Hull(points, math.Max(leastHalo, halo))
}

// round keeps six decimals, some 10 cm.
func round(deg float64) float64 { return math.Round(deg*1e6)/1e6 + 0 }

func shape(rings [][]geo.Point) json.RawMessage {
	var out bytes.Buffer
	out.WriteString(`{"type":"`)
	if len(rings) == 1 {
		out.WriteString(`Polygon","coordinates":`)
	} else {
		out.WriteString(`MultiPolygon","coordinates":[`)
	}
	for i, ring := range rings {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString("[[")
		for j, p := range ring {
			if j > 0 {
				out.WriteByte(',')
			}
			fmt.Fprintf(&out, "[%s,%s]", strconv.FormatFloat(round(p.Lon), 'f', -1, 64), strconv.FormatFloat(round(p.Lat), 'f', -1, 64))
		}
		out.WriteString("]]")
	}
	if len(rings) != 1 {
		out.WriteByte(']')
	}
	out.WriteByte('}')
	return out.Bytes()
}
