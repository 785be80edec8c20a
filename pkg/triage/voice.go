package triage

import (
	"slices"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/triage/alike"
)

// voice is what of a report is compared with others. It lies in memory only.
type voice struct {
	report    crisis.ID
	source    crisis.ID
	withdrawn bool
	// unread is a report that cannot be read: it counts, but as nobody's.
	unread   bool
	text     alike.Text
	pictures []alike.Picture
}

// voiceOf hears a report; places are where its words name one.
func (r *Reader) voiceOf(report *crisis.Report, places []Place) *voice {
	text := report.Whole()
	where := func(start, end int) bool {
		return slices.ContainsFunc(places, func(p Place) bool {
			w := p.Words // may be of the words for the place, not of the text
			return w.Start < end && start < w.End && w.End <= len(text) && w.Start >= 0 && text[w.Start:w.End] == w.Text
		})
	}
	small := func(word string) bool { return r.common.any[word] }
	return &voice{report: report.ID, source: report.Source, withdrawn: report.Withdrawn, text: alike.Read(text, small, where)}
}

// keys are what copies of a text or of a picture have in common.
func (v *voice) keys() []uint64 {
	keys := v.text.Keys()
	for _, picture := range v.pictures {
		keys = append(keys, picture.Key())
	}
	return keys
}

// pictured says how alike the pictures of two reports are.
func (v *voice) pictured(other *voice) alike.Likeness {
	most := alike.Different
	for _, mine := range v.pictures {
		for _, theirs := range other.pictures {
			most = max(most, mine.Like(theirs))
		}
	}
	return most
}

// chorus is all that was said of one incident, and how many independent voices
// said it: reports of one source are one, and so are those that pass on one text
// or one picture, for what is passed on is no second witness. Withdrawn ones do
// not count. Adding a voice costs the same however many there are.
type chorus struct {
	voices   []*voice
	at       map[crisis.ID]int // by report
	parent   []int
	bySource map[crisis.ID]int
	byPrint  map[string]int
	// byKey are voices by what copies of their texts have in common, each text
	// once.
	byKey    map[uint64][]int
	pictured []int
	reports  uint32
	sources  uint32
}

// maxVariants bounds how many different texts with one key, and how many
// pictures, a voice is compared with to see whether it passes one on.
const maxVariants = 64

func newChorus(voices ...*voice) *chorus {
	c := &chorus{at: map[crisis.ID]int{}, bySource: map[crisis.ID]int{}, byPrint: map[string]int{}, byKey: map[uint64][]int{}}
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
	c.hearText(i, &v.text)
	if len(v.pictures) == 0 {
		return
	}
	for _, j := range c.pictured {
		if v.pictured(c.voices[j]) != alike.Different {
			c.unite(i, j)
		}
	}
	if len(c.pictured) < maxVariants {
		c.pictured = append(c.pictured, i)
	}
}

// hearText unites a voice with those whose text it passes on.
func (c *chorus) hearText(i int, text *alike.Text) {
	if text.Print() == "" {
		return
	}
	if j, again := c.byPrint[text.Print()]; again {
		c.unite(i, j)
		return // what it copies is known
	}
	c.byPrint[text.Print()] = i
	for _, key := range text.Keys() {
		same := c.byKey[key]
		for _, j := range same {
			if c.voices[j].text.Copies(text) {
				c.unite(i, j)
			}
		}
		if len(same) < maxVariants {
			c.byKey[key] = append(same, i)
		}
	}
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

// passesOn says whether a report passes on the text of one that counts.
func (c *chorus) passesOn(v *voice) bool {
	for _, key := range v.text.Keys() {
		if slices.ContainsFunc(c.byKey[key], func(j int) bool { return c.voices[j].text.Copies(&v.text) }) {
			return true
		}
	}
	return false
}

// comparedWith bounds how many voices of one incident a report is compared with:
// the first, which opened it, and the latest.
const comparedWith = 12

// compared is how a report compares with the voice that is most like it.
func (c *chorus) compared(v *voice) alike.Said {
	said := alike.Said{Copied: c.passesOn(v)}
	for i, other := range c.voices {
		if other.withdrawn || i > 0 && i < len(c.voices)-comparedWith+1 {
			continue
		}
		if like, words := v.text.Like(&other.text); like > said.Like {
			said.Like, said.Shared = like, words
		}
		said.Pictures = max(said.Pictures, v.pictured(other))
	}
	return said
}
