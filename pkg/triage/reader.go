package triage

import (
	"fmt"
	"strings"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/gazetteer"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/triage/learn"
	"github.com/onyo-project/onyo/pkg/triage/lexicon"
)

// Reader reads what a text says, from the words that come with Onyo and from what
// people here decided (see Teach). It is safe for concurrent use.
type Reader struct {
	lexicon   *lexicon.Lexicon
	gazetteer Gazetteer
	common    common
	learned   *learn.Model
	geocoder  *Geocoder // or nil
}

// NewReader makes a reader with the lexicon that comes with Onyo.
func NewReader(places Gazetteer) (*Reader, error) {
	words, err := lexicon.Open()
	if err != nil {
		return nil, fmt.Errorf("open the lexicon: %w", err)
	}
	return &Reader{lexicon: words, gazetteer: places, common: readCommon(commonText), learned: learn.New()}, nil
}

// Explanation is all that triage suggests about a text. Lists are never nil.
type Explanation struct {
	Places     []Place    `json:"places"`
	Language   Language   `json:"language"`
	Categories []Category `json:"categories"`
	Urgency    Urgency    `json:"urgency"`
	Relevance  Relevance  `json:"relevance"`
}

// Category is a suggestion of what a text is about.
type Category struct {
	Key     string      `json:"key"`
	Score   float64     `json:"score"` // the probability that people say so, 0 to 1
	Certain bool        `json:"certain"`
	Words   []geo.Words `json:"words"`
	Why     string      `json:"why"`
	// Decisions are those of people here that it was learned from; 0 for none.
	Decisions int `json:"decisions"`
}

// Urgency suggests how grave it is.
type Urgency struct {
	Severity crisis.Severity `json:"severity"`
	Score    float64         `json:"score"` // the probability that a life is at risk, 0 to 1
	Certain  bool            `json:"certain"`
	Words    []geo.Words     `json:"words"`
	Why      string          `json:"why"`
	// Decisions are those of people here that it was learned from; 0 for none.
	Decisions int `json:"decisions"`
}

// Relevance suggests whether a text tells of something that happened.
type Relevance struct {
	Verdict string      `json:"verdict"` // likely (from 0.5), unclear or unlikely (below 0.2)
	Score   float64     `json:"score"`   // the probability that it does, 0 to 1
	Words   []geo.Words `json:"words"`
	Why     string      `json:"why"`
	// Decisions are those of people here that it was learned from; 0 for none.
	Decisions int `json:"decisions"`
}

// Explain reads a text. Hint is its language if the sender named one, near what
// is known of where it was written.
func (r *Reader) Explain(text, hint string, near gazetteer.Near) Explanation {
	language, reading := r.read(text, hint)
	places := r.places(text, near)
	if places == nil {
		places = []Place{}
	}
	m := r.mean(text, reading, len(places) > 0)
	return Explanation{Places: places, Language: language, Categories: m.categories(), Urgency: m.urgency(), Relevance: m.relevance()}
}

// read finds the language and the terms of a text. A language that is only
// guessed does not decide which terms count.
func (r *Reader) read(text, hint string) (Language, lexicon.Reading) {
	words := lexicon.Words(text)
	language := r.language(text, primary(hint), words)
	known := ""
	if language.Score >= 0.6 {
		known = language.Code
	}
	reading := r.lexicon.Read(text, known)
	if language.Code == "" && reading.Language != "" {
		language = Language{Code: reading.Language, Score: 0.4, Why: "some of its words are known in this language"}
	}
	return language, reading
}

// primary is the language of a BCP 47 tag: "sw" of "sw-KE".
func primary(tag string) string {
	tag, _, _ = strings.Cut(strings.ToLower(tag), "-")
	return tag
}
