package density

import (
	"math"
	"math/rand/v2"
	"sort"
)

// alike are places that the same deals serve: with the same value of their own
// and as many neighbours.
type alike struct {
	value  uint64 // bits
	others int
}

// permute works out Permuted for all places: conditional permutations (Anselin,
// "Local indicators of spatial association", Geographical Analysis 27, 1995), in
// which a place keeps its value while all others change places.
func (f *field) permute(out []Gi, lists [][]int32, p GiParams) {
	groups := map[alike][]int{}
	for i := range lists {
		k := alike{math.Float64bits(f.values[i]), len(lists[i])}
		groups[k] = append(groups[k], i)
	}
	d := dealer{pool: append([]float64(nil), f.sorted...)}
	for k, places := range groups {
		if k.others == 0 || f.spread == 0 {
			continue
		}
		// A deck of its own for each, so that no place depends on another.
		d.rng = rand.New(rand.NewPCG(p.Seed, mix(k.value)^mix(uint64(k.others))))
		sums := d.deal(math.Float64frombits(k.value), k.others, p.Permutations)
		for _, i := range places {
			out[i].Permuted = rank(sums, f.sum(lists[i]))
		}
	}
}

// mix spreads bits (SplitMix64; Steele, Lea and Flood 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

type dealer struct {
	pool []float64 // sorted between deals
	rng  *rand.Rand
	took []int
}

// deal draws so many of the values, but for one that equals own, as often as
// asked, and sums up each draw.
func (d *dealer) deal(own float64, count, times int) []float64 {
	last := len(d.pool) - 1
	kept := sort.SearchFloat64s(d.pool, own)
	d.pool[kept], d.pool[last] = d.pool[last], d.pool[kept]
	sums := make([]float64, times)
	for t := range sums {
		d.took = d.took[:0]
		for i := range count {
			j := i + d.rng.IntN(last-i)
			d.pool[i], d.pool[j] = d.pool[j], d.pool[i]
			d.took = append(d.took, j)
			sums[t] += d.pool[i]
		}
		for i := count - 1; i >= 0; i-- { // put them back as they were
			j := d.took[i]
			d.pool[i], d.pool[j] = d.pool[j], d.pool[i]
		}
	}
	d.pool[kept], d.pool[last] = d.pool[last], d.pool[kept]
	return sums
}

// rank is how often chance came out as far as what is seen, which counts as one
// deal itself; doubled, for it might have been the other side.
func rank(sums []float64, seen float64) float64 {
	const rounding = 1e-9 // of values that are at most 2 in size
	above, below := 1, 1
	for _, s := range sums {
		if s >= seen-rounding {
			above++
		}
		if s <= seen+rounding {
			below++
		}
	}
	return math.Min(1, 2*float64(min(above, below))/float64(len(sums)+1))
}
