package sms_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/sms"
)

func TestTwilioRuns(t *testing.T) {
	channeltest.RunRunner(t, channeltest.RunnerSuite{Kind: sms.Twilio(), Address: sender,
		Start: func(t *testing.T) channeltest.Provider { return playTwilio(t) }})
}

// basket keeps what a run hands in, and ends it once enough is there.
type basket struct {
	mu     sync.Mutex
	cursor []byte
	splits []channels.Split
	enough func([]channels.Split, []byte) bool
	end    context.CancelFunc
}

func (b *basket) Cursor(context.Context) ([]byte, error) { return b.cursor, nil }

func (b *basket) Accept(_ context.Context, splits []channels.Split, cursor []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.splits, b.cursor = append(b.splits, splits...), cursor
	if b.enough(b.splits, b.cursor) {
		b.end()
	}
	return nil
}

// passed ends a run after its first whole pass.
func passed(_ []channels.Split, cursor []byte) bool { return len(cursor) > 0 }

func pull(t *testing.T, p *twilioPlayer, cursor []byte, enough func([]channels.Split, []byte) bool, change func(*channels.Config)) (*basket, channels.Adapter) {
	t.Helper()
	c := p.Config()
	c.HTTP, c.Clock, c.Log = p.server.Client(), p.clock, slog.New(slog.DiscardHandler)
	if change != nil {
		change(&c)
	}
	made, err := sms.Twilio().New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithTimeout(t.Context(), time.Minute)
	defer end()
	b := &basket{cursor: cursor, enough: enough, end: end}
	if err := made.(channels.Runner).Run(ctx, b); err != nil {
		t.Fatal(err)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Fatal("the run brought too little")
	}
	return b, made
}

func texts(t *testing.T, a channels.Adapter, splits []channels.Split) (all []string) {
	t.Helper()
	for _, split := range splits {
		messages, err := a.Parse(split.Raw)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, messages[0].Text)
	}
	return all
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// atNoon stops the clock.
func atNoon(p *twilioPlayer) { p.pace = 0 }

// What is asked for has the identity, the digest and the pictures that the webhook
// gave it, and says that it was asked for.
func TestTwilioPulledIsTheSameMessage(t *testing.T) {
	p := playTwilio(t)
	atNoon(p)
	p.set(func(p *twilioPlayer) {
		p.media["MM2"] = []string{
			`{"sid":"ME1","content_type":"image/jpeg","uri":"/2010-04-01/Accounts/AC1/Messages/MM2/Media/ME1.json"}`,
			`{"sid":"ME2","content_type":"video/3gpp","uri":"/2010-04-01/Accounts/AC1/Messages/MM2/Media/ME2.json"}`}
	})
	sent := noon.Add(-time.Hour)
	p.hold("SM1", sent, resource("SM1", "Maji & matope <hapa> 🌊", sent, nil))
	p.hold("MM2", sent, resource("MM2", "Photos", sent, map[string]any{"num_media": "2"}))
	p.hold("SM3", sent, resource("SM3", " stop ", sent, map[string]any{"from": "whatsapp:" + sender, "to": "whatsapp:+254700000001"}))
	p.hold("SM4", sent, resource("SM4", "Your report was received", sent, map[string]any{"direction": "outbound-api",
		"from": "+254700000001", "to": sender, "status": "undelivered", "error_code": 30003}))
	b, a := pull(t, p, nil, passed, nil)

	picture := func(n, kind string) (string, string) {
		return p.server.URL + "/2010-04-01/Accounts/AC1/Messages/MM2/Media/ME" + n, kind
	}
	webhook := texted("SM1", "Maji & matope <hapa> 🌊")
	photos := texted("MM2", "Photos")
	for i, n := range []string{"1", "2"} {
		at, kind := picture(n, []string{"image/jpeg", "video/3gpp"}[i])
		photos.Set("MediaUrl"+[]string{"0", "1"}[i], at)
		photos.Set("MediaContentType"+[]string{"0", "1"}[i], kind)
	}
	stop := texted("SM3", " stop ")
	stop.Set("From", "whatsapp:"+sender)
	stop.Set("To", "whatsapp:+254700000001")
	receipt := texted("SM4", "")
	receipt.Set("MessageStatus", "undelivered")
	receipt.Set("ErrorCode", "30003")
	receipt.Set("From", "+254700000001")
	receipt.Set("To", sender)

	if len(b.splits) != 4 {
		t.Fatalf("%d splits", len(b.splits))
	}
	by := map[string]channels.Split{}
	for _, split := range b.splits {
		by[split.ProviderID] = split
		if err := channeltest.JudgeSplit(a, split); err != nil {
			t.Errorf("%s: %v", split.ProviderID, err)
		}
		if !split.Hindsight {
			t.Errorf("%s does not say that it was asked for", split.ProviderID)
		}
	}
	for _, fields := range []map[string][]string{webhook, photos, stop, receipt} {
		w := adapter(t, config())
		got, err := sms.Twilio().Receive(t.Context(), w, posted(hookURL, fields))
		if err != nil {
			t.Fatal(err)
		}
		want := got.Messages[0]
		pulled, ok := by[want.ProviderID]
		if !ok || pulled.Nature != want.Nature || pulled.From != want.From {
			t.Errorf("%s is not the message of the webhook", want.ProviderID)
			continue
		}
		asked, err := a.Parse(pulled.Raw)
		if err != nil {
			t.Fatal(err)
		}
		called, err := w.Parse(want.Raw)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(called, asked, cmpopts.IgnoreFields(channels.Message{}, "At")); diff != "" || pulled.Digest != want.Digest {
			t.Errorf("%s: %s", want.ProviderID, diff)
		}
		if !asked[0].At.Equal(sent) {
			t.Errorf("%s: sent at %v", want.ProviderID, asked[0].At)
		}
	}
	if _, err := a.(channels.Fetcher).MediaRequest(t.Context(), channels.Media{URL: p.server.URL + "/x"}); err != nil {
		t.Error("a picture at api_url cannot be fetched")
	}
}

