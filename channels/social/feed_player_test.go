package social_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
)

// feedPlayer publishes one RSS feed, newest first, with validators.
type feedPlayer struct {
	server *httptest.Server

	mu       sync.Mutex
	entries  []*playedEntry // newest first
	document []byte         // served instead, where it is set
	faults   []func(http.ResponseWriter)
	fulls    int // times the whole document was served
}

type playedEntry struct {
	id, text string
	dress    int
	raw      []byte
}

func startFeed(t testing.TB) *feedPlayer {
	p := &feedPlayer{}
	p.server = httptest.NewServer(p)
	t.Cleanup(func() { p.server.CloseClientConnections(); p.server.Close() })
	return p
}

func (p *feedPlayer) Config() channels.Config {
	return channels.Config{Name: "news", Settings: map[string]string{"urls": p.server.URL + "/feed?key=of-a-reader", "every": "20ms"}}
}

func (p *feedPlayer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.faults) > 0 {
		fault := p.faults[0]
		p.faults = p.faults[1:]
		fault(w)
		return
	}
	document := p.document
	if document == nil {
		document = p.rss()
	}
	sum := sha256.Sum256(document)
	etag := `"` + hex.EncodeToString(sum[:8]) + `"`
	w.Header().Set("ETag", etag)
	w.Header().Set("Content-Type", "application/rss+xml")
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	p.fulls++
	_, _ = w.Write(document)
}

func (p *feedPlayer) rss() []byte {
	var out bytes.Buffer
	out.WriteString(`<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:georss="http://www.georss.org/georss"><channel><title>River news</title><language>en</language>`)
	for _, one := range p.entries {
		if one.raw != nil {
			out.Write(one.raw)
			continue
		}
		id, title := "<guid>"+one.id+"</guid>", "<title>"+html.EscapeString(one.text)+"</title>"
		if one.dress%2 == 1 {
			id, title = "<title><![CDATA["+html.EscapeString(one.text)+"]]></title>", `<guid isPermaLink="false"> `+one.id+" </guid>"
		}
		fmt.Fprintf(&out, "<item>%s%s<pubDate>Sun, 01 Mar 2026 12:00:%02d GMT</pubDate></item>\n", id, title, one.dress)
	}
	out.WriteString("</channel></rss>")
	return out.Bytes()
}

func (p *feedPlayer) Offer(s channeltest.Saying) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.entries {
		if one.id == s.ID {
			one.text, one.dress = s.Text, s.Dress
			return
		}
	}
	p.entries = append([]*playedEntry{{id: s.ID, text: s.Text, dress: s.Dress}}, p.entries...)
}

func (p *feedPlayer) OfferRaw(raw []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.entries = append([]*playedEntry{{raw: append([]byte("\n"), raw...)}}, p.entries...)
}

func (p *feedPlayer) serve(document string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.document = []byte(document)
}

func (p *feedPlayer) Refuse() {} // nobody has credentials there

func (p *feedPlayer) Break() { p.server.CloseClientConnections() }

// atom is a document around entries.
func atom(entries ...string) string {
	return `<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:georss="http://www.georss.org/georss" xmlns:gml="http://www.opengis.net/gml" ` +
		`xmlns:cap="urn:oasis:names:tc:emergency:cap:1.2" xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#" xmlns:media="http://search.yahoo.com/mrss/" xml:lang="en">` +
		"<title>Warnings</title><id>urn:feed</id>" + strings.Join(entries, "\n") + "</feed>"
}
