package chat_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/chat"
)

const (
	signedName  = "X-Hub-Signature-256"
	hubSecret   = "0123456789abcdef0123456789abcdef"
	verifyWord  = "meatyhamhock"
	accessToken = "EAAGm0PX4ZCpsBAKZCZA"
	numberID    = "106540352242922"
	walker      = "254700000002"
	photoSum    = "81d3bd8a8db4868c9520ed47186e8b7c5789e61ff79f7f834be6950b808a90d3"
)

func whatsAppConfig() channels.Config {
	return world(channels.Config{Name: "wa", PublicURL: "https://onyo.example.org/hooks/wa",
		Settings: map[string]string{"phone_number_id": numberID, "stop_words": "basta"},
		Secrets: map[string]channels.Secret{"app_secret": channels.NewSecret(hubSecret, "fedcba9876543210fedcba9876543210"),
			"verify_token": channels.NewSecret(verifyWord, "beforeham"), "access_token": channels.NewSecret(accessToken, "")}})
}

func hubSigned(body []byte) channels.Exchange {
	return channels.Exchange{Method: http.MethodPost, ID: "fresh", Body: body,
		Header: http.Header{"Content-Type": {appJSON}, signedName: {chat.SignWhatsApp(hubSecret, body)}}}
}

// batch is a request that brings these messages and receipts, JSON each.
func batch(messages, statuses []string) []byte {
	return fmt.Appendf(nil, `{"object":"whatsapp_business_account","entry":[{"id":"8856996819413533","changes":[{"field":"messages","value":{
		"messaging_product":"whatsapp","metadata":{"display_phone_number":"+1 650-555-3333","phone_number_id":%q},
		"contacts":[{"profile":{"name":"Amina"},"wa_id":%q}],"messages":[%s],"statuses":[%s]}}]}]}`,
		numberID, walker, strings.Join(messages, ","), strings.Join(statuses, ","))
}

func hubText(id, text string) string {
	quoted, _ := json.Marshal(text)
	return fmt.Sprintf(`{"from":%q,"id":%q,"timestamp":"1772366400","type":"text","text":{"body":%s}}`, walker, id, quoted)
}

func hubSay(t testing.TB) func(channeltest.Saying) channels.Exchange {
	return func(s channeltest.Saying) channels.Exchange {
		body := string(turned(t, batch([]string{hubText("wamid."+s.ID, s.Text)}, nil), s.Dress))
		return hubSigned([]byte(strings.Replace(body, "Amina", "Dress "+strconv.Itoa(s.Dress), 1)))
	}
}

func hubProve(x channels.Exchange) channels.Exchange {
	x.Header = x.Header.Clone()
	x.Header.Set(signedName, chat.SignWhatsApp(hubSecret, x.Body))
	return x
}

func hubForgeries() map[string]channels.Exchange {
	body := batch([]string{hubText("wamid.f", "All is well, go home")}, nil)
	bend := func(change func(*channels.Exchange)) channels.Exchange {
		x := hubSigned(body)
		change(&x)
		return x
	}
	mark := func(value string) channels.Exchange {
		return bend(func(x *channels.Exchange) { x.Header.Set(signedName, value) })
	}
	right := chat.SignWhatsApp(hubSecret, body)
	return map[string]channels.Exchange{
		"no proof":       bend(func(x *channels.Exchange) { x.Header.Del(signedName) }),
		"wrong proof":    mark("sha256=" + strings.Repeat("0", 64)),
		"another secret": mark(chat.SignWhatsApp(verifyWord, body)),
		"no secret":      mark(chat.SignWhatsApp("", body)),
		"no scheme":      mark(strings.TrimPrefix(right, "sha256=")),
		"another scheme": mark(strings.Replace(right, "sha256", "sha1", 1)),
		"half":           mark(right[:40]),
		"more":           mark(right + "00"),
		"no hexadecimal": mark("sha256=zz" + right[9:]),
		"twice":          bend(func(x *channels.Exchange) { x.Header.Add(signedName, right) }),
		"another body":   bend(func(x *channels.Exchange) { x.Body = append([]byte(" "), body...) }),
		"as a handshake": bend(func(x *channels.Exchange) { x.Method, x.Body = http.MethodGet, nil }),
	}
}

