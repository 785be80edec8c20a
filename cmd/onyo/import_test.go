package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/pkg/crisis"
)

const ushahidiHead = "Serial,INCIDENT TITLE,INCIDENT DATE,LOCATION,DESCRIPTION,CATEGORY,LATITUDE,LONGITUDE,APPROVED,VERIFIED\n"

// tallyOf reads the reconciliation that an import prints.
func tallyOf(t *testing.T, out string) map[string]int {
	t.Helper()
	tally := map[string]int{}
	for _, match := range regexp.MustCompile(`(?m)^(rows read|imported|again|variant|refused) +(\d+)$`).FindAllStringSubmatch(out, -1) {
		tally[match[1]], _ = strconv.Atoi(match[2])
	}
	return tally
}

func (h home) imported(t *testing.T, system, content string, flags ...string) (map[string]int, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "reports.csv")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	out := h.must(t, append([]string{"import", system, file}, flags...)...)
	return tallyOf(t, out), out
}

// open looks into a deployment.
func (h home) open(t *testing.T) *opened {
	t.Helper()
	o, err := openStore(t.Context(), h.world(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.close() })
	return o
}

func all[T crisis.Record](t *testing.T, db crisis.Reader) []T {
	t.Helper()
	found, err := crisis.Select[T](t.Context(), db, crisis.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestImportIsReconciledRowByRow(t *testing.T) {
	const rows = "\ufeff" + ushahidiHead +
		"1,Bridge,05/07/2010 17:26,Jacmel,It fell,5d. Compromised bridge,18.23,-72.53,YES,NO\n" +
		"2,Water,05/07/2010 17:26,Jacmel,\"Two\nlines, \"\"quoted\"\"\",\"2b. Penurie d'eau | Water shortage, 9. Nobody knows this\",18.233333,-72.533333,YES,YES\n" +
		"3,North of everything,05/07/2010 17:26,x,y,,91,1,YES,NO\n" +
		"4,No number,05/07/2010 17:26,x,y,,north,1,YES,NO\n" +
		"5,Months first,10/25/2010 15:00,x,y,,1,1,YES,NO\n" +
		"6,No date,,x,y,,1,1,YES,NO\n" +
		"7,,05/07/2010 17:26,x,,,1,1,YES,NO\n" +
		"8,Short,05/07/2010 17:26\n" +
		"9,Not \xff text,05/07/2010 17:26,x,y,,1,1,YES,NO\n" +
		"10,Tomorrow and later,05/07/2999 17:26,x,y,,1,1,YES,NO\n" +
		"11,Nowhere,05/07/2010 17:26,somewhere,y,,,,YES,NO\n" +
		"12,A \"bare\" quote,05/07/2010 17:26,x,y,,1,1,YES,NO\n" +
		"1,Bridge,05/07/2010 17:26,Jacmel,It fell,5d. Compromised bridge,18.23,-72.53,YES,NO\n"
	h := newHome(t)
	tally, out := h.imported(t, "ushahidi", rows, "--timezone", "America/Port-au-Prince")
	if diff := cmp.Diff(map[string]int{"rows read": 13, "imported": 3, "again": 1, "variant": 0, "refused": 9}, tally); diff != "" {
		t.Error(diff)
	}
	for _, want := range []string{
		"row 3 (line 5): refused: point is not on Earth: latitude", "row 4 (line 6): refused: latitude is not a decimal number",
		"row 5 (line 7): refused: its date is neither", "row 6 (line 8): refused: it has no date", "row 7 (line 9): refused: it has no text",
		"row 8 (line 10): refused: it has 3 fields where the header has 10", `row 9 (line 11): refused: column "incident title" is not UTF-8`,
		"row 10 (line 12): refused: its date lies in the future", "row 12 (line 14): refused: it is not CSV", "1 without a point, 1 flagged VERIFIED", `"9. Nobody knows this" 1`,
	} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing says %q", want)
		}
	}
	if t.Failed() {
		t.Log(out)
	}
}

