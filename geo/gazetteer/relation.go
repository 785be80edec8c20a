package gazetteer

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/onyo-project/onyo/geo"
)

const (
	// maxFrom of the places that a name may mean are gone out from.
	maxFrom = 3
	// maxBaseM: from a country or a large area nothing can be measured.
	maxBaseM = 60_000
	// nearM is added to a place's own radius by "near".
	nearM = 2000
	// aside is how far off the way said a point may lie, as a part of the
	// distance: directions are said in eighths, distances rounded.
	aside = 0.4
	// besideM is how far "north of" goes where no distance is said.
	besideM = 5000
	// maxApartM: nobody is between places further apart.
	maxApartM = 500_000
)

// bond is what a text says of a point and a place: how far, in which direction.
type bond struct {
	start, end int     // bytes
	bearing    float64 // or noBearing
	metres     float64 // or 0
	near       bool
}

// relations are the places that the text describes from those it names. What a
// place is only a landmark of is no longer certain itself.
func (f *finder) relations(mentions []mention, named [][]Candidate) []Candidate {
	var out []Candidate
	for i := 0; i < len(mentions); i++ {
		if i+1 < len(mentions) {
			if c, ok := f.between(mentions[i], mentions[i+1], named[i], named[i+1]); ok {
				out = append(out, c)
				landmark(named[i], "the text speaks of what lies between it and another")
				landmark(named[i+1], "the text speaks of what lies between it and another")
				i++
				continue
			}
		}
		b, ok := f.bondBefore(mentions[i])
		if !ok {
			b, ok = f.bondBehind(mentions[i])
		}
		if !ok {
			continue
		}
		moved := f.follow(b, named[i])
		if len(moved) > 0 {
			out = append(out, moved...)
			landmark(named[i], "the text speaks of a place from there")
		}
	}
	return out
}

func landmark(named []Candidate, why string) {
	for i := range named {
		named[i].Certain = false
	}
	named[0].Why += "; " + why
}

// follow goes from each place that the name may mean.
func (f *finder) follow(b bond, named []Candidate) []Candidate {
	var out []Candidate
	for i, c := range named[:min(len(named), maxFrom)] {
		if c.UncertaintyM > maxBaseM || c.Kind == KindCountry || i > 0 && named[0].Certain {
			break
		}
		c.Words = geo.Words{Start: b.start, End: b.end, Text: f.text[b.start:b.end]}
		c.Why = fmt.Sprintf("“%s”, reckoned from %s", strings.Join(strings.Fields(c.Words.Text), " "), c.Name)
		c.Method = MethodRelation
		switch {
		case b.bearing != noBearing && b.metres > 0:
			c.Point = geo.Destination(c.Point, b.bearing, b.metres)
			c.UncertaintyM += aside * b.metres
		case b.bearing != noBearing:
			c.Point = geo.Destination(c.Point, b.bearing, c.UncertaintyM+besideM)
			c.UncertaintyM += besideM
			c.Certain = false
		case b.metres > 0:
			c.UncertaintyM += b.metres
		default:
			c.UncertaintyM = math.Max(2*c.UncertaintyM, c.UncertaintyM+nearM)
		}
		f.moved(&c)
		if i == 0 && !c.Certain && len(named) > 1 {
			c.Why += "; other places have that name"
		}
		out = append(out, c)
	}
	return out
}

// moved says anew what a point lies in that is no longer the place's own.
func (f *finder) moved(c *Candidate) {
	c.Admin1, c.Admin1Code, c.PCode, c.Divisions = "", "", "", nil
	f.lies(c)
}

