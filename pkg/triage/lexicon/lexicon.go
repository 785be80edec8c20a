// Package lexicon reads what a text is about from the words in it, in several
// languages, without any network: which categories, whether somebody may die,
// whether it is hearsay or says nothing. It is a first cut that anybody can
// check: every finding names the words that led to it (terms.txt beside this
// file). It suggests; people decide.
package lexicon

import (
	"bufio"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

//go:embed terms.txt
var terms string

// The keys that are no categories.
const (
	LifeSafety = "!life_safety" // somebody may die
	Crisis     = "!crisis"      // speaks of a crisis, whichever
	Hearsay    = "!hearsay"     // told by others
	Chatter    = "!chatter"     // says nothing about what happened
	negation   = "!not"
)

// weakWeight is what a word is worth that proves little alone.
const weakWeight = 0.5

// maxTokens bounds what one text can make us do; a report is far shorter.
const maxTokens = 4096

// Lexicon finds terms in texts. It never changes and is safe for concurrent
// use.
type Lexicon struct {
	// exact holds terms by their first word, stems by its first bytes where the
	// word is only the beginning of one.
	exact map[string][]term
	stems map[string][]term
	// languages that have terms.
	languages map[string]bool
}

type term struct {
	key      string
	language string
	words    []word
	weight   float64
}

type word struct {
	text string
	stem bool // text is how the word begins
}

func (w word) fits(token string) bool {
	if w.stem {
		return strings.HasPrefix(token, w.text)
	}
	return token == w.text
}

// stemKey is how many bytes of a stem it is filed under.
const stemKey = 4

// Open reads the terms that come with Onyo.
func Open() (*Lexicon, error) { return Parse(terms) }

// Parse reads terms in the form that the head of terms.txt explains. Errors
// name the line.
func Parse(text string) (*Lexicon, error) {
	lexicon := &Lexicon{exact: map[string][]term{}, stems: map[string][]term{}, languages: map[string]bool{}}
	scanner := bufio.NewScanner(strings.NewReader(text))
	for number := 1; scanner.Scan(); number++ {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		if err := lexicon.read(line); err != nil {
			return nil, fmt.Errorf("lexicon line %d: %w", number, err)
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, fmt.Errorf("read the lexicon: %w", err)
	}
	for _, filed := range []map[string][]term{lexicon.exact, lexicon.stems} {
		for _, terms := range filed {
			slices.SortStableFunc(terms, func(a, b term) int { return len(b.words) - len(a.words) })
		}
	}
	return lexicon, nil
}

func (l *Lexicon) read(line string) error {
	head, list, ok := strings.Cut(line, ":")
	fields := strings.Fields(head)
	if !ok || len(fields) != 2 {
		return fmt.Errorf("want \"category language: term, term\"")
	}
	for _, written := range strings.Split(list, ",") {
		one := term{key: fields[0], language: fields[1], weight: 1}
		written = strings.TrimSpace(written)
		if rest, weak := strings.CutPrefix(written, "~"); weak {
			written, one.weight = rest, weakWeight
		}
		for _, part := range strings.Fields(written) {
			bare, stem := strings.CutSuffix(part, "*")
			for _, token := range tokens(bare) {
				one.words = append(one.words, word{text: token.text})
			}
			if stem && len(one.words) > 0 {
				one.words[len(one.words)-1].stem = true
			}
		}
		if len(one.words) == 0 {
			return fmt.Errorf("a term of %s has no letters", fields[0])
		}
		l.file(one)
		l.languages[one.language] = true
	}
	return nil
}

func (l *Lexicon) file(one term) {
	first := one.words[0]
	if !first.stem {
		l.exact[first.text] = append(l.exact[first.text], one)
		return
	}
	key := prefix(first.text, stemKey)
	l.stems[key] = append(l.stems[key], one)
}

// prefix is at most n bytes of s, never half a letter.
func prefix(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// startingWith calls yield with every term that may start with this token.
func (l *Lexicon) startingWith(token string, yield func(term)) {
	for _, one := range l.exact[token] {
		yield(one)
	}
	// Stems shorter than the key are filed under all of themselves.
	tried := ""
	for n := 1; n <= stemKey && n <= len(token); n++ {
		key := prefix(token, n)
		if key == "" || key == tried {
			continue
		}
		tried = key
		for _, one := range l.stems[key] {
			yield(one)
		}
	}
}
