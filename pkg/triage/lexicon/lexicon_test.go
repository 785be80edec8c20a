package lexicon

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func open(t testing.TB) *Lexicon {
	t.Helper()
	lexicon, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	return lexicon
}

func TestWhatWordsSay(t *testing.T) {
	lexicon := open(t)
	for _, c := range []struct {
		name, language, text string
		certain              string // categories, in order
		urgent               bool
	}{
		{"English flood", "en", "River burst its banks, houses flooded near the market", "flood", false},
		{"Swahili flood, language unknown", "", "Mto Mathare umefurika, maji yameingia nyumba zetu", "flood", false},
		{"French flood", "fr", "L'avenue est inondée, de l'eau jusqu'aux genoux", "flood", false},
		{"Spanish fire", "es", "Hay un incendio grande, mucho humo", "fire", false},
		{"Arabic flood with article", "ar", "الفيضانات دخلت البيوت", "flood", false},
		{"Haitian hunger", "ht", "Nou grangou, pa gen manje depi yè", "need_food", false},
		{"Ukrainian shelling", "uk", "Обстріл біля школи, вибухи", "shooting", false},
		{"Nepali landslide", "ne", "पहिरोले बाटो अवरुद्ध भयो", "landslide road_blocked", false},
		{"people on a roof", "en", "Six people trapped on the roof, please hurry", "trapped", true},
		{"denied", "en", "There is no fire here and we are not trapped", "", false},
		{"what there is none of", "en", "We have no water since Monday", "need_water", false},
		{"motorcycle, not fire", "fr", "Ma moto est tombée", "", false},
		{"weak words alone", "en", "The river is nice", "", false},
		{"two weak words", "en", "river and rain", "flood", false},
		{"nothing", "", "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			reading := lexicon.Read(c.text, c.language)
			var certain []string
			for _, finding := range reading.Categories() {
				if finding.Certain() {
					certain = append(certain, finding.Key)
				}
			}
			if got := strings.Join(certain, " "); got != c.certain {
				t.Errorf("certain of %q, want %q (%+v)", got, c.certain, reading.Findings)
			}
			if got := reading.Find(LifeSafety).Certain(); got != c.urgent {
				t.Errorf("urgent %v, want %v", got, c.urgent)
			}
		})
	}
}

func TestParseNamesTheLine(t *testing.T) {
	for _, bad := range []string{"flood en flood", "flood: water", "flood en: water, , fire", "flood en: ***"} {
		if _, err := Parse("# head\n" + bad); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q gives %v", bad, err)
		}
	}
}

func TestFoldingTwiceChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		once := Fold(rapid.String().Draw(t, "word"))
		if twice := Fold(once); twice != once {
			t.Fatalf("%q became %q", once, twice)
		}
	})
}

func TestEveryTermFindsItself(t *testing.T) {
	lexicon := open(t)
	for _, filed := range []map[string][]term{lexicon.exact, lexicon.stems} {
		for _, terms := range filed {
			for _, one := range terms {
				if one.key == negation {
					continue
				}
				var words []string
				for _, w := range one.words {
					words = append(words, w.text)
				}
				text := strings.Join(words, " ")
				if lexicon.Read(text, one.language).Find(one.key).Score == 0 {
					t.Errorf("%s %s: %q is not found", one.key, one.language, text)
				}
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	lexicon := open(f)
	for _, seed := range []string{"flood here!!", "l'eau monte; pas d'eau", "الفيضانات والمياه", "पहिरोले", "\xff\xfe", "ａｂｃ", strings.Repeat("no flood ", 100)} {
		f.Add(seed, "en")
	}
	f.Fuzz(func(t *testing.T, text, language string) {
		reading := lexicon.Read(text, language)
		for _, finding := range reading.Findings {
			for _, hit := range finding.Hits {
				if hit.Start < 0 || hit.End > len(text) || hit.Start >= hit.End || text[hit.Start:hit.End] != hit.Text {
					t.Fatalf("hit %+v is not in the text", hit)
				}
				if utf8.ValidString(text) && !utf8.ValidString(hit.Text) {
					t.Fatalf("hit %q cuts a letter", hit.Text)
				}
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	lexicon := open(b)
	for b.Loop() {
		lexicon.Read("Water is coming out of the river into houses at Mathare 4A, knee deep now, people on roofs", "en")
	}
}
