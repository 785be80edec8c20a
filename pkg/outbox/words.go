package outbox

import "strings"

// phrases are what Onyo says by itself, in one language. They thank for nothing
// that the message said, so that a phone that is taken away tells nothing.
type phrases struct {
	// thanks holds one %s for the reference; where leads to a link.
	thanks, where string
}

// words are the phrases in a language, else in English.
func words(language string) phrases {
	if found, ok := vocabulary()[base(language)]; ok {
		return found
	}
	return vocabulary()["en"]
}

// spoken is the first language that we have words in: the message's own, then the
// deployment's.
func spoken(own string, deployment []string) string {
	for _, language := range append([]string{own}, deployment...) {
		if _, ok := vocabulary()[base(language)]; ok {
			return base(language)
		}
	}
	return "en"
}

func base(language string) string {
	tag, _, _ := strings.Cut(language, "-")
	return strings.ToLower(tag)
}

func vocabulary() map[string]phrases {
	return map[string]phrases{
		"en": {"Your message has arrived. Reference: %s.", "To show the place, once:"},
		"fr": {"Votre message est arrivé. Référence : %s.", "Pour indiquer le lieu, une fois :"},
		"es": {"Su mensaje ha llegado. Referencia: %s.", "Para indicar el lugar, una vez:"},
		"ar": {"وصلت رسالتك. الرقم المرجعي: %s.", "لتحديد المكان، مرة واحدة:"},
		"sw": {"Ujumbe wako umefika. Kumbukumbu: %s.", "Kuonyesha mahali, mara moja:"},
		"ht": {"Mesaj ou a rive. Referans: %s.", "Pou montre kote a, yon sèl fwa:"},
		"uk": {"Ваше повідомлення надійшло. Номер: %s.", "Щоб показати місце, один раз:"},
		"ne": {"तपाईंको सन्देश आइपुग्यो। सन्दर्भ: %s।", "ठाउँ देखाउन, एक पटक:"},
	}
}