func TestWhatsAppConforms(t *testing.T) {
	channeltest.Run(t, channeltest.Suite{
		Kind: chat.WhatsApp(), Config: whatsAppConfig(), Say: hubSay(t), Prove: hubProve, Address: walker,
		Forgeries: hubForgeries(),
		Unsplittable: map[string]channels.Exchange{
			"no JSON":        hubSigned([]byte("hub.mode=subscribe")),
			"another object": hubSigned([]byte(`{"object":"instagram","entry":[]}`)),
			"a list":         hubSigned([]byte(`[]`)),
			"nothing":        hubSigned(nil),
			"entries":        hubSigned([]byte(`{"object":"whatsapp_business_account","entry":7}`)),
		},
		Hidden: func(x channels.Exchange) []string { return []string{hubProve(x).Header.Get(signedName)[7:]} },
	})
}

// The signature is over the bytes as they came: the same JSON written otherwise
// has another one.
func TestWhatsAppSignature(t *testing.T) {
	for _, tc := range []struct{ secret, body, want string }{
		{"app_secret", `{"object":"whatsapp_business_account","entry":[]}`, "c236c758c9b2bd40b388a550eeca09eaca72384dd0aa5e7c31d19cddac5bba46"},
		{"app_secret", `{"text":"\u00e9"}`, "1ca0613f…668f0"},
		{"app_secret", `{"text":"é"}`, "8c41fe66…51c6c68"},
	} {
		got := strings.TrimPrefix(chat.SignWhatsApp(tc.secret, []byte(tc.body)), "sha256=")
		head, tail, _ := strings.Cut(tc.want, "…")
		if !strings.HasPrefix(got, head) || !strings.HasSuffix(got, tail) {
			t.Errorf("%s: %s", tc.body, got)
		}
	}
	w := build(t, chat.WhatsApp(), whatsAppConfig())
	escaped := batch([]string{strings.Replace(hubText("wamid.1", "Kafe"), "Kafe", `Kaf\u00e9`, 1)}, nil)
	x := hubSigned(escaped)
	receive(t, chat.WhatsApp(), w, x)
	x.Body = []byte(strings.Replace(string(escaped), `\u00e9`, "é", 1))
	if _, err := chat.WhatsApp().Receive(t.Context(), w, x); err == nil {
		t.Fatal("the signature of other bytes was accepted")
	}
}

func TestWhatsAppHandshake(t *testing.T) {
	query := func(mode, word, challenge string) string {
		return url.Values{"hub.mode": {mode}, "hub.verify_token": {word}, "hub.challenge": {challenge}}.Encode()
	}
	w := build(t, chat.WhatsApp(), whatsAppConfig())
	for name, tc := range map[string]struct {
		query string
		good  bool
	}{
		"right":           {query("subscribe", verifyWord, "1158201444"), true},
		"the word before": {query("subscribe", "beforeham", "1158201444"), true},
		"another word":    {query("subscribe", "meatyhamhock2", "1158201444"), false},
		"no word":         {query("subscribe", "", "1158201444"), false},
		"another mode":    {query("unsubscribe", verifyWord, "1158201444"), false},
		"no challenge":    {query("subscribe", verifyWord, ""), false},
		"a long one":      {query("subscribe", verifyWord, strings.Repeat("1", 257)), false},
		"nothing":         {"", false},
		"broken":          {"hub.mode=%zz", false},
	} {
		got, err := chat.WhatsApp().Receive(t.Context(), w, channels.Exchange{Method: http.MethodGet, Query: tc.query, Header: http.Header{}})
		switch {
		case (err == nil) != tc.good:
			t.Errorf("%s: %v", name, err)
		case !tc.good && err.Error() != channels.Unauthentic().Error():
			t.Errorf("%s: says %v", name, err)
		case tc.good && (string(got.Answer.Body) != "1158201444" || !strings.HasPrefix(got.Answer.ContentType, "text/plain") || len(got.Messages) > 0):
			t.Errorf("%s: answered %q", name, got.Answer.Body)
		}
	}
}

