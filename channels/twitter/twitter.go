// Package twitter is the adapter of X, once Twitter: what people say there in
// public, found by rules, through the X API v2.
package twitter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

const (
	jsonType   = "application/json"
	defaultAPI = "https://api.x.com"
	modeStream = "stream"
	modeSearch = "search"
	modeHook   = "webhook"
)

// Kind is the kind "twitter".
// Source: https://docs.x.com/x-api/posts/filtered-stream/introduction
func Kind() channels.Kind {
	return channels.Kind{
		Name:     "twitter",
		Title:    "X",
		Summary:  "What people write in public on X, found by rules that you set. X charges for everything that is read; a spending limit stops it.",
		Settings: settings(),
		Can: channels.Capabilities{Webhook: true, Run: true, Fetch: true, Test: true,
			Signed: true, Media: true, Mirror: true},
		Limits:     channels.Limits{BodyBytes: 1 << 20, FileBytes: 20 << 20, Files: 10},
		Methods:    []string{http.MethodGet, http.MethodPost},
		BodyTypes:  []string{jsonType},
		MediaHosts: []string{"pbs.twimg.com"},
		New:        newTwitter,
	}
}

func settings() []channels.Setting {
	return []channels.Setting{
		{Key: "bearer_token", Required: true, Secret: true, Check: plainToken,
			Help: "Bearer Token of your app: console.x.com, Apps, your app, Keys and tokens."},
		{Key: "rules", Required: true, Check: checkRules,
			Help: `What to look for, a rule a line as "tag: rule", for instance "flood: (flood OR mafuriko) place_country:KE -is:retweet". At most 1,000 rules of 1,024 characters. Onyo owns the rules of this app: it deletes all others there.`},
		{Key: "mode", Default: modeStream, Check: oneOf(modeStream, modeSearch, modeHook),
			Help: "stream hears everything at once; search asks every poll_seconds, for accounts without the stream; webhook waits for X to call (Enterprise only, needs consumer_secret)."},
		{Key: "budget_usd", Default: "25", Check: checkBudget,
			Help: "The most that may be spent in a calendar month (UTC), in US dollars. Then the channel stops. Set a limit in X's console too: console.x.com, Billing."},
		{Key: "poll_seconds", Default: "60", Check: between(2, 86400),
			Help: "In mode search: seconds between two searches, 2 to 86400."},
		{Key: "mirror_every", Default: "6h", Check: checkMirror,
			Help: "How often Onyo looks at what was deleted or changed on X, as 6h or 30m, at most 24h. X's terms demand that Onyo follows; what was read the same day (UTC) is not charged again."},
		{Key: "search", Check: checkQuery,
			Help: "The search that fills gaps, at most 512 characters. Without it: the rules, joined by OR."},
		{Key: "consumer_secret", Secret: true, Check: plainToken,
			Help: "For mode webhook: the API Key Secret of your app (console.x.com, Apps, your app, Keys and tokens). X signs with it."},
		{Key: "api_url", Default: defaultAPI, Endpoint: true, Check: checkURL,
			Help: "The address of the X API. Leave it as it is, except for tests."},
	}
}

func plainToken(value string) error {
	for _, r := range value {
		if r <= ' ' || r > '~' {
			return errors.New("copy it exactly, without spaces or line breaks")
		}
	}
	return nil
}

func oneOf(allowed ...string) func(string) error {
	return func(value string) error {
		for _, one := range allowed {
			if value == one {
				return nil
			}
		}
		return errors.New("write " + strings.Join(allowed, " or "))
	}
}

func between(low, high int) func(string) error {
	return func(value string) error {
		if n, err := strconv.Atoi(value); err != nil || n < low || n > high {
			return fmt.Errorf("a whole number from %d to %d", low, high)
		}
		return nil
	}
}

func checkMirror(value string) error {
	if every, err := time.ParseDuration(value); err != nil || every < time.Second || every > 24*time.Hour {
		return errors.New("a time as 6h or 30m, at most 24h")
	}
	return nil
}

func checkURL(value string) error {
	at, err := url.Parse(value)
	if err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "" || at.RawQuery != "" || at.User != nil {
		return errors.New("an address as https://api.x.com")
	}
	return nil
}

// twitter is the adapter of one channel. All that a restart must not lose stands
// in the cursor.
type twitter struct {
	config   channels.Config
	bearer   channels.Secret
	consumer channels.Secret
	mode     string
	rules    []rule
	queries  []string
	budget   money
	poll     time.Duration
	every    time.Duration // between two looks at what changed
	api      string
	fields   url.Values
	// streams is for the one connection that stays open.
	streams *http.Client
}

func newTwitter(config channels.Config) (channels.Adapter, error) {
	value := func(key string) string {
		if value := config.Settings[key]; value != "" {
			return value
		}
		setting, _ := Kind().Setting(key)
		return setting.Default
	}
	rules, err := parseRules(value("rules"))
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	budget, err := parseBudget(value("budget_usd"))
	if err != nil {
		return nil, fmt.Errorf("budget_usd: %w", err)
	}
	poll, pollErr := strconv.Atoi(value("poll_seconds"))
	every, everyErr := time.ParseDuration(value("mirror_every"))
	if err := errors.Join(pollErr, everyErr, checkURL(value("api_url"))); err != nil {
		return nil, errors.New("poll_seconds, mirror_every or api_url is not valid")
	}
	x := &twitter{config: config, bearer: config.Secrets["bearer_token"], consumer: config.Secrets["consumer_secret"],
		mode: value("mode"), rules: rules, budget: budget, poll: time.Duration(poll) * time.Second,
		every: every, api: strings.TrimSuffix(value("api_url"), "/"), fields: fields(rules), streams: streamClient(config.Dial)}
	if x.bearer.Current() == "" {
		return nil, errors.New("bearer_token is missing")
	}
	if x.mode == modeHook && x.consumer.Current() == "" {
		return nil, errors.New("mode webhook needs consumer_secret")
	}
	if x.queries = queriesOf(value("search"), rules); x.mode == modeSearch && len(x.queries) == 0 {
		return nil, errors.New("no rule is short enough for a search (512 characters)")
	}
	return x, nil
}

// MediaRequest fetches a picture. X's pictures need no authorisation.
func (x *twitter) MediaRequest(ctx context.Context, media channels.Media) (*http.Request, error) {
	at, err := url.Parse(media.URL)
	if err != nil || at.Scheme != "https" || at.User != nil || at.Port() != "" || !Kind().MayFetch(at.Hostname()) {
		return nil, errors.New("x: not a picture of X")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, errors.New("x: not a picture of X")
	}
	request.Header.Set("User-Agent", userAgent)
	return request, nil
}

// Test asks X for something that costs nothing: the rules where the stream is
// used, else how much was used.
func (x *twitter) Test(ctx context.Context) error {
	path := "/2/usage/tweets"
	if x.mode != modeSearch {
		path = rulesPath
	}
	return x.call(ctx, http.MethodGet, path, nil, nil, nil)
}
