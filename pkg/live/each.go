package live

import (
	"cmp"
	"slices"

	"github.com/onyo-project/onyo/pkg/formats"
)

// EachHotspot hands every hotspot that the filter keeps to yield, gravest first,
// until it returns false. It holds no lock while it yields.
func (m *Map) EachHotspot(f Filter, yield func(formats.Hotspot) bool) {
	m.mu.RLock()
	found := m.found(&f)
	m.mu.RUnlock()
	sortHotspots(found)
	for _, h := range found {
		if !yield(h.Hotspot) {
			return
		}
	}
}

func sortHotspots(found []*hotspot) {
	slices.SortFunc(found, func(a, b *hotspot) int {
		return cmp.Or(cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
}
