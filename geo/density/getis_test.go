package density_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/density"
)

// queen are the neighbours of the squares of a board, by row, as the queen moves.
func queen(rows, columns int) [][]int32 {
	lists := make([][]int32, rows*columns)
	for i := range lists {
		for j := range lists {
			if dr, dc := i/columns-j/columns, i%columns-j%columns; max(dr*dr, dc*dc) <= 1 {
				lists[i] = append(lists[i], int32(j))
			}
		}
	}
	return lists
}

// board is 5 by 5 squares with a hot spot, and its scores, worked out from the
// formula by other means.
func board() (values, scores []float64) {
	return []float64{
			0, 0, 0, 0, 0,
			0, 9, 8, 0, 0,
			0, 7, 9, 1, 0,
			0, 0, 1, 0, 0,
			0, 0, 0, 0, 1,
		}, []float64{
			0.575801901353, 1.275327073330, 1.275327073330, -0.097632694609, -1.023647824628,
			1.122775988004, 2.720095792025, 2.855829114980, 0.684095947695, -1.165490291895,
			1.122775988004, 2.855829114980, 2.991562437936, 0.819829270650, -1.165490291895,
			-0.250183779936, 0.548362624740, 0.684095947695, -0.130303990037, -1.012939206568,
			-1.023647824628, -1.165490291895, -1.165490291895, -1.012939206568, -0.845931188408,
		}
}

func TestGetisOrd(t *testing.T) {
	values, want := board()
	got, err := density.GetisOrd(values, queen(5, 5), density.GiParams{})
	if err != nil {
		t.Fatal(err)
	}
	var significant []int
	for i, g := range got {
		if math.Abs(g.Z-want[i]) > 1e-9 {
			t.Errorf("z[%d] = %.12f, want %.12f", i, g.Z, want[i])
		}
		if g.Q <= 0.05 {
			significant = append(significant, i)
		}
		if g.Permuted != 1 {
			t.Errorf("place %d: %v of permutations, without any", i, g.Permuted)
		}
	}
	if !slices.Equal(significant, []int{6, 7, 11, 12}) {
		t.Errorf("significant at 5 %%: %v", significant)
	}
	if got[0].Neighbours != 4 || got[6].Neighbours != 9 {
		t.Errorf("a corner has %d neighbours, the inside %d", got[0].Neighbours, got[6].Neighbours)
	}
}

