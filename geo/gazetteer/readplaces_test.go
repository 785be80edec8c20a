package gazetteer

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/onyo-project/onyo/geo"
	"pgregory.net/rapid"
)

const turkana = `{"type":"FeatureCollection","crs":{"type":"name"},"features":[
{"type":"Feature","properties":{"admin0Name_en":"Kenya","admin0Pcode":"KE","admin1Name_en":"Turkana","admin1Pcode":"KE023","admin1AltName1_en":"Turkana County"},
 "geometry":{"type":"Polygon","coordinates":[[[34,2],[36,2],[36,5],[34,5],[34,2]]]}},
{"type":"Feature","properties":{"ADM0_EN":"Kenya","ADM0_PCODE":"KE","ADM1_EN":"Turkana","ADM1_PCODE":"KE023","ADM2_EN":"Turkana West","ADM2_PCODE":"KE023136","ADM2_SW":"Turkana Magharibi"},
 "geometry":{"type":"MultiPolygon","coordinates":[[[[34,3],[35,3],[35,5],[34,5],[34,3]]]]}},
{"type":"Feature","properties":{"name":"Kakuma Gate 4","names":["Lango la nne","Gate IV"],"adm1_name":"Turkana","adm1_pcode":"KE023","population":"1200","uncertainty_m":80},
 "geometry":{"type":"Point","coordinates":[34.83,3.71]}},
{"type":"Feature","properties":{"name":"Nowhere"},"geometry":null},
{"type":"Feature","properties":{"x":1},"geometry":{"type":"Point","coordinates":[34.83,3.71]}},
{"type":"Feature","properties":{"name":"In metres"},"geometry":{"type":"Point","coordinates":[257635,9857080]}},
{"type":"Feature","properties":{"name":"Null island"},"geometry":{"type":"Point","coordinates":[0,0]}},
{"type":"Feature","properties":{"name":"Curved"},"geometry":{"type":"CircularString","coordinates":[]}},
7
]}`

func TestReadingPlaces(t *testing.T) {
	got, err := ReadPlaces(strings.NewReader(turkana))
	if err != nil {
		t.Fatal(err)
	}
	want := []Place{
		{Name: "Turkana", Names: []string{"Turkana County"}, Point: geo.Point{Lon: 35, Lat: 3.5}, Country: "KE", Kind: KindAdmin1, PCode: "KE023", Level: 1,
			Divisions: []Division{{0, "KE", "Kenya"}}},
		{Name: "Turkana West", Names: []string{"Turkana Magharibi"}, Point: geo.Point{Lon: 34.5, Lat: 4}, Country: "KE", Admin1: "Turkana", Kind: KindDivision, PCode: "KE023136", Level: 2,
			Divisions: []Division{{0, "KE", "Kenya"}, {1, "KE023", "Turkana"}}},
		{Name: "Kakuma Gate 4", Names: []string{"Lango la nne", "Gate IV"}, Point: geo.Point{Lon: 34.83, Lat: 3.71}, UncertaintyM: 80, Population: 1200, Admin1: "Turkana",
			Kind: KindTown, Divisions: []Division{{1, "KE023", "Turkana"}}},
	}
	for i := range got.Places {
		if p := &got.Places[i]; p.Rings != nil {
			if p.UncertaintyM < 50_000 {
				t.Errorf("%s reaches %.0f m", p.Name, p.UncertaintyM)
			}
			p.Rings, p.UncertaintyM = nil, 0
		}
	}
	if diff := cmp.Diff(want, got.Places, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
		t.Error(diff)
	}
	var why []string
	for _, r := range got.Refused {
		why = append(why, fmt.Sprintf("%d %s", r.Row, r.Why))
	}
	for i, part := range []string{"4 it has no position", "5 it has no name", "6 point is not on Earth", "7 it has no position: 0,0", "8 a geometry of type", "9 it is no feature"} {
		if i >= len(why) || !strings.HasPrefix(why[i], part) {
			t.Errorf("refusal %d: %q, want %q", i, why, part)
		}
	}
}

