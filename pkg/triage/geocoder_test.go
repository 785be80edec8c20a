package triage

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/gazetteer"
)

// service plays a geocoder and keeps what it was asked.
type service struct {
	status int
	body   string
	err    error
	asked  []string
}

func (s *service) Do(request *http.Request) (*http.Response, error) {
	s.asked = append(s.asked, request.URL.String())
	if s.err != nil {
		return nil, s.err
	}
	return &http.Response{StatusCode: s.status, Body: io.NopCloser(strings.NewReader(s.body))}, nil
}

const (
	nominatimAnswer = `[{"lat":"-1.3133","lon":"36.7819","display_name":"Kibera, Nairobi","importance":0.5,"boundingbox":["-1.32","-1.30","36.77","36.80"]},{"lat":"x","lon":"1"}]`
	photonAnswer    = `{"type":"FeatureCollection","features":[{"geometry":{"type":"Point","coordinates":[36.7819,-1.3133]},"properties":{"name":"Kibera","countrycode":"KE","extent":[36.77,-1.30,36.80,-1.32]}}]}`
)

func geocoder(t *testing.T, url, kind string, s *service, clock *time.Time) *Geocoder {
	t.Helper()
	g, err := NewGeocoder(GeocoderOptions{URL: url, Kind: kind, Client: s, Clock: func() time.Time { return *clock }, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestBothFormatsAreRead(t *testing.T) {
	now := time.Unix(0, 0)
	for name, c := range map[string]struct{ url, kind, body, asked string }{
		"nominatim":            {"https://geo.example", "", nominatimAnswer, "https://geo.example/search?countrycodes=ke&format=jsonv2&limit=5&q=Kibera&viewbox=33.9%2C5.5%2C41.9%2C-4.7"},
		"photon by its path":   {"https://geo.example/api", "", photonAnswer, "https://geo.example/api?lat=0.4&limit=5&lon=37.9&q=Kibera"},
		"photon by its kind":   {"https://geo.example/maps/", Photon, photonAnswer, "https://geo.example/maps/api?lat=0.4&limit=5&lon=37.9&q=Kibera"},
		"photon at the other":  {"https://geo.example/search", Nominatim, photonAnswer, "https://geo.example/search?countrycodes=ke&format=jsonv2&limit=5&q=Kibera&viewbox=33.9%2C5.5%2C41.9%2C-4.7"},
		"a private nominatim ": {"http://10.0.0.5:8080", Nominatim, nominatimAnswer, "http://10.0.0.5:8080/search?countrycodes=ke&format=jsonv2&limit=5&q=Kibera&viewbox=33.9%2C5.5%2C41.9%2C-4.7"},
	} {
		s := &service{status: 200, body: c.body}
		near := gazetteer.Near{Bounds: &geo.Bounds{West: 33.9, South: -4.7, East: 41.9, North: 5.5}, Country: "KE"}
		found := geocoder(t, c.url, c.kind, s, &now).Ask(t.Context(), "  Kibera ", near)
		if len(found) != 1 || found[0].Name != "Kibera" || found[0].Lon != 36.7819 || found[0].Certain || found[0].UncertaintyM < 1000 || found[0].UncertaintyM > 3000 {
			t.Errorf("%s: %+v", name, found)
		}
		if len(s.asked) != 1 || s.asked[0] != c.asked {
			t.Errorf("%s: asked %q, want %q", name, s.asked, c.asked)
		}
	}
}

func TestAnswersAreKeptAndFailuresRested(t *testing.T) {
	now := time.Unix(0, 0)
	s := &service{status: 200, body: nominatimAnswer}
	g := geocoder(t, "https://geo.example", "", s, &now)
	for range 3 {
		g.Ask(t.Context(), "Kibera", gazetteer.Near{})
	}
	if len(s.asked) != 1 {
		t.Errorf("asked %d times", len(s.asked))
	}
	g.Ask(t.Context(), strings.Repeat("a text that is no place ", 10), gazetteer.Near{})
	if len(s.asked) != 1 {
		t.Errorf("a long text left the house: %q", s.asked[1])
	}
	for name, failing := range map[string]*service{
		"refused": {err: errors.New("connection refused")}, "busy": {status: 429}, "broken": {status: 200, body: "<html>"},
		"endless": {status: 200, body: "[" + strings.Repeat(" ", geocoderBytes+1)},
	} {
		g := geocoder(t, "https://geo.example", "", failing, &now)
		if found := g.Ask(t.Context(), "Kibera", gazetteer.Near{}); len(found) > 0 {
			t.Errorf("%s: %+v", name, found)
		}
		g.Ask(t.Context(), "Mathare", gazetteer.Near{})
		if len(failing.asked) != 1 {
			t.Errorf("%s: was not left alone", name)
		}
		now = now.Add(geocoderRest)
		g.Ask(t.Context(), "Mathare", gazetteer.Near{})
		if len(failing.asked) != 2 {
			t.Errorf("%s: is left alone for ever", name)
		}
	}
}

func TestGeocodersThatAreNone(t *testing.T) {
	for _, o := range []GeocoderOptions{{URL: ""}, {URL: "ftp://x"}, {URL: "https://user:pass@geo.example"}, {URL: "https://geo.example", Kind: "pelias"}} {
		if _, err := NewGeocoder(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

func FuzzGeocoderAnswer(f *testing.F) {
	for _, s := range []string{nominatimAnswer, photonAnswer, "[]", "{}", `{"features":[{}]}`, `[{"lat":"1e999","lon":"0"}]`} {
		f.Add(s)
	}
	g, err := NewGeocoder(GeocoderOptions{URL: "https://geo.example"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body string) {
		places, _ := g.read([]byte(body))
		for _, p := range places {
			if !p.point().Valid() || !(p.UncertaintyM > 0) || p.Certain {
				t.Fatalf("%+v", p)
			}
		}
	})
}
