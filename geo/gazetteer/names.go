package gazetteer

import (
	"strings"
	"unicode/utf8"
)

// squeezedLeast is how many bytes a name without its spaces must have to be
// looked up as one word ("EllicottCity"): shorter ones make other words.
const squeezedLeast = 7

// partLeastIn is how many letters one word of a longer name must have to be
// looked up alone. Scripts without vowels say more with fewer.
func partLeastIn(word token) int {
	if word.cased {
		return 5
	}
	return 4
}

// scratch is space that is handed in because names are read a million times.
type scratch struct {
	tokens []token
	key    []byte
}

// appendNames appends the postings of one entry: every spelling, with and
// without its spaces; of an area also its name without "county"; and the first
// and last word of its own name.
func (s *scratch) appendNames(out []posting, e *entry, id uint32, name string, others ...string) []posting {
	out = s.appendName(out, e, id, name, formMain)
	for _, other := range others {
		out = s.appendName(out, e, id, other, formOther)
	}
	return out
}

func (s *scratch) appendName(out []posting, e *entry, id uint32, name string, as form) []posting {
	s.tokens = appendTokens(s.tokens[:0], name)
	words := s.tokens
	if len(words) == 0 {
		return out
	}
	out = s.append(out, id, words, as)
	if len(words) == 1 || words[0].segment {
		return out
	}
	if squeezed := foldAll(name); len(squeezed) >= squeezedLeast {
		out = append(out, posting{hash: hashKey(squeezed), entry: id, form: as})
	}
	if len(words) >= 3 && e.population >= metropolis && as == formMain {
		out = appendShort(out, id, initials(words))
	}
	if e.kind.isArea() {
		if bare := withoutKindWords(words); len(bare) < len(words) {
			out = s.append(out, id, bare, formBare)
		}
	}
	if as == formMain && e.kind != KindQuarter || e.kind == KindCountry || !words[0].cased {
		for _, word := range [...]token{words[0], words[len(words)-1]} {
			if utf8.RuneCountInString(word.fold) >= partLeastIn(word) && !isCommon(word.fold) && kindWord(word.fold) == 0 && !isFeature(word.fold) {
				out = append(out, posting{hash: hashKey([]byte(word.fold)), entry: id, form: formPart})
			}
		}
	}
	return out
}

func (s *scratch) append(out []posting, id uint32, words []token, as form) []posting {
	s.key = joinKey(s.key[:0], words)
	return append(out, posting{hash: hashKey(s.key), entry: id, form: as})
}

// appendShort appends letters that stand for an entry, joined by |.
func appendShort(out []posting, id uint32, short string) []posting {
	for one := range strings.SplitSeq(short, "|") {
		if key := foldAll(one); len(key) > 0 {
			out = append(out, posting{hash: hashKey(key), entry: id, form: formShort})
		}
	}
	return out
}

// metropolis is how many people a town has that is known by its initials.
const metropolis = 1_000_000

func initials(words []token) string {
	out := ""
	for _, word := range words {
		r, _ := utf8.DecodeRuneInString(word.fold)
		out += string(r)
	}
	return out
}
