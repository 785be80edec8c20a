package index

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"
)

// ranked is a row on its way into an order: by part, then key.
type ranked struct {
	key  uint64
	part uint16
	rowOf
}

// sortByID sorts numbers of things by the ID of the thing, keeping the order of
// equals.
func sortByID(numbers []uint32, id func(uint32) *ID) {
	order := make([]ranked, len(numbers))
	for i, n := range numbers {
		order[i] = ranked{key: binary.BigEndian.Uint64(id(n)[:8]), rowOf: rowOf{row: n}}
	}
	sortRanked(order)
	for first := 0; first < len(order); { // IDs that begin alike
		last := first + 1
		for last < len(order) && order[last].key == order[first].key {
			last++
		}
		if last-first > 1 {
			slices.SortStableFunc(order[first:last], func(a, b ranked) int { return bytes.Compare(id(a.row)[:], id(b.row)[:]) })
		}
		first = last
	}
	for i, o := range order {
		numbers[i] = o.row
	}
}

// sortRanked sorts, keeping the order of equals. Many rows go through a radix
// sort, which is several times faster than comparing.
func sortRanked(rows []ranked) {
	if len(rows) < 8192 {
		slices.SortStableFunc(rows, func(a, b ranked) int {
			if a.part != b.part {
				return cmp.Compare(a.part, b.part)
			}
			return cmp.Compare(a.key, b.key)
		})
		return
	}
	const digits = 5 // of 16 bits: four of the key, then the part
	digit := func(r *ranked, d int) uint16 {
		if d == digits-1 {
			return r.part
		}
		return uint16(r.key >> (16 * d))
	}
	from, to := rows, make([]ranked, len(rows))
	counts := make([]uint32, 1<<16)
	for d := range digits {
		clear(counts)
		for i := range from {
			counts[digit(&from[i], d)]++
		}
		if counts[digit(&from[0], d)] == uint32(len(from)) {
			continue // all the same here
		}
		sum := uint32(0)
		for i, n := range counts {
			counts[i], sum = sum, sum+n
		}
		for i := range from {
			at := &counts[digit(&from[i], d)]
			to[*at] = from[i]
			*at++
		}
		from, to = to, from
	}
	if &from[0] != &rows[0] {
		copy(rows, from)
	}
}
