package gazetteer

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/onyo-project/onyo/geo"
	"pgregory.net/rapid"
)

// The file is read once for all tests.
var openOnce = sync.OnceValues(func() (*Gazetteer, error) {
	g, err := Open()
	if err != nil {
		return nil, err
	}
	return g, g.Load()
})

func opened(t testing.TB) *Gazetteer {
	t.Helper()
	g, err := openOnce()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

var kenya = Near{Bounds: &geo.Bounds{West: 33.9, South: -4.7, East: 41.9, North: 5.5}, Country: "KE"}

func TestNamesInRunningText(t *testing.T) {
	for _, c := range []struct {
		text string
		near Near
		want string // words=name,country of the first candidate of each mention; ! certain
	}{
		{"Flooding in Nairobi, many trapped", Near{}, "Nairobi=Nairobi,KE!"},
		{"flooding in nairobi", Near{}, "nairobi=Nairobi,KE!"},
		{"NAIROBI", Near{}, "NAIROBI=Nairobi,KE!"},
		{"#NairobiFloods are bad", kenya, "Nairobi=Nairobi,KE!"},
		{"Nairobi's roads", kenya, "Nairobi=Nairobi,KE!"},
		{"Port-au-Prince needs water", Near{}, "Port-au-Prince=Port-au-Prince,HT!"},
		{"PORT AU PRINCE", Near{}, "PORT AU PRINCE=Port-au-Prince,HT!"},
		{"nou nan Pòtoprens", Near{Country: "HT"}, "Pòtoprens=Port-au-Prince,HT!"},
		{"Наводнение в Киев", Near{}, "Киев=Kyiv,UA!"},
		{"سيول في عمان", Near{Country: "JO"}, "عمان=Amman,JO!"},
		{"وفيات بمعان", Near{Country: "JO"}, "بمعان=Ma'an,JO!"},
		{"北京市发生洪水", Near{}, "北京市=Beijing,CN!"},
		{"Flood in Nairobbi", kenya, "Nairobbi=Nairobi,KE"},
		{"Flood in Nariobi", kenya, "Nariobi=Nairobi,KE"},
		{"Port-au-Prinse", Near{Country: "HT"}, "Port-au-Prinse=Port-au-Prince,HT"},
		{"#nairobifloods are bad", kenya, "nairobifloods=Nairobi,KE!"},
		{"#PrayForNairobi", kenya, "Nairobi=Nairobi,KE!"},
		{"#portauprince", Near{Country: "HT"}, "portauprince=Port-au-Prince,HT!"},
		{"PortAuPrince", Near{Country: "HT"}, "PortAuPrince=Port-au-Prince,HT!"},
		{"US troops landed", Near{Country: "HT"}, "US=United States of America,US!"},
		{"help us please", Near{Country: "HT"}, ""},
		{"Ellicott City, MD is flooded", Near{Country: "US"}, "Ellicott City=Ellicott City,US!|MD=Maryland,US!"},
		{"evacuate Paradise, CA", Near{Country: "US"}, "Paradise=Paradise,US!|CA=California,US!"},
		{"we are in Turkana County", kenya, "Turkana County=Turkana County,KE!"},
		{"district of Kisumu", kenya, "district of Kisumu=Kisumu County,KE!"},
		{"Wells Fargo on fire", Near{Country: "CA"}, "Wells=Wells,CA|Fargo=Fargo,US"},
		{"road closed, Mombasa Road", kenya, "Mombasa=Mombasa,KE"},
		{"повінь у Львові", Near{Country: "UA"}, "Львові=Lviv,UA!"},
		{"mafuriko Nairobini", kenya, "Nairobini=Nairobi,KE!"},
		{"in Paris, Texas", Near{}, "Paris=Paris,US!|Texas=Texas,US!"},
		{"St. Louis flooded", Near{Country: "US"}, "St. Louis=St. Louis,US!"},
		{"Help! Water is rising. Of course we need help", kenya, ""},
		{"Help needed in Water street of town", Near{}, ""},
		{"we go to bed now, all safe", Near{}, ""},
		{"", Near{}, ""},
		{"\xff\xfe", kenya, ""},
	} {
		var got []string
		last := -1
		for _, cand := range opened(t).Find(c.text, c.near) {
			if c.text[cand.Words.Start:cand.Words.End] != cand.Words.Text {
				t.Errorf("%q: words %+v", c.text, cand.Words)
			}
			if cand.Words.Start == last {
				continue
			}
			last = cand.Words.Start
			mark := ""
			if cand.Certain {
				mark = "!"
			}
			got = append(got, fmt.Sprintf("%s=%s,%s%s", cand.Words.Text, cand.Name, cand.Country, mark))
		}
		if g := strings.Join(got, "|"); g != c.want {
			t.Errorf("%q: %s, want %s", c.text, g, c.want)
		}
	}
}

func TestAnAmbiguousNameStaysAChoice(t *testing.T) {
	for _, text := range []string{"Springfield", "fire in San José now", "Santa Cruz", "Victoria"} {
		found := opened(t).Find(text, Near{})
		if len(found) < 2 {
			t.Errorf("%q: %d candidates", text, len(found))
		}
		for _, c := range found {
			if c.Certain {
				t.Errorf("%q is certainly %s, %s (%s)", text, c.Name, c.Country, c.Why)
			}
		}
	}
}

func TestOwnPlacesWin(t *testing.T) {
	camp := geo.Point{Lon: 36.7819, Lat: -1.3133}
	g := opened(t).Local([]Place{
		{Name: "Nairobi", Point: camp, UncertaintyM: 300},
		{Name: "Gate 4", Names: []string{"lango la nne"}, Point: camp},
		{Name: "", Point: camp}, {Name: "Nowhere", Point: geo.Point{Lon: 999}},
	})
	for _, text := range []string{"people in Nairobi", "water at gate 4", "tuko LANGO la nne", "we are at Nairobi"} {
		found := g.Find(text, kenya)
		if len(found) == 0 || found[0].Point != camp || found[0].Method != MethodLocal || !found[0].Certain {
			t.Errorf("%q: %+v", text, found)
			continue
		}
		if found[0].Country != "KE" {
			t.Errorf("%q lies in %q", text, found[0].Country)
		}
	}
	if found := opened(t).Find("people in Nairobi", kenya); found[0].Method != MethodName {
		t.Errorf("the world has changed: %+v", found[0])
	}
}

func TestTheOrderOfOwnPlacesDoesNotMatter(t *testing.T) {
	g := opened(t)
	rapid.Check(t, func(t *rapid.T) {
		var places []Place
		for range rapid.IntRange(1, 6).Draw(t, "places") {
			places = append(places, Place{Name: rapid.SampledFrom([]string{"Gate 4", "Gate 5", "Nairobi", "Kijiji Kipya", "Gate Four"}).Draw(t, "name"),
				Names: []string{rapid.SampledFrom([]string{"Mji", "Camp Soko", "Gate 4"}).Draw(t, "other")},
				Point: geo.Point{Lon: float64(rapid.IntRange(34, 41).Draw(t, "lon")), Lat: float64(rapid.IntRange(-4, 5).Draw(t, "lat"))}})
		}
		text := rapid.SampledFrom([]string{"water at Gate 4", "from Mji to Camp Soko", "near Nairobi", "Kijiji Kypya", "between Gate 5 and Gate 4"}).Draw(t, "text")
		want := g.Local(places).Find(text, kenya)
		got := g.Local(rapid.Permutation(places).Draw(t, "order")).Find(text, kenya)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q: %s", text, diff)
		}
	})
}

