package sms_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/sms"
)

// atPlayer is Africa's Talking's inbox: messages under growing numbers, a few at a
// time. It never changes a message; other words are another message.
type atPlayer struct {
	server *httptest.Server
	mu     sync.Mutex
	items  []atHeld
	known  map[string]int // text by saying -> index
	shut   bool
}

type atHeld struct {
	number int
	item   json.RawMessage
}

// atPage is how many messages the player gives at once.
const atPage = 3

func startAT(t *testing.T) channeltest.Provider {
	p := &atPlayer{known: map[string]int{}}
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	return p
}

func (p *atPlayer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shut || r.Header.Get("apiKey") != atKey || r.URL.Query().Get("username") != "onyo" {
		http.Error(w, "The supplied authentication is invalid", http.StatusUnauthorized)
		return
	}
	if r.URL.Path == "/version1/user" {
		fmt.Fprint(w, `{"UserData":{"balance":"KES 12.00"}}`)
		return
	}
	after, err := strconv.Atoi(r.URL.Query().Get("lastReceivedId"))
	if err != nil || r.URL.Path != "/version1/messaging" || r.Method != http.MethodGet {
		http.Error(w, "no such thing", http.StatusNotFound)
		return
	}
	page, numbered := []json.RawMessage{}, 0
	for _, held := range p.items {
		if held.number > after && numbered < atPage {
			page = append(page, held.item)
			if held.item[0] == '{' {
				numbered++
			}
		}
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, `{"SMSMessageData":{"Messages":[`)
	for i, item := range page {
		if i > 0 {
			fmt.Fprint(w, ",")
		}
		_, _ = w.Write(item)
	}
	fmt.Fprint(w, `]}}`)
}

func (p *atPlayer) Config() channels.Config {
	c := atConfig()
	c.Settings["pull"], c.Settings["pull_every"], c.Settings["api_url"] = "always", "100ms", p.server.URL
	delete(c.Secrets, channels.PathSecret)
	return c
}

func (p *atPlayer) Offer(s channeltest.Saying) {
	p.mu.Lock()
	defer p.mu.Unlock()
	index, again := p.known[s.ID+"\x00"+s.Text]
	if !again {
		index = len(p.items)
		p.known[s.ID+"\x00"+s.Text] = index
		p.items = append(p.items, atHeld{number: index + 15000})
	}
	fields := []string{fmt.Sprintf(`"id":%d`, p.items[index].number), `"from":"` + atSender + `"`, `"to":"28901"`,
		`"date":"2026-03-01T08:34:18.445Z"`, `"linkId":"SampleLinkId123"`}
	text, _ := json.Marshal(s.Text)
	fields = append(fields, `"text":`+string(text))
	turn := s.Dress % len(fields)
	p.items[index].item = json.RawMessage("{" + strings.Join(slices.Concat(fields[turn:], fields[:turn]), ",") + "}")
}

// OfferRaw: what is no JSON cannot stand in a list of the API; it stands there as
// a string.
func (p *atPlayer) OfferRaw(raw []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !json.Valid(raw) {
		raw, _ = json.Marshal(string(raw))
	}
	p.items = append(p.items, atHeld{number: len(p.items) + 15000, item: raw})
}

func (p *atPlayer) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shut = true
}

func (p *atPlayer) Break() { p.server.CloseClientConnections() }

func TestAfricasTalkingPulls(t *testing.T) {
	channeltest.RunRunner(t, channeltest.RunnerSuite{Kind: sms.AfricasTalking(), Start: startAT, Address: atSender})
}

