package social

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// mastodonHome is what a server says of itself.
type mastodonHome struct {
	// domain is what follows @ in its people's addresses.
	domain string
	// streams is where it streams.
	streams *url.URL
}

// home asks where the server streams. One that does not know (before Mastodon 4)
// streams at its own address.
// Source: https://docs.joinmastodon.org/entities/Instance/
func (m *mastodon) home(ctx context.Context) (mastodonHome, error) {
	found := mastodonHome{domain: m.base.Hostname(), streams: m.base}
	data, err := m.get(ctx, "/api/v2/instance", nil)
	var fault *status
	if errors.As(err, &fault) && fault.code == http.StatusNotFound {
		return found, nil
	}
	if err != nil {
		return found, err
	}
	var said struct {
		Domain        string
		Configuration struct{ URLs struct{ Streaming string } }
	}
	if json.Unmarshal(data, &said) != nil {
		return found, errNetwork
	}
	if said.Domain != "" && len(said.Domain) < 256 {
		found.domain = channels.Clean(strings.ToLower(said.Domain))
	}
	place, err := url.Parse(said.Configuration.URLs.Streaming)
	if err != nil || place.Host == "" {
		return found, nil
	}
	// It names a websocket; the same place serves events over HTTP. The token goes
	// there: never in the clear where the server itself is not.
	if m.base.Scheme == "https" || place.Scheme == "wss" || place.Scheme == "https" {
		place.Scheme = "https"
	} else {
		place.Scheme = "http"
	}
	found.streams = &url.URL{Scheme: place.Scheme, Host: place.Host, Path: strings.TrimSuffix(place.Path, "/")}
	return found, nil
}

// get reads one answer of the API.
func (m *mastodon) get(ctx context.Context, path string, query url.Values) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	response, err := m.config.HTTP.Do(m.request(ctx, m.base, path, query, true))
	if err != nil {
		return nil, errNetwork
	}
	defer func() { _ = response.Body.Close() }()
	if err := answered(response, m.config.Clock()); err != nil {
		return nil, refusedToken(err)
	}
	return body(response, 8<<20)
}

func (m *mastodon) request(ctx context.Context, base *url.URL, path string, query url.Values, signed bool) *http.Request {
	place := *base
	place.Path, place.RawQuery = base.Path+path, query.Encode()
	request := (&http.Request{Method: http.MethodGet, URL: &place, Host: place.Host, Header: http.Header{}}).WithContext(ctx)
	request.Header.Set("User-Agent", userAgent)
	if signed {
		request.Header.Set("Authorization", "Bearer "+m.token.Current())
	}
	return request
}

// refusedToken tells a bad token from faults that pass.
func refusedToken(err error) error {
	var fault *status
	if errors.As(err, &fault) && (fault.code == http.StatusUnauthorized || fault.code == http.StatusForbidden) {
		return errToken
	}
	return err
}

// timeline reads one page, newest first.
func (m *mastodon) timeline(ctx context.Context, tag string, query url.Values) (page []json.RawMessage, err error) {
	data, err := m.get(ctx, "/api/v1/timelines/tag/"+tag, query)
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(data, &page) != nil {
		return nil, errNetwork
	}
	return page, nil
}

// tagStream is one open stream.
type tagStream struct {
	*events
	close func() error
}

// open begins to stream a hashtag. Its connection is its own, so that it may last.
func (m *mastodon) open(ctx context.Context, home mastodonHome, tag string) (tagStream, error) {
	ctx, end := context.WithCancel(ctx)
	transport := &http.Transport{DialContext: m.config.Dial, DisableKeepAlives: true, ResponseHeaderTimeout: 30 * time.Second,
		TLSHandshakeTimeout: 15 * time.Second}
	client := &http.Client{Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }} // the token stays here
	request := m.request(ctx, home.streams, "/api/v1/streaming/hashtag", url.Values{"tag": {tag}}, true)
	request.Header.Set("Accept", "text/event-stream")
	response, err := client.Do(request)
	if err != nil {
		end()
		return tagStream{}, errNetwork
	}
	if err := answered(response, m.config.Clock()); err != nil {
		end()
		_ = response.Body.Close()
		return tagStream{}, refusedToken(err)
	}
	watch := time.AfterFunc(mastodonSilence, end)
	return tagStream{
		events: newEvents(response.Body, func() { watch.Reset(mastodonSilence) }),
		close:  func() error { watch.Stop(); end(); return response.Body.Close() },
	}, nil
}