// Only the channel's own numbers, whatever else the account has.
func TestTwilioPullsItsOwnNumbers(t *testing.T) {
	service := "MG00000000000000000000000000000001"
	for name, tc := range map[string]struct {
		from, numbers, want string
	}{
		"the number it answers from": {"+254700000001", "", "ours whatsapp"},
		"numbers named":              {"+254700000001", "254700000009, +254700000001", "ours whatsapp other"},
		"a service":                  {service, "", "ours whatsapp service"},
		"nothing said":               {"", "", "ours whatsapp other service foreign-service"},
	} {
		t.Run(name, func(t *testing.T) {
			p := playTwilio(t)
			atNoon(p)
			sent := noon.Add(-time.Minute)
			for i, change := range []map[string]any{
				nil, {"to": "whatsapp:+254700000001"}, {"to": "+254700000009"},
				{"to": "+254700000008", "messaging_service_sid": service},
				{"to": "+254700000007", "messaging_service_sid": "MG00000000000000000000000000000002"},
				{"direction": "outbound-api", "status": "delivered", "from": "+254700000007"},
				{"direction": "outbound-call", "status": "delivered", "from": "+254700000001"},
				{"direction": "outbound-api", "status": "queued", "from": "+254700000001"},
			} {
				text := []string{"ours", "whatsapp", "other", "service", "foreign-service", "out", "out", "out"}[i]
				p.hold(text+string(rune('0'+i)), sent, resource(text+string(rune('0'+i)), text, sent, change))
			}
			b, a := pull(t, p, nil, passed, func(c *channels.Config) {
				c.Settings["from"], c.Settings["numbers"] = tc.from, tc.numbers
			})
			got := map[string]bool{}
			for _, text := range texts(t, a, b.splits) {
				got[text] = true
			}
			want := map[string]bool{}
			for _, text := range strings.Fields(tc.want) {
				want[text] = true
			}
			if tc.from == service { // "other" names no service, as numbers outside of services do
				want["other"] = true
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A run looks back to the cursor and a little more; without one, a day.
func TestTwilioPullLooksBack(t *testing.T) {
	for name, tc := range map[string]struct {
		cursor string
		want   []string
	}{
		"an hour ago, of whole days": {`{"through":"2026-03-01T11:00:00Z"}`, []string{"now", "hour"}},
		"no cursor":                  {"", []string{"now", "hour", "day"}},
		"not a cursor":               {"{", []string{"now", "hour", "day"}},
		"an hour ago":                {`{"through":"2026-03-01T11:00:00Z"}`, []string{"now", "hour"}},
		"a week ago":                 {`{"through":"2026-02-22T12:00:00Z"}`, []string{"now", "hour", "day", "days"}},
		"in the future":              {`{"through":"2027-01-01T00:00:00Z"}`, []string{"now", "hour", "day"}},
		"ten minutes":                {`{"through":"2026-03-01T11:50:00Z"}`, []string{"now"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := playTwilio(t)
			atNoon(p)
			p.pages, p.days = 1, strings.Contains(name, "whole days")
			for sid, before := range map[string]time.Duration{"days": 72 * time.Hour, "day": 24 * time.Hour,
				"hour": time.Hour + 10*time.Minute, "now": time.Minute} {
				p.hold(sid, noon.Add(-before), resource(sid, sid, noon.Add(-before), nil))
			}
			b, a := pull(t, p, []byte(tc.cursor), func(splits []channels.Split, cursor []byte) bool {
				return strings.Contains(string(cursor), "2026-03-01T12:00:00Z")
			}, nil)
			less := func(a, b string) bool { return a < b }
			if diff := cmp.Diff(tc.want, texts(t, a, b.splits), cmpopts.SortSlices(less)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Beside a webhook, what just came is left to it; what came before the start is
// not, because nothing heard it.
func TestTwilioPullLeavesTimeToTheWebhook(t *testing.T) {
	p := playTwilio(t)
	now := noon
	var mu sync.Mutex
	p.clock = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	p.pages = 10
	p.hold("SM1", noon.Add(-time.Second), resource("SM1", "during the outage", noon.Add(-time.Second), nil))
	turn := 0
	b, a := pull(t, p, nil, func(splits []channels.Split, cursor []byte) bool {
		if len(cursor) == 0 {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		turn++
		switch turn {
		case 1: // one came just now, and one that is not there yet as a whole
			now = noon.Add(10 * time.Minute)
			for sid, sent := range map[string]time.Time{"SM2": now.Add(-2 * time.Minute), "SM3": now.Add(-time.Second)} {
				p.hold(sid, sent, resource(sid, sid, sent, nil))
			}
			p.hold("SM4", now.Add(-2*time.Minute), resource("SM4", "half of it", now, map[string]any{"status": "receiving"}))
		case 2:
			now = noon.Add(20 * time.Minute)
			p.hold("SM4", now, resource("SM4", "all of it", noon.Add(8*time.Minute), nil))
		}
		return turn == 3
	}, func(c *channels.Config) {
		c.PublicURL = hookURL
		c.Settings["pull"] = "after-outage"
	})
	want := []string{"during the outage", "SM2", "all of it", "SM3"}
	if diff := cmp.Diff(want, texts(t, a, b.splits), cmpopts.SortSlices(func(a, b string) bool { return a < b })); diff != "" {
		t.Error(diff)
	}
}

// Off asks for nothing, and ends when it is told to.
func TestTwilioPullOff(t *testing.T) {
	p := playTwilio(t)
	c := p.Config()
	c.PublicURL, c.Settings["pull"] = hookURL, "off"
	c.HTTP, c.Clock, c.Log = p.server.Client(), time.Now, slog.New(slog.DiscardHandler)
	ctx, end := context.WithCancel(t.Context())
	end()
	if err := adapter(t, c).(channels.Runner).Run(ctx, &basket{}); err != nil || p.requests > 0 {
		t.Fatalf("%v, asked %d times", err, p.requests)
	}
}

// Faults are waited out; the cursor never gets ahead of what was found.
func TestTwilioPullOutlastsFaults(t *testing.T) {
	p := playTwilio(t)
	atNoon(p)
	p.pages = 1
	sent := noon.Add(-time.Minute)
	p.set(func(p *twilioPlayer) { p.statuses = []int{500, 503, 429, 404} })
	p.hold("SM1", sent, resource("SM1", "one", sent, map[string]any{"num_media": 1}))
	p.hold("SM2", sent, resource("SM2", "two", sent, nil))
	b, a := pull(t, p, nil, passed, nil)
	if diff := cmp.Diff([]string{"two", "one"}, texts(t, a, b.splits)); diff != "" {
		t.Error(diff)
	}
}

// Without a public address nothing can come in by itself, whatever it brings.
func TestTwilioWithoutPublicURL(t *testing.T) {
	c := config()
	c.PublicURL = ""
	c.Settings = map[string]string{"account_sid": account, "pull": "always"}
	w := adapter(t, c)
	for _, signed := range []string{hookURL, "", "https://:443", "http://:80"} {
		x := posted(hookURL, texted("SM1", "x"))
		x.Header.Set("X-Twilio-Signature", sms.Sign(token, signed, texted("SM1", "x")))
		if _, err := sms.Twilio().Receive(t.Context(), w, x); !errors.Is(err, channels.ErrUnauthentic) {
			t.Errorf("signed for %q: %v", signed, err)
		}
	}
}

func TestTwilioTest(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*twilioPlayer)
		want   string
	}{
		"good":          {func(*twilioPlayer) {}, ""},
		"suspended":     {func(p *twilioPlayer) { p.account = "suspended" }, "suspended"},
		"refused":       {func(p *twilioPlayer) { p.refuses = true }, "account_sid and auth_token"},
		"no account":    {func(p *twilioPlayer) { p.statuses = []int{http.StatusNotFound} }, "knows no such account"},
		"out of order":  {func(p *twilioPlayer) { p.statuses = []int{503} }, "http_503"},
		"not reachable": {func(p *twilioPlayer) { p.server.Close() }, "network"},
	} {
		t.Run(name, func(t *testing.T) {
			p := playTwilio(t)
			c := p.Config()
			c.HTTP = p.server.Client()
			if name == "not reachable" {
				tc.change(p)
			} else {
				p.set(tc.change)
			}
			err := adapter(t, c).(channels.Tester).Test(t.Context())
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v", err)
			}
			if err != nil && (strings.Contains(err.Error(), token) || strings.Contains(err.Error(), sender)) {
				t.Error("the error tells a secret or a number")
			}
		})
	}
}
