package gazetteer

import (
	"math"
	"slices"
	"strings"

	"github.com/onyo-project/onyo/geo"
)

// keep drops the hits that these words are unlikely to mean here.
func (f *finder) keep(hits []hit, words []token, said hint) []hit {
	if len(hits) == 0 {
		return nil
	}
	whole := len(words) == len(f.tokens)
	first := words[0]
	one := len(words) == 1
	// "Valley" and "district" name nothing alone.
	if one && !whole && (isFeature(first.fold) || kindWord(first.fold) != hintNone) {
		return slices.DeleteFunc(hits, func(h hit) bool { return h.layer != f.local })
	}
	w := wording{
		whole: whole, one: one, first: first,
		common:  one && isCommon(first.fold) && said == hintNone,
		short:   runes(words) < 3 && !first.segment,
		capital: first.upper || !first.cased || said != hintNone,
		letters: runes(words),
	}
	return slices.DeleteFunc(hits, func(h hit) bool { return f.unlikely(h, w, words, said) })
}

// wording is how the words of one name are written.
type wording struct {
	first                              token
	whole, one, common, short, capital bool
	letters                            int
}

func (f *finder) unlikely(h hit, w wording, words []token, said hint) bool {
	e := h.entry()
	inside := h.layer == f.local || f.inside(h) > 0
	switch {
	case h.form == formShort:
		return !f.meansShort(h, words, inside)
	case w.whole && !w.common:
		return false
	case w.common:
		// A capital that begins the sentence shows nothing.
		return !w.first.upper || f.shouting || w.first.opens && !w.whole || !inside && e.population < 200_000 || h.form != formMain && e.population < 20_000
	case h.layer == f.local:
		return false
	case w.short:
		return !w.first.upper || !inside && e.population < 500_000
	case !w.capital:
		known := e.population >= 50_000 && h.form == formMain || e.population >= 500_000
		return !known && !(e.kind == KindCountry && h.form == formMain) && !(inside && w.letters >= 5 && f.plainlyInside(h))
	case e.kind.isArea() && e.kind != KindDivision:
		return !inside && e.kind != KindCountry && w.one && h.form != formMain
	case inside:
		// A country has a hamlet, or an old name of one, for every other word.
		return w.one && w.first.cased && said == hintNone && h.form != formMain && e.population < 20_000 && (w.letters < 5 || h.form == formBare || f.shouting)
	case said == hintArea && !e.kind.isArea() && f.hasBias():
		return true
	case h.form == formBare:
		return true
	case f.hasBias():
		return e.population < 100_000 || h.form != formMain && e.population < 1_000_000
	}
	return e.population < 5_000 && w.one || e.population < 500
}

// plainlyInside: written small, a name of one word counts if it is a town's own,
// or the text comes from nearer by than the country.
func (f *finder) plainlyInside(h hit) bool {
	e := h.entry()
	if f.near.Bounds != nil || f.near.Point != nil {
		return f.inside(h) > 0.8 || e.population >= 2_000
	}
	return h.form == formMain && (e.population >= 2_000 || e.kind.isArea())
}

// lone reports whether no word beside tokens i to j looks like the rest of a
// name that begins or ends there: a person's, a company's.
func (f *finder) lone(i, j int) bool {
	if f.shouting {
		return true
	}
	name := func(k, joint int) bool {
		if k < 0 || k >= len(f.tokens) || !f.adjoin(joint) || f.named[k] {
			return false
		}
		return !f.tags(joint) && f.tokens[k].isName()
	}
	return !name(i-1, i-1) && !name(j, j-1)
}

// meansShort: letters stand for a country wherever they stand; for an area of a
// country only in texts from there.
func (f *finder) meansShort(h hit, words []token, inside bool) bool {
	switch e := h.entry(); {
	case e.kind == KindCountry || h.layer == f.local:
		return true
	case !e.kind.isArea():
		return words[0].caps && e.population >= metropolis
	}
	return inside && !isCommon(words[0].fold)
}

func runes(words []token) int {
	n := 0
	for _, w := range words {
		n += len([]rune(w.fold))
	}
	return n
}

func (f *finder) hasBias() bool {
	return f.near.Bounds != nil || f.near.Point != nil || f.near.Country != ""
}

// inside says how well an entry fits what is known about the text's origin:
// 0 not at all, 1 fully.
func (f *finder) inside(h hit) float64 {
	fit := 0.0
	e := h.entry()
	p := e.point()
	if f.near.Country != "" && h.layer.countries[e.country] == f.near.Country {
		fit = 0.8
	}
	if f.near.Bounds != nil && f.near.Bounds.Pad(float64(min(e.radius, 50_000))).Contains(p) {
		fit = 1
	}
	if f.near.Point != nil {
		d := math.Max(0, geo.Distance(*f.near.Point, p)-float64(e.radius))
		fit = math.Max(fit, 1-d/300_000)
	}
	return fit
}

// isName reports whether an unknown word looks like a name: with a capital, and
// none that crises are spoken of with.
func (t token) isName() bool {
	return t.upper && !t.caps && len(t.fold) > 2 && !isCommon(t.fold) && kindWord(t.fold) == hintNone && !isCrisis(t.fold)
}

// shouts reports whether a text is written in capitals throughout.
func shouts(tokens []token) bool {
	cased, caps := 0, 0
	for _, t := range tokens {
		if t.cased && len(t.fold) > 1 {
			cased++
			if t.caps {
				caps++
			}
		}
	}
	return cased >= 2 && cased == caps
}

// withoutAsides drops the words of links, addresses of mail, names of users and
// plus codes, and marks the break that they leave.
func (f *finder) withoutAsides(tokens []token) []token {
	kept := tokens[:0]
	cut, end := false, 0
	for _, t := range tokens {
		if t.start >= end {
			start, stop := field(f.text, t.start)
			if isAside(f.text[start:stop]) {
				end = stop
			}
		}
		if t.start < end || f.inCode(t) {
			cut = true
			continue
		}
		t.apart = cut
		cut = false
		kept = append(kept, t)
	}
	return kept
}

func (f *finder) inCode(t token) bool {
	for _, code := range f.codes {
		if t.start >= code.Words.Start && t.start < code.Words.End {
			return true
		}
	}
	return false
}

// field is the run of signs without spaces around a position.
func field(text string, at int) (start, end int) {
	start = strings.LastIndexAny(text[:at], " \t\r\n") + 1
	if n := strings.IndexAny(text[at:], " \t\r\n"); n >= 0 {
		return start, at + n
	}
	return start, len(text)
}

func isAside(field string) bool {
	if i := strings.IndexByte(field, '@'); i >= 0 && (i == 0 || strings.IndexByte(field[i:], '.') > 0) {
		return true
	}
	return strings.Contains(field, "://") || strings.HasPrefix(field, "www.") || strings.HasPrefix(field, "goo.gl/") || strings.HasPrefix(field, "geo:")
}
