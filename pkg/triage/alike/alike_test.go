package alike

import (
	"image"
	"image/color"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/geo"
)

// read takes a text apart without anybody's small words or places.
func read(text string) Text {
	return Read(text, func(word string) bool { return word == "the" || word == "is" }, func(int, int) bool { return false })
}

const told = "Nairobi Dam has broken, run to high ground with your children, send this to all"

func TestWhatPassesOnAText(t *testing.T) {
	for name, c := range map[string]struct {
		text   string
		copies bool
	}{
		"word for word":                      {told, true},
		"louder":                             {strings.ToUpper(told) + "!!!", true},
		"retweeted":                          {"RT @amina_ke: " + told + " https://t.co/x1y2", true},
		"retweeted twice":                    {"RT @baraka RT @amina_ke: " + told, true},
		"forwarded":                          {"Fwd: \"" + told + "\"", true},
		"forwarded as received":              {"Forwarded as received: " + told, true},
		"cut short":                          {"RT @amina_ke: Nairobi Dam has broken, run to high ground wi…", true},
		"cut short, in dots":                 {"Nairobi Dam has broken, run to high ground with your... https://t.co/x", true},
		"with a word put before it":          {"URGENT " + told + " please", true},
		"with much put around it":            {told + " and my mother lives near the water tank of the school", false},
		"of another place":                   {strings.Replace(told, "Nairobi", "Masinga", 1), false},
		"with a number in it":                {told + " 17", false},
		"its beginning, as a text in itself": {"Nairobi Dam has broken, run to high ground", false},
		"other words":                        {"The dam above us is leaking badly and everybody is leaving for the hills now", false},
		"nothing":                            {"", false},
	} {
		a, b := read(told), read(c.text)
		if a.Copies(&b) != c.copies || b.Copies(&a) != c.copies {
			t.Errorf("%s: %v, want %v", name, a.Copies(&b), c.copies)
		}
	}
	short, same := read("Help us!"), read("help us")
	if short.Copies(&same) || short.Keys() != nil {
		t.Error("a short text says the same by chance")
	}
}

func TestHowMuchTwoTextsSayTheSame(t *testing.T) {
	for _, c := range []struct {
		name, a, b  string
		least, most float64
		shared      string
	}{
		{"the same", "houses flooded at the market", "Houses flooded at the market!", 1, 1, "flooded houses market at"},
		{"other forms of the words", "house flooding", "flooded houses", 1, 1, "flooding house"},
		{"nothing in common", "fire at the mill", "bridge gone", 0, 0, ""},
		{"half", "bridge gone", "bridge closed", 0.5, 0.5, "bridge"},
		{"in Cyrillic and in Latin", "Обстріл Харків школа", "obstril Kharkiv shkola", 0.6, 1, "обстріл харків школа"},
		{"in Arabic and in Latin", "فيضان في بنغازي", "fayadan Benghazi", 0.4, 1, "بنغازي"},
		{"in Devanagari and in Latin", "पहिरो सिन्धुपाल्चोक", "pahiro Sindhupalchok", 0.5, 1, "पहिरो सिनधुपालचोक"},
	} {
		a, b := read(c.a), read(c.b)
		like, shared := a.Like(&b)
		if like < c.least || like > c.most || !strings.HasPrefix(strings.Join(shared, " "), c.shared) && c.name[:3] != "in " {
			t.Errorf("%s: %.2f, %q", c.name, like, shared)
		}
		if back, _ := b.Like(&a); math.Abs(back-like) > 0.35 {
			t.Errorf("%s: %.2f one way, %.2f the other", c.name, like, back)
		}
	}
}

func TestWordsThatNameAPlaceAreNotSharedWords(t *testing.T) {
	text := "Fire in Kibera"
	at := strings.Index(text, "Kibera")
	named := Read(text, func(string) bool { return false }, func(start, _ int) bool { return start == at })
	if _, shared := named.Like(&named); strings.Join(shared, " ") != "fire in" {
		t.Errorf("shared %q", shared)
	}
}

