package sms_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
)

// twilioPlayer plays the part of Twilio's REST API that Onyo asks: the account,
// the list of messages (newest first, paged) and a message's media.
type twilioPlayer struct {
	server *httptest.Server
	// clock is the time that both sides read. The suite's runs on by pace with
	// every list that is asked for, and what is offered came just after the list
	// before: what a run then misses, looking back a little does not bring.
	clock      func() time.Time
	pace       time.Duration
	now, asked time.Time
	// pages caps the size of a page, so that there are several. days: only the day
	// of the question counts.
	pages int
	days  bool

	mu       sync.Mutex
	items    []heldItem // oldest first
	media    map[string][]string
	broken   [][]byte // answers in place of the next lists
	statuses []int    // of the next answers
	refuses  bool
	account  string
	requests int
}

type heldItem struct {
	sid  string
	sent time.Time
	json []byte
}

func playTwilio(t *testing.T) *twilioPlayer {
	p := &twilioPlayer{pages: 3, media: map[string][]string{}, account: "active", pace: 20 * time.Minute,
		now: noon, asked: noon.Add(-20 * time.Minute)}
	p.clock = func() time.Time {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.now
	}
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	return p
}

func (p *twilioPlayer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests++
	w.Header().Set("Content-Type", "application/json")
	fail := func(status, code int) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"code":%d,"message":"for %s","more_info":"https://www.twilio.com/docs/errors/%d","status":%d}`, code, sender, code, status)
	}
	if user, password, _ := r.BasicAuth(); p.refuses || user != account || password != token {
		fail(http.StatusUnauthorized, 20003)
		return
	}
	if len(p.statuses) > 0 {
		status := p.statuses[0]
		p.statuses = p.statuses[1:]
		fail(status, 20000+status)
		return
	}
	prefix := "/2010-04-01/Accounts/" + account
	path := strings.TrimPrefix(r.URL.Path, prefix)
	switch {
	case path == ".json":
		fmt.Fprintf(w, `{"sid":%q,"status":%q}`, account, p.account)
	case path == "/Messages.json":
		p.list(w, r.URL.Query())
	case strings.HasSuffix(path, "/Media.json"):
		sid := strings.TrimSuffix(strings.TrimPrefix(path, "/Messages/"), "/Media.json")
		if p.media[sid] == nil {
			fail(http.StatusNotFound, 20404)
			return
		}
		fmt.Fprintf(w, `{"media_list":[%s],"next_page_uri":null}`, strings.Join(p.media[sid], ","))
	default:
		fail(http.StatusNotFound, 20404)
	}
}

func (p *twilioPlayer) list(w http.ResponseWriter, query url.Values) {
	first := query.Get("PageToken") == ""
	if first {
		p.asked, p.now = p.now, p.now.Add(p.pace)
	}
	if first && len(p.broken) > 0 {
		_, _ = w.Write(p.broken[0])
		p.broken = p.broken[1:]
		return
	}
	since, err := time.Parse(time.RFC3339, query.Get("DateSent>"))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if p.days {
		since = since.Truncate(24 * time.Hour)
	}
	var found [][]byte
	for _, item := range slices.Backward(p.items) {
		if !item.sent.Before(since) {
			found = append(found, item.json)
		}
	}
	from, _ := strconv.Atoi(query.Get("PageToken"))
	to := min(from+p.pages, len(found))
	next := "null"
	if to < len(found) {
		query.Set("PageToken", strconv.Itoa(to))
		next = strconv.Quote("/2010-04-01/Accounts/" + account + "/Messages.json?" + query.Encode())
	}
	fmt.Fprintf(w, `{"messages":[%s],"next_page_uri":%s,"page_size":%d}`, bytes.Join(found[min(from, to):to], []byte(",")), next, p.pages)
}

// hold puts a resource into the list, in place of one of the same SID.
func (p *twilioPlayer) hold(sid string, sent time.Time, item []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.items {
		if p.items[i].sid == sid && sid != "" {
			p.items[i].sent, p.items[i].json = sent, item
			return
		}
	}
	p.items = append(p.items, heldItem{sid, sent, item})
}

// resource is a Message resource as Twilio's documentation shows it.
func resource(sid, text string, sent time.Time, change map[string]any) []byte {
	item := map[string]any{"account_sid": account, "api_version": "2010-04-01", "body": text,
		"date_created": sent.UTC().Format(time.RFC1123Z), "date_sent": sent.UTC().Format(time.RFC1123Z),
		"direction": "inbound", "error_code": nil, "error_message": nil, "from": sender, "to": "+254700000001",
		"messaging_service_sid": nil, "num_media": "0", "num_segments": "1", "price": nil, "sid": sid, "status": "received",
		"subresource_uris": map[string]string{"media": "/2010-04-01/Accounts/" + account + "/Messages/" + sid + "/Media.json"}}
	for key, value := range change {
		item[key] = value
	}
	data, _ := json.Marshal(item)
	return data
}

func (p *twilioPlayer) Config() channels.Config {
	c := config()
	c.PublicURL, c.Clock = "", p.clock
	c.Settings = map[string]string{"account_sid": account, "from": "+254700000001", "api_url": p.server.URL,
		"pull": "always", "pull_every": "100ms"}
	return c
}

func (p *twilioPlayer) Offer(said channeltest.Saying) {
	sent := p.justNow()
	item := resource(said.ID, said.Text, sent, map[string]any{"price": fmt.Sprint(said.Dress), "num_segments": fmt.Sprint(1 + said.Dress%3)})
	if said.Dress%2 == 1 {
		var out bytes.Buffer
		_ = json.Indent(&out, item, "", " ")
		item = out.Bytes()
	}
	p.hold(said.ID, sent, item)
}

// OfferRaw answers the next list with the bytes and, where they are no bigger than
// a resource can be, lists them.
func (p *twilioPlayer) OfferRaw(raw []byte) {
	p.mu.Lock()
	p.broken = append(p.broken, raw)
	p.mu.Unlock()
	if len(raw) > 64<<10 {
		return
	}
	if !json.Valid(raw) {
		raw, _ = json.Marshal(string(raw))
	}
	p.hold("", p.justNow(), raw)
}

func (p *twilioPlayer) justNow() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked.Add(time.Minute)
}

func (p *twilioPlayer) Refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = true
}

func (p *twilioPlayer) Break() { p.server.CloseClientConnections() }

func (p *twilioPlayer) set(change func(*twilioPlayer)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}
