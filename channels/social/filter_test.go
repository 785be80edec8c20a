package social

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFilter(t *testing.T) {
	for _, tc := range []struct {
		words, languages, text string
		tags, langs            []string
		want                   bool
	}{
		{words: "flood", text: "A FLOOD!", want: true},
		{words: "flood", text: "flooding", want: false},
		{words: "flood", text: "#flood", want: true},
		{words: "flood", text: "flash-flood", want: true},
		{words: "flood kibera", text: "Flood\n KIBERA now", want: true},
		{words: "flood kibera", text: "flood in kibera", want: false},
		{words: "#flood", text: "flood", want: false},
		{words: "#flood", text: "so #Flood.", want: true},
		{words: "#flood", text: "#floods", want: false},
		{words: "#flood", text: "", tags: []string{"Flood"}, want: true},
		{words: "洪水", text: "大洪水来了", want: true},
		{words: "น้ำท่วม", text: "เกิดน้ำท่วมใหญ่", want: true},
		{words: "سيل", text: "سيل كبير", want: true},
		{words: "سيل", text: "مسيلة", want: false},
		{words: "cafe\u0301", text: "CAFÉ", want: true},
		{words: "flood", languages: "sw", text: "flood", langs: []string{"en"}, want: false},
		{words: "flood", languages: "sw,en", text: "flood", langs: []string{"de", "en-GB"}, want: true},
		{words: "flood", languages: "sw", text: "flood", want: true},
		{words: "flood", text: "", want: false},
	} {
		if got := newFilter(tc.words, tc.languages).takes(tc.text, tc.tags, tc.langs); got != tc.want {
			t.Errorf("%q takes %q %v %v: %t", tc.words, tc.text, tc.tags, tc.langs, got)
		}
	}
}

// A word is found wherever it stands alone, whatever else is said.
func TestFilterFindsWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-z]{3,8}`).Draw(t, "word")
		before := rapid.String().Draw(t, "before")
		after := rapid.String().Draw(t, "after")
		f := newFilter(word, "")
		if !f.takes(before+" "+strings.ToUpper(word)+", "+after, nil, nil) {
			t.Fatal("not found")
		}
		if f.takes("x"+word+"x", nil, nil) {
			t.Fatal("found inside another word")
		}
	})
}
