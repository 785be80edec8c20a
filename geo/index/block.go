package index

import (
	"math"
	"math/bits"
)

const (
	// blockRows is at most the number of bits in block.alive. Fewer make the
	// ends of a cell cheaper, which are looked at row by row; more make the
	// middle of a large cell cheaper.
	blockRows  = 32
	fullBlock  = 1<<blockRows - 1
	pageBlocks = 32
)

// block is what is known of blockRows rows in a row, counting those alive alone.
type block struct {
	alive uint64 // bit n for the block's n-th row
	sums
	earliest, latest           int64
	anyCategory, everyCategory uint64
	statuses, severities       uint32
}

// sums is what adds up over rows.
type sums struct {
	x, y                     uint64 // units of the mercator square
	weight, reports, sources uint64
}

func (s *sums) add(o *sums) {
	s.x += o.x
	s.y += o.y
	s.weight += o.weight
	s.reports += o.reports
	s.sources += o.sources
}

// page is a copy-on-write unit of blocks. Only the writer that made it, while
// it makes the view of that generation, may change it.
type page struct {
	generation uint64
	blocks     [pageBlocks]block
	count      int   // rows alive
	total      block // of all blocks; its alive is of no meaning
}

// addUp fills count and total.
func (p *page) addUp() {
	p.count, p.total = 0, block{everyCategory: ^uint64(0), earliest: math.MaxInt64, latest: math.MinInt64}
	for i := range p.blocks {
		b := &p.blocks[i]
		if b.alive == 0 {
			continue
		}
		p.count += bits.OnesCount64(b.alive)
		p.total.sums.add(&b.sums)
		p.total.earliest, p.total.latest = min(p.total.earliest, b.earliest), max(p.total.latest, b.latest)
		p.total.anyCategory |= b.anyCategory
		p.total.everyCategory &= b.everyCategory
		p.total.statuses |= b.statuses
		p.total.severities |= b.severities
	}
}

// ends are the first and the last block with a row alive; there must be one.
func (p *page) ends() (first, last int) {
	for last = pageBlocks - 1; p.blocks[last].alive == 0; last-- {
	}
	for ; p.blocks[first].alive == 0; first++ {
	}
	return first, last
}

// survey fills a block from the columns, for the rows that alive names.
func (s *segment) survey(n int, alive uint64) block {
	b := block{alive: alive, everyCategory: ^uint64(0)}
	for rest := alive; rest != 0; rest &= rest - 1 {
		row := n*blockRows + bits.TrailingZeros64(rest)
		one := s.sums(row)
		if rest == alive || s.time[row] < b.earliest {
			b.earliest = s.time[row]
		}
		if rest == alive || s.time[row] > b.latest {
			b.latest = s.time[row]
		}
		b.sums.add(&one)
		b.anyCategory |= s.categories[row]
		b.everyCategory &= s.categories[row]
		b.statuses |= 1 << s.status[row]
		b.severities |= 1 << s.severity[row]
	}
	return b
}

func (s *segment) sums(row int) sums {
	x, y := deinterleave(s.key[row])
	return sums{x: uint64(x), y: uint64(y), weight: uint64(s.weight[row]), reports: uint64(s.reports[row]), sources: uint64(s.sources[row])}
}

// state is a segment as one view sees it: the columns, and which rows of them
// are still alive.
type state struct {
	*segment
	pages []*page
	alive int // rows
}

func (s *state) block(n int) *block { return &s.pages[n/pageBlocks].blocks[n%pageBlocks] }

func (s *state) isAlive(row int) bool {
	return s.block(row/blockRows).alive>>(row%blockRows)&1 == 1
}

// newState surveys a fresh segment, all of whose rows are alive.
func newState(s *segment, generation uint64) state {
	n := len(s.key)
	st := state{segment: s, alive: n}
	for first := 0; first < n; first += blockRows * pageBlocks {
		p := &page{generation: generation}
		for i := range p.blocks {
			left := n - first - i*blockRows
			if left <= 0 {
				break
			}
			p.blocks[i] = s.survey(first/blockRows+i, fullBlock>>(blockRows-min(left, blockRows)))
		}
		p.addUp()
		st.pages = append(st.pages, p)
	}
	return st
}

// kill strikes a living row out, without touching what older views see.
func (s *state) kill(row int, generation uint64) {
	n := row / blockRows
	old := s.pages[n/pageBlocks]
	if old.generation != generation {
		s.pages = append([]*page(nil), s.pages...)
		fresh := *old
		fresh.generation = generation
		s.pages[n/pageBlocks] = &fresh
	}
	b := s.block(n)
	*b = s.survey(n, b.alive&^(1<<(row%blockRows)))
	s.pages[n/pageBlocks].addUp()
	s.alive--
}