// Copies has no order, a text passes on itself however it is dressed, and copies
// share a key.
func TestCopiesHoldHoweverTheyAreDressed(t *testing.T) {
	words := rapid.SliceOfN(rapid.StringMatching(`[a-zа-я]{3,9}`), 9, 20)
	dress := rapid.SampledFrom([]func(string) string{
		strings.ToUpper, func(s string) string { return "RT @x_1: " + s }, func(s string) string { return "FW: " + s + " …" },
		func(s string) string { return strings.ReplaceAll(s, " ", ", ") }, func(s string) string { return s + " http://a.example/b" },
	})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(words.Draw(t, "words"), " ")
		a, b, other := read(text), read(dress.Draw(t, "dress")(text)), read(strings.Join(words.Draw(t, "others"), " "))
		if a.Copies(&other) != other.Copies(&a) {
			t.Fatal("one way only")
		}
		if !a.Copies(&b) && !b.cut {
			t.Fatalf("%q against %q", a.print, b.print)
		}
		if a.Copies(&b) && !shareKey(a.Keys(), b.Keys()) {
			t.Fatal("copies without a key in common")
		}
		if like, _ := a.Like(&a); like < 0.999 {
			t.Fatalf("like itself %v", like)
		}
	})
}

func shareKey(a, b []uint64) bool {
	for _, one := range a {
		for _, other := range b {
			if one == other {
				return true
			}
		}
	}
	return false
}

// An edited text is found by its keys nearly always, another hardly ever.
func TestKeysFindEditedCopies(t *testing.T) {
	found, wrong := 0, 0
	const rounds = 300
	for i := range rounds {
		word := func(n int) string {
			return strings.Repeat(string(rune('a'+(i*7+n*n*3)%26)), 1+n%3) + string(rune('a'+(i+n*5)%26)) + "no"
		}
		var words []string
		for n := range 18 {
			words = append(words, word(n))
		}
		text := strings.Join(words, " ")
		a, b := read(text), read("please "+text)
		if shareKey(a.Keys(), b.Keys()) {
			found++
		}
		c := read("The bridge at the mill is gone and nobody can cross to the clinic on foot or by car " + words[0])
		if shareKey(a.Keys(), c.Keys()) {
			wrong++
		}
	}
	if found < rounds*95/100 || wrong > rounds/100 {
		t.Errorf("of %d: %d edited copies found, %d others", rounds, found, wrong)
	}
}

// scene is a picture of something: soft shapes, as photographs have them.
func scene(w, h int, seed float64, light int) *image.RGBA {
	picture := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			fx, fy := float64(x)/float64(w), float64(y)/float64(h)
			v := 110 + 60*math.Sin(9*fx+seed) + 50*math.Cos(7*fy*(1+fx)+2*seed)
			picture.Set(x, y, color.Gray{Y: uint8(max(0, min(255, v+float64(light))))})
		}
	}
	return picture
}

