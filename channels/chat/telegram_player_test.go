package chat_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
)

// telegramPlayer plays the Bot API: it keeps updates until it is asked for later
// ones, holds a question that nothing answers yet, and answers none while a
// webhook is set.
type telegramPlayer struct {
	server *httptest.Server

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at every change
	queue   []heldUpdate
	next    int64
	said    map[string]int64 // update numbers, by id and by id and text
	refused bool
	set     hook
	faults  []fault
	calls   []call
}

// heldUpdate is an update that nobody confirmed; without a number it is bytes,
// served once.
type heldUpdate struct {
	id   int64
	body []byte
}

type hook struct {
	URL     string   `json:"url"`
	Secret  string   `json:"secret_token"`
	Allowed []string `json:"allowed_updates"`
	Drop    *bool    `json:"drop_pending_updates"`
}

// fault is what a method answers once, in place of its own answer.
type fault struct {
	method string
	status int
	body   string
}

type call struct {
	Method     string
	Parameters map[string]any
}

func newTelegramPlayer(t testing.TB) *telegramPlayer {
	p := &telegramPlayer{changed: make(chan struct{}), next: 5000, said: map[string]int64{}}
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	return p
}

func (p *telegramPlayer) Config() channels.Config {
	return channels.Config{Name: "bot", PublicURL: "https://onyo.example.org/hooks/bot",
		Settings: map[string]string{"mode": "poll", "api_url": p.server.URL},
		Secrets:  map[string]channels.Secret{"bot_token": channels.NewSecret(botToken, ""), "secret_token": channels.NewSecret(secretToken, "")}}
}

// lock holds the player and wakes whoever waits when it lets go.
func (p *telegramPlayer) lock() func() {
	p.mu.Lock()
	return func() {
		close(p.changed)
		p.changed = make(chan struct{})
		p.mu.Unlock()
	}
}

func (p *telegramPlayer) Offer(s channeltest.Saying) {
	defer p.lock()()
	id, again := p.said[s.ID+"\x00"+s.Text]
	if !again {
		p.next++
		id = p.next
	}
	body := strings.Replace(string(written(s)), fmt.Sprintf(`"update_id":%d`, number(s.ID)), fmt.Sprintf(`"update_id":%d`, id), 1)
	if _, known := p.said[s.ID]; known && !again || p.said[s.ID] < 0 {
		body = strings.Replace(body, `"message":`, `"edited_message":`, 1)
	}
	p.said[s.ID], p.said[s.ID+"\x00"+s.Text] = id, id
	p.queue = append(p.queue, heldUpdate{id, []byte(body)})
}

func (p *telegramPlayer) OfferRaw(body []byte) {
	defer p.lock()()
	p.queue = append(p.queue, heldUpdate{0, body})
}

func (p *telegramPlayer) Refuse() { defer p.lock()(); p.refused = true }

func (p *telegramPlayer) Break() { p.server.CloseClientConnections() }

func (p *telegramPlayer) hook() hook { p.mu.Lock(); defer p.mu.Unlock(); return p.set }

// fail makes the next calls of a method answer otherwise.
func (p *telegramPlayer) fail(faults ...fault) {
	defer p.lock()()
	p.faults = append(p.faults, faults...)
}

// asked are the calls of a method so far.
func (p *telegramPlayer) asked(method string) []call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(p.calls), func(c call) bool { return c.Method != method })
}

func (p *telegramPlayer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method, ok := strings.CutPrefix(r.URL.Path, "/bot"+botToken+"/")
	data, _ := io.ReadAll(r.Body)
	parameters := map[string]any{}
	_ = json.Unmarshal(data, &parameters)
	if path, file := strings.CutPrefix(r.URL.Path, "/file/bot"+botToken+"/"); file && r.Method == http.MethodGet {
		fmt.Fprint(w, "bytes of "+path)
		return
	}
	status, body := p.answer(r.Context(), ok, method, parameters, data)
	w.Header().Set("Content-Type", appJSON)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func telegramError(code int, description, more string) (int, string) {
	return code, fmt.Sprintf(`{"ok":false,"error_code":%d,"description":%q%s}`, code, description, more)
}

func (p *telegramPlayer) answer(ctx context.Context, known bool, method string, parameters map[string]any, data []byte) (int, string) {
	done := p.lock()
	p.calls = append(p.calls, call{method, parameters})
	for i, f := range p.faults {
		if f.method == method {
			p.faults = slices.Delete(p.faults, i, i+1)
			done()
			return f.status, f.body
		}
	}
	switch refused := p.refused; {
	case refused:
		done()
		return telegramError(401, "Unauthorized", "")
	case !known:
		done()
		return telegramError(404, "Not Found", "")
	}
	result := "true"
	switch method {
	case "getUpdates":
		done()
		return p.updates(ctx, parameters)
	case "getMe":
		result = `{"id":110201543,"is_bot":true,"first_name":"Onyo"}`
	case "getWebhookInfo":
		info, _ := json.Marshal(map[string]any{"url": p.set.URL, "allowed_updates": p.set.Allowed, "pending_update_count": 0})
		result = string(info)
	case "setWebhook":
		p.set = hook{}
		_ = json.Unmarshal(data, &p.set)
	case "deleteWebhook":
		p.set = hook{}
	case "getFile":
		result = fmt.Sprintf(`{"file_id":%q,"file_unique_id":"u","file_path":"photos/file %s.jpg"}`, parameters["file_id"], parameters["file_id"])
	case "sendMessage":
		result = fmt.Sprintf(`{"message_id":77,"date":1772366400,"chat":{"id":%.0f,"type":"private"}}`, parameters["chat_id"])
	}
	done()
	return http.StatusOK, `{"ok":true,"result":` + result + `}`
}

func (p *telegramPlayer) updates(ctx context.Context, parameters map[string]any) (int, string) {
	offset, _ := parameters["offset"].(float64)
	limit, _ := parameters["limit"].(float64)
	hold, _ := parameters["timeout"].(float64)
	timeout := time.After(time.Duration(hold) * time.Second)
	for {
		p.mu.Lock()
		if p.set.URL != "" {
			p.mu.Unlock()
			return telegramError(409, "Conflict: can't use getUpdates method while webhook is active", "")
		}
		p.queue = slices.DeleteFunc(p.queue, func(u heldUpdate) bool { return u.id != 0 && float64(u.id) < offset })
		var found []string
		for _, u := range p.queue {
			if len(found) == int(limit) || u.id == 0 && len(found) > 0 {
				break
			}
			found = append(found, string(u.body))
			if u.id == 0 {
				p.queue = p.queue[1:]
				break
			}
		}
		changed := p.changed
		p.mu.Unlock()
		if len(found) > 0 {
			return http.StatusOK, `{"ok":true,"result":[` + strings.Join(found, ",") + `]}`
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return http.StatusOK, ""
		case <-timeout:
			return http.StatusOK, `{"ok":true,"result":[]}`
		}
	}
}

// telegramError429 is Telegram's answer to too many calls.
func telegramError429(after int) string {
	_, body := telegramError(429, "Too Many Requests: retry after "+strconv.Itoa(after), fmt.Sprintf(`,"parameters":{"retry_after":%d}`, after))
	return body
}
