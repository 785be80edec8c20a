package twitter_test

import (
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/twitter"
	"github.com/onyo-project/onyo/channels/twitter/xplayer"
)

func TestStreamConforms(t *testing.T) { conforms(t, twitter.Kind(), "stream") }

func TestSearchConforms(t *testing.T) { conforms(t, twitter.Polling(10*time.Millisecond), "search") }

func conforms(t *testing.T, kind channels.Kind, mode string) {
	channeltest.RunRunner(t, channeltest.RunnerSuite{Kind: kind, Address: author,
		Start: func(t *testing.T) channeltest.Provider {
			x := xplayer.New(bearer, time.Now)
			server := httptest.NewServer(x)
			t.Cleanup(func() { x.Break(); server.CloseClientConnections(); server.Close() })
			return &provider{Player: x, url: server.URL, mode: mode, said: map[string]spoken{}}
		}})
}

// provider is the player as the suite wants to see it.
type provider struct {
	*xplayer.Player
	url, mode string
	mu        sync.Mutex
	said      map[string]spoken
}

type spoken struct{ id, text string }

func (p *provider) Config() channels.Config {
	return channels.Config{Name: "x-main", Settings: map[string]string{"rules": oneRule, "api_url": p.url, "mode": p.mode, "budget_usd": "100"},
		Secrets: map[string]channels.Secret{"bearer_token": channels.NewSecret(bearer, "")}}
}

func (p *provider) Offer(s channeltest.Saying) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, known := p.said[s.ID]
	switch {
	case !known:
		before = spoken{p.Say(xplayer.Tweet{Text: s.Text, Author: author, Language: "en", Dress: s.Dress}), s.Text}
	case before.text == s.Text:
		p.Repeat(before.id, s.Dress)
	default:
		before = spoken{p.Edit(before.id, s.Text), s.Text}
	}
	p.said[s.ID] = before
}

func (p *provider) OfferRaw(line []byte) { p.Raw(line) }
