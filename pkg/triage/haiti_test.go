package triage

import (
	_ "embed"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/gazetteer"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/triage/alike"
	"github.com/onyo-project/onyo/pkg/triage/lexicon"
	"github.com/onyo-project/onyo/pkg/triage/seed"
)

// haitiRow is a row of the Ushahidi export of Haiti 2010 as it is compared.
type haitiRow struct {
	serial string
	text   string
	said   string // title, text and point
	spot   alike.Spot
	voice  *voice
}

// haiti reads the export without the rows that were blanked.
func haiti(t testing.TB) []*haitiRow {
	root := os.Getenv("ONYO_TESTDATA")
	if root == "" {
		t.Skip("ONYO_TESTDATA is unset: the reports of Haiti 2010 are not at hand")
	}
	file, err := os.Open(filepath.Join(root, "crisis/haiti2010/haiti2010.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []*haitiRow
	for _, row := range rows[1:] {
		if strings.HasPrefix(row[1], "[redacted") {
			continue
		}
		at, err := time.Parse("02/01/2006 15:04", row[2])
		if err != nil {
			t.Fatal(err)
		}
		lat, latErr := strconv.ParseFloat(row[6], 64)
		lon, lonErr := strconv.ParseFloat(row[7], 64)
		one := &haitiRow{serial: row[0], text: row[1] + "\n" + row[4], said: strings.Join([]string{row[1], row[4], row[6], row[7]}, "\x00")}
		one.spot = alike.Spot{Located: latErr == nil && lonErr == nil, Point: geo.Point{Lon: lon, Lat: lat}, Uncertain: 100, From: at, To: at}
		out = append(out, one)
	}
	return out
}

// hear reads what a row says, as a report.
func (r *haitiRow) hear(s *Service) {
	if r.voice == nil {
		report := &crisis.Report{}
		seal(&report.Text, r.text)
		r.voice = s.reader.voiceOf(report, s.reader.places(r.text, gazetteer.Near{Country: "HT"}))
		r.spot.Categories = s.categories(report)
	}
}

func sameness(a, b *haitiRow) alike.Sameness {
	return alike.Compare(a.spot, b.spot, newChorus(b.voice).compared(a.voice), func(string, string) bool { return false })
}

func haitiService(t testing.TB) *Service {
	s := New(Options{Reader: testReader(t), Clock: time.Now})
	s.settings.categories = map[string]*crisis.Category{}
	categories, err := seed.Categories()
	if err != nil {
		t.Fatal(err)
	}
	for _, category := range categories {
		s.settings.categories[category.Key] = category
	}
	return s
}

// Rows that repeat another's title, text and point are found, each with another
// of its group; those at most three days apart would join.
func TestRepeatedRowsOfHaitiAreFound(t *testing.T) {
	groups := map[string][]*haitiRow{}
	for _, row := range haiti(t) {
		groups[row.said] = append(groups[row.said], row)
	}
	service := haitiService(t)
	repeated, rows, found, joined, soon := 0, 0, 0, 0, 0
	for _, group := range groups {
		if len(group) < 2 {
			continue
		}
		repeated++
		for _, row := range group {
			row.hear(service)
		}
		for _, row := range group {
			rows++
			best, near := alike.Sameness{}, false
			for _, other := range group {
				if other == row {
					continue
				}
				near = near || alike.Apart(row.spot, other.spot) < Window
				if same := sameness(row, other); same.Score > best.Score {
					best = same
				}
			}
			if best.Score >= alike.Suggests {
				found++
			} else {
				t.Errorf("%s is not found: %q", row.serial, row.text)
			}
			if near {
				soon++
			}
			if best.Join {
				joined++
			}
		}
	}
	t.Logf("%d groups of %d rows: %d rows found, %d joined of %d that are less than %v apart", repeated, rows, found, joined, soon, Window)
	if repeated != 28 || rows != 60 || joined != soon {
		t.Errorf("%d groups of %d rows; %d of %d joined", repeated, rows, joined, soon)
	}
}

//go:embed testdata/haiti_pairs.tsv
var haitiPairs string

// strata is how many pairs there are of each stratum of haiti_pairs.tsv.
var strata = [...]float64{8134, 4195, 5976, 1418, 698, 298, 105, 205}

// Precision and recall at both thresholds on pairs that were labelled by reading
// them, beside a plain measure: half of all words in common within 400 m.
func TestLabelledPairsOfHaiti(t *testing.T) {
	rows := map[string]*haitiRow{}
	for _, row := range haiti(t) {
		rows[row.serial] = row
	}
	service := haitiService(t)
	type judged struct {
		same, join, maybe, plain bool
		stratum                  int
	}
	var pairs []judged
	drawn := make([]float64, len(strata))
	for _, line := range strings.Split(strings.TrimSpace(haitiPairs), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, "\t")
		a, b := rows[fields[0]], rows[fields[1]]
		stratum, err := strconv.Atoi(fields[3])
		if a == nil || b == nil || err != nil {
			t.Fatalf("%q names no two rows", line)
		}
		a.hear(service)
		b.hear(service)
		same := sameness(a, b)
		drawn[stratum]++
		pairs = append(pairs, judged{fields[2] == "same", same.Join, same.Score >= alike.Suggests, jaccard(a.text, b.text) >= 0.5, stratum})
	}
	measure := func(name string, says func(judged) bool) (precision, recall float64) {
		var hit, all, true1, hitW, allW, trueW float64
		for _, p := range pairs {
			weight := strata[p.stratum] / drawn[p.stratum]
			if says(p) {
				all, allW = all+1, allW+weight
			}
			if p.same {
				true1, trueW = true1+1, trueW+weight
			}
			if says(p) && p.same {
				hit, hitW = hit+1, hitW+weight
			}
		}
		precision, recall = hit/max(1, all), hit/true1
		t.Logf("%-8s precision %.2f, recall %.2f; weighted by strata %.2f and %.2f (%v of %v pairs)", name, precision, recall, hitW/max(1, allW), hitW/trueW, all, len(pairs))
		return precision, recall
	}
	plain, plainFound := measure("plain", func(p judged) bool { return p.plain })
	join, joinFound := measure("joins", func(p judged) bool { return p.join })
	_, maybeFound := measure("suggests", func(p judged) bool { return p.maybe })
	if len(pairs) != 200 || join < 0.9 || join < plain-0.05 || joinFound <= plainFound || maybeFound < 0.95 {
		t.Errorf("%d pairs", len(pairs))
	}
}

func jaccard(a, b string) float64 {
	sorted := func(text string) []string { return slices.Compact(slices.Sorted(slices.Values(lexicon.Words(text)))) }
	x, y := sorted(a), sorted(b)
	both := 0
	for _, word := range x {
		if _, found := slices.BinarySearch(y, word); found {
			both++
		}
	}
	return float64(both) / float64(max(1, len(x)+len(y)-both))
}
