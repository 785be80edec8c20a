package hotspot

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// claim is a group's title to a previous hotspot's key.
type claim struct {
	group, previous int
	shared          int
	weight          float64
}

// inherit gives every group its key and parent, and answers the previous
// hotspots that end, closed. taken are the keys that no new hotspot may have; it
// grows.
func (e *Engine) inherit(groups []group, live []crisis.HotspotGroup, taken map[string]bool) (closed []crisis.HotspotGroup) {
	claims := claimsOf(groups, live)
	heir := make([]int, len(live)) // the group that goes on under the key, or -1
	for i := range heir {
		heir[i] = -1
	}
	for _, c := range claims {
		if groups[c.group].Key == "" && heir[c.previous] < 0 {
			groups[c.group].Key, heir[c.previous] = live[c.previous].Key, c.group
			groups[c.group].Parent = live[c.previous].Parent
		}
	}
	for _, c := range claims { // strongest first: where most of it was before
		if groups[c.group].Key == "" && groups[c.group].Parent == "" {
			groups[c.group].Parent = live[c.previous].Key
		}
	}
	for _, i := range byFounder(groups) {
		if groups[i].Key == "" {
			groups[i].Key = e.fresh(groups[i].founder, taken)
		}
	}
	into := map[int]string{}
	for _, c := range claims {
		if _, known := into[c.previous]; !known {
			into[c.previous] = groups[c.group].Key
		}
	}
	for i, p := range live {
		if heir[i] < 0 {
			p.Status, p.Trend = crisis.HotspotClosed, crisis.TrendFalling
			if into[i] != "" {
				p.Parent = into[i]
			}
			closed = append(closed, p)
		}
	}
	return closed
}

// claimsOf lists every pair of group and previous hotspot that share members,
// strongest first.
func claimsOf(groups []group, live []crisis.HotspotGroup) []claim {
	where := map[string]int{}
	for i := range groups {
		for _, id := range groups[i].Members {
			where[id] = i
		}
	}
	var claims []claim
	for p := range live {
		with := map[int]*claim{}
		for _, id := range live[p].Members {
			g, in := where[id]
			if !in {
				continue
			}
			if with[g] == nil {
				with[g] = &claim{group: g, previous: p}
			}
			with[g].shared++
			with[g].weight += groups[g].weights[id]
		}
		for _, c := range with {
			claims = append(claims, *c)
		}
	}
	slices.SortFunc(claims, func(a, b claim) int {
		return cmp.Or(cmp.Compare(b.shared, a.shared), cmp.Compare(b.weight, a.weight),
			cmp.Compare(live[a.previous].Key, live[b.previous].Key), cmp.Compare(groups[a.group].founder, groups[b.group].founder))
	})
	return claims
}

func byFounder(groups []group) []int {
	order := make([]int, len(groups))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(groups[a].founder, groups[b].founder) })
	return order
}

// fresh is a key that no hotspot has or had. The seed is the earliest member, so
// that whoever computes it from the same members gets the same.
func (e *Engine) fresh(founder string, taken map[string]bool) string {
	for n := 0; ; n++ {
		seed := founder
		if n > 0 {
			seed += "/" + strconv.Itoa(n)
		}
		if key := e.Key(seed); !taken[key] {
			taken[key] = true
			return key
		}
	}
}
