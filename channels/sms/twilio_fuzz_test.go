package sms_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/sms"
)

// FuzzTwilio: without the token nothing is accepted; with the right signature
// every form is, and reads back as it was split.
func FuzzTwilio(f *testing.F) {
	f.Add([]byte(texted("SM1", "Flood at bridge").Encode()), "", form, "RSOYDt4T1cUTdK1PDd93/VVr8B8=")
	f.Add([]byte("MessageSid=SM1&NumMedia=1&MediaUrl0=x&Latitude=NaN&Longitude=1e999&Body=%ff%00"), "foo=1&bar=2", form, "")
	f.Add([]byte(`{"a":1}`), "bodySHA256=00", "application/json", "x")
	f.Add([]byte("MessageSid=SM1&MessageStatus=delivered&a=1&a=2&a=1;b"), "", form, "")
	f.Fuzz(func(t *testing.T, body []byte, query, contentType, signature string) {
		w := adapter(t, config())
		x := channels.Exchange{Method: http.MethodPost, Query: query, Body: body, ID: "fresh",
			Header: http.Header{"Content-Type": {contentType}, "X-Twilio-Signature": {signature}}}
		if _, err := sms.Twilio().Receive(t.Context(), w, x); err == nil {
			t.Fatal("accepted without the token")
		}
		if err := channeltest.Judge(sms.Twilio(), w, x); err != nil {
			t.Fatal(err)
		}
		if err := channeltest.Judge(sms.Twilio(), w, prove(x)); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzTwilioSignature: a signature holds for what was signed and for nothing
// else.
func FuzzTwilioSignature(f *testing.F) {
	f.Add("Body", "Flood", "https://onyo.example.org/hooks/a?b=c")
	f.Add("Reason", "ConferenceEnded", "http://[::1]:80/#rc=2")
	f.Add("", "", "https://user:pass@onyo.example.org:443")
	f.Fuzz(func(t *testing.T, key, value, at string) {
		c := config()
		c.PublicURL = at
		made, err := sms.Twilio().New(c)
		if err != nil {
			t.Skip("no URL to sign")
		}
		fields := texted("SM1", "x")
		fields.Set("Zz"+key, value)
		x := posted(at, fields)
		_, query, _ := cutFragment(at)
		x.Query = query
		want := true
		if _, err := url.ParseQuery(query); err != nil {
			want = false
		}
		if _, err := sms.Twilio().Receive(t.Context(), made.(channels.Webhook), x); (err == nil) != want && !hasDigest(query) {
			t.Fatalf("the right signature: %v", err)
		}
		fields.Set("Zz"+key, value+"!")
		x.Body = []byte(fields.Encode())
		if _, err := sms.Twilio().Receive(t.Context(), made.(channels.Webhook), x); err == nil {
			t.Fatal("another value passes")
		}
	})
}

// cutFragment gives a URL's query without its fragment.
func cutFragment(at string) (base, query string, ok bool) {
	at, _, _ = strings.Cut(at, "#")
	return strings.Cut(at, "?")
}

func hasDigest(query string) bool {
	values, err := url.ParseQuery(query)
	return err == nil && values.Has("bodySHA256")
}
