package geo

import (
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

type coordinateCase struct {
	text    string
	nowhere bool
	point   Point
	errorM  float64
	method  Method
	certain bool
}

func coordinateCases(t testing.TB) []coordinateCase {
	t.Helper()
	raw, err := os.ReadFile("testdata/coordinates.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var cases []coordinateCase
	for i, line := range strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) <= 2 {
			cases = append(cases, coordinateCase{text: f[0], nowhere: true})
			continue
		}
		if len(f) != 5 {
			t.Fatalf("line %d: %d fields", i+1, len(f))
		}
		c := coordinateCase{text: f[0]}
		method, unsure, _ := strings.Cut(f[4], " ")
		c.method, c.certain = Method(method), unsure == ""
		for j, dst := range []*float64{&c.point.Lat, &c.point.Lon, &c.errorM} {
			if *dst, err = strconv.ParseFloat(f[1+j], 64); err != nil {
				t.Fatalf("line %d: %v", i+1, err)
			}
		}
		cases = append(cases, c)
	}
	return cases
}

func TestWrittenCoordinates(t *testing.T) {
	places, hostile := 0, 0
	for _, c := range coordinateCases(t) {
		found := ParseCoordinates(c.text)
		if c.nowhere {
			hostile++
			if len(found) != 0 {
				t.Errorf("%q is not a place, found %+v", c.text, found[0])
			}
			continue
		}
		places++
		if len(found) != 1 {
			t.Errorf("%q: found %d places, want 1: %+v", c.text, len(found), found)
			continue
		}
		f := found[0]
		if d := Distance(f.Point, c.point); d > c.errorM || f.Method != c.method || f.Certain != c.certain {
			t.Errorf("%q: %.6f,%.6f (%.1f m off) by %s, certain %v (%s)", c.text, f.Point.Lat, f.Point.Lon, d, f.Method, f.Certain, f.Why)
		}
		if f.UncertaintyM < MinUncertaintyM || f.Why == "" || c.text[f.Words.Start:f.Words.End] != f.Words.Text {
			t.Errorf("%q: uncertainty %g, why %q, words %+v", c.text, f.UncertaintyM, f.Why, f.Words)
		}
	}
	t.Logf("%d written places, %d hostile lines", places, hostile)
	if places+hostile < 120 || hostile < 80 {
		t.Errorf("the table has shrunk: %d places, %d hostile lines", places, hostile)
	}
}

func TestUncertaintyIsOneUnitOfTheLastDigit(t *testing.T) {
	for _, c := range []struct {
		text string
		want float64
	}{
		{"-1.292112, 36.821934", 10},
		{"-1.2921, 36.8219", 11.12},
		{"-1.292, 36.8219", 111.2},
		{"GPS -1.29, 36.82", 1112},
		{"lat -1 lon 36.8219", 111195},
		{`1°17' S 36°49' E`, 1853},
		{`1°17'31" S 36°49'19" E`, 30.9},
		{"geo:-1.2921,36.8219;u=250", 250},
		{"https://www.google.com/maps/@-1.2921,36.8219,17z", 305.4},
		{"https://www.openstreetmap.org/#map=10/-1.2921/36.8219", 39093},
		{"48MYU021170", 100},
		{"7FG40000+", 75830},
	} {
		found := ParseCoordinates(c.text)
		if len(found) != 1 || math.Abs(found[0].UncertaintyM-c.want) > c.want/100 {
			t.Errorf("%q: %+v, want uncertainty %g", c.text, found, c.want)
		}
	}
}

func TestSeveralPlacesInOneMessage(t *testing.T) {
	text := "from 18.5392, -72.3388 to 18S UJ 23480 06481 – see https://osm.org/?mlat=9.03&mlon=38.74 ۴"
	var methods []string
	for _, f := range ParseCoordinates(text) {
		methods = append(methods, string(f.Method)+"="+f.Words.Text)
	}
	want := "decimal=18.5392, -72.3388|mgrs=18S UJ 23480 06481|map_link=https://osm.org/?mlat=9.03&mlon=38.74"
	if got := strings.Join(methods, "|"); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestWhatWePrintWeRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := genPoint(t)
		text := FormatPoint(p)
		before := rapid.SampledFrom([]string{"", "help at ", "(", "é ", "12 people: "}).Draw(t, "before")
		after := rapid.SampledFrom([]string{"", " please", ")", ".", " 3 dead"}).Draw(t, "after")
		found := ParseCoordinates(before + text + after)
		if len(found) != 1 {
			t.Fatalf("%q: found %d", before+text+after, len(found))
		}
		if d := Distance(found[0].Point, p); d > 0.12 {
			t.Fatalf("%q is %g m from %v", text, d, p)
		}
		if found[0].Words.Text != text {
			t.Fatalf("words are %q, want %q", found[0].Words.Text, text)
		}
	})
}

func FuzzParseCoordinates(f *testing.F) {
	for _, c := range coordinateCases(f) {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		for _, found := range ParseCoordinates(text) {
			w := found.Words
			if !found.Point.Valid() || math.Signbit(found.Point.Lat) && found.Point.Lat == 0 {
				t.Fatalf("%q: point %v", text, found.Point)
			}
			if !(found.UncertaintyM >= MinUncertaintyM) || math.IsInf(found.UncertaintyM, 0) {
				t.Fatalf("%q: uncertainty %v", text, found.UncertaintyM)
			}
			if w.Start < end || w.End <= w.Start || text[w.Start:w.End] != w.Text {
				t.Fatalf("%q: words %+v after %d", text, w, end)
			}
			if utf8.ValidString(text) && !utf8.ValidString(w.Text) {
				t.Fatalf("%q: words cut a letter: %q", text, w.Text)
			}
			end = w.End
		}
	})
}
