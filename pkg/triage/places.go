package triage

import (
	"encoding/json"
	"math"
	"slices"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/gazetteer"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// Place is one place that a report may mean.
type Place struct {
	Name         string    `json:"name"`
	Country      string    `json:"country,omitempty"` // ISO 3166-1 alpha-2
	Admin1Code   string    `json:"admin1_code,omitempty"`
	Admin1       string    `json:"admin1,omitempty"`
	Lon          float64   `json:"lon"`
	Lat          float64   `json:"lat"`
	UncertaintyM float64   `json:"uncertainty_m"` // a radius
	Method       string    `json:"method"`
	Words        geo.Words `json:"words"`
	Score        float64   `json:"score"` // 0 to 1
	Certain      bool      `json:"certain"`
	Why          string    `json:"why"`
}

func (p Place) point() geo.Point { return geo.Point{Lon: p.Lon, Lat: p.Lat} }

// byName is the method of places that the gazetteer found.
const byName = "gazetteer"

const (
	// unknownAccuracyM is assumed of a position whose sender did not say how good
	// it is: a telephone's, in a town.
	unknownAccuracyM = 100
	// roughM: a given position worse than this is the cell tower's, and a place
	// that the words name counts before it.
	roughM = 2000
	// maxPlaces of one text are kept.
	maxPlaces = 12
)

// places finds what a text names: coordinates first, then names. Only the first
// few of many are kept.
func (r *Reader) places(text string, near gazetteer.Near) []Place {
	var found []Place
	for _, f := range geo.ParseCoordinates(text) {
		method, score := "coordinates", 1.0
		if f.Method == geo.MethodMapLink {
			method = "link"
		}
		if !f.Certain {
			score = 0.5
		}
		found = append(found, r.locate(Place{Lon: f.Point.Lon, Lat: f.Point.Lat, UncertaintyM: f.UncertaintyM, Method: method,
			Words: f.Words, Score: score, Certain: f.Certain, Why: f.Why}))
	}
	for _, c := range r.gazetteer.Find(text, near) {
		if overlaps(found, c.Words) {
			continue // a word inside a map link names no place
		}
		found = append(found, Place{Name: c.Name, Country: c.Country, Admin1: c.Admin1, Lon: c.Point.Lon, Lat: c.Point.Lat,
			UncertaintyM: c.UncertaintyM, Method: byName, Words: c.Words, Score: c.Score, Certain: c.Certain, Why: c.Why})
	}
	return found[:min(len(found), maxPlaces)]
}

func overlaps(found []Place, words geo.Words) bool {
	return slices.ContainsFunc(found, func(p Place) bool {
		return p.Method != byName && p.Words.Start < words.End && words.Start < p.Words.End
	})
}

// locate fills in the area that a place lies in. Names bring most of it along.
func (r *Reader) locate(p Place) Place {
	area := r.gazetteer.Reverse(p.point())
	if p.Name == "" {
		p.Name = area.Nearest
	}
	if p.Country == "" {
		p.Country = area.CountryCode
	}
	if p.Country == area.CountryCode {
		p.Admin1Code = area.Admin1Code
		if p.Admin1 == "" {
			p.Admin1 = area.Admin1Name
		}
	}
	return p
}

// candidates are all places that a report may mean, the position it gave first,
// then what its words for the place name, then its text.
func (r *Reader) candidates(report *crisis.Report, near gazetteer.Near) []Place {
	var found []Place
	given, ok := r.given(report.Given.Reveal())
	if ok {
		found = append(found, given)
		if near.Point == nil && given.Certain {
			point := given.point()
			near.Point = &point
		}
	}
	found = append(found, r.places(report.Words.Reveal(), near)...)
	found = append(found, r.places(report.Whole(), near)...)
	return found[:min(len(found), maxPlaces)]
}

// given reads the position that a report came with: a point with its accuracy,
// or a box, which is an uncertain place and never its centre as a point.
func (r *Reader) given(written string) (Place, bool) {
	var place struct {
		Lon       *float64    `json:"lon"`
		Lat       *float64    `json:"lat"`
		AccuracyM float64     `json:"accuracy_m"`
		Box       *[4]float64 `json:"box"`
	}
	if written == "" || json.Unmarshal([]byte(written), &place) != nil {
		return Place{}, false
	}
	switch {
	case place.Lon != nil && place.Lat != nil:
		point := geo.Point{Lon: *place.Lon, Lat: *place.Lat}
		accuracy := place.AccuracyM
		if !(accuracy > 0) {
			accuracy = unknownAccuracyM
		}
		if !point.Valid() || math.IsInf(accuracy, 0) {
			return Place{}, false
		}
		return r.locate(Place{Lon: point.Lon, Lat: point.Lat, UncertaintyM: max(geo.MinUncertaintyM, accuracy), Method: "given",
			Score: 1, Certain: true, Why: "the position that came with the report"}), true
	case place.Box != nil:
		box := geo.Bounds{West: place.Box[0], South: place.Box[1], East: place.Box[2], North: place.Box[3]}
		if box.Check() != nil {
			return Place{}, false
		}
		centre := box.Centre()
		reach := geo.Distance(centre, geo.Point{Lon: box.West, Lat: box.South})
		return r.locate(Place{Lon: centre.Lon, Lat: centre.Lat, UncertaintyM: max(geo.MinUncertaintyM, reach), Method: "given",
			Score: 0.5, Why: "the area that came with the report"}), true
	}
	return Place{}, false
}

// chosen is the place that a report is at, or nothing while it is a person's
// choice. A position given with the report counts first, unless it is rough;
// else the most exact of the certain ones, if all the others can be where it is.
func chosen(candidates []Place) (Place, bool) {
	var certain []Place
	for _, one := range candidates {
		if !one.Certain {
			continue
		}
		if one.Method == "given" && one.UncertaintyM <= roughM {
			return one, true
		}
		certain = append(certain, one)
	}
	if len(certain) == 0 {
		return Place{}, false
	}
	best := certain[0]
	for _, one := range certain[1:] {
		if one.UncertaintyM < best.UncertaintyM {
			best = one
		}
	}
	for _, other := range certain {
		if geo.Distance(best.point(), other.point()) > best.UncertaintyM+other.UncertaintyM {
			return Place{}, false // "from A to B"
		}
	}
	return best, true
}