// between reads "between A and B" and "the A to B road": the middle, as
// uncertain as half the way. Of places of one name those nearest together count.
func (f *finder) between(a, b mention, namedA, namedB []Candidate) (Candidate, bool) {
	joint := f.tokens[a.to:b.from]
	if b.from-a.to > 2 || f.tokens[b.from].apart {
		return Candidate{}, false
	}
	start, end := f.tokens[a.from].start, f.tokens[b.to-1].end
	before, found := f.wordBefore(a.from, betweenWords)
	joined := len(joint) == 0 || allAmong(joint, andWords)
	if !found {
		joined = len(joint) == 0 && strings.ContainsAny(f.text[f.tokens[a.to-1].end:f.tokens[b.from].start], "-–—") || len(joint) > 0 && allAmong(joint, toWords+andWords)
		before, found = f.wordBefore(a.from, roadWords)
	}
	if found {
		start = f.tokens[before].start
	} else if b.to < len(f.tokens) && among(roadWords, f.tokens[b.to].fold) {
		end, found = f.tokens[b.to].end, true
	} else if b.to < len(f.tokens) && among(betweenWords, f.tokens[b.to].fold) && len(joint) > 0 {
		end, found = f.tokens[b.to].end, true
	}
	if !found || !joined {
		return Candidate{}, false
	}
	return f.middle(geo.Words{Start: start, End: end, Text: f.text[start:end]}, namedA, namedB)
}

func (f *finder) middle(words geo.Words, namedA, namedB []Candidate) (Candidate, bool) {
	var from, to *Candidate
	apart := math.Inf(1)
	for i := range namedA[:min(len(namedA), maxFrom)] {
		for j := range namedB[:min(len(namedB), maxFrom)] {
			d := geo.Distance(namedA[i].Point, namedB[j].Point)
			if d < apart && (!namedA[0].Certain || i == 0) && (!namedB[0].Certain || j == 0) {
				from, to, apart = &namedA[i], &namedB[j], d
			}
		}
	}
	if from == nil || apart > maxApartM || apart < 1 {
		return Candidate{}, false
	}
	c := *from
	c.Name = from.Name + " – " + to.Name
	c.Certain = from.Certain && to.Certain
	c.Point = geo.Destination(from.Point, geo.Bearing(from.Point, to.Point), apart/2)
	c.UncertaintyM = math.Max(apart/2, math.Max(from.UncertaintyM, to.UncertaintyM))
	c.Score = math.Min(from.Score, to.Score)
	c.Method, c.Words, c.Population = MethodRelation, words, 0
	f.moved(&c)
	c.Why = fmt.Sprintf("the middle between %s and %s, %.0f km apart", from.Name, to.Name, apart/1000)
	return c, true
}

func allAmong(tokens []token, words string) bool {
	return !slices.ContainsFunc(tokens, func(t token) bool { return !among(words, t.fold) })
}

// wordBefore looks for one of the words before token i, past words like "the".
func (f *finder) wordBefore(i int, words string) (at int, found bool) {
	for at = i - 1; at >= 0 && at >= i-3 && !f.tokens[at+1].apart; at-- {
		if among(words, f.tokens[at].fold) {
			return at, true
		}
		if !among(fromWords, f.tokens[at].fold) {
			break
		}
	}
	return 0, false
}

// bondBefore reads "3 km north of", "5 miles from", "near" before a mention.
func (f *finder) bondBefore(m mention) (bond, bool) {
	b := bond{bearing: noBearing, end: f.tokens[m.to-1].end}
	i := m.from - 1
	skip := func() (n int) {
		for i >= 0 && n < 3 && !f.tokens[i+1].apart && among(fromWords, f.tokens[i].fold) && oneBearing(f.tokens[i]) == noBearing {
			i--
			n++
		}
		return n
	}
	links := skip()
	if i < 0 || f.tokens[i+1].apart {
		return b, false
	}
	if among(nearWords, f.tokens[i].fold) {
		b.near, b.start = true, f.tokens[i].start
		return b, true
	}
	first, directed := f.directionEndingAt(i)
	if directed != noBearing {
		at := first
		i = first - 1
		skip()
		if metres, start := f.distanceEndingAt(i); metres > 0 {
			b.bearing, b.metres, b.start = directed, metres, f.tokens[start].start
			return b, true
		}
		// "Est" is also a verb, "nò" is also a no.
		plain := len(f.tokens[at].fold) > 3 && (links > 0 || !f.tokens[at].cased)
		b.bearing, b.start = directed, f.tokens[at].start
		return b, plain
	}
	if metres, start := f.distanceEndingAt(i); metres > 0 && links > 0 {
		b.metres, b.start = metres, f.tokens[start].start
		return b, true
	}
	return b, false
}

