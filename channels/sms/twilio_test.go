package sms_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/sms"
)

const (
	token   = "0123456789abcdef0123456789abcdef"
	hookURL = "https://onyo.example.org/hooks/twilio-main"
	account = "AC00000000000000000000000000000001"
	sender  = "+254700000002"
	form    = "application/x-www-form-urlencoded"
)

func config() channels.Config {
	return channels.Config{Name: "twilio-main", PublicURL: hookURL,
		Settings: map[string]string{"account_sid": account, "from": "+254700000001"},
		Secrets:  map[string]channels.Secret{"auth_token": channels.NewSecret(token, "oldoldoldoldoldoldoldoldoldoldol")}}
}

func adapter(t testing.TB, c channels.Config) channels.Webhook {
	t.Helper()
	made, err := sms.Twilio().New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made.(channels.Webhook)
}

// texted are the fields that Twilio sends with a text message.
func texted(sid, text string) url.Values {
	return url.Values{"ToCountry": {"KE"}, "SmsMessageSid": {sid}, "NumMedia": {"0"}, "SmsSid": {sid},
		"SmsStatus": {"received"}, "To": {"+254700000001"}, "NumSegments": {"1"}, "MessageSid": {sid},
		"AccountSid": {account}, "From": {sender}, "ApiVersion": {"2010-04-01"}, "Body": {text}}
}

// posted is the request that carries fields, signed over url.
func posted(at string, fields url.Values) channels.Exchange {
	_, query, _ := strings.Cut(at, "?")
	return channels.Exchange{Method: http.MethodPost, Query: query, ID: "fresh", Body: []byte(fields.Encode()),
		Header: http.Header{"Content-Type": {form}, "X-Twilio-Signature": {sms.Sign(token, at, fields)}}}
}

// prove signs what stands in the body, if it can be a form.
func prove(x channels.Exchange) channels.Exchange {
	x.Header = x.Header.Clone()
	at := hookURL
	if x.Header.Get("Content-Type") == "application/json" {
		sum := sha256.Sum256(x.Body)
		x.Query = "bodySHA256=" + hex.EncodeToString(sum[:])
		x.Header.Set("X-Twilio-Signature", sms.Sign(token, at+"?"+x.Query, nil))
		return x
	}
	fields, _ := url.ParseQuery(string(x.Body))
	if x.Query != "" {
		at += "?" + x.Query
	}
	x.Header.Set("X-Twilio-Signature", sms.Sign(token, at, fields))
	return x
}

func say(s channeltest.Saying) channels.Exchange {
	fields := texted(s.ID, s.Text)
	fields.Set("FromCity", fmt.Sprint("dress ", s.Dress)) // transport, not content
	fields.Set("NumSegments", fmt.Sprint(s.Dress+1))
	x := posted(hookURL, fields)
	x.Header.Set("I-Twilio-Idempotency-Token", fmt.Sprint(s.Dress))
	if s.Dress%2 == 1 { // the same fields, last first
		pairs := strings.Split(string(x.Body), "&")
		for i, j := 0, len(pairs)-1; i < j; i, j = i+1, j-1 {
			pairs[i], pairs[j] = pairs[j], pairs[i]
		}
		x.Body = []byte(strings.Join(pairs, "&"))
	}
	return x
}

