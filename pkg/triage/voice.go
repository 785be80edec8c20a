package triage

import (
	"strings"
	"unicode"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/triage/lexicon"
)

// voice is what of a report is compared with others. It lies in memory only.
type voice struct {
	report    crisis.ID
	source    crisis.ID
	withdrawn bool
	// unread is a report that cannot be read: it counts, but as nobody's.
	unread bool
	// print is the text without case, punctuation and spacing: equal for exact
	// forwards.
	print string
	// stems are its words, cut to their beginnings, without small words and
	// without those that say where.
	stems map[string]bool
	// grams are all runs of four letters of print.
	grams map[string]bool
}

const (
	// stemRunes is how much of a word counts: "flooded" and "flooding" are one.
	stemRunes = 5
	gramRunes = 4
	// leastPrint, in letters: a shorter text says the same by chance.
	leastPrint = 20
	// maxPrint bounds, in bytes, how much of a text is compared.
	maxPrint = 4000
)

// voiceOf hears a report; places are where its words name one.
func (r *Reader) voiceOf(report *crisis.Report, places []Place) *voice {
	text := report.Whole()
	v := &voice{report: report.ID, source: report.Source, withdrawn: report.Withdrawn, print: folded(text), stems: map[string]bool{}, grams: map[string]bool{}}
	for _, word := range lexicon.Words(without(text, places)) {
		if runes := []rune(word); !r.common.any[word] && len(runes) > 1 && !digits(word) {
			v.stems[string(runes[:min(len(runes), stemRunes)])] = true
		}
	}
	letters := []rune(v.print[:min(len(v.print), maxPrint)])
	for i := 0; i+gramRunes <= len(letters); i++ {
		v.grams[string(letters[i:i+gramRunes])] = true
	}
	return v
}

// without blanks out the words that name places.
func without(text string, places []Place) string {
	out := []byte(text)
	for _, place := range places {
		w := place.Words
		if w.Start < 0 || w.End > len(text) || w.Start >= w.End || text[w.Start:w.End] != w.Text {
			continue // of the words for the place, not of the text
		}
		for i := w.Start; i < w.End; i++ {
			out[i] = ' '
		}
	}
	return string(out)
}

func digits(word string) bool {
	return strings.IndexFunc(word, func(r rune) bool { return !unicode.IsDigit(r) }) < 0
}

// folded is a text without case, punctuation and spacing.
func folded(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// alike is how much two reports say the same, 0 to 1, and the words that they
// share.
func (v *voice) alike(other *voice) (likeness float64, shared []string) {
	for stem := range v.stems {
		if other.stems[stem] {
			shared = append(shared, stem)
		}
	}
	words := dice(len(shared), len(v.stems), len(other.stems))
	grams := 0
	for gram := range v.grams {
		if other.grams[gram] {
			grams++
		}
	}
	// A text that was only corrected or cut keeps most of its letters in order.
	near := 0.0
	if share := dice(grams, len(v.grams), len(other.grams)); share > 0.7 && len(v.print) >= leastPrint {
		near = share
	}
	return max(words, near), shared
}

func dice(shared, a, b int) float64 {
	if a == 0 || b == 0 {
		return 0
	}
	return 2 * float64(shared) / float64(a+b)
}

// chorus is all that was said of one incident, and how many independent voices
// said it: reports of one source are one, and so are reports that say the very
// same words, for a text passed on is no second witness. Withdrawn ones do not
// count. Adding a voice costs the same however many there are.
type chorus struct {
	voices   []*voice
	at       map[crisis.ID]int // by report
	parent   []int
	bySource map[crisis.ID]int
	byPrint  map[string]int
	reports  uint32
	sources  uint32
}

func newChorus(voices ...*voice) *chorus {
	c := &chorus{at: map[crisis.ID]int{}, bySource: map[crisis.ID]int{}, byPrint: map[string]int{}}
	for _, v := range voices {
		c.add(v)
	}
	return c
}

// add hears a voice, instead of an earlier one of the same report.
func (c *chorus) add(v *voice) {
	if i, known := c.at[v.report]; known {
		voices := c.voices
		voices[i] = v
		*c = *newChorus(voices...)
		return
	}
	i := len(c.voices)
	c.voices, c.parent, c.at[v.report] = append(c.voices, v), append(c.parent, i), i
	if v.withdrawn {
		return
	}
	if c.reports++; v.unread {
		return
	}
	c.sources++
	if j, again := c.bySource[v.source]; again && !v.source.IsZero() {
		c.unite(i, j)
	}
	c.bySource[v.source] = i
	if j, again := c.byPrint[v.print]; again && v.print != "" {
		c.unite(i, j)
	}
	c.byPrint[v.print] = i
}

// counts is how many reports there are, of how many sources: of one at least
// where there is a report.
func (c *chorus) counts() (reports, sources uint32) {
	if c.reports == 0 {
		return 0, 0
	}
	return c.reports, max(1, c.sources)
}

func (c *chorus) unite(i, j int) {
	if i, j = c.root(i), c.root(j); i != j {
		c.parent[i] = j
		c.sources--
	}
}

func (c *chorus) root(i int) int {
	for c.parent[i] != i {
		c.parent[i] = c.parent[c.parent[i]]
		i = c.parent[i]
	}
	return i
}

// passesOn says whether a report is the very text of one that counts.
func (c *chorus) passesOn(v *voice) bool {
	_, same := c.byPrint[v.print]
	return same && len(v.print) >= leastPrint
}

// comparedWith bounds how many voices of one incident a report is compared with:
// the first, which opened it, and the latest.
const comparedWith = 12

// alike is how much a report says what another of the incident says, and the
// words that the two share.
func (c *chorus) alike(v *voice) (likeness float64, shared []string) {
	for i, other := range c.voices {
		if other.withdrawn || i > 0 && i < len(c.voices)-comparedWith+1 {
			continue
		}
		if like, words := v.alike(other); like > likeness {
			likeness, shared = like, words
		}
	}
	return likeness, shared
}
