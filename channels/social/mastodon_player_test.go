package social_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
)

const (
	mastodonToken  = "mastodon-token-4471"
	mastodonSender = "amina@elsewhere.example"
)

// mastodonPlayer is a Mastodon server as its documentation has it: instance,
// hashtag timeline, hashtag stream, media.
type mastodonPlayer struct {
	server *httptest.Server

	mu       sync.Mutex
	statuses []*played // oldest first
	byID     map[string]*played
	streams  map[chan string]string // hashtag by stream
	opened   chan string            // hashtags of streams, as they are opened
	serial   int64
	refused  bool
	faults   []func(http.ResponseWriter) // answered instead, one each, to the next requests
	asked    []string                    // paths and queries, in order
	old      bool                        // a server before Mastodon 4
}

type played struct {
	id, uri, text string
	dress         int
	edited        bool
	fields        map[string]any
}

func startMastodon(t testing.TB) *mastodonPlayer {
	p := &mastodonPlayer{byID: map[string]*played{}, streams: map[chan string]string{}, opened: make(chan string, 1000)}
	p.server = httptest.NewServer(p)
	t.Cleanup(func() { p.server.CloseClientConnections(); p.server.Close() })
	return p
}

func (p *mastodonPlayer) Config() channels.Config {
	return channels.Config{Name: "fediverse",
		Settings: map[string]string{"api_url": p.server.URL, "hashtags": "#Flood"},
		Secrets:  map[string]channels.Secret{"access_token": channels.NewSecret(mastodonToken, "")}}
}

func (p *mastodonPlayer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.URL.RequestURI())
	var fault func(http.ResponseWriter)
	if len(p.faults) > 0 {
		fault, p.faults = p.faults[0], p.faults[1:]
	}
	refused := p.refused || r.Header.Get("Authorization") != "Bearer "+mastodonToken
	p.mu.Unlock()
	switch path := r.URL.Path; {
	case fault != nil:
		fault(w)
	case refused:
		http.Error(w, `{"error":"The access token is invalid"}`, http.StatusUnauthorized)
	case path == "/api/v2/instance" && !p.old:
		fmt.Fprintf(w, `{"domain":"social.example","configuration":{"urls":{"streaming":"ws://%s"}}}`, r.Host)
	case strings.HasPrefix(path, "/api/v1/timelines/tag/"):
		p.timeline(w, r)
	case path == "/api/v1/streaming/hashtag":
		p.stream(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (p *mastodonPlayer) timeline(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	least, limit := r.URL.Query().Get("min_id"), 20
	_, _ = fmt.Sscan(r.URL.Query().Get("limit"), &limit)
	page := []json.RawMessage{}
	if least == "" {
		for i := len(p.statuses) - 1; i >= 0 && len(page) < limit; i-- {
			page = append(page, p.statuses[i].json())
		}
	} else {
		for _, one := range p.statuses {
			if one.id > least && len(page) < limit {
				page = append([]json.RawMessage{one.json()}, page...)
			}
		}
	}
	_ = json.NewEncoder(w).Encode(page)
}

func (p *mastodonPlayer) stream(w http.ResponseWriter, r *http.Request) {
	coming := make(chan string, 4096)
	p.mu.Lock()
	p.streams[coming] = r.URL.Query().Get("tag")
	p.mu.Unlock()
	select {
	case p.opened <- r.URL.Query().Get("tag"):
	default: // nobody counts them
	}
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.streams, coming)
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, ":)\n:thump\n")
	for {
		if http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case text := <-coming:
			if text == "" {
				return
			}
			fmt.Fprint(w, text)
		case <-r.Context().Done():
			return
		}
	}
}

// push sends text as it is to every stream.
func (p *mastodonPlayer) push(text string) {
	for stream := range p.streams {
		stream <- text
	}
}

// Offer posts, says again, or edits what was posted.
func (p *mastodonPlayer) Offer(s channeltest.Saying) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one, name := p.byID[s.ID], "update"
	if one == nil {
		p.serial++
		id := fmt.Sprint(time.Now().UnixMilli()<<16 + p.serial)
		one = &played{id: id, uri: "https://elsewhere.example/users/amina/statuses/" + s.ID}
		p.statuses, p.byID[s.ID] = append(p.statuses, one), one
	} else if one.text != s.Text {
		one.edited, name = true, "status.update"
	}
	one.text, one.dress = s.Text, s.Dress
	p.push("event: " + name + "\ndata: " + string(one.json()) + "\n\n")
}

// json is the post; what differs by dress is transport.
func (o *played) json() []byte {
	fields := map[string]any{"id": o.id, "uri": o.uri, "visibility": "public", "language": "en", "spoiler_text": "",
		"created_at": "2026-03-01T12:00:00.000Z", "content": "<p>" + html.EscapeString(o.text) + "</p>", "reblog": nil,
		"account": map[string]any{"acct": mastodonSender, "followers_count": o.dress}, "favourites_count": o.dress,
		"media_attachments": []any{}}
	if o.edited {
		fields["edited_at"] = "2026-03-01T13:00:00.000Z"
	}
	for key, value := range o.fields {
		fields[key] = value
	}
	data, _ := json.Marshal(fields)
	if o.dress%2 == 1 {
		data, _ = json.MarshalIndent(fields, "", " ")
		data = []byte(strings.ReplaceAll(string(data), "\n", "\ndata: ")) // over several lines, as events may be
		data = []byte(strings.ReplaceAll(string(data), "\ndata: ", " "))
	}
	return data
}

func (p *mastodonPlayer) OfferRaw(data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.push("event: update\ndata: " + string(data) + "\n\n")
}

func (p *mastodonPlayer) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused = true
}

func (p *mastodonPlayer) Break() { p.server.CloseClientConnections() }
