package twitter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	userAgent = "Onyo/1 (crisis map)"
	// maxAnswer bounds the body of one answer: a hundred tweets with all that
	// belongs to them are about half a megabyte.
	maxAnswer = 8 << 20
)

// failure is a call or a connection that ended otherwise than it should. It
// repeats nothing that X wrote.
type failure struct {
	class class
	// code is stable, for the log.
	code string
	// final failures do not go away by waiting; say tells people what to mend.
	final bool
	say   string
	// reset is when X counts anew, where it says so.
	reset time.Time
}

func (f *failure) Error() string {
	if f.say != "" {
		return "x: " + f.say
	}
	return "x: " + f.code
}

// class is what the documented back-off distinguishes.
type class int

const (
	dropped   class = iota // an established connection ended
	network                // TCP, TLS, DNS
	service                // HTTP 5xx and whatever else may pass
	throttled              // HTTP 429
)

// fields asks for what a message is made of, and for nothing that costs more:
// no profiles, and the originals of retweets only where the rules let any
// through.
func fields(rules []rule) url.Values {
	expansions := "attachments.media_keys,geo.place_id"
	for _, rule := range rules {
		if !strings.Contains(rule.Value, "-is:retweet") {
			expansions += ",referenced_tweets.id"
			break
		}
	}
	return url.Values{
		"tweet.fields": {"attachments,author_id,conversation_id,created_at,edit_history_tweet_ids,geo,lang,note_tweet,referenced_tweets"},
		"expansions":   {expansions},
		"media.fields": {"media_key,preview_image_url,type,url"},
		"place.fields": {"country_code,full_name,geo,id,place_type"},
	}
}

func (x *twitter) request(ctx context.Context, method, path string, query url.Values, body []byte) (*http.Request, error) {
	at := x.api + path
	if len(query) > 0 {
		at += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, at, bytes.NewReader(body))
	if err != nil {
		return nil, &failure{code: "bad_address", final: true, say: "api_url is not an address"}
	}
	request.Header.Set("Authorization", "Bearer "+x.bearer.Current())
	request.Header.Set("User-Agent", userAgent)
	if len(body) > 0 {
		request.Header.Set("Content-Type", jsonType)
	}
	return request, nil
}

// call sends one request and reads its JSON answer. Its errors are failures.
func (x *twitter) call(ctx context.Context, method, path string, query url.Values, body, into any) error {
	var written []byte
	if body != nil {
		var err error
		if written, err = json.Marshal(body); err != nil {
			return fmt.Errorf("x: write a request: %w", err)
		}
	}
	request, err := x.request(ctx, method, path, query, written)
	if err != nil {
		return err
	}
	response, err := x.config.HTTP.Do(request)
	if err != nil {
		return &failure{class: network, code: "network", say: "X cannot be reached"}
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err := judge(response, answer, x.config.Clock()); err != nil {
		return err
	}
	if err != nil {
		return &failure{class: network, code: "network", say: "X cannot be reached"}
	}
	if len(answer) > maxAnswer || into != nil && json.Unmarshal(answer, into) != nil {
		return &failure{class: service, code: "unreadable"}
	}
	return nil
}

// judge turns a status into a failure.
// Source: https://docs.x.com/x-api/fundamentals/response-codes-and-errors
func judge(response *http.Response, body []byte, now time.Time) error {
	status := response.StatusCode
	code := "http_" + strconv.Itoa(status)
	final := func(say string) error { return &failure{class: service, code: code, final: true, say: say} }
	switch status {
	case http.StatusOK, http.StatusCreated:
		return nil
	case http.StatusBadRequest:
		return final("X does not understand a rule or the search (400)")
	case http.StatusUnauthorized:
		return final("X does not accept bearer_token (401); copy it again from console.x.com")
	case http.StatusPaymentRequired:
		return final("the account at X has no credits left (402); buy some at console.x.com")
	case http.StatusForbidden:
		return final("the account at X may not do this (403); try mode=search, or look at the app's access at console.x.com")
	case http.StatusTooManyRequests:
		if bytes.Contains(body, []byte("TooManyConnections")) {
			code = "too_many_connections"
		}
		return &failure{class: throttled, code: code, reset: resetOf(response.Header, now)}
	}
	return &failure{class: service, code: code}
}

// resetOf reads x-rate-limit-reset, in seconds since 1970. What lies more than a
// rate window away is not believed.
func resetOf(header http.Header, now time.Time) time.Time {
	seconds, err := strconv.ParseInt(header.Get("x-rate-limit-reset"), 10, 64)
	if err != nil {
		return time.Time{}
	}
	reset := time.Unix(seconds, 0)
	if reset.Before(now) || reset.After(now.Add(16*time.Minute)) {
		return time.Time{}
	}
	return reset
}

// passing says whether err may pass by waiting.
func passing(err error) (*failure, bool) {
	var found *failure
	if errors.As(err, &found) && !found.final {
		return found, true
	}
	return nil, false
}
