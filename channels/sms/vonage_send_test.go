package sms_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/sms"
)

const vonageKey, vonageKeySecret = "abcd1234", "api-secret-4412"

func vonageVia(t *testing.T, p *provider, change func(*channels.Config)) channels.Sender {
	t.Helper()
	c := vonageOpen()
	c.Settings["from"], c.Settings["api_key"] = "+447700900000", vonageKey
	c.Secrets["api_secret"] = channels.NewSecret(vonageKeySecret, "")
	c.HTTP = p
	if change != nil {
		change(&c)
	}
	return vonageAdapter(t, c).(channels.Sender)
}

const vonageTaken = `{"message-count":"2","messages":[{"to":"447700900001","message-id":"0B01","status":"0"},` +
	`{"to":"447700900001","message-id":"0B02","status":"1","error-text":"for 447700900001"}]}`

func TestVonageSends(t *testing.T) {
	for name, tc := range map[string]struct {
		text   string
		change func(*channels.Config)
		more   url.Values
	}{
		"a text":                    {"Received, thank you.", nil, url.Values{"status-report-req": {"1"}, "callback": {vonageHook + "/" + vonagePath}}},
		"unicode":                   {"Tumepokea 🙏", nil, url.Values{"type": {"unicode"}, "status-report-req": {"1"}, "callback": {vonageHook + "/" + vonagePath}}},
		"where no receipt can come": {"x", func(c *channels.Config) { c.PublicURL = "http://127.0.0.1:8080/hooks/a" }, nil},
		"with a query":              {"x", func(c *channels.Config) { c.PublicURL += "?a=b" }, url.Values{"status-report-req": {"1"}, "callback": {vonageHook + "/" + vonagePath + "?a=b"}}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &provider{status: 200, body: vonageTaken}
			id, err := vonageVia(t, p, tc.change).Send(t.Context(), channels.Outbound{ID: "ours-1", Text: tc.text,
				To: channels.Address{Scheme: "tel", Value: "+447700900001"}})
			if err != nil || id != "0B01" {
				t.Fatalf("%q, %v", id, err)
			}
			want := url.Values{"api_key": {vonageKey}, "api_secret": {vonageKeySecret}, "from": {"447700900000"},
				"to": {"447700900001"}, "text": {tc.text}, "client-ref": {"ours-1"}}
			for key, values := range tc.more {
				want[key] = values
			}
			if diff := cmp.Diff(want, p.form); diff != "" {
				t.Error(diff)
			}
			if p.request.Method != http.MethodPost || p.request.URL.String() != "https://rest.nexmo.com/sms/json" {
				t.Errorf("%s %s", p.request.Method, p.request.URL)
			}
		})
	}
}

