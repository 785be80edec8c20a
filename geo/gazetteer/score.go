package gazetteer

import (
	"math"
	"strings"

	"github.com/onyo-project/onyo/geo"
)

// scoredHit is a hit with what speaks for it.
type scoredHit struct {
	hit
	score   float64
	prior   float64 // how well known the place is, in [0,1]
	bias    float64 // how well it fits the text's origin, in [0,1]
	context bool    // its country or area is named in the text
}

func (f *finder) score(h hit, m mention) scoredHit {
	e := h.entry()
	s := scoredHit{hit: h, prior: prior(e), bias: f.inside(h), context: f.inContext(h, m)}
	fit := s.bias
	switch {
	case h.layer == f.local:
		s.score = 0.95 + 0.05*fit
		if h.method == MethodFuzzy {
			s.score -= 0.3
		}
		return s
	case !f.hasBias():
		fit = 0.5
	}
	if s.context {
		fit = math.Max(fit, 0.9)
	}
	s.score = (0.45*s.prior + 0.5*fit) * formWeight(h, m.hint)
	if s.context && f.hasBias() {
		s.score = math.Min(1, s.score+0.15) // "Paradise, CA" in a text from the United States
	}
	if h.method == MethodFuzzy || h.method == MethodPart {
		s.score *= 0.7
	}
	if m.hint != hintNone && !m.hint.fits(e.kind) {
		s.score *= 0.8
	}
	return s
}

func formWeight(h hit, said hint) float64 {
	switch {
	case h.form == formBare && said == hintArea:
		return 1
	case h.form == formBare:
		return 0.75
	case h.form == formOther, h.form == formShort && h.entry().kind != KindCountry:
		return 0.9
	}
	return 1
}

// fits reports whether a place may be what the word beside its name says.
func (h hint) fits(k Kind) bool {
	switch h {
	case hintCountry:
		return k == KindCountry
	case hintArea:
		return k.isArea() && k != KindCountry
	case hintTown:
		return !k.isArea()
	}
	return true
}

func prior(e *entry) float64 {
	switch e.kind {
	case KindCountry:
		return 1
	case KindRegion:
		return 0.6
	case KindAdmin1:
		return 0.7
	}
	p := math.Min(1, math.Log10(float64(e.population)+10)/7.3)
	switch e.kind {
	case KindDivision:
		p *= 0.85
	case KindCapital:
		p = math.Min(1, p+0.1)
	case KindSeat:
		p = math.Min(1, p+0.03)
	case KindQuarter:
		p *= 0.8
	}
	return p
}

// certain reports whether the first of the sorted hits stands alone: found as
// spelled, well known or within the text's area, with no other place of that
// name that comes near it in both. A town and the area named after it are one
// answer. An old or foreign name of a village, which in other scripts is its
// name there, does not do.
func (f *finder) certain(sorted []scoredHit, latin bool) bool {
	first := sorted[0]
	e := first.entry()
	if first.method == MethodFuzzy || first.method == MethodPart {
		return false
	}
	if first.layer != f.local {
		if first.form != formMain && latin && e.population < 5_000 && !e.kind.isArea() {
			return false
		}
		known := e.kind == KindCountry || e.population >= 100_000
		if f.hasBias() {
			if first.bias < 0.5 && !(e.kind == KindCountry || first.context && known) {
				return false
			}
		} else if !known && !first.context && e.kind != KindAdmin1 {
			return false
		}
	}
	for _, other := range sorted[1:] {
		if first.score-other.score > 0.25 {
			break
		}
		o := other.entry()
		if geo.Distance(e.point(), o.point()) <= 25_000+math.Max(float64(e.radius), float64(o.radius)) {
			continue
		}
		if other.form == formBare && first.form == formMain {
			continue // people say "county"
		}
		if e.kind == KindCountry && o.population < 500_000 && o.kind > KindAdmin1 {
			continue
		}
		apart := first.layer == f.local && other.layer != f.local || first.bias >= 0.5 && other.bias == 0 ||
			first.context && !other.context
		if !apart && !(first.score-other.score > 0.08 && e.population > 20*o.population) {
			return false
		}
	}
	return true
}

// areaAroundM is the uncertainty in metres of a district that is only known by
// the town of its name.
const areaAroundM = 15_000

func (f *finder) candidate(s scoredHit, m mention, words geo.Words) Candidate {
	e := s.entry()
	c := Candidate{
		Name: s.layer.names[s.id], Country: s.layer.countries[e.country], Kind: e.kind,
		Point: e.point(), UncertaintyM: float64(e.radius), Population: int(e.population),
		Method: s.method, Words: words, Score: math.Round(s.score*1000) / 1000,
	}
	switch {
	case s.layer == f.local:
		own := s.layer.own[s.id]
		c.Admin1, c.PCode, c.Divisions = own.admin1, own.pcode, own.divisions
		f.lies(&c)
	case e.kind == KindCountry || e.kind == KindRegion:
	case e.admin1 >= 0:
		c.Admin1, c.Admin1Code = f.world.names[e.admin1], f.world.codes[e.admin1]
		f.liesInOwn(&c)
	default:
		f.liesInOwn(&c)
	}
	if m.hint == hintArea && !e.kind.isArea() {
		c.UncertaintyM = math.Max(c.UncertaintyM, areaAroundM)
	}
	c.Why = f.why(s)
	return c
}

// lies fills in the areas that a point lies in.
func (f *finder) lies(c *Candidate) {
	if area := f.world.areaAt(c.Point); area >= 0 {
		country := f.world.countries[f.world.entries[area].country]
		if c.Country == "" {
			c.Country = country
		}
		if c.Country == country {
			c.Admin1Code = f.world.codes[area]
			if c.Admin1 == "" {
				c.Admin1 = f.world.names[area]
			}
		}
	}
	f.liesInOwn(c)
}

// liesInOwn lets the deployment's own boundaries say so.
func (f *finder) liesInOwn(c *Candidate) {
	own := f.local.divisionsAt(c.Point)
	if len(own) == 0 {
		return
	}
	c.Divisions = own
	for _, d := range own {
		if d.Level == 1 {
			c.Admin1, c.Admin1Code = d.Name, d.PCode
		}
	}
}

func (f *finder) why(s scoredHit) string {
	reasons := []string{"the gazetteer has this name"}
	switch {
	case s.method == MethodFuzzy:
		reasons[0] = "the gazetteer has a name that differs in one letter"
	case s.layer == f.local:
		reasons[0] = "the deployment's own gazetteer has this name"
	case s.method == MethodPart:
		reasons[0] = "the gazetteer has a longer name with this word"
	case s.form == formShort:
		reasons[0] = "these letters stand for it"
	case s.form == formBare:
		reasons[0] = "an area is called by this name"
	case s.form == formOther:
		reasons[0] = "the gazetteer has this as another name"
	}
	e := s.entry()
	switch {
	case f.hasBias() && s.bias >= 0.5:
		reasons = append(reasons, "it lies where reports are expected")
	case f.hasBias():
		reasons = append(reasons, "it lies outside the area of the deployment")
	}
	if s.context {
		reasons = append(reasons, "its country or area is named too")
	}
	if e.population >= 100_000 && !e.kind.isArea() {
		reasons = append(reasons, "it is a large town")
	}
	return strings.Join(reasons, "; ")
}
