package formats

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 250_000_000, time.UTC)

func exampleIncident() Incident {
	return Incident{ID: "0abc", Status: crisis.StatusVerified, Phase: crisis.PhaseOngoing, Severity: crisis.SeverityLifeSafety,
		Categories: []string{"flood", "medical"}, Summary: "Water <b>rising</b> & \"fast\"", Place: "Kibera", OccurredAt: noon,
		Reports: 3, Sources: 3, Located: true, Lon: 36.785, Lat: -1.315, UncertaintyM: 786.5, Cell: 0.01}
}

func exampleHotspot() Hotspot {
	return Hotspot{ID: "0hot", Status: crisis.HotspotActive, Severity: crisis.SeverityNormal, Score: 4.5, Incidents: 2, Reports: 6,
		Sources: 3, Categories: []string{"flood"}, FirstSeen: noon.Add(-time.Hour), LastSeen: noon, Trend: crisis.TrendRising,
		Why: "2 incidents within 1,000 m", Place: "Kibera", Lon: 36.785, Lat: -1.315,
		Shape: AppendArea(nil, [][]geo.Point{{{Lon: 0, Lat: 0}, {Lon: 0, Lat: 1}, {Lon: 1, Lat: 1}, {Lon: 0, Lat: 0}}})}
}

func TestFeaturesAreGolden(t *testing.T) {
	in, hot := exampleIncident(), exampleHotspot()
	bare := Incident{ID: "0bare", Status: crisis.StatusTriaged, Phase: crisis.PhaseOver, Severity: crisis.SeverityLow, LocatedBy: "person"}
	cluster := Cluster{ID: "c1", Lon: -180, Lat: 12.5, Count: 4200, ExpansionZoom: 7, Severity: crisis.SeverityNormal}
	out := Open(nil)
	for i, add := range []func([]byte) []byte{in.Append, bare.Append, in.AppendSingle, cluster.Append, hot.Append} {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(add(out), '\n')
	}
	out = Collection{Matched: 5, Next: "0hot", BatchAt: noon}.Close(out)
	golden(t, "features.geojson", out)
	var any map[string]json.RawMessage
	if err := json.Unmarshal(out, &any); err != nil {
		t.Fatalf("what is written is no JSON: %v", err)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := "testdata/" + name
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, diff)
	}
}

func TestStringsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		if rapid.Bool().Draw(t, "valid") {
			s = rapid.String().Draw(t, "text")
		}
		var back string
		out := AppendString(nil, s)
		if err := json.Unmarshal(out, &back); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		if want := strings.ToValidUTF8(s, "\ufffd"); len([]rune(back)) != len([]rune(s)) || strings.ToValidUTF8(s, "") == s && back != want {
			t.Fatalf("%q came back as %q", s, back)
		}
		if bytes.ContainsAny(out, "<>&\n\r\u2028\u2029") {
			t.Fatalf("%q could break out of a page", out)
		}
	})
}

func TestDegreesReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float64Range(-180, 180).Draw(t, "degrees")
		out := string(AppendDegrees(nil, v))
		back, err := strconv.ParseFloat(out, 64)
		if err != nil || math.Abs(back-v) > 0.51e-7 {
			t.Fatalf("%v was written %s", v, out)
		}
		if _, decimals, _ := strings.Cut(out, "."); len(decimals) > 7 || strings.HasSuffix(decimals, "0") || out == "-0" {
			t.Fatalf("%v was written %s", v, out)
		}
	})
	for v, want := range map[float64]string{0: "0", math.Copysign(0, -1): "0", -0.00000001: "0", -1.5: "-1.5", 180: "180", math.NaN(): "0", 36.7850001: "36.7850001"} {
		if got := string(AppendDegrees(nil, v)); got != want {
			t.Errorf("%v was written %s, want %s", v, got, want)
		}
	}
}

func TestAreasAreRightHandedAndReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rings [][]geo.Point
		for range rapid.IntRange(1, 2).Draw(t, "rings") {
			w, s := rapid.Float64Range(-170, 160).Draw(t, "west"), rapid.Float64Range(-80, 70).Draw(t, "south")
			ring := []geo.Point{{Lon: w, Lat: s}, {Lon: w + 3, Lat: s}, {Lon: w + 3, Lat: s + 4}, {Lon: w, Lat: s}}
			if rapid.Bool().Draw(t, "clockwise") {
				ring[1], ring[2] = ring[2], ring[1]
			}
			rings = append(rings, ring)
		}
		back, err := ParseArea(AppendArea(nil, rings))
		if err != nil {
			t.Fatal(err)
		}
		if len(back) != len(rings) {
			t.Fatalf("%d rings became %d", len(rings), len(back))
		}
		for i, ring := range back {
			if twiceArea(ring) <= 0 || len(ring) != len(rings[i]) {
				t.Fatalf("ring %v of %v", ring, rings[i])
			}
		}
	})
}

func FuzzParseArea(f *testing.F) {
	f.Fuzz(func(t *testing.T, geometry []byte) {
		rings, err := ParseArea(geometry)
		if err != nil {
			return
		}
		for _, ring := range rings {
			for _, p := range ring {
				if !p.Valid() {
					t.Fatalf("%v is not on Earth", p)
				}
			}
		}
		_ = AppendArea(nil, rings)
	})
}

func TestTablesAreGolden(t *testing.T) {
	var out bytes.Buffer
	incidents := NewIncidentTable(&out)
	in := exampleIncident()
	in.Summary = "=HYPERLINK(\"http://x\",\"y\")\nsecond line"
	bare := Incident{ID: "0bare", Status: crisis.StatusTriaged, Phase: crisis.PhaseOver, Severity: crisis.SeverityLow}
	hotspots := NewHotspotTable(&out)
	hot := exampleHotspot()
	reports := NewReportTable(&out)
	report := Report{Channel: "twilio-main", Source: "Heron-4821", Report: &crisis.Report{ReceivedAt: noon, Language: "sw",
		Text: vault.Secret("+254 @mafuriko, \"maji\""), Words: "Kibera", Said: []string{"flood"}}}
	for _, err := range []error{incidents.Write(&in), incidents.Write(&bare), incidents.Flush(), hotspots.Write(&hot), hotspots.Flush(),
		reports.Write(&report), reports.Flush()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "tables.csv", out.Bytes())
}

// TestNoCellIsAFormula reads every table back as a spreadsheet would and looks
// at how each cell that holds text begins.
func TestNoCellIsAFormula(t *testing.T) {
	formula := func(cell string) bool { return strings.ContainsAny(cell[:min(1, len(cell))], "=+-@\t\r") }
	if !formula("=1+1") || formula(Safe("=1+1")) {
		t.Fatal("the test cannot see a formula")
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"", " ", "=", "+", "-", "@", "\t", "\r", "\u00a0=", "＝"}).Draw(t, "start") + rapid.String().Draw(t, "rest")
		in := Incident{ID: "x", Summary: text, Place: text, LocatedBy: text, Categories: []string{text}}
		var out bytes.Buffer
		table := NewIncidentTable(&out)
		if err := table.Write(&in); err != nil {
			t.Fatal(err)
		}
		if err := table.Flush(); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, cell := range rows[1] {
			if formula(strings.TrimLeft(cell, " \u00a0")) {
				t.Fatalf("a spreadsheet would run %q", cell)
			}
		}
	})
}
