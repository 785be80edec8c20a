package learn

import (
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var (
	floods = []string{"River burst its banks at the market", "Water in the houses by the river", "the river is over the road, water everywhere",
		"Houses under water near the bridge", "water rising at the school"}
	talk = []string{"good morning everybody", "who wins the match tonight?", "happy birthday my friend", "I love this song", "so bored at school today"}
)

func taught(times int) *Model {
	m := New()
	for range times {
		for i := range floods {
			m.Learn(Read(floods[i]), Lesson{Question: "relevant", Yes: true})
			m.Learn(Read(talk[i]), Lesson{Question: "relevant"})
		}
	}
	return m
}

func TestBeforeAnyLessonThePriorSpeaks(t *testing.T) {
	for prior, want := range map[float64]float64{0: 0.5, 2: 0.8808, -2: 0.1192, 100: 0.982, math.Inf(-1): 0.018, math.NaN(): 0.5} {
		got := New().Suggest("relevant", Read("water in the houses"), prior)
		if math.Abs(got.Score-want) > 0.001 || got.Lessons != 0 || len(got.Words) != 0 {
			t.Errorf("prior %v gives %+v, want %v", prior, got, want)
		}
	}
}

func TestWhatWasTaughtIsSuggestedWithItsWords(t *testing.T) {
	m := taught(3)
	for _, c := range []struct {
		text string
		yes  bool
		word string // among those that weighed
	}{
		{"the WATER is in our kitchen", true, "WATER"},
		{"rivers rise and the bridge is gone", true, "bridge"}, // "rivers" by its letters, not by itself
		{"happy morning friend", false, "happy"},
	} {
		got := m.Suggest("relevant", Read(c.text), 0)
		if yes := got.Score >= 0.5; yes != c.yes || got.Lessons != 30 {
			t.Errorf("%q: %+v", c.text, got)
		}
		if !slices.ContainsFunc(got.Words, func(w Word) bool { return w.Text == c.word && c.text[w.Start:w.End] == c.word }) {
			t.Errorf("%q: %q is not among %+v", c.text, c.word, got.Words)
		}
		for _, w := range got.Words {
			if w.Weight <= 0 || c.yes && w.Yes <= w.No || !c.yes && w.No <= w.Yes {
				t.Errorf("%q: %+v speaks for the other side", c.text, w)
			}
		}
	}
	if got := m.Suggest("life_safety", Read(floods[0]), -1); got.Lessons != 0 || got.Score > 0.5 {
		t.Errorf("another question was answered: %+v", got)
	}
}

// A prior that people keep overruling loses its say.
func TestTrustInAPriorThatIsWrongFades(t *testing.T) {
	m := New()
	texts := strings.Fields("one two three four five six seven eight nine ten")
	for i := range 200 {
		m.Learn(Read(texts[i%len(texts)]), Lesson{Question: "flood", Prior: 2}, Lesson{Question: "flood", Prior: -2, Yes: true})
	}
	if got := m.Score("flood", Read("eleven"), 2); got >= 0.5 {
		t.Errorf("still %v", got)
	}
}

func TestALinkAndAnAccountAreNoWords(t *testing.T) {
	got := Read("RT @somebody_77: fire https://example.org/a?b=c near me@mail.example www.example.org")
	var words []string
	for _, w := range got.words {
		words = append(words, w.text)
	}
	if diff := cmp.Diff([]string{"RT", "fire", "near", "me"}, words); diff != "" {
		t.Error(diff)
	}
}

// The same lessons give the same model, and a lesson moves its own text towards
// what was said.
func TestLessons(t *testing.T) {
	words := rapid.SliceOfN(rapid.SampledFrom(strings.Fields(strings.Join(append(floods, talk...), " "))), 1, 12)
	rapid.Check(t, func(t *rapid.T) {
		type said struct {
			text string
			yes  bool
		}
		var all []said
		for range rapid.IntRange(1, 20).Draw(t, "lessons") {
			all = append(all, said{strings.Join(words.Draw(t, "words"), " "), rapid.Bool().Draw(t, "yes")})
		}
		a, b := New(), New()
		for _, one := range all {
			text := Read(one.text)
			before := a.Score("q", text, 0)
			a.Learn(text, Lesson{Question: "q", Yes: one.yes})
			b.Learn(Read(one.text), Lesson{Question: "q", Yes: one.yes})
			after := a.Score("q", text, 0)
			if one.yes && after <= before && before < 0.99 || !one.yes && after >= before && before > 0.01 {
				t.Fatalf("%q said %v moved from %v to %v", one.text, one.yes, before, after)
			}
		}
		for _, one := range all {
			if diff := cmp.Diff(a.Suggest("q", Read(one.text), 0), b.Suggest("q", Read(one.text), 0)); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"flood here!! http://x.y", "@ @@ ://", "الفيضانات؟", "पहिरोले 12", "洪水です東京", "\xff\xfe\x00", strings.Repeat("x", 5000), strings.Repeat("a b ", 500)} {
		f.Add(seed)
	}
	m := taught(1)
	f.Fuzz(func(t *testing.T, text string) {
		read := Read(text)
		length := 0.0
		for _, one := range read.features {
			length += float64(one.value * one.value)
		}
		if length > 3 || math.IsNaN(length) || len(read.words) > maxWords {
			t.Fatalf("%d words of length %v", len(read.words), length)
		}
		got := m.Suggest("relevant", read, 0)
		if !(got.Score >= 0 && got.Score <= 1) {
			t.Fatalf("score %v", got.Score)
		}
		for _, w := range got.Words {
			if text[w.Start:w.End] != w.Text || utf8.ValidString(text) && !utf8.ValidString(w.Text) {
				t.Fatalf("word %+v is not in the text", w)
			}
		}
		m.Learn(read, Lesson{Question: "relevant", Yes: len(text)%2 == 0})
	})
}

const typical = "RT @ndma: Water is coming out of the river into houses at Mathare 4A, knee deep now, people on roofs http://t.co/abc123 please send boats"

// One message: taken apart, asked, taught.
func BenchmarkMessage(b *testing.B) {
	m := taught(20)
	b.ReportAllocs()
	for b.Loop() {
		text := Read(typical)
		m.Suggest("relevant", text, 0)
		m.Learn(text, Lesson{Question: "relevant", Yes: true})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}

func BenchmarkRead(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Read(typical)
	}
}
