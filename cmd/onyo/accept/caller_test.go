package accept_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// caller speaks HTTP to a server: with a bearer token, or as nobody.
type caller struct {
	t      testing.TB
	client *http.Client
	url    string
	auth   string // Authorization; empty for nobody
}

func (in *installation) anyone() *caller {
	return &caller{t: in.t, client: in.client, url: in.url}
}

func (in *installation) bearer(token string) *caller {
	return &caller{t: in.t, client: in.client, url: in.url, auth: "Bearer " + token}
}

// answer is a whole HTTP answer.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// problem is the part of an RFC 9457 answer that programs rely on.
type problem struct {
	Status int
	Code   string
	Detail string
	Field  string
}

func (c *caller) send(request *http.Request) answer {
	c.t.Helper()
	a, err := c.attempt(request)
	if err != nil {
		c.t.Fatalf("%s %s: %v", request.Method, request.URL.Path, err)
	}
	return a
}

func (c *caller) attempt(request *http.Request) (answer, error) {
	if c.auth != "" {
		request.Header.Set("Authorization", c.auth)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{status: response.StatusCode, header: response.Header, body: body}, err
}

func (c *caller) request(method, path, contentType string, body []byte) *http.Request {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	return request
}

// get asks for a path that must answer 200 and reads its JSON.
func get[T any](c *caller, path string) T {
	c.t.Helper()
	return decoded[T](c, c.send(c.request(http.MethodGet, path, "", nil)), http.StatusOK, path)
}

// call sends JSON and reads the JSON of an answer that must have a status.
func call[T any](c *caller, method, path string, body any, status int) T {
	c.t.Helper()
	return decoded[T](c, c.json(method, path, body), status, method+" "+path)
}

func (c *caller) json(method, path string, body any) answer {
	c.t.Helper()
	if body == nil {
		return c.send(c.request(method, path, "", nil))
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	return c.send(c.request(method, path, "application/json", encoded))
}

func decoded[T any](c *caller, a answer, status int, what string) T {
	c.t.Helper()
	var value T
	if a.status != status {
		c.t.Fatalf("%s: %d, want %d: %s", what, a.status, status, tail(string(a.body)))
	}
	if len(a.body) == 0 {
		return value
	}
	if err := json.Unmarshal(a.body, &value); err != nil {
		c.t.Fatalf("%s: %v in %s", what, err, tail(string(a.body)))
	}
	return value
}

// refused reads an answer that must be a 4xx problem with a code.
func refused(t testing.TB, a answer) problem {
	t.Helper()
	var p problem
	if a.status < 400 || a.status > 499 {
		t.Fatalf("%d is no refusal: %s", a.status, tail(string(a.body)))
	}
	if kind := a.header.Get("Content-Type"); !strings.HasPrefix(kind, "application/problem+json") {
		t.Fatalf("a refusal of type %q: %s", kind, tail(string(a.body)))
	}
	if err := json.Unmarshal(a.body, &p); err != nil || p.Code == "" || p.Status != a.status || p.Detail == "" {
		t.Fatalf("a problem without its members: %s", tail(string(a.body)))
	}
	if a.header.Get("X-Request-Id") == "" {
		t.Error("a refusal without a request id")
	}
	return p
}

// collection is a GeoJSON answer of a map.
type collection struct {
	Features      []feature
	NumberMatched int    `json:"numberMatched"`
	Next          string `json:"next"`
	BatchAt       string `json:"batch_at"`
}

type feature struct {
	ID         string
	Geometry   *struct{ Type string }
	Properties struct {
		ID                 string
		Status             string
		Phase              string
		Category           string
		Cluster            bool
		Count              int
		Reports            int
		Incidents          int
		IndependentSources int `json:"independent_sources"`
	}
}