func TestWhatsAppReads(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	said := func(change func(*channels.Message)) channels.Message {
		m := channels.Message{ProviderID: "wamid.1", Nature: channels.Report, At: at,
			From: channels.Address{Scheme: "whatsapp", Value: "+" + walker}, To: channels.Address{Scheme: "whatsapp", Value: "+16505553333"}}
		change(&m)
		return m
	}
	other := func(text string) channels.Message {
		return said(func(m *channels.Message) { m.Nature, m.Text = channels.Other, text })
	}
	file := func(contentType, name string) channels.Media {
		return channels.Media{Ref: "2754859441498128", URL: "whatsapp:2754859441498128", ContentType: contentType, Name: name}
	}
	sum, err := hex.DecodeString(photoSum)
	if err != nil {
		t.Fatal(err)
	}
	photo := file("image/jpeg", "")
	copy(photo.Digest[:], sum)
	known := func(m *channels.Message) { m.Text, m.Media = "Shule imeanguka", []channels.Media{photo} }
	for name, tc := range map[string]struct {
		want channels.Message
		why  string
	}{
		"text":           {want: said(func(m *channels.Message) { m.Text = "Maji yamefika Kibera 🌊" })},
		"image_hex":      {want: said(known)},
		"image_base64":   {want: said(known)},
		"image_no_sum":   {want: said(func(m *channels.Message) { m.Media = []channels.Media{file("image/jpeg", "")} })},
		"audio":          {want: said(func(m *channels.Message) { m.Media = []channels.Media{file("audio/ogg; codecs=opus", "")} })},
		"document":       {want: said(func(m *channels.Message) { m.Media = []channels.Media{file("application/pdf", "list.pdf")} })},
		"sticker":        {want: said(func(m *channels.Message) { m.Media = []channels.Media{file("image/webp", "")} })},
		"contacts":       {want: said(func(m *channels.Message) { m.Text = "Amina Otieno, +254700000003\nJuma" })},
		"button":         {want: said(func(m *channels.Message) { m.Text, m.ReplyTo = "Yes, still here", "wamid.0" })},
		"button_reply":   {want: said(func(m *channels.Message) { m.Text = "Yes" })},
		"list_reply":     {want: said(func(m *channels.Message) { m.Text = "Water\nA well or a tap" })},
		"stop":           {want: said(func(m *channels.Message) { m.Text, m.Nature = "STOP", channels.Stop })},
		"stop_own_word":  {want: said(func(m *channels.Message) { m.Text, m.Nature = "Basta.", channels.Stop })},
		"image_stop":     {want: said(func(m *channels.Message) { m.Text, m.Media = "STOP", []channels.Media{file("image/jpeg", "")} })},
		"reply":          {want: said(func(m *channels.Message) { m.Text, m.ReplyTo = "At the school", "wamid.0" })},
		"reaction":       {why: "reaction", want: said(func(m *channels.Message) { m.Nature, m.Text, m.ReplyTo = channels.Other, "👍", "wamid.0" })},
		"unsupported":    {why: "unsupported", want: other("")},
		"system":         {why: "system", want: other("")},
		"location_empty": {want: said(func(*channels.Message) {})},
		"location": {want: said(func(m *channels.Message) {
			m.Location = &channels.Location{Words: "Uhuru Park, Nairobi", Point: &channels.Point{Lon: 36.8219, Lat: -1.2921}}
		})},
		"location_nowhere": {want: said(func(m *channels.Message) { m.Location = &channels.Location{Words: "Home"} })},
		"forwarded": {want: said(func(m *channels.Message) {
			m.Text, m.Checks = "They say the dam broke", map[string]string{"forwarded": "yes"}
		})},
		"edit": {want: said(func(m *channels.Message) { m.Text, m.Supersedes = "Corrected", "wamid.0" })},
		"revoke": {why: "revoke", want: said(func(m *channels.Message) {
			m.Nature, m.Deletes = channels.Other, "wamid.0"
		})},
		"hidden_number": {want: said(func(m *channels.Message) {
			m.Text, m.From.Value = "It burns", "KE.13491208655302741918"
		})},
		"delivered": {want: channels.Message{ProviderID: "wamid.9/status/delivered", Nature: channels.Delivery, At: at,
			Status: &channels.Status{Of: "wamid.9", State: channels.Delivered}}},
		"failed": {want: channels.Message{ProviderID: "wamid.9/status/failed", Nature: channels.Delivery, At: at,
			Status: &channels.Status{Of: "wamid.9", State: channels.Undelivered, Code: "131026"}}},
		"status_new": {why: "unknown_status", want: channels.Message{ProviderID: "wamid.9/status/teleported", Nature: channels.Other, At: at}},
	} {
		t.Run(name, func(t *testing.T) {
			w := build(t, chat.WhatsApp(), whatsAppConfig())
			splits := receive(t, chat.WhatsApp(), w, hubSigned(fixture(t, "whatsapp/"+name+".json")))
			if len(splits) != 1 || splits[0].Nature != tc.want.Nature || splits[0].Why != tc.why || splits[0].From != tc.want.From {
				t.Fatalf("split into %v, why %q", splits, splits[0].Why)
			}
			if diff := cmp.Diff(tc.want, reread(t, w, splits[0])); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

// A batch is as many messages as it holds, each stored alone; one that cannot be
// read keeps none of the others out.
func TestWhatsAppBatch(t *testing.T) {
	w := build(t, chat.WhatsApp(), whatsAppConfig())
	body := fixture(t, "whatsapp/batch.json")
	splits := receive(t, chat.WhatsApp(), w, hubSigned(body))
	var got []string
	for _, s := range splits {
		id := s.ProviderID
		if kind, _, hashed := strings.Cut(id, ":"); hashed {
			id = kind
		}
		if kind, _, hashed := strings.Cut(id, "/"); hashed && kind == "change" {
			id = kind
		}
		got = append(got, fmt.Sprint(id, " ", s.Nature, " ", s.Why))
		if len(s.Raw) > len(body)/3 {
			t.Errorf("%s: stored with the others", id)
		}
	}
	want := []string{"wamid.1 report ", "wamid.2 report ", "wamid.4/status/read delivery ", "unparsed unparsed no_message_id",
		"wamid.5 unparsed unknown_type", "wamid.6 unparsed bad_message", "change other account_update", "unparsed unparsed not_a_change",
		"change other messages", "change other unknown_field", "wamid.7 report "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	again := receive(t, chat.WhatsApp(), w, hubSigned(body))
	for i := range splits {
		if splits[i].ProviderID != again[i].ProviderID || splits[i].Digest != again[i].Digest {
			t.Errorf("split %d is another when told again", i)
		}
	}
}

// The largest batch that Meta sends is split; a hostile one is kept whole.
func TestWhatsAppBatchLimit(t *testing.T) {
	for n, want := range map[int]int{1000: 1000, 2000: 2000, 2001: 1} {
		items := make([]string, n)
		for i := range items {
			items[i] = hubText("wamid."+strconv.Itoa(i), "x")
		}
		splits := receive(t, chat.WhatsApp(), build(t, chat.WhatsApp(), whatsAppConfig()), hubSigned(batch(items, nil)))
		if len(splits) != want || n > 2000 && splits[0].Why != "too_many" {
			t.Errorf("%d messages: %d splits", n, len(splits))
		}
	}
}

func TestWhatsAppEmptyBatch(t *testing.T) {
	w := build(t, chat.WhatsApp(), whatsAppConfig())
	splits := receive(t, chat.WhatsApp(), w, hubSigned([]byte(`{"object":"whatsapp_business_account","entry":[]}`)))
	if len(splits) != 1 || splits[0].Nature != channels.Other || splits[0].Why != "empty" {
		t.Fatalf("split into %v", splits)
	}
	reread(t, w, splits[0])
}

func TestWhatsAppSettings(t *testing.T) {
	kind := chat.WhatsApp()
	good := func() map[string]string {
		return map[string]string{"phone_number_id": numberID, "app_secret": hubSecret, "verify_token": verifyWord, "access_token": accessToken,
			"template_name": "crisis_answer", "template_language": "pt_BR", "graph_version": "v26.0", "api_url": "http://127.0.0.1:9"}
	}
	if err := kind.Check(good()); err != nil {
		t.Fatal(err)
	}
	for key, bad := range map[string]string{"phone_number_id": "+16505553333", "app_secret": "ABC", "template_name": "Crisis answer",
		"template_language": "Portuguese", "graph_version": "latest", "api_url": "graph.facebook"} {
		values := good()
		values[key] = bad
		if err := kind.Check(values); err == nil || !strings.HasPrefix(err.Error(), key) || strings.Contains(err.Error(), bad) {
			t.Errorf("%s: %v", key, err)
		}
	}
	for _, key := range []string{"app_secret", "verify_token", "access_token"} {
		c := whatsAppConfig()
		delete(c.Secrets, key)
		if _, err := kind.New(c); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s missing: %v", key, err)
		}
	}
}
