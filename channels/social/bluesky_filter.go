package social

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// filter picks posts out of a stream that knows no keywords.
type filter struct {
	words, tags, languages map[string]bool
}

func newFilter(words, languages string) filter {
	f := filter{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for _, one := range phrases(words) {
		if tag, hash := strings.CutPrefix(one, "#"); hash {
			if tag != "" {
				f.tags[folded(tag)] = true
			}
		} else {
			f.words[folded(one)] = true
		}
	}
	for _, one := range list(languages) {
		f.languages[strings.ToLower(one)] = true
	}
	return f
}

// folded is what letters are compared by: case and composition do not count, nor
// how much space is between words.
func folded(text string) string {
	return strings.Join(strings.Fields(strings.ToLower(norm.NFC.String(text))), " ")
}

// takes says whether a post is wanted: one of the languages where it names any, and
// a word or hashtag.
func (f filter) takes(text string, tags, languages []string) bool {
	if len(f.languages) > 0 && len(languages) > 0 {
		wanted := false
		for _, tag := range languages {
			base, _, _ := strings.Cut(strings.ToLower(tag), "-")
			wanted = wanted || f.languages[strings.ToLower(tag)] || f.languages[base]
		}
		if !wanted {
			return false
		}
	}
	for _, tag := range tags {
		if f.tags[folded(strings.TrimPrefix(tag, "#"))] {
			return true
		}
	}
	text = folded(text)
	for tag := range f.tags {
		if holds(text, "#"+tag) {
			return true
		}
	}
	for word := range f.words {
		if holds(text, word) {
			return true
		}
	}
	return false
}

// holds finds a word or phrase between what is no letter or digit. Scripts that
// write no spaces have no such ends.
func holds(text, word string) bool {
	loose := unspaced(word)
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return false
		}
		at += from
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(word):])
		if loose || !inWord(before) && !inWord(after) {
			return true
		}
		from = at + 1
	}
}

func inWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

// unspaced says whether a word is of a script that writes none.
func unspaced(word string) bool {
	for _, r := range word {
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) {
			return true
		}
	}
	return false
}
