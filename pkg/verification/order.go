package verification

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// order is the first rows of the queue, at most limit: free before held by
// others, life-safety first, then what one more person settles. Within that they
// are dealt so that no crowd buries anybody: next comes the row whose source,
// area and channel together were dealt least so far, and of several the oldest.
func order(rows []Row, person crisis.ID, limit int) []Row {
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.class(person), b.class(person)), byAge(a, b))
	})
	out := make([]Row, 0, min(limit, len(rows)))
	for start := 0; start < len(rows) && len(out) < limit; {
		end := start + 1
		for end < len(rows) && rows[end].class(person) == rows[start].class(person) {
			end++
		}
		out = deal(out, rows[start:end], limit)
		start = end
	}
	return out
}

// area is a square of areaDegrees, about 11 km; nowhere is one as well.
type area struct{ x, y int }

const areaDegrees = 0.1

// crowd is what rows have in common by which they could bury others.
type crowd struct {
	source, channel crisis.ID
	area            area
}

func (r Row) crowd() crowd {
	c := crowd{source: r.source, channel: r.channel, area: area{math.MaxInt, 0}}
	if l := r.Location; l != nil {
		c.area = area{int(math.Floor(l.Lon / areaDegrees)), int(math.Floor(l.Lat / areaDegrees))}
	}
	if c.source.IsZero() {
		c.source = r.Incident.ID // nobody's
	}
	return c
}

// pile is the rows of one crowd, by age, and which of the counts are its.
type pile struct {
	rows  []Row
	count [3]*int // of its source, area and channel
}

func (p pile) dealt() int { return *p.count[0] + *p.count[1] + *p.count[2] }

// deal appends rows, which come by age, until there are limit.
func deal(out, rows []Row, limit int) []Row {
	piles := pilesOf(rows)
	for len(piles) > 0 && len(out) < limit {
		best, least := 0, piles[0].dealt()
		for i, p := range piles[1:] {
			if dealt := p.dealt(); dealt < least || dealt == least && byAge(p.rows[0], piles[best].rows[0]) < 0 {
				best, least = i+1, dealt
			}
		}
		p := &piles[best]
		out = append(out, p.rows[0])
		for _, count := range p.count {
			*count++
		}
		if p.rows = p.rows[1:]; len(p.rows) == 0 {
			piles = slices.Delete(piles, best, best+1)
		}
	}
	return out
}

func pilesOf(rows []Row) []pile {
	var piles []pile
	at := map[crowd]int{}
	sources, areas, channels := map[crisis.ID]*int{}, map[area]*int{}, map[crisis.ID]*int{}
	for i, row := range rows {
		c := row.crowd()
		if n, known := at[c]; known {
			piles[n].rows = append(piles[n].rows, row)
			continue
		}
		at[c] = len(piles)
		count := [3]*int{counter(sources, c.source), counter(areas, c.area), counter(channels, c.channel)}
		piles = append(piles, pile{rows: rows[i : i+1 : i+1], count: count})
	}
	return piles
}

func counter[K comparable](counts map[K]*int, key K) *int {
	if counts[key] == nil {
		counts[key] = new(int)
	}
	return counts[key]
}

// class is the coarse order: lower comes first.
func (r Row) class(person crisis.ID) int {
	class := 0
	if r.Claim != nil && r.Claim.Person != person {
		class += 100
	}
	if r.Incident.Severity != crisis.SeverityLifeSafety {
		class += 10
	}
	switch {
	case r.Incident.Status == crisis.StatusNeedsInfo:
		class += 3
	case r.Needs == "first":
		class += 1
	case r.Needs == "location":
		class += 2
	}
	return class
}

func byAge(a, b Row) int {
	return cmp.Or(a.Incident.FirstReceived.Compare(b.Incident.FirstReceived), bytes.Compare(a.Incident.ID[:], b.Incident.ID[:]))
}
