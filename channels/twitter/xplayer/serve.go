package xplayer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	stream = "/2/tweets/search/stream"
	search = "/2/tweets/search/recent"
	rules  = "/2/tweets/search/stream/rules"
	lookup = "/2/tweets"
	usage  = "/2/usage/tweets"
	// beat is how often a stream says that it lives.
	beat = 20 * time.Second
	week = 7 * 24 * time.Hour
)

// ServeHTTP answers as X does.
func (p *Player) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if status, header, body := p.before(r); status != 0 {
		p.note(r, status)
		for key := range header {
			w.Header().Set(key, header.Get(key))
		}
		answer(w, status, body)
		return
	}
	handlers := map[string]func(http.ResponseWriter, *http.Request) int{
		"GET " + stream: p.stream, "GET " + search: p.search, "GET " + lookup: p.lookup,
		"GET " + rules: p.listRules, "POST " + rules: p.changeRules, "GET " + usage: p.usage,
	}
	handle, known := handlers[r.Method+" "+r.URL.Path]
	if !known {
		handle = func(w http.ResponseWriter, _ *http.Request) int { return problem(w, http.StatusNotFound, "Not Found") }
	}
	status := handle(w, r)
	if r.URL.Path != stream { // which notes its request when it begins
		p.note(r, status)
	}
}

// before is what is decided without looking at the request: faults and
// credentials.
func (p *Player) before(r *http.Request) (status int, header http.Header, body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, fault := range p.faults {
		if fault.Path == r.URL.Path {
			p.faults = slices.Delete(p.faults, i, i+1)
			return fault.Status, fault.Header, fault.Body
		}
	}
	if p.refuses || r.Header.Get("Authorization") != "Bearer "+p.token {
		return http.StatusUnauthorized, nil, `{"title":"Unauthorized","type":"about:blank","status":401,"detail":"Unauthorized"}`
	}
	return 0, nil, ""
}

func (p *Player) note(r *http.Request, status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, Request{At: p.clock(), Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Status: status})
}

func answer(w http.ResponseWriter, status int, body string) int {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
	return status
}

func problem(w http.ResponseWriter, status int, title string) int {
	return answer(w, status, fmt.Sprintf(`{"title":%q,"type":"about:blank","status":%d}`, title, status))
}

func written(w http.ResponseWriter, status int, value any) int {
	body, err := json.Marshal(value)
	if err != nil {
		return problem(w, http.StatusInternalServerError, "Internal Server Error")
	}
	return answer(w, status, string(body))
}

// stream holds the connection open and writes lines and blank lines.
func (p *Player) stream(w http.ResponseWriter, r *http.Request) int {
	line, status := p.connect()
	p.note(r, status)
	switch status {
	case http.StatusConflict:
		return problem(w, status, "RuleConfigurationIssue")
	case http.StatusTooManyRequests:
		return answer(w, status, tooMany)
	}
	defer p.leave(line)
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(http.StatusOK)
	flush := http.NewResponseController(w).Flush
	_ = flush()
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		var out []byte
		select {
		case <-r.Context().Done():
			return http.StatusOK
		case <-line.gone:
			panic(http.ErrAbortHandler)
		case <-ticker.C:
			out = []byte("\r\n")
		case <-line.wake:
		}
		queue, ended, mute := p.drain(line)
		if mute {
			continue
		}
		for _, one := range queue {
			out = append(append(out, one...), '\r', '\n')
		}
		if _, err := w.Write(out); err != nil {
			return http.StatusOK
		}
		if err := flush(); err != nil || ended {
			return http.StatusOK
		}
	}
}

func (p *Player) drain(line *connection) (queue [][]byte, ended, mute bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mute && !line.ended {
		return nil, false, true
	}
	queue, line.queue = line.queue, nil
	return queue, line.ended, false
}

