package sms_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/sms"
)

func ussdConfig(languages string, categories int) channels.Config {
	c := channels.Config{Name: "ussd", PublicURL: "https://onyo.example.org/hooks/ussd",
		Settings: map[string]string{"languages": languages},
		Secrets:  map[string]channels.Secret{channels.PathSecret: channels.NewSecret(atPath, "")},
		Emergency: func(language string) string {
			return map[string]string{"en": "In danger call 112.", "sw": "Ukiwa hatarini piga 112."}[language]
		}}
	if categories > 0 {
		c.Categories = func(language string) (found []channels.Choice) {
			for i := range categories {
				found = append(found, channels.Choice{Key: fmt.Sprintf("cat%d", i+1), Label: fmt.Sprintf("%s kind %d", language, i+1)})
			}
			return found
		}
	}
	return c
}

func ussdAdapter(t testing.TB, c channels.Config) channels.Webhook {
	t.Helper()
	made, err := sms.AfricasTalkingUSSD().New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made.(channels.Webhook)
}

func dialled(session, text string) channels.Exchange {
	return hooked(atPath, url.Values{"sessionId": {session}, "serviceCode": {"*384*28901#"}, "phoneNumber": {atSender},
		"networkCode": {"63902"}, "text": {text}})
}

func TestUSSDConforms(t *testing.T) {
	channeltest.Run(t, channeltest.Suite{
		Kind: sms.AfricasTalkingUSSD(), Config: ussdConfig("en", 0), Address: atSender, Prove: gated(atPath),
		Say: func(s channeltest.Saying) channels.Exchange {
			return redressed(dialled(s.ID, s.Text), s.Dress, "networkCode=63903")
		},
		Forgeries: gateForgeries(dialled("f2", "x")),
		Unsplittable: map[string]channels.Exchange{
			"no session": hooked(atPath, url.Values{"text": {"1"}}),
			"empty form": {Method: http.MethodPost, Header: http.Header{"Content-Type": {form}}, PathSecret: atPath},
			"no form":    {Method: http.MethodPost, Header: http.Header{"Content-Type": {form}}, PathSecret: atPath, Body: []byte("a=%zz;b")},
		},
	})
}

// said is a message without what all of a session's have in common.
type said struct {
	ID, Continues, Text, Category, Place, Language string
}

func saidOf(messages []channels.Message) (found []said) {
	for _, m := range messages {
		s := said{ID: m.ProviderID, Continues: m.Continues, Text: m.Text, Category: strings.Join(m.Categories, ","), Language: m.Language}
		if m.Location != nil {
			s.Place = m.Location.Words
		}
		found = append(found, s)
	}
	return found
}