func TestImportedRowsAreIncidentsThatNobodyVerified(t *testing.T) {
	h := newHome(t)
	h.imported(t, "ushahidi", ushahidiHead+"2,Water,05/07/2010 17:26,Jacmel,None left,\"2. Vital Lines, 2b. Water shortage, Odd\",18.233333,-72.533,YES,YES\n", "--timezone", "America/Port-au-Prince")
	o := h.open(t)
	report, incident, location := all[*crisis.Report](t, o.store)[0], all[*crisis.Incident](t, o.store)[0], all[*crisis.Location](t, o.store)[0]
	moment := time.Date(2010, 7, 5, 22, 26, 0, 0, time.UTC)
	occurred := crisis.EventTime{From: moment, To: moment, Precision: crisis.PrecisionMinute, Zone: "America/Port-au-Prince"}
	if got := report.Text.Reveal(); got != "Water\nNone left" {
		t.Errorf("text %q", got)
	}
	if report.Words.Reveal() != "Jacmel" || !cmp.Equal(report.Said, []string{"need_water", "Odd"}) || !cmp.Equal(report.Occurred, occurred) || report.Batch.IsZero() {
		t.Errorf("report %+v", report)
	}
	if incident.Status != crisis.StatusTriaged || incident.Phase != crisis.PhaseOver || !incident.First.Assessment.IsZero() || incident.Reports != 1 || incident.Sources != 1 ||
		!cmp.Equal(incident.Categories, []string{"need_water"}) || incident.Location != location.ID || incident.Batch != report.Batch {
		t.Errorf("incident %+v", incident)
	}
	if location.Lon != -72.533 || location.Lat != 18.233333 || location.UncertaintyM != leastImportedM || location.Method != "import" || location.CountryCode != "HT" {
		t.Errorf("location %+v", location)
	}
	evidence := all[*crisis.Evidence](t, o.store)
	if len(evidence) != 1 || evidence[0].Note.Reveal() != "VERIFIED flag in the source system" || len(all[*crisis.Assessment](t, o.store)) != 0 {
		t.Errorf("evidence %+v", evidence)
	}
	title, err := crisis.One[*crisis.Policy](t.Context(), o.store, "key", "batch:"+incident.Batch.String())
	if err != nil || !strings.HasPrefix(title.Value, "reports.csv, ") {
		t.Errorf("batch %+v, %v", title, err)
	}
	message := all[*crisis.Message](t, o.store)[0]
	if want := "2,Water,05/07/2010 17:26"; !strings.Contains(string(message.Raw.Reveal()), want) || message.Report != (crisis.ID{}) {
		t.Errorf("the row is not kept as it came: %q", message.Raw.Reveal())
	}
	if verdict, err := o.store.Verify(t.Context(), nil, nil); err != nil || len(verdict.Faults) > 0 {
		t.Errorf("verify: %v %v", verdict.Faults, err)
	}
}

func TestImportAgainAddsNothing(t *testing.T) {
	const first, second = "1,a,05/07/2010 17:26,x,one,,1,1,YES,NO\n", "2,b,05/07/2010 17:26,x,two,,1,1,YES,NO\n"
	const changed = "2,b,05/07/2010 17:26,x,two and more,,1,1,YES,NO\n"
	h := newHome(t)
	for i, step := range []struct {
		rows string
		want map[string]int
	}{
		{first, map[string]int{"rows read": 1, "imported": 1, "again": 0, "variant": 0, "refused": 0}},
		{first + second, map[string]int{"rows read": 2, "imported": 1, "again": 1, "variant": 0, "refused": 0}},
		{first + second, map[string]int{"rows read": 2, "imported": 0, "again": 2, "variant": 0, "refused": 0}},
		{changed, map[string]int{"rows read": 1, "imported": 0, "again": 0, "variant": 1, "refused": 0}},
		{changed, map[string]int{"rows read": 1, "imported": 0, "again": 1, "variant": 0, "refused": 0}},
	} {
		got, out := h.imported(t, "ushahidi", ushahidiHead+step.rows)
		if diff := cmp.Diff(step.want, got); diff != "" {
			t.Fatalf("step %d: %s", i, diff)
		}
		if step.want["variant"] == 1 && !strings.Contains(out, `row 1 (line 2): variant: "2" was imported before`) {
			t.Errorf("step %d: %s", i, out)
		}
	}
	if got := strings.TrimSpace(h.must(t, "export", "reports", "--count")); got != "2" {
		t.Errorf("%s reports", got)
	}
	o := h.open(t)
	if n := len(all[*crisis.Message](t, o.store)); n != 3 {
		t.Errorf("%d messages: the changed row is not kept", n)
	}
	if got, _ := h.imported(t, "ushahidi", ushahidiHead+first, "--site", "elsewhere"); got["imported"] != 1 {
		t.Errorf("another system's row 1: %v", got)
	}
}

