package gazetteer

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/geo"
)

// Real place names from tweets about seven disasters, with known points. The
// floors are what was reached when they were written; the log has the figures.
func TestRealMentions(t *testing.T) {
	dir := os.Getenv("ONYO_TESTDATA")
	if dir == "" {
		t.Skip("ONYO_TESTDATA is not set: real mentions are not tried")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "crisis/idrisi/geocode_gold_dev.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	g := opened(t)
	var all, hit, near, certain, right, plain int
	var errorKm []float64
	country := map[string]string{"jordan": "JO", "italy": "IT", "maryland": "US", "canada": "CA", "hurricane": "HT", "ecuador": "EC", "srilanka": "LK"}
	for _, line := range strings.Split(strings.TrimSpace(string(raw)), "\n")[1:] {
		f := strings.Split(line, "\t")
		lat, errLat := strconv.ParseFloat(f[8], 64)
		lon, errLon := strconv.ParseFloat(f[9], 64)
		if errLat != nil || errLon != nil {
			continue
		}
		all++
		event, _, _ := strings.Cut(f[1], "_")
		gold := geo.Point{Lon: lon, Lat: lat}
		if d, ok := plainLookup(g, f[4], gold); ok && d <= 161_000 {
			plain++
		}
		found := g.Find(f[4], Near{Country: country[event]})
		if len(found) == 0 {
			continue
		}
		best := slices.MaxFunc(found, func(a, b Candidate) int {
			return compareSpan(a, b)
		})
		hit++
		d := geo.Distance(best.Point, gold)
		errorKm = append(errorKm, d/1000)
		if d <= 161_000 {
			near++
		}
		if best.Certain {
			certain++
			if d <= 161_000 {
				right++
			} else if testing.Verbose() {
				t.Logf("wrong: %q (%s, %s) %s, %s: %.0f km; %s", f[4], f[5], f[1], best.Name, best.Country, d/1000, best.Why)
			}
		}
	}
	slices.Sort(errorKm)
	t.Logf("%d mentions; answered %d; within 161 km %d (%.1f %% of all, %.1f %% of answered); plain exact lookup %d (%.1f %%); median %.1f km; certain %d, right %d (%.1f %%)",
		all, hit, near, pct(near, all), pct(near, hit), plain, pct(plain, all), errorKm[len(errorKm)/2], certain, right, pct(right, certain))
	if near*100 < 60*all || right*100 < 90*certain || near <= plain {
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
