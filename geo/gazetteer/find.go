package gazetteer

import (
	"cmp"
	"math"
	"slices"

	"github.com/onyo-project/onyo/geo"
)

const (
	maxWindow     = 6     // words of one name
	maxSegments   = 10    // signs of one name in a script without spaces
	maxText       = 20000 // bytes of a text that are read
	maxCandidates = 8     // for the same words
	maxFuzzy      = 12    // names tried for misspelling in one text
)

// Find looks for names of places in running text and answers, in the order of
// the words and then of their score, what each may mean. The longest name wins
// over its parts. What is known about where the text comes from decides between
// places of one name and which words are taken for places at all: far from
// there, only large places, written with a capital where the script has any.
func (g *Gazetteer) Find(text string, near Near) []Candidate {
	if len(text) > maxText {
		text = text[:maxText]
	}
	f := &finder{world: g.world(), local: g.local, near: near, text: text, tokens: appendTokens(nil, text)}
	mentions := f.mentions()
	f.noteContext(mentions)
	var out []Candidate
	for _, m := range mentions {
		out = append(out, f.judge(m)...)
	}
	return out
}

// finder is one reading of one text.
type finder struct {
	world  *world
	local  *layer
	near   Near
	text   string
	tokens []token
	key    []byte
	fuzzy  int // tries so far

	context []context
}

// context is a country or area that one mention of the text names.
type context struct {
	mention int // its first token
	country string
	admin1  int32
}

// hit is one entry that some words may name.
type hit struct {
	layer  *layer
	id     uint32
	main   bool
	method Method
}

func (h hit) entry() *entry { return &h.layer.entries[h.id] }

// mention is a run of words that names something.
type mention struct {
	from, to int // tokens
	hits     []hit
}

func (f *finder) mentions() []mention {
	var out []mention
	for i := 0; i < len(f.tokens); {
		m, ok := f.mentionAt(i)
		if !ok {
			i++
			continue
		}
		out = append(out, m)
		i = m.to
	}
	return out
}

// mentionAt reads the longest name that begins at token i: as spelled first,
// then with one slip.
func (f *finder) mentionAt(i int) (mention, bool) {
	limit := maxWindow
	if f.tokens[i].segment {
		limit = maxSegments
	}
	limit = min(limit, len(f.tokens)-i)
	for n := limit; n >= 1; n-- {
		if f.tokens[i].segment && n == 1 {
			break // one sign is a word, not a place
		}
		words := f.tokens[i : i+n]
		f.key = joinKey(f.key[:0], words)
		if hits := f.keep(f.collect(hashKey(f.key), MethodName), words); len(hits) > 0 {
			return mention{i, i + n, hits}, true
		}
	}
	if hits := f.withoutPrefix(i); len(hits) > 0 {
		return mention{i, i + 1, hits}, true
	}
	for n := min(4, limit); n >= 1; n-- {
		if hits := f.misspelt(f.tokens[i : i+n]); len(hits) > 0 {
			return mention{i, i + n, hits}, true
		}
	}
	return mention{}, false
}

func (f *finder) collect(hash uint64, method Method) []hit {
	var hits []hit
	for _, p := range f.local.lookup(hash) {
		h := hit{f.local, p.entry, p.main, method}
		if method == MethodName {
			h.method = MethodLocal
		}
		hits = append(hits, h)
	}
	for _, p := range f.world.lookup(hash) {
		hits = append(hits, hit{&f.world.layer, p.entry, p.main, method})
	}
	return hits
}

// keep drops the hits that these words are unlikely to mean here.
func (f *finder) keep(hits []hit, words []token) []hit {
	if len(hits) == 0 {
		return nil
	}
	whole := len(words) == len(f.tokens)
	short := runes(words) < 3 && !words[0].segment
	common := len(words) == 1 && isCommon(words[0].fold)
	capital := words[0].upper || !words[0].cased
	return slices.DeleteFunc(hits, func(h hit) bool {
		e := h.entry()
		inside := h.layer == f.local || f.inside(h) > 0
		switch {
		case whole && !common:
			return false
		case common && len(words) == 1:
			// A capital that begins the sentence shows nothing.
			return !words[0].upper || words[0].opens && !whole || !inside && e.population < 200_000
		case h.layer == f.local:
			return false
		case short:
			return !words[0].upper || !inside && e.population < 500_000
		case !capital:
			return e.population < 50_000 && !(e.kind == KindCountry && h.main) && !(inside && len(words[0].fold) >= 5)
		case e.kind.isArea():
			return !inside && e.kind != KindCountry && len(words) == 1 && !h.main
		case inside:
			return false
		case f.hasBias():
			return e.population < 100_000
		}
		return e.population < 5_000 && len(words) == 1 || e.population < 500
	})
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

// noteContext keeps the countries and areas that the text names, for they help
// with its other names ("Paris, Texas").
func (f *finder) noteContext(mentions []mention) {
	for _, m := range mentions {
		for _, h := range m.hits {
			if h.layer != &f.world.layer || h.method != MethodName || len(f.context) >= 32 {
				continue
			}
			switch e := h.entry(); e.kind {
			case KindCountry:
				f.context = append(f.context, context{m.from, h.layer.countries[e.country], -1})
			case KindAdmin1:
				f.context = append(f.context, context{m.from, "", int32(h.id)})
			}
		}
	}
}

// inContext reports whether another mention names the country or area of h.
func (f *finder) inContext(h hit, m mention) bool {
	e := h.entry()
	for _, c := range f.context {
		if c.mention == m.from {
			continue
		}
		if c.admin1 >= 0 && c.admin1 == e.admin1 && e.kind != KindAdmin1 {
			return true
		}
		if c.country != "" && c.country == h.layer.countries[e.country] && e.kind != KindCountry {
			return true
		}
	}
	return false
}

// judge scores the hits of one mention and says which, if any, is certain.
func (f *finder) judge(m mention) []Candidate {
	scored := make([]scoredHit, 0, len(m.hits))
	for _, h := range m.hits {
		scored = append(scored, f.score(h, m))
	}
	slices.SortStableFunc(scored, func(a, b scoredHit) int {
		return cmp.Or(-cmp.Compare(a.score, b.score), cmp.Compare(a.id, b.id))
	})
	feature := f.partOfFeature(m)
	certain := feature == "" && f.certain(scored)
	words := f.words(m)
	out := make([]Candidate, 0, min(len(scored), maxCandidates))
	for i, s := range scored[:min(len(scored), maxCandidates)] {
		c := f.candidate(s, words)
		c.Certain = certain && i == 0
		switch {
		case feature != "":
			c.Why += "; but the text may mean what is called after it: " + feature
		case !c.Certain && i == 0 && len(scored) > 1:
			c.Why += "; other places have the same name"
		}
		out = append(out, c)
	}
	return out
}

// partOfFeature finds a neighbouring word that makes the name part of another
// ("Churchill River", "road to Ma'an").
func (f *finder) partOfFeature(m mention) string {
	if m.to < len(f.tokens) && isFeature(f.tokens[m.to].fold) {
		return f.text[f.tokens[m.to].start:f.tokens[m.to].end]
	}
	if m.from > 0 && isFeature(f.tokens[m.from-1].fold) {
		return f.text[f.tokens[m.from-1].start:f.tokens[m.from-1].end]
	}
	return ""
}

func (f *finder) words(m mention) geo.Words {
	start, end := f.tokens[m.from].start, f.tokens[m.to-1].end
	return geo.Words{Start: start, End: end, Text: f.text[start:end]}
}
