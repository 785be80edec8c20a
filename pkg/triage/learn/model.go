// Package learn suggests what people would say of a text, from what they said of
// earlier ones here. It is a logistic regression over hashed words, pairs of
// words and runs of letters, trained online with AdaGrad (Duchi, Hazan, Singer
// 2011), one per question. A question starts from a prior, which is what the
// seed lexicon makes of the text, and learns how far to trust it; so it is of
// use before the first decision.
//
// It is chosen for its plainness: a suggestion is a sum, each word's share of it
// can be shown, and what it comes to is a probability. All of it is derived from
// decisions that the records hold: it is never stored.
package learn

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"sync"
)

// The steps of learning, the same for every question and every deployment.
const (
	rate      = 0.3  // of a weight
	rateBias  = 0.3  // of what holds for every text
	rateTrust = 0.1  // of the trust in the prior
	decay     = 1e-4 // how fast what is not confirmed fades
	damping   = 1e-3
	// maxTallied words are counted by question; beyond them new ones are not.
	maxTallied = 1 << 16
	// maxPrior bounds a prior, in logits: nothing is certain before anybody
	// decided.
	maxPrior = 4
)

// Model holds what was learned, by question. It is safe for concurrent use; the
// same lessons in the same order give the same Model.
type Model struct {
	mu        sync.RWMutex
	questions map[string]*question
}

// New makes a model that has learned nothing.
func New() *Model { return &Model{questions: map[string]*question{}} }

// question is one thing that is said or not said of texts.
type question struct {
	weights, squares   []float32 // by bucket; squares are AdaGrad's sums
	bias, biasSquares  float64
	trust, trustSquare float64
	lessons            int
	tallies            map[uint64]tally // by word
}

// tally is how often a text with a word was judged so, and how often otherwise.
type tally struct{ yes, no uint32 }

// Opinion is what the model makes of one question about a text.
type Opinion struct {
	// Score is the probability of yes, 0 to 1.
	Score float64
	// Lessons are the decisions behind it; with none, Score is the prior's.
	Lessons int
	// Words are those that speak for the side that Score is on, the weightiest
	// first. Only words that people have judged before are among them.
	Words []Word
}

// Word is a word of the text and what it weighed: byte offsets, end exclusive.
type Word struct {
	Start, End int
	Text       string
	// Weight is its share of the sum, in logits, always towards Score's side.
	Weight float64
	// Yes and No are how often a text with this word was judged either way.
	Yes, No int
}

// maxWordsShown bounds Opinion.Words.
const maxWordsShown = 4

// Suggest says how likely people here answer yes to a question about a text.
// Prior is the log odds of yes as far as is known without them.
func (m *Model) Suggest(name string, t *Text, prior float64) Opinion {
	m.mu.RLock()
	defer m.mu.RUnlock()
	q := m.questions[name]
	if q == nil {
		return Opinion{Score: odds(bounded(prior))}
	}
	score := odds(q.sum(t, prior))
	return Opinion{Score: score, Lessons: q.lessons, Words: q.words(t, score >= 0.5)}
}

// Score is Suggest without the words.
func (m *Model) Score(name string, t *Text, prior float64) float64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if q := m.questions[name]; q != nil {
		return odds(q.sum(t, prior))
	}
	return odds(bounded(prior))
}

// Lesson is one answer that a person gave about a text.
type Lesson struct {
	Question string
	Prior    float64 // as for Suggest
	Yes      bool
}

// Learn takes in what a person said of a text.
func (m *Model) Learn(t *Text, lessons ...Lesson) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, lesson := range lessons {
		q := m.questions[lesson.Question]
		if q == nil {
			q = &question{weights: make([]float32, buckets), squares: make([]float32, buckets), trust: 1, tallies: map[uint64]tally{}}
			m.questions[lesson.Question] = q
		}
		q.learn(t, lesson)
	}
}

// Questions are the names of all that was answered so far, in order.
func (m *Model) Questions() []string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Sorted(maps.Keys(m.questions))
}

func (q *question) sum(t *Text, prior float64) float64 {
	sum := float32(0)
	for _, f := range t.features {
		sum += q.weights[f.bucket] * f.value
	}
	return float64(sum) + q.bias + q.trust*bounded(prior)
}

func (q *question) learn(t *Text, lesson Lesson) {
	miss := odds(q.sum(t, lesson.Prior))
	if lesson.Yes {
		miss--
	}
	for _, f := range t.features {
		slope := float32(miss)*f.value + decay*q.weights[f.bucket]
		q.squares[f.bucket] += slope * slope
		q.weights[f.bucket] -= rate * slope / (damping + float32(math.Sqrt(float64(q.squares[f.bucket]))))
	}
	q.biasSquares += miss * miss
	q.bias -= rateBias * miss / (1 + math.Sqrt(q.biasSquares))
	slope := miss * bounded(lesson.Prior)
	q.trustSquare += slope * slope
	q.trust -= rateTrust * slope / (1 + math.Sqrt(q.trustSquare))
	q.lessons++
	q.count(t, lesson.Yes)
}

func (q *question) count(t *Text, yes bool) {
	for _, w := range t.words {
		if w.again {
			continue
		}
		now, known := q.tallies[w.hash]
		if !known && len(q.tallies) >= maxTallied {
			continue
		}
		if yes {
			now.yes++
		} else {
			now.no++
		}
		q.tallies[w.hash] = now
	}
}

// words are those that weighed towards one side and that people judged so more
// often than not.
func (q *question) words(t *Text, yes bool) []Word {
	shares := make([]float64, len(t.words))
	for _, f := range t.features {
		if f.word >= 0 {
			shares[f.word] += float64(q.weights[f.bucket] * f.value)
		}
	}
	var found []Word
	for i, w := range t.words {
		share, judged := shares[i], q.tallies[w.hash]
		if !yes {
			share = -share
		}
		if w.again || share <= 0 || yes && judged.yes <= judged.no || !yes && judged.no <= judged.yes {
			continue
		}
		found = append(found, Word{Start: w.start, End: w.end, Text: w.text, Weight: share, Yes: int(judged.yes), No: int(judged.no)})
	}
	slices.SortStableFunc(found, func(a, b Word) int { return cmp.Compare(b.Weight, a.Weight) })
	return found[:min(len(found), maxWordsShown)]
}

func bounded(prior float64) float64 {
	if math.IsNaN(prior) {
		return 0
	}
	return max(-maxPrior, min(maxPrior, prior))
}

func odds(sum float64) float64 { return 1 / (1 + math.Exp(-sum)) }
