package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/triage/seed"
)

func knownCategories(t *testing.T) map[string]*crisis.Category {
	t.Helper()
	categories, err := seed.Categories()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]*crisis.Category{}
	for _, category := range categories {
		known[category.Key] = category
	}
	return known
}

func TestCategorise(t *testing.T) {
	known := knownCategories(t)
	for labels, want := range map[string][2]string{
		"1c. Personnes prises au piege | People trapped":                   {"trapped", ""},
		"2a. Penurie d'aliments | Food Shortage":                           {"need_food", ""},
		"2. Urgences logistiques | Vital Lines, 2b. Penurie d'eau":         {"need_water", ""}, // no parent beside its child
		"7a. Distribution d'aliments | Food distribution point":            {"information", ""},
		"7d. Services de sante | Hospital/Clinics Operating":               {"information", ""},
		"5a. Structure effondres | Collapsed structure":                    {"collapse", ""},
		"5b. Structures a risque | Unstable Structure, 1c. People trapped": {"trapped infrastructure", ""}, // most severe first
		"6a. Deces | Deaths, 8. Autre | Other":                             {"", "6a. Deces | Deaths, 8. Autre | Other"},
		"flood, FLOOD, Floods":                                             {"flood", ""},
		"Firewood, backfire":                                               {"", "Firewood, backfire"},
		"Gender: sexual violence":                                          {"sexual_violence", ""},
		"Polling station closed late, Vote buying, Rumours":                {"polling_problem intimidation rumour", ""},
	} {
		keys, others := categorise(labelsOf(labels), known)
		if diff := cmp.Diff(want, [2]string{strings.Join(keys, " "), strings.Join(others, ", ")}); diff != "" {
			t.Errorf("%s: %s", labels, diff)
		}
	}
}

// Every line of the table names a category that a deployment starts with, in
// lower case, and can be reached: no line before it takes all it could match.
func TestTheTableOfWordsIsSound(t *testing.T) {
	known := knownCategories(t)
	for i, line := range categoryOfWords() {
		if _, ok := known[line[1]]; !ok {
			t.Errorf("%q: there is no category %s", line[0], line[1])
		}
		if line[0] != strings.ToLower(line[0]) {
			t.Errorf("%q is not in lower case", line[0])
		}
		for _, before := range categoryOfWords()[:i] {
			if hasWords(line[0], before[0]) {
				t.Errorf("%q never matches: %q comes before it", line[0], before[0])
			}
		}
	}
}
