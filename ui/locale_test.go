package ui

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Every language says everything that English says, with the same names to fill
// in, and has a text for each plural form its numbers up to 200 take.
func TestLocalesAreComplete(t *testing.T) {
	u := open(t)
	holes := regexp.MustCompile(`\{\w+\}`)
	for code, texts := range u.words {
		for key, english := range u.words[English] {
			text, ok := texts[key]
			if !ok || text == "" {
				t.Errorf("%s lacks %s", code, key)
				continue
			}
			if strings.HasSuffix(key, ".one") {
				continue // "two" and "one" may be words
			}
			for _, hole := range holes.FindAllString(english, -1) {
				if !strings.Contains(text, hole) {
					t.Errorf("%s: %s lost %s: %q", code, key, hole, text)
				}
			}
		}
		for key := range texts {
			base, form, found := cutForm(key)
			if _, english := u.words[English][key]; !english && !(found && u.words[English][base+".other"] != "") {
				t.Errorf("%s has %s, which English lacks (form %s)", code, key, form)
			}
		}
		pluralForms(t, u, code)
	}
}

func cutForm(key string) (base, form string, ok bool) {
	at := strings.LastIndexByte(key, '.')
	if at < 0 {
		return key, "", false
	}
	return key[:at], key[at+1:], slices.Contains(forms[:], key[at+1:])
}

func pluralForms(t *testing.T, u *UI, code string) {
	t.Helper()
	tag := language.Make(code)
	for key := range u.words[English] {
		base, form, ok := cutForm(key)
		if !ok || form != "other" || u.words[English][base+".one"] == "" {
			continue
		}
		for n := 1; n <= 200; n++ {
			want := forms[plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)]
			if _, ok := u.words[code][base+"."+want]; !ok {
				t.Errorf("%s: %s has no form %q, for %d", code, base, want, n)
				break
			}
		}
	}
}

func TestText(t *testing.T) {
	u := &UI{words: map[string]map[string]string{
		"en": {"bars.one": "{n} bar", "bars.other": "{n} bars", "hello": "Hello, {name}", "only": "only here"},
		"uk": {"bars.one": "{n} стовпчик", "bars.few": "{n} стовпчики", "bars.many": "{n} стовпчиків", "bars.other": "{n} стовпчика"},
	}}
	tests := []struct {
		code, key string
		args      []any
		want      string
	}{
		{"en", "bars", []any{"n", 1}, "1 bar"},
		{"en", "bars", []any{"n", 0}, "0 bars"},
		{"uk", "bars", []any{"n", 22}, "22 стовпчики"},
		{"uk", "bars", []any{"n", 25}, "25 стовпчиків"},
		{"uk", "only", nil, "only here"},
		{"uk", "hello", []any{"name", "{name}"}, "Hello, {name}"},
		{"en", "nowhere", nil, "nowhere"},
		{"en", "hello", []any{"name"}, "Hello, {name}"},
	}
	for _, test := range tests {
		if got := u.Text(test.code, test.key, test.args...); got != test.want {
			t.Errorf("Text(%s, %s, %v) = %q, want %q", test.code, test.key, test.args, got, test.want)
		}
	}
}

func TestPick(t *testing.T) {
	u := open(t)
	tests := []struct {
		name                  string
		offered               []string
		asked, cookie, header string
		want                  string
	}{
		{"asked by name", []string{"en", "fr"}, "ar", "fr", "en", "ar"},
		{"kept in a cookie", []string{"en", "fr"}, "", "fr", "en", "fr"},
		{"the browser's, with a region", []string{"en", "fr"}, "", "", "fr-CA, en;q=0.8", "fr"},
		{"not offered", []string{"sw", "en"}, "", "", "ja", "sw"},
		{"nonsense", []string{"sw"}, "xx", "../en", ";;;", "sw"},
		{"nothing offered", nil, "", "", "uk", "uk"},
		{"nothing at all", nil, "", "", "", "en"},
	}
	for _, test := range tests {
		if got := u.Pick(test.offered, test.asked, test.cookie, test.header); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// Icons that categories and templates name are there.
func TestIcons(t *testing.T) {
	paths, err := iconPaths()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"other", "language", "exit", "phone", "send", "check", "rising", "steady", "falling"} {
		if paths[name] == "" {
			t.Errorf("there is no icon %s", name)
		}
	}
	if !json.Valid(icons) {
		t.Error("icons.json is no JSON")
	}
}