// forgeries are the ways in which somebody without the token may try.
func forgeries() map[string]channels.Exchange {
	genuine := func() channels.Exchange { return posted(hookURL, texted("SM1", "Flood at bridge")) }
	bend := func(change func(*channels.Exchange)) channels.Exchange {
		x := genuine()
		x.Header = x.Header.Clone()
		change(&x)
		return x
	}
	extend := func(more string) func(*channels.Exchange) {
		return func(x *channels.Exchange) { x.Body = []byte(string(x.Body) + more) }
	}
	signed := func(at, key string) func(*channels.Exchange) {
		return func(x *channels.Exchange) {
			x.Header.Set("X-Twilio-Signature", sms.Sign(key, at, texted("SM1", "Flood at bridge")))
		}
	}
	json := func(query, signature string) func(*channels.Exchange) {
		return func(x *channels.Exchange) {
			x.Body = []byte(`{"MessageSid":"SM1","Body":"forged"}`)
			x.Query = query
			x.Header.Set("Content-Type", "application/json")
			x.Header.Set("X-Twilio-Signature", signature)
		}
	}
	otherBody := "bodySHA256=" + strings.Repeat("0", 64)
	return map[string]channels.Exchange{
		"no proof":         bend(func(x *channels.Exchange) { x.Header.Del("X-Twilio-Signature") }),
		"wrong proof":      bend(func(x *channels.Exchange) { x.Header.Set("X-Twilio-Signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8=") }),
		"empty proof":      bend(func(x *channels.Exchange) { x.Header.Set("X-Twilio-Signature", "") }),
		"two proofs":       bend(func(x *channels.Exchange) { x.Header.Add("X-Twilio-Signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8=") }),
		"wrong token":      bend(signed(hookURL, "ffffffffffffffffffffffffffffffff")),
		"no token":         bend(signed(hookURL, "")),
		"altered field":    bend(func(x *channels.Exchange) { x.Body = []byte(strings.Replace(string(x.Body), "Flood", "Fire", 1)) }),
		"added field":      bend(extend("&Latitude=1&Longitude=2")),
		"added media":      bend(extend("&MediaUrl0=https%3A%2F%2Fapi.twilio.com%2Fx")),
		"field twice":      bend(extend("&Body=forged")),
		"field twice same": bend(extend("&MessageSid=SM1")),
		"other path":       bend(signed("https://onyo.example.org/hooks/other", token)),
		"other query":      bend(func(x *channels.Exchange) { x.Query = "a=1" }),
		"http for https":   bend(signed("http://onyo.example.org/hooks/twilio-main", token)),
		"host spoofed": bend(func(x *channels.Exchange) {
			signed("https://evil.example/hooks/twilio-main", token)(x)
			x.Header.Set("Host", "evil.example")
		}),
		"forwarded spoofed": bend(func(x *channels.Exchange) {
			signed("http://evil.example/hooks/twilio-main", token)(x)
			for key, value := range map[string]string{"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http",
				"Forwarded": "host=evil.example;proto=http", "X-Original-Url": "/hooks/twilio-main"} {
				x.Header.Set(key, value)
			}
		}),
		"get": bend(func(x *channels.Exchange) {
			x.Method, x.Query, x.Body = http.MethodGet, string(x.Body), nil
			x.Header.Set("X-Twilio-Signature", sms.Sign(token, hookURL+"?"+x.Query, nil))
		}),
		"json without digest":    bend(json("", sms.Sign(token, hookURL, nil))),
		"json of another digest": bend(json(otherBody, sms.Sign(token, hookURL+"?"+otherBody, nil))),
		"form of another digest": bend(func(x *channels.Exchange) {
			x.Query = otherBody
			x.Header.Set("X-Twilio-Signature", sms.Sign(token, hookURL+"?"+otherBody, nil))
		}),
		"replay with another body": bend(func(x *channels.Exchange) {
			x.Body = []byte(texted("SM1", "All is well, go home").Encode())
		}),
	}
}

func TestTwilioConforms(t *testing.T) {
	noSID := texted("", "hello")
	noSID.Del("From")
	channeltest.Run(t, channeltest.Suite{
		Kind: sms.Twilio(), Config: config(), Say: say, Prove: prove, Address: sender,
		Forgeries: forgeries(),
		Unsplittable: map[string]channels.Exchange{
			"no message sid": posted(hookURL, noSID),
			"empty form":     prove(channels.Exchange{Method: http.MethodPost, Header: http.Header{"Content-Type": {form}}}),
			"json": prove(channels.Exchange{Method: http.MethodPost, Body: []byte(`{"specversion":"1.0"}`),
				Header: http.Header{"Content-Type": {"application/json"}}}),
		},
		Hidden: func(x channels.Exchange) []string {
			return []string{prove(x).Header.Get("X-Twilio-Signature"), hookURL + "?"}
		},
	})
}

// Each forgery differs in one thing only from a request that is accepted.
func TestTwilioForgeriesAreAnswered(t *testing.T) {
	w := adapter(t, config())
	for name, x := range forgeries() {
		t.Run(name, func(t *testing.T) {
			_, err := sms.Twilio().Receive(t.Context(), w, x)
			want := channels.Unauthentic().Error()
			if name == "get" {
				want = channels.WrongMethod(http.MethodPost).Error()
			}
			if err == nil || err.Error() != want {
				t.Fatalf("got %v, want %s", err, want)
			}
		})
	}
}

func TestTwilioAnswersTwiML(t *testing.T) {
	got, err := sms.Twilio().Receive(t.Context(), adapter(t, config()), say(channeltest.Saying{ID: "SM1", Text: "x"}))
	if err != nil {
		t.Fatal(err)
	}
	want := channels.Answer{Status: 200, ContentType: "text/xml; charset=utf-8",
		Body: []byte(`<?xml version="1.0" encoding="UTF-8"?><Response/>`)}
	if diff := cmp.Diff(want, got.Answer); diff != "" {
		t.Fatal(diff)
	}
}

