package social

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

const (
	// feedBytes is how much of a document is read; what is beyond it is not. Feeds
	// begin with what is newest.
	feedBytes = 5 << 20
	feedsMost = 20
)

// Feed is the kind "social.feed": RSS and Atom, as newsrooms, weather services and
// rivers' gauges publish them, with places (GeoRSS) and warnings (CAP).
func Feed() channels.Kind {
	return channels.Kind{
		Name:  "social.feed",
		Title: "RSS and Atom feeds",
		Summary: "What newsrooms, weather and seismic services publish as RSS or Atom, asked for every few minutes. " +
			"Places in GeoRSS and CAP warnings are understood. Needs no account.",
		Settings: []channels.Setting{
			{Key: "urls", Required: true, Endpoint: true, Check: eachOf(feedsMost, webAddress("https", "http")),
				Help: "Addresses of up to 20 feeds, with commas between: on a website look for \"RSS\" or the orange sign, and copy where it leads."},
			{Key: "every", Default: "5m", Check: span(10*time.Millisecond, 24*time.Hour),
				Help: "How often to ask each feed, as 5m. Other people's servers are asked once a minute at most; many want less: look at what they say."},
			{Key: "media_hosts", Check: eachOf(20, hostName),
				Help: "More servers from which pictures of these feeds may be fetched, as images.example.org. The feeds' own are known."},
		},
		Can:        channels.Capabilities{Run: true, Fetch: true, Test: true, Media: true},
		MediaHosts: []string{"*"}, // the feeds' servers are a setting; MediaRequest knows them
		New:        newFeed,
	}
}

func hostName(value string) error {
	if strings.ContainsAny(value, "/:@?#*") || !strings.Contains(strings.Trim(value, "."), ".") {
		return errors.New("write names of servers, as images.example.org")
	}
	return nil
}

type feed struct {
	config channels.Config
	urls   []string
	every  time.Duration
	hosts  []string // of media; names below them too
}

func newFeed(config channels.Config) (channels.Adapter, error) {
	f := &feed{config: config, urls: list(config.Settings["urls"]), hosts: list(strings.ToLower(config.Settings["media_hosts"]))}
	if len(f.urls) == 0 || len(f.urls) > feedsMost {
		return nil, errors.New("urls must name 1 to 20 feeds")
	}
	var err error
	if f.every, err = time.ParseDuration(config.Settings["every"]); err != nil || f.every <= 0 {
		return nil, errors.New("every must be a duration, as 5m")
	}
	for _, one := range f.urls {
		place, err := url.Parse(one)
		if err != nil || place.Host == "" {
			return nil, errors.New("urls must be whole addresses, with https://")
		}
		if f.every < time.Minute && !own(place.Hostname()) {
			return nil, errors.New("every: other people's servers are asked once a minute at most")
		}
		f.hosts = append(f.hosts, feedHost(place.Hostname()))
	}
	return f, nil
}

// own says whether a host is certainly in one's own house.
func own(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && (address.IsLoopback() || address.IsPrivate())
}

// feedHost is below which name a publisher's pictures lie.
func feedHost(host string) string {
	host = strings.ToLower(host)
	for _, label := range []string{"www.", "feeds.", "feed.", "rss."} {
		if rest, ok := strings.CutPrefix(host, label); ok && strings.Contains(rest, ".") {
			return rest
		}
	}
	return host
}

// feedKey keeps apart what two feeds call by the same id.
func feedKey(address string) string {
	sum := sha256.Sum256([]byte(address))
	return hex.EncodeToString(sum[:8])
}

// answer is what a feed's server answered.
type answer struct {
	document []byte
	// validators to ask with next time.
	etag, modified string
	unchanged      bool
}

// ask fetches one feed, if it changed.
func (f *feed) ask(ctx context.Context, address, etag, modified string) (answer, error) {
	ctx, end := context.WithTimeout(ctx, time.Minute)
	defer end()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return answer{}, errNetwork
	}
	request.Header.Set("User-Agent", userAgent)
	request.Header.Set("Accept", "application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.5")
	if etag != "" {
		request.Header.Set("If-None-Match", etag)
	}
	if modified != "" {
		request.Header.Set("If-Modified-Since", modified)
	}
	response, err := f.config.HTTP.Do(request)
	if err != nil {
		return answer{}, errNetwork
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusNotModified {
		return answer{unchanged: true}, nil
	}
	if err := answered(response, f.config.Clock()); err != nil {
		return answer{}, err
	}
	document, err := body(response, feedBytes)
	if err != nil && !errors.Is(err, errTooLarge) {
		return answer{}, err
	}
	return answer{document: document, etag: validator(response, "ETag"), modified: validator(response, "Last-Modified")}, nil
}

// validator is a header to send back; one that is no header's length is left out.
func validator(response *http.Response, header string) string {
	if value := response.Header.Get(header); len(value) <= 256 {
		return channels.Clean(value)
	}
	return ""
}

// Test asks every feed once.
func (f *feed) Test(ctx context.Context) error {
	for i, address := range f.urls {
		got, err := f.ask(ctx, address, "", "")
		if err == nil {
			_, err = cut(got.document)
		}
		if err != nil {
			return fmt.Errorf("feed: number %d of urls: %w", i+1, err)
		}
	}
	return nil
}

// MediaRequest asks the feeds' own servers, and those that the channel names.
func (f *feed) MediaRequest(ctx context.Context, media channels.Media) (*http.Request, error) {
	place, err := url.Parse(media.URL)
	if err != nil || place.Scheme != "https" && place.Scheme != "http" || place.User != nil {
		return nil, errMediaPlace
	}
	host := strings.ToLower(place.Hostname())
	for _, allowed := range f.hosts {
		if host == allowed || strings.HasSuffix(host, "."+allowed) {
			request, err := http.NewRequestWithContext(ctx, http.MethodGet, place.String(), nil)
			if err != nil {
				return nil, errMediaPlace
			}
			request.Header.Set("User-Agent", userAgent)
			return request, nil
		}
	}
	return nil, errMediaPlace
}