func TestLinksAndUsersNameNoPlace(t *testing.T) {
	for _, text := range []string{"https://example.org/Nairobi/flood", "@Nairobi help", "write to help@nairobi.example.org", "www.nairobi.go.ke"} {
		if found := opened(t).Find(text, kenya); len(found) > 0 {
			t.Errorf("%q: %+v", text, found[0])
		}
	}
}

func TestReverse(t *testing.T) {
	for _, c := range []struct {
		p                             geo.Point
		code, country, admin1, nearby string
	}{
		{geo.Point{Lon: 36.8219, Lat: -1.2921}, "KE", "Kenya", "KE-110", "Nairobi"},
		{geo.Point{Lon: -72.3388, Lat: 18.5392}, "HT", "Haiti", "HT-OU", "Port-au-Prince"},
		{geo.Point{Lon: 178.44, Lat: -18.14}, "FJ", "Fiji", "FJ-C", "Suva"},
		{geo.Point{Lon: 0, Lat: -40}, "", "", "", ""},
	} {
		a := opened(t).Reverse(c.p)
		if a.CountryCode != c.code || a.Country != c.country || a.Admin1Code != c.admin1 || a.Nearest != c.nearby {
			t.Errorf("%v: %+v", c.p, a)
		}
	}
}

func TestCellNamesComeFromTheCell(t *testing.T) {
	for _, c := range []struct {
		p    geo.Point
		size geo.CellSize
		want string
	}{
		{geo.Point{Lon: 36.8219, Lat: -1.2921}, geo.Cell01, "Nairobi, Kenya"},
		{geo.Point{Lon: 12.5, Lat: 41.9}, geo.Cell1, "Rome, Italy"},
		{geo.Point{Lon: 0, Lat: -40}, geo.Cell001, ""},
	} {
		if got := opened(t).CellName(geo.CellOf(c.p, c.size)); got != c.want {
			t.Errorf("%v: %q, want %q", c.p, got, c.want)
		}
	}
	if got := opened(t).CellName(geo.Cell{Size: 3, X: 1, Y: 1}); got != "" {
		t.Errorf("a cell of no grid is called %q", got)
	}
}

