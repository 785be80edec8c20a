package lexicon

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// token is one word of a text: folded, with the byte offsets of the original
// and whether a sentence ended before it.
type token struct {
	text       string
	start, end int
	after      bool // punctuation stands between it and the word before
}

// tokens cuts a text into folded words. An apostrophe parts words, so that
// "l'eau" and "can't" are two.
func tokens(text string) []token {
	var found []token
	start, broken := -1, false
	flush := func(end int) {
		if start < 0 {
			return
		}
		if folded := Fold(text[start:end]); folded != "" && len(found) < maxTokens {
			found = append(found, token{text: folded, start: start, end: end, after: broken})
			broken = false
		}
		start = -1
	}
	for at, r := range text {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			if start < 0 {
				start = at
			}
		default:
			flush(at)
			if strings.ContainsRune(".,;:!?()\n۔،؛؟।", r) {
				broken = true
			}
		}
	}
	flush(len(text))
	return found
}

// Fold brings a word to the one form in which words are compared: small
// letters, without accents and Arabic vowel signs, alef and its sisters alike.
// Folding twice changes nothing.
func Fold(word string) string {
	if ascii(word) {
		return strings.ToLower(word)
	}
	var out strings.Builder
	out.Grow(len(word))
	for _, r := range norm.NFKD.String(strings.ToLower(word)) {
		switch {
		case r >= 0x300 && r <= 0x36f, r >= 0x64b && r <= 0x65f, r == 0x670, r == 0x640:
			continue // accents; Arabic vowel signs and tatweel
		case r == 'ى':
			r = 'ي'
		case r == 'ة':
			r = 'ه'
		case r == 'ı':
			r = 'i'
		case r == utf8.RuneError:
			continue
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// bare takes the Arabic article and the one-letter words before it off a folded
// word: "والماء" is "ماء". Other words stay; so do those that would be left
// with fewer than three letters.
func bare(token string) string {
	const article = "ال"
	for _, before := range []string{"وال", "بال", "فال", "كال", "لل", article} {
		if rest, ok := strings.CutPrefix(token, before); ok && utf8.RuneCountInString(rest) >= 2 {
			return rest
		}
	}
	return token
}

// Token is one folded word of a text and where it stands: byte offsets, end
// exclusive.
type Token struct {
	Text       string
	Start, End int
}

// Tokens are the folded words of a text, in order, with where they stand.
func Tokens(text string) []Token {
	found := tokens(text)
	out := make([]Token, len(found))
	for i, token := range found {
		out[i] = Token{Text: token.text, Start: token.start, End: token.end}
	}
	return out
}

// Words are the folded words of a text, in order.
func Words(text string) []string {
	found := tokens(text)
	words := make([]string, len(found))
	for i, token := range found {
		words[i] = token.text
	}
	return words
}
