package triage

import (
	"strings"
	"testing"

	"github.com/onyo-project/onyo/geo/gazetteer"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/triage/seed"
)

func TestExplain(t *testing.T) {
	reader := testReader(t)
	near := gazetteer.Near{Bounds: &nairobi, Country: "KE"}
	for _, c := range []struct {
		text, hint          string
		language, relevance string
		category            string
		severity            crisis.Severity
		places              bool
	}{
		{"Six people trapped on the roof near Nairobi, please hurry", "", "en", "likely", "trapped", crisis.SeverityLifeSafety, true},
		{"Mto Mathare umefurika, maji yameingia nyumba zetu hapa 4A", "", "sw", "likely", "flood", crisis.SeverityNormal, false},
		{"Nou grangou nan Léogâne, pa gen manje depi yè", "", "ht", "likely", "need_food", crisis.SeverityNormal, true},
		{"L'eau monte très vite dans la rue, nous sommes sur le toit", "", "fr", "likely", "flood", crisis.SeverityLifeSafety, false},
		{"Обстріл біля школи, є поранені, потрібна швидка", "", "uk", "likely", "shooting", crisis.SeverityNormal, false},
		{"पहिरोले बाटो अवरुद्ध भयो, गाडी चल्दैन", "", "ne", "likely", "road_blocked", crisis.SeverityNormal, false},
		{"المياه تغمر الشارع والسيارات عالقة", "", "ar", "likely", "flood", crisis.SeverityLifeSafety, false},
		{"El río se desbordó y hay agua en las casas", "", "es", "likely", "flood", crisis.SeverityNormal, false},
		{"thank you and god bless", "", "en", "unlikely", "", crisis.SeverityNormal, false},
		{"", "", "", "unlikely", "", crisis.SeverityNormal, false},
		{"ok", "pt-BR", "pt", "unclear", "", crisis.SeverityNormal, false},
	} {
		got := reader.Explain(c.text, c.hint, near)
		category := ""
		if len(got.Categories) > 0 {
			category = got.Categories[0].Key
		}
		if got.Language.Code != c.language || got.Relevance.Verdict != c.relevance || category != c.category || got.Urgency.Severity != c.severity {
			t.Errorf("%q: language %+v, relevance %+v, category %q, urgency %+v", c.text, got.Language, got.Relevance, category, got.Urgency)
		}
		if c.places && len(got.Places) == 0 {
			t.Errorf("%q names a place", c.text)
		}
		if got.Language.Why == "" || got.Urgency.Why == "" || got.Relevance.Why == "" || got.Places == nil || got.Categories == nil {
			t.Errorf("%q: a suggestion without a reason: %+v", c.text, got)
		}
	}
}

func FuzzExplain(f *testing.F) {
	reader := testReader(f)
	for _, seed := range []string{"Flood at -1.2621, 36.8586", "https://maps.google.com/?q=1,2 fire", "\xff\x00", "Paris Paris Paris", strings.Repeat("no ", 500)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		explanation := reader.Explain(text, "", gazetteer.Near{})
		for _, place := range explanation.Places {
			if !place.point().Valid() || place.UncertaintyM <= 0 {
				t.Fatalf("a place that is nowhere: %+v", place)
			}
			if w := place.Words; text[w.Start:w.End] != w.Text {
				t.Fatalf("words %+v are not in the text", w)
			}
		}
		report := &crisis.Report{}
		seal(&report.Text, text)
		reader.voiceOf(report, explanation.Places)
	})
}

func BenchmarkExplain(b *testing.B) {
	reader := testReader(b)
	near := gazetteer.Near{Bounds: &nairobi, Country: "KE"}
	reader.Explain("Nairobi", "", near) // reads the gazetteer
	for b.Loop() {
		reader.Explain("Water is coming out of the river into houses at Mathare 4A near Kibera, knee deep now", "", near)
	}
}

// With all questions that a deployment can ask.
func BenchmarkExplainTaught(b *testing.B) {
	reader := testReader(b)
	categories, err := seed.Categories()
	if err != nil {
		b.Fatal(err)
	}
	for n := range 200 {
		d := Decision{Relevant: Yes, LifeSafety: No}
		for i, category := range categories {
			if i == n%len(categories) {
				d.Is = append(d.Is, category.Key)
			} else {
				d.IsNot = append(d.IsNot, category.Key)
			}
		}
		reader.Teach(groups[n%len(groups)][0].text, "", d)
	}
	b.ResetTimer()
	for b.Loop() {
		reader.Explain("Water is coming out of the river into houses at Mathare 4A near Kibera, knee deep now", "", gazetteer.Near{Bounds: &nairobi})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "texts/s")
}

func TestLanguageIsThatOfTheExplanation(t *testing.T) {
	reader := testReader(t)
	for text, want := range map[string]string{
		"The river is in our houses and the children are on the tables": "en",
		"Maji ya mto yameingia kwa nyumba zetu na watoto wako juu":      "sw",
		"":                 "",
		"-1.2621, 36.8586": "",
	} {
		got := reader.Language(text)
		if got != want || got != reader.Explain(text, "", gazetteer.Near{}).Language.Code {
			t.Errorf("%q is in %q, want %q", text, got, want)
		}
	}
}

func BenchmarkLanguage(b *testing.B) {
	reader := testReader(b)
	for b.Loop() {
		reader.Language("Maji ya mto yameingia kwa nyumba zetu na watoto wako juu ya meza")
	}
}

// A box is a town at best: neither its centre nor the centre of the town that it is
// called after is where something happened.
func TestABoxIsNoPoint(t *testing.T) {
	reader := testReader(t)
	report := &crisis.Report{Text: "flood at the bridge", Words: "Port-au-Prince, Haïti", Given: `{"box":[-72.4,18.5,-72.2,18.6]}`}
	candidates := reader.candidates(report, gazetteer.Near{})
	if place, ok := chosen(candidates); ok || len(candidates) < 2 {
		t.Errorf("it was put at %v %v of %d candidates", place.Lon, place.Lat, len(candidates))
	}
	report.Given = ""
	if _, ok := chosen(reader.candidates(report, gazetteer.Near{})); !ok {
		t.Error("without a box the same words name no place")
	}
}
