// Package alike says how likely two reports tell of one thing: from where, when,
// of what kind, in which words and with which pictures. It is pure; whoever asks
// brings two reports together and decides what to do about it.
//
// Two thresholds cut the likeness: from Joins on a report may be taken into an
// incident at once, from Suggests on a person is asked.
package alike

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/onyo-project/onyo/pkg/triage/lexicon"
)

const (
	// stemRunes is how much of a word counts: "flooded" and "flooding" are one.
	stemRunes = 5
	gramRunes = 4
	// LeastCopied, in letters: a shorter text says the same by chance.
	LeastCopied = 20
	// leastEdited, in letters, of a text that was passed on with small changes, and
	// leastCut of one that lost its end on the way.
	leastEdited, leastCut = 60, 32
	// editedFrom is the share of letter runs that such a text keeps.
	editedFrom = 0.85
	// maxLetters bounds how much of a text is compared.
	maxLetters = 2000
	// maxAdded: so many words may have been put around a text that was passed on.
	maxAdded = 3
)

// Text is what of a text is compared with others. It never changes.
type Text struct {
	// print is the text in Latin letters without case, punctuation, spacing, links
	// and what passing on puts before it: equal for exact forwards.
	print string
	// cut says that the text ends in an ellipsis, as long retweets do.
	cut     bool
	foreign bool // in another script than Latin
	words   []word
	numbers string // all of them, in their order
	grams   []uint32
	bands   [bands]uint64
}

// word is a word that carries meaning.
type word struct {
	stem, bones, shown string
	where              bool // it names a place
}

// Read takes a text apart. Small says which folded words carry no meaning, and
// where which bytes of the text name a place: two reports of one place do not
// tell the same because of it.
func Read(text string, small func(folded string) bool, where func(start, end int) bool) Text {
	var t Text
	start, end, cut := body(text)
	tokens := lexicon.Tokens(withoutLinks(text)[:end])
	if t.cut = cut; cut && len(tokens) > 1 {
		tokens = tokens[:len(tokens)-1] // half a word
	}
	print := make([]byte, 0, len(text))
	for _, token := range tokens {
		if token.Start < start || len(print) > maxLetters {
			continue
		}
		written := latin(token.Text)
		print = append(print, written...)
		t.foreign = t.foreign || !plain(token.Text)
		if number(token.Text) {
			t.numbers += " " + token.Text
		} else if !small(token.Text) && len(written) > 1 {
			t.words = append(t.words, word{beginning(written), bones(written), token.Text, where(token.Start, token.End)})
		}
	}
	t.print = string(print)
	slices.SortStableFunc(t.words, func(a, b word) int { return strings.Compare(a.stem, b.stem) })
	t.words = slices.CompactFunc(t.words, func(a, b word) bool { return a.stem == b.stem })
	t.grams = gramsOf(t.print)
	t.bands = bandsOf(t.grams)
	return t
}

// Print is equal for exact forwards of one text. Short texts may say the same by
// chance.
func (t *Text) Print() string { return t.print }

// Keys are what copies of a text, also edited ones, have in common: two of which
// most letters are the same share a key nearly always, others hardly ever. A
// text too short to be recognised has none.
func (t *Text) Keys() []uint64 {
	if len(t.print) < LeastCopied {
		return nil
	}
	keys := []uint64{hashed(t.print[:min(len(t.print), leastCut)])}
	if len(t.print) >= leastEdited {
		keys = append(keys, t.bands[:]...)
	}
	return keys
}

// Copies says whether one text is the other passed on: the same, cut short, or
// with a few words put around it. A text with another number, or with another
// word in the place of one, is no copy.
func (t *Text) Copies(other *Text) bool {
	short, long := t, other
	if len(short.print) > len(long.print) {
		short, long = long, short
	}
	switch {
	case len(short.print) < LeastCopied:
		return false
	case short.print == long.print:
		return true
	case short.cut && len(short.print) >= leastCut && strings.HasPrefix(long.print, short.print):
		return true
	}
	return len(short.print) >= leastEdited && short.numbers == long.numbers && dice(common(short.grams, long.grams), len(short.grams), len(long.grams)) >= editedFrom &&
		(within(short.words, long.words) || within(long.words, short.words))
}

// within says that all words of a are among those of b, which has few others.
func within(a, b []word) bool {
	if len(b) > len(a)+maxAdded {
		return false
	}
	return !slices.ContainsFunc(a, func(w word) bool {
		_, found := slices.BinarySearchFunc(b, w.stem, func(o word, stem string) int { return strings.Compare(o.stem, stem) })
		return !found
	})
}

// Like is how much two texts say the same, 0 to 1, and the words that they
// share, the longest first. Across scripts words are known by their consonants.
func (t *Text) Like(other *Text) (likeness float64, shared []string) {
	key := func(w word) string { return w.stem }
	if t.foreign != other.foreign {
		key = func(w word) string {
			if len(w.bones) < 3 {
				return w.stem
			}
			return w.bones
		}
	}
	theirs := map[string]bool{}
	for _, w := range other.words {
		if !w.where {
			theirs[key(w)] = true
		}
	}
	mine := 0
	for _, w := range t.words {
		if w.where {
			continue
		}
		if mine++; theirs[key(w)] {
			shared = append(shared, w.shown)
		}
	}
	likeness = dice(len(shared), mine, len(theirs))
	// A text that was only corrected or cut keeps most of its letters in order.
	if share := dice(common(t.grams, other.grams), len(t.grams), len(other.grams)); share > 0.7 && min(len(t.print), len(other.print)) >= LeastCopied {
		likeness = max(likeness, share)
	}
	slices.SortStableFunc(shared, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return min(1, likeness), shared
}

func beginning(word string) string {
	at := 0
	for i := range word {
		if at == stemRunes {
			return word[:i]
		}
		at++
	}
	return word
}

func number(word string) bool {
	return strings.IndexFunc(word, func(r rune) bool { return !unicode.IsDigit(r) }) < 0
}

func dice(shared, a, b int) float64 {
	if a == 0 || b == 0 {
		return 0
	}
	return 2 * float64(shared) / float64(a+b)
}
