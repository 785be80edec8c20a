package alike

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/onyo-project/onyo/geo"
)

const (
	// Window is how far apart in time two reports of one thing may be.
	Window = 72 * time.Hour
	// Joins and Suggests are the two thresholds on likeness, 0 to 1.
	Joins    = 0.72
	Suggests = 0.58
	// leastLike, leastNear and leastRecent: below one of them nothing joins,
	// however well the rest fits.
	leastLike   = 0.40
	leastNear   = 0.70
	leastRecent = 0.50
	// agreed: words that agree so much make up for another day between.
	agreed = 0.60
	// nearM is how far apart, beyond their uncertainties, two positions of one
	// thing may be: people stand at different ends of it.
	nearM = 75
	// FarM is where nearness ends, beyond the uncertainties.
	FarM = 400
	// VagueM: a location less certain than this tells too little to join by.
	VagueM = 10_000
	// sameHours is within which time makes no difference.
	sameHours = 6
)

// Spot is where, when and of what kind a report or an incident is.
type Spot struct {
	Located    bool
	Point      geo.Point
	Uncertain  float64 // metres
	From, To   time.Time
	Categories []string
}

// Said is how the words and pictures of two reports compare.
type Said struct {
	// Copied: one passes on the other's text.
	Copied bool
	// Like is how much they say the same, 0 to 1; Shared are words of both.
	Like   float64
	Shared []string
	// Pictures is the most alike of theirs.
	Pictures Likeness
}

// Sameness is how likely two reports tell of one thing, with the reasons in
// plain words.
type Sameness struct {
	Score float64 // 0 to 1
	// Join says that it is sure enough for a report to be taken in.
	Join bool
	Why  string
}

// Compare judges a report against an incident. Kin says whether two categories
// go together. What is farther apart than Window, or than uncertainties allow, is
// never one thing; only a text repeated at one place is asked about however late.
func Compare(at, there Spot, said Said, kin func(a, b string) bool) Sameness {
	kind, ok := compatible(at.Categories, there.Categories, kin)
	when, apart := nearInTime(at, there)
	if !ok || Excluded(at, there) {
		return Sameness{}
	}
	where, metres := nearInSpace(at, there)
	switch {
	case said.Copied && apart < Window:
		return Sameness{Score: 1, Join: true, Why: "the same text, passed on, " + spell(apart) + " apart"}
	case said.Copied && where >= leastNear:
		return Sameness{Score: Joins, Why: "the same text at the same place, " + spell(apart) + " apart"}
	case said.Pictures == SameBytes && where == 0 && when > 0:
		return Sameness{Score: Suggests, Why: "both bring the same picture, " + spell(apart) + " apart"}
	case when == 0 || where == 0:
		return Sameness{}
	}
	like := said.Like
	switch said.Pictures {
	case SameBytes:
		like = 1
	case LooksAlike:
		like = max(like, 0.8)
	}
	out := Sameness{Score: 0.35*where + 0.1*when + 0.15*kind + 0.4*min(1, like*1.4)}
	out.Join = out.Score >= Joins && like >= leastLike && where >= leastNear && (when >= leastRecent || like >= agreed && when >= leastRecent/2)
	out.Why = reasons(metres, apart, said, at.Categories, there.Categories)
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

// nearInSpace is 1 where two locations can be one place, falling to 0 at FarM
// beyond their uncertainties; vague ones count less. Without two locations it
// is 0.
func nearInSpace(a, b Spot) (score, metres float64) {
	if !a.Located || !b.Located {
		return 0, 0
	}
	metres = geo.Distance(a.Point, b.Point)
	slack := a.Uncertain + b.Uncertain
	score = 1 - (metres-slack/2-nearM)/(FarM+slack/2-nearM)
	score = max(0, min(1, score))
	if slack > 1000 {
		score *= max(0, 1-math.Log10(slack/1000)/math.Log10(2*VagueM/1000))
	}
	return score, metres
}

// Excluded says that two locations cannot be one place.
func Excluded(a, b Spot) bool {
	return a.Located && b.Located && geo.Distance(a.Point, b.Point) > a.Uncertain+b.Uncertain+FarM
}

// Apart is how far apart in time two are; 0 where their times overlap.
func Apart(a, b Spot) time.Duration {
	switch {
	case b.From.After(a.To):
		return b.From.Sub(a.To)
	case a.From.After(b.To):
		return a.From.Sub(b.To)
	}
	return 0
}

// nearInTime is 1 within sameHours, falling to 0 at the window's end.
func nearInTime(a, b Spot) (score float64, apart time.Duration) {
	apart = Apart(a, b)
	const flat = sameHours * time.Hour
	if apart <= flat {
		return 1, apart
	}
	return max(0, 1-float64(apart-flat)/float64(Window-flat)), apart
}

// reasons in plain words.
func reasons(metres float64, apart time.Duration, said Said, a, b []string) string {
	parts := []string{fmt.Sprintf("%s and %s apart", spellMetres(metres), spell(apart))}
	switch said.Pictures {
	case SameBytes:
		parts = append(parts, "both bring the same picture")
	case LooksAlike:
		parts = append(parts, "their pictures look alike")
	}
	if shared := said.Shared; len(shared) > 0 {
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
