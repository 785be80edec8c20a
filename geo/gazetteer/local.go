package gazetteer

import (
	"math"
	"slices"

	"github.com/onyo-project/onyo/geo"
)

// ownPlace is what only own places have.
type ownPlace struct {
	admin1    string
	pcode     string
	level     int
	divisions []Division
}

// shape is the outline of an own area.
type shape struct {
	entry uint32
	level int
	fence *geo.Geofence
}

// newLocalLayer indexes own places; nil for none.
func newLocalLayer(places []Place) *layer {
	l := &layer{}
	var s scratch
	index := map[string]uint16{}
	for _, p := range places {
		if !p.Point.Valid() || len(appendTokens(nil, p.Name)) == 0 {
			continue
		}
		if _, ok := index[p.Country]; !ok {
			index[p.Country] = uint16(len(l.countries))
			l.countries = append(l.countries, p.Country)
		}
		id := uint32(len(l.entries))
		l.entries = append(l.entries, entryOf(p, index[p.Country]))
		l.names = append(l.names, p.Name)
		l.own = append(l.own, ownPlace{admin1: p.Admin1, pcode: p.PCode, level: p.Level, divisions: p.Divisions})
		l.postings = s.appendNames(l.postings, &l.entries[id], id, p.Name, p.Names...)
		if len(p.PCode) >= 3 {
			l.postings = s.appendName(l.postings, &l.entries[id], id, p.PCode, formOther)
		}
		if fence, err := geo.NewGeofence(p.Rings...); err == nil {
			l.shapes = append(l.shapes, shape{entry: id, level: p.Level, fence: fence})
		}
	}
	if len(l.entries) == 0 {
		return nil
	}
	slices.SortStableFunc(l.shapes, func(a, b shape) int { return a.level - b.level })
	slices.SortFunc(l.postings, comparePostings)
	l.seal()
	return l
}

func entryOf(p Place, country uint16) entry {
	if p.Kind == KindCountry {
		p.Kind = KindTown
	}
	if !(p.UncertaintyM > 0) {
		p.UncertaintyM = 500
	}
	return entry{
		lon: int32(math.Round(p.Point.Lon * 1e4)), lat: int32(math.Round(p.Point.Lat * 1e4)),
		radius: uint32(math.Min(p.UncertaintyM, 2e7)), population: uint32(max(0, min(p.Population, math.MaxInt32))),
		admin1: -1, country: country, kind: p.Kind,
	}
}

// divisionsAt are the own areas that p lies in, from the country downwards.
func (l *layer) divisionsAt(p geo.Point) []Division {
	if l == nil {
		return nil
	}
	var out []Division
	for _, s := range l.shapes {
		if l.own[s.entry].pcode != "" && s.fence.Contains(p) {
			out = append(out, Division{Level: s.level, PCode: l.own[s.entry].pcode, Name: l.names[s.entry]})
		}
	}
	return out
}
