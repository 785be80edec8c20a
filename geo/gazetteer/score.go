package gazetteer

import (
	"math"
	"slices"
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
	s.score = 0.45*s.prior + 0.5*fit
	if !h.main {
		s.score *= 0.9
	}
	if h.method == MethodFuzzy {
		s.score *= 0.7
	}
	return s
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
// answer.
func (f *finder) certain(sorted []scoredHit) bool {
	first := sorted[0]
	e := first.entry()
	if first.method == MethodFuzzy {
		return false
	}
	if first.layer != f.local {
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

func (f *finder) candidate(s scoredHit, words geo.Words) Candidate {
	e := s.entry()
	c := Candidate{
		Name: s.layer.names[s.id], Country: s.layer.countries[e.country], Kind: e.kind,
		Point: e.point(), UncertaintyM: float64(e.radius), Population: int(e.population),
		Method: s.method, Words: words, Score: math.Round(s.score*1000) / 1000,
	}
	if s.layer == f.local {
		c.Admin1 = s.layer.admins[s.id]
		if area := f.world.areaAt(c.Point); area >= 0 {
			if c.Admin1 == "" {
				c.Admin1 = f.world.names[area]
			}
			if c.Country == "" {
				c.Country = f.world.countries[f.world.entries[area].country]
			}
		}
	} else if e.admin1 >= 0 {
		c.Admin1 = f.world.names[e.admin1]
	}
	c.Why = f.why(s)
	return c
}

func (f *finder) why(s scoredHit) string {
	reasons := []string{"the gazetteer has this name"}
	switch {
	case s.method == MethodFuzzy:
		reasons[0] = "the gazetteer has a name that differs in one letter"
	case s.layer == f.local:
		reasons[0] = "the deployment's own gazetteer has this name"
	case !s.main:
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
	if e.population >= 100_000 {
		reasons = append(reasons, "it is a large town")
	}
	return strings.Join(reasons, "; ")
}

// withoutPrefix takes off the letters that Arabic writes together with a word:
// and, in, to, from, like, with or without the article.
func (f *finder) withoutPrefix(i int) []hit {
	t := f.tokens[i]
	for _, prefix := range []string{"وبال", "بال", "وال", "كال", "فال", "لل", "ب", "و", "ل", "ف", "ك"} {
		if rest, ok := strings.CutPrefix(t.fold, prefix); ok && len(rest) >= 6 && !isCommon(rest) {
			bare := t
			bare.fold = canonical(rest)
			f.key = joinKey(f.key[:0], []token{bare})
			hits := slices.DeleteFunc(f.keep(f.collect(hashKey(f.key), MethodName), []token{bare}), func(h hit) bool {
				return h.layer != f.local && f.inside(h) == 0 && h.entry().population < 500_000 && h.entry().kind != KindCountry
			})
			if len(hits) > 0 {
				return hits
			}
		}
	}
	return nil
}
