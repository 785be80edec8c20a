package channeltest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
)

// poller is the smallest runner that conforms: it asks for what came after a
// number, which is its cursor.
type poller struct{ config channels.Config }

func pollerKind() channels.Kind {
	return channels.Kind{Name: "test.poller", Title: "Poller", Summary: "Asks a shelf for what is new.",
		Settings: []channels.Setting{
			{Key: "api_url", Help: "Where the shelf is.", Required: true, Endpoint: true},
			{Key: "token", Help: "Printed on the shelf.", Required: true, Secret: true}},
		Can: channels.Capabilities{Run: true, Signed: true},
		New: func(config channels.Config) (channels.Adapter, error) { return &poller{config}, nil }}
}

var errRefused = errors.New("the shelf refuses the token")

func (p *poller) Run(ctx context.Context, inlet channels.Inlet) error {
	cursor, err := inlet.Cursor(ctx)
	for err == nil && ctx.Err() == nil {
		var items []json.RawMessage
		if items, err = p.ask(ctx, string(cursor)); errors.Is(err, errRefused) {
			return err
		}
		seen, _ := strconv.Atoi(string(cursor))
		next := []byte(strconv.Itoa(seen + len(items)))
		if err == nil && len(items) > 0 {
			if err = inlet.Accept(ctx, p.split(items), next); err == nil {
				cursor = next
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Millisecond):
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (p *poller) ask(ctx context.Context, after string) (items []json.RawMessage, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.config.Settings["api_url"]+"?after="+after, nil)
	if err != nil {
		return nil, fmt.Errorf("ask: %w", err)
	}
	request.Header.Set("Authorization", p.config.Secrets["token"].Current())
	response, err := p.config.HTTP.Do(request)
	if err != nil {
		return nil, nil // broken off: asked again
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusUnauthorized {
		return nil, errRefused
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	var texts [][]byte
	if err != nil || json.Unmarshal(body, &texts) != nil {
		return nil, nil
	}
	for _, text := range texts {
		items = append(items, text)
	}
	return items, nil
}

func (p *poller) split(items []json.RawMessage) (splits []channels.Split) {
	for _, item := range items {
		raw := channels.Pack(nil, item)
		messages, err := p.Parse(raw)
		if err != nil {
			splits = append(splits, channels.UnparsedSplit(raw, item, "bad_item"))
			continue
		}
		m := messages[0]
		splits = append(splits, channels.Split{ProviderID: m.ProviderID, Digest: m.Digest(), Raw: raw, Nature: m.Nature, From: m.From})
	}
	return splits
}

func (p *poller) Parse(raw []byte) ([]channels.Message, error) {
	_, body, err := channels.Unpack(raw)
	if err != nil {
		return nil, fmt.Errorf("poller: %w", err)
	}
	var item struct{ ID, Text, From string }
	if json.Unmarshal(body, &item) != nil || item.ID == "" {
		return nil, errors.New("poller: no item")
	}
	return []channels.Message{{ProviderID: channels.Clean(item.ID), Nature: channels.Report, Text: channels.Clean(item.Text),
		From: channels.Address{Scheme: "tel", Value: item.From}}}, nil
}

// shelf is the provider's side.
type shelf struct {
	server *httptest.Server
	mu     sync.Mutex
	items  [][]byte
	shut   bool
}

const shelfToken, shelfSender = "shelf-token-5512", "+254700000031"

func startShelf(t *testing.T) channeltest.Provider {
	s := &shelf{}
	s.server = httptest.NewServer(s)
	t.Cleanup(s.server.Close)
	return s
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut || r.Header.Get("Authorization") != shelfToken {
		http.Error(w, "no", http.StatusUnauthorized)
		return
	}
	after, _ := strconv.Atoi(r.URL.Query().Get("after"))
	_ = json.NewEncoder(w).Encode(s.items[min(after, len(s.items)):])
}

func (s *shelf) Config() channels.Config {
	return channels.Config{Name: "shelf", Settings: map[string]string{"api_url": s.server.URL},
		Secrets: map[string]channels.Secret{"token": channels.NewSecret(shelfToken, "")}}
}

func (s *shelf) Offer(said channeltest.Saying) {
	item, _ := json.Marshal(map[string]any{"id": said.ID, "text": said.Text, "from": shelfSender, "dress": said.Dress})
	s.OfferRaw(item)
}

func (s *shelf) OfferRaw(item []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = append(s.items, item)
}

func (s *shelf) Refuse() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shut = true
}

func (s *shelf) Break() { s.server.CloseClientConnections() }

func TestRunRunner(t *testing.T) {
	channeltest.RunRunner(t, channeltest.RunnerSuite{Kind: pollerKind(), Start: startShelf, Address: shelfSender})
}
