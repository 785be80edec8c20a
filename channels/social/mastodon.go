package social

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// mastodonTags bounds the hashtags of one channel: each is a connection.
const mastodonTags = 10

// Mastodon is the kind "social.mastodon": public posts with a hashtag, as one
// Mastodon server sees them.
// Source: https://docs.joinmastodon.org/methods/streaming/
func Mastodon() channels.Kind {
	return channels.Kind{
		Name:  "social.mastodon",
		Title: "Mastodon",
		Summary: "Public posts with a hashtag, as one Mastodon server sees them, a moment after they are written. " +
			"Needs an account there. Edits and deletions are followed.",
		Settings: []channels.Setting{
			{Key: "api_url", Required: true, Endpoint: true, Check: webAddress("https", "http"),
				Help: "Address of the server where your account is, as https://mastodon.social. A large one sees most hashtags."},
			{Key: "access_token", Required: true, Secret: true,
				Help: "On that server: Preferences, Development, New application, with the scope read:statuses alone. Open the application afterwards: \"Your access token\"."},
			{Key: "hashtags", Required: true, Check: eachOf(mastodonTags, hashtag),
				Help: "Up to 10 hashtags with commas between, with or without #, as flood,mafuriko."},
		},
		Can:        channels.Capabilities{Run: true, Fetch: true, Test: true, Media: true, Mirror: true},
		MediaHosts: []string{"*"}, // the server is a setting; MediaRequest asks it alone
		New:        newMastodon,
	}
}

// hashtag refuses what no Mastodon server takes for one.
func hashtag(value string) error {
	tag := strings.TrimPrefix(value, "#")
	if tag == "" || len(tag) > 200 || strings.ContainsAny(tag, "#/?&%:.@\"'<>") {
		return errors.New("write hashtags as letters, digits and underscores")
	}
	return nil
}

type mastodon struct {
	config channels.Config
	base   *url.URL
	token  channels.Secret
	tags   []string
}

func newMastodon(config channels.Config) (channels.Adapter, error) {
	base, err := url.Parse(strings.TrimSuffix(config.Settings["api_url"], "/"))
	if err != nil || base.Host == "" {
		return nil, errors.New("api_url must be the whole address of the server, with https://")
	}
	m := &mastodon{config: config, base: base, token: config.Secrets["access_token"]}
	if m.token.Current() == "" {
		return nil, errors.New("access_token is missing")
	}
	for _, tag := range list(config.Settings["hashtags"]) {
		if tag = strings.ToLower(strings.TrimPrefix(tag, "#")); !slices.Contains(m.tags, tag) {
			m.tags = append(m.tags, tag)
		}
	}
	if len(m.tags) == 0 || len(m.tags) > mastodonTags {
		return nil, errors.New("hashtags must name 1 to 10")
	}
	return m, nil
}

var errToken = errors.New("mastodon: the server refuses the access token: make a new one, with the scope read:statuses")

// Test asks for one post and opens the stream: some tokens may do the one only.
func (m *mastodon) Test(ctx context.Context) error {
	home, err := m.home(ctx)
	if err != nil {
		return fmt.Errorf("mastodon: api_url does not lead to a Mastodon server: %w", err)
	}
	if _, err := m.timeline(ctx, m.tags[0], url.Values{"limit": {"1"}}); err != nil {
		return fmt.Errorf("mastodon: read a hashtag: %w", err)
	}
	ctx, end := context.WithTimeout(ctx, 30*time.Second)
	defer end()
	stream, err := m.open(ctx, home, m.tags[0])
	if err != nil {
		return fmt.Errorf("mastodon: open a stream: %w", err)
	}
	return stream.close()
}

var errMediaPlace = errors.New("social: media does not lie at the channel's own server")

// MediaRequest asks the channel's own server alone; it sends on to where the file
// lies. Files are public: no token goes along.
func (m *mastodon) MediaRequest(ctx context.Context, media channels.Media) (*http.Request, error) {
	place, err := url.Parse(media.URL)
	if err != nil || place.Scheme != m.base.Scheme || place.Host != m.base.Host || place.User != nil {
		return nil, errMediaPlace
	}
	return m.request(ctx, place, "", place.Query(), false), nil
}