func TestTwilioReads(t *testing.T) {
	from := channels.Address{Scheme: "tel", Value: sender}
	to := channels.Address{Scheme: "tel", Value: "+254700000001"}
	set := func(pairs ...string) url.Values {
		fields := texted("SM1", "")
		for i := 0; i < len(pairs); i += 2 {
			fields.Set(pairs[i], pairs[i+1])
		}
		return fields
	}
	message := func(change func(*channels.Message)) channels.Message {
		m := channels.Message{ProviderID: "SM1", Nature: channels.Report, From: from, To: to}
		change(&m)
		return m
	}
	for name, tc := range map[string]struct {
		fields url.Values
		want   channels.Message
	}{
		"text":  {set("Body", "Maji yamefika Kibera"), message(func(m *channels.Message) { m.Text = "Maji yamefika Kibera" })},
		"empty": {set(), message(func(*channels.Message) {})},
		"pictures": {set("NumMedia", "2", "MediaUrl0", "https://api.twilio.com/a", "MediaContentType0", "image/jpeg",
			"MediaUrl1", "https://api.twilio.com/b", "MediaContentType1", "video/3gpp"),
			message(func(m *channels.Message) {
				m.Media = []channels.Media{{Ref: "SM1/0", URL: "https://api.twilio.com/a", ContentType: "image/jpeg"},
					{Ref: "SM1/1", URL: "https://api.twilio.com/b", ContentType: "video/3gpp"}}
			})},
		"whatsapp place": {set("From", "whatsapp:+15005550006", "Latitude", "18.5392", "Longitude", "-72.335", "Label", "Champ de Mars"),
			message(func(m *channels.Message) {
				m.From = channels.Address{Scheme: "whatsapp", Value: "+15005550006"}
				m.Location = &channels.Location{Words: "Champ de Mars", Point: &channels.Point{Lon: -72.335, Lat: 18.5392}}
			})},
		"place out of range": {set("Latitude", "118", "Longitude", "NaN"), message(func(*channels.Message) {})},
		"not a number":       {set("Latitude", "NaN", "Longitude", "1"), message(func(*channels.Message) {})},
		"stop by word": {set("Body", " Stop. "), message(func(m *channels.Message) {
			m.Text, m.Nature = " Stop. ", channels.Stop
		})},
		"stop by Twilio": {set("Body", "no more", "OptOutType", "STOP"), message(func(m *channels.Message) {
			m.Text, m.Nature = "no more", channels.Stop
		})},
		"help is a report": {set("Body", "HELP", "OptOutType", "HELP"), message(func(m *channels.Message) { m.Text = "HELP" })},
		"start":            {set("Body", "START"), message(func(m *channels.Message) { m.Text, m.Nature = "START", channels.Start })},
		"a sentence with stop": {set("Body", "stop the water at the bridge"), message(func(m *channels.Message) {
			m.Text = "stop the water at the bridge"
		})},
		"button":    {set("ButtonText", "Yes, still here"), message(func(m *channels.Message) { m.Text = "Yes, still here" })},
		"not utf-8": {set("Body", "a\xffb\x00"), message(func(m *channels.Message) { m.Text = "a\uFFFDb\uFFFD" })},
		"delivered": {set("MessageStatus", "delivered", "SmsStatus", "delivered"), message(func(m *channels.Message) {
			m.ProviderID, m.Nature = "SM1/delivered", channels.Delivery
			m.Status = &channels.Status{Of: "SM1", State: channels.Delivered}
		})},
		"failed": {set("MessageStatus", "undelivered", "ErrorCode", "30003"), message(func(m *channels.Message) {
			m.ProviderID, m.Nature = "SM1/undelivered", channels.Delivery
			m.Status = &channels.Status{Of: "SM1", State: channels.Undelivered, Code: "30003"}
		})},
	} {
		t.Run(name, func(t *testing.T) {
			w := adapter(t, config())
			got, err := sms.Twilio().Receive(t.Context(), w, posted(hookURL, tc.fields))
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Messages) != 1 || got.Messages[0].Nature != tc.want.Nature {
				t.Fatalf("split into %v", got.Messages)
			}
			messages, err := w.Parse(got.Messages[0].Raw)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]channels.Message{tc.want}, messages); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}
