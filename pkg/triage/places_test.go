package triage

import (
	"slices"
	"testing"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/gazetteer"
	"pgregory.net/rapid"
)

func TestSwappedCoordinatesAreAChoice(t *testing.T) {
	world, err := gazetteer.Open()
	if err != nil {
		t.Fatal(err)
	}
	nairobi := geo.Point{Lon: 36.8219, Lat: -1.2921}
	box := geo.Bounds{West: 33.9, South: -4.7, East: 41.9, North: 5.5}
	for name, c := range map[string]struct {
		text    string
		near    gazetteer.Near
		first   geo.Point
		certain bool
		count   int
	}{
		"as they should be":            {"-1.2921, 36.8219", gazetteer.Near{Bounds: &box}, nairobi, true, 1},
		"swapped, by the area":         {"36.8219, -1.2921", gazetteer.Near{Bounds: &box}, nairobi, false, 2},
		"swapped, by the country":      {"36.8219, -1.2921", gazetteer.Near{Country: "KE"}, nairobi, false, 2},
		"swapped, by where it is from": {"36.8219, -1.2921", gazetteer.Near{Point: &nairobi}, nairobi, false, 2},
		"nothing is known":             {"36.8219, -1.2921", gazetteer.Near{}, geo.Point{Lon: -1.2921, Lat: 36.8219}, true, 1},
		"far away in either order":     {"18.5392, -72.3388", gazetteer.Near{Country: "KE"}, geo.Point{Lon: -72.3388, Lat: 18.5392}, true, 1},
		"a link is not swapped":        {"geo:36.8219,-1.2921", gazetteer.Near{Country: "KE"}, geo.Point{Lon: -1.2921, Lat: 36.8219}, true, 1},
	} {
		found := FindPlaces(world, c.text, c.near)
		if len(found) != c.count || found[0].point() != c.first || found[0].Certain != c.certain {
			t.Errorf("%s: %+v", name, found)
		}
	}
}

// The place that is chosen does not depend on the order of the candidates.
func TestWhatIsChosenDoesNotDependOnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var candidates []Place
		for range rapid.IntRange(0, 5).Draw(t, "candidates") {
			candidates = append(candidates, Place{Name: rapid.SampledFrom([]string{"A", "B"}).Draw(t, "name"),
				Lon: float64(rapid.IntRange(0, 2).Draw(t, "lon")) / 100, Lat: float64(rapid.IntRange(0, 2).Draw(t, "lat")) / 100,
				UncertaintyM: float64(rapid.SampledFrom([]int{10, 500, 500, 5000}).Draw(t, "uncertainty")), Method: byName,
				Score: rapid.SampledFrom([]float64{0.5, 1}).Draw(t, "score"), Certain: rapid.Bool().Draw(t, "certain")})
		}
		want, ok := chosen(candidates)
		got, again := chosen(rapid.Permutation(candidates).Draw(t, "order"))
		if ok != again || !slices.Equal([]float64{want.Lon, want.Lat, want.UncertaintyM, want.Score}, []float64{got.Lon, got.Lat, got.UncertaintyM, got.Score}) {
			t.Fatalf("%+v or %+v", want, got)
		}
	})
}
