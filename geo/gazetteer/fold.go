package gazetteer

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// token is one word of a text: its folded form and where it stands.
type token struct {
	fold       string
	start, end int
	upper      bool // begins with a capital
	caps       bool // two capitals or more, and nothing else
	cased      bool // its script has capitals
	segment    bool // one sign of a script written without spaces
	opens      bool // begins a sentence
	tag        bool // stands in a hashtag
	apart      bool // something that is no words stood before it
}

// appendTokens splits text into words and folds them: case, accents, vowel
// points and the spellings of one letter disappear. Apostrophes and hyphens
// separate ("Nairobi's", "Port-au-Prince"), and so does a capital inside a
// hashtag ("#NairobiFloods"). Letters with dots between them are one word
// ("U.S.").
func appendTokens(out []token, text string) []token {
	t := tokenizer{out: out, text: text, opens: true, start: -1}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		t.read(r, i, size)
		i += size
	}
	t.flush(len(text))
	return t.out
}

// tokenizer is one splitting of one text.
type tokenizer struct {
	out   []token
	text  string
	buf   []byte // the folded word so far
	start int    // where it begins, or -1
	first rune
	last  rune // the sign before
	runes int
	lower bool // it has a letter that is no capital
	opens bool
	tag   bool
}

func (t *tokenizer) read(r rune, at, size int) {
	switch {
	case !isWordRune(r):
		t.flush(at)
		t.opens = t.opens || r == '.' || r == '!' || r == '?' || r == '\n' || r == ':'
		t.tag = r == '#' || t.tag && r == '_'
	case isSegmented(r):
		t.flush(at)
		t.out = append(t.out, token{fold: string(appendFold(nil, t.text[at:at+size])), start: at, end: at + size, segment: true, opens: t.opens})
		t.opens = false
	default:
		if t.tag && unicode.IsUpper(r) && unicode.IsLower(t.last) {
			t.flush(at)
		}
		if t.start < 0 {
			t.start, t.first, t.runes, t.lower = at, r, 0, false
		}
		t.runes++
		t.lower = t.lower || !unicode.IsUpper(r)
		t.buf = appendFold(t.buf, t.text[at:at+size])
	}
	t.last = r
}

func (t *tokenizer) flush(end int) {
	if t.start >= 0 && len(t.buf) > 0 {
		upper := unicode.IsUpper(t.first)
		if t.runes == 1 && upper && t.joinsLetters() {
			last := &t.out[len(t.out)-1]
			last.fold, last.end, last.caps = last.fold+string(t.buf), end, true
		} else {
			t.out = append(t.out, token{
				fold: canonical(string(t.buf)), start: t.start, end: end, opens: t.opens, tag: t.tag,
				upper: upper, caps: t.runes > 1 && !t.lower, cased: upper || unicode.IsLower(t.first),
			})
		}
		t.opens = false
	}
	t.start, t.buf = -1, t.buf[:0]
}

// joinsLetters reports whether the letter read goes on with "U." before it.
func (t *tokenizer) joinsLetters() bool {
	if len(t.out) == 0 || t.text[t.start-1] != '.' {
		return false
	}
	last := t.out[len(t.out)-1]
	return last.end == t.start-1 && last.upper && (last.caps && len(last.fold) < 6 || last.end-last.start == 1) && strings.IndexByte(t.text[last.start:last.end], ' ') < 0
}

// foldAll is a whole text folded, without its spaces and signs.
func foldAll(text string) []byte {
	var out []byte
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if isWordRune(r) {
			out = appendFold(out, text[i:i+size])
		}
		i += size
	}
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

// canonical replaces short forms, and takes the article and a hamza at the end
// off Arabic words, for they come and go: العقبة, عقبة; البتراء, البترا.
func canonical(word string) string {
	switch word {
	case "st":
		return "saint"
	case "ste":
		return "sainte"
	case "mt":
		return "mount"
	case "ft":
		return "fort"
	case "sta":
		return "santa"
	case "sto":
		return "santo"
	case "pto":
		return "puerto"
	}
	const article = "ال"
	if len(word) >= len(article)+6 && word[:len(article)] == article {
		word = word[len(article):]
	}
	return strings.TrimSuffix(word, "ء")
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