// directionEndingAt reads "north" or "north-west" ending with token i, and where
// it begins.
func (f *finder) directionEndingAt(i int) (first int, bearing float64) {
	bearing = oneBearing(f.tokens[i])
	if bearing != noBearing && i > 0 && oneBearing(f.tokens[i-1]) != noBearing && f.adjoin(i-1) {
		return i - 1, bearingOf(f.tokens[i-1], f.tokens[i])
	}
	return i, bearing
}

// distanceEndingAt reads "3 km", "3.5km", "km 3" and "three miles" ending with
// token i, and where it begins.
func (f *finder) distanceEndingAt(i int) (metres float64, at int) {
	if i < 0 {
		return 0, 0
	}
	last := f.tokens[i].fold
	if digits := strings.TrimRightFunc(last, func(r rune) bool { return digitOf(r) < 0 }); digits != "" && digits != last {
		value, at := f.numberEndingAt(i, digits)
		return value * metresOf(last[len(digits):]), at
	}
	if i == 0 {
		return 0, 0
	}
	if unit := metresOf(last); unit > 0 {
		if word := numberWord(f.tokens[i-1].fold); word > 0 {
			return word * unit, i - 1
		}
		value, at := f.numberEndingAt(i-1, f.tokens[i-1].fold)
		return value * unit, at
	}
	if value, at := f.numberEndingAt(i, last); value > 0 && at > 0 {
		return value * metresOf(f.tokens[at-1].fold), at - 1
	}
	return 0, 0
}

// numberEndingAt reads a number whose last digits token i holds.
func (f *finder) numberEndingAt(i int, digits string) (value float64, at int) {
	whole, ok := integer(digits)
	if !ok {
		return 0, i
	}
	if i > 0 {
		joint := f.text[f.tokens[i-1].end:f.tokens[i].start]
		if units, ok := integer(f.tokens[i-1].fold); ok && (joint == "." || joint == "," || joint == "٫") && len(digits) <= 2 {
			return units + whole/math.Pow10(len([]rune(digits))), i - 1
		}
	}
	return whole, i
}

// integer reads up to four digits of any common script.
func integer(text string) (float64, bool) {
	value, n := 0, 0
	for _, r := range text {
		d := digitOf(r)
		if d < 0 || n == 4 {
			return 0, false
		}
		value, n = value*10+d, n+1
	}
	return float64(value), n > 0
}

func digitOf(r rune) int {
	for _, zero := range [...]rune{'0', '٠', '۰', '०', '০'} {
		if r >= zero && r <= zero+9 {
			return int(r - zero)
		}
	}
	return -1
}

// bondBehind reads "X बाट ३ किमी उत्तर" and "X नजिक".
func (f *finder) bondBehind(m mention) (bond, bool) {
	b := bond{bearing: noBearing, start: f.tokens[m.from].start}
	i := m.to
	if i >= len(f.tokens) || f.tokens[i].apart || f.tokens[i].cased {
		return b, false
	}
	if among(nearWords, f.tokens[i].fold) && !f.tokens[i].cased && senseOf(f.tokens[i].fold) == 0 && strings.HasPrefix(f.tokens[i].fold, "न") {
		b.near, b.end = true, f.tokens[i].end
		return b, true
	}
	if !among(behindFrom, f.tokens[i].fold) {
		return b, false
	}
	for n := i + 1; n < len(f.tokens) && n <= i+4 && !f.tokens[n].apart; n++ {
		if metres, _ := f.distanceEndingAt(n); metres > 0 {
			b.metres, b.end = metres, f.tokens[n].end
		} else if d := oneBearing(f.tokens[n]); d != noBearing && b.metres > 0 {
			b.bearing, b.end = d, f.tokens[n].end
			break
		}
	}
	return b, b.metres > 0
}
