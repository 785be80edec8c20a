package gazetteer

import (
	"slices"
	"testing"

	"github.com/onyo-project/onyo/geo"
)

func TestPlacesDescribedFromOthers(t *testing.T) {
	nairobi := geo.Point{Lon: 36.8167, Lat: -1.2833}
	jacmel := geo.Point{Lon: -72.5354, Lat: 18.2343}
	thika := geo.Point{Lon: 37.0693, Lat: -1.0333}
	kathmandu := geo.Point{Lon: 85.3206, Lat: 27.7017}
	amman := geo.Point{Lon: 35.9450, Lat: 31.9552}
	kyiv := geo.Point{Lon: 30.5238, Lat: 50.4547}
	for _, c := range []struct {
		text    string
		country string
		words   string
		point   geo.Point
		errorM  float64
		least   float64 // uncertainty
		certain bool
	}{
		{"boat sank 3 km north of Jacmel", "HT", "3 km north of Jacmel", geo.Destination(jacmel, 0, 3000), 50, 1200, true},
		{"3km N of Jacmel", "HT", "3km N of Jacmel", geo.Destination(jacmel, 0, 3000), 50, 1200, true},
		{"about 3.5 km south-west of Jacmel", "HT", "3.5 km south-west of Jacmel", geo.Destination(jacmel, 225, 3500), 50, 1400, true},
		{"five miles from Jacmel", "HT", "five miles from Jacmel", jacmel, 50, 8046, true},
		{"near Jacmel", "HT", "near Jacmel", jacmel, 50, 2000, true},
		{"north of Jacmel", "HT", "north of Jacmel", geo.Destination(jacmel, 0, 8000), 4000, 5000, false},
		{"à 3 km au nord de Jacmel", "HT", "3 km au nord de Jacmel", geo.Destination(jacmel, 0, 3000), 50, 1200, true},
		{"près de Jacmel", "HT", "près de Jacmel", jacmel, 50, 2000, true},
		{"a 5 km al sur de Jacmel", "HT", "5 km al sur de Jacmel", geo.Destination(jacmel, 180, 5000), 50, 2000, true},
		{"cerca de Jacmel", "HT", "cerca de Jacmel", jacmel, 50, 2000, true},
		{"3 km nan nò Jacmel", "HT", "3 km nan nò Jacmel", geo.Destination(jacmel, 0, 3000), 50, 1200, true},
		{"toupre Jacmel", "HT", "toupre Jacmel", jacmel, 50, 2000, true},
		{"km 10 kaskazini mwa Nairobi", "KE", "km 10 kaskazini mwa Nairobi", geo.Destination(nairobi, 0, 10000), 200, 4000, true},
		{"karibu na Nairobi", "KE", "karibu na Nairobi", nairobi, 200, 2000, true},
		{"between Nairobi and Thika", "KE", "between Nairobi and Thika", midpoint(nairobi, thika), 500, geo.Distance(nairobi, thika)/2 - 500, true},
		{"accident on the Nairobi to Thika road", "KE", "Nairobi to Thika road", midpoint(nairobi, thika), 500, geo.Distance(nairobi, thika)/2 - 500, false},
		{"Nairobi-Thika highway blocked", "KE", "Nairobi-Thika highway", midpoint(nairobi, thika), 500, geo.Distance(nairobi, thika)/2 - 500, false},
		{"kati ya Nairobi na Thika", "KE", "kati ya Nairobi na Thika", midpoint(nairobi, thika), 500, 10000, true},
		{"٣ كم شمال عمان", "JO", "٣ كم شمال عمان", geo.Destination(amman, 0, 3000), 500, 1200, true},
		{"بالقرب من عمان", "JO", "بالقرب من عمان", amman, 500, 2000, true},
		{"5 км на північ від Києва", "UA", "5 км на північ від Києва", geo.Destination(kyiv, 0, 5000), 500, 2000, true},
		{"काठमाडौं बाट ३ किमी उत्तर", "NP", "काठमाडौं बाट ३ किमी उत्तर", geo.Destination(kathmandu, 0, 3000), 1500, 1200, true},
	} {
		found := opened(t).Find(c.text, Near{Country: c.country})
		if len(found) == 0 || found[0].Method != MethodRelation {
			t.Errorf("%q: %+v", c.text, found)
			continue
		}
		got := found[0]
		if d := geo.Distance(got.Point, c.point); d > c.errorM || got.Words.Text != c.words || got.UncertaintyM < c.least || got.Certain != c.certain {
			t.Errorf("%q: %q, %.0f m off, uncertainty %.0f, certain %v: %s", c.text, got.Words.Text, d, got.UncertaintyM, got.Certain, got.Why)
		}
		for _, other := range found[1:] {
			if other.Certain {
				t.Errorf("%q: the landmark %s is certain too", c.text, other.Name)
			}
		}
	}
}

func TestShortPlusCodesAreCompleted(t *testing.T) {
	want := geo.Point{Lon: 36.8218, Lat: -1.2920}
	near := geo.Point{Lon: 36.9, Lat: -1.2}
	for _, c := range []struct {
		text    string
		near    Near
		certain bool
	}{
		{"water at PR5C+5P Nairobi", Near{}, true},
		{"Nairobi, PR5C+5P", Near{}, true},
		{"PR5C+5P", Near{Point: &near}, false},
	} {
		found := opened(t).Find(c.text, c.near)
		i := slices.IndexFunc(found, func(c Candidate) bool { return c.Method == MethodPlusCode })
		if i < 0 || geo.Distance(found[i].Point, want) > 100 || found[i].Certain != c.certain || found[i].Words.Text != "PR5C+5P" {
			t.Errorf("%q: %+v", c.text, found)
		}
	}
	if found := opened(t).Find("PR5C+5P", Near{}); len(found) > 0 {
		t.Errorf("completed from nowhere: %+v", found)
	}
}

func TestWordsThatAreNoRelation(t *testing.T) {
	for _, text := range []string{"3 km of cable for Jacmel", "North Jacmel", "5 people from Jacmel", "10 km from Haiti", "Jacmel and Nairobi", "between 3 and 4 in Jacmel"} {
		for _, c := range opened(t).Find(text, Near{Country: "HT"}) {
			if c.Method == MethodRelation {
				t.Errorf("%q: %+v", text, c)
			}
		}
	}
}

func midpoint(a, b geo.Point) geo.Point {
	return geo.Destination(a, geo.Bearing(a, b), geo.Distance(a, b)/2)
}
