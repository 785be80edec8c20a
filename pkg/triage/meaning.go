package triage

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/triage/learn"
	"github.com/onyo-project/onyo/pkg/triage/lexicon"
)

// The questions that people answer by their decisions. Those of categories begin
// so and end in the category's key.
const (
	askRelevant   = "relevant"
	askLifeSafety = "life_safety"
	askCategory   = "category "
)

const (
	// certainFrom is where a suggestion is taken up until a person looks.
	certainFrom = 0.6
	// shownFrom: a category less likely than this is not suggested.
	shownFrom = 0.2
	// likelyFrom and unlikelyBelow bound what is unclear of relevance.
	likelyFrom, unlikelyBelow = 0.5, 0.2
)

// meaning is what the words of a text say, before and after asking what people
// here made of such words.
type meaning struct {
	reading lexicon.Reading
	placed  bool
	learned *learn.Model
	text    *learn.Text
}

func (r *Reader) mean(text string, reading lexicon.Reading, placed bool) meaning {
	return meaning{reading: reading, placed: placed, learned: r.learned, text: learn.Read(text)}
}

// priorOf is what a finding is worth in log odds: one plain term 0.62 of 1, two
// 0.87; without any, 0.05.
func priorOf(f lexicon.Finding) float64 {
	if f.Score == 0 {
		return -3
	}
	return 0.5 + 2*math.Log(f.Score)
}

// strength brings a sum of weights into 0 to 1: 0.5 for one plain term, more for
// each further one.
func strength(f lexicon.Finding) float64 { return f.Score / (1 + f.Score) }

// relevantPrior is, in log odds, how likely a text tells of something that
// happened, as far as its words alone say. The weights are rounded and rough:
// they hold until people decide.
func (m meaning) relevantPrior() float64 {
	about := m.reading.Find(lexicon.Crisis)
	for i, finding := range m.reading.Categories() {
		if i > 0 {
			about.Score += finding.Score
		}
	}
	var first lexicon.Finding
	if categories := m.reading.Categories(); len(categories) > 0 {
		first = categories[0]
	}
	prior := -0.8 + 2.5*strength(first) + 1.5*strength(about) + 2*strength(m.reading.Find(lexicon.LifeSafety))
	prior -= 2*strength(m.reading.Find(lexicon.Chatter)) + 0.5*strength(m.reading.Find(lexicon.Hearsay))
	if m.placed {
		prior += 0.3
	}
	return prior
}

