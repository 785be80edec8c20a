package chat_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/chat"
)

func TestTelegramSends(t *testing.T) {
	plain := func() map[string]any {
		return map[string]any{"chat_id": 700000002.0, "text": "Received, thank you.", "link_preview_options": map[string]any{"is_disabled": true}}
	}
	reply := plain()
	reply["reply_parameters"] = map[string]any{"message_id": 41.0, "allow_sending_without_reply": true}
	for name, tc := range map[string]struct {
		to   string
		want map[string]any
	}{
		"a message":                 {"", plain()},
		"an answer to an update":    {witness + "/41/9001", reply},
		"an answer to an alias":     {witness + "/41", reply},
		"of another chat":           {"5/41/9001", plain()},
		"of another channel's ways": {"wamid.1", plain()},
	} {
		p := newTelegramPlayer(t)
		sender := build(t, chat.Telegram(), p.world("webhook")).(channels.Sender)
		id, err := sender.Send(t.Context(), channels.Outbound{To: channels.Address{Scheme: "telegram", Value: witness}, Text: "Received, thank you.", InReplyTo: tc.to})
		if err != nil || id != witness+"/77" {
			t.Fatalf("%s: %q, %v", name, id, err)
		}
		if diff := cmp.Diff(tc.want, p.asked("sendMessage")[0].Parameters); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestTelegramSendErrors(t *testing.T) {
	refusal := func(code int, description string) fault {
		status, body := telegramError(code, description, "")
		return fault{"sendMessage", status, body}
	}
	for name, tc := range map[string]struct {
		fault fault
		want  channels.SendError
	}{
		"blocked":     {refusal(403, "Forbidden: bot was blocked by the user"), channels.SendError{Reason: channels.ErrOptedOut, Code: "403"}},
		"deactivated": {refusal(403, "Forbidden: user is deactivated"), channels.SendError{Reason: channels.ErrPermanent, Code: "403"}},
		"never began": {refusal(403, "Forbidden: bot can't initiate conversation with a user"), channels.SendError{Reason: channels.ErrPermanent, Code: "403"}},
		"no chat":     {refusal(400, "Bad Request: chat not found "+witness), channels.SendError{Reason: channels.ErrPermanent, Code: "400"}},
		"too fast":    {fault{"sendMessage", 429, telegramError429(35)}, channels.SendError{Reason: channels.ErrThrottled, Code: "429", RetryAfter: 35 * time.Second}},
		"wrong token": {refusal(401, "Unauthorized"), channels.SendError{Reason: channels.ErrTemporary, Code: "401"}},
		"their fault": {fault{"sendMessage", 502, "<html>"}, channels.SendError{Reason: channels.ErrTemporary, Code: "502"}},
		"a proxy":     {fault{"sendMessage", 200, "<html>"}, channels.SendError{Reason: channels.ErrTemporary, Code: "unreadable"}},
		"no success":  {fault{"sendMessage", 200, `{}`}, channels.SendError{Reason: channels.ErrTemporary, Code: "unreadable"}},
	} {
		p := newTelegramPlayer(t)
		p.fail(tc.fault)
		_, err := build(t, chat.Telegram(), p.world("webhook")).(channels.Sender).Send(t.Context(),
			channels.Outbound{To: channels.Address{Scheme: "telegram", Value: witness}, Text: "x"})
		sendFails(t, name, err, tc.want, witness, botToken)
	}
}

// sendFails wants this error, and none of the words in it.
func sendFails(t *testing.T, name string, err error, want channels.SendError, never ...string) {
	t.Helper()
	var got *channels.SendError
	if !errors.As(err, &got) || got.Code != want.Code || got.RetryAfter != want.RetryAfter || !errors.Is(err, want.Reason) {
		t.Errorf("%s: got %v, want %v", name, err, &want)
		return
	}
	for _, word := range never {
		if strings.Contains(err.Error(), word) {
			t.Errorf("%s: the error repeats what it must not", name)
		}
	}
}

func TestTelegramSendsToNobodyElse(t *testing.T) {
	p := newTelegramPlayer(t)
	sender := build(t, chat.Telegram(), p.world("webhook")).(channels.Sender)
	for name, to := range map[string]channels.Address{"a name": {Scheme: "telegram", Value: "@channel"}, "a phone": {Scheme: "tel", Value: "254700000002"}, "nobody": {}} {
		_, err := sender.Send(t.Context(), channels.Outbound{To: to, Text: "x"})
		sendFails(t, name, err, channels.SendError{Reason: channels.ErrPermanent, Code: "bad_address"})
	}
	if len(p.asked("sendMessage")) > 0 {
		t.Fatal("Telegram was asked")
	}
}

// unreachable is a network without a way to the provider, whose error says too
// much, as net/http's do.
type unreachable struct{}

func (unreachable) Do(r *http.Request) (*http.Response, error) {
	return nil, errors.New("dial " + r.URL.String())
}

func TestTelegramWithoutNetwork(t *testing.T) {
	c := telegramConfig()
	c.HTTP = unreachable{}
	adapter := build(t, chat.Telegram(), c)
	_, err := adapter.(channels.Sender).Send(t.Context(), channels.Outbound{To: channels.Address{Scheme: "telegram", Value: witness}, Text: "x"})
	sendFails(t, "send", err, channels.SendError{Reason: channels.ErrTemporary, Code: "network"}, botToken)
	_, err = adapter.(channels.Fetcher).MediaRequest(t.Context(), channels.Media{URL: "telegram:abc"})
	sendFails(t, "media", err, channels.SendError{Reason: channels.ErrTemporary, Code: "network"}, botToken)
	if err := adapter.(channels.Tester).Test(t.Context()); err == nil || strings.Contains(err.Error(), botToken) {
		t.Errorf("test: %v", err)
	}
}

func TestTelegramTests(t *testing.T) {
	p := newTelegramPlayer(t)
	tester := build(t, chat.Telegram(), p.world("poll")).(channels.Tester)
	if err := tester.Test(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.fail(fault{"getMe", 503, ""})
	if err := tester.Test(t.Context()); err == nil || !strings.Contains(err.Error(), "503") {
		t.Fatalf("got %v", err)
	}
	p.Refuse()
	if err := tester.Test(t.Context()); err == nil || !strings.Contains(err.Error(), "bot_token") || strings.Contains(err.Error(), botToken) {
		t.Fatalf("got %v", err)
	}
}

// A file's place is asked for each time: its URL holds the bot token and is stored
// nowhere.
func TestTelegramFetches(t *testing.T) {
	p := newTelegramPlayer(t)
	c := p.world("webhook")
	request, err := build(t, chat.Telegram(), c).(channels.Fetcher).MediaRequest(t.Context(), channels.Media{URL: "telegram:AgAC-1_x"})
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if data, _ := io.ReadAll(response.Body); string(data) != "bytes of photos/file AgAC-1_x.jpg" {
		t.Fatalf("got %q", data)
	}
}

func TestTelegramDoesNotFetch(t *testing.T) {
	path := func(p string) fault { return fault{"getFile", 200, `{"ok":true,"result":{"file_path":"` + p + `"}}`} }
	_, large := telegramError(400, "Bad Request: file is too big", "")
	for name, tc := range map[string]struct {
		url   string
		fault fault
		want  error // nil: final
	}{
		"another scheme": {url: "https://api.telegram.org/file/botX/y"},
		"no id":          {url: "telegram:"},
		"a path":         {url: "telegram:../../getMe"},
		"up":             {url: "telegram:a", fault: path("photos/../../x")},
		"absolute":       {url: "telegram:a", fault: path("/var/lib/telegram/x")},
		"no path":        {url: "telegram:a", fault: path("")},
		"too large":      {url: "telegram:a", fault: fault{"getFile", 400, large}, want: channels.ErrPermanent},
		"too fast":       {url: "telegram:a", fault: fault{"getFile", 429, telegramError429(3)}, want: channels.ErrThrottled},
		"their fault":    {url: "telegram:a", fault: fault{"getFile", 500, ""}, want: channels.ErrTemporary},
	} {
		p := newTelegramPlayer(t)
		p.fail(tc.fault)
		_, err := build(t, chat.Telegram(), p.world("webhook")).(channels.Fetcher).MediaRequest(t.Context(), channels.Media{URL: tc.url})
		passing := errors.Is(err, channels.ErrTemporary) || errors.Is(err, channels.ErrThrottled)
		if err == nil || tc.want != nil && !errors.Is(err, tc.want) || tc.want == nil && passing || strings.Contains(err.Error(), botToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
