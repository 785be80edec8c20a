package gazetteer

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/geo"
)

// within is how far off, in metres, a place may be to count as found: 100 miles,
// as the literature on geocoding of tweets has it.
const within = 161_000

// goldMention is a name in a tweet with its known point.
type goldMention struct {
	text, kind, country string
	point               geo.Point
}

// resolvable are the kinds of mention that a gazetteer of countries, areas and
// settlements can have. The others (roads, buildings, rivers, quarters) are up to
// a deployment's own places.
func (m goldMention) resolvable() bool {
	return slices.Contains([]string{"Country", "State", "Province", "County", "District", "City/town", "Island"}, m.kind)
}

func goldMentions(t *testing.T) []goldMention {
	t.Helper()
	dir := os.Getenv("ONYO_TESTDATA")
	if dir == "" {
		t.Skip("ONYO_TESTDATA is not set: real mentions are not tried")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "crisis/idrisi/geocode_gold_dev.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	country := map[string]string{"jordan": "JO", "italy": "IT", "maryland": "US", "canada": "CA", "hurricane": "HT", "ecuador": "EC", "srilanka": "LK"}
	var out []goldMention
	for _, line := range strings.Split(strings.TrimSpace(string(raw)), "\n")[1:] {
		f := strings.Split(line, "\t")
		lat, errLat := strconv.ParseFloat(f[8], 64)
		lon, errLon := strconv.ParseFloat(f[9], 64)
		if errLat != nil || errLon != nil {
			continue
		}
		event, _, _ := strings.Cut(f[1], "_")
		out = append(out, goldMention{text: f[4], kind: f[5], country: country[event], point: geo.Point{Lon: lon, Lat: lat}})
	}
	return out
}

// tally counts what became of mentions.
type tally struct {
	all, answered, near, plain, certain, right int
	errorKm                                    []float64
}

func (s *tally) add(m goldMention, best *Candidate, plain bool) {
	s.all++
	if plain {
		s.plain++
	}
	if best == nil {
		return
	}
	s.answered++
	d := geo.Distance(best.Point, m.point)
	s.errorKm = append(s.errorKm, d/1000)
	if d <= within {
		s.near++
	}
	if best.Certain {
		s.certain++
		if d <= within {
			s.right++
		}
	}
}

func (s *tally) String() string {
	slices.Sort(s.errorKm)
	return fmt.Sprintf("%d mentions; answered %d; within 161 km %d (%.1f %% of all, %.1f %% of answered); plain exact lookup %d (%.1f %%); median error %.1f km; certain %d, right %d (%.1f %%)",
		s.all, s.answered, s.near, pct(s.near, s.all), pct(s.near, s.answered), s.plain, pct(s.plain, s.all),
		s.errorKm[len(s.errorKm)/2], s.certain, s.right, pct(s.right, s.certain))
}

// Real place names from tweets about seven disasters, with known points. A
// country's or an area's point is where somebody puts its label: ours is its
// middle. The floors are what was reached when they were written.
func TestRealMentions(t *testing.T) {
	g := opened(t)
	var all, resolvable, noCountry tally
	for _, m := range goldMentions(t) {
		d, ok := plainLookup(g, m.text, m.point)
		plain := ok && d <= within
		var best *Candidate
		if found := g.Find(m.text, Near{Country: m.country}); len(found) > 0 {
			one := slices.MaxFunc(found, compareSpan)
			best = &one
		}
		all.add(m, best, plain)
		if m.resolvable() {
			resolvable.add(m, best, plain)
		}
		if m.resolvable() && m.kind != "Country" {
			noCountry.add(m, best, plain)
		}
	}
	t.Logf("all: %s", &all)
	t.Logf("resolvable (countries, areas, settlements, islands): %s", &resolvable)
	t.Logf("resolvable, without countries: %s", &noCountry)
	if all.near*100 < 81*all.all || resolvable.near*100 < 90*resolvable.all || all.right*100 < 95*all.certain || all.near <= 2*all.plain {
		t.Error("worse than it was")
	}
}

func pct(n, of int) float64 { return 100 * float64(n) / float64(max(1, of)) }

// compareSpan prefers longer words, then the higher score.
func compareSpan(a, b Candidate) int {
	if d := len(a.Words.Text) - len(b.Words.Text); d != 0 {
		return d
	}
	if a.Score < b.Score {
		return -1
	} else if a.Score > b.Score {
		return 1
	}
	return 0
}

// plainLookup is the baseline: the most populous place of exactly that name.
func plainLookup(g *Gazetteer, name string, gold geo.Point) (float64, bool) {
	w := g.world()
	best := -1
	for i, n := range w.names {
		if n == name && (best < 0 || w.entries[i].population > w.entries[best].population) {
			best = i
		}
	}
	if best < 0 {
		return 0, false
	}
	return geo.Distance(w.entries[best].point(), gold), true
}
