package gazetteer

import (
	_ "embed"
	"strings"
)

// Words that are names of places somewhere, but far more often just words, one
// a line in folded form, in the order of their bytes.
//
//go:embed common.txt
var commonWords string

// sense is what an everyday word may do beside a name; several may hold.
type sense uint8

const (
	senseCommon  sense = 1 << iota // a word of its own
	senseFeature                   // makes the name that of a river, a road, a hospital
	senseCountry                   // says that the name is a country's
	senseArea                      // an administrative area's
	senseTown                      // a settlement's
	senseLink                      // stands between such a word and the name
	senseCrisis                    // says what happened
)

// vocabulary is made once and never changed.
var vocabulary = func() map[string]sense {
	all := map[string]sense{}
	for _, list := range []struct {
		words string
		sense sense
	}{
		{commonWords, senseCommon}, {featureWords, senseFeature}, {countryWords, senseCountry}, {areaWords, senseArea},
		{townWords, senseTown}, {linkWords, senseLink}, {tagSuffixes, senseCrisis},
	} {
		for word := range strings.FieldsSeq(list.words) {
			all[word] |= list.sense
		}
	}
	return all
}()

// senseOf reads Arabic with the one letter for and, in, to that is written
// together with a word.
func senseOf(word string) sense {
	if s := vocabulary[word]; s != 0 || word == "" || word[0] < 0xd8 || word[0] > 0xd9 {
		return s
	}
	for _, one := range [...]string{"و", "ب", "ل"} {
		if rest, ok := strings.CutPrefix(word, one); ok && len(rest) >= 6 {
			return vocabulary[canonical(rest)] &^ senseCommon
		}
	}
	return 0
}

// isCommon reports whether a folded word is an everyday word.
func isCommon(word string) bool { return vocabulary[word]&senseCommon != 0 }

// isFeature reports whether a folded word makes the name beside it that of
// something else.
func isFeature(word string) bool { return senseOf(word)&senseFeature != 0 }

func isLink(word string) bool { return vocabulary[word]&senseLink != 0 }

// isCrisis reports whether a folded word says what happened, not where.
func isCrisis(word string) bool { return vocabulary[word]&senseCrisis != 0 }

// kindWord is what a folded word says of the name beside it.
func kindWord(word string) hint {
	switch s := senseOf(word); {
	case s&senseArea != 0:
		return hintArea
	case s&senseTown != 0:
		return hintTown
	case s&senseCountry != 0:
		return hintCountry
	}
	return hintNone
}

// Words that, next to a name, make it the name of something else.
const featureWords = " river creek stream lake bay valley mountain mountains hill hills road rd highway hwy street avenue ave bridge" +
	" canyon glacier island islands beach dam canal forest park port airport station hospital clinic school college university church mosque" +
	" temple hotel market mall stadium square building tower camp farm crescent boulevard lane drive" +
	" rio riviere lac route rue pont rivere calle carretera puente lago fiume via strada ponte montagna monte mont" +
	" isla ile isola hopital hospitalier ecole lycee universite eglise marche aeroport escuela colegio iglesia mercado aeropuerto universidad" +
	" sungai jalan danau gunung mto barabara ziwa mlima hospitali shule kanisa soko kambi riviye wout lopital lekol legliz mache" +
	" طريق شارع جسر وادي نهر جبل سد بحيره بركه جامعه مستشفي مدرسه مسجد مخيم مطار ميناء سوق" +
	" река річка улица вулиця озеро мост міст больница лікарня школа аэропорт" +
	" नदी खोला पुल सडक अस्पताल विद्यालय बजार "

// hint is what a word beside a name says the name is of.
type hint uint8

const (
	hintNone hint = iota
	hintCountry
	hintArea
	hintTown
)

// The words, folded, that say what a name is of. They may stand before it
// ("district of", محافظه) or behind ("county").
const (
	countryWords = " republic kingdom sultanate emirate emirates republique royaume republica reino repubblica repiblik jamhuri جمهوريه سلطنه دوله مملكه "
	areaWords    = " county counties district districts province state governorate region prefecture department division parish territory canton" +
		" oblast rayon raion taluk taluka tehsil upazila thana barangay woreda zone kebele municipality regency subdistrict" +
		" departement commune arrondissement canton provincia provincias departamento distrito municipio estado regione comuna comune" +
		" kabupaten kecamatan provinsi mkoa kaunti wilaya jimbo depatman komin rejyon muhafazat liwa" +
		" محافظه منطقه لواء قضاء اقليم ولايه مديريه ناحيه مقاطعه область обл район рн провинция провінція громада" +
		" जिल्ला जिला प्रदेश अञ्चल नगरपालिका गाउँपालिका "
	townWords = " city town township village ciudad pueblo villa aldea ville bourg vil mji kijiji kota desa" +
		" مدينه قريه بلده ضاحيه حي місто город село селище посёлок поселок пгт смт गाउँ शहर "
	// linkWords stand between such a word and the name.
	linkWords = " of de du des del della di da do dos d la le l ya wa za "
)

// withoutKindWords takes the words off that say what a name is of: "district of
// X", "X county". Nothing is left out of a name that has no other words.
func withoutKindWords(words []token) []token {
	bare := words
	for len(bare) > 1 && (kindWord(bare[0].fold) != hintNone || len(bare) < len(words) && isLink(bare[0].fold)) {
		bare = bare[1:]
	}
	for len(bare) > 1 && kindWord(bare[len(bare)-1].fold) != hintNone {
		bare = bare[:len(bare)-1]
	}
	if len(bare) == 1 && kindWord(bare[0].fold) != hintNone {
		return words
	}
	return bare
}

// What people write around a place's name in one hashtag, folded, longest first
// where one ends in another.
const (
	tagSuffixes = " wildfires wildfire bushfire fires fire earthquake quake tremor flooding floods flood storms storm cyclone hurricane typhoon tornado" +
		" landslide eruption drought crisis emergency disaster rescue relief alert help strong attack attacks shooting explosion blast bombing crash" +
		" protests protest election elections votes decides polls news updates weather rains rain" +
		" inundaciones inundacion incendios incendio terremoto sismo temblor inondations inondation incendie seisme" +
		" alluvione gempa banjir kebakaran mafuriko uchaguzi "
	tagPrefixes = " prayfor praysfor prayersfor prayerfor helpfor help savefor save standwith standfor supportfor jesuis todoscon fuerza" +
		" earthquakein floodsin terremoto sismo inundaciones incendio alluvione gempa banjir "
)

// withoutAffix takes one such word, and a year, off a hashtag. It reports false
// when nothing comes off or too little is left.
func withoutAffix(tag string) (string, bool) {
	name := strings.TrimRight(tag, "0123456789")
	for suffix := range strings.FieldsSeq(tagSuffixes) {
		if rest, ok := strings.CutSuffix(name, suffix); ok {
			name = rest
			break
		}
	}
	for prefix := range strings.FieldsSeq(tagPrefixes) {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			name = rest
			break
		}
	}
	return name, name != tag && len(name) >= 4
}
