package density

import (
	"fmt"
	"math"
	"slices"

	"github.com/onyo-project/onyo/geo"
)

// Gi is the Getis-Ord statistic Gi* of one place: whether the values around it,
// its own included, are higher or lower together than chance would have it.
//
// Getis and Ord, "The analysis of spatial association by use of distance
// statistics", Geographical Analysis 24 (1992); the standard score is that of
// Ord and Getis, "Local spatial autocorrelation statistics", the same 27 (1995),
// with weights of 0 and 1.
type Gi struct {
	// Z is the standard score, above 0 where values are high. It is 0 where
	// nothing can be said: all values are equal, or all places are neighbours.
	Z float64
	// P is how likely a score at least that far from 0 would be if values lay
	// anyhow and the score were normal, in [0,1]. With fewer than some 30 places,
	// or where most values are 0, it is not: go by Permuted then.
	P float64
	// Permuted is the same without that assumption, in (0,1]: how often the
	// values of the other places, dealt out at random, came out as far on the
	// same side, doubled for the other. 1 without permutations.
	Permuted float64
	// Q is Permuted, or without permutations P, after correction for looking at
	// so many places (BenjaminiHochberg). At most 0.05 is significant at a false
	// discovery rate of 5 %.
	Q float64
	// Neighbours is how many places the score is of, its own included.
	Neighbours int
}

// GiParams says how to judge significance.
type GiParams struct {
	// Permutations is how many times values are dealt out for each place, in
	// [0,99999]; 0 leaves it out. 999 can show a Permuted of 0.002 at the least,
	// which may be too coarse to pass the correction of Q among thousands of
	// places.
	Permutations int
	// Seed settles the dealing. Same values, neighbours and seed, same answer, in
	// whatever order the places come.
	Seed uint64
}

const mostPermutations = 99_999

// GetisOrd works out Gi* for every place from its value (such as independent
// sources per 1,000 people: mere counts of reports show where people and phones
// are) and the places that are its neighbours (see Neighbours). A place is always
// its own neighbour, whether it is listed or not.
//
// Errors wrap ErrInvalidParams: values that are not finite, neighbours that are
// no places, lists that are not as many as values, permutations out of range.
// Time grows with permutations times neighbours.
func GetisOrd(values []float64, neighbours [][]int32, p GiParams) ([]Gi, error) {
	if err := checkGi(values, neighbours, p); err != nil {
		return nil, err
	}
	f := newField(values)
	out, lists := make([]Gi, len(values)), make([][]int32, len(values))
	for i := range values {
		lists[i] = others(int32(i), neighbours[i])
		out[i].Neighbours = 1 + len(lists[i])
		out[i].Z = f.score(i, lists[i])
		out[i].P, out[i].Permuted = twoSided(out[i].Z), 1
	}
	if p.Permutations > 0 {
		f.permute(out, lists, p)
	}
	ps := make([]float64, len(out))
	for i := range out {
		if ps[i] = out[i].P; p.Permutations > 0 {
			ps[i] = out[i].Permuted
		}
	}
	for i, q := range BenjaminiHochberg(ps) {
		out[i].Q = q
	}
	return out, nil
}

func checkGi(values []float64, neighbours [][]int32, p GiParams) error {
	if len(neighbours) != len(values) {
		return fmt.Errorf("%w: %d values and %d lists of neighbours", ErrInvalidParams, len(values), len(neighbours))
	}
	if p.Permutations < 0 || p.Permutations > mostPermutations {
		return fmt.Errorf("%w: permutations must be between 0 and %d", ErrInvalidParams, mostPermutations)
	}
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%w: value %d is not finite", ErrInvalidParams, i)
		}
		for _, n := range neighbours[i] {
			if n < 0 || int(n) >= len(values) {
				return fmt.Errorf("%w: a neighbour of place %d is no place", ErrInvalidParams, i)
			}
		}
	}
	return nil
}

// others are the neighbours of a place without itself, each once.
func others(i int32, listed []int32) []int32 {
	all := slices.DeleteFunc(slices.Clone(listed), func(n int32) bool { return n == i })
	slices.Sort(all)
	return slices.Compact(all)
}

// field is the values, centred on their mean and brought to at most 1 in size, so
// that nothing overflows; scores do not change with scale.
type field struct {
	values []float64
	sorted []float64
	spread float64 // standard deviation; 0 if all are equal
}

func newField(values []float64) *field {
	f := &field{values: slices.Clone(values)}
	if len(values) == 0 || slices.Min(values) == slices.Max(values) {
		clear(f.values)
		f.sorted = f.values
		return f
	}
	f.centre()
	for i := range f.values {
		f.values[i] += 0 // never -0, which would be another value to permute
	}
	f.sorted = slices.Sorted(slices.Values(f.values))
	squares := 0.0
	for _, v := range f.sorted {
		squares += v * v
	}
	f.spread = math.Sqrt(squares / float64(len(values)))
	return f
}

// centre sums in order of size, so that the mean does not depend on the order of
// places.
func (f *field) centre() {
	size := max(math.Abs(slices.Max(f.values)), math.Abs(slices.Min(f.values)))
	for i := range f.values {
		f.values[i] /= size
	}
	mean := 0.0
	for _, v := range slices.Sorted(slices.Values(f.values)) {
		mean += v / float64(len(f.values))
	}
	for i := range f.values {
		f.values[i] -= mean
	}
}

// sum adds the values of some places, in order of size.
func (f *field) sum(places []int32) float64 {
	picked := make([]float64, len(places))
	for i, n := range places {
		picked[i] = f.values[n]
	}
	slices.Sort(picked)
	sum := 0.0
	for _, v := range picked {
		sum += v
	}
	return sum
}

func (f *field) score(i int, others []int32) float64 {
	n, k := float64(len(f.values)), float64(len(others)+1)
	if f.spread == 0 || k == n {
		return 0
	}
	return (f.values[i] + f.sum(others)) / (f.spread * math.Sqrt((n*k-k*k)/(n-1)))
}

// twoSided is how likely a normal score is at least that far from 0.
func twoSided(z float64) float64 { return math.Erfc(math.Abs(z) / math.Sqrt2) }

// Neighbours lists for each place those within the given metres on the ground,
// edge and itself included, ascending. A place that is not on Earth has itself
// alone, and so has every place if metres are negative or not finite.
func Neighbours(places []geo.Point, metres float64) [][]int32 {
	lists := make([][]int32, len(places))
	points := make([]Point, len(places))
	for i, p := range places {
		points[i] = Point{Lon: p.Lon, Lat: p.Lat}
		if !onEarth(p.Lon, p.Lat) {
			lists[i] = []int32{int32(i)}
		}
	}
	p := Params{EpsMetres: metres}
	if p.Check() != nil {
		for i := range lists {
			lists[i] = []int32{int32(i)}
		}
		return lists
	}
	s := sweep{grid: newGrid(points, newReach(p)), whole: true}
	for l := range s.lanes {
		s.start(l)
		for c := s.lanes[l].first; c < s.lanes[l].last; c++ {
			near := s.at(c)
			for own := s.in(&s.cells[c]); len(own) > 0; own = own[1:] {
				lists[own[0].index] = s.neighbours(&own[0], near)
			}
		}
	}
	return lists
}

func (g *grid) neighbours(p *member, around []span) []int32 {
	var list []int32
	for _, s := range around {
		for _, q := range g.members[g.cells[s.lo].first:g.cells[s.hi-1].last] {
			if q.index == p.index || g.near(p, &q) {
				list = append(list, q.index)
			}
		}
	}
	slices.Sort(list)
	return list
}
