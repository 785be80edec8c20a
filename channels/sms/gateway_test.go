package sms_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/sms"
)

const (
	gateKey    = "gateway-secret-0815"
	gatePublic = "https://onyo.example.org/hooks/phone"
)

var gateNoon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// gateConfig is a gateway with its own secret, or without one where own is empty.
func gateConfig(preset, own string, settings ...string) channels.Config {
	c := channels.Config{Name: "phone", PublicURL: gatePublic, Clock: func() time.Time { return gateNoon },
		Settings: map[string]string{"preset": preset, "answer": "OK"},
		Secrets:  map[string]channels.Secret{channels.PathSecret: channels.NewSecret(atPath, "")}}
	if own != "" {
		c.Secrets["secret"] = channels.NewSecret(own, "")
	}
	for i := 0; i < len(settings); i += 2 {
		switch key := settings[i]; key {
		case "password", "api_key":
			c.Secrets[key] = channels.NewSecret(settings[i+1], "")
		default:
			c.Settings[key] = settings[i+1]
		}
	}
	return c
}

func gate(t testing.TB, c channels.Config) channels.Webhook {
	t.Helper()
	made, err := sms.Gateway().New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made.(channels.Webhook)
}

// posting is a POST of a body; typed sets its type.
func posting(mediaType, body string) channels.Exchange {
	return channels.Exchange{Method: http.MethodPost, Header: http.Header{"Content-Type": {mediaType}}, Body: []byte(body), ID: "fresh", At: gateNoon}
}

// getting is a GET with a query and the path secret.
func getting(query string) channels.Exchange {
	return channels.Exchange{Method: http.MethodGet, Header: http.Header{}, Query: query, PathSecret: atPath, ID: "fresh", At: gateNoon}
}

