package social_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
)

const blueskySender = "did:plc:amina4471amina4471amina"

// jetstreamPlayer is a Jetstream server: it keeps frames and replays them from a
// cursor, which it includes.
type jetstreamPlayer struct {
	server *httptest.Server

	mu      sync.Mutex
	changed chan struct{}
	frames  []playedFrame
	said    map[string]string // texts by id
	conns   map[*websocket.Conn]bool
	last    int64
	faults  []func(http.ResponseWriter)
	asked   []string // queries
}

type playedFrame struct {
	time int64
	data []byte
}

func startJetstream(t testing.TB) *jetstreamPlayer {
	p := &jetstreamPlayer{changed: make(chan struct{}), said: map[string]string{}, conns: map[*websocket.Conn]bool{}}
	p.server = httptest.NewServer(p)
	t.Cleanup(func() { p.Break(); p.server.Close() })
	return p
}

func (p *jetstreamPlayer) url() string { return "ws" + strings.TrimPrefix(p.server.URL, "http") }

func (p *jetstreamPlayer) Config() channels.Config {
	return channels.Config{Name: "sky", Settings: map[string]string{"api_url": p.url(), "words": "#KiberaFlood, maji kibera", "lookback": "15m"}}
}

func (p *jetstreamPlayer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.URL.RawQuery)
	var fault func(http.ResponseWriter)
	if len(p.faults) > 0 {
		fault, p.faults = p.faults[0], p.faults[1:]
	}
	p.mu.Unlock()
	if fault != nil {
		fault(w)
		return
	}
	if r.URL.Path != "/subscribe" || r.URL.Query().Get("wantedCollections") != "app.bsky.feed.post" {
		http.NotFound(w, r)
		return
	}
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	ctx := conn.CloseRead(r.Context())
	cursor, _ := strconv.ParseInt(r.URL.Query().Get("cursor"), 10, 64)
	p.mu.Lock()
	p.conns[conn] = true
	next := len(p.frames)
	for cursor > 0 && next > 0 && p.frames[next-1].time >= cursor {
		next--
	}
	p.mu.Unlock()
	for {
		p.mu.Lock()
		coming, changed := p.frames[next:len(p.frames):len(p.frames)], p.changed
		next = len(p.frames)
		p.mu.Unlock()
		for _, frame := range coming {
			if conn.Write(ctx, websocket.MessageText, frame.data) != nil {
				return
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// now is the server's clock in microseconds: it never repeats.
func (p *jetstreamPlayer) now() int64 {
	p.last = max(p.last+1, time.Now().UnixMicro())
	return p.last
}

func (p *jetstreamPlayer) add(at int64, data []byte) {
	p.frames = append(p.frames, playedFrame{at, data})
	close(p.changed)
	p.changed = make(chan struct{})
}

// commit adds a frame about a post.
func (p *jetstreamPlayer) commit(operation, key string, record map[string]any) {
	at := p.now()
	commit := map[string]any{"rev": fmt.Sprint("rev", at), "operation": operation, "collection": "app.bsky.feed.post", "rkey": key}
	if record != nil {
		commit["record"], commit["cid"] = record, fmt.Sprint("bafyrei", at)
	}
	data, _ := json.Marshal(map[string]any{"did": blueskySender, "time_us": at, "kind": "commit", "commit": commit})
	p.add(at, data)
}

func (p *jetstreamPlayer) Offer(s channeltest.Saying) {
	p.mu.Lock()
	defer p.mu.Unlock()
	operation := "create"
	if text, known := p.said[s.ID]; known && text != s.Text {
		operation = "update"
	}
	p.said[s.ID] = s.Text
	p.commit(operation, s.ID, map[string]any{"$type": "app.bsky.feed.post", "text": s.Text, "langs": []string{"en"},
		"tags": []string{"kiberaflood"}, "createdAt": fmt.Sprintf("2026-03-01T12:00:%02dZ", s.Dress)})
}

func (p *jetstreamPlayer) OfferRaw(data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.add(p.now(), data)
}

func (p *jetstreamPlayer) Refuse() {} // nobody has credentials there

func (p *jetstreamPlayer) Break() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		go func() { _ = conn.CloseNow() }()
	}
	clear(p.conns)
	p.server.CloseClientConnections()
}
