package index

import (
	"bytes"
	"sort"

	"github.com/onyo-project/onyo/geo"
)

// segment is a set of items as columns, in the order of parts and, within a
// part, of keys. It never changes.
type segment struct {
	parts      []part
	byID       []uint32 // rows in the order of id
	id         []ID
	key        []uint64 // place on the Z-curve; 0 where not located
	lon, lat   []float64
	time       []int64
	version    []uint64
	categories []uint64
	weight     []uint32
	reports    []uint32
	sources    []uint32
	status     []uint8
	severity   []uint8
}

// part is a stretch of rows that are all located, or not, and all of one
// phase: what every live map asks about needs no look at the rows.
type part struct {
	located     bool
	phase       uint8
	first, last int // rows [first,last)
}

// rowOf is a row of one of several segments.
type rowOf struct{ segment, row uint32 }

func partNumber(located bool, phase uint8) uint16 {
	if located {
		return uint16(phase)
	}
	return 1<<8 | uint16(phase)
}

// greatestValue is the last number that a set of statuses, phases or
// severities has room for.
const greatestValue = 31

// build makes a segment of the chosen items, whose IDs differ and ascend.
func build(items []Item, chosen []uint32) *segment {
	order := make([]ranked, len(chosen))
	for i, n := range chosen {
		it := &items[n]
		order[i].row = n
		located := it.Located && (geo.Point{Lon: it.Lon, Lat: it.Lat}).Valid()
		order[i].part = partNumber(located, min(it.Phase, greatestValue))
		if located {
			order[i].key = interleave(mercatorX(it.Lon), mercatorY(it.Lat))
		}
	}
	sortRanked(order)
	s := newSegment(order)
	rows := make([]uint32, len(items)) // item -> row
	for row, o := range order {
		it := &items[o.row]
		rows[o.row] = uint32(row)
		s.id[row], s.lon[row], s.lat[row], s.time[row], s.version[row] = it.ID, it.Lon, it.Lat, it.Time, it.Version
		s.categories[row], s.weight[row], s.reports[row], s.sources[row] = it.Categories, it.Weight, it.Reports, it.Sources
		s.status[row], s.severity[row] = min(it.Status, greatestValue), min(it.Severity, greatestValue)
	}
	s.byID = make([]uint32, len(chosen))
	for i, n := range chosen {
		s.byID[i] = rows[n]
	}
	return s
}

// merge makes one segment of the living rows of several.
func merge(states []state) *segment {
	total := 0
	for i := range states {
		total += states[i].alive
	}
	order := make([]ranked, 0, total)
	for i := range states {
		st := &states[i]
		for _, p := range st.parts {
			for row := p.first; row < p.last; row++ {
				if st.isAlive(row) {
					order = append(order, ranked{key: st.key[row], part: partNumber(p.located, p.phase),
						rowOf: rowOf{segment: uint32(i), row: uint32(row)}})
				}
			}
		}
	}
	sortRanked(order)
	s := newSegment(order)
	for row, o := range order {
		from, at := states[o.segment].segment, o.row
		s.id[row], s.lon[row], s.lat[row], s.time[row], s.version[row] = from.id[at], from.lon[at], from.lat[at], from.time[at], from.version[at]
		s.categories[row], s.weight[row], s.reports[row], s.sources[row] = from.categories[at], from.weight[at], from.reports[at], from.sources[at]
		s.status[row], s.severity[row] = from.status[at], from.severity[at]
	}
	s.sortByID()
	return s
}

// newSegment has the parts and keys of sorted rows, and room for the rest.
func newSegment(order []ranked) *segment {
	n := len(order)
	s := &segment{
		id: make([]ID, n), key: make([]uint64, n), lon: make([]float64, n), lat: make([]float64, n),
		time: make([]int64, n), version: make([]uint64, n), categories: make([]uint64, n),
		weight: make([]uint32, n), reports: make([]uint32, n), sources: make([]uint32, n),
		status: make([]uint8, n), severity: make([]uint8, n),
	}
	for row, o := range order {
		s.key[row] = o.key
		if row == 0 || order[row-1].part != o.part {
			s.parts = append(s.parts, part{located: o.part < 1<<8, phase: uint8(o.part), first: row})
		}
		s.parts[len(s.parts)-1].last = row + 1
	}
	return s
}

func (s *segment) sortByID() {
	s.byID = make([]uint32, len(s.id))
	for row := range s.byID {
		s.byID[row] = uint32(row)
	}
	sortByID(s.byID, func(row uint32) *ID { return &s.id[row] })
}

// find is the row of an item.
func (s *segment) find(id ID) (int, bool) {
	i := sort.Search(len(s.byID), func(i int) bool { return bytes.Compare(s.id[s.byID[i]][:], id[:]) >= 0 })
	if i == len(s.byID) || s.id[s.byID[i]] != id {
		return 0, false
	}
	return int(s.byID[i]), true
}

func (s *segment) partOf(row int) part {
	i := 0
	for s.parts[i].last <= row {
		i++
	}
	return s.parts[i]
}

func (s *segment) item(row int) Item {
	p := s.partOf(row)
	it := Item{ID: s.id[row], Located: p.located, Phase: p.phase, Time: s.time[row], Version: s.version[row],
		Categories: s.categories[row], Weight: s.weight[row], Reports: s.reports[row], Sources: s.sources[row],
		Status: s.status[row], Severity: s.severity[row]}
	if p.located {
		it.Lon, it.Lat = s.lon[row], s.lat[row]
	}
	return it
}