// bearer is a token as httpSMS makes it, good until end.
func bearer(key, alg string, end time.Time) string {
	segment := func(value any) string {
		data, _ := json.Marshal(value)
		return base64.RawURLEncoding.EncodeToString(data)
	}
	text := segment(map[string]any{"alg": alg, "typ": "JWT"}) + "." + segment(map[string]any{"aud": gatePublic, "exp": end.Unix(),
		"iat": gateNoon.Unix(), "iss": "api.httpsms.com", "nbf": gateNoon.Add(-10 * time.Minute).Unix(), "sub": "user"})
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return "Bearer " + text + "." + base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func authorised(x channels.Exchange, header string) channels.Exchange {
	x.Header = x.Header.Clone()
	x.Header.Set("Authorization", header)
	return x
}

// proveBy is how each preset's exchanges are proved in the suite.
func proveBy(preset string) func(channels.Exchange) channels.Exchange {
	switch preset {
	case "httpsms":
		return func(x channels.Exchange) channels.Exchange {
			return authorised(x, bearer(gateKey, "HS256", gateNoon.Add(10*time.Minute)))
		}
	case "kannel", "jasmin":
		return gated(atPath)
	}
	return func(x channels.Exchange) channels.Exchange {
		x.Query = "secret=" + gateKey
		return x
	}
}

// bringsIn is what each preset posts for a saying.
func bringsIn(preset string, s channeltest.Saying) channels.Exchange {
	text, _ := json.Marshal(s.Text)
	id, _ := json.Marshal(s.ID)
	switch preset {
	case "httpsms":
		pairs := []string{`"specversion":"1.0"`, `"type":"message.phone.received"`, fmt.Sprintf(`"id":"event-%d"`, s.Dress), `"source":"/v1/messages/receive"`,
			fmt.Sprintf(`"data":{"message_id":%s,"owner":"+254700000001","contact":"%s","timestamp":"2026-03-01T11:59:58.114Z","content":%s,"sim":"SIM1"}`, id, atSender, text)}
		turn := s.Dress % len(pairs)
		return posting("application/json; charset=utf-8", "{"+strings.Join(append(pairs[turn:], pairs[:turn]...), ", ")+"}")
	case "custom":
		return posting("application/json", fmt.Sprintf(`{"message":{"body":%s,"msgid":%s},%s"sender":"%s"}`, text, id, strings.Repeat(" ", s.Dress), atSender))
	}
	fields := map[string]url.Values{
		"smssync": {"from": {atSender}, "message": {s.Text}, "message_id": {s.ID}, "sent_to": {"+254700000001"}, "device_id": {"1"}, "sent_timestamp": {"1772366398000"}},
		"kannel":  {"from": {atSender}, "to": {"28901"}, "text": {s.Text}, "id": {s.ID}, "time": {"1772366398"}, "coding": {"0"}, "charset": {"UTF-8"}},
		"jasmin":  {"from": {atSender}, "to": {"28901"}, "content": {s.Text}, "id": {s.ID}, "coding": {"2"}, "priority": {"1"}, "origin-connector": {"mtn"}},
	}[preset]
	return redressed(posting(form, fields.Encode()), s.Dress, "smsc=1")
}

const customFields = "from=sender text=message.body id=message.msgid secret=secret"

func TestGatewayConforms(t *testing.T) {
	for _, preset := range []string{"smssync", "httpsms", "kannel", "jasmin", "custom"} {
		t.Run(preset, func(t *testing.T) {
			own := gateKey
			if preset == "kannel" || preset == "jasmin" {
				own = ""
			}
			config, prove, kind := gateConfig(preset, own, "fields", customFields), proveBy(preset), sms.Gateway()
			said := bringsIn(preset, channeltest.Saying{ID: "f2", Text: "x"})
			suite := channeltest.Suite{
				Config: config, Prove: prove, Address: atSender,
				Say:       func(s channeltest.Saying) channels.Exchange { return prove(bringsIn(preset, s)) },
				Forgeries: gatewayForgeries(preset, said),
				Unsplittable: map[string]channels.Exchange{
					"nothing":   prove(posting(form, "device_id=1")),
					"no object": prove(posting("application/json", `[1,2]`)),
					"no JSON":   prove(posting("application/json", `{"a":`)),
				},
				Hidden: func(channels.Exchange) []string { return []string{gateKey, atPath} },
			}
			if preset == "smssync" {
				suite.Asking = map[string]channels.Exchange{"send": asks("send"), "result": asks("result")}
			} else {
				kind.Can.Collect = false // of the products only SMSSync asks
			}
			suite.Kind = kind
			channeltest.Run(t, suite)
		})
	}
}

func asks(task string) channels.Exchange {
	x := getting("task=" + task + "&secret=" + gateKey)
	x.PathSecret = ""
	return x
}

func gatewayForgeries(preset string, said channels.Exchange) map[string]channels.Exchange {
	if preset == "kannel" || preset == "jasmin" {
		return gateForgeries(said)
	}
	if preset == "httpsms" {
		end := gateNoon.Add(10 * time.Minute)
		good := bearer(gateKey, "HS256", end)
		head, rest, _ := strings.Cut(good, ".")
		return map[string]channels.Exchange{
			"no proof":       gated(atPath)(said),
			"wrong proof":    authorised(said, bearer("another-key", "HS256", end)),
			"no algorithm":   authorised(said, bearer(gateKey, "none", end)),
			"other alg":      authorised(said, bearer(gateKey, "HS512", end)),
			"too old":        authorised(said, bearer(gateKey, "HS256", gateNoon.Add(-6*time.Minute))),
			"no signature":   authorised(said, good[:strings.LastIndexByte(good, '.')+1]),
			"other head":     authorised(said, head+"A."+rest),
			"not bearer":     authorised(said, "Basic "+strings.TrimPrefix(good, "Bearer ")),
			"key as a token": authorised(said, "Bearer "+gateKey),
		}
	}
	with := func(query string) channels.Exchange {
		x := gated(atPath)(said)
		x.Query = query
		return x
	}
	return map[string]channels.Exchange{
		"no proof":      with(""),
		"wrong proof":   with("secret=gateway-secret-0816"),
		"an empty one":  with("secret="),
		"the other way": with("secret=" + atPath),
		"half of it":    with("secret=gateway"),
		"another name":  with("key=" + gateKey),
	}
}

func TestGatewayReads(t *testing.T) {
	person, ours, short := channels.Address{Scheme: "tel", Value: atSender}, channels.Address{Scheme: "tel", Value: "+254700000001"}, channels.Address{Scheme: "tel", Value: "28901"}
	sent := time.Date(2026, 3, 1, 11, 59, 58, 0, time.UTC)
	report := func(id, text string, to channels.Address) channels.Message {
		return channels.Message{ProviderID: id, Nature: channels.Report, From: person, To: to, Text: text, At: sent}
	}
	became := func(of, suffix string, state channels.DeliveryState, code string) channels.Message {
		return channels.Message{ProviderID: of + "/" + suffix, Nature: channels.Delivery, Status: &channels.Status{Of: of, State: state, Code: code}}
	}
	ucs2 := string(bigEndian("Повінь 🌊"))
	event := func(kind, data string) string { return `{"id":"e1","type":"` + kind + `","data":` + data + `}` }
	of := `{"id":"h7","request_id":"o1","owner":"+254700000001","contact":"` + atSender + `","content":"x"}`
	timeless := func(m channels.Message) channels.Message {
		m.At = time.Time{}
		return m
	}
	for name, tc := range map[string]struct {
		preset string
		x      channels.Exchange
		want   channels.Message
	}{
		"smssync": {"smssync", posting(form, "from=%2B254700000003&message=Mafuriko+Kibera&message_id=u1&sent_to=%2B254700000001&sent_timestamp=1772366398000&device_id=7&secret="),
			report("u1", "Mafuriko Kibera", ours)},
		"smssync in seconds": {"smssync", posting(form, "from=%2B254700000003&message=Mafuriko&message_id=u1&sent_to=%2B254700000001&sent_timestamp=1772366398"), report("u1", "Mafuriko", ours)},
		"smssync in JSON": {"smssync", posting("application/json", `{"from":"+254700000003","message":"Mafuriko","message_id":"u1","sent_to":"+254700000001","sent_timestamp":1772366398000}`),
			report("u1", "Mafuriko", ours)},
		"httpsms":           {"httpsms", posting("application/json", event("message.phone.received", `{"message_id":"m1","owner":"+254700000001","contact":"+254700000003","timestamp":"2026-03-01T11:59:58Z","content":"Flood"}`)), report("m1", "Flood", ours)},
		"httpsms sent":      {"httpsms", posting("application/json", event("message.phone.sent", of)), became("h7", "sent", channels.SentOn, "")},
		"httpsms delivered": {"httpsms", posting("application/json", event("message.phone.delivered", of)), became("h7", "delivered", channels.Delivered, "")},
		"httpsms failed":    {"httpsms", posting("application/json", event("message.send.failed", of)), became("h7", "failed", channels.Undelivered, "failed")},
		"httpsms expired":   {"httpsms", posting("application/json", event("message.send.expired", `{"message_id":"h7","is_final":true,"send_attempt_count":2}`)), became("h7", "expired", channels.Undelivered, "expired")},
		"httpsms to be tried again": {"httpsms", posting("application/json", event("message.send.expired", `{"message_id":"h7","is_final":false,"send_attempt_count":1}`)),
			became("h7", "expired/1", channels.Queued, "expired")},
		"httpsms missed call": {"httpsms", posting("application/json", event("message.call.missed", `{"owner":"+254700000001","contact":"+254700000003","timestamp":"2026-03-01T11:59:58Z"}`)),
			channels.Message{ProviderID: "event:e1", Nature: channels.Other, From: person, To: ours, At: sent}},
		"frontline": {"frontlinesms", posting(form, "from=%2B254700000003&text=Flood&time=2026-03-01+11%3A59%3A58.0&id=9"), timeless(report("9", "Flood", channels.Address{}))},
		"kannel":    {"kannel", getting("id=k1&from=%2B254700000003&to=28901&text=Flood+at+bridge&time=1772366398&coding=0&charset=UTF-8"), report("k1", "Flood at bridge", short)},
		"kannel latin": {"kannel", getting("id=k1&from=%2B254700000003&to=28901&text=Inond%E9&time=1772366398&coding=0&charset=ISO-8859-1"),
			report("k1", "Inondé", short)},
		"kannel windows": {"kannel", getting("id=k1&from=%2B254700000003&to=28901&text=%80+5&time=1772366398&charset=WINDOWS-1252"), report("k1", "€ 5", short)},
		"kannel unicode": {"kannel", getting("id=k1&from=%2B254700000003&to=28901&text=" + url.QueryEscape(ucs2) + "&time=1772366398&coding=2&charset=UTF-16BE"),
			report("k1", "Повінь 🌊", short)},
		"kannel without charset": {"kannel", getting("id=k1&from=%2B254700000003&to=28901&text=" + url.QueryEscape(ucs2) + "&time=1772366398&coding=2"), report("k1", "Повінь 🌊", short)},
		"kannel in digits":       {"kannel", getting("id=k1&from=%2B254700000003&to=28901&text=" + hex.EncodeToString([]byte(ucs2)) + "&time=1772366398&coding=2"), report("k1", "Повінь 🌊", short)},
		"kannel unknown charset": {"kannel", getting("id=k1&from=%2B254700000003&to=28901&text=abc&time=1772366398&charset=klingon"), report("k1", "abc", short)},
		"kannel delivered":       {"kannel", getting("of=o1&status=1"), became("o1", "1", channels.Delivered, "1")},
		"kannel failed":          {"kannel", getting("of=o1&status=2"), became("o1", "2", channels.Undelivered, "2")},
		"kannel buffered":        {"kannel", getting("of=o1&status=4"), became("o1", "4", channels.Queued, "4")},
		"kannel at the operator": {"kannel", getting("of=o1&status=8"), became("o1", "8", channels.SentOn, "8")},
		"kannel refused":         {"kannel", getting("of=o1&status=16"), became("o1", "16", channels.Undelivered, "16")},
		"kannel expired":         {"kannel", getting("of=o1&status=34"), became("o1", "34", channels.Undelivered, "34")},
		"jasmin": {"jasmin", posting(form, "id=j1&from=%2B254700000003&to=28901&content=%1B%65+5&binary=1b652035&coding=0&origin-connector=mtn&priority=1"),
			timeless(report("j1", "€ 5", short))},
		"jasmin unicode":     {"jasmin", posting(form, "id=j1&from=%2B254700000003&to=28901&coding=8&content=x&binary="+hex.EncodeToString([]byte(ucs2))), timeless(report("j1", "Повінь 🌊", short))},
		"jasmin latin":       {"jasmin", posting(form, "id=j1&from=%2B254700000003&to=28901&coding=3&content=Inond%E9"), timeless(report("j1", "Inondé", short))},
		"jasmin not GSM":     {"jasmin", posting(form, "id=j1&from=%2B254700000003&to=28901&coding=0&content=Inond%C3%A9"), timeless(report("j1", "Inondé", short))},
		"jasmin by GET":      {"jasmin", getting("id=j1&from=%2B254700000003&to=28901&coding=0&content=Flood"), timeless(report("j1", "Flood", short))},
		"jasmin at operator": {"jasmin", posting(form, "id=j7&message_status=ESME_ROK&level=1&connector=mtn"), became("j7", "esme_rok", channels.SentOn, "ESME_ROK")},
		"jasmin refused":     {"jasmin", posting(form, "id=j7&message_status=ESME_RINVDSTADR&level=1&connector=mtn"), became("j7", "esme_rinvdstadr", channels.Undelivered, "ESME_RINVDSTADR")},
		"jasmin delivered":   {"jasmin", posting(form, "id=j7&message_status=DELIVRD&level=3&text=Flo&err=000"), became("j7", "delivrd", channels.Delivered, "DELIVRD")},
		"jasmin expired":     {"jasmin", posting(form, "id=j7&message_status=EXPIRED&level=3"), became("j7", "expired", channels.Undelivered, "EXPIRED")},
		"a stop": {"kannel", getting("id=k1&from=%2B254700000003&to=28901&text=STOP&time=1772366398"), func() channels.Message {
			m := report("k1", "STOP", short)
			m.Nature = channels.Stop
			return m
		}()},
		"plus as a space": {"kannel", getting("id=k1&from=+254700000003&to=28901&text=a&time=1772366398"), report("k1", "a", short)},
		"hostile":         {"kannel", getting("id=k1&from=%2B254700000003&to=28901&text=a%00%ED%A0%80&time=1772366398"), report("k1", "a\uFFFD\uFFFD", short)},
	} {
		t.Run(name, func(t *testing.T) {
			tc.x.PathSecret = atPath
			if tc.preset == "frontlinesms" {
				tc.want.At = sent
			}
			got := received(t, sms.Gateway(), gate(t, gateConfig(tc.preset, "")), tc.x)
			if diff := cmp.Diff([]channels.Message{tc.want}, got); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

func bigEndian(text string) (out []byte) {
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit>>8), byte(unit))
	}
	return out
}

// What each product must hear, or it tries again for ever, or texts the answer to
// the person.
func TestGatewayAnswers(t *testing.T) {
	for preset, want := range map[string]string{"smssync": `{"payload":{"success":true,"error":null}}`, "httpsms": "OK",
		"kannel": "", "jasmin": "ACK/Jasmin", "custom": "OK"} {
		own := map[string]string{"httpsms": gateKey, "smssync": gateKey, "custom": gateKey}[preset]
		got, err := gate(t, gateConfig(preset, own, "fields", customFields)).Receive(t.Context(), proveBy(preset)(bringsIn(preset, channeltest.Saying{ID: "1", Text: "x"})))
		if err != nil || got.Answer.Status != 200 || string(got.Answer.Body) != want {
			t.Errorf("%s: %d %q, %v", preset, got.Answer.Status, got.Answer.Body, err)
		}
	}
	got, err := gate(t, gateConfig("jasmin", "")).Receive(t.Context(), getting("id=j7&message_status=DELIVRD"))
	if err != nil || string(got.Answer.Body) != "ACK/Jasmin" {
		t.Errorf("a receipt is answered %q, %v", got.Answer.Body, err)
	}
}

// Without an id the same text is the same message while it may be a second try.
func TestGatewayWithoutID(t *testing.T) {
	w := gate(t, gateConfig("frontlinesms", ""))
	id := func(query string, after time.Duration) string {
		x := getting(query)
		x.At = x.At.Add(after)
		return received(t, sms.Gateway(), w, x)[0].ProviderID
	}
	const bare, timed = "s=%2B254700000003&m=Help", "s=%2B254700000003&m=Help&time=2026-03-01+11:59:58"
	if id(bare, 0) != id(bare, 90*time.Second) {
		t.Error("a second try is another message")
	}
	if id(bare, 0) == id(bare, time.Hour) || id(bare, 0) == id(bare+"!", 0) || id(bare, 0) == id(strings.Replace(bare, "003", "004", 1), 0) {
		t.Error("another message has the same id")
	}
	if id(timed, 0) != id(timed, time.Hour) || id(timed, 0) == id(strings.Replace(timed, ":58", ":59", 1), 0) {
		t.Error("the id does not follow the time of sending")
	}
}

// Parts come in any order, again, and through gateways that do not join them.
func TestGatewayParts(t *testing.T) {
	udh := func(header ...byte) string { return "&udh=" + url.QueryEscape(string(header)) }
	ask := "from=%2B254700000003&to=28901&text=a&time=1772366398&id="
	w := gate(t, gateConfig("kannel", ""))
	part := func(w channels.Webhook, query string) *channels.Message {
		m := received(t, sms.Gateway(), w, getting(query))[0]
		if m.Part != nil && m.ProviderID != channels.PartID(m.Part.Of, m.Part.Number) {
			t.Errorf("part %d is %s", m.Part.Number, m.ProviderID)
		}
		return &m
	}
	first, second := part(w, ask+"1"+udh(5, 0, 3, 7, 2, 1)), part(w, ask+"2"+udh(5, 0, 3, 7, 2, 2))
	if first.Part == nil || second.Part == nil || first.Part.Of != second.Part.Of || first.Part.Number != 1 || second.Part.Number != 2 || second.Part.Total != 2 {
		t.Fatalf("parts %v and %v", first.Part, second.Part)
	}
	for name, other := range map[string]*channels.Message{
		"another reference": part(w, ask+"1"+udh(5, 0, 3, 8, 2, 1)),
		"another total":     part(w, ask+"1"+udh(5, 0, 3, 7, 3, 1)),
		"16 bits":           part(w, ask+"1"+udh(6, 8, 4, 1, 7, 2, 1)),
		"another day":       part(w, strings.Replace(ask, "1772366398", "1772452798", 1)+"1"+udh(5, 0, 3, 7, 2, 1)),
		"another sender":    part(w, strings.Replace(ask, "003", "004", 1)+"1"+udh(5, 0, 3, 7, 2, 1)),
	} {
		if other.Part == nil || other.Part.Of == first.Part.Of {
			t.Errorf("%s: the same text", name)
		}
	}
	for name, header := range map[string]string{"a port": udh(6, 5, 4, 0, 1, 0, 2), "cut short": udh(5, 0, 3, 7, 2), "none": "",
		"part 0": udh(5, 0, 3, 7, 2, 0), "beyond the end": udh(5, 0, 3, 7, 2, 3), "one part": udh(5, 0, 3, 7, 1, 1)} {
		if m := part(w, ask+"1"+header); m.Part != nil || m.ProviderID != "1" {
			t.Errorf("%s: %v", name, m.Part)
		}
	}
	custom := gate(t, gateConfig("custom", "", "fields", "from=from text=text id=id time=time part_of=ref part=n parts=of"))
	if m := part(custom, ask+"1&ref=2cf24dba-5fb0&n=2&of=3"); m.Part == nil || m.Part.Number != 2 || m.Part.Total != 3 {
		t.Errorf("custom: %v", m.Part)
	}
}

func TestGatewayUnreadable(t *testing.T) {
	for name, tc := range map[string]struct {
		preset, why string
		x           channels.Exchange
	}{
		"encrypted":        {"httpsms", "encrypted", posting("application/json", `{"type":"message.phone.received","data":{"message_id":"m","content":"gAAA","encrypted":true}}`)},
		"no id":            {"httpsms", "no_message_id", posting("application/json", `{"type":"message.phone.received","data":{"content":"a"}}`)},
		"no event":         {"httpsms", "no_event", posting("application/json", `{}`)},
		"a receipt of":     {"kannel", "no_message_id", getting("status=1")},
		"no text":          {"kannel", "no_text", getting("from=1&to=2")},
		"nothing":          {"kannel", "no_text", getting("")},
		"a query":          {"kannel", "bad_form", getting("text=%zz")},
		"another task":     {"smssync", "unknown_task", getting("task=dance")},
		"receipts":         {"smssync", "bad_receipts", channels.Exchange{Method: http.MethodPost, Query: "task=result", Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"message_result":7}`)}},
		"too many at once": {"smssync", "bad_receipts", channels.Exchange{Method: http.MethodPost, Query: "task=sent", Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"queued_messages":["o"` + strings.Repeat(`,"o"`, 1000) + `]}`)}},
		"one bad receipt":  {"smssync", "bad_receipt", channels.Exchange{Method: http.MethodPost, Query: "task=sent", Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"queued_messages":[7]}`)}},
		"a nameless one":   {"smssync", "no_message_id", channels.Exchange{Method: http.MethodPost, Query: "task=sent", Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`{"queued_messages":[""]}`)}},
		"a bad second one": {"jasmin", "bad_query", channels.Exchange{Method: http.MethodPost, Query: "a=%zz", Header: http.Header{"Content-Type": {form}}, Body: []byte("content=a")}},
	} {
		t.Run(name, func(t *testing.T) {
			tc.x.PathSecret = atPath
			got := received(t, sms.Gateway(), gate(t, gateConfig(tc.preset, "")), tc.x)
			if len(got) != 1 || got[0].Nature != channels.Unparsed || got[0].Text != tc.why {
				t.Fatalf("read as %v %q", got, got[0].Text)
			}
		})
	}
}
