package gazetteer

import (
	_ "embed"
	"strings"
)

// Words that are names of places somewhere, but far more often just words, one
// a line in folded form, in order.
//
//go:embed common.txt
var commonWords string

// isCommon reports whether a folded word is an everyday word.
func isCommon(word string) bool {
	return word != "" && strings.Contains(commonWords, "\n"+word+"\n")
}

// Words that, next to a name, make it the name of something else.
const featureWords = " river creek stream lake bay valley mountain mountains hill road rd highway hwy street st avenue ave bridge" +
	" rio riviere lac route rue pont rivere calle carretera puente lago fiume via strada ponte lago montagna" +
	" sungai jalan danau gunung mto barabara ziwa riviye wout" +
	" طريق شارع جسر وادي نهر جبل جامعه مستشفي مخيم "

// isFeature reports whether a folded word is one of them.
func isFeature(word string) bool { return strings.Contains(featureWords, " "+word+" ") }