func TestEveryPointHasAnAnswer(t *testing.T) {
	g := opened(t)
	rapid.Check(t, func(t *rapid.T) {
		p := geo.Point{Lon: rapid.Float64Range(-180, 180).Draw(t, "lon"), Lat: rapid.Float64Range(-90, 90).Draw(t, "lat")}
		a := g.Reverse(p)
		if a.Admin1Name != "" && a.CountryCode == "" && a.Country != "" || a.Nearest != "" && a.NearestDistanceM > 2e6 {
			t.Fatalf("%v: %+v", p, a)
		}
		g.CellName(geo.CellOf(p, geo.Cell001))
	})
}

func TestReadersAtTheSameTime(t *testing.T) {
	g, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if len(g.Find("Nairobi", kenya)) == 0 || g.Reverse(geo.Point{Lon: 36.8, Lat: -1.3}).CountryCode != "KE" {
				t.Error("no answer")
			}
		})
	}
	wg.Wait()
}

func TestADamagedFileIsNoticed(t *testing.T) {
	for name, file := range map[string][]byte{
		"empty": nil, "cut": worldFile[:len(worldFile)/2], "other": []byte("hello"),
	} {
		if _, err := readWorld(file); err == nil {
			t.Errorf("%s: read", name)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, s := range []string{"Flood in Nairobi", "سيول في عمان", "北京市发生洪水", "#NairobiFloods Port-au-Prinse", "\xff St. Louis's",
		"3 km north of Jacmel", "between A and B, Nairobi and Thika", "PR5C+5P Nairobi", "#prayfornairobi U.S. @x https://y/Nairobi", "काठमाडौं बाट ३ किमी उत्तर", "5 км від Києва"} {
		f.Add(s)
	}
	g := opened(f)
	f.Fuzz(func(t *testing.T, text string) {
		for _, c := range g.Find(text, kenya) {
			if text[c.Words.Start:c.Words.End] != c.Words.Text || !c.Point.Valid() || c.UncertaintyM <= 0 || c.Score < 0 || c.Score > 1 {
				t.Fatalf("%q: %+v", text, c)
			}
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := readWorld(worldFile); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPercentiles asks as people do, one place or a sentence with some, and
// prints what the slow ones take.
func BenchmarkPercentiles(b *testing.B) {
	g := opened(b)
	texts := []string{
		"Nairobi", "Port-au-Prinse", "flood in Springfield", "help, 3 km north of Jacmel", "между Киев и Одесса", "سيول في وادي موسى",
		"Water is rising fast near Kibera and Mathare, Nairobbi, please send help to Kissumu", "北京市发生洪水",
		"#PrayForAmatrice Earthquake Strikes Central Italy, Accumoli And Arquata Del Tronto Destroyed", "no place at all in this one",
	}
	nears := []Near{{}, kenya, {Country: "US"}, {Country: "HT"}}
	took := make([]time.Duration, 0, 100_000)
	for b.Loop() {
		took = took[:0]
		for i := range 100_000 {
			start := time.Now()
			g.Find(texts[i%len(texts)], nears[i/len(texts)%len(nears)])
			took = append(took, time.Since(start))
		}
	}
	slices.Sort(took)
	for _, p := range []int{50, 99} {
		b.ReportMetric(float64(took[len(took)*p/100].Microseconds()), fmt.Sprintf("p%d-µs", p))
	}
	b.ReportMetric(float64(took[len(took)-1].Microseconds()), "max-µs")
}

func BenchmarkFind(b *testing.B) {
	g := opened(b)
	for b.Loop() {
		g.Find("Water is rising fast near Kibera and Mathare, Nairobbi, please send help to Kissumu", kenya)
	}
}
