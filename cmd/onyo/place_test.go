package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/geo"
)

func TestPlace(t *testing.T) {
	for name, c := range map[string]struct {
		args    []string
		first   geo.Point
		withinM float64
		words   string
	}{
		"coordinates of the south":        {[]string{"-1.2921, 36.8219"}, geo.Point{Lon: 36.8219, Lat: -1.2921}, 1, "-1.2921, 36.8219"},
		"coordinates before names":        {[]string{"Nairobi is not where I am: 18.5333, -72.3333"}, geo.Point{Lon: -72.3333, Lat: 18.5333}, 1, "18.5333, -72.3333"},
		"a name":                          {[]string{"flood in Jacmel, Haiti"}, geo.Point{Lon: -72.5354, Lat: 18.2343}, 5000, "Jacmel"},
		"a name that the west helps with": {[]string{"Paris", "--near", "-95.5,33.6"}, geo.Point{Lon: -95.5555, Lat: 33.6609}, 5000, "Paris"},
		"a name that a country helps":     {[]string{"--country", "us", "we are in Paris, Texas"}, geo.Point{Lon: -95.5555, Lat: 33.6609}, 5000, "Paris"},
	} {
		t.Run(name, func(t *testing.T) {
			var answer placeAnswer
			if err := json.Unmarshal([]byte(newHome(t).must(t, append([]string{"place"}, c.args...)...)), &answer); err != nil {
				t.Fatal(err)
			}
			if len(answer.Candidates) == 0 {
				t.Fatal("no candidate")
			}
			got := answer.Candidates[0]
			if d := geo.Distance(geo.Point{Lon: got.Lon, Lat: got.Lat}, c.first); d > c.withinM || got.Words.Text != c.words {
				t.Errorf("got %+v, %.0f m off", got, d)
			}
		})
	}
}

func TestPlaceAnswersLineByLine(t *testing.T) {
	in := "Jacmel\r\n\nnothing here\n18.5333, -72.3333"
	out, err := newHome(t).command(t.Context(), in, "place", "-")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for line := range strings.Lines(out) {
		var answer placeAnswer
		if err := json.Unmarshal([]byte(line), &answer); err != nil {
			t.Fatal(err)
		}
		if answer.Candidates == nil {
			t.Errorf("%q: candidates are null", answer.Text)
		}
		texts = append(texts, answer.Text)
	}
	if diff := cmp.Diff([]string{"Jacmel", "", "nothing here", "18.5333, -72.3333"}, texts); diff != "" {
		t.Error(diff)
	}
}

func TestPlaceRefuses(t *testing.T) {
	for want, c := range map[string]struct {
		in   string
		args []string
	}{
		"line 2 is longer": {"a\n" + strings.Repeat("a", longestLine+1), []string{"-"}},
		"--near: \"x\"":    {"", []string{"a", "--near", "x"}},
		"latitude":         {"", []string{"a", "--near", "10,91"}},
		"--country":        {"", []string{"a", "--country", "Kenya"}},
	} {
		if _, err := newHome(t).command(t.Context(), c.in, append([]string{"place"}, c.args...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

func TestExplainSaysWhy(t *testing.T) {
	out, err := newHome(t).command(t.Context(), "People trapped by the flood in Jacmel\nhello\n", "explain", "-")
	if err != nil {
		t.Fatal(err)
	}
	first, second, _ := strings.Cut(out, "\n")
	var answer explainAnswer
	if err := json.Unmarshal([]byte(first), &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Places) == 0 || len(answer.Categories) == 0 || answer.Urgency.Why == "" || answer.Relevance.Why == "" || answer.Language.Why == "" {
		t.Errorf("something is missing: %s", first)
	}
	if !strings.HasPrefix(second, `{"text":"hello"`) {
		t.Errorf("second line: %s", second)
	}
}

func TestPlainArguments(t *testing.T) {
	for in, want := range map[string]string{
		"place -1.29,36.8":                "place -- -1.29,36.8",
		"place -1.29 --near -72.3,18.5":   "place --near=-72.3,18.5 -- -1.29",
		"place a --near=-1,2":             "place a --near=-1,2",
		"place - -v":                      "place - -v",
		"place -v -- -1":                  "place -v -- -1",
		"hotspots a.csv --eps 5 --now -1": "hotspots a.csv --eps 5 --now=-1",
	} {
		if got := strings.Join(plainArguments(strings.Fields(in)), " "); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}
