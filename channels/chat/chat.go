// Package chat holds the adapters of messengers, a file a provider.
package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

const (
	jsonType = "application/json"
	// answerBytes bounds what is read of a provider's answer.
	answerBytes = 8 << 20
	// fileBytes is the largest file that both providers hand out.
	fileBytes = 20 << 20
	// textBytes is what both take in one message: 4,096 characters, so that many
	// bytes always fit.
	textBytes = 4096
	// latest is the last second of the year 9999: times after it cannot be written.
	latest = 253402300799
)

// errNoMessage says, as a stable code, why bytes hold no message.
type errNoMessage string

func (e errNoMessage) Error() string { return "no message in it: " + string(e) }

// taken is the answer to a webhook. Telegram would read JSON as a command to it,
// so it gets a word.
func taken() channels.Answer {
	return channels.Answer{Status: http.StatusOK, ContentType: "text/plain; charset=utf-8", Body: []byte("ok")}
}

// base is the beginning of a provider's URLs, as set in api_url.
func base(setting string) (string, error) {
	at, err := url.Parse(setting)
	if err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "" || at.User != nil || at.RawQuery != "" || at.Fragment != "" {
		return "", errors.New("write a URL such as https://api.example.org, without name, password or query")
	}
	return strings.TrimRight(setting, "/"), nil
}

func baseURL(value string) error {
	_, err := base(value)
	return err
}

// reply is a provider's answer to a request of ours.
type reply struct {
	status int
	body   []byte
	// after is how long the provider wants to be left alone, 0 if unsaid.
	after time.Duration
}

// unclear is the code of a success that cannot be read in full: what was asked for
// has most likely been done.
const unclear = "unclear"

// cut says whether JSON ends before its end, as where a connection broke.
func cut(body []byte) bool {
	var whole json.RawMessage
	err := json.NewDecoder(bytes.NewReader(body)).Decode(&whole)
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// do sends a request. Its error is never passed on as it is, because a URL may
// hold a token.
func do(doer channels.Doer, request *http.Request) (reply, *channels.SendError) {
	response, err := doer.Do(request)
	if err != nil {
		return reply{}, &channels.SendError{Reason: channels.ErrTemporary, Code: "network"}
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, answerBytes))
	if err != nil && response.StatusCode/100 == 2 {
		return reply{}, &channels.SendError{Reason: channels.ErrTemporary, Code: unclear}
	}
	if err != nil {
		return reply{}, &channels.SendError{Reason: channels.ErrTemporary, Code: "network"}
	}
	return reply{status: response.StatusCode, body: body, after: seconds(response.Header.Get("Retry-After"))}, nil
}

// seconds reads a number of seconds, at most a day.
func seconds(text string) time.Duration {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(min(n, 86400)) * time.Second
}

// post makes a request with a JSON body.
func post(ctx context.Context, at string, body any) (*http.Request, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, at, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", jsonType)
	return request, nil
}

// point is a position, nil where it is none on this earth. Accuracy is in metres;
// what is no radius is unknown.
func point(lon, lat *float64, accuracy float64) *channels.Point {
	if lon == nil || lat == nil || !(math.Abs(*lat) <= 90) || !(math.Abs(*lon) <= 180) {
		return nil
	}
	if !(accuracy >= 0) || math.IsInf(accuracy, 0) {
		accuracy = 0
	}
	return &channels.Point{Lon: *lon, Lat: *lat, AccuracyM: accuracy}
}

// place is a location, nil where it says nothing.
func place(at *channels.Point, names ...string) *channels.Location {
	words := joined(", ", names...)
	if at == nil && words == "" {
		return nil
	}
	return &channels.Location{Point: at, Words: words}
}

// joined puts what is not empty together.
func joined(separator string, parts ...string) string {
	var kept []string
	for _, part := range parts {
		if part = strings.TrimSpace(channels.Clean(part)); part != "" {
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, separator)
}

// moment is a Unix time in seconds, zero where it is none.
func moment(unix int64) time.Time {
	if unix <= 0 || unix > latest {
		return time.Time{}
	}
	return time.Unix(unix, 0).UTC()
}

var codeShape = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// code is a provider's own word where it can be one of ours.
func code(word, otherwise string) string {
	if codeShape.MatchString(word) {
		return word
	}
	return otherwise
}

// extra are the words, set by an admin, that opt out and in.
func extra() []channels.Setting {
	return []channels.Setting{
		{Key: "stop_words", Help: "More words, separated by commas, that opt a sender out when sent alone."},
		{Key: "start_words", Help: "More words, separated by commas, that undo an opt-out."},
	}
}
