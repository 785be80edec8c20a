package sms_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/sms"
)

const (
	vonagePath   = "path-5Jq2bXw8"
	vonageSecret = "signature-secret-77"
	vonageHook   = "https://onyo.example.org/hooks/vonage-main"
	vonageFrom   = "447700900001"
)

// vonageOpen is a channel without a signature secret, vonageSigned one with it.
func vonageOpen() channels.Config {
	return channels.Config{Name: "vonage-main", PublicURL: vonageHook, Settings: map[string]string{"signature_method": "sha256"},
		Secrets: map[string]channels.Secret{channels.PathSecret: channels.NewSecret(vonagePath, "")}}
}

func vonageSigned() channels.Config {
	c := vonageOpen()
	c.Secrets = map[string]channels.Secret{"signature_secret": channels.NewSecret(vonageSecret, "older-secret-77")}
	return c
}

func vonageAdapter(t testing.TB, c channels.Config) channels.Webhook {
	t.Helper()
	made, err := sms.Vonage().New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made.(channels.Webhook)
}

// vonageInbound are the fields of a text, as Vonage documents them.
func vonageInbound(id, text string) map[string]string {
	return map[string]string{"msisdn": vonageFrom, "to": "447700900000", "messageId": id, "text": text, "type": "text",
		"keyword": "HELLO", "message-timestamp": "2020-01-01 12:00:00", "timestamp": "1577880000",
		"nonce": "aaaaaaaa-bbbb-cccc-dddd-0123456789ab", "api-key": "abcd1234"}
}

func with(fields map[string]string, pairs ...string) map[string]string {
	for i := 0; i < len(pairs); i += 2 {
		fields[pairs[i]] = pairs[i+1]
	}
	return fields
}

// vonagePost puts fields into a body of one of the kind's types, or into the query.
func vonagePost(mediaType string, fields map[string]string) channels.Exchange {
	x := channels.Exchange{Method: http.MethodPost, Header: http.Header{"Content-Type": {mediaType}}, ID: "fresh"}
	values := url.Values{}
	for key, value := range fields {
		values.Set(key, value)
	}
	switch mediaType {
	case "":
		return channels.Exchange{Method: http.MethodGet, Header: http.Header{}, ID: "fresh", Query: values.Encode()}
	case "application/json":
		x.Body, _ = json.Marshal(fields)
	default:
		x.Body = []byte(values.Encode())
	}
	return x
}

