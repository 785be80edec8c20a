package app

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"text/template"

	"github.com/onyo-project/onyo/channels"
)

// builtInID is the id of the form that Onyo makes itself.
const builtInID = "onyo-report"

// prompts are the built-in form's words in one language.
type prompts struct {
	Code, Name                                         string
	Text, TextHint, Kind, Place, Where, When, WhenHint string
	Photo, PhotoHint                                   string
	// Emergency and Labels are the deployment's own.
	Emergency string
	Labels    []channels.Choice
}

// builtIn makes the form of a deployment's categories. Same categories and same
// emergency sentence, same form.
func builtIn(categories func(language string) []channels.Choice, emergency func(language string) string) *xform {
	languages := formLanguages()
	for i := range languages {
		if categories != nil {
			languages[i].Labels = categories(languages[i].Code)
		}
		if emergency != nil {
			languages[i].Emergency = emergency(languages[i].Code)
		}
	}
	form := &xform{id: builtInID, title: "Report what you saw"}
	// Devices ask for a form anew when its version changes.
	sum := sha256.Sum256([]byte(formXML(form, languages)))
	form.version = hex.EncodeToString(sum[:5])
	form.xml = formXML(form, languages)
	return form
}

func formXML(form *xform, languages []prompts) string {
	made := template.Must(template.New("form").Funcs(template.FuncMap{"x": escaped}).Parse(formTemplate))
	var out strings.Builder
	_ = made.Execute(&out, map[string]any{"ID": form.id, "Title": form.title, "Version": form.version, "Languages": languages,
		"Categories": languages[0].Labels, "Photos": []string{"photo1", "photo2", "photo3"}}) // of our own values: cannot fail
	return out.String()
}

// formTemplate asks for as little as is needed, nothing of it mandatory. Photos are
// made smaller by the device: what can be seen on them stays, and they get through.
// The device's id makes reports of one device one source; it is stored sealed.
const formTemplate = `<?xml version="1.0" encoding="UTF-8"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms">
<h:head>
<h:title>{{x .Title}}</h:title>
<model>
<itext>{{range $i, $l := .Languages}}
<translation lang="{{x $l.Name}} ({{$l.Code}})"{{if not $i}} default="true()"{{end}}>
<text id="text"><value>{{x $l.Text}}</value></text>
<text id="text-hint"><value>{{x $l.TextHint}}{{if $l.Emergency}} {{x $l.Emergency}}{{end}}</value></text>
<text id="category"><value>{{x $l.Kind}}</value></text>
<text id="location"><value>{{x $l.Place}}</value></text>
<text id="where"><value>{{x $l.Where}}</value></text>
<text id="when"><value>{{x $l.When}}</value></text>
<text id="when-hint"><value>{{x $l.WhenHint}}</value></text>
<text id="photo"><value>{{x $l.Photo}}</value></text>
<text id="photo-hint"><value>{{x $l.PhotoHint}}</value></text>{{range $l.Labels}}
<text id="category-{{x .Key}}"><value>{{x .Label}}</value></text>{{end}}
</translation>{{end}}
</itext>
<instance><data id="{{.ID}}" version="{{.Version}}"><start/><end/><deviceid/><text/><category/><location/><where/><when/>{{range .Photos}}<{{.}}/>{{end}}<orx:meta><orx:instanceID/></orx:meta></data></instance>
<bind nodeset="/data/start" type="dateTime" jr:preload="timestamp" jr:preloadParams="start"/>
<bind nodeset="/data/end" type="dateTime" jr:preload="timestamp" jr:preloadParams="end"/>
<bind nodeset="/data/deviceid" type="string" jr:preload="property" jr:preloadParams="deviceid"/>
<bind nodeset="/data/text" type="string"/>
<bind nodeset="/data/category" type="string"/>
<bind nodeset="/data/location" type="geopoint"/>
<bind nodeset="/data/where" type="string"/>
<bind nodeset="/data/when" type="dateTime"/>{{range .Photos}}
<bind nodeset="/data/{{.}}" type="binary" orx:max-pixels="2048"/>{{end}}
<bind nodeset="/data/meta/instanceID" type="string" readonly="true()" jr:preload="uid"/>
</model>
</h:head>
<h:body>
<input appearance="multiline" ref="/data/text"><label ref="jr:itext('text')"/><hint ref="jr:itext('text-hint')"/></input>{{if .Categories}}
<select ref="/data/category"><label ref="jr:itext('category')"/>{{range .Categories}}
<item><label ref="jr:itext('category-{{x .Key}}')"/><value>{{x .Key}}</value></item>{{end}}
</select>{{end}}
<input appearance="placement-map" ref="/data/location"><label ref="jr:itext('location')"/></input>
<input ref="/data/where"><label ref="jr:itext('where')"/></input>
<input ref="/data/when"><label ref="jr:itext('when')"/><hint ref="jr:itext('when-hint')"/></input>{{range .Photos}}
<upload mediatype="image/*" ref="/data/{{.}}"><label ref="jr:itext('photo')"/><hint ref="jr:itext('photo-hint')"/></upload>{{end}}
</h:body>
</h:html>
`