func TestVonageSendErrors(t *testing.T) {
	status := func(code string) *provider {
		return &provider{status: 200, body: `{"message-count":"1","messages":[{"status":"` + code + `","error-text":"for 447700900001"}]}`}
	}
	for name, tc := range map[string]struct {
		provider *provider
		want     channels.SendError
	}{
		"too fast":       {status("1"), channels.SendError{Reason: channels.ErrThrottled, Code: "1"}},
		"too many binds": {status("10"), channels.SendError{Reason: channels.ErrThrottled, Code: "10"}},
		"no number":      {status("3"), channels.SendError{Reason: channels.ErrPermanent, Code: "3"}},
		"wrong key":      {status("4"), channels.SendError{Reason: channels.ErrTemporary, Code: "4"}},
		"their fault":    {status("5"), channels.SendError{Reason: channels.ErrTemporary, Code: "5"}},
		"barred":         {status("7"), channels.SendError{Reason: channels.ErrPermanent, Code: "7"}},
		"no credit":      {status("9"), channels.SendError{Reason: channels.ErrTemporary, Code: "9"}},
		"wrong from":     {status("15"), channels.SendError{Reason: channels.ErrTemporary, Code: "15"}},
		"trial account":  {status("29"), channels.SendError{Reason: channels.ErrPermanent, Code: "29"}},
		"no status":      {status(""), channels.SendError{Reason: channels.ErrTemporary, Code: "unreadable"}},
		"no answer":      {&provider{status: 200, body: `<html>`}, channels.SendError{Reason: channels.ErrTemporary, Code: "unreadable"}},
		"429": {&provider{status: 429, header: http.Header{"Retry-After": {"3"}}},
			channels.SendError{Reason: channels.ErrThrottled, Code: "http_429", RetryAfter: 3 * time.Second}},
		"401":        {&provider{status: 401}, channels.SendError{Reason: channels.ErrTemporary, Code: "http_401"}},
		"503":        {&provider{status: 503}, channels.SendError{Reason: channels.ErrTemporary, Code: "http_503"}},
		"no network": {&provider{fault: errors.New("dial " + vonageKeySecret)}, channels.SendError{Reason: channels.ErrTemporary, Code: "network"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := vonageVia(t, tc.provider, nil).Send(t.Context(), channels.Outbound{Text: "x", To: channels.Address{Value: "+447700900001"}})
			var got *channels.SendError
			if !errors.As(err, &got) || *got != tc.want {
				t.Fatalf("got %v, want %v", err, &tc.want)
			}
			if strings.Contains(err.Error(), "447700900001") || strings.Contains(err.Error(), vonageKeySecret) {
				t.Fatal("the error names the recipient or a secret")
			}
		})
	}
}

func TestVonageSendsNothingWithoutItsSettings(t *testing.T) {
	for name, change := range map[string]func(*channels.Config){
		"no from":   func(c *channels.Config) { delete(c.Settings, "from") },
		"no key":    func(c *channels.Config) { delete(c.Settings, "api_key") },
		"no secret": func(c *channels.Config) { delete(c.Secrets, "api_secret") },
	} {
		p := &provider{}
		if _, err := vonageVia(t, p, change).Send(t.Context(), channels.Outbound{Text: "x"}); !errors.Is(err, channels.ErrPermanent) || p.request != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestVonageTest(t *testing.T) {
	for name, tc := range map[string]struct {
		p      *provider
		change func(*channels.Config)
		want   string
	}{
		"good":     {&provider{status: 200, body: `{"value":10.28,"autoReload":false}`}, nil, ""},
		"refused":  {&provider{status: 401, body: vonageKeySecret}, nil, "refuses api_key and api_secret"},
		"broken":   {&provider{status: 500}, nil, "http_500"},
		"no way":   {&provider{fault: errors.New(vonageKeySecret)}, nil, "network"},
		"no keys":  {&provider{}, func(c *channels.Config) { delete(c.Settings, "api_key") }, "set api_key"},
		"loopback": {&provider{status: 200}, func(c *channels.Config) { c.Settings["api_url"] = "http://127.0.0.1:9/v/" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := vonageVia(t, tc.p, tc.change).(channels.Tester).Test(t.Context())
			if (err == nil) != (tc.want == "") || err != nil && (!strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), vonageKeySecret)) {
				t.Fatalf("got %v", err)
			}
			if tc.p.request == nil {
				return
			}
			user, password, _ := tc.p.request.BasicAuth()
			if user != vonageKey || password != vonageKeySecret || !strings.HasSuffix(tc.p.request.URL.Path, "/account/get-balance") || tc.p.request.URL.RawQuery != "" {
				t.Errorf("asked %s", tc.p.request.URL.Path)
			}
		})
	}
}

func TestVonageSettings(t *testing.T) {
	if err := sms.Vonage().Check(map[string]string{"api_key": vonageKey, "from": "Onyo"}); err != nil {
		t.Error(err)
	}
	for key, bad := range map[string]string{"signature_method": "sha3", "api_key": "a b", "from": "A name that is too long", "api_url": "rest.nexmo.com"} {
		if err := sms.Vonage().Check(map[string]string{key: bad}); err == nil || strings.Contains(err.Error(), bad) {
			t.Errorf("%s: %v", key, err)
		}
	}
}
