package accept_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const (
	formType   = "application/x-www-form-urlencoded"
	accountSID = "AC0123456789abcdef0123456789abcdef"
	authToken  = "5ec7e75ec7e75ec7e75ec7e75ec7e75e"
	ourNumber  = "+254711000000"
)

// twilioSignature is Twilio's, written from its documentation and from nothing
// of ours: base64(HMAC-SHA1(token, URL + each key and value, sorted by key)).
func twilioSignature(token, signed string, fields url.Values) string {
	keys := make([]string, 0, len(fields))
	for key := range fields {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	text := signed
	for _, key := range keys {
		for _, value := range fields[key] {
			text += key + value
		}
	}
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// The vectors that Twilio publishes hold for the signer of these tests.
func TestSignature(t *testing.T) {
	call := func(from string) url.Values {
		return url.Values{"CallSid": {"CA1234567890ABCDE"}, "Caller": {from}, "From": {from}, "Digits": {"1234"}, "To": {"+18005551212"}}
	}
	flood := url.Values{"MessageSid": {"SM0123456789abcdef0123456789abcdef"}, "From": {"+254700000001"}, "To": {ourNumber}, "Body": {"Flood at bridge"}, "NumMedia": {"0"}}
	for _, tc := range []struct {
		token, url string
		fields     url.Values
		want       string
	}{
		{"12345", "https://mycompany.com/myapp.php?foo=1&bar=2", call("+14158675309"), "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
		{"12345", "https://mycompany.com/myapp.php?foo=1&bar=2", call("+12349013030"), "0/KCTR6DLpKmkAf8muzZqo1nDgQ="},
		{"test_auth_token", "https://hooks.example.org/v1/channels/twilio/ch_1", flood, "hgLPuLpTtkRXKvZ78FV21WFewIw="},
	} {
		if got := twilioSignature(tc.token, tc.url, tc.fields); got != tc.want {
			t.Errorf("%s: %s, want %s", tc.url, got, tc.want)
		}
	}
}

// phone texts through Twilio to one channel of a server.
type phone struct {
	*caller
	hook   string // path of the channel
	signed string // the URL that Twilio signs
	token  string
}

func (in *installation) phone(channel string) *phone {
	return &phone{caller: in.anyone(), hook: "/hooks/" + channel, signed: in.publicURL() + "/hooks/" + channel, token: authToken}
}

func (in *installation) publicURL() string {
	if set := in.env["ONYO_PUBLIC_URL"]; set != "" {
		return set
	}
	return in.url
}

// sms are the fields that Twilio sends with a text message.
func sms(sid, from, text string) url.Values {
	return url.Values{"ToCountry": {"KE"}, "SmsMessageSid": {sid}, "NumMedia": {"0"}, "SmsSid": {sid}, "SmsStatus": {"received"},
		"To": {ourNumber}, "NumSegments": {"1"}, "MessageSid": {sid}, "AccountSid": {accountSID}, "From": {from}, "ApiVersion": {"2010-04-01"}, "Body": {text}}
}

// compose is the signed request.
func (p *phone) compose(fields url.Values) *http.Request {
	request := p.request(http.MethodPost, p.hook, formType, []byte(fields.Encode()))
	request.Header.Set("X-Twilio-Signature", twilioSignature(p.token, p.signed, fields))
	return request
}

// text sends a message that must be taken.
func (p *phone) text(sid, from, text string) {
	p.t.Helper()
	a := p.send(p.compose(sms(sid, from, text)))
	if a.status != http.StatusOK || !strings.Contains(string(a.body), "<Response") {
		p.t.Fatalf("a text message: %d %s", a.status, tail(string(a.body)))
	}
}
