package api

import (
	"context"
	"fmt"
	"slices"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/gazetteer"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/verification"
)

// Suggestion is what a machine proposes and a person decides, with its reason
// in one line and the words that led there (DESIGN §4, law 7).
type Suggestion struct {
	Kind    string      `json:"kind"` // location, category, incident or severity
	Value   any         `json:"value"`
	Label   string      `json:"label"`
	Score   float64     `json:"score"`
	Certain bool        `json:"certain"`
	Why     string      `json:"why"`
	Words   []WordsSpan `json:"words"`
}

// WordsSpan points into a report's text, in bytes of its UTF-8.
type WordsSpan struct {
	Report string `json:"report"`
	Start  int    `json:"start"`
	End    int    `json:"end"`
	Text   string `json:"text"`
}

// PointValue is the value of a location suggestion.
type PointValue struct {
	Lon          float64 `json:"lon"`
	Lat          float64 `json:"lat"`
	UncertaintyM float64 `json:"uncertainty_m"`
	Method       string  `json:"method"`
	Name         string  `json:"name"`
}

// IncidentValue is the value of an incident suggestion.
type IncidentValue struct {
	ID        string   `json:"id"`
	Title     string   `json:"title"`
	DistanceM *float64 `json:"distance_m"`
	Minutes   float64  `json:"minutes"`
}

// meant is what triage reads out of a report's text.
func (s *desk) meant(report *crisis.Report) []Suggestion {
	read := s.reader.Explain(report.Whole(), report.Language, gazetteer.Near{})
	out := make([]Suggestion, 0, len(read.Categories)+1)
	for _, c := range read.Categories {
		out = append(out, Suggestion{Kind: "category", Value: c.Key, Label: c.Key, Score: c.Score, Certain: c.Certain, Why: c.Why, Words: wordSpans(report, c.Words)})
	}
	if u := read.Urgency; len(u.Words) > 0 || u.Certain {
		out = append(out, Suggestion{Kind: "severity", Value: string(u.Severity), Label: string(u.Severity), Score: u.Score, Certain: u.Certain, Why: u.Why, Words: wordSpans(report, u.Words)})
	}
	return out
}

func wordSpans(report *crisis.Report, words []geo.Words) []WordsSpan {
	out := make([]WordsSpan, 0, len(words))
	for _, w := range words {
		out = append(out, WordsSpan{Report: report.ID.String(), Start: w.Start, End: w.End, Text: w.Text})
	}
	return out
}

func (s *desk) suggestions(ctx context.Context, d *verification.Dossier) ([]Suggestion, error) {
	out := []Suggestion{}
	seen := map[string]bool{}
	for _, report := range d.Reports {
		locations, err := crisis.Find[*crisis.Location](ctx, s.records, "report", report.ID)
		if err != nil {
			return nil, fmt.Errorf("read the candidates: %w", err)
		}
		for _, l := range locations {
			key := fmt.Sprintf("%.5f,%.5f", l.Lon, l.Lat)
			if seen[key] || (d.Location != nil && d.Location.ID == l.ID) {
				continue
			}
			seen[key] = true
			out = append(out, Suggestion{Kind: "location", Label: nameOf(l), Score: l.Score, Certain: l.Certain, Why: l.Why,
				Value: PointValue{Lon: l.Lon, Lat: l.Lat, UncertaintyM: l.UncertaintyM, Method: l.Method, Name: l.Name}, Words: spans(report, l.Words.Reveal())})
		}
		for _, m := range s.meant(report) {
			key := m.Kind + m.Label
			if seen[key] || slices.Contains(d.Incident.Categories, m.Label) || m.Label == string(d.Incident.Severity) {
				continue
			}
			if category := d.Categories[m.Label]; m.Kind == "category" && (category == nil || !category.Enabled) {
				continue // not in use here, and nobody could accept it
			}
			seen[key] = true
			out = append(out, m)
		}
	}
	same, err := s.sameIncidents(ctx, d)
	return append(out, same...), err
}

func (s *desk) sameIncidents(ctx context.Context, d *verification.Dossier) ([]Suggestion, error) {
	out := []Suggestion{}
	for _, relation := range d.Relations {
		if relation.Kind != crisis.RelationMaybeSame || relation.Ended {
			continue
		}
		other := relation.To
		if other == d.Incident.ID {
			other = relation.From
		}
		theirs, err := s.work.Load(ctx, other)
		if err != nil {
			return nil, err
		}
		if theirs.Incident.Status == crisis.StatusDuplicate {
			continue
		}
		value := IncidentValue{ID: other.String(), Title: verification.RowOf(theirs).Title, Minutes: theirs.Incident.FirstReceived.Sub(d.Incident.FirstReceived).Abs().Minutes()}
		if d.Location != nil && theirs.Location != nil {
			metres := geo.Distance(geo.Point{Lon: d.Location.Lon, Lat: d.Location.Lat}, geo.Point{Lon: theirs.Location.Lon, Lat: theirs.Location.Lat})
			value.DistanceM = &metres
		}
		out = append(out, Suggestion{Kind: "incident", Value: value, Label: value.Title, Score: relation.Score, Why: relation.Why, Words: []WordsSpan{}})
	}
	return out, nil
}

// spans finds the words that led to a candidate in the report's text.
func spans(report *crisis.Report, words string) []WordsSpan {
	text := report.Whole()
	if words == "" {
		return []WordsSpan{}
	}
	for at := 0; at+len(words) <= len(text); at++ {
		if text[at:at+len(words)] == words {
			return []WordsSpan{{Report: report.ID.String(), Start: at, End: at + len(words), Text: words}}
		}
	}
	return []WordsSpan{}
}

func nameOf(l *crisis.Location) string {
	if l.Name != "" {
		return l.Name
	}
	return geo.FormatPoint(geo.Point{Lon: l.Lon, Lat: l.Lat})
}
