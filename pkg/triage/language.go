package triage

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/abadojack/whatlanggo"

	"github.com/onyo-project/onyo/pkg/triage/lexicon"
)

// Language is what a text is written in, as far as anybody can tell.
type Language struct {
	// Code is BCP 47; "" for unknown.
	Code  string  `json:"code"`
	Score float64 `json:"score"` // 0 to 1
	Why   string  `json:"why"`
}

// leastConfidence below which a statistical guess counts as none.
const leastConfidence = 0.35

//go:embed common.txt
var commonText string

// common holds each language's most frequent small words: they tell languages
// apart and say nothing about what happened.
type common struct {
	byLanguage map[string]map[string]bool
	any        map[string]bool
	order      []string
	letters    map[rune]string // letters that few others have, to their language
}

func readCommon(text string) common {
	c := common{byLanguage: map[string]map[string]bool{}, any: map[string]bool{}, letters: map[rune]string{}}
	for _, line := range strings.Split(text, "\n") {
		language, words, ok := strings.Cut(line, ":")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		if language, ok := strings.CutPrefix(language, "letters "); ok {
			for _, letter := range strings.TrimSpace(words) {
				c.letters[letter] = language
			}
			continue
		}
		c.byLanguage[language] = map[string]bool{}
		c.order = append(c.order, language)
		for _, word := range strings.Fields(words) {
			word = lexicon.Fold(word)
			c.byLanguage[language][word], c.any[word] = true, true
		}
	}
	return c
}

// language tells what a text is written in: what its form said, else whose small
// words it uses, else whose own letters, else a guess from the order of letters.
func (r *Reader) language(text, hint string, words []string) Language {
	if hint != "" {
		return Language{Code: hint, Score: 1, Why: "the sender or the form says so"}
	}
	if found, ok := r.bySmallWords(words); ok {
		return found
	}
	if found, ok := r.byLetters(text); ok {
		return found
	}
	info := whatlanggo.Detect(text)
	if info.Lang < 0 || info.Confidence < leastConfidence {
		return Language{Why: "too short or too mixed to tell"}
	}
	code := info.Lang.Iso6391()
	if code == "" {
		code = info.Lang.Iso6393()
	}
	return Language{Code: code, Score: info.Confidence, Why: "its letters come in the order usual in " + info.Lang.String()}
}

// byLetters wants two letters that one language alone has, and none of another's.
func (r *Reader) byLetters(text string) (Language, bool) {
	found, count := "", 0
	for _, letter := range strings.ToLower(text) {
		switch language := r.common.letters[letter]; {
		case language == "":
		case found != "" && language != found:
			return Language{}, false
		default:
			found, count = language, count+1
		}
	}
	if count < 2 {
		return Language{}, false
	}
	return Language{Code: found, Score: 0.8, Why: fmt.Sprintf("%d of its letters are of this language alone", count)}, true
}

// bySmallWords wants two words at least that make up a fifth of the text, and
// clearly more than any other language has.
func (r *Reader) bySmallWords(words []string) (Language, bool) {
	best, most, second := "", 0, 0
	for _, language := range r.common.order {
		count := 0
		for _, word := range words {
			if r.common.byLanguage[language][word] {
				count++
			}
		}
		switch {
		case count > most:
			best, most, second = language, count, most
		case count > second:
			second = count
		}
	}
	share := float64(most) / float64(max(1, len(words)))
	if most < 2 || share < 0.2 || most*2 < second*3 {
		return Language{}, false
	}
	return Language{Code: best, Score: min(1, 0.5+share), Why: fmt.Sprintf("%d of its %d words are small words of this language", most, len(words))}, true
}

// Language is what a text is written in, as BCP 47: "" where nobody can tell.
func (r *Reader) Language(text string) string {
	language, _ := r.read(text, "")
	return language.Code
}