func TestUSSDMenu(t *testing.T) {
	flood := said{ID: "s", Text: "en kind 3", Category: "cat3", Language: "en"}
	place := func(words string) said { return said{ID: "s/place", Continues: "s", Place: words, Language: "en"} }
	note := func(words string) said { return said{ID: "s/note", Continues: "s", Text: words, Language: "en"} }
	const what = "CON What do you see?\n1. en kind 1\n2. en kind 2\n3. en kind 3"
	const where = "CON Where? Write the village, street or landmark. 0: skip"
	const more = "CON Anything else? How many people, what is needed? 0: no"
	const end = "END Thank you. Your report was received. In danger call 112."
	for name, tc := range map[string]struct {
		languages  string
		categories int
		text, show string
		said       []said
	}{
		"dialled":              {"en", 3, "", what, nil},
		"a category":           {"en", 3, "3", where, []said{flood}},
		"a place":              {"en", 3, "3*Kibera, Line Saba", more, []said{flood, place("Kibera, Line Saba")}},
		"a note":               {"en", 3, "3*Kibera*20 people", end, []said{flood, place("Kibera"), note("20 people")}},
		"all skipped":          {"en", 3, "3*0*0", end, []said{flood}},
		"empty is skipped":     {"en", 3, "3**", end, []said{flood}},
		"a star in the note":   {"en", 3, "3*Kibera*20 people*2 houses", end, []said{flood, place("Kibera"), note("20 people*2 houses")}},
		"a star in the place":  {"en", 3, "3*Plot*12", end, []said{flood, place("Plot"), note("12")}},
		"no such number":       {"en", 3, "9", "CON Please choose a number.\n" + what[4:], nil},
		"then a number":        {"en", 3, "9*0**3", where, []said{flood}},
		"words for a number":   {"en", 3, "water everywhere*Kibera", more, []said{{ID: "s", Text: "water everywhere", Language: "en"}, place("Kibera")}},
		"no categories":        {"en", 0, "", "CON Write what you see.", nil},
		"no categories, words": {"en", 0, "12 houses", where, []said{{ID: "s", Text: "12 houses", Language: "en"}}},
		"first page": {"en", 9, "", "CON What do you see?\n1. en kind 1\n2. en kind 2\n3. en kind 3\n4. en kind 4\n" +
			"5. en kind 5\n6. en kind 6\n7. en kind 7\n0. More", nil},
		"second page":         {"en", 9, "0", "CON What do you see?\n1. en kind 8\n2. en kind 9\n0. More", nil},
		"of the second page":  {"en", 9, "0*2", where, []said{{ID: "s", Text: "en kind 9", Category: "cat9", Language: "en"}}},
		"and round":           {"en", 9, "0*0*3", where, []said{flood}},
		"not on this page":    {"en", 9, "0*3", "CON Please choose a number.\nWhat do you see?\n1. en kind 8\n2. en kind 9\n0. More", nil},
		"languages":           {"sw,en", 3, "", "CON 1. Kiswahili\n2. English", nil},
		"no such language":    {"sw,en", 3, "3", "CON Chagua nambari.\n1. Kiswahili\n2. English", nil},
		"a language":          {"sw,en", 3, "2", what, nil},
		"Arabic digits":       {"sw,en", 3, "٢*٣", where, []said{flood}},
		"the other language":  {"sw,en", 1, "1*1", "CON Wapi? Andika kijiji, mtaa au alama ya karibu. 0: ruka", []said{{ID: "s", Text: "sw kind 1", Category: "cat1", Language: "sw"}}},
		"ends in a language":  {"sw,en", 1, "1*1*0*0", "END Asante. Taarifa yako imepokelewa. Ukiwa hatarini piga 112.", []said{{ID: "s", Text: "sw kind 1", Category: "cat1", Language: "sw"}}},
		"a language by words": {"sw,en", 1, "English*1", "CON Unaona nini?\n1. sw kind 1", nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := ussdAdapter(t, ussdConfig(tc.languages, tc.categories))
			got, err := w.Receive(t.Context(), dialled("s", tc.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.show, string(got.Answer.Body)); diff != "" {
				t.Error(diff)
			}
			if got.Answer.ContentType != "text/plain; charset=utf-8" {
				t.Errorf("answered as %s", got.Answer.ContentType)
			}
			if diff := cmp.Diff(tc.said, saidOf(received(t, sms.AfricasTalkingUSSD(), w, dialled("s", tc.text)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUSSDReads(t *testing.T) {
	got := received(t, sms.AfricasTalkingUSSD(), ussdAdapter(t, ussdConfig("en", 3)), dialled("ATUid_1", "1*By the bridge"))
	from, to := channels.Address{Scheme: "tel", Value: atSender}, channels.Address{Scheme: "ussd", Value: "*384*28901#"}
	want := []channels.Message{
		{ProviderID: "ATUid_1", Nature: channels.Report, From: from, To: to, Text: "en kind 1", Language: "en", Categories: []string{"cat1"}},
		{ProviderID: "ATUid_1/place", Nature: channels.Report, From: from, To: to, Continues: "ATUid_1", Language: "en",
			Location: &channels.Location{Words: "By the bridge"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

// The notice of a session's end is kept and says nothing.
func TestUSSDEnd(t *testing.T) {
	x := hooked(atPath, url.Values{"sessionId": {"s"}, "serviceCode": {"*384*28901#"}, "phoneNumber": {atSender}, "status": {"Success"},
		"input": {"3*Kibera"}, "hopsCount": {"3"}, "durationInMillis": {"9000"}, "lastAppResponse": {"CON"}})
	got := received(t, sms.AfricasTalkingUSSD(), ussdAdapter(t, ussdConfig("en", 3)), x)
	if len(got) != 1 || got[0].Nature != channels.Other || got[0].ProviderID != "s/end" {
		t.Fatalf("read as %v", got)
	}
}

// What was chosen stays what it was when the deployment's categories change.
func TestUSSDCategoriesChange(t *testing.T) {
	c := ussdConfig("en", 3)
	w := ussdAdapter(t, c)
	got, err := w.Receive(t.Context(), dialled("s", "3"))
	if err != nil {
		t.Fatal(err)
	}
	later, err := ussdAdapter(t, ussdConfig("en", 1)).Parse(got.Messages[0].Raw)
	if err != nil || later[0].Categories[0] != "cat3" {
		t.Fatalf("read as %v, %v", later, err)
	}
}

// Whatever is typed, a later request says again all that an earlier one said,
// under the same identities, and every screen begins as a phone needs it.
func TestUSSDLosesNothing(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		languages := rapid.SampledFrom([]string{"en", "sw,en", "ne,uk,ar"}).Draw(r, "languages")
		w := ussdAdapter(t, ussdConfig(languages, rapid.IntRange(0, 16).Draw(r, "categories")))
		answers := rapid.SliceOfN(rapid.OneOf(rapid.StringMatching(`[0-9]{0,2}`), rapid.SampledFrom([]string{"Kibera", "maji", "", "पुल", "a\x00"}),
			rapid.StringMatching(`[^*]{0,12}`)), 0, 8).Draw(r, "answers")
		before := map[string][32]byte{}
		for n := range len(answers) + 1 {
			got, err := w.Receive(t.Context(), dialled("s", strings.Join(answers[:n], "*")))
			if err != nil {
				r.Fatal(err)
			}
			show := string(got.Answer.Body)
			if !strings.HasPrefix(show, "CON ") && !strings.HasPrefix(show, "END ") || !utf8.ValidString(show) {
				r.Fatalf("shows %q", show)
			}
			now := map[string][32]byte{}
			for _, split := range got.Messages {
				now[split.ProviderID] = split.Digest
			}
			for id, digest := range before {
				if again, ok := now[id]; !ok || again != digest && id != "s/note" {
					r.Fatalf("%s is gone or otherwise after %d answers", id, n)
				}
			}
			before = now
			if strings.HasPrefix(show, "END ") {
				return // a phone sends no more
			}
		}
	})
}

func TestUSSDScreensFit(t *testing.T) {
	for _, language := range strings.Fields("en fr es ar sw ht uk ne") {
		c := ussdConfig(language, 0)
		c.Categories = func(string) (found []channels.Choice) {
			for i := range 20 {
				found = append(found, channels.Choice{Key: fmt.Sprint(i), Label: strings.Repeat("very long label ", 9)})
			}
			return found
		}
		w := ussdAdapter(t, c)
		for _, text := range []string{"", "0", "99", "1", "1*x"} {
			got, err := w.Receive(t.Context(), dialled("s", text))
			if err != nil {
				t.Fatal(err)
			}
			if n := utf8.RuneCount(got.Answer.Body); n > 164 {
				t.Errorf("%s %q: %d characters", language, text, n)
			}
		}
	}
}

func TestUSSDSettings(t *testing.T) {
	for _, bad := range []string{"de", "en,en", ",", "en;fr"} {
		if err := sms.AfricasTalkingUSSD().Check(map[string]string{"languages": bad}); err == nil {
			t.Errorf("%q passes", bad)
		}
	}
	if err := sms.AfricasTalkingUSSD().Check(map[string]string{"languages": "en, fr,sw"}); err != nil {
		t.Error(err)
	}
}

func FuzzUSSD(f *testing.F) {
	f.Add([]byte(dialled("s", "1*3*Kibera*20").Body), "sw,en")
	f.Add([]byte("sessionId=s&text=0*0*9*%00*%ff*"+strings.Repeat("*", 200)), "en")
	f.Add([]byte("sessionId=s&status=Success&input=1"), "en")
	f.Add([]byte("text=%zz"), "ne")
	f.Fuzz(func(t *testing.T, body []byte, languages string) {
		made, err := sms.AfricasTalkingUSSD().New(ussdConfig(languages, 9))
		if err != nil {
			t.Skip("no such languages")
		}
		x := dialled("s", "")
		x.Body = body
		if err := channeltest.Judge(sms.AfricasTalkingUSSD(), made.(channels.Webhook), x); err != nil {
			t.Fatal(err)
		}
	})
}
