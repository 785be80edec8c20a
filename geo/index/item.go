// Package index holds what a map shows in memory, so that a map answers at
// once: any filter at any zoom, exact counts, inserts seen immediately, readers
// that never wait.
//
// An Index has one writer at a time and any number of readers. A reader takes a
// View, which never changes and costs nothing; every Put and Delete publishes
// the next View.
//
// Items lie in segments: immutable columns in the order of a Z-curve over the
// web-mercator square, so that every cell of every zoom is one stretch of rows.
// For each 32 rows a block keeps sums and ranges, which answer for rows that
// are all wanted or all not. New items form small segments that are merged as
// they add up; an overwritten or deleted row is struck out in a copy of its
// block. About 90 bytes an item, everything included.
//
// The package draws and counts; it says nothing about the world. A Cluster is
// what the glossary calls a cluster, never a hotspot.
package index

import (
	"math"
	"math/bits"

	"github.com/onyo-project/onyo/geo"
)

// ID names an item. Its order is that of its bytes.
type ID = [16]byte

// Item is what the map knows of one incident.
type Item struct {
	ID ID
	// Lon and Lat are degrees, WGS 84. An item that is not Located (or whose
	// point is not on Earth, which makes it so) is counted and listed, and is
	// on no map.
	Lon, Lat float64
	Located  bool
	// Time is when it happened, in microseconds since 1970 UTC.
	Time int64
	// Version orders what is known: a Put that is older than what is held of
	// the same ID changes nothing.
	Version uint64
	// Categories is a set of up to 64, bit n for the caller's n-th.
	Categories               uint64
	Weight, Reports, Sources uint32
	// Status, Phase and Severity are the caller's numbers below 32. Clusters
	// report the greatest Severity.
	Status, Phase, Severity uint8
}

// Filter says which items are meant. Its zero value means all of them.
type Filter struct {
	// Bounds keeps located items within it, edges included, exactly as
	// geo.Bounds.Contains; nil keeps every item, located or not.
	Bounds *geo.Bounds
	// Since and Until bound Time in microseconds since 1970 UTC: Since is
	// included, Until is not; 0 sets no bound.
	Since, Until int64
	// Categories keeps items with any of these; 0 keeps all.
	Categories uint64
	// Status, Phase and Severity are sets, bit n for the value n; 0 keeps all.
	Status, Phase, Severity uint32
	// IDs keeps only these, such as what a search for words found; nil keeps
	// all, and a set that is empty keeps none.
	IDs map[ID]struct{}
	// Match is asked last, about items that pass the rest; nil keeps all. It
	// must not keep the pointer.
	Match func(*Item) bool
}

// verdict is what a block's ranges say about its rows under a filter.
type verdict int

const (
	none verdict = iota
	some
	all
)

// judge says whether all, some or none of the rows of a block pass, apart from
// bounds, phase, IDs and Match.
func (f *Filter) judge(b *block) verdict {
	out := all
	if f.Since != 0 || f.Until != 0 {
		until := f.Until != 0
		if b.latest < f.Since && f.Since != 0 || until && b.earliest >= f.Until {
			return none
		}
		if f.Since != 0 && b.earliest < f.Since || until && b.latest >= f.Until {
			out = some
		}
	}
	if f.Categories != 0 {
		if b.anyCategory&f.Categories == 0 {
			return none
		}
		if b.everyCategory&f.Categories == 0 {
			out = some
		}
	}
	for _, set := range [2][2]uint32{{f.Status, b.statuses}, {f.Severity, b.severities}} {
		if set[0] == 0 {
			continue
		}
		if set[0]&set[1] == 0 {
			return none
		}
		if set[1]&^set[0] != 0 {
			out = some
		}
	}
	if f.IDs != nil || f.Match != nil {
		out = some
	}
	return out
}

// sieve keeps of mask the rows of the n-th block that pass, apart from bounds
// and phase. It goes column by column without branching on what it reads, which
// is several times faster than row by row.
func (f *Filter) sieve(s *segment, n int, mask uint64) uint64 {
	first := n * blockRows
	last := min(first+blockRows, len(s.key))
	if f.Categories != 0 {
		var keep uint64
		for i, c := range s.categories[first:last] {
			keep |= bit(c&f.Categories != 0) << (i & 63)
		}
		mask &= keep
	}
	if (f.Since != 0 || f.Until != 0) && mask != 0 {
		mask = f.sieveTime(s.time[first:last], mask)
	}
	if f.Status != 0 && mask != 0 {
		mask &= members(f.Status, s.status[first:last])
	}
	if f.Severity != 0 && mask != 0 {
		mask &= members(f.Severity, s.severity[first:last])
	}
	if f.IDs != nil || f.Match != nil {
		mask = f.ask(s, first, mask)
	}
	return mask
}

// sieveTime keeps of mask what happened within Since and Until.
func (f *Filter) sieveTime(times []int64, mask uint64) uint64 {
	since, last := int64(math.MinInt64), int64(math.MaxInt64)
	if f.Since != 0 {
		since = f.Since
	}
	if f.Until == math.MinInt64 {
		return 0 // nothing is earlier
	}
	if f.Until != 0 {
		last = f.Until - 1
	}
	if since > last {
		return 0
	}
	width := uint64(last) - uint64(since)
	var keep uint64
	if bits.OnesCount64(mask) < fewBits {
		for rest := mask; rest != 0; rest &= rest - 1 {
			i := bits.TrailingZeros64(rest)
			keep |= bit(uint64(times[i])-uint64(since) <= width) << i
		}
		return keep
	}
	for i, t := range times {
		keep |= bit(uint64(t)-uint64(since) <= width) << (i & 63)
	}
	return mask & keep
}

// fewBits is where looking at single rows is quicker than at the column.
const fewBits = 8

// ask puts what no column answers to every row that is left.
func (f *Filter) ask(s *segment, first int, mask uint64) uint64 {
	for rest := mask; rest != 0; rest &= rest - 1 {
		n := bits.TrailingZeros64(rest)
		keep := true
		if f.IDs != nil {
			_, keep = f.IDs[s.id[first+n]]
		}
		if keep && f.Match != nil {
			item := s.item(first + n)
			keep = f.Match(&item)
		}
		if !keep {
			mask &^= 1 << n
		}
	}
	return mask
}

// passes is sieve for one row.
func (f *Filter) passes(s *segment, row int) bool {
	return f.sieve(s, row/blockRows, 1<<(row%blockRows)) != 0
}

// members has a bit for every value that is in the set.
func members(set uint32, values []uint8) (mask uint64) {
	for i, v := range values {
		mask |= uint64(set>>(v&31)&1) << (i & 63)
	}
	return mask
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// wants reports whether rows of a part can pass at all.
func (f *Filter) wants(p part) bool {
	return (f.Phase == 0 || f.Phase>>p.phase&1 == 1) && (f.Bounds == nil || p.located)
}

// highest is the greatest member of a set, 0 for an empty one.
func highest(set uint32) uint8 { return uint8(max(0, bits.Len32(set)-1)) }
