package alike

import (
	"math"
	"slices"
)

const (
	// bands of rows: two texts that share 8 of 10 runs of letters have one of the
	// bands in common 98 times of 100, two that share 1 of 3 once in 10.
	bands, rows = 8, 4
	prime64     = 1099511628211
)

// gramsOf are the hashes of all runs of four letters, each once, in order.
func gramsOf(print string) []uint32 {
	runes := []rune(print)
	if len(runes) < gramRunes {
		return nil
	}
	grams := make([]uint32, 0, len(runes))
	for i := range len(runes) - gramRunes + 1 {
		hash := uint64(14695981039346656037)
		for _, r := range runes[i : i+gramRunes] {
			hash = (hash ^ uint64(r)) * prime64
		}
		grams = append(grams, uint32(hash>>32)^uint32(hash))
	}
	slices.Sort(grams)
	return slices.Compact(grams)
}

// common counts what two ordered lists share.
func common(a, b []uint32) int {
	n := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			n, i, j = n+1, i+1, j+1
		}
	}
	return n
}

// bandsOf are the MinHash signature (Broder 1997) of a set, folded into bands.
func bandsOf(grams []uint32) (folded [bands]uint64) {
	if len(grams) == 0 {
		return folded
	}
	for band := range bands {
		key := uint64(band)
		for row := range rows {
			seed, least := uint64(band*rows+row+1)*0x9e3779b97f4a7c15, uint64(math.MaxUint64)
			for _, gram := range grams {
				least = min(least, mixed(uint64(gram)^seed))
			}
			key = mixed(key ^ least)
		}
		folded[band] = key
	}
	return folded
}

func mixed(hash uint64) uint64 {
	hash = (hash ^ hash>>30) * 0xbf58476d1ce4e5b9
	hash = (hash ^ hash>>27) * 0x94d049bb133111eb
	return hash ^ hash>>31
}

func hashed(text string) uint64 {
	hash := uint64(14695981039346656037)
	for i := range len(text) {
		hash = (hash ^ uint64(text[i])) * prime64
	}
	return hash
}