func TestImportSuggestsTheSameAndJoinsNothing(t *testing.T) {
	h := newHome(t)
	h.imported(t, "ushahidi", ushahidiHead+
		"1,Fire at the market,05/07/2010 17:26,x,y,,1,1,YES,NO\n"+
		"2,fire  at THE market,06/07/2010 17:26,z,y,,1,1,YES,NO\n"+
		"3,Fire at the market,05/07/2010 17:26,x,y,,1,1.1,YES,NO\n"+
		"4,Fire at the school,05/07/2010 17:26,x,y,,1,1,YES,NO\n")
	h.imported(t, "ushahidi", ushahidiHead+"5,Fire at the market,05/07/2010 17:26,x,y,,1,1,YES,NO\n")
	o := h.open(t)
	relations := all[*crisis.Relation](t, o.store)
	if len(relations) != 2 || relations[0].To != relations[1].To || relations[0].Kind != crisis.RelationMaybeSame || relations[0].From == relations[0].To {
		t.Errorf("relations %+v", relations)
	}
	for _, in := range all[*crisis.Incident](t, o.store) {
		if in.Reports != 1 || in.Status == crisis.StatusDuplicate {
			t.Errorf("joined: %+v", in)
		}
	}
}

func TestImportOfPlainerFiles(t *testing.T) {
	h := newHome(t)
	got, _ := h.imported(t, "csv", "text,lon,lat,time,category\nWater rises,36.8,-1.3,2020-05-01T10:00:00+03:00,flood\nWater rises,36.8,-1.3,2020-05-01,Flooding & floods\n")
	if got["imported"] != 2 {
		t.Errorf("CSV: %v", got)
	}
	features := `{"type":"FeatureCollection","features":[{"type":"Feature","id":7,"geometry":{"type":"Point","coordinates":[36.8,-1.3]},"properties":{"text":"Road gone","time":"2020-05-01 10:00","category":"road_blocked"}},
		{"type":"Feature","geometry":null,"properties":{"text":"No point","time":"2020-05-01 10:00"}}]}`
	for _, want := range []string{"imported", "again"} {
		if got, _ := h.imported(t, "geojson", features); got[want] != 2 {
			t.Errorf("GeoJSON: %v, not 2 %s", got, want)
		}
	}
	if _, err := h.command(t.Context(), "text,lon,lat\nx,1,1\n", "import", "ushahidi", "-"); err == nil || !strings.Contains(err.Error(), "no export of Ushahidi") {
		t.Errorf("another file as Ushahidi's: %v", err)
	}
	if _, err := h.command(t.Context(), ushahidiHead, "import", "ushahidi", "-", "--timezone", "Haiti/Jacmel"); err == nil || !strings.Contains(err.Error(), "--timezone") {
		t.Errorf("a zone that is none: %v", err)
	}
}

func TestImportOfHaiti(t *testing.T) {
	root := os.Getenv("ONYO_TESTDATA")
	if root == "" {
		t.Skip("ONYO_TESTDATA is not set: Haiti's reports are not imported")
	}
	file, h := filepath.Join(root, "crisis", "haiti2010", "haiti2010.csv"), newHome(t)
	rows := readAll(t, file)
	first := tallyOf(t, h.must(t, "import", "ushahidi", file, "--timezone", "America/Port-au-Prince"))
	if first["rows read"] != len(rows) || first["imported"]+first["refused"] != len(rows) || first["imported"] < len(rows)*99/100 {
		t.Errorf("%d rows: %v", len(rows), first)
	}
	if second := tallyOf(t, h.must(t, "import", "ushahidi", file, "--timezone", "America/Port-au-Prince")); second["again"] != first["imported"] || second["imported"] != 0 {
		t.Errorf("second run: %v", second)
	}
	h.must(t, "ledger", "verify")
}
