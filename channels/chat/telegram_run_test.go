package chat_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/chat"
)

func TestTelegramRuns(t *testing.T) {
	channeltest.RunRunner(t, channeltest.RunnerSuite{Kind: chat.Telegram(), Address: witness,
		Start: func(t *testing.T) channeltest.Provider { return newTelegramPlayer(t) }})
}

// shelf is an inlet that keeps what it accepted.
type shelf struct {
	mu   sync.Mutex
	kept []channels.Split
	fail error
}

func (s *shelf) Cursor(context.Context) ([]byte, error) { return nil, nil }

func (s *shelf) Accept(_ context.Context, splits []channels.Split, _ []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	s.kept = append(s.kept, splits...)
	return nil
}

func (s *shelf) count() int { s.mu.Lock(); defer s.mu.Unlock(); return len(s.kept) }

// run runs an adapter until a condition on the player or the shelf holds, and
// gives what Run returned.
func (p *telegramPlayer) run(t *testing.T, c channels.Config, inlet *shelf, met func() bool) error {
	t.Helper()
	adapter := build(t, chat.Telegram(), c)
	chat.LookAfter(adapter, time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- adapter.(channels.Runner).Run(ctx, inlet) }()
	deadline := time.After(time.Minute)
	for {
		p.mu.Lock()
		changed := p.changed
		p.mu.Unlock()
		if met() {
			cancel()
			return <-ended
		}
		select {
		case <-changed: // accepting is followed by the next question
		case err := <-ended:
			return err
		case <-deadline:
			t.Fatal("what was waited for does not come")
		}
	}
}

func (p *telegramPlayer) world(mode string) channels.Config {
	c := world(p.Config())
	c.Settings["mode"] = mode
	return c
}

func TestTelegramRegistersItsWebhook(t *testing.T) {
	p := newTelegramPlayer(t)
	if err := p.run(t, p.world("webhook"), nil, func() bool { return len(p.asked("getWebhookInfo")) > 3 }); err != nil {
		t.Fatal(err)
	}
	no := false
	want := hook{URL: "https://onyo.example.org/hooks/bot", Secret: secretToken, Drop: &no,
		Allowed: []string{"channel_post", "edited_channel_post", "edited_message", "message"}}
	if diff := cmp.Diff(want, p.hook()); diff != "" {
		t.Fatal(diff)
	}
	if n := len(p.asked("setWebhook")); n != 1 {
		t.Fatalf("set %d times", n)
	}
	if first := p.calls[0].Method; first != "getWebhookInfo" {
		t.Fatalf("asked %s first", first)
	}
}

