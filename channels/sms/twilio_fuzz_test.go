package sms_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

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

// FuzzTwilioForm: what is a form and what is in it, as Go's own parser has it, and
// signed the same.
func FuzzTwilioForm(f *testing.F) {
	f.Add("MessageSid=SM1&Body=Flood+at%20bridge&Body=&&a")
	f.Add("b=1&a=%zz")
	f.Add("a;b=1")
	f.Add("b=2&a=1&b=1&b=2&%61=0")
	f.Add(strings.Repeat("&", 10001))
	f.Fuzz(func(t *testing.T, body string) {
		want, err := url.ParseQuery(body)
		w := adapter(t, config())
		raw := channels.Pack(map[string]string{"type": form}, []byte(body))
		messages, parseErr := w.Parse(raw)
		if err != nil {
			if parseErr == nil {
				t.Fatal("no form, and read")
			}
			return
		}
		x := channels.Exchange{Method: http.MethodPost, Body: []byte(body), ID: "fresh",
			Header: http.Header{"Content-Type": {form}, "X-Twilio-Signature": {sms.Sign(token, hookURL, want)}}}
		_, err = sms.Twilio().Receive(t.Context(), w, x)
		if twice(want) != (err != nil) {
			t.Fatalf("repeats what is read: %t, refused: %v", twice(want), err)
		}
		if parseErr == nil && messages[0].Text != "" && messages[0].Text != channels.Clean(want.Get("Body")) &&
			messages[0].Text != channels.Clean(want.Get("ButtonText")) {
			t.Fatal("another text")
		}
	})
}

// twice says whether a form repeats a field that an attacker could gain by.
func twice(fields url.Values) bool {
	for key, values := range fields {
		if len(values) > 1 && (strings.HasPrefix(key, "Media") || slices.Contains([]string{"MessageSid", "SmsMessageSid", "SmsSid",
			"MessageStatus", "SmsStatus", "ErrorCode", "OptOutType", "From", "To", "Body", "ButtonText", "NumMedia", "Latitude",
			"Longitude", "Address", "Label", "OriginalRepliedMessageSid"}, key)) {
			return true
		}
	}
	return false
}

// FuzzTwilioPulled: whatever lies in Twilio's list comes in as a message or as what
// cannot be read, and reads back as it was split.
func FuzzTwilioPulled(f *testing.F) {
	f.Add(resource("SM1", "Flood at bridge", noon, nil))
	f.Add(resource("MM1", "\x00", noon, map[string]any{"num_media": 3, "from": "whatsapp:+1"}))
	f.Add(resource("SM2", "", noon, map[string]any{"direction": "outbound-api", "status": "Delivered", "error_code": 1e9}))
	f.Add([]byte(`{"sid":{"a":1},"SID":2,"direction":"inbound","to":"+254700000001","body":["x"]}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, item []byte) {
		if !json.Valid(item) {
			item, _ = json.Marshal(string(item))
		}
		list := []byte(`{"messages":[` + string(item) + `],"next_page_uri":null}`)
		c := config()
		c.Settings["pull"] = "always"
		c.Clock, c.Log = func() time.Time { return noon }, slog.New(slog.DiscardHandler)
		c.HTTP = doer(func(r *http.Request) (*http.Response, error) {
			body := list
			if strings.Contains(r.URL.Path, "/Media.json") {
				body = []byte(`{"media_list":[` + string(item) + `,{"uri":"/x.json"}]}`)
			}
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(body))}, nil
		})
		a := adapter(t, c)
		ctx, end := context.WithCancel(t.Context())
		defer end()
		b := &basket{enough: passed, end: end}
		if err := a.(channels.Runner).Run(ctx, b); err != nil {
			t.Fatal(err)
		}
		for _, split := range b.splits {
			if err := channeltest.JudgeSplit(a, split); err != nil {
				t.Fatal(err)
			}
		}
	})
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }
