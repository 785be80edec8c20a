package chat_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/chat"
)

// graphPlayer plays Meta's Graph API for one number.
type graphPlayer struct {
	server *httptest.Server

	mu    sync.Mutex
	fault *fault // method is not used
	// lies is where media lie, if not here.
	lies string
	sent []map[string]any
}

func newGraphPlayer(t testing.TB) *graphPlayer {
	p := &graphPlayer{}
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	return p
}

func (p *graphPlayer) config() channels.Config {
	c := whatsAppConfig()
	c.Settings["api_url"] = p.server.URL
	c.Clock = func() time.Time { return noon }
	return c
}

func (p *graphPlayer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.Header().Set("Content-Type", appJSON)
	switch {
	case p.fault != nil:
		w.Header().Set("Retry-After", "9")
		w.WriteHeader(p.fault.status)
		_, _ = io.WriteString(w, p.fault.body)
	case r.Header.Get("Authorization") != "Bearer "+accessToken:
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, graphError(190, "Error validating access token"))
	case r.Method == http.MethodPost && r.URL.Path == "/v26.0/"+numberID+"/messages":
		body := map[string]any{}
		_ = json.NewDecoder(r.Body).Decode(&body)
		p.sent = append(p.sent, body)
		_, _ = io.WriteString(w, `{"messaging_product":"whatsapp","contacts":[{"input":"x","wa_id":"254700000002"}],"messages":[{"id":"wamid.out"}]}`)
	case r.URL.Path == "/v26.0/"+numberID:
		fmt.Fprintf(w, `{"id":%q}`, numberID)
	case r.URL.Path == "/v26.0/2754859441498128" && r.URL.Query().Get("phone_number_id") == numberID:
		at := p.lies
		if at == "" {
			at = p.server.URL + "/whatsapp_business/attachments/?mid=2754859441498128"
		}
		fmt.Fprintf(w, `{"messaging_product":"whatsapp","url":%q,"mime_type":"image/jpeg","sha256":%q,"file_size":5,"id":"2754859441498128"}`, at, photoSum)
	case r.URL.Path == "/whatsapp_business/attachments/":
		_, _ = io.WriteString(w, "photo")
	default:
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, graphError(100, "Unsupported get request. Object with ID does not exist"))
	}
}

func graphError(code int, message string) string {
	return fmt.Sprintf(`{"error":{"message":"(#%d) %s for %s","type":"OAuthException","code":%d,"fbtrace_id":"Az8or2yhqkZfEZ"}}`, code, message, walker, code)
}

var (
	noon   = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	toWalk = channels.Address{Scheme: "whatsapp", Value: "+" + walker}
)

