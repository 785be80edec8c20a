package sms_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/sms"
)

// provider answers as Twilio's API documents it and keeps what it was asked.
type provider struct {
	status int
	header http.Header
	body   string
	fault  error

	request *http.Request
	form    url.Values
}

func (p *provider) Do(r *http.Request) (*http.Response, error) {
	p.request = r
	var data []byte
	var err error
	if r.Body != nil {
		if data, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	if p.form, err = url.ParseQuery(string(data)); err != nil {
		return nil, err
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if p.fault != nil {
		return nil, p.fault
	}
	header := p.header
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{StatusCode: p.status, Header: header, Body: io.NopCloser(strings.NewReader(p.body)), Request: r}, nil
}

func via(t *testing.T, p *provider, change func(*channels.Config)) channels.Sender {
	t.Helper()
	c := config()
	c.HTTP = p
	if change != nil {
		change(&c)
	}
	return adapter(t, c).(channels.Sender)
}

func TestTwilioSends(t *testing.T) {
	service := "MG00000000000000000000000000000001"
	for name, tc := range map[string]struct {
		from string
		to   channels.Address
		want url.Values
	}{
		"a text": {"+254700000001", channels.Address{Scheme: "tel", Value: sender},
			url.Values{"To": {sender}, "From": {"+254700000001"}}},
		"over WhatsApp": {"+254700000001", channels.Address{Scheme: "whatsapp", Value: sender},
			url.Values{"To": {"whatsapp:" + sender}, "From": {"whatsapp:+254700000001"}}},
		"through a service": {service, channels.Address{Scheme: "tel", Value: sender},
			url.Values{"To": {sender}, "MessagingServiceSid": {service}}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &provider{status: 201, body: `{"sid":"SM77","status":"queued"}`}
			s := via(t, p, func(c *channels.Config) { c.Settings["from"] = tc.from })
			id, err := s.Send(t.Context(), channels.Outbound{To: tc.to, Text: "Received, thank you."})
			if err != nil || id != "SM77" {
				t.Fatalf("%q, %v", id, err)
			}
			tc.want.Set("Body", "Received, thank you.")
			tc.want.Set("StatusCallback", hookURL)
			if diff := cmp.Diff(tc.want, p.form); diff != "" {
				t.Error(diff)
			}
			user, password, _ := p.request.BasicAuth()
			if at := p.request.URL.String(); at != "https://api.twilio.com/2010-04-01/Accounts/"+account+"/Messages.json" || user != account || password != token {
				t.Errorf("asked %s", at)
			}
		})
	}
}

func TestTwilioSendErrors(t *testing.T) {
	answer := func(status int, body string, header ...string) *provider {
		p := &provider{status: status, body: body, header: http.Header{}}
		for i := 0; i+1 < len(header); i += 2 {
			p.header.Set(header[i], header[i+1])
		}
		return p
	}
	said := ` for ` + sender + `","status":400}`
	for name, tc := range map[string]struct {
		provider *provider
		want     channels.SendError
	}{
		"opted out":         {answer(400, `{"code":21610,"message":"unsubscribed`+said), channels.SendError{Reason: channels.ErrOptedOut, Code: "21610"}},
		"too many requests": {answer(429, `{"code":20429,"message":"x"}`, "Retry-After", "7"), channels.SendError{Reason: channels.ErrThrottled, Code: "20429", RetryAfter: 7 * time.Second}},
		"429 without words": {answer(429, ``), channels.SendError{Reason: channels.ErrThrottled, Code: "http_429"}},
		"channel rate":      {answer(400, `{"code":63018,"message":"x"}`), channels.SendError{Reason: channels.ErrThrottled, Code: "63018"}},
		"no such number":    {answer(400, `{"code":21211,"message":"The 'To' number`+said), channels.SendError{Reason: channels.ErrPermanent, Code: "21211"}},
		"queue of a number": {answer(400, `{"code":21611,"message":"x"}`, "Retry-After", "60"), channels.SendError{Reason: channels.ErrThrottled, Code: "21611", RetryAfter: time.Minute}},
		"24 hours over":     {answer(400, `{"code":63016,"message":"x"}`), channels.SendError{Reason: channels.ErrPermanent, Code: "63016"}},
		"blocked":           {answer(400, `{"code":30004,"message":"x"}`), channels.SendError{Reason: channels.ErrPermanent, Code: "30004"}},
		"switched off":      {answer(400, `{"code":30003,"message":"x"}`), channels.SendError{Reason: channels.ErrTemporary, Code: "30003"}},
		"not our number":    {answer(400, `{"code":21606,"message":"x"}`), channels.SendError{Reason: channels.ErrTemporary, Code: "21606"}},
		"no such account":   {answer(404, `{"code":20404,"message":"x"}`), channels.SendError{Reason: channels.ErrTemporary, Code: "20404"}},
		"an odd wait":       {answer(429, `{"code":0}`, "Retry-After", "999999999"), channels.SendError{Reason: channels.ErrThrottled, Code: "http_429"}},
		"wrong token":       {answer(401, `{"code":20003,"message":"x"}`), channels.SendError{Reason: channels.ErrTemporary, Code: "20003"}},
		"their fault":       {answer(503, `<html>`), channels.SendError{Reason: channels.ErrTemporary, Code: "http_503"}},
		"no network":        {&provider{fault: errors.New("dial 10.0.0.1")}, channels.SendError{Reason: channels.ErrTemporary, Code: "network"}},
		"a proxy":           {answer(200, `<html>`), channels.SendError{Reason: channels.ErrTemporary, Code: "http_200"}},
		"led elsewhere":     {answer(302, `{}`), channels.SendError{Reason: channels.ErrTemporary, Code: "unreadable"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := via(t, tc.provider, nil).Send(t.Context(), channels.Outbound{To: channels.Address{Scheme: "tel", Value: sender}, Text: "x"})
			var got *channels.SendError
			if !errors.As(err, &got) || got.Code != tc.want.Code || got.RetryAfter != tc.want.RetryAfter || !errors.Is(err, tc.want.Reason) {
				t.Fatalf("got %v, want %v", err, &tc.want)
			}
			if strings.Contains(err.Error(), sender) || strings.Contains(err.Error(), token) {
				t.Fatal("the error names the recipient or the token")
			}
		})
	}
}

// Twilio refuses a message whose callback it cannot reach: then there is none.
func TestTwilioAsksForReceiptsWhereItCanBring(t *testing.T) {
	for at, want := range map[string]bool{
		hookURL:                           true,
		"https://203.0.113.7/hooks/a":     true,
		"http://127.0.0.1:8080/hooks/a":   false,
		"http://localhost:8080/hooks/a":   false,
		"https://192.168.1.5/hooks/a":     false,
		"https://[fd00::1]/hooks/a":       false,
		"https://laptop/hooks/a":          false,
		"https://laptop.local/hooks/a":    false,
		"https://a_b.example.org/hooks/a": false,
		"":                                false,
	} {
		p := &provider{status: 201, body: `{"sid":"SM1"}`}
		s := via(t, p, func(c *channels.Config) { c.PublicURL, c.Settings["pull"] = at, "always" })
		if _, err := s.Send(t.Context(), channels.Outbound{To: channels.Address{Value: sender}, Text: "x"}); err != nil {
			t.Fatal(err)
		}
		if got := p.form.Get("StatusCallback"); (got != "") != want || want && got != at {
			t.Errorf("%q: asks for %q", at, got)
		}
	}
}

func TestTwilioSendsToItsOwnAPI(t *testing.T) {
	p := &provider{status: 201, body: `{"sid":"SM1"}`}
	s := via(t, p, func(c *channels.Config) { c.Settings["api_url"] = "http://10.1.2.3:9000/twilio/" })
	if _, err := s.Send(t.Context(), channels.Outbound{To: channels.Address{Value: sender}, Text: "x"}); err != nil {
		t.Fatal(err)
	}
	if at := p.request.URL.String(); at != "http://10.1.2.3:9000/twilio/2010-04-01/Accounts/"+account+"/Messages.json" {
		t.Errorf("asked %s", at)
	}
}

func TestTwilioSendWithoutNumber(t *testing.T) {
	p := &provider{}
	_, err := via(t, p, func(c *channels.Config) { delete(c.Settings, "from") }).Send(t.Context(), channels.Outbound{Text: "x"})
	if !errors.Is(err, channels.ErrPermanent) || p.request != nil {
		t.Fatalf("got %v", err)
	}
}

func TestTwilioSendEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := via(t, &provider{status: 201, body: `{"sid":"SM1"}`}, nil).Send(ctx, channels.Outbound{To: channels.Address{Value: sender}, Text: "x"})
	if !errors.Is(err, channels.ErrTemporary) {
		t.Fatalf("got %v", err)
	}
}

