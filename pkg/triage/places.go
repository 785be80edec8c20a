package triage

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/gazetteer"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// Place is one place that a report may mean.
type Place struct {
	Name       string `json:"name"`
	Country    string `json:"country,omitempty"` // ISO 3166-1 alpha-2
	Admin1Code string `json:"admin1_code,omitempty"`
	Admin1     string `json:"admin1,omitempty"`
	PCode      string `json:"pcode,omitempty"` // its own, among the deployment's places
	// Divisions are the deployment's own areas that it lies in, from the country
	// downwards.
	Divisions    []Division `json:"divisions,omitempty"`
	Lon          float64    `json:"lon"`
	Lat          float64    `json:"lat"`
	UncertaintyM float64    `json:"uncertainty_m"` // a radius
	Method       string     `json:"method"`
	Words        geo.Words  `json:"words"`
	Score        float64    `json:"score"` // 0 to 1
	Certain      bool       `json:"certain"`
	Why          string     `json:"why"`
}

// Division is an administrative area with the code that humanitarian data gives
// it.
type Division struct {
	Level int    `json:"level"` // 0 is the country
	PCode string `json:"pcode"`
	Name  string `json:"name"`
}

func (p Place) point() geo.Point { return geo.Point{Lon: p.Lon, Lat: p.Lat} }

const (
	// byName is the method of places that the gazetteer found.
	byName = "gazetteer"
	// byGeocoder is the method of those that somebody else's service found.
	byGeocoder = "geocoder"
)

const (
	// unknownAccuracyM is assumed of a position whose sender did not say how good
	// it is: a telephone's, in a town.
	unknownAccuracyM = 100
	// roughM: a given position worse than this is the cell tower's, and a place
	// that the words name counts before it.
	roughM = 2000
	// maxPlaces of one text are kept.
	maxPlaces = 12
	// swappedM: coordinates this far from where texts come from are tried in the
	// other order, and taken for swapped if that lies within a tenth of it.
	swappedM = 1_000_000
)

// FindPlaces finds what a text names: coordinates first, then names. The method
// of each is what geo or the gazetteer calls it; coordinates have no name.
func FindPlaces(places Gazetteer, text string, near gazetteer.Near) []Place {
	var found []Place
	for _, f := range geo.ParseCoordinates(text) {
		for _, f := range readings(f, places, near) {
			one := Place{Lon: f.Point.Lon, Lat: f.Point.Lat, UncertaintyM: f.UncertaintyM, Method: string(f.Method),
				Words: f.Words, Score: 1, Certain: f.Certain, Why: f.Why}
			if !f.Certain {
				one.Score = 0.5
			}
			found = append(found, within(places, one))
		}
	}
	coordinates := found
	for _, c := range places.Find(text, near) {
		if overlaps(coordinates, c.Words) {
			continue // a word inside a map link names no place
		}
		found = append(found, Place{Name: c.Name, Country: c.Country, Admin1Code: c.Admin1Code, Admin1: c.Admin1, PCode: c.PCode, Divisions: divisions(c.Divisions),
			Lon: c.Point.Lon, Lat: c.Point.Lat, UncertaintyM: c.UncertaintyM, Method: string(c.Method), Words: c.Words, Score: c.Score, Certain: c.Certain, Why: c.Why})
	}
	return found
}

// readings are what a pair of numbers may mean. Bare decimals that lie on the
// other side of the world, but where texts come from if the longitude stands
// first, are a choice between both.
func readings(f geo.Found, places Gazetteer, near gazetteer.Near) []geo.Found {
	home := near.Point
	if near.Bounds != nil {
		centre := near.Bounds.Centre()
		home = &centre
	}
	swapped := geo.Point{Lon: f.Point.Lat, Lat: f.Point.Lon}
	if f.Method != geo.MethodDecimal || !f.Certain || !swapped.Valid() {
		return []geo.Found{f}
	}
	likely := false
	switch {
	case home != nil:
		apart := geo.Distance(f.Point, *home)
		likely = apart > swappedM && geo.Distance(swapped, *home) < apart/10
	case near.Country != "":
		likely = places.Reverse(f.Point).CountryCode != near.Country && places.Reverse(swapped).CountryCode == near.Country
	}
	if !likely {
		return []geo.Found{f}
	}
	other := f
	other.Point, other.Certain = swapped, false
	other.Why = "decimal degrees, read as longitude, latitude: the other order lies far from where reports are expected"
	f.Certain = false
	f.Why += "; the other order lies where reports are expected"
	return []geo.Found{other, f}
}

// overlaps says whether words are part of coordinates.
func overlaps(coordinates []Place, words geo.Words) bool {
	return slices.ContainsFunc(coordinates, func(p Place) bool { return p.Words.Start < words.End && words.Start < p.Words.End })
}

// within fills in the areas that a place lies in.
func within(places Gazetteer, p Place) Place {
	area := places.Reverse(p.point())
	if p.Country == "" {
		p.Country = area.CountryCode
	}
	if p.Country == area.CountryCode {
		p.Admin1Code = area.Admin1Code
		if p.Admin1 == "" {
			p.Admin1 = area.Admin1Name
		}
	}
	if len(area.Divisions) > 0 {
		p.Divisions = divisions(area.Divisions)
	}
	return p
}

func divisions(list []gazetteer.Division) []Division {
	var out []Division
	for _, d := range list {
		out = append(out, Division(d))
	}
	return out
}

// places are FindPlaces with the methods that records know and a name for each.
// Only the first few of many are kept.
func (r *Reader) places(text string, near gazetteer.Near) []Place {
	found := FindPlaces(r.gazetteer, text, near)
	found = found[:min(len(found), maxPlaces)]
	for i, p := range found {
		switch {
		case p.Name != "":
			p.Method = byName
		case p.Method == string(geo.MethodMapLink):
			p.Method = "link"
		default:
			p.Method = "coordinates"
		}
		if p.Name == "" {
			p.Name = r.gazetteer.Reverse(p.point()).Nearest
		}
		found[i] = p
	}
	return found
}

// locate fills in the area that a place lies in, and its name.
func (r *Reader) locate(p Place) Place {
	if p.Name == "" {
		p.Name = r.gazetteer.Reverse(p.point()).Nearest
	}
	return within(r.gazetteer, p)
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
	named := r.places(report.Words.Reveal(), near)
	if ok && !given.Certain {
		// Beside a box the words are the box's name: a town, and no point in it.
		for i := range named {
			named[i].Certain = false
		}
	}
	found = append(found, named...)
	found = append(found, r.places(report.Whole(), near)...)
	found = found[:min(len(found), maxPlaces)]
	return append(found, r.asked(report.Words.Reveal(), found, near)...)
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
	best := slices.MinFunc(certain, moreExact)
	for _, other := range certain {
		if geo.Distance(best.point(), other.point()) > best.UncertaintyM+other.UncertaintyM {
			return Place{}, false // "from A to B"
		}
	}
	return best, true
}

// moreExact orders places by what they are, never by where they stand.
func moreExact(a, b Place) int {
	return cmp.Or(cmp.Compare(a.UncertaintyM, b.UncertaintyM), -cmp.Compare(a.Score, b.Score), cmp.Compare(a.Lon, b.Lon), cmp.Compare(a.Lat, b.Lat), cmp.Compare(a.Name, b.Name))
}
