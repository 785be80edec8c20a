package sms_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/sms"
)

func testdata(t *testing.T, name string) []byte {
	t.Helper()
	dir := os.Getenv("ONYO_TESTDATA")
	if dir == "" {
		t.Skip("ONYO_TESTDATA is not set: the recorded webhooks are not here")
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The vectors that Twilio publishes, and one of our own.
func TestSign(t *testing.T) {
	call := url.Values{"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"}, "From": {"+14158675309"},
		"Digits": {"1234"}, "To": {"+18005551212"}}
	other := url.Values{"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+12349013030"}, "From": {"+12349013030"},
		"Digits": {"1234"}, "To": {"+18005551212"}}
	flood := url.Values{"MessageSid": {"SM0123456789abcdef0123456789abcdef"}, "From": {"+254700000001"},
		"To": {"+254711000000"}, "Body": {"Flood at bridge"}, "NumMedia": {"0"}}
	for _, tc := range []struct {
		token, url string
		params     url.Values
		want       string
	}{
		{"12345", "https://mycompany.com/myapp.php?foo=1&bar=2", call, "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
		{"12345", "https://mycompany.com/myapp.php?foo=1&bar=2#rc=2", call, "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
		{"12345", "https://mycompany.com/myapp.php?foo=1&bar=2", other, "0/KCTR6DLpKmkAf8muzZqo1nDgQ="},
		{"test_auth_token", "https://hooks.example.org/v1/channels/twilio/ch_1", flood, "hgLPuLpTtkRXKvZ78FV21WFewIw="},
	} {
		if got := sms.Sign(tc.token, tc.url, tc.params); got != tc.want {
			t.Errorf("%s: got %s, want %s", tc.url, got, tc.want)
		}
	}
}

// fields are one value or several per key, as the vectors have them.
type fields map[string]any

func (f fields) values() url.Values {
	values := url.Values{}
	for key, value := range f {
		switch value := value.(type) {
		case string:
			values.Add(key, value)
		case []any:
			for _, one := range value {
				values.Add(key, one.(string))
			}
		}
	}
	return values
}

// Every vector of Twilio's own helper libraries, through the adapter.
func TestTwilioSignatureVectors(t *testing.T) {
	var file struct {
		Token   string `json:"auth_token"`
		Vectors []struct {
			ID, URL, Body, Signature string
			Params                   fields
			Valid                    bool
		}
	}
	if err := json.Unmarshal(testdata(t, "webhooks/twilio/signature_vectors.json"), &file); err != nil {
		t.Fatal(err)
	}
	for _, v := range file.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			x := posted(v.URL, v.Params.values())
			x.Header.Set("X-Twilio-Signature", v.Signature)
			if v.Body != "" {
				x.Body = []byte(v.Body)
			}
			if strings.HasPrefix(v.Body, "{") {
				x.Header.Set("Content-Type", "application/json")
			}
			c := config()
			c.PublicURL = v.URL
			c.Secrets = map[string]channels.Secret{"auth_token": channels.NewSecret("anothertoken", file.Token)}
			_, err := sms.Twilio().Receive(t.Context(), adapter(t, c), x)
			if (err == nil) != v.Valid {
				t.Fatalf("valid is %t, got %v", v.Valid, err)
			}
		})
	}
	if len(file.Vectors) < 13 {
		t.Fatalf("only %d vectors", len(file.Vectors))
	}
}

// The requests that Twilio's documentation shows, each with what must come of it.
func TestTwilioDocumentedRequests(t *testing.T) {
	count := 0
	for _, line := range strings.Split(string(testdata(t, "webhooks/documented/samples.jsonl")), "\n") {
		var sample struct {
			ID, Provider, Method, URL, Body, Secret string
			Headers                                 map[string]string
			Expected                                struct {
				Text, Sender, Channel, Note string
				Lat, Lon                    *float64
				Media                       int
			}
		}
		if err := json.Unmarshal([]byte(line), &sample); err != nil || sample.Provider != "twilio" {
			continue
		}
		count++
		t.Run(sample.ID, func(t *testing.T) {
			c := config()
			c.PublicURL = sample.URL
			c.Secrets = map[string]channels.Secret{"auth_token": channels.NewSecret(sample.Secret, "")}
			w := adapter(t, c)
			x := channels.Exchange{Method: sample.Method, Header: http.Header{}, Body: []byte(sample.Body)}
			for key, value := range sample.Headers {
				x.Header.Set(key, value)
			}
			got, err := sms.Twilio().Receive(t.Context(), w, x)
			if err != nil {
				t.Fatal(err)
			}
			messages, err := w.Parse(got.Messages[0].Raw)
			if err != nil {
				t.Fatal(err)
			}
			m, want := messages[0], sample.Expected
			if want.Text != "" && m.Text != want.Text || want.Sender != "" && m.From.Value != want.Sender {
				t.Error("another text or sender")
			}
			if want.Channel != "" && m.From.Scheme != want.Channel {
				t.Errorf("scheme %s", m.From.Scheme)
			}
			if want.Media != 0 && len(m.Media) != want.Media {
				t.Errorf("%d media", len(m.Media))
			}
			if want.Lat != nil && want.Text == "" && (m.Location == nil || *m.Location.Point != channels.Point{Lon: *want.Lon, Lat: *want.Lat}) {
				t.Error("another point")
			}
			if strings.Contains(want.Note, "opt-out") && m.Nature != channels.Stop {
				t.Errorf("an opt-out is a %s", m.Nature)
			}
			if strings.Contains(want.Note, "must not fetch") {
				if _, err := w.(channels.Fetcher).MediaRequest(t.Context(), m.Media[0]); err == nil {
					t.Error("would fetch it")
				}
			}
		})
	}
	if count < 9 {
		t.Fatalf("only %d requests", count)
	}
}

// What helper libraries make of repeated keys that we do not read is accepted,
// except a signature that leaves values out.
func TestTwilioRepeatedKeys(t *testing.T) {
	base := texted("SM1", "Flood")
	base["Extra"] = []string{"b", "a", "b"}
	join := func(extra string) string {
		// Keys in order, Extra between Body and From.
		return hookURL + "AccountSid" + account + "ApiVersion2010-04-01BodyFlood" + extra + "From" + sender +
			"MessageSidSM1NumMedia0NumSegments1SmsMessageSidSM1SmsSidSM1SmsStatusreceivedTo+254700000001ToCountryKE"
	}
	for name, tc := range map[string]struct {
		extra string
		ok    bool
	}{
		"distinct and sorted": {"ExtraaExtrab", true},
		"all in order":        {"ExtrabExtraaExtrab", true},
		"first only":          {"Extrab", false},
		"none":                {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			x := posted(hookURL, base)
			x.Header.Set("X-Twilio-Signature", sms.Sign(token, join(tc.extra), nil))
			if _, err := sms.Twilio().Receive(t.Context(), adapter(t, config()), x); (err == nil) != tc.ok {
				t.Fatalf("got %v", err)
			}
		})
	}
}
