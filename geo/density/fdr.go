package density

import (
	"cmp"
	"slices"
)

// BenjaminiHochberg corrects for asking many questions at once: it turns
// p-values into the least false discovery rate at which each would still be
// called significant, in [0,1]. Those at most 0.05 are the ones that the
// procedure of 5 % keeps: among them, one in twenty is expected to be chance
// (Benjamini and Hochberg, Journal of the Royal Statistical Society B 57, 1995).
// It holds for independent and for positively dependent questions, as those of
// overlapping neighbourhoods are. What is not in [0,1] counts as 1.
func BenjaminiHochberg(p []float64) []float64 {
	order := make([]int, len(p))
	q := make([]float64, len(p))
	for i := range p {
		order[i], q[i] = i, 1
		if p[i] >= 0 && p[i] <= 1 {
			q[i] = p[i]
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(q[a], q[b]) })
	least := 1.0
	for rank := len(order); rank > 0; rank-- {
		i := order[rank-1]
		least = min(least, q[i]*float64(len(p))/float64(rank))
		q[i] = least
	}
	return q
}
