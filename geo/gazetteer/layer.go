package gazetteer

import (
	"math"
	"slices"

	"github.com/onyo-project/onyo/geo"
)

// entry is one place, without its name.
type entry struct {
	lon, lat   int32  // 10⁻⁴ degree
	radius     uint32 // metres
	population uint32
	admin1     int32 // entry of the area it lies in, or -1
	country    uint16
	kind       Kind
}

func (e *entry) point() geo.Point {
	return geo.Point{Lon: float64(e.lon) / 1e4, Lat: float64(e.lat) / 1e4}
}

// posting says that a name, by its hash, is a name of an entry.
type posting struct {
	hash  uint64
	entry uint32
	main  bool // its first name, not another spelling
}

// layer is a set of places with their names. It does not change once built.
type layer struct {
	entries   []entry
	names     []string // by entry
	admins    []string // own places only: the name of their admin-1 area
	countries []string
	postings  []posting // by hash
	slots     []uint32  // open addressing: index into postings, plus one
	shift     uint
	maybe     []uint64 // a bit for every hash in use, small enough for a cache
}

// maybeBits sizes the bits that answer most misses: a misspelt word asks for
// some five hundred names that do not exist.
const maybeBits = 24

// seal sorts the postings, drops doubles and builds the hash table over them.
func (l *layer) seal() {
	slices.SortFunc(l.postings, func(a, b posting) int {
		switch {
		case a.hash != b.hash:
			return cmpUint(a.hash, b.hash)
		case a.entry != b.entry:
			return cmpUint(uint64(a.entry), uint64(b.entry))
		case a.main == b.main:
			return 0
		case a.main:
			return -1
		}
		return 1
	})
	l.postings = slices.CompactFunc(l.postings, func(a, b posting) bool { return a.hash == b.hash && a.entry == b.entry })
	bits := uint(1)
	for 1<<bits < 2*len(l.postings) {
		bits++
	}
	l.slots, l.shift = make([]uint32, 1<<bits), 64-bits
	l.maybe = make([]uint64, 1<<maybeBits/64)
	for i, p := range l.postings {
		if i > 0 && l.postings[i-1].hash == p.hash {
			continue
		}
		bit := p.hash >> (64 - maybeBits)
		l.maybe[bit/64] |= 1 << (bit % 64)
		at := p.hash >> l.shift
		for l.slots[at] != 0 {
			at = (at + 1) & uint64(len(l.slots)-1)
		}
		l.slots[at] = uint32(i) + 1
	}
}

func cmpUint(a, b uint64) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

// lookup returns the postings of a name.
func (l *layer) lookup(hash uint64) []posting {
	if l == nil || len(l.postings) == 0 {
		return nil
	}
	if bit := hash >> (64 - maybeBits); l.maybe[bit/64]>>(bit%64)&1 == 0 {
		return nil
	}
	for at := hash >> l.shift; l.slots[at] != 0; at = (at + 1) & uint64(len(l.slots)-1) {
		i := int(l.slots[at]) - 1
		if l.postings[i].hash != hash {
			continue
		}
		j := i + 1
		for j < len(l.postings) && l.postings[j].hash == hash {
			j++
		}
		return l.postings[i:j]
	}
	return nil
}

// appendName appends the posting of one spelling. Scratch space is handed in
// because this runs a million times.
func appendName(out []posting, s *scratch, name string, id uint32, main bool) []posting {
	s.tokens = appendTokens(s.tokens[:0], name)
	if len(s.tokens) == 0 {
		return out
	}
	s.key = joinKey(s.key[:0], s.tokens)
	return append(out, posting{hash: hashKey(s.key), entry: id, main: main})
}

type scratch struct {
	tokens []token
	key    []byte
}

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
		if p.Kind == KindCountry {
			p.Kind = KindTown
		}
		if !(p.UncertaintyM > 0) {
			p.UncertaintyM = 500
		}
		id := uint32(len(l.entries))
		l.entries = append(l.entries, entry{
			lon: int32(math.Round(p.Point.Lon * 1e4)), lat: int32(math.Round(p.Point.Lat * 1e4)),
			radius: uint32(math.Min(p.UncertaintyM, 2e7)), population: uint32(max(0, min(p.Population, math.MaxInt32))),
			admin1: -1, country: index[p.Country], kind: p.Kind,
		})
		l.names = append(l.names, p.Name)
		l.admins = append(l.admins, p.Admin1)
		l.postings = appendName(l.postings, &s, p.Name, id, true)
		for _, name := range p.Names {
			l.postings = appendName(l.postings, &s, name, id, false)
		}
	}
	l.seal()
	return l
}
