package triage

import (
	"fmt"
	"strings"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/gazetteer"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/triage/lexicon"
)

// Reader reads what a text says. It is safe for concurrent use.
type Reader struct {
	lexicon   *lexicon.Lexicon
	gazetteer Gazetteer
	common    common
}

// NewReader makes a reader with the lexicon that comes with Onyo.
func NewReader(places Gazetteer) (*Reader, error) {
	words, err := lexicon.Open()
	if err != nil {
		return nil, fmt.Errorf("open the lexicon: %w", err)
	}
	return &Reader{lexicon: words, gazetteer: places, common: readCommon(commonText)}, nil
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
	Score   float64     `json:"score"` // 0 to 1
	Certain bool        `json:"certain"`
	Words   []geo.Words `json:"words"`
	Why     string      `json:"why"`
}

// Urgency suggests how grave it is.
type Urgency struct {
	Severity crisis.Severity `json:"severity"`
	Score    float64         `json:"score"` // 0 to 1
	Certain  bool            `json:"certain"`
	Words    []geo.Words     `json:"words"`
	Why      string          `json:"why"`
}

// Relevance suggests whether a text tells of something that happened.
type Relevance struct {
	Verdict string  `json:"verdict"` // likely, unclear or unlikely
	Score   float64 `json:"score"`   // 0 to 1
	Why     string  `json:"why"`
}

// Explain reads a text. Hint is its language if the sender named one, near what
// is known of where it was written.
func (r *Reader) Explain(text, hint string, near gazetteer.Near) Explanation {
	language, reading := r.read(text, hint)
	explanation := Explanation{Places: r.places(text, near), Language: language, Categories: []Category{}}
	if explanation.Places == nil {
		explanation.Places = []Place{}
	}
	for _, finding := range reading.Categories() {
		words, quoted := quote(finding)
		explanation.Categories = append(explanation.Categories, Category{Key: finding.Key, Score: scoreOf(finding), Certain: finding.Certain(),
			Words: words, Why: quoted + " speak of it"})
	}
	explanation.Urgency = urgency(reading)
	explanation.Relevance = relevance(reading, len(explanation.Places) > 0)
	return explanation
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

// scoreOf brings a sum of weights into 0 to 1: 0.5 for one plain term, more for
// each further one.
func scoreOf(f lexicon.Finding) float64 { return f.Score / (1 + f.Score) }

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

func urgency(reading lexicon.Reading) Urgency {
	finding := reading.Find(lexicon.LifeSafety)
	if finding.Score == 0 {
		return Urgency{Severity: crisis.SeverityNormal, Words: []geo.Words{}, Why: "no word says that somebody may die"}
	}
	words, quoted := quote(finding)
	out := Urgency{Severity: crisis.SeverityNormal, Score: scoreOf(finding), Words: words, Why: quoted + " may mean that a life is at risk"}
	if finding.Certain() {
		out.Severity, out.Certain = crisis.SeverityLifeSafety, true
	}
	return out
}

func relevance(reading lexicon.Reading, placed bool) Relevance {
	categories := reading.Categories()
	chatter, hearsay := reading.Find(lexicon.Chatter), reading.Find(lexicon.Hearsay)
	score, why := 0.3, []string{}
	if len(categories) > 0 {
		score += 0.5 * scoreOf(categories[0])
		why = append(why, "it speaks of "+strings.ReplaceAll(categories[0].Key, "_", " "))
	}
	if placed {
		score += 0.2
		why = append(why, "it names a place")
	}
	if hearsay.Score > 0 {
		score -= 0.15
		_, quoted := quote(hearsay)
		why = append(why, quoted+" sounds like hearsay")
	}
	if chatter.Score > 0 && len(categories) == 0 {
		score -= 0.25
		_, quoted := quote(chatter)
		why = append(why, quoted+" says nothing about what happened")
	}
	if reading.Words == 0 {
		score, why = 0, []string{"there are no words"}
	}
	verdict := "unclear"
	switch {
	case score >= 0.5:
		verdict = "likely"
	case score < 0.2:
		verdict = "unlikely"
	}
	if len(why) == 0 {
		why = append(why, "none of its words is known to speak of a crisis")
	}
	return Relevance{Verdict: verdict, Score: max(0, min(1, score)), Why: strings.Join(why, "; ")}
}