// The URL came in a message: only Twilio's own API gets our credentials.
func TestTwilioMediaRequest(t *testing.T) {
	f := adapter(t, config()).(channels.Fetcher)
	for at, want := range map[string]bool{
		"https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1": true,
		"https://api.twilio.com:443/x":                                          true,
		"https://api.dublin.ie1.twilio.com/x":                                   true,
		"http://api.twilio.com/x":                                               false,
		"https://api.twilio.com:8443/x":                                         false,
		"https://api.twilio.com@evil.example/x":                                 false,
		"https://api.twilio.com.evil.example/x":                                 false,
		"https://evil.example/api.twilio.com":                                   false,
		"http://169.254.169.254/latest/meta-data/":                              false,
		"https://[::1]/x":                                                       false,
		"file:///etc/passwd":                                                    false,
		"//api.twilio.com/x":                                                    false,
		"":                                                                      false,
		"https://api.twilio.com\x00/":                                           false,
	} {
		request, err := f.MediaRequest(t.Context(), channels.Media{URL: at})
		if (err == nil) != want {
			t.Errorf("%q: %v", at, err)
		}
		if err == nil {
			if user, password, _ := request.BasicAuth(); user != account || password != token {
				t.Errorf("%q: no credentials", at)
			}
		}
	}
}

func TestTwilioSettings(t *testing.T) {
	good := map[string]string{"account_sid": account, "auth_token": token, "from": "+15005550006"}
	if err := sms.Twilio().Check(good); err != nil {
		t.Fatal(err)
	}
	for key, bad := range map[string]string{"account_sid": "XX1", "auth_token": "a b", "from": "call me", "pull": "sometimes",
		"pull_every": "1ms", "numbers": "+254700000001 or so", "api_url": "https://user@api.twilio.com"} {
		values := map[string]string{}
		for k, v := range good {
			values[k] = v
		}
		values[key] = bad
		if err := sms.Twilio().Check(values); err == nil || !strings.HasPrefix(err.Error(), key) || strings.Contains(err.Error(), bad) {
			t.Errorf("%s: %v", key, err)
		}
	}
	for name, change := range map[string]func(*channels.Config){
		"no url":   func(c *channels.Config) { c.PublicURL = "" },
		"half url": func(c *channels.Config) { c.PublicURL = "onyo.example.org/hooks/x" },
		"no token": func(c *channels.Config) { c.Secrets = nil },
	} {
		c := config()
		change(&c)
		if _, err := sms.Twilio().New(c); err == nil {
			t.Errorf("%s: made all the same", name)
		}
	}
}
