package density

// placed is a point on its way into the grid: a key that orders cells, and the
// point's place in the input.
type placed struct {
	key   uint64
	index int32
}

const digit = 11 // bits sorted at once

// radixSort sorts by the lowest bits of the keys. It is stable.
func radixSort(all []placed, bits int) []placed {
	other := make([]placed, len(all))
	for shift := 0; shift < bits; shift += digit {
		var at [1 << digit]int32
		for i := range all {
			at[all[i].key>>shift&(1<<digit-1)]++
		}
		sum := int32(0)
		for i, n := range at {
			at[i] = sum
			sum += n
		}
		for i := range all {
			d := all[i].key >> shift & (1<<digit - 1)
			other[at[d]] = all[i]
			at[d]++
		}
		all, other = other, all
	}
	return all
}
