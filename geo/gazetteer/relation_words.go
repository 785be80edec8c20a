package gazetteer

import "strings"

// The words, folded, in which people say where something is from a place they
// name: English, French, Spanish, Swahili, Haitian Creole, Arabic, Ukrainian and
// Russian, Nepali.
const (
	northWords = " north northern nord norte kaskazini no شمال شمالي північ північніше север севернее उत्तर "
	eastWords  = " east eastern est este mashariki les شرق شرقي схід східніше восток восточнее पूर्व "
	southWords = " south southern sud sur kusini sid جنوب جنوبي південь південніше юг южнее दक्षिण "
	westWords  = " west western ouest oeste magharibi lwes غرب غربي захід західніше запад западнее पश्चिम "

	northEastWords = " northeast nordest noreste nordeste "
	southEastWords = " southeast sudest sureste sudeste "
	southWestWords = " southwest sudouest suroeste sudoeste "
	northWestWords = " northwest nordouest noroeste "

	kmWords    = " km kms kilometer kilometers kilometre kilometres kilometro kilometros kilomita kilomet كم كيلو كيلومتر كيلومترات км кілометр кілометри кілометрів километр километра километров किमी किलोमिटर "
	mileWords  = " mi mile miles milla millas maili "
	metreWords = " m meter meters metre metres metro metros mita mets met متر امتار м метр метри метрів метра метров मिटर "

	nearWords    = " near nearby close next beside around outside pres proche cerca junto toupre bo karibu jirani قرب قريب بالقرب بجانب جوار біля поблизу недалеко коло возле около рядом नजिक नजिकै "
	betweenWords = " between entre ant antre kati بين між между बीच "
	roadWords    = " road rd highway hwy motorway route autoroute carretera autopista camino barabara wout طريق дорога дорозі траса трасі трасса трассе шосе шоссе सडक राजमार्ग "

	// fromWords stand between all these and the name, and fill them up.
	fromWords = " of from de del du des d da do the la le l el to au aux al a en nan ya wa mwa na kutoka hacia من عن الى від од від на от к в у за to "
	// andWords and toWords join two names.
	andWords = " and et y e ak na و і й та и र "
	toWords  = " to a au hadi mpaka hasta jiska rive الى до "
	// behindFrom stands behind a name: "X बाट ३ किमी उत्तर".
	behindFrom = " बाट देखि "
)

func among(words, word string) bool { return word != "" && strings.Contains(words, " "+word+" ") }

const noBearing = -1.0

// bearingOf puts two directions together, in degrees from north.
func bearingOf(first, second token) float64 {
	a, b := oneBearing(first), oneBearing(second)
	switch {
	case a == b:
		return a
	case a+b == 270 && (a == 0 || b == 0):
		return 315
	}
	return (a + b) / 2
}

func oneBearing(t token) float64 {
	for i, words := range [...]string{northWords, northEastWords, eastWords, southEastWords, southWords, southWestWords, westWords, northWestWords} {
		if among(words, t.fold) {
			return float64(45 * i)
		}
	}
	if t.upper && (t.caps || len(t.fold) == 1) {
		for i, letters := range [...]string{"n", "ne", "e", "se", "s", "sw", "w", "nw"} {
			if t.fold == letters {
				return float64(45 * i)
			}
		}
	}
	return noBearing
}

// metresOf is the length of a unit, or 0.
func metresOf(word string) float64 {
	switch {
	case among(kmWords, word):
		return 1000
	case among(mileWords, word):
		return 1609.344
	case among(metreWords, word):
		return 1
	}
	return 0
}

// numberWord reads a small number that is written out; 0 is none.
func numberWord(word string) float64 {
	for i, words := range [...]string{
		" half demi medio media nusu mwatye نصف пів ", " one un une uno una moja yon один ", " two deux dos mbili de два две ",
		" three trois tres tatu twa ثلاثه три ", " four quatre cuatro nne kat اربعه чотири четыре ", " five cinq cinco tano senk خمسه пять ",
		" six sis sita ست шість шесть ", " seven sept siete saba set سبعه сім семь ", " eight huit ocho nane uit ثمانيه вісім восемь ",
		" nine neuf nueve tisa nef تسعه девять ", " ten dix diez kumi dis عشره десять ",
	} {
		if among(words, word) {
			if i == 0 {
				return 0.5
			}
			return float64(i)
		}
	}
	return 0
}
