package social

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/onyo-project/onyo/channels"
)

const (
	// blueskyJetstream are two of Bluesky's public servers: the second stands in
	// for the first.
	blueskyJetstream = "wss://jetstream2.us-east.bsky.network,wss://jetstream1.us-west.bsky.network"
	blueskyPosts     = "app.bsky.feed.post"
	blueskyPictures  = "cdn.bsky.app"
)

// Bluesky is the kind "social.bluesky": public posts with chosen words, picked out
// of all that is posted there.
// Source: https://github.com/bluesky-social/jetstream
func Bluesky() channels.Kind {
	return channels.Kind{
		Name:  "social.bluesky",
		Title: "Bluesky",
		Summary: "Public posts with words or hashtags that you choose, picked out of everything that is posted on Bluesky. " +
			"Needs no account, and some gigabytes of traffic a day: it is off until you add it.",
		Settings: []channels.Setting{
			{Key: "words", Required: true, Check: blueskyWords,
				Help: "Words, phrases and #hashtags, with commas between: a post with any of them is taken. Choose rare ones with a place in them (flood Kibera, #KiberaFlood): \"flood\" alone brings the whole world's floods."},
			{Key: "languages", Check: eachOf(20, languageTag),
				Help: "Only posts that their author marks as one of these languages, as en,sw. Posts that name none are taken. Empty: all."},
			{Key: "lookback", Default: "15m", Check: span(0, 24*time.Hour),
				Help: "How far back to begin when the channel is added. Bluesky keeps a day or more."},
			{Key: "api_url", Default: blueskyJetstream, Endpoint: true, Check: eachOf(8, webAddress("wss", "ws")),
				Help: "Jetstream servers, with commas between; when one fails the next is tried. Leave it as it is unless you run your own."},
		},
		Can:        channels.Capabilities{Run: true, Fetch: true, Test: true, Media: true, Mirror: true},
		MediaHosts: []string{blueskyPictures},
		New:        newBluesky,
	}
}

func blueskyWords(value string) error {
	words := newFilter(value, "")
	if len(words.words)+len(words.tags) == 0 || len(words.words)+len(words.tags) > 100 {
		return errors.New("write 1 to 100 words, phrases or hashtags, with commas between")
	}
	for word := range words.words {
		if len([]rune(word)) < 3 && !unspaced(word) {
			return errors.New("words have three letters or more: shorter ones are everywhere")
		}
	}
	return nil
}

func languageTag(value string) error {
	if language(value) == "" {
		return errors.New("write languages by their short names, as en or sw")
	}
	return nil
}

type bluesky struct {
	config   channels.Config
	filter   filter
	servers  []string
	lookback time.Duration
}

func newBluesky(config channels.Config) (channels.Adapter, error) {
	b := &bluesky{config: config, filter: newFilter(config.Settings["words"], config.Settings["languages"]),
		servers: list(config.Settings["api_url"])}
	if err := blueskyWords(config.Settings["words"]); err != nil {
		return nil, fmt.Errorf("words: %w", err)
	}
	if len(b.servers) == 0 {
		return nil, errors.New("api_url is missing")
	}
	var err error
	if b.lookback, err = time.ParseDuration(config.Settings["lookback"]); err != nil {
		return nil, errors.New("lookback must be a duration, as 15m")
	}
	return b, nil
}

// Test opens the stream of the first server.
func (b *bluesky) Test(ctx context.Context) error {
	ctx, end := context.WithTimeout(ctx, 30*time.Second)
	defer end()
	stream, err := b.open(ctx, b.servers[0], 0)
	if err != nil {
		return fmt.Errorf("bluesky: open the stream: %w", err)
	}
	return stream.Close(websocket.StatusNormalClosure, "")
}

// open begins to stream from a cursor, in microseconds since 1970; 0 begins now.
func (b *bluesky) open(ctx context.Context, server string, cursor int64) (*websocket.Conn, error) {
	query := url.Values{"wantedCollections": {blueskyPosts}, "maxMessageSizeBytes": {fmt.Sprint(frameBytes)}}
	if cursor > 0 {
		query.Set("cursor", fmt.Sprint(cursor))
	}
	ctx, end := context.WithTimeout(ctx, 30*time.Second)
	defer end()
	transport := &http.Transport{DialContext: b.config.Dial, DisableKeepAlives: true, TLSHandshakeTimeout: 15 * time.Second}
	conn, response, err := websocket.Dial(ctx, strings.TrimSuffix(server, "/")+"/subscribe?"+query.Encode(), &websocket.DialOptions{
		HTTPClient: &http.Client{Transport: transport}, HTTPHeader: http.Header{"User-Agent": {userAgent}}})
	if err == nil {
		conn.SetReadLimit(-1) // read bounds frames, and passes over the larger ones
		return conn, nil
	}
	if response != nil && response.StatusCode/100 != 2 && response.StatusCode != http.StatusSwitchingProtocols {
		return nil, answered(response, b.config.Clock())
	}
	return nil, errNetwork
}

// MediaRequest asks Bluesky's own server of pictures, and no other.
func (b *bluesky) MediaRequest(ctx context.Context, media channels.Media) (*http.Request, error) {
	place, err := url.Parse(media.URL)
	if err != nil || place.Scheme != "https" || place.Host != blueskyPictures || place.User != nil {
		return nil, errMediaPlace
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, place.String(), nil)
	if err != nil {
		return nil, errMediaPlace
	}
	request.Header.Set("User-Agent", userAgent)
	return request, nil
}
