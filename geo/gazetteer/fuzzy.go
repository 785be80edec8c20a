package gazetteer

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// alphabets are the folded letters that a slip may put in, by script.
var alphabets = []struct {
	script  *unicode.RangeTable
	letters string
}{
	{unicode.Latin, "abcdefghijklmnopqrstuvwxyz"},
	{unicode.Cyrillic, "абвгдежзиклмнопрстуфхцчшщъыьэюяєґ"},
	{unicode.Arabic, "ءابتثجحخدذرزسشصضطظعغفقكلمنهويپچژگ"},
	{unicode.Greek, "αβγδεζηθικλμνξοπρσςτυφχψω"},
	{unicode.Hebrew, "אבגדהוזחטיכלמנסעפצקרשתךםןףץ"},
}

// misspelt looks for names one slip away: a letter missing, added, wrong, or
// swapped with the next. The first letter must be right, and the words long
// enough for the slip not to make another word of them.
func (f *finder) misspelt(words []token) []hit {
	first, last := words[0], words[len(words)-1]
	whole := len(words) == len(f.tokens)
	length := runes(words)
	enough := 5
	if len(words) > 1 {
		enough = 8
	} else if !first.cased {
		enough = 6
	}
	capitals := first.upper && last.upper || !first.cased && f.hasBias() || whole
	if length < enough || length > 40 || !capitals || first.segment || f.fuzzy >= maxFuzzy {
		return nil
	}
	if len(words) == 1 && isCommon(first.fold) {
		return nil
	}
	f.fuzzy++
	f.key = joinKey(f.key[:0], words)
	hits := f.slips([]rune(string(f.key)))
	return slices.DeleteFunc(hits, func(h hit) bool {
		e := h.entry()
		if h.layer == f.local || f.inside(h) > 0 {
			return e.kind == KindCountry && !h.main
		}
		return e.kind != KindCountry && e.population < 100_000 && !whole || f.hasBias() && e.population < 1_000_000 || !h.main
	})
}

func (f *finder) slips(key []rune) []hit {
	letters := alphabetOf(key[0])
	if letters == "" {
		return nil
	}
	seen := map[uint64]bool{}
	var hits []hit
	var buf []byte
	try := func(edited []rune) {
		buf = buf[:0]
		for _, r := range edited {
			buf = utf8.AppendRune(buf, r)
		}
		hash := hashKey(buf)
		if (f.local.lookup(hash) == nil && f.world.lookup(hash) == nil) || seen[hash] {
			return
		}
		seen[hash] = true
		hits = append(hits, f.collect(buf, MethodFuzzy)...)
	}
	edited := make([]rune, 0, len(key)+1)
	for i := 1; i <= len(key); i++ {
		if i < len(key) {
			try(append(append(edited[:0], key[:i]...), key[i+1:]...))
		}
		if i+1 < len(key) {
			edited = append(edited[:0], key...)
			edited[i], edited[i+1] = edited[i+1], edited[i]
			try(edited)
		}
		for _, r := range letters {
			if i < len(key) && key[i] != r {
				edited = append(edited[:0], key...)
				edited[i] = r
				try(edited)
			}
			try(append(append(append(edited[:0], key[:i]...), r), key[i:]...))
		}
	}
	return hits
}

func alphabetOf(r rune) string {
	for _, a := range alphabets {
		if unicode.Is(a.script, r) {
			return a.letters
		}
	}
	return ""
}
