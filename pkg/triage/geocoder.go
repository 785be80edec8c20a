package triage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/gazetteer"
)

// Doer sends a request; media.Client is one.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// The kinds of geocoder.
const (
	Nominatim = "nominatim"
	Photon    = "photon"
)

const (
	// geocoderWait bounds one question; a report is not kept waiting longer.
	geocoderWait = 3 * time.Second
	// geocoderRest is how long a service that failed is left alone.
	geocoderRest = 30 * time.Second
	// geocoderKeeps so many answers, the oldest go first.
	geocoderKeeps  = 2000
	geocoderBytes  = 1 << 20
	geocoderPlaces = 5
	// longestQuestion in bytes: what is longer is a text, not the words for a
	// place, and stays here.
	longestQuestion = 80
)

// GeocoderOptions say which service is asked, and how.
type GeocoderOptions struct {
	// URL is the service's, as https://nominatim.example.org or
	// https://photon.example.org/api.
	URL string
	// Kind is Nominatim or Photon; empty: Photon if the URL says so, else
	// Nominatim.
	Kind   string
	Client Doer
	Clock  func() time.Time
	Log    *slog.Logger
}

// Geocoder asks a service of Nominatim's or Photon's wire format where words are.
// What leaves is the words for the place alone (at most 80 bytes), the country
// and the area of the deployment, never the text, its sender or its time; and
// nothing at all unless an administrator names a service, who is told that its
// keeper learns of every place asked for. Its answers only add candidates and are
// never certain. A failure or silence of three seconds adds none, and the service
// is then left alone for half a minute. Answers are kept in memory. It is safe
// for concurrent use and asks one question at a time.
type Geocoder struct {
	options GeocoderOptions
	base    *url.URL

	asking sync.Mutex
	mu     sync.Mutex
	kept   map[string][]Place
	order  []string
	rest   time.Time
}

