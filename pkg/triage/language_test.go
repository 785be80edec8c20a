package triage

import (
	"testing"

	"github.com/abadojack/whatlanggo"
)

// spoken are crisis texts as people send them, in 20 languages.
var spoken = []struct{ code, text string }{
	{"en", "Water is rising fast on our street, two old people are stuck upstairs"},
	{"en", "bridge gone no way to cross pls send boats"},
	{"fr", "L'eau monte très vite, nous sommes bloqués au premier étage avec les enfants"},
	{"fr", "Besoin de tentes et de couvertures près de l'école"},
	{"es", "El río se desbordó anoche y hay familias en los techos"},
	{"es", "Necesitamos agua potable y medicinas en el albergue"},
	{"pt", "A barragem rompeu e a lama está chegando nas casas"},
	{"pt", "Precisamos de água e comida, estamos ilhados há dois dias"},
	{"it", "Il palazzo è crollato, ci sono persone sotto le macerie"},
	{"it", "Non abbiamo acqua né luce da ieri, serve aiuto"},
	{"ar", "المياه دخلت البيوت ونحتاج إلى قوارب بسرعة"},
	{"ar", "انهار المبنى وهناك أشخاص تحت الأنقاض"},
	{"sw", "Mto umefurika na nyumba zetu zimejaa maji, tunahitaji msaada"},
	{"sw", "Watu wamekwama juu ya paa, tuma mashua haraka"},
	{"sw", "Daraja limevunjika hatuwezi kuvuka"},
	{"ht", "Nou pa gen dlo ni manje depi twa jou, tanpri ede nou"},
	{"ht", "Kay la tonbe, gen moun anba dekonb yo"},
	{"uk", "Під завалами люди, потрібна допомога рятувальників"},
	{"uk", "Немає води і світла, діти хворіють"},
	{"ru", "В доме нет света и воды, дорогу размыло"},
	{"ru", "Под завалами люди, нужна помощь спасателей"},
	{"ru", "Пожар рядом со школой, всё в дыму"},
	{"ne", "पहिरोले बाटो बन्द भएको छ, गाउँमा खाना छैन"},
	{"ne", "घर भत्कियो, मान्छेहरू पुरिएका छन्"},
	{"hi", "नदी का पानी घरों में घुस गया है, हमें नाव चाहिए"},
	{"hi", "पुल टूट गया है और लोग फँसे हुए हैं"},
	{"ur", "سیلاب کا پانی گھروں میں آ گیا ہے، ہمیں کشتی چاہیے"},
	{"ur", "عمارت گر گئی ہے، لوگ ملبے کے نیچے ہیں"},
	{"bn", "বন্যার পানি ঘরে ঢুকেছে, আমাদের নৌকা দরকার"},
	{"bn", "ভবন ধসে পড়েছে, অনেক মানুষ আটকা পড়েছে"},
	{"am", "ጎርፉ ወደ ቤታችን ገብቷል እርዳታ እንፈልጋለን"},
	{"am", "ድልድዩ ፈርሷል መሻገር አልቻልንም"},
	{"so", "Daadku wuxuu galay guryaha, waxaan u baahannahay caawimaad"},
	{"so", "Biyo ma hayno, carruurtu way jiran yihiin"},
	{"tl", "Hanggang dibdib na ang baha dito, may mga bata sa bubong"},
	{"tl", "Wala kaming tubig at pagkain, kailangan namin ng tulong"},
	{"tr", "Bina çöktü, enkaz altında insanlar var, yardım edin"},
	{"tr", "Su ve elektrik yok, çocuklar üşüyor"},
	{"id", "Air sungai naik ke rumah, kami butuh perahu segera"},
	{"id", "Jembatan putus, tidak ada makanan sejak kemarin"},
}

// unseen were written after the lists of small words and letters, which were not
// changed for them.
var unseen = []struct{ code, text string }{
	{"en", "Power lines down on Hill Road, sparks everywhere"},
	{"fr", "Le pont s'est effondré ce matin, personne ne peut traverser"},
	{"es", "Se cayó el puente, no podemos pasar con los heridos"},
	{"pt", "O rio transbordou e as pessoas estão nos telhados"},
	{"it", "La strada per il paese è bloccata da una frana"},
	{"ar", "الطريق مقطوع والمستشفى بلا كهرباء منذ أمس"},
	{"sw", "Moto mkubwa sokoni, zima moto hawajafika bado"},
	{"ht", "Rivyè a desann, dlo antre nan kay moun yo"},
	{"uk", "Міст зруйновано, поранені чекають на швидку"},
	{"ru", "Мост разрушен, раненые ждут скорую"},
	{"ne", "नदीमा पानी बढेर पुल बगायो"},
	{"hi", "बाढ़ में सड़क बह गई है, मदद भेजिए"},
	{"ur", "پل ٹوٹ گیا ہے اور زخمیوں کو ہسپتال نہیں لے جا سکتے"},
	{"bn", "সেতু ভেঙে গেছে, কেউ পার হতে পারছে না"},
	{"am", "መንገዱ ተዘግቷል ሆስፒታሉ መብራት የለውም"},
	{"so", "Buundadii way jabtay, cidna kama gudbi karto"},
	{"tl", "Naputol ang tulay, hindi makatawid ang mga sugatan"},
	{"tr", "Köprü yıkıldı, yaralılar hastaneye gidemiyor"},
	{"id", "Jalan tertutup longsor, rumah sakit tanpa listrik"},
}

// What tells languages apart, measured beside the library alone.
func TestLanguages(t *testing.T) {
	reader := testReader(t)
	for _, table := range []struct {
		name  string
		texts []struct{ code, text string }
		least int
	}{{"known", spoken, 39}, {"unseen", unseen, 16}} {
		right, alone := 0, 0
		for _, one := range table.texts {
			if got := reader.Language(one.text); got == one.code {
				right++
			} else {
				t.Logf("%s is taken for %q: %s", one.code, got, one.text)
			}
			if info := whatlanggo.Detect(one.text); info.Confidence >= leastConfidence && info.Lang.Iso6391() == one.code {
				alone++
			}
		}
		t.Logf("%s: of %d texts %d right, by the library alone %d", table.name, len(table.texts), right, alone)
		if right < table.least {
			t.Errorf("%s: only %d of %d", table.name, right, len(table.texts))
		}
	}
}
