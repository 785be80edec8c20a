package main

import (
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/onyo-project/onyo/pkg/media"
	"github.com/onyo-project/onyo/pkg/triage"
)

// geocoder is the service of the settings. An administrator wrote its address, so
// it may lie in a private network.
func (s *settings) geocoder(client *media.Client, clock func() time.Time, log *slog.Logger) (*triage.Geocoder, error) {
	options := triage.GeocoderOptions{URL: s.GeocoderURL, Kind: s.GeocoderKind, Clock: clock, Log: log}
	if u, err := url.Parse(s.GeocoderURL); err == nil && client != nil {
		port := u.Port()
		if port == "" {
			port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
		}
		options.Client = client.For(net.JoinHostPort(u.Hostname(), port))
	}
	return triage.NewGeocoder(options)
}
