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
func (f *finder) misspelt(i, j int) []hit {
	words := f.tokens[i:j]
	first, last := words[0], words[len(words)-1]
	whole := len(words) == len(f.tokens)
	length := runes(words)
	enough := 5
	if len(words) > 1 {
		enough = 8
	} else if !first.cased {
		enough = 6
	}
	if first.opens || f.shouting {
		enough += 2 // a capital shows nothing there
	}
	capitals := first.upper && last.upper || !first.cased && f.hasBias() || whole
	if length < enough || length > 40 || !capitals || first.segment || f.fuzzy >= maxFuzzy || !whole && !f.lone(i, j) {
		return nil
	}
	if len(words) == 1 && isCommon(first.fold) {
		return nil
	}
	f.fuzzy++
	f.key = joinKey(f.key[:0], words)
	hits := f.slips(f.key)
	return slices.DeleteFunc(hits, func(h hit) bool {
		e := h.entry()
		if h.layer == f.local || f.inside(h) > 0 {
			return h.form >= formBare || e.kind == KindCountry && h.form != formMain
		}
		if f.hasBias() && e.kind != KindCountry || h.form != formMain {
			return true // far away, a slip makes too much of too little
		}
		return e.kind != KindCountry && e.population < 100_000 && !whole
	})
}

// slips tries every name that one slip makes of the key. Hashes go on from the
// part before the slip, so no edited key is ever written out.
func (f *finder) slips(key []byte) []hit {
	first, size := utf8.DecodeRune(key)
	letters := alphabetOf(first)
	if letters == "" {
		return nil
	}
	seen := []uint64{hashKey(key)} // a wrong letter may be put right
	var hits []hit
	try := func(hash uint64) {
		if f.local.lookup(hash) == nil && f.world.lookup(hash) == nil || slices.Contains(seen, hash) {
			return
		}
		seen = append(seen, hash)
		hits = append(hits, f.collect(hash, MethodFuzzy)...)
	}
	before := hashMore(hashStart, key[:size])
	for rest := key[size:]; ; {
		_, n := utf8.DecodeRune(rest)
		_, m := utf8.DecodeRune(rest[n:])
		if m > 0 {
			try(hashMore(hashMore(hashMore(before, rest[n:n+m]), rest[:n]), rest[n+m:])) // swapped
		}
		if n > 0 {
			try(hashMore(before, rest[n:])) // one too many
		}
		for i, r := range letters {
			put := hashMore(before, []byte(letters[i:i+utf8.RuneLen(r)]))
			if n > 0 {
				try(hashMore(put, rest[n:])) // a wrong one
			}
			try(hashMore(put, rest)) // one left out
		}
		if n == 0 {
			return hits
		}
		before, rest = hashMore(before, rest[:n]), rest[n:]
	}
}

func alphabetOf(r rune) string {
	for _, a := range alphabets {
		if unicode.Is(a.script, r) {
			return a.letters
		}
	}
	return ""
}
