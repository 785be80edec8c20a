package gazetteer

import (
	"cmp"
	"slices"
	"strings"

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
//
// What the text says about a place ("3 km north of", "between A and B") gives
// candidates of their own, before those for the places named; and so does a
// short plus code beside a name. Links, addresses of mail and names of users
// name no place.
func (g *Gazetteer) Find(text string, near Near) []Candidate {
	if len(text) > maxText {
		text = text[:maxText]
	}
	f := &finder{world: g.world(), local: g.local.Load(), near: near, text: text}
	f.codes = shortCodes(text)
	f.tokens = f.withoutAsides(appendTokens(nil, text))
	f.shouting = shouts(f.tokens)
	mentions := f.mentions()
	f.noteContext(mentions)
	named := make([][]Candidate, len(mentions))
	for i, m := range mentions {
		named[i] = f.judge(m)
	}
	f.doubtStrangers(mentions, named)
	out := append(f.completed(mentions, named), f.relations(mentions, named)...)
	for _, one := range named {
		out = append(out, one...)
	}
	slices.SortStableFunc(out, func(a, b Candidate) int { return cmp.Compare(a.Words.Start, b.Words.Start) })
	return out
}

// finder is one reading of one text.
type finder struct {
	world    *world
	local    *layer
	near     Near
	text     string
	tokens   []token
	shouting bool // all capitals: they show nothing
	key      []byte
	fuzzy    int // tries so far

	codes   []geo.ShortPlusCode
	named   []bool // by token: part of a mention
	context []context
}

// hit is one entry that some words may name.
type hit struct {
	layer  *layer
	id     uint32
	form   form
	method Method
}

func (h hit) entry() *entry { return &h.layer.entries[h.id] }

// mention is a run of words that names something.
type mention struct {
	from, to int // tokens, with the words that say what it is
	hint     hint
	hits     []hit
}

func (f *finder) mentions() []mention {
	var out []mention
	f.named = make([]bool, len(f.tokens))
	for i := 0; i < len(f.tokens); {
		m, ok := f.mentionAt(i)
		if !ok && len(out) > 0 {
			m, ok = f.stateAfter(i, out[len(out)-1])
		}
		if !ok {
			i++
			continue
		}
		for j := m.from; j < m.to; j++ {
			f.named[j] = true
		}
		out = append(out, m)
		i = m.to
	}
	return out
}

// mentionAt reads the longest name that begins at token i: as spelled first,
// then by ever looser ways.
func (f *finder) mentionAt(i int) (mention, bool) {
	limit := maxWindow
	if f.tokens[i].segment {
		limit = maxSegments
	}
	limit = min(limit, len(f.tokens)-i)
	for n := 1; n < limit; n++ {
		if f.tokens[i+n].apart {
			limit = n
		}
	}
	for n := limit; n >= 1; n-- {
		if f.tokens[i].segment && n == 1 {
			break // one sign is a word, not a place
		}
		words := f.tokens[i : i+n]
		m := f.hinted(i, i+n)
		if m.hits = f.keep(f.exact(words), words, m.hint); len(m.hits) > 0 {
			m.hits = append(m.hits, f.partsNearby(m.hits, i, n)...)
			return m, true
		}
	}
	for _, read := range [...]func(int) []hit{f.withoutPrefix, f.withoutEnding} {
		if hits := read(i); len(hits) > 0 {
			m := f.hinted(i, i+1)
			m.hits = hits
			return m, true
		}
	}
	return f.looselyAt(i, limit)
}

// looselyAt tries what is behind a hashtag's other words, a slip, and a part of
// a longer name.
func (f *finder) looselyAt(i, limit int) (mention, bool) {
	if hits := f.inTag(i); len(hits) > 0 {
		return mention{from: i, to: i + 1, hits: hits}, true
	}
	for n := min(4, limit); n >= 1; n-- {
		if hits := f.misspelt(i, i+n); len(hits) > 0 {
			m := f.hinted(i, i+n)
			m.hits = hits
			return m, true
		}
	}
	if hits := f.parts(i); len(hits) > 0 {
		m := f.hinted(i, i+1)
		m.hits = hits
		return m, true
	}
	return mention{}, false
}

// exact collects what the words name, as one word too if they look like a name.
func (f *finder) exact(words []token) []hit {
	f.key = joinKey(f.key[:0], words)
	hits := f.collect(hashKey(f.key), MethodName)
	if !words[0].caps || f.shouting && len(words) < len(f.tokens) {
		hits = slices.DeleteFunc(hits, func(h hit) bool { return h.form == formShort })
	}
	if len(words) < 2 || words[0].segment || len(hits) > 0 || len(words[len(words)-1].fold) < 2 || !(words[0].upper || !words[0].cased || words[0].tag) {
		return hits
	}
	f.key = append(f.key[:0], foldAll(f.text[words[0].start:words[len(words)-1].end])...)
	if len(f.key) >= squeezedLeast {
		return slices.DeleteFunc(f.collect(hashKey(f.key), MethodName), func(h hit) bool { return h.form == formShort })
	}
	return nil
}

// collect looks a name up; parts of names are left out.
func (f *finder) collect(hash uint64, method Method) []hit {
	return slices.DeleteFunc(f.all(hash, method), func(h hit) bool { return h.form == formPart })
}

func (f *finder) all(hash uint64, method Method) []hit {
	var hits []hit
	for _, p := range f.local.lookup(hash) {
		h := hit{f.local, p.entry, p.form, method}
		if method == MethodName {
			h.method = MethodLocal
		}
		hits = append(hits, h)
	}
	for _, p := range f.world.lookup(hash) {
		hits = append(hits, hit{&f.world.layer, p.entry, p.form, method})
	}
	return hits
}

// hinted is the mention of tokens from to to, with the words beside them that
// say what it is.
func (f *finder) hinted(from, to int) mention {
	m := mention{from: from, to: to}
	if to < len(f.tokens) && !f.tokens[to].apart && f.adjoin(to-1) {
		if h := kindWord(f.tokens[to].fold); h != hintNone {
			m.to, m.hint = to+1, h
			return m
		}
	}
	before := from - 1
	for before > 0 && isLink(f.tokens[before].fold) && f.adjoin(before) {
		before--
	}
	if before >= 0 && from-before <= 3 && f.adjoin(before) && !f.named[before] {
		if h := kindWord(f.tokens[before].fold); h != hintNone {
			m.from, m.hint = before, h
		}
	}
	return m
}

// adjoin reports whether nothing but spaces, hyphens and the signs of a hashtag
// stands between token i and the next.
func (f *finder) adjoin(i int) bool {
	if i+1 >= len(f.tokens) || f.tokens[i+1].apart {
		return false
	}
	for _, c := range []byte(f.text[f.tokens[i].end:f.tokens[i+1].start]) {
		if c != ' ' && c != '_' && c != '-' && c != '#' && c != '\'' {
			return false
		}
	}
	return true
}

// tags reports whether a hashtag begins between token i and the next.
func (f *finder) tags(i int) bool {
	return i+1 < len(f.tokens) && strings.IndexByte(f.text[f.tokens[i].end:f.tokens[i+1].start], '#') >= 0
}

// judge scores the hits of one mention and says which, if any, is certain.
func (f *finder) judge(m mention) []Candidate {
	scored := make([]scoredHit, 0, len(m.hits))
	for _, h := range m.hits {
		scored = append(scored, f.score(h, m))
	}
	slices.SortFunc(scored, compareScored)
	doubt := f.doubt(m)
	certain := doubt == "" && f.certain(scored, f.tokens[m.from].cased)
	words := f.words(m.from, m.to)
	out := make([]Candidate, 0, min(len(scored), maxCandidates))
	for i, s := range scored[:min(len(scored), maxCandidates)] {
		c := f.candidate(s, m, words)
		c.Certain = certain && i == 0
		switch {
		case doubt != "":
			c.Why += "; " + doubt
		case !c.Certain && i == 0 && len(scored) > 1:
			c.Why += "; other places have the same name"
		}
		out = append(out, c)
	}
	return out
}

// compareScored orders by what the places are, never by where they stand in a
// file.
func compareScored(a, b scoredHit) int {
	x, y := a.entry(), b.entry()
	return cmp.Or(-cmp.Compare(a.score, b.score), cmp.Compare(a.method, b.method), cmp.Compare(a.layer.names[a.id], b.layer.names[b.id]),
		cmp.Compare(x.lon, y.lon), cmp.Compare(x.lat, y.lat), cmp.Compare(x.kind, y.kind), cmp.Compare(a.id, b.id))
}

func (f *finder) words(from, to int) geo.Words {
	start, end := f.tokens[from].start, f.tokens[to-1].end
	return geo.Words{Start: start, End: end, Text: f.text[start:end]}
}
