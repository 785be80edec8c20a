package gazetteer

import "github.com/onyo-project/onyo/geo"

// context is a country or area that one mention of the text names.
type context struct {
	mention int // its first token
	country string
	admin1  int32
	within  *entry // a division: what lies in its radius
}

// noteContext keeps the countries and areas that the text names, for they help
// with its other names ("Paris, Texas").
func (f *finder) noteContext(mentions []mention) {
	for _, m := range mentions {
		for _, h := range m.hits {
			if h.layer != &f.world.layer || h.method != MethodName || len(f.context) >= 32 {
				continue
			}
			c := context{mention: m.from, admin1: -1}
			switch e := h.entry(); e.kind {
			case KindCountry:
				c.country = h.layer.countries[e.country]
			case KindAdmin1:
				c.admin1 = int32(h.id)
			case KindDivision:
				if h.form == formBare {
					continue
				}
				c.within = e
			default:
				continue
			}
			f.context = append(f.context, c)
		}
	}
}

// inContext reports whether another mention names the country or area of h.
func (f *finder) inContext(h hit, m mention) bool {
	e := h.entry()
	for _, c := range f.context {
		switch {
		case c.mention == m.from:
		case c.admin1 >= 0 && c.admin1 == e.admin1 && e.kind != KindAdmin1,
			c.country != "" && c.country == h.layer.countries[e.country] && e.kind != KindCountry,
			c.within != nil && c.within != e && !e.kind.isArea() && geo.Distance(c.within.point(), e.point()) <= 1.5*float64(c.within.radius):
			return true
		}
	}
	return false
}

// doubt says what beside the name speaks against its being meant alone: a word
// that makes it part of another name ("Churchill River", "road to Ma'an"), or
// a word with a capital that is no place of its own ("Wells Fargo").
func (f *finder) doubt(m mention) string {
	beside := func(i, joint int) string {
		if i < 0 || i >= len(f.tokens) || !f.adjoin(joint) || f.named[i] {
			return ""
		}
		t := f.tokens[i]
		word := f.text[t.start:t.end]
		switch {
		case isFeature(t.fold):
			return "but the text may mean what is called after it: " + word
		case !f.tags(joint) && f.isName(t, m):
			return "but it may be part of a longer name, with " + word
		}
		return ""
	}
	if why := beside(m.to, m.to-1); why != "" {
		return why
	}
	return beside(m.from-1, m.from-1)
}

// strangersM: two names in a row that are further apart are hardly both places.
const strangersM = 300_000

// doubtStrangers takes the certainty from names that follow each other without
// so much as a comma and have nothing to do with each other ("Wells Fargo").
func (f *finder) doubtStrangers(mentions []mention, named [][]Candidate) {
	for i := 1; i < len(mentions); i++ {
		a, b := &named[i-1][0], &named[i][0]
		if mentions[i-1].to != mentions[i].from || !f.adjoin(mentions[i].from-1) || f.tags(mentions[i].from-1) || !f.tokens[mentions[i].from].cased {
			continue
		}
		areas := a.Kind.isArea() || b.Kind.isArea()
		if !areas && geo.Distance(a.Point, b.Point) > strangersM {
			for _, c := range [...]*Candidate{a, b} {
				c.Certain = false
				c.Why += "; but the name beside it lies far away: they may be one name"
			}
		}
	}
}

// isName reports whether a word beside a mention makes a longer name of it: a
// capital that no sentence asks for, in a text that does not give every word one.
func (f *finder) isName(t token, m mention) bool {
	if f.shouting || !t.isName() || t.opens && t.start < f.tokens[m.from].start {
		return false
	}
	cased, upper := 0, 0
	for _, one := range f.tokens {
		if one.cased {
			cased++
			if one.upper {
				upper++
			}
		}
	}
	return cased < 5 || upper*10 <= cased*7
}