// NewGeocoder fails if the URL or the kind is none.
func NewGeocoder(o GeocoderOptions) (*Geocoder, error) {
	base, err := url.Parse(o.URL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.User != nil || base.RawQuery != "" {
		return nil, errors.New("the geocoder's address is no http or https URL, as in https://nominatim.example.org")
	}
	path := strings.TrimRight(base.Path, "/")
	if o.Kind == "" {
		o.Kind = Nominatim
		if strings.Contains(base.Host, Photon) || strings.HasSuffix(path, "/api") {
			o.Kind = Photon
		}
	}
	endpoint := map[string]string{Nominatim: "/search", Photon: "/api"}[o.Kind]
	if endpoint == "" {
		return nil, fmt.Errorf("%q is no kind of geocoder: nominatim or photon", o.Kind)
	}
	base.Path = strings.TrimSuffix(path, endpoint) + endpoint
	return &Geocoder{options: o, base: base, kept: map[string][]Place{}}, nil
}

// Ask answers where the words may be, best first.
func (g *Geocoder) Ask(ctx context.Context, words string, near gazetteer.Near) []Place {
	words = strings.Join(strings.Fields(words), " ")
	if words == "" || len(words) > longestQuestion {
		return nil
	}
	question := g.question(words, near)
	if places, ok := g.recall(question); ok {
		return places
	}
	g.asking.Lock()
	defer g.asking.Unlock()
	if places, ok := g.recall(question); ok {
		return places
	}
	places, err := g.fetch(ctx, question)
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil {
		g.rest = g.options.Clock().Add(geocoderRest)
		g.options.Log.Warn("the geocoder did not answer", "host", g.base.Host, "error", err)
		return nil
	}
	if len(g.order) >= geocoderKeeps {
		delete(g.kept, g.order[0])
		g.order = g.order[1:]
	}
	g.kept[question], g.order = places, append(g.order, question)
	return places
}

// recall has an answer if it is kept, or if the service is left alone: none.
func (g *Geocoder) recall(question string) ([]Place, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	places, ok := g.kept[question]
	return places, ok || g.options.Clock().Before(g.rest)
}

// question is the URL that asks.
func (g *Geocoder) question(words string, near gazetteer.Near) string {
	q := url.Values{"q": {words}, "limit": {strconv.Itoa(geocoderPlaces)}}
	number := func(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }
	box := near.Bounds
	if g.options.Kind == Photon {
		centre := near.Point
		if box != nil {
			middle := box.Centre()
			centre = &middle
		}
		if centre != nil {
			q.Set("lon", number(centre.Lon))
			q.Set("lat", number(centre.Lat))
		}
	} else {
		q.Set("format", "jsonv2")
		if near.Country != "" {
			q.Set("countrycodes", strings.ToLower(near.Country))
		}
		if box != nil && !box.CrossesAntimeridian() {
			q.Set("viewbox", strings.Join([]string{number(box.West), number(box.North), number(box.East), number(box.South)}, ","))
		}
	}
	asked := *g.base
	asked.RawQuery = q.Encode()
	return asked.String()
}

func (g *Geocoder) fetch(ctx context.Context, question string) ([]Place, error) {
	ctx, cancel := context.WithTimeout(ctx, geocoderWait)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, question, nil)
	if err != nil {
		return nil, errors.New("the question makes no request")
	}
	request.Header.Set("User-Agent", "Onyo (crisis mapping)")
	request.Header.Set("Accept", "application/json")
	response, err := g.options.Client.Do(request)
	if err != nil {
		var inURL *url.Error
		if errors.As(err, &inURL) {
			err = inURL.Err // without the words in the address
		}
		return nil, fmt.Errorf("ask: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, geocoderBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if len(body) > geocoderBytes {
		return nil, errors.New("the answer is too long")
	}
	return g.read(body)
}

// nominatimRow is one answer of Nominatim; its box is south, north, west, east.
type nominatimRow struct {
	Lat         string   `json:"lat"`
	Lon         string   `json:"lon"`
	Name        string   `json:"name"`
	DisplayName string   `json:"display_name"`
	Importance  float64  `json:"importance"`
	Box         []string `json:"boundingbox"`
}

// photonRow is one answer of Photon; its extent is west, north, east, south.
type photonRow struct {
	Geometry struct {
		Coordinates []float64 `json:"coordinates"`
	} `json:"geometry"`
	Properties struct {
		Name        string    `json:"name"`
		State       string    `json:"state"`
		CountryCode string    `json:"countrycode"`
		Extent      []float64 `json:"extent"`
	} `json:"properties"`
}

// read takes either format: the answer shows which it is.
func (g *Geocoder) read(body []byte) ([]Place, error) {
	var rows []nominatimRow
	places := []Place{}
	if json.Unmarshal(body, &rows) == nil {
		for _, row := range rows[:min(len(rows), geocoderPlaces)] {
			lat, errLat := strconv.ParseFloat(row.Lat, 64)
			lon, errLon := strconv.ParseFloat(row.Lon, 64)
			if errLat != nil || errLon != nil {
				continue
			}
			name := row.Name
			if name == "" {
				name, _, _ = strings.Cut(row.DisplayName, ",")
			}
			var box []float64
			for _, edge := range row.Box {
				v, _ := strconv.ParseFloat(edge, 64)
				box = append(box, v)
			}
			if len(box) == 4 {
				box = []float64{box[2], box[1], box[3], box[0]}
			}
			places = g.add(places, Place{Name: name, Lon: lon, Lat: lat, Score: 0.3 + 0.3*math.Max(0, math.Min(1, row.Importance))}, box)
		}
		return places, nil
	}
	var collection struct {
		Features []photonRow `json:"features"`
	}
	if err := json.Unmarshal(body, &collection); err != nil || collection.Features == nil {
		return nil, errors.New("the answer is neither Nominatim's nor Photon's")
	}
	for i, row := range collection.Features[:min(len(collection.Features), geocoderPlaces)] {
		if len(row.Geometry.Coordinates) < 2 {
			continue
		}
		places = g.add(places, Place{Name: row.Properties.Name, Country: strings.ToUpper(row.Properties.CountryCode), Admin1: row.Properties.State,
			Lon: row.Geometry.Coordinates[0], Lat: row.Geometry.Coordinates[1], Score: 0.5 - 0.05*float64(i)}, row.Properties.Extent)
	}
	return places, nil
}

// add keeps an answer that lies on Earth; a box says how far it reaches.
func (g *Geocoder) add(places []Place, p Place, box []float64) []Place {
	if !p.point().Valid() || p.Name == "" || len(p.Name) > 200 {
		return places
	}
	p.UncertaintyM = 500
	if len(box) == 4 {
		corner := geo.Point{Lon: box[0], Lat: box[1]}
		if corner.Valid() {
			p.UncertaintyM = math.Max(geo.MinUncertaintyM, math.Min(geo.Distance(p.point(), corner), 2e6))
		}
	}
	p.Method = byGeocoder
	p.Why = "the geocoder at " + g.base.Host + " knows it by these words; nobody here has checked that it is meant"
	return append(places, p)
}
