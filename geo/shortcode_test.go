package geo

import (
	"testing"

	"pgregory.net/rapid"
)

func TestShortPlusCodes(t *testing.T) {
	nairobi := Point{Lon: 36.8219, Lat: -1.2921}
	for _, c := range []struct {
		text, words string
		point       Point
	}{
		{"water at PR5C+5P Nairobi", "PR5C+5P", Point{Lon: 36.8218, Lat: -1.2920}},
		{"pr5c+5p", "pr5c+5p", Point{Lon: 36.8218, Lat: -1.2920}},
	} {
		found := ShortPlusCodes(c.text)
		if len(found) != 1 || found[0].Words.Text != c.words {
			t.Errorf("%q: %+v", c.text, found)
			continue
		}
		if p, u := found[0].Near(nairobi); Distance(p, c.point) > 100 || u > 50 {
			t.Errorf("%q: %v within %.0f m", c.text, p, u)
		}
	}
	for _, text := range []string{"2+2", "C+X", "CFW+XX", "8FVC2222+22", "1234+56", "https://x.org/PR5C+5P", "AB12+CD"} {
		if found := ShortPlusCodes(text); len(found) > 0 {
			t.Errorf("%q: %+v", text, found)
		}
	}
}

// A code loses its first digits and finds them again from anywhere near.
func TestShortPlusCodesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Point{Lon: rapid.Float64Range(-180, 179.9).Draw(t, "lon"), Lat: rapid.Float64Range(-80, 80).Draw(t, "lat")}
		full := encodePlusCode(p)
		b, ok := decodePlusCode(full + "+")
		if !ok && hasLetter(full) {
			t.Fatalf("%v: %s", p, full)
		}
		if !ok {
			return
		}
		near := Destination(p, rapid.Float64Range(0, 360).Draw(t, "bearing"), rapid.Float64Range(0, 5000).Draw(t, "metres"))
		code := ShortPlusCode{code: full[4:] + "+"}
		if got, _ := code.Near(near); Distance(got, b.Centre()) > 1 {
			t.Fatalf("%s near %v is %v, not %v", code.code, near, got, b.Centre())
		}
	})
}

func hasLetter(code string) bool {
	for _, c := range code {
		if c >= 'A' {
			return true
		}
	}
	return false
}