func TestWhatsAppSends(t *testing.T) {
	body := func(more ...any) map[string]any {
		m := map[string]any{"messaging_product": "whatsapp", "recipient_type": "individual", "biz_opaque_callback_data": "out-1"}
		for i := 0; i < len(more); i += 2 {
			m[more[i].(string)] = more[i+1]
		}
		return m
	}
	text := map[string]any{"preview_url": false, "body": "Thank you.\nStay  safe."}
	template := map[string]any{"name": "crisis_answer", "language": map[string]any{"code": "en"}, "components": []any{
		map[string]any{"type": "body", "parameters": []any{map[string]any{"type": "text", "text": "Thank you. Stay safe."}}}}}
	for name, tc := range map[string]struct {
		to       channels.Address
		heard    time.Time
		reply    string
		template string
		want     map[string]any
	}{
		"within a day":    {toWalk, noon.Add(-time.Hour), "", "", body("to", walker, "type", "text", "text", text)},
		"just within":     {toWalk, noon.Add(-24*time.Hour + time.Second), "", "crisis_answer", body("to", walker, "type", "text", "text", text)},
		"an answer":       {toWalk, noon, "wamid.1", "", body("to", walker, "type", "text", "text", text, "context", map[string]any{"message_id": "wamid.1"})},
		"a day later":     {toWalk, noon.Add(-24 * time.Hour), "wamid.1", "crisis_answer", body("to", walker, "type", "template", "template", template)},
		"never heard":     {toWalk, time.Time{}, "", "crisis_answer", body("to", walker, "type", "template", "template", template)},
		"a hidden number": {channels.Address{Scheme: "whatsapp", Value: "KE.13491208655302741918"}, noon, "", "", body("recipient", "KE.13491208655302741918", "type", "text", "text", text)},
	} {
		p := newGraphPlayer(t)
		c := p.config()
		c.Settings["template_name"] = tc.template
		id, err := build(t, chat.WhatsApp(), c).(channels.Sender).Send(t.Context(),
			channels.Outbound{ID: "out-1", To: tc.to, Text: "Thank you.\nStay  safe.", InReplyTo: tc.reply, Heard: tc.heard})
		if err != nil || id != "wamid.out" {
			t.Fatalf("%s: %q, %v", name, id, err)
		}
		if diff := cmp.Diff([]map[string]any{tc.want}, p.sent); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What Meta would refuse, it is not asked.
func TestWhatsAppDoesNotSend(t *testing.T) {
	for name, tc := range map[string]struct {
		to    channels.Address
		heard time.Time
		code  string
	}{
		"a day later":      {toWalk, noon.Add(-24 * time.Hour), "window_closed"},
		"never heard":      {toWalk, time.Time{}, "window_closed"},
		"a phone":          {channels.Address{Scheme: "tel", Value: "+" + walker}, noon, "bad_address"},
		"no number":        {channels.Address{Scheme: "whatsapp", Value: "+"}, noon, "bad_address"},
		"another's prefix": {channels.Address{Scheme: "whatsapp", Value: walker}, noon, "bad_address"},
	} {
		p := newGraphPlayer(t)
		_, err := build(t, chat.WhatsApp(), p.config()).(channels.Sender).Send(t.Context(), channels.Outbound{To: tc.to, Text: "x", Heard: tc.heard})
		sendFails(t, name, err, channels.SendError{Reason: channels.ErrPermanent, Code: tc.code})
		if len(p.sent) > 0 {
			t.Errorf("%s: sent", name)
		}
	}
}

func TestWhatsAppSendErrors(t *testing.T) {
	throttled := func(code string) channels.SendError {
		return channels.SendError{Reason: channels.ErrThrottled, Code: code, RetryAfter: 9 * time.Second}
	}
	for name, tc := range map[string]struct {
		status, code int
		body         string
		want         channels.SendError
	}{
		"window":          {400, 131047, "", channels.SendError{Reason: channels.ErrPermanent, Code: "131047"}},
		"throughput":      {400, 130429, "", throttled("130429")},
		"account's rate":  {400, 80007, "", throttled("80007")},
		"app's rate":      {400, 4, "", throttled("4")},
		"spam":            {400, 131048, "", throttled("131048")},
		"one pair":        {400, 131056, "", throttled("131056")},
		"blocked account": {403, 368, "", channels.SendError{Reason: channels.ErrTemporary, Code: "368"}},
		"opted out":       {400, 131050, "", channels.SendError{Reason: channels.ErrOptedOut, Code: "131050"}},
		"no WhatsApp":     {400, 131026, "", channels.SendError{Reason: channels.ErrPermanent, Code: "131026"}},
		"country":         {403, 130497, "", channels.SendError{Reason: channels.ErrPermanent, Code: "130497"}},
		"parameter":       {400, 100, "", channels.SendError{Reason: channels.ErrPermanent, Code: "100"}},
		"no template":     {404, 132001, "", channels.SendError{Reason: channels.ErrPermanent, Code: "132001"}},
		"token ended":     {401, 190, "", channels.SendError{Reason: channels.ErrTemporary, Code: "190"}},
		"permission":      {403, 200, "", channels.SendError{Reason: channels.ErrTemporary, Code: "200"}},
		"payment":         {400, 131042, "", channels.SendError{Reason: channels.ErrTemporary, Code: "131042"}},
		"their fault":     {500, 131000, "", channels.SendError{Reason: channels.ErrTemporary, Code: "131000"}},
		"their new fault": {503, 999999, "", channels.SendError{Reason: channels.ErrTemporary, Code: "999999"}},
		"a proxy":         {502, 0, "<html>", channels.SendError{Reason: channels.ErrTemporary, Code: "http_502"}},
		"a proxy's rate":  {429, 0, "<html>", throttled("http_429")},
		"no words":        {400, 0, "", channels.SendError{Reason: channels.ErrPermanent, Code: "http_400"}},
		"a portal":        {200, 0, "<html>", channels.SendError{Reason: channels.ErrTemporary, Code: "unreadable"}},
		"error all same":  {200, 131000, "", channels.SendError{Reason: channels.ErrTemporary, Code: "131000"}},
	} {
		p := newGraphPlayer(t)
		p.fault = &fault{status: tc.status, body: tc.body}
		if tc.code != 0 {
			p.fault.body = graphError(tc.code, name)
		}
		_, err := build(t, chat.WhatsApp(), p.config()).(channels.Sender).Send(t.Context(), channels.Outbound{To: toWalk, Text: "x", Heard: noon})
		sendFails(t, name, err, tc.want, walker, accessToken)
	}
}

func TestWhatsAppTests(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*graphPlayer, *channels.Config)
		says   string // empty: good
	}{
		"good": {func(*graphPlayer, *channels.Config) {}, ""},
		"token": {func(_ *graphPlayer, c *channels.Config) {
			c.Secrets["access_token"] = channels.NewSecret("EAAold", "")
		}, "access token"},
		"number": {func(_ *graphPlayer, c *channels.Config) { c.Settings["phone_number_id"] = "99999" }, "phone_number_id"},
		"permission": {func(p *graphPlayer, _ *channels.Config) {
			p.fault = &fault{status: 403, body: graphError(200, "no permission")}
		}, "whatsapp_business_messaging"},
		"their fault": {func(p *graphPlayer, _ *channels.Config) { p.fault = &fault{status: 500} }, "http_500"},
		"no network":  {func(_ *graphPlayer, c *channels.Config) { c.HTTP = unreachable{} }, "reached"},
	} {
		p := newGraphPlayer(t)
		c := p.config()
		tc.change(p, &c)
		err := build(t, chat.WhatsApp(), c).(channels.Tester).Test(t.Context())
		if (err == nil) != (tc.says == "") || err != nil && (!strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "EAA")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatsAppFetches(t *testing.T) {
	p := newGraphPlayer(t)
	c := p.config()
	request, err := build(t, chat.WhatsApp(), c).(channels.Fetcher).MediaRequest(t.Context(), channels.Media{URL: "whatsapp:2754859441498128"})
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if data, _ := io.ReadAll(response.Body); string(data) != "photo" {
		t.Fatalf("got %q", data)
	}
}

// The access token goes to Meta's hosts and to nobody else, wherever an answer
// says that media lie.
func TestWhatsAppFetchesFromMetaOnly(t *testing.T) {
	for at, want := range map[string]bool{
		"https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1": true,
		"https://lookaside.fbsbx.com:443/x":                                true,
		"https://graph.facebook.com/x":                                     true,
		"http://lookaside.fbsbx.com/x":                                     false,
		"https://lookaside.fbsbx.com:8443/x":                               false,
		"https://lookaside.fbsbx.com@evil.example/x":                       false,
		"https://lookaside.fbsbx.com.evil.example/x":                       false,
		"https://user:pass@lookaside.fbsbx.com/x":                          false,
		"https://evil.example/":                                            false,
		"http://169.254.169.254/latest/meta-data/":                         false,
		"//lookaside.fbsbx.com/x":                                          false,
		"file:///etc/passwd":                                               false,
		":":                                                                false,
	} {
		p := newGraphPlayer(t)
		p.lies = at
		request, err := build(t, chat.WhatsApp(), p.config()).(channels.Fetcher).MediaRequest(t.Context(), channels.Media{URL: "whatsapp:2754859441498128"})
		if (err == nil) != want {
			t.Errorf("%q: %v", at, err)
		}
		if err == nil && request.Header.Get("Authorization") != "Bearer "+accessToken {
			t.Errorf("%q: without the token", at)
		}
	}
	w := build(t, chat.WhatsApp(), newGraphPlayer(t).config()).(channels.Fetcher)
	for _, other := range []string{"", "whatsapp:", "whatsapp:../me", "whatsapp:12?x", "https://lookaside.fbsbx.com/x", "telegram:abc"} {
		if _, err := w.MediaRequest(t.Context(), channels.Media{URL: other}); err == nil {
			t.Errorf("%q: fetched", other)
		}
	}
}

func TestWhatsAppMediaMayComeLater(t *testing.T) {
	for code, want := range map[int]error{131000: channels.ErrTemporary, 80007: channels.ErrThrottled, 100: channels.ErrPermanent} {
		p := newGraphPlayer(t)
		p.fault = &fault{status: 400, body: graphError(code, "x")}
		_, err := build(t, chat.WhatsApp(), p.config()).(channels.Fetcher).MediaRequest(t.Context(), channels.Media{URL: "whatsapp:2754859441498128"})
		if !errors.Is(err, want) || strings.Contains(err.Error(), walker) {
			t.Errorf("%d: %v", code, err)
		}
	}
}