func TestAfricasTalkingTests(t *testing.T) {
	player := startAT(t)
	ask := func() error {
		c := player.Config()
		c.HTTP = http.DefaultClient
		return atAdapter(t, c).(channels.Tester).Test(t.Context())
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	player.Refuse()
	if err := ask(); err == nil || strings.Contains(err.Error(), atKey) {
		t.Fatalf("refused: %v", err)
	}
}

func TestAfricasTalkingSends(t *testing.T) {
	p := &provider{status: 201, body: `{"SMSMessageData":{"Message":"Sent to 1/1 Total Cost: KES 0.8000","Recipients":[{"statusCode":101,"number":"+254700000003","status":"Success","cost":"KES 0.8000","messageId":"ATXid_7"}]}}`}
	c := atConfig()
	c.HTTP = p
	id, err := atAdapter(t, c).(channels.Sender).Send(t.Context(), channels.Outbound{ID: "o1",
		To: channels.Address{Scheme: "tel", Value: atSender}, Text: "Asante. Tumepokea."})
	if err != nil || id != "ATXid_7" {
		t.Fatalf("%q, %v", id, err)
	}
	want := url.Values{"username": {"onyo"}, "to": {atSender}, "from": {"28901"}, "message": {"Asante. Tumepokea."}}
	if diff := cmp.Diff(want, p.form); diff != "" {
		t.Error(diff)
	}
	if at := p.request.URL.String(); at != "https://api.africastalking.com/version1/messaging" || p.request.Header.Get("apiKey") != atKey ||
		p.request.Header.Get("Accept") != "application/json" {
		t.Errorf("asked %s with %v", at, slices.Collect(maps.Keys(p.request.Header)))
	}
}

func TestAfricasTalkingSendErrors(t *testing.T) {
	recipient := func(code int) string {
		return fmt.Sprintf(`{"SMSMessageData":{"Message":"Sent to 0/1","Recipients":[{"statusCode":%d,"number":"%s","messageId":"None"}]}}`, code, atSender)
	}
	for name, tc := range map[string]struct {
		status int
		body   string
		fault  error
		reason error
		code   string
	}{
		"opted out":         {201, recipient(406), nil, channels.ErrOptedOut, "406"},
		"no such number":    {201, recipient(403), nil, channels.ErrPermanent, "403"},
		"no money":          {201, recipient(405), nil, channels.ErrTemporary, "405"},
		"their fault":       {201, recipient(500), nil, channels.ErrTemporary, "500"},
		"rejected":          {201, recipient(502), nil, channels.ErrPermanent, "502"},
		"a sender's name":   {201, `{"SMSMessageData":{"Message":"InvalidSenderId","Recipients":[]}}`, nil, channels.ErrTemporary, "402"},
		"nobody":            {201, `{"SMSMessageData":{"Message":"Sent to 0/1","Recipients":[]}}`, nil, channels.ErrTemporary, "unreadable"},
		"no JSON":           {201, `<html>`, nil, channels.ErrTemporary, "unreadable"},
		"wrong key":         {401, `x`, nil, channels.ErrTemporary, "http_401"},
		"too many requests": {429, ``, nil, channels.ErrThrottled, "http_429"},
		"bad request":       {400, ``, nil, channels.ErrPermanent, "http_400"},
		"down":              {503, ``, nil, channels.ErrTemporary, "http_503"},
		"no network":        {0, ``, errors.New("dial"), channels.ErrTemporary, "network"},
	} {
		t.Run(name, func(t *testing.T) {
			c := atConfig()
			c.HTTP = &provider{status: tc.status, body: tc.body, fault: tc.fault}
			_, err := atAdapter(t, c).(channels.Sender).Send(t.Context(), channels.Outbound{To: channels.Address{Value: atSender}, Text: "x"})
			var got *channels.SendError
			if !errors.As(err, &got) || !errors.Is(err, tc.reason) || got.Code != tc.code {
				t.Fatalf("got %v, want %v (%s)", err, tc.reason, tc.code)
			}
		})
	}
	c := atConfig()
	delete(c.Secrets, "api_key")
	if _, err := atAdapter(t, c).(channels.Sender).Send(t.Context(), channels.Outbound{}); !errors.Is(err, channels.ErrPermanent) {
		t.Errorf("without a key: %v", err)
	}
}

// kept ends a run as soon as something is accepted.
type kept struct {
	end    context.CancelFunc
	splits []channels.Split
	cursor []byte
}

func (k *kept) Cursor(context.Context) ([]byte, error) { return k.cursor, nil }

func (k *kept) Accept(_ context.Context, splits []channels.Split, cursor []byte) error {
	k.splits, k.cursor = splits, cursor
	k.end()
	return nil
}

// A fault of theirs, and an answer that is none, are waited out.
func TestAfricasTalkingOutlastsFaults(t *testing.T) {
	player := startAT(t).(*atPlayer)
	player.Offer(channeltest.Saying{ID: "1", Text: "Flood"})
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked++; asked {
		case 1:
			http.Error(w, "later", http.StatusServiceUnavailable)
		case 2:
			fmt.Fprint(w, `{"SMSMessageData":{"Messages":[`)
		default:
			player.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	ctx, end := context.WithCancel(t.Context())
	var journal strings.Builder
	c, inlet := player.Config(), &kept{end: end, cursor: []byte("14999")}
	c.Settings["api_url"], c.HTTP, c.Log = server.URL, http.DefaultClient, slog.New(slog.NewTextHandler(&journal, nil))
	if err := atAdapter(t, c).(channels.Runner).Run(ctx, inlet); err != nil {
		t.Fatal(err)
	}
	if len(inlet.splits) != 1 || string(inlet.cursor) != "15000" || asked != 3 {
		t.Errorf("%d splits, cursor %s, after %d questions", len(inlet.splits), inlet.cursor, asked)
	}
	if said := journal.String(); !strings.Contains(said, "http_503") || !strings.Contains(said, "unreadable") || strings.Contains(said, atKey) {
		t.Errorf("logged %s", said)
	}
}

// With pull=off Run asks nobody and ends with its context.
func TestAfricasTalkingWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := atAdapter(t, atConfig()).(channels.Runner).Run(ctx, nil); err != nil {
		t.Fatal(err)
	}
}
