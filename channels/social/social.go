// Package social holds the adapters of public networks and feeds, a file a
// provider. Nobody there wrote to Onyo: what they bring was said in public, is
// found by hashtag, word or address, and follows its author's edits and deletions.
package social

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/onyo-project/onyo/channels"
)

const (
	// userAgent tells providers whom to write to about us.
	userAgent = "Onyo (+https://github.com/onyo-project/onyo)"
	// idBytes bounds a provider's id; longer ones are no ids.
	idBytes = 1000
	// batch is how many messages are accepted at once in a surge.
	batch = 100
)

// list reads a setting that holds several values, with commas or white space
// between, each once.
func list(value string) (values []string) {
	return phrases(strings.Join(strings.Fields(value), ","))
}

// phrases reads a setting whose values may hold spaces: commas or lines between.
func phrases(value string) (values []string) {
	seen := map[string]bool{}
	for _, one := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == '\n' || r == '،' || r == '、' }) {
		one = strings.Join(strings.Fields(one), " ")
		if one != "" && !seen[one] {
			seen[one] = true
			values = append(values, one)
		}
	}
	return values
}

// webAddress is a Setting.Check of a URL with one of the schemes.
func webAddress(schemes ...string) func(string) error {
	return func(value string) error {
		place, err := url.Parse(value)
		if err == nil && place.Host != "" && place.User == nil && place.Fragment == "" {
			for _, scheme := range schemes {
				if place.Scheme == scheme {
					return nil
				}
			}
		}
		return errors.New("write a whole address, as " + schemes[0] + "://example.org")
	}
}

// eachOf checks every value of a list, of which there are 1 to most.
func eachOf(most int, check func(string) error) func(string) error {
	return func(value string) error {
		values := list(value)
		if len(values) == 0 || len(values) > most {
			return fmt.Errorf("write 1 to %d, with commas between", most)
		}
		for _, one := range values {
			if err := check(one); err != nil {
				return err
			}
		}
		return nil
	}
}

// span checks a duration; settings say what it means.
func span(least, most time.Duration) func(string) error {
	return func(value string) error {
		d, err := time.ParseDuration(value)
		if err != nil || d < least || d > most {
			return fmt.Errorf("write a duration from %s to %s, as 5m", least, most)
		}
		return nil
	}
}

// status is an HTTP answer other than 2xx.
type status struct {
	code  int
	after time.Duration // as the provider asks; 0: it does not say
}

func (s *status) Error() string { return "answered http_" + strconv.Itoa(s.code) }

// refused says whether err is an answer that asking again will not change.
func (s *status) refused() bool {
	return s.code >= 400 && s.code < 500 && s.code != http.StatusRequestTimeout && s.code != http.StatusTooEarly &&
		s.code != http.StatusTooManyRequests
}

// answered makes a *status of what is no 2xx. Retry-After is in seconds or a date
// (RFC 9110), X-RateLimit-Reset a date (Mastodon).
func answered(response *http.Response, now time.Time) error {
	if response.StatusCode/100 == 2 {
		return nil
	}
	fault := &status{code: response.StatusCode}
	after := response.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(after); err == nil {
		fault.after = time.Duration(min(max(seconds, 0), 86400)) * time.Second
	} else if at, err := http.ParseTime(after); err == nil {
		fault.after = at.Sub(now)
	} else if at, err := time.Parse(time.RFC3339, response.Header.Get("X-RateLimit-Reset")); err == nil && response.StatusCode == http.StatusTooManyRequests {
		fault.after = at.Sub(now)
	}
	fault.after = min(max(fault.after, 0), longestPause)
	return fault
}

var errTooLarge = errors.New("the answer is too large")

// body reads an answer of at most limit bytes; of a larger one it gives the
// beginning, with errTooLarge.
func body(response *http.Response, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(response.Body, limit+1))
	if err != nil {
		return nil, errNetwork
	}
	if int64(len(data)) > limit {
		return data[:limit], errTooLarge
	}
	return data, nil
}

// errNetwork stands for every fault on the way: the texts of net/http repeat
// addresses, which may hold keys.
var errNetwork = errors.New("network")

const (
	firstPause   = 500 * time.Millisecond
	longestPause = 15 * time.Minute
)

// retreat is how long to wait before the next try: at once after what worked, then
// half a second, doubling to five minutes, a fifth of it by chance so that not
// everybody comes back in the same moment; never less than the provider asked for.
type retreat struct {
	rand  io.Reader
	tries int
}

func (r *retreat) worked() { r.tries = 0 }

// wait waits; it says false when ctx ended first.
func (r *retreat) wait(ctx context.Context, err error) bool {
	var pause time.Duration
	if r.tries > 0 {
		pause = min(firstPause<<min(r.tries-1, 16), 5*time.Minute)
		var chance [2]byte
		if _, err := io.ReadFull(r.rand, chance[:]); err == nil {
			pause += pause / 5 * time.Duration(binary.BigEndian.Uint16(chance[:])) / (1 << 16)
		}
	}
	r.tries++
	var fault *status
	if errors.As(err, &fault) {
		pause = max(pause, fault.after)
	}
	return sleep(ctx, pause)
}

// level is how loud a fault is logged: one that does not pass is for somebody to see.
func (r *retreat) level() slog.Level {
	if r.tries > 3 {
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

func sleep(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}

// split stores raw under what Parse gives for it. It is false for what says
// nothing to us.
func split(adapter channels.Adapter, raw, came []byte, why string) (channels.Split, bool) {
	messages, err := adapter.Parse(raw)
	if err != nil {
		return channels.UnparsedSplit(raw, came, why), true
	}
	if len(messages) == 0 {
		return channels.Split{}, false
	}
	m := messages[0]
	one := channels.Split{ProviderID: m.ProviderID, Alias: m.Alias, Digest: m.Digest(), Raw: raw, Nature: m.Nature, From: m.From}
	switch {
	case m.Deletes != "":
		one.Why = "deleted"
	case m.Nature == channels.Other:
		one.Why = "not_actual" // a warning that is an exercise
	}
	return one, true
}

// language keeps what can be a BCP 47 tag.
func language(tag string) string {
	for i, part := range strings.Split(tag, "-") {
		if len(part) == 0 || len(part) > 8 || i == 0 && len(part) > 3 || strings.ContainsFunc(part, func(r rune) bool {
			return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
		}) {
			return ""
		}
	}
	return tag
}

// described adds what its author says a picture shows: where the picture cannot be
// fetched, that is all there is of it.
func described(text string, descriptions ...string) string {
	for _, one := range descriptions {
		if one = strings.TrimSpace(channels.Clean(one)); one != "" {
			text += "\n[picture: " + one + "]"
		}
	}
	return strings.TrimSpace(text)
}