// categories are all that are likely enough, the likeliest first. Never nil.
func (m meaning) categories() []Category {
	out := []Category{}
	found := map[string]lexicon.Finding{}
	keys := []string{}
	for _, finding := range m.reading.Categories() {
		found[finding.Key], keys = finding, append(keys, finding.Key)
	}
	for _, name := range m.learned.Questions() {
		if key, ok := strings.CutPrefix(name, askCategory); ok && found[key].Key == "" {
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		finding := found[key]
		if m.learned.Score(askCategory+key, m.text, priorOf(finding)) < shownFrom {
			continue
		}
		opinion := m.learned.Suggest(askCategory+key, m.text, priorOf(finding))
		why, words := because(finding, plural(finding, " speaks of it", " speak of it"), opinion, "judged "+spelled(key))
		out = append(out, Category{Key: key, Score: opinion.Score, Certain: opinion.Score >= certainFrom, Words: words, Why: why, Decisions: opinion.Lessons})
	}
	slices.SortStableFunc(out, func(a, b Category) int { return cmp.Compare(b.Score, a.Score) })
	return out
}

func (m meaning) urgency() Urgency {
	finding := m.reading.Find(lexicon.LifeSafety)
	opinion := m.learned.Suggest(askLifeSafety, m.text, priorOf(finding))
	out := Urgency{Severity: crisis.SeverityNormal, Score: opinion.Score, Words: []geo.Words{}, Why: "no word says that somebody may die", Decisions: opinion.Lessons}
	if finding.Score > 0 || opinion.Score >= 0.5 {
		out.Why, out.Words = because(finding, " may mean that a life is at risk", opinion, "judged life at risk")
	}
	if opinion.Score >= certainFrom {
		out.Severity, out.Certain = crisis.SeverityLifeSafety, true
	}
	return out
}

func (m meaning) relevance() Relevance {
	if m.reading.Words == 0 {
		return Relevance{Verdict: "unlikely", Words: []geo.Words{}, Why: "there are no words"}
	}
	opinion := m.learned.Suggest(askRelevant, m.text, m.relevantPrior())
	out := Relevance{Verdict: "unclear", Score: opinion.Score, Words: []geo.Words{}, Decisions: opinion.Lessons}
	switch {
	case opinion.Score >= likelyFrom:
		out.Verdict = "likely"
	case opinion.Score < unlikelyBelow:
		out.Verdict = "unlikely"
	}
	why := m.signs()
	if here, words := learnedHere(opinion, "judged worth following", "judged not worth following"); here != "" {
		why, out.Words = append(why, here), words
	}
	if len(why) == 0 {
		why = append(why, "none of its words is known to speak of a crisis")
	}
	out.Why = strings.Join(why, "; ")
	return out
}

// signs are what the words alone say for and against a text's relevance.
func (m meaning) signs() []string {
	var why []string
	if categories := m.reading.Categories(); len(categories) > 0 {
		why = append(why, "it speaks of "+spelled(categories[0].Key))
	}
	if m.placed {
		why = append(why, "it names a place")
	}
	for _, one := range []struct{ key, says string }{
		{lexicon.Crisis, " may speak of a crisis"}, {lexicon.Hearsay, " sounds like hearsay"}, {lexicon.Chatter, " says nothing about what happened"},
	} {
		if finding := m.reading.Find(one.key); finding.Score > 0 {
			_, quoted := quote(finding)
			why = append(why, quoted+one.says)
		}
	}
	return why
}

// because gives the reasons of a suggestion in plain words, and the words of the
// text that they quote, in their order.
func because(finding lexicon.Finding, says string, opinion learn.Opinion, judged string) (string, []geo.Words) {
	words, quoted := quote(finding)
	var why []string
	if quoted != "" {
		why = append(why, quoted+says)
	}
	if here, more := learnedHere(opinion, judged, "judged otherwise"); here != "" {
		why = append(why, here)
		words = append(words, more...)
	}
	if len(why) == 0 {
		why = append(why, fmt.Sprintf("learned here from %d decisions, from no single word", opinion.Lessons))
	}
	slices.SortStableFunc(words, func(a, b geo.Words) int { return cmp.Or(a.Start-b.Start, a.End-b.End) })
	return strings.Join(why, "; "), slices.CompactFunc(words, func(a, b geo.Words) bool { return a == b })
}

// learnedHere says which words of the text people here judged one way, and how
// often.
func learnedHere(opinion learn.Opinion, yes, no string) (string, []geo.Words) {
	var words []geo.Words
	var parts []string
	for _, w := range opinion.Words {
		words = append(words, geo.Words{Start: w.Start, End: w.End, Text: w.Text})
		count, judged := w.Yes, yes
		if opinion.Score < 0.5 {
			count, judged = w.No, no
		}
		parts = append(parts, fmt.Sprintf("“%s” was %s %s", w.Text, judged, times(count, w.Yes+w.No)))
	}
	if len(parts) == 0 {
		return "", nil
	}
	return "learned here: " + strings.Join(parts, ", "), words
}

func times(n, of int) string {
	if n == of {
		return fmt.Sprintf("%d times", n)
	}
	return fmt.Sprintf("%d times of %d", n, of)
}

// plural is one for a finding of one word and many for more.
func plural(f lexicon.Finding, one, many string) string {
	if len(f.Hits) == 1 {
		return one
	}
	return many
}

func spelled(key string) string { return strings.ReplaceAll(key, "_", " ") }

// quote gives the words of a finding as they stand in the text, and in one
// phrase.
func quote(f lexicon.Finding) ([]geo.Words, string) {
	words := make([]geo.Words, 0, len(f.Hits))
	var phrases []string
	for _, hit := range f.Hits {
		words = append(words, geo.Words{Start: hit.Start, End: hit.End, Text: hit.Text})
		phrases = append(phrases, "“"+hit.Text+"”")
	}
	return words, strings.Join(phrases, ", ")
}