// connect takes the one place that there is. Whoever holds it may have hung up a
// moment ago.
func (p *Player) connect() (line *connection, status int) {
	p.mu.Lock()
	before := p.line
	p.mu.Unlock()
	if before != nil {
		select {
		case <-before.over:
		case <-time.After(time.Second):
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case len(p.rules) == 0:
		return nil, http.StatusConflict
	case p.line != nil:
		return nil, http.StatusTooManyRequests
	}
	p.line = &connection{wake: make(chan struct{}, 1), gone: make(chan struct{}), over: make(chan struct{}), queue: p.waiting}
	p.line.look()
	p.waiting = nil
	return p.line, http.StatusOK
}

func (p *Player) leave(line *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.line == line {
		p.line = nil
	}
	close(line.over)
}

// search finds every tweet that is still there, the newest first.
func (p *Player) search(w http.ResponseWriter, r *http.Request) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	query := r.URL.Query()
	size, err := strconv.Atoi(cmp.Or(query.Get("max_results"), "10"))
	since, before := number(query.Get("since_id")), number(strings.TrimPrefix(query.Get("next_token"), "before"))
	tooOld := uint64(p.clock().Add(-week).UnixMilli()-birth) << 22
	words := len([]rune(query.Get("query")))
	if err != nil || size < 10 || size > 100 || words == 0 || words > 512 || since != 0 && since < tooOld {
		return problem(w, http.StatusBadRequest, "Invalid Request")
	}
	var found []*stored
	for _, id := range p.newest {
		if id > max(since, tooOld) && (before == 0 || id < before) {
			found = append(found, p.tweets[id])
		}
	}
	slices.SortFunc(found, func(a, b *stored) int { return cmp.Compare(b.id, a.id) })
	meta := map[string]any{}
	if len(found) > size {
		found = found[:size]
		meta["next_token"] = "before" + text(found[size-1].id)
	}
	meta["result_count"] = len(found)
	body := p.many(found, query)
	body["meta"] = meta
	return written(w, http.StatusOK, body)
}

// lookup gives the newest versions of tweets, and a problem for each that is gone.
func (p *Player) lookup(w http.ResponseWriter, r *http.Request) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	query := r.URL.Query()
	ids := strings.Split(query.Get("ids"), ",")
	if len(ids) > 100 {
		return problem(w, http.StatusBadRequest, "Invalid Request")
	}
	var found []*stored
	var problems []map[string]string
	for _, id := range ids {
		one := p.current(id)
		if one == nil {
			problems = append(problems, map[string]string{"value": id, "resource_id": id, "resource_type": "tweet", "parameter": "ids",
				"title": "Not Found Error", "detail": "Could not find tweet with ids: [" + id + "].", "type": "https://api.twitter.com/2/problems/resource-not-found"})
		} else if !slices.Contains(found, one) {
			found = append(found, one)
		}
	}
	body := p.many(found, query)
	if len(problems) > 0 {
		body["errors"] = problems
	}
	return written(w, http.StatusOK, body)
}

func (p *Player) usage(w http.ResponseWriter, _ *http.Request) int {
	return answer(w, http.StatusOK, `{"data":{"project_usage":"0","project_cap":"3000000"}}`)
}

func (p *Player) listRules(w http.ResponseWriter, _ *http.Request) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	body := map[string]any{"meta": map[string]any{"result_count": len(p.rules)}}
	if len(p.rules) > 0 {
		body["data"] = p.rules
	}
	return written(w, http.StatusOK, body)
}

// changeRules adds or deletes. A rule with unbalanced brackets is not accepted.
func (p *Player) changeRules(w http.ResponseWriter, r *http.Request) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	var change struct {
		Add    []Rule `json:"add"`
		Delete struct {
			IDs []string `json:"ids"`
		} `json:"delete"`
	}
	if json.NewDecoder(r.Body).Decode(&change) != nil {
		return problem(w, http.StatusBadRequest, "Invalid Request")
	}
	p.rules = slices.DeleteFunc(p.rules, func(one Rule) bool { return slices.Contains(change.Delete.IDs, one.ID) })
	var problems []map[string]string
	for _, one := range change.Add {
		if strings.Count(one.Value, "(") != strings.Count(one.Value, ")") {
			problems = append(problems, map[string]string{"value": one.Value, "title": "UnprocessableEntity", "type": "https://api.x.com/2/problems/invalid-rules"})
		}
	}
	if len(problems) > 0 { // then none is added
		return written(w, http.StatusOK, map[string]any{"errors": problems})
	}
	for _, one := range change.Add {
		if slices.ContainsFunc(p.rules, func(other Rule) bool { return other.Value == one.Value }) {
			problems = append(problems, map[string]string{"value": one.Value, "title": "DuplicateRule", "type": "https://api.x.com/2/problems/duplicate-rules"})
			continue
		}
		p.nextRule++
		one.ID = strconv.Itoa(1000 + p.nextRule)
		p.rules = append(p.rules, one)
	}
	body := map[string]any{"meta": map[string]any{"summary": map[string]int{"created": len(change.Add) - len(problems), "not_created": len(problems)}}}
	if len(problems) > 0 {
		body["errors"] = problems
	}
	return written(w, http.StatusCreated, body)
}