func TestReadingTables(t *testing.T) {
	for name, c := range map[string]struct{ table, want string }{
		"commas":       {"name,lat,lon\nKibera,-1.3133,36.7819\n", "Kibera -1.3133 36.7819"},
		"semicolons":   {"Name;Latitude;Longitude\nKibera;-1,3133;36,7819\n", "Kibera -1.3133 36.7819"},
		"tabs and BOM": {"\xef\xbb\xbfVILLAGE\tY\tX\r\nKibera\t-1.3133\t36.7819\r\n", "Kibera -1.3133 36.7819"},
		"HXL":          {"Name,Lat,Lon\n#loc+name,#geo+lat,#geo+lon\nKibera,-1.3133,36.7819\n\n", "Kibera -1.3133 36.7819"},
		"COD-AB":       {"adm1_name,adm1_pcode,adm2_name,adm2_pcode,center_lat,center_lon\nNairobi,KE047,Kibra,KE047275,-1.31,36.78\n", "Kibra -1.31 36.78"},
		"quotes":       {"name,lat,lon\n\"Kibera, Line Saba\",-1.3133,36.7819\n", "Kibera, Line Saba -1.3133 36.7819"},
	} {
		got, err := ReadPlaces(strings.NewReader(c.table))
		if err != nil || len(got.Places) != 1 || got.RefusedAll > 0 {
			t.Errorf("%s: %v %+v", name, err, got)
			continue
		}
		p := got.Places[0]
		if s := fmt.Sprint(p.Name, " ", p.Point.Lat, " ", p.Point.Lon); s != c.want {
			t.Errorf("%s: %s", name, s)
		}
	}
	for name, file := range map[string]string{"empty": "", "broken": `{"type":"FeatureCollection","features":[{`, "no features": `{"type":"FeatureCollection"}`, "no list": `{"features":{}}`} {
		if got, err := ReadPlaces(strings.NewReader(file)); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestOwnBoundariesNameEveryPoint(t *testing.T) {
	read, err := ReadPlaces(strings.NewReader(turkana))
	if err != nil {
		t.Fatal(err)
	}
	g := opened(t).Local(read.Places)
	a := g.Reverse(geo.Point{Lon: 34.5, Lat: 4})
	if a.Admin1Code != "KE023" || a.Admin1Name != "Turkana" || a.CountryCode != "KE" {
		t.Errorf("%+v", a)
	}
	want := []Division{{1, "KE023", "Turkana"}, {2, "KE023136", "Turkana West"}}
	if diff := cmp.Diff(want, a.Divisions); diff != "" {
		t.Error(diff)
	}
	found := g.Find("maji Kakuma gate 4", kenya)
	if len(found) == 0 || found[0].Name != "Kakuma Gate 4" || !found[0].Certain || len(found[0].Divisions) == 0 {
		t.Errorf("%+v", found)
	}
	if found := g.Find("KE023136 needs water", kenya); len(found) == 0 || found[0].PCode != "KE023136" {
		t.Errorf("a P-code is no name: %+v", found)
	}
}

// What we write we read back.
func TestPlacesWrittenAreRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var places []Place
		for range rapid.IntRange(0, 4).Draw(t, "places") {
			x, y := float64(rapid.IntRange(-1700, 1700).Draw(t, "x"))/10, float64(rapid.IntRange(-800, 800).Draw(t, "y"))/10+0.05
			p := Place{Name: rapid.StringMatching(`[A-Za-zéК][a-z|"\\ ]{0,8}`).Draw(t, "name"), Point: geo.Point{Lon: x, Lat: y}, Kind: KindTown,
				Population: rapid.IntRange(0, 1e6).Draw(t, "population"), PCode: rapid.StringMatching(`([A-Z]{2}[0-9]{3})?`).Draw(t, "pcode"),
				UncertaintyM: float64(rapid.IntRange(0, 5000).Draw(t, "radius"))}
			p.Name = strings.Join(strings.Fields(p.Name), " ")
			if rapid.Bool().Draw(t, "area") {
				p.Kind, p.Level, p.UncertaintyM = KindDivision, 2, max(p.UncertaintyM, 1)
				p.Rings = [][]geo.Point{{{Lon: x - 1, Lat: y - 1}, {Lon: x + 1, Lat: y - 1}, {Lon: x + 1, Lat: y + 1}, {Lon: x - 1, Lat: y - 1}}}
				p.Admin1, p.Divisions = "North", []Division{{1, "KE001", "North"}}
			}
			places = append(places, p)
		}
		var file bytes.Buffer
		if err := WritePlaces(&file, places); err != nil {
			t.Fatal(err)
		}
		got, err := ReadPlaces(&file)
		if len(places) == 0 {
			return
		}
		if err != nil || got.RefusedAll > 0 {
			t.Fatal(err, got.Refused)
		}
		if diff := cmp.Diff(places, got.Places, cmpopts.EquateApprox(0, 2e-6)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzReadPlaces(f *testing.F) {
	for _, s := range []string{turkana, "name,lat,lon\nKibera,-1.3133,36.7819\n", "", "{", `{"features":[]}`, "a;b\n\"", `{"type":"Feature","properties":{"name":"x"},"geometry":{"type":"Polygon","coordinates":[[]]}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, file string) {
		got, _ := ReadPlaces(strings.NewReader(file))
		for _, p := range got.Places {
			if p.Name == "" || !p.Point.Valid() {
				t.Fatalf("%+v", p)
			}
		}
		newLocalLayer(got.Places)
	})
}