// vonageToken is a token of the Messages API over a body.
func vonageToken(alg, secret, payload string) string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"`+alg+`","typ":"JWT"}`)) + "." +
		encode([]byte(`{"iat":1577880000,"jti":"c5ba8f24","iss":"Vonage","payload_hash":"`+payload+`","api_key":"abcd1234"}`))
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(signed))
	return signed + "." + encode(h.Sum(nil))
}

func hexSum(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// vonageProve signs an exchange as it stands: fields by sig, what holds none by a
// token.
func vonageProve(x channels.Exchange) channels.Exchange {
	x.Header = x.Header.Clone()
	fields := map[string]string{}
	if x.Header.Get("Content-Type") == form {
		if values, err := url.ParseQuery(string(x.Body)); err == nil && len(x.Body) > 0 {
			for key, value := range values {
				fields[key] = value[0]
			}
			delete(values, "sig")
			values.Set("sig", strings.ToUpper(sms.SignVonage("sha256", vonageSecret, fields)))
			x.Body = []byte(values.Encode())
			return x
		}
	}
	body := x.Body
	if len(body) == 0 {
		body = []byte(x.Query)
	}
	x.Header.Set("Authorization", "Bearer "+vonageToken("HS256", vonageSecret, hexSum(body)))
	return x
}

func vonageByPath(x channels.Exchange) channels.Exchange {
	x.PathSecret = vonagePath
	return x
}

func vonageSay(prove func(channels.Exchange) channels.Exchange) func(channeltest.Saying) channels.Exchange {
	return func(s channeltest.Saying) channels.Exchange {
		fields := with(vonageInbound(s.ID, s.Text), "timestamp", fmt.Sprint(1577880000+s.Dress), "nonce", fmt.Sprint("n", s.Dress))
		mediaType := form
		if s.Dress%2 == 1 {
			mediaType = "application/json"
		}
		return prove(vonagePost(mediaType, fields))
	}
}

func bentVonage(x channels.Exchange, change func(*channels.Exchange)) channels.Exchange {
	x.Header = x.Header.Clone()
	change(&x)
	return x
}

func TestVonageConformsByPath(t *testing.T) {
	genuine := func() channels.Exchange { return vonagePost(form, vonageInbound("0A01", "Flood at bridge")) }
	wrong := func(secret string) channels.Exchange {
		return bentVonage(genuine(), func(x *channels.Exchange) { x.PathSecret = secret })
	}
	channeltest.Run(t, channeltest.Suite{
		Kind: sms.Vonage(), Config: vonageOpen(), Say: vonageSay(vonageByPath), Prove: vonageByPath, Address: vonageFrom,
		Forgeries: map[string]channels.Exchange{"no proof": genuine(), "wrong proof": wrong("path-5Jq2bXw9"),
			"half a proof": wrong(vonagePath[:6]), "signed by nobody's secret": vonageProve(genuine()),
			"in the query": bentVonage(genuine(), func(x *channels.Exchange) { x.Query = "secret=" + vonagePath })},
		Unsplittable: map[string]channels.Exchange{
			"no id":     vonageByPath(vonagePost(form, map[string]string{"text": "hello"})),
			"no form":   vonageByPath(bentVonage(genuine(), func(x *channels.Exchange) { x.Body = []byte("a=%zz") })),
			"no object": vonageByPath(bentVonage(vonagePost("application/json", nil), func(x *channels.Exchange) { x.Body = []byte("[1]") })),
			"a picture": vonageByPath(bentVonage(vonagePost("application/json", nil), func(x *channels.Exchange) {
				x.Body = []byte(`{"message_uuid":"u1","channel":"mms","message_type":"image","image":{"url":"https://x"}}`)
			})),
			"bytes": vonageByPath(vonagePost(form, with(vonageInbound("0A02", ""), "type", "binary", "data", "0605040b8423f0"))),
		},
	})
}

func TestVonageConformsBySignature(t *testing.T) {
	genuine := func() channels.Exchange {
		return vonageProve(vonagePost(form, vonageInbound("0A01", "Flood at bridge")))
	}
	bend := func(change func(*channels.Exchange)) channels.Exchange { return bentVonage(genuine(), change) }
	signed := func(method, secret string, sign, send map[string]string) channels.Exchange {
		return vonagePost(form, with(send, "sig", sms.SignVonage(method, secret, sign)))
	}
	fields := func() map[string]string { return vonageInbound("0A01", "Flood at bridge") }
	token := func(token string) channels.Exchange {
		x := vonagePost("application/json", fields())
		x.Header.Set("Authorization", "Bearer "+token)
		return x
	}
	body := vonagePost("application/json", fields()).Body
	merged := fields()
	delete(merged, "text")
	delete(merged, "timestamp")
	merged["text=Flood at bridge&timestamp"] = "1577880000"
	channeltest.Run(t, channeltest.Suite{
		Kind: sms.Vonage(), Config: vonageSigned(), Say: vonageSay(vonageProve), Prove: vonageProve, Address: vonageFrom,
		Forgeries: map[string]channels.Exchange{
			"no proof":            vonagePost(form, fields()),
			"wrong proof":         vonagePost(form, with(fields(), "sig", strings.Repeat("0", 64))),
			"empty proof":         vonagePost(form, with(fields(), "sig", "")),
			"the path instead":    vonageByPath(vonagePost(form, fields())),
			"an empty path":       vonagePost(form, fields()),
			"wrong secret":        signed("sha256", "another", fields(), fields()),
			"no secret":           signed("sha256", "", fields(), fields()),
			"weaker method":       signed("md5hash", vonageSecret, fields(), fields()),
			"other text":          signed("sha256", vonageSecret, fields(), with(fields(), "text", "All is well")),
			"one field more":      signed("sha256", vonageSecret, fields(), with(fields(), "concat", "true")),
			"fields run together": signed("sha256", vonageSecret, fields(), merged),
			"one field less": bend(func(x *channels.Exchange) {
				x.Body = []byte(strings.Replace(string(x.Body), "type=text", "", 1))
			}),
			"nothing at all":     {Method: http.MethodGet, Header: http.Header{}},
			"token, wrong":       token(vonageToken("HS256", "another", hexSum(body))),
			"token, other body":  token(vonageToken("HS256", vonageSecret, hexSum([]byte("{}")))),
			"token, no body":     token(vonageToken("HS256", vonageSecret, "")),
			"token, no method":   token(vonageToken("none", vonageSecret, hexSum(body))),
			"token, half":        token("a.b"),
			"token, unsigned":    token(strings.TrimRight(vonageToken("HS256", vonageSecret, hexSum(body)), "-_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")),
			"token, and another": bentVonage(token(vonageToken("HS256", vonageSecret, hexSum(body))), func(x *channels.Exchange) { x.Header.Add("Authorization", "Bearer x") }),
			"nested": bentVonage(vonagePost("application/json", nil), func(x *channels.Exchange) {
				x.Body = []byte(`{"messageId":"1","location":{"lat":1,"long":2},"sig":"` + sms.SignVonage("sha256", vonageSecret, map[string]string{"messageId": "1"}) + `"}`)
			}),
		},
		Unsplittable: map[string]channels.Exchange{
			"no id": vonageProve(vonagePost(form, map[string]string{"text": "hello"})),
			"json":  vonageProve(bentVonage(vonagePost("application/json", nil), func(x *channels.Exchange) { x.Body = []byte(`{"a":1}`) })),
		},
		Hidden: func(x channels.Exchange) []string {
			values, _ := url.ParseQuery(string(vonageProve(x).Body))
			return []string{values.Get("sig"), strings.ToLower(values.Get("sig"))}
		},
	})
}

// The signature of each method over the same fields, computed with other tools
// (Python's hmac and hashlib), and the two characters that are replaced.
func TestSignVonage(t *testing.T) {
	fields := map[string]string{"msisdn": "447700900001", "text": "a=b & c", "messageId": "0A01", "sig": "not signed"}
	for method, want := range map[string]string{
		"md5hash": "435c1004a71af6b14d3fc9b0ce65d8b1",
		"md5":     "698ee613c99bcd7a7cedf5988649cf4a",
		"sha1":    "a99de7c92a4c0e638daa75f48592b2a04055755a",
		"sha256":  "1c7bfc4de069108c13f8d9507d3f70bc0ab97871f49ffca651ca42c539e779a2",
		"sha512":  "5caee3d604a997ffb0545327f0acc0d062ecdf354da0579ec3b0b37f9454a63322589996c1424c58c77152cee5266f1e724048dca0f3d7b1e060017f9a856d9b",
	} {
		if got := sms.SignVonage(method, "secret", fields); got != want {
			t.Errorf("%s: %s", method, got)
		}
		c := vonageSigned()
		c.Settings["signature_method"] = method
		c.Secrets["signature_secret"] = channels.NewSecret("secret", "")
		for _, mediaType := range []string{"", form, "application/json"} {
			x := vonagePost(mediaType, with(map[string]string{"msisdn": "447700900001", "text": "a=b & c", "messageId": "0A01"}, "sig", strings.ToUpper(want)))
			if _, err := sms.Vonage().Receive(t.Context(), vonageAdapter(t, c), x); err != nil {
				t.Errorf("%s in %q: %v", method, mediaType, err)
			}
		}
	}
}

// Vonage keeps an address only once it answers; that says nothing to anybody else.
func TestVonageAnswersWhenAsked(t *testing.T) {
	c := vonageSigned()
	c.Secrets[channels.PathSecret] = channels.NewSecret(vonagePath, "")
	for secret, want := range map[string]bool{vonagePath: true, "": false, "x": false} {
		x := channels.Exchange{Method: http.MethodGet, Header: http.Header{}, PathSecret: secret}
		got, err := sms.Vonage().Receive(t.Context(), vonageAdapter(t, c), x)
		if (err == nil) != want || len(got.Messages) > 0 || err != nil && !errors.Is(err, channels.ErrUnauthentic) {
			t.Errorf("%q: %v", secret, err)
		}
	}
	if _, err := sms.Vonage().Receive(t.Context(), vonageAdapter(t, channels.Config{}), channels.Exchange{Method: http.MethodGet}); err == nil {
		t.Error("a channel without any secret lets in")
	}
}

func TestVonageReads(t *testing.T) {
	from, to := channels.Address{Scheme: "tel", Value: "+447700900001"}, channels.Address{Scheme: "tel", Value: "+447700900000"}
	noon2020 := time.Date(2020, 1, 1, 12, 0, 0, 0, time.UTC)
	said := func(change func(*channels.Message)) channels.Message {
		m := channels.Message{ProviderID: "0A01", Nature: channels.Report, From: from, To: to, At: noon2020, Text: "Hello"}
		change(&m)
		return m
	}
	receipt := func(state channels.DeliveryState, word, code string) channels.Message {
		m := channels.Message{ProviderID: "0A01/" + word, Nature: channels.Delivery, From: to, To: from, At: noon2020}
		m.Status = &channels.Status{Of: "0A01", State: state, Code: code}
		return m
	}
	fields := func(pairs ...string) map[string]string { return with(vonageInbound("0A01", "Hello"), pairs...) }
	dlr := func(pairs ...string) map[string]string {
		return with(map[string]string{"msisdn": vonageFrom, "to": "447700900000", "network-code": "23410", "messageId": "0A01",
			"price": "0.03", "scts": "2001011400", "err-code": "0", "api-key": "abcd1234", "message-timestamp": "2020-01-01 12:00:00",
			"client-ref": "ours"}, pairs...)
	}
	for name, tc := range map[string]struct {
		fields map[string]string
		want   channels.Message
	}{
		"text":       {fields(), said(func(*channels.Message) {})},
		"unicode":    {fields("type", "unicode", "text", "こんにちは 津波"), said(func(m *channels.Message) { m.Text = "こんにちは 津波" })},
		"empty":      {fields("text", ""), said(func(m *channels.Message) { m.Text = "" })},
		"stop":       {fields("text", "STOP"), said(func(m *channels.Message) { m.Text, m.Nature = "STOP", channels.Stop })},
		"start":      {fields("text", "Start!"), said(func(m *channels.Message) { m.Text, m.Nature = "Start!", channels.Start })},
		"short code": {fields("to", "38383"), said(func(m *channels.Message) { m.To.Value = "38383" })},
		"a name":     {fields("msisdn", "MyBank"), said(func(m *channels.Message) { m.From.Value = "MyBank" })},
		"no time":    {fields("message-timestamp", "yesterday"), said(func(m *channels.Message) { m.At = time.Time{} })},
		"bytes that are a text": {fields("type", "binary", "data", "466c75743f20f09f8c8a", "text", ""),
			said(func(m *channels.Message) { m.Text = "Flut? 🌊" })},
		"a part beyond the end": {fields("concat", "true", "concat-ref", "1", "concat-total", "2", "concat-part", "3"), said(func(*channels.Message) {})},
		"one part of one":       {fields("concat", "true", "concat-ref", "1", "concat-total", "1", "concat-part", "1"), said(func(*channels.Message) {})},
		"delivered":             {dlr("status", "delivered"), receipt(channels.Delivered, "delivered", "")},
		"accepted":              {dlr("status", "accepted"), receipt(channels.SentOn, "accepted", "")},
		"buffered":              {dlr("status", "buffered"), receipt(channels.SentOn, "buffered", "")},
		"expired":               {dlr("status", "expired", "err-code", "2"), receipt(channels.Undelivered, "expired", "2")},
		"failed":                {dlr("status", "failed", "err-code", "6"), receipt(channels.Undelivered, "failed", "6")},
		"rejected":              {dlr("status", "REJECTED", "err-code", "4"), receipt(channels.Undelivered, "rejected", "4")},
		"fate unknown": {dlr("status", "unknown", "err-code", "1"), channels.Message{ProviderID: "0A01/unknown",
			Nature: channels.Other, From: to, To: from, At: noon2020}},
	} {
		for _, mediaType := range []string{"", form, "application/json"} {
			t.Run(name+" in "+mediaType, func(t *testing.T) {
				if diff := cmp.Diff([]channels.Message{tc.want}, vonageMessages(t, vonagePost(mediaType, tc.fields))); diff != "" {
					t.Fatal(diff)
				}
			})
		}
	}
}

// vonageMessages are what an exchange with the right path holds.
func vonageMessages(t *testing.T, x channels.Exchange) []channels.Message {
	t.Helper()
	w := vonageAdapter(t, vonageOpen())
	got, err := sms.Vonage().Receive(t.Context(), w, vonageByPath(x))
	if err != nil || len(got.Messages) != 1 {
		t.Fatalf("%d messages, %v", len(got.Messages), err)
	}
	if err := channeltest.JudgeSplit(w, got.Messages[0]); err != nil {
		t.Fatal(err)
	}
	messages, err := w.Parse(got.Messages[0].Raw)
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

// Parts of one text belong together, whatever else they differ in; parts of two
// texts do not, though a phone's reference comes again.
func TestVonageParts(t *testing.T) {
	part := func(pairs ...string) channels.Message {
		fields := with(vonageInbound("0AC1", "Road blocked"), "concat", "true", "concat-ref", "7", "concat-total", "2", "concat-part", "1")
		return vonageMessages(t, vonagePost(form, with(fields, pairs...)))[0]
	}
	first := part()
	if first.Part == nil || first.Part.Number != 1 || first.Part.Total != 2 || first.ProviderID != channels.PartID(first.Part.Of, 1) || len(first.ProviderID) > 200 {
		t.Fatalf("not the first of two: %+v", first.Part)
	}
	if strings.Contains(first.Part.Of, vonageFrom) {
		t.Error("the sender's number stands in the id")
	}
	for name, tc := range map[string]struct {
		pairs []string
		same  bool
	}{
		"the second part":  {[]string{"messageId", "0AC2", "concat-part", "2", "message-timestamp", "2020-01-01 12:00:07"}, true},
		"delivered again":  {[]string{"messageId", "0AC1", "timestamp", "1577883600", "nonce", "other"}, true},
		"another sender":   {[]string{"msisdn", "447700900002"}, false},
		"another number":   {[]string{"to", "447700900009"}, false},
		"another text":     {[]string{"concat-ref", "8"}, false},
		"a longer text":    {[]string{"concat-total", "3"}, false},
		"the next day":     {[]string{"message-timestamp", "2020-01-02 12:00:00"}, false},
		"numbers run over": {[]string{"msisdn", vonageFrom + "4", "to", "47700900000"}, false},
	} {
		if got := part(tc.pairs...); (got.Part.Of == first.Part.Of) != tc.same {
			t.Errorf("%s: the same text is %t", name, !tc.same)
		}
	}
	// The header of a part that came as bytes says the same.
	bytes := vonageMessages(t, vonagePost(form, with(vonageInbound("0AC1", ""), "type", "binary", "data", "526f6164", "udh", "050003070201")))[0]
	if bytes.Part == nil || bytes.Part.Of != first.Part.Of || bytes.Part.Number != 1 || bytes.Text != "Road" {
		t.Errorf("bytes: %+v", bytes.Part)
	}
	if got := part("text", "STOP"); got.Nature != channels.Report {
		t.Error("one word of a longer text is an opt-out")
	}
}

// What the Messages API brings.
func TestVonageUnified(t *testing.T) {
	tel := func(number string) channels.Address { return channels.Address{Scheme: "tel", Value: number} }
	chat := func(number string) channels.Address { return channels.Address{Scheme: "whatsapp", Value: number} }
	at := time.Date(2026, 2, 3, 12, 14, 25, 0, time.UTC)
	head := `{"message_uuid":"aaaaaaaa-1","to":"447700900000","from":"447700900001","timestamp":"2026-02-03T12:14:25Z",`
	for name, tc := range map[string]struct {
		body string
		want channels.Message
	}{
		"a text": {head + `"channel":"sms","message_type":"text","text":"Hello","sms":{"num_messages":"1","keyword":"HELLO"},"usage":{"price":"0.1"}}`,
			channels.Message{ProviderID: "aaaaaaaa-1", Nature: channels.Report, From: tel("+447700900001"), To: tel("+447700900000"), At: at, Text: "Hello"}},
		"an answer": {head + `"channel":"whatsapp","message_type":"text","text":"Yes","context":{"message_uuid":"bbb"},"profile":{"name":"x"}}`,
			channels.Message{ProviderID: "aaaaaaaa-1", Nature: channels.Report, From: chat("+447700900001"), To: chat("+447700900000"), At: at, Text: "Yes", ReplyTo: "bbb"}},
		"a place": {head + `"channel":"whatsapp","message_type":"location","location":{"lat":18.5392,"long":-72.335,"name":"Champ de Mars","address":"Port-au-Prince"}}`,
			channels.Message{ProviderID: "aaaaaaaa-1", Nature: channels.Report, From: chat("+447700900001"), To: chat("+447700900000"), At: at,
				Location: &channels.Location{Words: "Champ de Mars, Port-au-Prince", Point: &channels.Point{Lon: -72.335, Lat: 18.5392}}}},
		"a place that is none": {head + `"channel":"whatsapp","message_type":"location","location":{"lat":181,"long":1,"name":"Here"}}`,
			channels.Message{ProviderID: "aaaaaaaa-1", Nature: channels.Report, From: chat("+447700900001"), To: chat("+447700900000"), At: at,
				Location: &channels.Location{Words: "Here"}}},
		"a picture with words": {head + `"channel":"mms","message_type":"image","image":{"url":"https://x","caption":"The bridge"}}`,
			channels.Message{ProviderID: "aaaaaaaa-1", Nature: channels.Report, From: tel("+447700900001"), To: tel("+447700900000"), At: at, Text: "The bridge"}},
		"a receipt": {head + `"channel":"sms","status":"rejected","error":{"type":"https://developer.vonage.com/api-errors/messages#1260","title":1260,"detail":"x"}}`,
			channels.Message{ProviderID: "aaaaaaaa-1/rejected", Nature: channels.Delivery, From: tel("+447700900001"), To: tel("+447700900000"), At: at,
				Status: &channels.Status{Of: "aaaaaaaa-1", State: channels.Undelivered, Code: "1260"}}},
	} {
		t.Run(name, func(t *testing.T) {
			x := channels.Exchange{Method: http.MethodPost, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(tc.body)}
			if diff := cmp.Diff([]channels.Message{tc.want}, vonageMessages(t, x)); diff != "" {
				t.Fatal(diff)
			}
			x.Header.Set("Authorization", "Bearer "+vonageToken("HS256", vonageSecret, hexSum(x.Body)))
			if _, err := sms.Vonage().Receive(t.Context(), vonageAdapter(t, vonageSigned()), x); err != nil {
				t.Fatalf("with its token: %v", err)
			}
		})
	}
}

// The documented requests carry no signature; both parts of the long text name one
// text, in either order.
func TestVonageDocumented(t *testing.T) {
	parts := map[string]bool{}
	for _, s := range documented(t, "vonage") {
		x := channels.Exchange{Method: s.Method, Header: http.Header{}, Body: []byte(s.Body), ID: "fresh"}
		for key, value := range s.Headers {
			x.Header.Set(key, value)
		}
		m := vonageMessages(t, x)[0]
		if s.Expected.Text != "" && m.Text != s.Expected.Text || m.From.Value != "+447700900001" || m.Nature != channels.Report {
			t.Errorf("%s: another text, sender or nature", s.ID)
		}
		if m.Part != nil {
			parts[fmt.Sprint(m.Part.Of, m.Part.Total)] = true
		}
	}
	if len(parts) != 1 {
		t.Errorf("the parts name %d texts", len(parts))
	}
}
