package sms

// ussdWords are the menu's own words in one language. Screens are short: phones
// show about 160 characters, half as many where a script is not Latin.
type ussdWords struct {
	name   string // of the language, in itself
	what   string // asks for a category
	write  string // asks for the same in words, where there are no categories
	next   string // the next screen of categories
	where  string
	more   string
	thanks string
	wrong  string // an answer that was none
}

// ussdWordsOf knows the languages that the menu speaks.
func ussdWordsOf(language string) (words ussdWords, known bool) {
	switch language {
	case "en":
		return ussdWords{"English", "What do you see?", "Write what you see.", "More",
			"Where? Write the village, street or landmark. 0: skip",
			"Anything else? How many people, what is needed? 0: no",
			"Thank you. Your report was received.", "Please choose a number."}, true
	case "fr":
		return ussdWords{"Français", "Que voyez-vous ?", "Écrivez ce que vous voyez.", "Suite",
			"Où ? Écrivez le village, la rue ou un repère. 0 : passer",
			"Autre chose ? Combien de personnes, quels besoins ? 0 : non",
			"Merci. Votre signalement est reçu.", "Choisissez un numéro."}, true
	case "es":
		return ussdWords{"Español", "¿Qué ve?", "Escriba lo que ve.", "Más",
			"¿Dónde? Escriba el pueblo, la calle o un lugar conocido. 0: omitir",
			"¿Algo más? ¿Cuántas personas, qué hace falta? 0: no",
			"Gracias. Recibimos su aviso.", "Elija un número."}, true
	case "ar":
		return ussdWords{"العربية", "ماذا ترى؟", "اكتب ما تراه.", "المزيد",
			"أين؟ اكتب القرية أو الشارع أو معلماً قريباً. 0: تخطي",
			"هل من شيء آخر؟ كم شخصاً، وما المطلوب؟ 0: لا",
			"شكراً. وصل بلاغك.", "اختر رقماً."}, true
	case "sw":
		return ussdWords{"Kiswahili", "Unaona nini?", "Andika unachokiona.", "Zaidi",
			"Wapi? Andika kijiji, mtaa au alama ya karibu. 0: ruka",
			"Kuna jambo lingine? Watu wangapi, nini kinahitajika? 0: hapana",
			"Asante. Taarifa yako imepokelewa.", "Chagua nambari."}, true
	case "ht":
		return ussdWords{"Kreyòl", "Kisa ou wè?", "Ekri sa ou wè a.", "Plis",
			"Ki kote? Ekri katye a, lari a oswa yon kote moun konnen. 0: sote",
			"Gen lòt bagay? Konbyen moun, kisa yo bezwen? 0: non",
			"Mèsi. Nou resevwa rapò ou a.", "Chwazi yon nimewo."}, true
	case "uk":
		return ussdWords{"Українська", "Що ви бачите?", "Напишіть, що ви бачите.", "Далі",
			"Де? Напишіть село, вулицю чи орієнтир. 0: пропустити",
			"Щось іще? Скільки людей, що потрібно? 0: ні",
			"Дякуємо. Ваше повідомлення отримано.", "Виберіть номер."}, true
	case "ne":
		return ussdWords{"नेपाली", "के देख्नुहुन्छ?", "के देखियो, लेख्नुहोस्।", "थप",
			"कहाँ? गाउँ, सडक वा नजिकको चिनारी लेख्नुहोस्। 0: छोड्ने",
			"अरू केही? कति जना, के चाहिन्छ? 0: छैन",
			"धन्यवाद। तपाईंको सूचना प्राप्त भयो।", "नम्बर छान्नुहोस्।"}, true
	}
	return ussdWords{}, false
}
