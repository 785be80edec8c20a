package triage

import (
	"context"
	"slices"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/gazetteer"
)

// Ask makes the reader ask a geocoder too. It is said once, before the first
// report is read.
func (r *Reader) Ask(geocoder *Geocoder) { r.geocoder = geocoder }

// sameAnswerM: an answer this near to what the gazetteer found says nothing new.
const sameAnswerM = 1000

// asked are the candidates that a geocoder adds, if there is one: for the words
// that a report gives for its place, else for the first name in its text that is
// still a choice. With an exact place there is nothing to ask.
func (r *Reader) asked(words string, found []Place, near gazetteer.Near) []Place {
	if r.geocoder == nil {
		return nil
	}
	if _, settled := chosen(found); settled {
		return nil
	}
	span := geo.Words{Text: words, End: len(words)}
	if words == "" {
		at := slices.IndexFunc(found, func(p Place) bool { return p.Method == byName && !p.Certain })
		if at < 0 {
			return nil
		}
		span = found[at].Words
	}
	var out []Place
	for _, p := range r.geocoder.Ask(context.Background(), span.Text, near) {
		known := func(other Place) bool { return geo.Distance(p.point(), other.point()) <= sameAnswerM }
		if slices.ContainsFunc(found, known) || slices.ContainsFunc(out, known) {
			continue
		}
		p.Words = span
		out = append(out, within(r.gazetteer, p))
	}
	return out
}
