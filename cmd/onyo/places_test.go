package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/onyo-project/onyo/geo/gazetteer"
)

const camp = `name,lat,lon,adm1_name,adm1_pcode
Kakuma Gate Four,3.7100,34.8300,Turkana,KE023
Nowhere,,,Turkana,KE023
`

func TestPlacesAreTakenInListedAndRemoved(t *testing.T) {
	h := newHome(t)
	out, err := h.command(t.Context(), camp, "places", "import", "-", "--name", "camps")
	if err != nil || !strings.Contains(out, "row 3 is left out: it has no position") || !strings.Contains(out, "camps: 1 places taken in, 1 left out") {
		t.Fatalf("%v\n%s", err, out)
	}
	if out := h.must(t, "places", "list"); !strings.HasPrefix(out, "camps\t1 places") {
		t.Errorf("list: %s", out)
	}
	var answer placeAnswer
	if err := json.Unmarshal([]byte(h.must(t, "place", "water at kakuma gate four")), &answer); err != nil {
		t.Fatal(err)
	}
	if len(answer.Candidates) == 0 || !answer.Candidates[0].Certain || answer.Candidates[0].Divisions[0].PCode != "KE023" {
		t.Errorf("%+v", answer)
	}
	h.must(t, "places", "remove", "camps")
	if out := h.must(t, "places", "list"); out != "" {
		t.Errorf("list: %s", out)
	}
}

func TestPlacesThatAreRefused(t *testing.T) {
	for want, c := range map[string]struct {
		in   string
		args []string
	}{
		"not one place":       {"name\nKakuma\n", []string{"import", "-", "--name", "camps"}},
		"the file is empty":   {"", []string{"import", "-", "--name", "camps"}},
		"not a name in small": {camp, []string{"import", "-", "--name", "../camps"}},
		"\"-\"":               {camp, []string{"import", "-", "--name", "-"}},
		"no such file":        {"", []string{"import", "missing.csv"}},
		"is not among":        {"", []string{"remove", "../onyo"}},
		"\"camps\" is not":    {"", []string{"remove", "camps"}},
	} {
		if out, err := newHome(t).command(t.Context(), c.in, append([]string{"places"}, c.args...)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v %s", want, err, out)
		}
	}
}

// A running server follows what commands beside it do.
func TestAServerFollowsItsPlaces(t *testing.T) {
	h := newHome(t)
	w := &world{settings: settings{DataDir: h.data}, log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	places, err := openPlaces(w)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	go watchPlaces(ctx, w, places)
	follow := func(found int) {
		t.Helper()
		for len(places.Find("Kakuma Gate Four", gazetteer.Near{Country: "HT"})) != found {
			select {
			case <-ctx.Done():
				t.Fatalf("there are not %d places of that name", found)
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	before := len(places.Find("Kakuma Gate Four", gazetteer.Near{Country: "HT"}))
	if _, err := h.command(t.Context(), camp, "places", "import", "-", "--name", "camps"); err != nil {
		t.Fatal(err)
	}
	follow(1)
	h.must(t, "places", "remove", "camps")
	follow(before)
}
