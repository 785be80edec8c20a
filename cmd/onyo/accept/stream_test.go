package accept_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// event is one server-sent event.
type event struct{ id, name, data string }

// stream keeps the server-sent events of one connection until the test ends.
type stream struct {
	t     testing.TB
	mu    sync.Mutex
	heard []event
	ended bool
}

// listen opens a stream and returns once the server has answered.
func (c *caller) listen(path string) *stream {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.auth != "" {
		request.Header.Set("Authorization", c.auth)
	}
	response, err := (&http.Client{}).Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { cancel(); response.Body.Close() })
	if response.StatusCode != http.StatusOK || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		c.t.Fatalf("%s: %d %s", path, response.StatusCode, response.Header.Get("Content-Type"))
	}
	s := &stream{t: c.t}
	go s.read(response.Body)
	return s
}

func (s *stream) read(body io.Reader) {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 4<<20)
	var now event
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "id":
			now.id = value
		case "event":
			now.name = value
		case "data":
			now.data += value
		case "":
			if now != (event{}) && lines.Text() == "" {
				s.mu.Lock()
				s.heard = append(s.heard, now)
				s.mu.Unlock()
				now = event{}
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
}

// hears waits until the stream has told of an id under a name.
func (s *stream) hears(name, id string) {
	s.t.Helper()
	await(s.t, "the stream tells of "+name+" "+id, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.ended {
			s.t.Fatalf("the stream ended before it told of %s %s", name, id)
		}
		return slices.ContainsFunc(s.heard, func(e event) bool { return e.name == name && strings.Contains(e.data, `"`+id+`"`) })
	})
}
