package gazetteer

import (
	"cmp"
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

// form is how a name stands to its entry. The smaller, the better it names it.
type form uint8

const (
	formMain  form = iota // its first name
	formOther             // another spelling
	formBare              // an area's name without the word that says what it is
	formShort             // letters that stand for it: US, MD
	formPart              // the first or last word of a longer name
)

// posting says that a name, by its hash, is a name of an entry.
type posting struct {
	hash  uint64
	entry uint32
	form  form
}

// layer is a set of places with their names. It does not change once built.
type layer struct {
	entries   []entry
	names     []string   // by entry
	own       []ownPlace // own places only, by entry
	shapes    []shape    // own areas, from the country downwards
	countries []string
	postings  []posting // by hash
	slots     []uint32  // open addressing: index into postings, plus one
	shift     uint
	maybe     []uint64 // a bit for every hash in use, small enough for a cache
	narrow    uint     // how far a hash is shifted to find its bit
}

// maybeMost bounds the bits that answer most misses: a misspelt word asks for
// some five hundred names that do not exist.
const maybeMost = 24

func comparePostings(a, b posting) int {
	switch {
	case a.hash != b.hash:
		return cmp.Compare(a.hash, b.hash)
	case a.entry != b.entry:
		return cmp.Compare(a.entry, b.entry)
	}
	return cmp.Compare(a.form, b.form)
}

// seal drops doubles of the sorted postings and builds the hash table over them.
func (l *layer) seal() {
	l.postings = slices.CompactFunc(l.postings, func(a, b posting) bool { return a.hash == b.hash && a.entry == b.entry })
	bits := uint(1)
	for 1<<bits < 2*len(l.postings) {
		bits++
	}
	l.slots, l.shift = make([]uint32, 1<<bits), 64-bits
	most := min(maybeMost, bits+3)
	l.narrow = 64 - max(6, most)
	l.maybe = make([]uint64, 1<<max(6, most)/64)
	for i, p := range l.postings {
		if i > 0 && l.postings[i-1].hash == p.hash {
			continue
		}
		bit := p.hash >> l.narrow
		l.maybe[bit/64] |= 1 << (bit % 64)
		at := p.hash >> l.shift
		for l.slots[at] != 0 {
			at = (at + 1) & uint64(len(l.slots)-1)
		}
		l.slots[at] = uint32(i) + 1
	}
}

// lookup returns the postings of a name.
func (l *layer) lookup(hash uint64) []posting {
	if l == nil || len(l.postings) == 0 {
		return nil
	}
	if bit := hash >> l.narrow; l.maybe[bit/64]>>(bit%64)&1 == 0 {
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
