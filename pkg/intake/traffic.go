package intake

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/media"
)

const (
	// keepTraffic is how long the exchange log goes back.
	keepTraffic = 7 * 24 * time.Hour
	// openLines bounds the lines of one second: a forger cannot make more.
	openLines = 500
	// shapeBytes bounds a line's Shape, shapedBytes the bodies that are looked at.
	shapeBytes  = 400
	shapedBytes = 64 << 10
)

// traffic gathers the exchange log's lines of the second under way.
type traffic struct {
	mu        sync.Mutex
	open      map[trafficKey]*crisis.Traffic
	shortened time.Time
}

// trafficKey is what exchanges that share a line have in common.
type trafficKey struct {
	channel, method, host, code string
	direction                   crisis.Direction
	status                      int
}

// Note enters an exchange into the log. Shape, which may be nil, is asked for
// only where a new line begins, and of what was accepted alone: a forger's body is
// not worth the time.
func (h *Host) Note(line crisis.Traffic, shape func() string) {
	key := trafficKey{line.Channel, line.Method, line.Host, line.Code, line.Direction, line.Status}
	if h.traffic.joined(key, line) {
		return
	}
	if shape != nil && line.Code == "" {
		line.Shape = shape()
	}
	h.traffic.begin(key, line)
}

// joined adds to a line that is there.
func (t *traffic) joined(key trafficKey, line crisis.Traffic) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	like := t.open[key]
	if like == nil {
		return len(t.open) >= openLines
	}
	like.Bytes += line.Bytes
	like.Took += line.Took
	like.Messages += line.Messages
	like.Exchanges += line.Exchanges
	return true
}

func (t *traffic) begin(key trafficKey, line crisis.Traffic) {
	if t.joined(key, line) {
		return // somebody else began it meanwhile
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = map[trafficKey]*crisis.Traffic{}
	}
	t.open[key] = &line
}

// flushTraffic writes the gathered lines, and now and then drops old ones. What
// cannot be written is let go: the log helps people, and nothing depends on it.
func (h *Host) flushTraffic(ctx context.Context) {
	h.traffic.mu.Lock()
	open := h.traffic.open
	h.traffic.open = nil
	h.traffic.mu.Unlock()
	lines := make([]crisis.Traffic, 0, len(open))
	for _, line := range open {
		lines = append(lines, *line)
	}
	slices.SortFunc(lines, func(a, b crisis.Traffic) int { return a.At.Compare(b.At) })
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), acceptWithin)
	defer cancel()
	if err := h.Store.LogTraffic(ctx, lines...); err != nil {
		h.Log.Warn("exchange log not written", "lines", len(lines), "error", err)
	}
	now := h.Clock()
	if now.Sub(h.traffic.shortened) < time.Hour {
		return
	}
	h.traffic.shortened = now
	if err := h.Store.ForgetTraffic(ctx, now.Add(-keepTraffic)); err != nil {
		h.Log.Warn("exchange log not shortened", "error", err)
	}
}

// Shape names the parts of an exchange's body and how long each is, and no value
// of it: what an admin needs to see that a provider sends the right fields.
func Shape(exchange channels.Exchange) string {
	mediaType, parameters := channels.MediaType(exchange.Header)
	var parts []string
	switch {
	case len(exchange.Body) > shapedBytes:
		return "large"
	case len(exchange.Body) == 0:
		parts = fields(exchange.Query)
	case mediaType == "application/x-www-form-urlencoded":
		parts = fields(string(exchange.Body))
	case mediaType == "application/json":
		var object map[string]json.RawMessage
		if json.Unmarshal(exchange.Body, &object) == nil {
			for key, value := range object {
				parts = append(parts, part(key, len(value)))
			}
		}
	case strings.HasPrefix(mediaType, "multipart/"):
		parts = multipartFields(exchange.Body, parameters["boundary"])
	}
	slices.Sort(parts)
	return channels.Clean(cut(strings.Join(parts, " "), shapeBytes))
}

func fields(encoded string) []string {
	values, _ := url.ParseQuery(encoded) // what it understood
	var parts []string
	for key, all := range values {
		for _, value := range all {
			parts = append(parts, part(key, len(value)))
		}
	}
	return parts
}

// part of a body. A name that looks as if somebody wrote into it is not told.
func part(name string, length int) string {
	plain := func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-')
	}
	if len(name) > 40 || strings.ContainsFunc(name, plain) {
		name = "?"
	}
	return name + "=" + strconv.Itoa(length)
}

func multipartFields(body []byte, boundary string) []string {
	if boundary == "" {
		return nil
	}
	var parts []string
	for i, section := range strings.SplitN(string(body), "--"+boundary, 52) {
		head, content, ok := strings.Cut(section, "\r\n\r\n")
		if i == 0 || !ok {
			continue
		}
		for _, line := range strings.Split(head, "\r\n") {
			if key, value, found := strings.Cut(line, ":"); found && strings.EqualFold(key, "Content-Disposition") {
				if _, given, err := mime.ParseMediaType(value); err == nil {
					parts = append(parts, part(given["name"], max(0, len(content)-2)))
				}
			}
		}
	}
	return parts
}

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return text[:most]
}

// outward is a channel's way out, noted in the exchange log: whom it asked and
// what came back. A path or query may hold a secret and is not told.
type outward struct {
	host    *Host
	channel string
	client  *media.Client
}

// Do sends a request.
func (o *outward) Do(request *http.Request) (*http.Response, error) {
	start := o.host.Clock()
	line := crisis.Traffic{Channel: o.channel, At: start, Direction: crisis.Outbound, Method: request.Method, Host: request.URL.Host,
		Bytes: max(request.ContentLength, 0), Exchanges: 1}
	response, err := o.client.Do(request)
	line.Took = o.host.Clock().Sub(start)
	switch {
	case err != nil:
		line.Code = "unreachable"
	default:
		line.Status = response.StatusCode
		if response.StatusCode >= http.StatusBadRequest {
			line.Code = "status_" + strconv.Itoa(response.StatusCode)
		}
	}
	o.host.Note(line, nil)
	return response, err
}
