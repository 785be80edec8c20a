package triage

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
)

const (
	// Window is how far back incidents are looked at.
	Window = 72 * time.Hour
	// joinsFrom and suggestsFrom are the two thresholds on sameness, 0 to 1.
	joinsFrom    = 0.72
	suggestsFrom = 0.58
	// leastAlike, leastNear and leastRecent: below one of them nothing joins,
	// however well the rest fits.
	leastAlike  = 0.40
	leastNear   = 0.70
	leastRecent = 0.50
	// nearM is how far apart, beyond their uncertainties, two positions of one
	// thing may be: people stand at different ends of it.
	nearM = 75
	// farM is where nearness ends, beyond the uncertainties.
	farM = 400
	// vagueM: a location less certain than this tells too little to join by.
	vagueM = 10_000
	// sameHours is within which time makes no difference.
	sameHours = 6
)

// spot is a report or an incident as it is compared: where, when, what kind.
type spot struct {
	located    bool
	point      geo.Point
	uncertain  float64 // metres
	from, to   time.Time
	categories []string
}

// sameness is how likely two reports tell of one thing, with the reasons.
type sameness struct {
	score float64
	join  bool
	why   string
}

// compare judges a report against an incident. Kin says whether two categories
// go together.
func compare(report *voice, at spot, others *chorus, there spot, kin func(a, b string) bool) sameness {
	kind, ok := compatible(at.categories, there.categories, kin)
	when, apart := nearInTime(at, there)
	if !ok || when == 0 || excluded(at, there) {
		return sameness{}
	}
	if others.passesOn(report) {
		return sameness{score: 1, join: true, why: "the same text, passed on, " + spell(apart) + " apart"}
	}
	where, metres := nearInSpace(at, there)
	if where == 0 {
		return sameness{}
	}
	alike, shared := others.alike(report)
	out := sameness{score: 0.35*where + 0.1*when + 0.15*kind + 0.4*min(1, alike*1.4)}
	out.join = out.score >= joinsFrom && alike >= leastAlike && where >= leastNear && when >= leastRecent
	out.why = reasons(metres, apart, shared, at.categories, there.categories)
	return out
}

// compatible is 1 where a category is shared or kin, 0.5 where one side names
// none; false where both name some and none go together.
func compatible(a, b []string, kin func(a, b string) bool) (float64, bool) {
	if len(a) == 0 || len(b) == 0 {
		return 0.5, true
	}
	for _, one := range a {
		if slices.Contains(b, one) {
			return 1, true
		}
	}
	for _, one := range a {
		if slices.ContainsFunc(b, func(other string) bool { return kin(one, other) }) {
			return 0.7, true
		}
	}
	return 0, false
}

// nearInSpace is 1 where two locations can be one place, falling to 0 at farM
// beyond their uncertainties; vague ones count less. Without two locations it
// is 0.
func nearInSpace(a, b spot) (score, metres float64) {
	if !a.located || !b.located {
		return 0, 0
	}
	metres = geo.Distance(a.point, b.point)
	slack := a.uncertain + b.uncertain
	score = 1 - (metres-slack/2-nearM)/(farM+slack/2-nearM)
	score = max(0, min(1, score))
	if slack > 1000 {
		score *= max(0, 1-math.Log10(slack/1000)/math.Log10(2*vagueM/1000))
	}
	return score, metres
}

// excluded says that two locations cannot be one place.
func excluded(a, b spot) bool {
	return a.located && b.located && geo.Distance(a.point, b.point) > a.uncertain+b.uncertain+farM
}

// nearInTime is 1 within sameHours, falling to 0 at the window's end.
func nearInTime(a, b spot) (score float64, apart time.Duration) {
	if b.from.After(a.to) {
		apart = b.from.Sub(a.to)
	} else if a.from.After(b.to) {
		apart = a.from.Sub(b.to)
	}
	const flat = sameHours * time.Hour
	if apart <= flat {
		return 1, apart
	}
	return max(0, 1-float64(apart-flat)/float64(Window-flat)), apart
}

// reasons in plain words.
func reasons(metres float64, apart time.Duration, shared, a, b []string) string {
	parts := []string{fmt.Sprintf("%s and %s apart", spellMetres(metres), spell(apart))}
	slices.SortFunc(shared, func(x, y string) int { return cmp.Or(len(y)-len(x), strings.Compare(x, y)) })
	if len(shared) > 0 {
		parts = append(parts, "both say “"+strings.Join(shared[:min(len(shared), 5)], "”, “")+"”")
	}
	for _, key := range a {
		if slices.Contains(b, key) {
			parts = append(parts, "both are of category "+strings.ReplaceAll(key, "_", " "))
			break
		}
	}
	return strings.Join(parts, "; ")
}

func spellMetres(m float64) string {
	if m < 950 {
		return fmt.Sprintf("%.0f m", math.Round(m/10)*10)
	}
	return fmt.Sprintf("%.1f km", m/1000)
}

func spell(d time.Duration) string {
	switch {
	case d < 90*time.Minute:
		return fmt.Sprintf("%d minutes", int(d.Minutes()))
	case d < 36*time.Hour:
		return fmt.Sprintf("%d hours", int(math.Round(d.Hours())))
	}
	return fmt.Sprintf("%d days", int(math.Round(d.Hours()/24)))
}

// severest is the gravest severity of some categories; normal for none.
func severest(keys []string, known map[string]*crisis.Category) crisis.Severity {
	worst, any := crisis.SeverityLow, false
	for _, key := range keys {
		if category, ok := known[key]; ok {
			any = true
			if category.Severity.Rank() > worst.Rank() {
				worst = category.Severity
			}
		}
	}
	if !any {
		return crisis.SeverityNormal
	}
	return worst
}
