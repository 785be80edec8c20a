package index

import "math/bits"

const (
	blockRows  = 64 // as many as bits in block.alive
	pageBlocks = 32
)

// block is what is known of 64 rows in a row, counting those alive alone.
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
			p.blocks[i] = s.survey(first/blockRows+i, ^uint64(0)>>(blockRows-min(left, blockRows)))
		}
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
	s.alive--
}
