package seed

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/pkg/crisis"
)

func TestCategoriesAreAWholeTreeInEveryLanguage(t *testing.T) {
	categories, err := Categories()
	if err != nil {
		t.Fatal(err)
	}
	key := regexp.MustCompile(`^[a-z][a-z_]*$`)
	seen := map[string]bool{}
	for _, c := range categories {
		if !key.MatchString(c.Key) || seen[c.Key] || c.Icon == "" || c.LifetimeHours < 0 {
			t.Errorf("%q: a key of small letters, once, with an icon", c.Key)
		}
		seen[c.Key] = true
		if c.Parent != "" && !seen[c.Parent] {
			t.Errorf("%s comes before its parent %q", c.Key, c.Parent)
		}
		if !slices.Contains([]crisis.Severity{crisis.SeverityLow, crisis.SeverityNormal, crisis.SeverityLifeSafety}, c.Severity) {
			t.Errorf("%s has severity %q", c.Key, c.Severity)
		}
		for _, language := range Languages() {
			if strings.TrimSpace(c.Labels[language]) == "" {
				t.Errorf("%s has no label in %s", c.Key, language)
			}
		}
	}
	if len(categories) > 64 {
		t.Errorf("%d categories; the map index has room for 64", len(categories))
	}
}

func TestWhatShipsHiddenIsOffExceptWhereACrisisNamesIt(t *testing.T) {
	crises, err := Crises()
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range crises {
		categories, err := For(one.Key)
		if err != nil {
			t.Fatal(err)
		}
		known := map[string]*crisis.Category{}
		for _, c := range categories {
			known[c.Key] = c
			if c.Profile == crisis.ProfileHidden && c.Enabled && one.Key != "conflict" {
				t.Errorf("%s switches on %s", one.Key, c.Key)
			}
			if c.Enabled && c.Parent != "" && !known[c.Parent].Enabled {
				t.Errorf("%s switches on %s without its parent", one.Key, c.Key)
			}
		}
		for _, key := range one.Categories {
			if known[key] == nil {
				t.Errorf("%s names %s, which there is not", one.Key, key)
			}
		}
		for _, language := range Languages() {
			if one.Titles[language] == "" {
				t.Errorf("%s has no title in %s", one.Key, language)
			}
		}
	}
	for _, key := range []string{"detention", "sexual_violence", "killing"} {
		categories, _ := Categories()
		at := slices.IndexFunc(categories, func(c *crisis.Category) bool { return c.Key == key })
		if at < 0 || categories[at].Profile != crisis.ProfileHidden || categories[at].Enabled {
			t.Errorf("%s must ship hidden and off", key)
		}
	}
	if _, err := For("picnic"); err == nil {
		t.Error("an unknown crisis must be refused")
	}
}

func TestEmergencySentenceNamesTheNumberInEveryLanguage(t *testing.T) {
	emergency, err := Emergency()
	if err != nil {
		t.Fatal(err)
	}
	for _, language := range Languages() {
		if !strings.Contains(emergency.Sentence[language], "{number}") {
			t.Errorf("%s: %q", language, emergency.Sentence[language])
		}
	}
}
