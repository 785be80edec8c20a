package main

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// categoryOfWords says which of our categories the words in other people's
// labels mean: the first line that has a phrase of the label decides, so what is
// special stands before what is general. Phrases are lower case, matched as
// whole words with or without a plural s. Categories that the deployment does
// not know stay the label they were.
func categoryOfWords() [][2]string {
	return [][2]string{
		// Help that is there is information, not a need.
		{"distribution", "information"}, {"services available", "information"}, {"operating", "information"},
		{"forward a message", "information"}, {"secours", "information"},

		{"sexual", "sexual_violence"}, {"rape", "sexual_violence"}, {"detention", "detention"}, {"arrest", "detention"},
		{"abduction", "detention"}, {"kidnap", "detention"}, {"killing", "killing"}, {"murder", "killing"},
		{"shooting", "shooting"}, {"gunfire", "shooting"}, {"explosion", "shooting"}, {"bomb", "shooting"},

		{"trapped", "trapped"}, {"prises au piege", "trapped"}, {"search and rescue", "trapped"},
		{"missing person", "missing"}, {"missing people", "missing"}, {"persons news", "missing"}, {"personnes disparues", "missing"},
		{"injured", "injured"}, {"injury", "injured"}, {"vulnerable", "people"},

		{"medical", "need_medical"}, {"medicine", "need_medical"}, {"health", "need_medical"}, {"chronic care", "need_medical"},
		{"psychiatric", "need_medical"}, {"disease", "disease"}, {"cholera", "disease"}, {"epidemic", "disease"},
		{"hospital", "hospital"}, {"clinic", "hospital"},
		{"food", "need_food"}, {"aliment", "need_food"}, {"hunger", "need_food"},
		{"water", "need_water"}, {"penurie d'eau", "need_water"},
		{"shelter", "need_shelter"}, {"refuge", "need_shelter"}, {"idp", "need_shelter"}, {"displaced", "need_shelter"},

		{"collapsed", "collapse"}, {"effondres", "collapse"},
		{"road", "road_blocked"}, {"route barree", "road_blocked"}, {"bridge", "bridge"},
		{"power", "power"}, {"electricity", "power"}, {"courant", "power"},
		{"infrastructure", "infrastructure"}, {"structure", "infrastructure"}, {"communication", "infrastructure"},

		{"looting", "violence"}, {"pillage", "violence"}, {"violence", "violence"}, {"riot", "violence"}, {"clash", "violence"},
		{"security", "security"}, {"threat", "security"},
		{"polling", "polling_problem"}, {"ballot", "polling_problem"}, {"registration", "polling_problem"},
		{"intimidation", "intimidation"}, {"bribery", "intimidation"}, {"vote buying", "intimidation"},
		{"counting", "counting"}, {"tallying", "counting"}, {"results", "counting"}, {"election", "election"}, {"voting", "election"},

		{"flood", "flood"}, {"inondation", "flood"}, {"storm", "storm"}, {"cyclone", "storm"}, {"hurricane", "storm"}, {"typhoon", "storm"},
		{"aftershock", "earthquake"}, {"earthquake", "earthquake"}, {"seisme", "earthquake"}, {"landslide", "landslide"},
		{"wildfire", "fire"}, {"fire", "fire"}, {"incendie", "fire"}, {"snow", "snow"}, {"hazard", "hazard"},

		{"rumor", "rumour"}, {"rumour", "rumour"}, {"pothole", "pothole"}, {"street light", "street_light"},
		{"waste", "waste"}, {"garbage", "waste"},
		{"shortage", "need"}, {"vital lines", "need"}, {"emergency", "need"}, {"urgence", "need"},
	}
}

// categorise turns labels into categories that the deployment knows, most severe
// first and no parent beside its child, and gives the labels that are none.
func categorise(labels []string, known map[string]*crisis.Category) (keys, others []string) {
	for _, label := range labels {
		key := categoryOf(label, known)
		switch {
		case key == "":
			others = append(others, label)
		case !slices.Contains(keys, key):
			keys = append(keys, key)
		}
	}
	general := map[string]bool{}
	for _, key := range keys {
		general[known[key].Parent] = true
	}
	keys = slices.DeleteFunc(keys, func(key string) bool { return general[key] })
	slices.SortStableFunc(keys, func(a, b string) int {
		return cmp.Compare(known[b].Severity.Rank(), known[a].Severity.Rank())
	})
	return keys, others
}

// categoryOf is the category that a label means: the one it names by its key,
// else by the words in it; "" for none.
func categoryOf(label string, known map[string]*crisis.Category) string {
	label = strings.ToLower(label)
	if _, ok := known[label]; ok {
		return label
	}
	for _, line := range categoryOfWords() {
		if _, ok := known[line[1]]; ok && hasWords(label, line[0]) {
			return line[1]
		}
	}
	return ""
}

// hasWords reports whether text has a phrase as whole words.
func hasWords(text, phrase string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], phrase)
		if at < 0 {
			return false
		}
		end := from + at + len(phrase)
		before, _ := utf8.DecodeLastRuneInString(text[:from+at])
		after, _ := utf8.DecodeRuneInString(strings.TrimPrefix(text[end:], "s"))
		if !unicode.IsLetter(before) && !unicode.IsLetter(after) {
			return true
		}
		from = end
	}
}

// severest is the severity of an incident of these categories.
func severest(keys []string, known map[string]*crisis.Category) crisis.Severity {
	if len(keys) == 0 {
		return crisis.SeverityNormal
	}
	severity := crisis.SeverityLow
	for _, key := range keys {
		if known[key].Severity.Rank() > severity.Rank() {
			severity = known[key].Severity
		}
	}
	return severity
}
