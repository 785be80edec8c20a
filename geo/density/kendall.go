package density

import (
	"math"
	"slices"
)

// Trend says whether the values of one place rise or fall.
type Trend struct {
	// S is how many pairs of values rise, less those that fall.
	S int
	// Z is its standard score, corrected for ties and for continuity: above 0
	// where values rise. 0 if all are equal or fewer than two.
	Z float64
	// P is how likely a score at least that far from 0 would be by chance, in
	// [0,1], by the normal approximation: fair from 8 values on. Of many places,
	// correct it with BenjaminiHochberg.
	P float64
	// Slope is Sen's: the median rise from one value to the next, in units of
	// value per step. One wild value does not move it.
	Slope float64
	// Values is how many there were.
	Values int
}

// MannKendall looks for a trend in the values of one place, one for each step of
// time, the earliest first. What is not finite is a gap. It asks only for which
// is greater, so neither outliers nor a bend matter (Mann, Econometrica 13, 1945;
// Kendall, Rank Correlation Methods, 1975; slope: Sen, Journal of the American
// Statistical Association 63, 1968). Values that depend on the one before, as
// numbers of the same ongoing thing do, make it too sure.
//
// Time and memory grow with the square: a thousand values take 4 MB.
func MannKendall(values []float64) Trend {
	t := Trend{P: 1}
	finite := make([]float64, 0, len(values))
	var slopes []float64
	for i, b := range values {
		if math.IsNaN(b) || math.IsInf(b, 0) {
			continue
		}
		for j, a := range values[:i] {
			if math.IsNaN(a) || math.IsInf(a, 0) {
				continue
			}
			if b > a {
				t.S++
			} else if b < a {
				t.S--
			}
			steps := float64(i - j)
			slopes = append(slopes, b/steps-a/steps)
		}
		finite = append(finite, b)
	}
	t.Values = len(finite)
	if len(finite) < 2 {
		return t
	}
	t.Slope = middleOf(slopes)
	if variance := variance(finite); variance > 0 && t.S != 0 {
		t.Z = (math.Abs(float64(t.S)) - 1) / math.Sqrt(variance)
		t.P = twoSided(t.Z)
		t.Z = math.Copysign(t.Z, float64(t.S))
	}
	return t
}

// variance is that of S. It sorts the values.
func variance(values []float64) float64 {
	share := func(n int) float64 { k := float64(n); return k * (k - 1) * (2*k + 5) }
	slices.Sort(values)
	sum := share(len(values))
	for i := 0; i < len(values); {
		tied := 1
		for i+tied < len(values) && values[i+tied] == values[i] {
			tied++
		}
		sum -= share(tied)
		i += tied
	}
	return sum / 18
}

// middleOf is the median. It sorts the values.
func middleOf(values []float64) float64 {
	slices.Sort(values)
	half := len(values) / 2
	m := values[half]
	if len(values)%2 == 0 {
		m = values[half-1]/2 + values[half]/2
	}
	return math.Max(-math.MaxFloat64, math.Min(m, math.MaxFloat64)) + 0
}