func TestPictures(t *testing.T) {
	shot := Picture{Digest: "aa", Look: Look(scene(640, 480, 1, 0))}
	for name, c := range map[string]struct {
		other Picture
		want  Likeness
	}{
		"the same file":           {Picture{Digest: "aa"}, SameBytes},
		"made smaller":            {Picture{Digest: "bb", Look: Look(scene(320, 240, 1, 0))}, LooksAlike},
		"brighter":                {Picture{Digest: "cc", Look: Look(scene(640, 480, 1, 12))}, LooksAlike},
		"another":                 {Picture{Digest: "dd", Look: Look(scene(640, 480, 2.5, 0))}, Different},
		"nobody could look at it": {Picture{Digest: "ee"}, Different},
		"nothing":                 {Picture{}, Different},
	} {
		if got := shot.Like(c.other); got != c.want || c.other.Like(shot) != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if (Picture{}).Like(Picture{}) != Different {
		t.Error("two unknown pictures are alike")
	}
	if flat := image.NewGray(image.Rect(0, 0, 50, 50)); Look(flat) != 0 {
		t.Error("the night has a look")
	}
}

func TestCompare(t *testing.T) {
	noon := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	here := geo.Point{Lon: 36.8586, Lat: -1.2621}
	spot := func(metres float64, after time.Duration, categories ...string) Spot {
		at := noon.Add(after)
		return Spot{Located: true, Point: geo.Destination(here, 90, metres), Uncertain: 20, From: at, To: at, Categories: categories}
	}
	nowhere := func(s Spot) Spot { s.Located = false; return s }
	kin := func(a, b string) bool { return a+b == "hazardflood" || a+b == "floodhazard" }
	for name, c := range map[string]struct {
		at           Spot
		said         Said
		joins, maybe bool
	}{
		"near, soon, in like words":                  {spot(60, time.Hour, "flood"), Said{Like: 0.5, Shared: []string{"market"}}, true, true},
		"of a kindred category":                      {spot(60, time.Hour, "hazard"), Said{Like: 0.6}, true, true},
		"in other words":                             {spot(60, time.Hour, "flood"), Said{}, false, true},
		"of another category":                        {spot(60, time.Hour, "fire"), Said{Like: 1}, false, false},
		"too far":                                    {spot(500, 0, "flood"), Said{Like: 1, Copied: true}, false, false},
		"with the same picture":                      {spot(60, time.Hour, "flood"), Said{Pictures: SameBytes}, true, true},
		"with a picture that looks alike":            {spot(60, time.Hour, "flood"), Said{Pictures: LooksAlike}, true, true},
		"passed on, nowhere":                         {nowhere(spot(0, 20*time.Hour)), Said{Copied: true, Like: 1}, true, true},
		"in like words, nowhere":                     {nowhere(spot(0, time.Hour, "flood")), Said{Like: 0.9}, false, false},
		"two days later, in like words":              {spot(10, 48*time.Hour, "flood"), Said{Like: 0.45}, false, true},
		"two days later, in nearly the same words":   {spot(10, 48*time.Hour, "flood"), Said{Like: 0.8}, true, true},
		"the same text at the same place next week":  {spot(0, 200*time.Hour, "flood"), Said{Copied: true, Like: 1}, false, true},
		"the same words at the same place next week": {spot(0, 200*time.Hour, "flood"), Said{Like: 1}, false, false},
	} {
		got := Compare(c.at, spot(0, 0, "flood"), c.said, kin)
		if got.Join != c.joins || (got.Score >= Suggests) != c.maybe || got.Score > 0 && got.Why == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// What does not join one way does not join the other, and what is farther apart
// never scores more.
func TestCompareHasNoOrderAndFallsWithDistance(t *testing.T) {
	noon := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) Spot {
			at := noon.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, name+" hours")) * time.Hour)
			return Spot{Located: true, Point: geo.Destination(geo.Point{Lon: 10, Lat: 10}, 90, rapid.Float64Range(0, 900).Draw(t, name)), Uncertain: rapid.Float64Range(10, 300).Draw(t, name+" within"), From: at, To: at}
		}
		a, b := draw("a"), draw("b")
		said := Said{Like: rapid.Float64Range(0, 1).Draw(t, "like"), Copied: rapid.Bool().Draw(t, "copied")}
		none := func(string, string) bool { return false }
		one, two := Compare(a, b, said, none), Compare(b, a, said, none)
		if math.Abs(one.Score-two.Score) > 1e-9 || one.Join != two.Join || one.Score < 0 || one.Score > 1 {
			t.Fatalf("%+v and %+v", one, two)
		}
		far := b
		far.Point = geo.Destination(b.Point, 90, 2000)
		if geo.Distance(a.Point, far.Point) > geo.Distance(a.Point, b.Point) && Compare(a, far, said, none).Score > one.Score+1e-9 {
			t.Fatal("farther and more alike")
		}
	})
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{told, "RT @a: " + told + "…", "\"“fwd: ...", "\xff\xfe…", "RT @", "Обстріл біля школи, є поранені", "पहिरोले बाटो", strings.Repeat("ab ", 3000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a := Read(text, func(string) bool { return false }, func(start, end int) bool {
			if start < 0 || end > len(text) || start >= end || utf8.ValidString(text) && !utf8.ValidString(text[start:end]) {
				t.Fatalf("a word from %d to %d of %d", start, end, len(text))
			}
			return false
		})
		if like, _ := a.Like(&a); like < 0 || like > 1 {
			t.Fatalf("like itself %v", like)
		}
		if a.Keys() != nil && !a.Copies(&a) {
			t.Fatal("it is no copy of itself")
		}
	})
}

func BenchmarkRead(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		read(told)
	}
}

func BenchmarkCompare(b *testing.B) {
	one, two := read(told), read("Dam at Nairobi broke, everybody runs to high ground now")
	b.ReportAllocs()
	for b.Loop() {
		one.Copies(&two)
		one.Like(&two)
	}
}

func BenchmarkLook(b *testing.B) {
	picture := scene(1600, 1200, 1, 0)
	b.ReportAllocs()
	for b.Loop() {
		Look(picture)
	}
}