// The secret token cannot be read back, so that each start tells it: it may be new.
func TestTelegramTellsARotatedWord(t *testing.T) {
	p := newTelegramPlayer(t)
	c := p.world("webhook")
	for _, word := range []string{"one", "two"} {
		c.Secrets["secret_token"] = channels.NewSecret(word, "")
		if err := p.run(t, c, nil, func() bool { return p.hook().Secret == word }); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTelegramMendsItsWebhook(t *testing.T) {
	for name, bend := range map[string]func(*hook){
		"removed":       func(h *hook) { *h = hook{} },
		"another's":     func(h *hook) { h.URL = "https://elsewhere.example/" },
		"other updates": func(h *hook) { h.Allowed = []string{"poll"} },
	} {
		p := newTelegramPlayer(t)
		bent := false
		err := p.run(t, p.world("webhook"), nil, func() bool {
			sets := len(p.asked("setWebhook"))
			if sets == 1 && !bent {
				defer p.lock()()
				bend(&p.set)
				bent = true
			}
			return sets == 2
		})
		if err != nil || p.hook().URL != p.Config().PublicURL || len(p.hook().Allowed) != 4 {
			t.Errorf("%s: %v, %v", name, err, p.hook())
		}
	}
}

func TestTelegramPollsAfterAWebhook(t *testing.T) {
	p := newTelegramPlayer(t)
	p.set = hook{URL: "https://old.example/"}
	p.Offer(channeltest.Saying{ID: "1", Text: "waited for us"})
	inlet := &shelf{}
	if err := p.run(t, p.world("poll"), inlet, func() bool { return inlet.count() == 1 }); err != nil {
		t.Fatal(err)
	}
	if got := p.asked("deleteWebhook"); len(got) != 1 || got[0].Parameters["drop_pending_updates"] != false {
		t.Fatalf("asked %v", got)
	}
}

// Updates are confirmed after they are durable, in full batches, and nothing is
// confirmed twice: after a quiet week Telegram's numbers begin anew.
func TestTelegramConfirmsWhatIsKept(t *testing.T) {
	p := newTelegramPlayer(t)
	for range 250 {
		p.Offer(channeltest.Saying{ID: time.Now().String(), Text: "x"})
	}
	last := float64(p.next)
	inlet := &shelf{fail: errors.New("the disk is full")}
	if err := p.run(t, p.world("poll"), inlet, func() bool { return false }); err == nil {
		t.Fatal("a failed accept went unnoticed")
	}
	inlet.fail = nil
	met := func() bool { return inlet.count() == 250 && len(p.asked("getUpdates")) >= 5 }
	if err := p.run(t, p.world("poll"), inlet, met); err != nil {
		t.Fatal(err)
	}
	var offsets []any
	for _, c := range p.asked("getUpdates") {
		offsets = append(offsets, c.Parameters["offset"])
		if c.Parameters["limit"] != 100.0 || c.Parameters["timeout"] != 15.0 {
			t.Errorf("asked with %v", c.Parameters)
		}
	}
	want := []any{nil, nil, last - 149, last - 49, last + 1}
	if diff := cmp.Diff(want, offsets); diff != "" {
		t.Fatal(diff)
	}
	p.next = 10 // anew, below what was confirmed
	p.Offer(channeltest.Saying{ID: "later", Text: "a week later"})
	if err := p.run(t, p.world("poll"), inlet, func() bool { return inlet.count() == 251 }); err != nil {
		t.Fatal(err)
	}
}

func TestTelegramPollSurvives(t *testing.T) {
	_, conflict := telegramError(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running", "")
	for name, tc := range map[string]struct {
		fault fault
		limit float64 // of the question after it
	}{
		"bad gateway":  {fault{"getUpdates", 502, "<html>Bad Gateway</html>"}, 100},
		"their fault":  {fault{"getUpdates", 500, `{"ok":false,"error_code":500,"description":"Internal Server Error"}`}, 100},
		"too fast":     {fault{"getUpdates", 429, telegramError429(1)}, 100},
		"another asks": {fault{"getUpdates", 409, conflict}, 100},
		"cut":          {fault{"getUpdates", 200, `{"ok":true,"result":[{"update_id":1,"mess`}, 1},
		"too long":     {fault{"getUpdates", 200, `{"ok":true,"result":[{"a":"` + strings.Repeat("long ", 2<<20) + `"}]}`}, 1},
		"no list":      {fault{"getUpdates", 200, `{"ok":true,"result":{}}`}, 1},
		"no webhook":   {fault{"deleteWebhook", 503, ""}, 100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newTelegramPlayer(t)
			p.fail(tc.fault)
			p.Offer(channeltest.Saying{ID: "1", Text: "x"})
			inlet := &shelf{}
			if err := p.run(t, p.world("poll"), inlet, func() bool { return inlet.count() == 1 }); err != nil {
				t.Fatal(err)
			}
			asked := p.asked("getUpdates")
			got := asked[min(1, len(asked)-1)].Parameters["limit"]
			if got != tc.limit {
				t.Errorf("then asked for %v", got)
			}
			if name == "another asks" && len(p.asked("deleteWebhook")) != 2 {
				t.Error("did not make sure that no webhook stands in the way")
			}
		})
	}
}

func TestTelegramGivesUp(t *testing.T) {
	_, unknown := telegramError(404, "Not Found", "")
	_, revoked := telegramError(401, "Unauthorized", "")
	_, badURL := telegramError(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook https://onyo.example.org/hooks/bot", "")
	for name, tc := range map[string]struct {
		mode  string
		fault fault
		says  string
	}{
		"poll, revoked":      {"poll", fault{"getUpdates", 401, revoked}, "bot_token"},
		"poll, unknown":      {"poll", fault{"deleteWebhook", 404, unknown}, "bot_token"},
		"webhook, revoked":   {"webhook", fault{"getWebhookInfo", 401, revoked}, "bot_token"},
		"webhook, no https":  {"webhook", fault{"setWebhook", 400, badURL}, "mode=poll"},
		"webhook, forgotten": {"webhook", fault{"setWebhook", 404, unknown}, "bot_token"},
	} {
		p := newTelegramPlayer(t)
		p.fail(tc.fault)
		err := p.run(t, p.world(tc.mode), &shelf{}, func() bool { return false })
		if err == nil || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), botToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTelegramWebhookSurvives(t *testing.T) {
	var log bytes.Buffer
	p := newTelegramPlayer(t)
	p.fail(fault{"getWebhookInfo", 502, ""}, fault{"setWebhook", 429, telegramError429(1)},
		fault{"getWebhookInfo", 200, `{"ok":true,"result":{"url":"https://other.example/secret-path","pending_update_count":3}}`})
	c := p.world("webhook")
	c.Log = slog.New(slog.NewTextHandler(&log, nil))
	if err := p.run(t, c, nil, func() bool { return p.hook().URL != "" }); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(log.String(), "secret-path") || strings.Contains(log.String(), botToken) {
		t.Fatal("the log holds an address or the token")
	}
}

// That Telegram could not deliver is said, with numbers only.
func TestTelegramSaysWhatItCannotDeliver(t *testing.T) {
	var log bytes.Buffer
	p := newTelegramPlayer(t)
	c := p.world("webhook")
	c.Log = slog.New(slog.NewTextHandler(&log, nil))
	at := time.Unix(1772366400, 0)
	c.Clock = func() time.Time { return at }
	info := `{"ok":true,"result":{"url":"https://onyo.example.org/hooks/bot","allowed_updates":["message","edited_message","channel_post","edited_channel_post"],` +
		`"pending_update_count":3,"last_error_date":1772366400,"last_error_message":"Wrong response from the webhook: 503"}}`
	p.fail(fault{"getWebhookInfo", 200, info}, fault{"getWebhookInfo", 200, info})
	if err := p.run(t, c, nil, func() bool { return len(p.asked("getWebhookInfo")) > 2 }); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "waiting=3") || slices.Contains(strings.Fields(log.String()), "503") {
		t.Fatalf("said %s", log.String())
	}
}
