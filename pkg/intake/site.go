package intake

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// site is what adapters may know of the deployment.
type site struct {
	zone       string
	emergency  crisis.Emergency
	languages  []string
	categories []*crisis.Category
}

func (h *Host) readSite(ctx context.Context) (*site, error) {
	s := &site{zone: "UTC"}
	deployment, _, err := crisis.ReadDeployment(ctx, h.Store)
	switch {
	case err == nil:
		s.zone, s.emergency, s.languages = deployment.TimeZone, deployment.Emergency, deployment.Languages
	case !errors.Is(err, crisis.ErrNotFound):
		return nil, fmt.Errorf("read the deployment: %w", err)
	}
	categories, err := crisis.Find[*crisis.Category](ctx, h.Store, "", nil)
	if err != nil {
		return nil, fmt.Errorf("read the categories: %w", err)
	}
	for _, category := range categories {
		if category.Enabled {
			s.categories = append(s.categories, category)
		}
	}
	slices.SortStableFunc(s.categories, func(a, b *crisis.Category) int { return a.Order - b.Order })
	return s, nil
}

func (h *Host) current() *site {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.site
}

// emergency is what every witness is told, in a language or else in the
// deployment's first one.
func (h *Host) emergency(language string) string { return h.current().emergency.In(language) }

func (h *Host) choices(language string) []channels.Choice {
	site := h.current()
	choices := make([]channels.Choice, 0, len(site.categories))
	for _, category := range site.categories {
		choices = append(choices, channels.Choice{Key: category.Key, Label: category.Label(language)})
	}
	return choices
}

// endpoints are what a channel's own settings let it reach: addresses as
// host:port, and the bare hosts.
func endpoints(kind channels.Kind, settings map[string]string) (addresses, hosts []string) {
	for _, setting := range kind.Settings {
		value := settings[setting.Key]
		if !setting.Endpoint || value == "" {
			continue // a default is the provider's public address
		}
		for _, one := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r <= ' ' }) {
			if host, port := endpoint(one); host != "" {
				addresses, hosts = append(addresses, net.JoinHostPort(host, port)), append(hosts, host)
			}
		}
	}
	return addresses, hosts
}

// endpoint reads a URL or host:port.
func endpoint(value string) (host, port string) {
	if u, err := url.Parse(value); err == nil && u.Host != "" {
		port := u.Port()
		if port == "" {
			port = map[string]string{"https": "443", "wss": "443", "http": "80", "ws": "80"}[u.Scheme]
		}
		return u.Hostname(), port
	}
	host, port, err := net.SplitHostPort(value)
	if err != nil {
		return "", ""
	}
	return host, port
}
