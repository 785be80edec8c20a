package live

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/index"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/formats"
)

// ETag names the content of an answer: equal bytes, equal tag, whatever the
// server went through to get there.
func ETag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// Incidents answers the incidents that the filter keeps as GeoJSON, a page at a
// time, in an order that stays.
func (m *Map) Incidents(f Filter) []byte {
	m.mu.RLock()
	defer m.mu.RUnlock()
	head := formats.Collection{BatchAt: m.at}
	var page []*feature
	page, head.Next, head.Matched = m.page(&f, true)
	out := formats.Open(make([]byte, 0, 1024+512*len(page)))
	for i, in := range page {
		if i > 0 {
			out = append(out, ',')
		}
		out = in.Append(out)
	}
	return head.Close(out)
}

// Each hands every incident that the filter keeps to yield, in the order of
// Incidents, until it returns false. It holds no lock while it yields.
func (m *Map) Each(f Filter, yield func(formats.Incident) bool) {
	f.Limit = StandardLimit
	for {
		m.mu.RLock()
		page, next, _ := m.page(&f, false)
		m.mu.RUnlock()
		for _, in := range page {
			if !yield(in.Incident) {
				return
			}
		}
		if next == "" {
			return
		}
		f.After = next
	}
}

// Count is how many incidents the filter keeps.
func (m *Map) Count(f Filter) int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	q, any := m.query(&f)
	if !any {
		return 0
	}
	return m.index.Snapshot().Count(q)
}

// page is one page, the id to go on after, and, if asked for, how many match in
// all.
func (m *Map) page(f *Filter, count bool) (page []*feature, next string, matched int) {
	q, any := m.query(f)
	if !any {
		return nil, "", 0
	}
	view := m.index.Snapshot()
	var after *index.ID
	if f.After != "" {
		key := keyOf(f.After)
		after = &key
	}
	items, more := view.Page(q, after, f.limit())
	for i := range items {
		page = append(page, m.features[items[i].ID])
	}
	if more {
		next = page[len(page)-1].ID
	}
	if count {
		matched = view.Count(q)
	}
	return page, next, matched
}

func (f *Filter) limit() int {
	if f.Limit <= 0 {
		return StandardLimit
	}
	return min(f.Limit, MostLimit)
}

func (f *Filter) box() geo.Bounds {
	if f.Bounds == nil {
		return geo.World()
	}
	return *f.Bounds
}

// Clusters answers the located incidents within the bounds, drawn together at
// the zoom: their counts add up to numberMatched (DESIGN §4, law 8). A map with
// more clusters than the limit grows coarser and leaves nothing out.
func (m *Map) Clusters(f Filter) []byte {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := formats.Open(make([]byte, 0, 64<<10))
	head := formats.Collection{BatchAt: m.at}
	q, any := m.query(&f)
	if !any {
		return head.Close(out)
	}
	clusters, _ := m.index.Snapshot().ClustersAtMost(f.box(), f.Zoom, q, f.limit())
	for i := range clusters {
		if i > 0 {
			out = append(out, ',')
		}
		c := &clusters[i]
		head.Matched += c.Count
		if c.Single != nil {
			out = m.features[c.Single.ID].AppendSingle(out)
			continue
		}
		drawn := formats.Cluster{ID: c.ID.String(), Lon: c.Lon, Lat: c.Lat, Count: c.Count, ExpansionZoom: c.ExpansionZoom, Severity: severityOf(c.Severity)}
		out = drawn.Append(out)
	}
	return head.Close(out)
}

// Hotspots answers the hotspots that the filter keeps, gravest first.
func (m *Map) Hotspots(f Filter) []byte {
	m.mu.RLock()
	defer m.mu.RUnlock()
	found := m.found(&f)
	sortHotspots(found)
	head := formats.Collection{BatchAt: m.at, Matched: len(found)}
	if f.After != "" {
		at := slices.IndexFunc(found, func(h *hotspot) bool { return h.ID == f.After })
		found = found[at+1:]
	}
	if len(found) > f.limit() {
		found = found[:f.limit()]
		head.Next = found[len(found)-1].ID
	}
	out := formats.Open(nil)
	for i, h := range found {
		if i > 0 {
			out = append(out, ',')
		}
		out = h.Append(out)
	}
	return head.Close(out)
}

// found are the hotspots that the filter keeps, in no order.
func (m *Map) found(f *Filter) []*hotspot {
	var out []*hotspot
	for _, h := range m.hotspots {
		if f.keeps(h) && m.seesHotspot(f.Sight, h) {
			out = append(out, h)
		}
	}
	return out
}

// keeps asks all but the sight.
func (f *Filter) keeps(h *hotspot) bool {
	phases := f.phases()
	if h.Status == crisis.HotspotClosed && phases&(1<<phaseOver) == 0 || h.Status != crisis.HotspotClosed && phases&(1<<phaseOngoing) == 0 {
		return false
	}
	if len(f.HotspotStatuses) > 0 && !slices.Contains(f.HotspotStatuses, h.Status) ||
		len(f.Severities) > 0 && !slices.Contains(f.Severities, h.Severity) ||
		len(f.Categories) > 0 && !shareAny(f.Categories, h.Categories) {
		return false
	}
	if !f.Since.IsZero() && h.LastSeen.Before(f.Since) || !f.Until.IsZero() && !h.FirstSeen.Before(f.Until) {
		return false
	}
	if f.Words != "" && !strings.Contains(strings.ToLower(h.Place+"\n"+h.Why), strings.ToLower(f.Words)) {
		return false
	}
	return f.Bounds == nil || slices.ContainsFunc(h.bounds, f.Bounds.Intersects)
}
