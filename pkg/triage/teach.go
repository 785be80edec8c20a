package triage

import (
	"github.com/onyo-project/onyo/geo/gazetteer"
	"github.com/onyo-project/onyo/pkg/triage/learn"
	"github.com/onyo-project/onyo/pkg/triage/lexicon"
)

// Decision is what people said of a text. What nobody said is left empty.
type Decision struct {
	// Relevant is yes for a text worth following, no for spam.
	Relevant Answer
	// Is and IsNot are keys of categories.
	Is, IsNot  []string
	LifeSafety Answer
}

// silent says that nobody said anything.
func (d Decision) silent() bool {
	return d.Relevant == Unsaid && d.LifeSafety == Unsaid && len(d.Is)+len(d.IsNot) == 0
}

// Answer is yes, no, or nothing said.
type Answer int8

const (
	Unsaid Answer = iota
	Yes
	No
)

// Teach lets the reader learn from a decision. Suggestions follow what was
// decided before them, in the order in which it was taught; the order in which
// reports arrive means nothing to it.
func (r *Reader) Teach(text, hint string, d Decision) {
	_, reading := r.read(text, hint)
	if reading.Words == 0 {
		return
	}
	m := r.mean(text, reading, len(r.places(text, gazetteer.Near{})) > 0)
	var lessons []learn.Lesson
	ask := func(question string, prior float64, said Answer) {
		if said != Unsaid {
			lessons = append(lessons, learn.Lesson{Question: question, Prior: prior, Yes: said == Yes})
		}
	}
	ask(askRelevant, m.relevantPrior(), d.Relevant)
	ask(askLifeSafety, priorOf(reading.Find(lexicon.LifeSafety)), d.LifeSafety)
	for _, key := range d.Is {
		ask(askCategory+key, priorOf(reading.Find(key)), Yes)
	}
	for _, key := range d.IsNot {
		ask(askCategory+key, priorOf(reading.Find(key)), No)
	}
	r.learned.Learn(m.text, lessons...)
}