// formLanguages are the languages of Onyo's own form, English first.
func formLanguages() []prompts {
	return []prompts{
		{Code: "en", Name: "English", Text: "What happened?", TextHint: "What did you see, how many people, what is needed?",
			Kind: "What kind of thing?", Place: "Where? On the map", Where: "Where? Describe the place", When: "When?", WhenHint: "Leave empty if it is now",
			Photo: "Photo", PhotoHint: "Only if it is safe to take one."},
		{Code: "fr", Name: "Français", Text: "Que s’est-il passé ?", TextHint: "Qu’avez-vous vu, combien de personnes, de quoi a-t-on besoin ?",
			Kind: "Quel genre de chose ?", Place: "Où ? Sur la carte", Where: "Où ? Décrivez le lieu", When: "Quand ?", WhenHint: "Laissez vide si c’est maintenant",
			Photo: "Photo", PhotoHint: "Seulement si vous pouvez la prendre sans danger."},
		{Code: "es", Name: "Español", Text: "¿Qué pasó?", TextHint: "¿Qué vio, cuántas personas, qué hace falta?",
			Kind: "¿Qué clase de cosa?", Place: "¿Dónde? En el mapa", Where: "¿Dónde? Describa el lugar", When: "¿Cuándo?", WhenHint: "Déjelo vacío si es ahora",
			Photo: "Foto", PhotoHint: "Solo si puede hacerla sin peligro."},
		{Code: "sw", Name: "Kiswahili", Text: "Nini kimetokea?", TextHint: "Umeona nini, watu wangapi, nini kinahitajika?",
			Kind: "Ni jambo la aina gani?", Place: "Wapi? Kwenye ramani", Where: "Wapi? Eleza mahali", When: "Lini?", WhenHint: "Acha wazi kama ni sasa",
			Photo: "Picha", PhotoHint: "Ikiwa tu ni salama kuipiga."},
		{Code: "ar", Name: "العربية", Text: "ماذا حدث؟", TextHint: "ماذا رأيت، كم شخصًا، ما المطلوب؟",
			Kind: "ما نوع الأمر؟", Place: "أين؟ على الخريطة", Where: "أين؟ صف المكان", When: "متى؟", WhenHint: "اتركه فارغًا إن كان الآن",
			Photo: "صورة", PhotoHint: "فقط إن كان التقاطها آمنًا."},
		{Code: "ht", Name: "Kreyòl", Text: "Kisa k pase?", TextHint: "Kisa ou wè, konbyen moun, kisa yo bezwen?",
			Kind: "Ki kalite bagay?", Place: "Ki kote? Sou kat la", Where: "Ki kote? Dekri kote a", When: "Kilè?", WhenHint: "Kite l vid si se kounye a",
			Photo: "Foto", PhotoHint: "Sèlman si ou ka pran l san danje."},
		{Code: "ne", Name: "नेपाली", Text: "के भयो?", TextHint: "के देख्नुभयो, कति जना, के चाहिएको छ?",
			Kind: "कस्तो कुरा हो?", Place: "कहाँ? नक्सामा", Where: "कहाँ? ठाउँको वर्णन गर्नुहोस्", When: "कहिले?", WhenHint: "अहिले हो भने खाली छोड्नुहोस्",
			Photo: "फोटो", PhotoHint: "सुरक्षित भए मात्र खिच्नुहोस्।"},
		{Code: "uk", Name: "Українська", Text: "Що сталося?", TextHint: "Що ви бачили, скільки людей, що потрібно?",
			Kind: "Що це за подія?", Place: "Де? На мапі", Where: "Де? Опишіть місце", When: "Коли?", WhenHint: "Залиште порожнім, якщо зараз",
			Photo: "Фото", PhotoHint: "Лише якщо знімати безпечно."},
	}
}