func TestGetisOrdAtItsEdges(t *testing.T) {
	all := [][]int32{{0, 1, 2}, {0, 1, 2}, {0, 1, 2}}
	alone := [][]int32{nil, nil, nil}
	for name, c := range map[string]struct {
		values     []float64
		neighbours [][]int32
		want       []float64
	}{
		"nothing":              {nil, nil, nil},
		"one place":            {[]float64{7}, [][]int32{{0}}, []float64{0}},
		"all alike":            {[]float64{0.1, 0.1, 0.1}, alone, []float64{0, 0, 0}},
		"all are neighbours":   {[]float64{1, 2, 3}, all, []float64{0, 0, 0}},
		"each on its own":      {[]float64{0, 0, 3}, alone, []float64{-math.Sqrt2 / 2, -math.Sqrt2 / 2, math.Sqrt2}},
		"the largest there is": {[]float64{0, 0, math.MaxFloat64}, alone, []float64{-math.Sqrt2 / 2, -math.Sqrt2 / 2, math.Sqrt2}},
		"a neighbour twice":    {[]float64{0, 0, 3}, [][]int32{{2, 2, 0}, {1, 1}, {}}, []float64{math.Sqrt2 / 2, -math.Sqrt2 / 2, math.Sqrt2}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := density.GetisOrd(c.values, c.neighbours, density.GiParams{Permutations: 99})
			if err != nil {
				t.Fatal(err)
			}
			var scores []float64
			for _, g := range got {
				scores = append(scores, g.Z)
			}
			if diff := cmp.Diff(c.want, scores, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGetisOrdRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		values     []float64
		neighbours [][]int32
		p          density.GiParams
	}{
		"a value that is none":      {[]float64{math.NaN()}, [][]int32{nil}, density.GiParams{}},
		"an endless value":          {[]float64{math.Inf(1)}, [][]int32{nil}, density.GiParams{}},
		"a neighbour that is none":  {[]float64{1}, [][]int32{{1}}, density.GiParams{}},
		"a negative neighbour":      {[]float64{1}, [][]int32{{-1}}, density.GiParams{}},
		"lists missing":             {[]float64{1}, nil, density.GiParams{}},
		"negative permutations":     {nil, nil, density.GiParams{Permutations: -1}},
		"more permutations than is": {nil, nil, density.GiParams{Permutations: 100_000}},
	} {
		if _, err := density.GetisOrd(c.values, c.neighbours, c.p); !errors.Is(err, density.ErrInvalidParams) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPermutationsAreOfAll compares with what dealing out the values of the others
// in all ways comes to.
func TestPermutationsAreOfAll(t *testing.T) {
	values := []float64{5, 4, 0, 1, 0, 2, 3, 0}
	neighbours := [][]int32{{1, 6}, {0, 2}, {1, 3}, {2, 4}, {3, 5}, {4, 6}, {5, 0}, {}}
	got, err := density.GetisOrd(values, neighbours, density.GiParams{Permutations: 50_000, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for i, list := range neighbours {
		if len(list) == 0 {
			if got[i].Permuted != 1 {
				t.Errorf("a place without others has %v", got[i].Permuted)
			}
			continue
		}
		above, below, all := 0.0, 0.0, 0.0
		seen := values[list[0]] + values[list[1]]
		for a := range values {
			for b := range a {
				if a == i || b == i {
					continue
				}
				all++
				if values[a]+values[b] >= seen {
					above++
				}
				if values[a]+values[b] <= seen {
					below++
				}
			}
		}
		if want := math.Min(1, 2*math.Min(above, below)/all); math.Abs(got[i].Permuted-want) > 0.01 {
			t.Errorf("place %d: %v, all deals give %v", i, got[i].Permuted, want)
		}
	}
}

// TestSeedSettlesTheDealing: the same seed gives the same, another does not.
func TestSeedSettlesTheDealing(t *testing.T) {
	values, _ := board()
	deal := func(seed uint64) []density.Gi {
		got, err := density.GetisOrd(values, queen(5, 5), density.GiParams{Permutations: 199, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if !slices.Equal(deal(1), deal(1)) {
		t.Error("the same seed gave another answer")
	}
	if slices.Equal(deal(1), deal(2)) {
		t.Error("another seed gave the same answer")
	}
}

// TestGetisOrdForgetsOrder: the same places in another order have the same
// scores, permutations included, and all stay in their ranges.
func TestGetisOrdForgetsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 30).Draw(t, "n")
		value := rapid.OneOf(rapid.Map(rapid.IntRange(0, 3), func(v int) float64 { return float64(v) }),
			rapid.Float64Range(-1e300, 1e300), rapid.Float64Range(-1e-300, 1e-300))
		values := rapid.SliceOfN(value, n, n).Draw(t, "values")
		lists := make([][]int32, n)
		for i := range lists {
			lists[i] = rapid.SliceOfN(rapid.Int32Range(0, int32(n)-1), 0, 8).Draw(t, "neighbours")
		}
		p := density.GiParams{Permutations: rapid.IntRange(0, 60).Draw(t, "permutations"), Seed: rapid.Uint64().Draw(t, "seed")}
		want, err := density.GetisOrd(values, lists, p)
		if err != nil {
			t.Fatal(err)
		}
		at := rand.New(rand.NewPCG(p.Seed, 9)).Perm(n)
		others, moved := make([]float64, n), make([][]int32, n)
		for i := range values {
			others[at[i]] = values[i]
			for _, j := range lists[i] {
				moved[at[i]] = append(moved[at[i]], int32(at[j]))
			}
		}
		got, err := density.GetisOrd(others, moved, p)
		if err != nil {
			t.Fatal(err)
		}
		for i, g := range want {
			if g != got[at[i]] {
				t.Fatalf("place %d: %+v became %+v", i, g, got[at[i]])
			}
			for _, p := range []float64{g.P, g.Q, g.Permuted} {
				if !(p >= 0 && p <= 1) || math.IsNaN(g.Z) || math.IsInf(g.Z, 0) {
					t.Fatalf("place %d: %+v", i, g)
				}
			}
		}
	})
}

func TestNeighbours(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points, params := scene(t)
		places := []geo.Point{{Lon: math.NaN()}}
		for _, p := range points {
			places = append(places, geo.Point{Lon: p.Lon, Lat: p.Lat})
		}
		for i, list := range density.Neighbours(places, params.EpsMetres) {
			var want []int32
			for j := range places {
				if i == j || geo.Distance(places[i], places[j]) <= params.EpsMetres {
					want = append(want, int32(j))
				}
			}
			if !slices.Equal(list, want) {
				t.Fatalf("place %d has %v, want %v", i, list, want)
			}
		}
	})
	if got := density.Neighbours(make([]geo.Point, 2), -1); !slices.Equal(got[1], []int32{1}) {
		t.Errorf("within less than nothing: %v", got)
	}
}

func TestBenjaminiHochberg(t *testing.T) {
	for name, c := range map[string]struct{ p, want []float64 }{
		"nothing": {nil, []float64{}},
		"one":     {[]float64{0.03}, []float64{0.03}},
		"a later one pulls an earlier": {[]float64{0.04, 0.01, 0.03, 0.5},
			[]float64{0.16 / 3, 0.04, 0.16 / 3, 0.5}},
		"what is no probability": {[]float64{math.NaN(), -1, 2, 0.01}, []float64{1, 1, 1, 0.04}},
	} {
		if diff := cmp.Diff(c.want, density.BenjaminiHochberg(c.p), cmpopts.EquateApprox(0, 1e-15)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestMannKendall(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		values []float64
		want   density.Trend
	}{
		"nothing":       {nil, density.Trend{P: 1}},
		"one":           {[]float64{4}, density.Trend{P: 1, Values: 1}},
		"all alike":     {[]float64{2, 2, 2, 2}, density.Trend{P: 1, Values: 4}},
		"up and up":     {[]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, density.Trend{S: 45, Z: 44 / math.Sqrt(125), P: 8.3031e-05, Slope: 1, Values: 10}},
		"down and down": {[]float64{6, 4, 2, 0}, density.Trend{S: -6, Z: -5 / math.Sqrt(26./3), P: 0.089429, Slope: -2, Values: 4}},
		"a tie":         {[]float64{1, 2, 2, 3}, density.Trend{S: 5, Z: 4 / math.Sqrt(138./18), P: 0.1485618, Slope: 7. / 12, Values: 4}},
		"gaps keep their time": {[]float64{0, nan, 2, math.Inf(1), 4},
			density.Trend{S: 3, Z: 2 / math.Sqrt(66./18), P: 0.296270, Slope: 1, Values: 3}},
		// Slope and ties as scipy 1.10 has them (theilslopes).
		"twenty days": {[]float64{3, 7, 2, 9, 4, 4, 10, 12, 5, 11, 11, 15, 8, 14, 13, 20, 17, 13, 18, 22},
			density.Trend{S: 133, Z: 4.289423647418466, P: 1.7913738306118142e-05, Slope: 0.8333333333333334, Values: 20}},
	} {
		if diff := cmp.Diff(c.want, density.MannKendall(c.values), cmpopts.EquateApprox(1e-5, 1e-12)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestMannKendallTurnsRound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.OneOf(rapid.Float64(), rapid.Float64Range(-3, 3), rapid.SampledFrom([]float64{0, 1, 2, math.NaN(), math.Inf(-1)})), 0, 40).Draw(t, "values")
		got := density.MannKendall(values)
		if !(got.P >= 0 && got.P <= 1) || math.IsNaN(got.Z) || math.IsNaN(got.Slope) || math.IsInf(got.Slope, 0) {
			t.Fatalf("got %+v", got)
		}
		back := slices.Clone(values)
		slices.Reverse(back)
		if now := density.MannKendall(back); now.S != -got.S || now.Z != -got.Z || now.P != got.P || now.Slope != -got.Slope {
			t.Fatalf("%+v backwards is %+v", got, now)
		}
	})
}

func BenchmarkGetisOrd(b *testing.B) {
	const side = 100
	values, neighbours := make([]float64, side*side), queen(side, side)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range values {
		values[i] = math.Floor(rng.ExpFloat64() * 2)
	}
	for b.Loop() {
		if _, err := density.GetisOrd(values, neighbours, density.GiParams{Permutations: 999}); err != nil {
			b.Fatal(err)
		}
	}
}
