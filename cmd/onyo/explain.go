package main

import (
	"context"

	"github.com/onyo-project/onyo/pkg/triage"
)

type explainCmd struct {
	Text      string `arg:"" help:"What somebody wrote; - reads one text a line from standard input."`
	Language  string `placeholder:"TAG" help:"Its language, if it is known, as in sw."`
	nearFlags `embed:""`
}

type explainAnswer struct {
	Text string `json:"text,omitempty"`
	triage.Explanation
}

// Run answers one JSON object for the text, or one for each line: all that
// triage suggests, with its reasons.
func (c explainCmd) Run(ctx context.Context, w *world) error {
	near, err := c.near()
	if err != nil {
		return err
	}
	places, err := openPlaces(w)
	if err != nil {
		return err
	}
	reader, err := triage.NewReader(places)
	if err != nil {
		return err
	}
	return answerTexts(ctx, w, c.Text, func(text string) any {
		return explainAnswer{Text: text, Explanation: reader.Explain(text, c.Language, near)}
	})
}
