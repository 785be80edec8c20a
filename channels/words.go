package channels

import (
	"strings"
	"unicode"
)

// Words are the single words by which a person stops and starts what is sent to
// them.
type Words struct{ stop, start map[string]bool }

// stopWords are what operators honour (CTIA, Twilio) and the same word in the
// languages of places where Onyo is likely to be used.
const stopWords = "stop stopall unsubscribe cancel end quit optout revoke " + // English
	"arret arrêt désabonner desabonner " + // French
	"alto baja parar cancelar " + // Spanish, Portuguese
	"acha sitisha " + // Swahili
	"kanpe sispann " + // Haitian Creole
	"توقف إيقاف ايقاف قف " + // Arabic
	"стоп зупинити отписаться " + // Ukrainian, Russian
	"रोक्नुहोस् रोकें " + // Nepali, Hindi
	"berhenti tigil durdur dur" // Indonesian, Filipino, Turkish

const startWords = "start unstop subscribe resume optin " +
	"reprendre " +
	"iniciar " +
	"anza " +
	"kòmanse komanse " +
	"ابدأ ابدا " +
	"старт почати " +
	"सुरु " +
	"mulai başla"

// NewWords knows the usual words and those that a deployment adds, separated by
// commas or spaces.
func NewWords(moreStop, moreStart string) Words {
	return Words{stop: wordSet(stopWords + " " + moreStop), start: wordSet(startWords + " " + moreStart)}
}

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.FieldsFunc(list, func(r rune) bool { return unicode.IsSpace(r) || r == ',' }) {
		set[fold(word)] = true
	}
	return set
}

func fold(word string) string { return strings.ToLower(strings.ToUpper(word)) }

// Nature is Stop or Start when the whole text is one such word, in any case and
// with punctuation or quotes around it, and Report otherwise: "stop" is an
// opt-out, "stop the water at the bridge" is a report.
func (w Words) Nature(text string) Nature {
	word := strings.TrimFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r) || r == '\u200e' || r == '\u200f' || r == '\ufeff'
	})
	if word == "" || len(word) > 64 {
		return Report
	}
	word = fold(word)
	switch {
	case w.stop[word]:
		return Stop
	case w.start[word]:
		return Start
	}
	return Report
}
