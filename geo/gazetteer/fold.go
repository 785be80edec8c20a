package gazetteer

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// token is one word of a text: its folded form and where it stands.
type token struct {
	fold       string
	start, end int
	upper      bool // begins with a capital
	cased      bool // its script has capitals
	segment    bool // one sign of a script written without spaces
	opens      bool // begins a sentence
}

// appendTokens splits text into words and folds them: case, accents, vowel
// points and the spellings of one letter disappear. Apostrophes and hyphens
// separate ("Nairobi's", "Port-au-Prince"), and so does a capital inside a
// hashtag ("#NairobiFloods").
func appendTokens(out []token, text string) []token {
	var buf []byte
	start, opens, hashtag := -1, true, false
	var first rune
	flush := func(end int) {
		if start >= 0 && len(buf) > 0 {
			out = append(out, token{
				fold: canonical(string(buf)), start: start, end: end, opens: opens,
				upper: unicode.IsUpper(first), cased: unicode.IsUpper(first) || unicode.IsLower(first),
			})
			opens = false
		}
		start, buf = -1, buf[:0]
	}
	var last rune
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case !isWordRune(r):
			flush(i)
			opens = opens || r == '.' || r == '!' || r == '?' || r == '\n' || r == ':'
			hashtag = r == '#' || hashtag && r == '_'
		case isSegmented(r):
			flush(i)
			out = append(out, token{fold: string(appendFold(nil, text[i:i+size])), start: i, end: i + size, segment: true, opens: opens})
			opens = false
		default:
			if hashtag && unicode.IsUpper(r) && unicode.IsLower(last) {
				flush(i)
			}
			if start < 0 {
				start, first = i, r
			}
			buf = appendFold(buf, text[i:i+size])
		}
		last = r
		i += size
	}
	flush(len(text))
	return out
}

func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9'
	}
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r))
}

// isSegmented: scripts that put no space between words.
func isSegmented(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai,
		unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan)
}

// appendFold appends the folded form of one encoded rune.
func appendFold(buf []byte, encoded string) []byte {
	if c := encoded[0]; c < utf8.RuneSelf {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		return append(buf, c)
	}
	if d := norm.NFKD.PropertiesString(encoded).Decomposition(); d != nil {
		for _, r := range string(d) {
			buf = appendFoldedRune(buf, r)
		}
		return buf
	}
	r, _ := utf8.DecodeRuneInString(encoded)
	return appendFoldedRune(buf, r)
}

func appendFoldedRune(buf []byte, r rune) []byte {
	switch {
	case r >= 0x300 && r <= 0x36f, r >= 0x591 && r <= 0x5c7, r >= 0x64b && r <= 0x65f,
		r == 0x670, r >= 0x6d6 && r <= 0x6ed, r == 'ـ', r >= 0x2b0 && r <= 0x2ff:
		return buf // accents, vowel points, stretching, modifier letters
	}
	switch r = unicode.ToLower(r); r {
	case 'ß':
		return append(buf, "ss"...)
	case 'æ':
		return append(buf, "ae"...)
	case 'œ':
		return append(buf, "oe"...)
	case 'þ':
		return append(buf, "th"...)
	case 'ø':
		r = 'o'
	case 'ł':
		r = 'l'
	case 'đ', 'ð', 'ɗ':
		r = 'd'
	case 'ı', 'ɨ':
		r = 'i'
	case 'ħ':
		r = 'h'
	case 'ɓ':
		r = 'b'
	case 'ə':
		r = 'a'
	case 'ى', 'ی':
		r = 'ي'
	case 'ک':
		r = 'ك'
	case 'ة', 'ە', 'ہ':
		r = 'ه'
	}
	return utf8.AppendRune(buf, r)
}

// canonical replaces short forms, and takes the article off Arabic words, for
// it comes and goes: العقبة, عقبة.
func canonical(word string) string {
	switch word {
	case "st":
		return "saint"
	case "ste":
		return "sainte"
	case "mt":
		return "mount"
	}
	const article = "ال"
	if len(word) >= len(article)+6 && word[:len(article)] == article {
		return word[len(article):]
	}
	return word
}

// joinKey is the form under which a run of words is looked up.
func joinKey(buf []byte, tokens []token) []byte {
	for i, t := range tokens {
		if i > 0 && !(t.segment && tokens[i-1].segment) {
			buf = append(buf, ' ')
		}
		buf = append(buf, t.fold...)
	}
	return buf
}

// hashKey is FNV-1a. With a million names the chance that any two differ and
// collide is under one in ten million, so the names themselves are not kept.
func hashKey(key []byte) uint64 { return hashMore(hashStart, key) }

const hashStart = uint64(14695981039346656037)

// hashMore goes on from the hash of what stood before.
func hashMore(h uint64, key []byte) uint64 {
	for _, c := range key {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}
