package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/media"
	"github.com/onyo-project/onyo/pkg/vault"
)

const (
	// followEvery is how often channel records are looked at while the ledger
	// grows or not: a change works within two seconds.
	followEvery = time.Second
	// acceptWithin bounds how long a provider waits for us; then it may try
	// again.
	acceptWithin = 5 * time.Second
)

// HostOptions are what a Host is made of.
type HostOptions struct {
	Store Store
	Keys  *vault.Keys
	// Kinds is the explicit list of adapters.
	Kinds []channels.Kind
	// Client is the one way out that adapters get.
	Client *media.Client
	// Collect gives a gateway that asks the messages that wait to be sent on its
	// channel. Nil has none.
	Collect func(ctx context.Context, channel crisis.ID, asked *channels.Collect) ([]channels.Outbound, error)
	// Holder names this process among those that share a database.
	Holder string
	// PublicURL is where the world sees this server, without a slash at its end.
	PublicURL string
	Clock     func() time.Time
	Rand      io.Reader
	Log       *slog.Logger
}

// settingTimeZone of a kind is the deployment's zone unless a channel says
// otherwise.
const settingTimeZone = "timezone"

// Host keeps the adapters of all channels that are switched on and takes in what
// arrives on them. It is safe for concurrent use.
type Host struct {
	HostOptions
	kinds map[string]channels.Kind

	mu     sync.RWMutex
	byName map[string]*live
	byID   map[crisis.ID]*live
	site   *site

	running map[crisis.ID]*running
	traffic traffic
}

// live is a channel with its adapter, or with what keeps it from having one.
type live struct {
	channel *crisis.Channel
	kind    channels.Kind
	adapter channels.Adapter
	// client reaches what the channel may reach.
	client *media.Client
	// hosts are those of the channel's own endpoints.
	hosts []string
	// zone is the deployment's when the adapter was made.
	zone  string
	fault error
	state runState
}

// NewHost makes a host without channels; Reload finds them.
func NewHost(options HostOptions) *Host {
	h := &Host{HostOptions: options, kinds: map[string]channels.Kind{}, byName: map[string]*live{}, byID: map[crisis.ID]*live{},
		site: &site{zone: "UTC"}, running: map[crisis.ID]*running{}}
	for _, kind := range options.Kinds {
		h.kinds[kind.Name] = kind
	}
	return h
}

// Kind finds a kind by its name.
func (h *Host) Kind(name string) (channels.Kind, bool) {
	kind, ok := h.kinds[name]
	return kind, ok
}

// KindOf is the kind of a channel that is switched on. It fails with ErrNoChannel,
// or with ErrUnavailable where the channel cannot work for now: its provider should
// try again.
func (h *Host) KindOf(channel string) (channels.Kind, error) {
	one, err := h.named(channel)
	if err == nil {
		return one.kind, nil
	}
	if fault := h.Fault(channel); fault != nil && !errors.Is(fault, ErrNoChannel) {
		return channels.Kind{}, ErrUnavailable
	}
	return channels.Kind{}, err
}

// Fault says why a channel that is switched on cannot work; nil where it can.
func (h *Host) Fault(channel string) error {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if one := h.byName[channel]; one != nil {
		return one.fault
	}
	return ErrNoChannel
}

// Run follows the channel records until ctx ends, and runs those channels that
// fetch or listen by themselves.
func (h *Host) Run(ctx context.Context) error {
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	defer h.stopAll()
	for {
		if err := h.Reload(ctx); err != nil && ctx.Err() == nil {
			h.Log.Warn("channels not read", "error", err)
		}
		h.reconcile(ctx)
		h.flushTraffic(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Reload reads the channel records and makes adapters for those that changed.
func (h *Host) Reload(ctx context.Context) error {
	records, err := crisis.Find[*crisis.Channel](ctx, h.Store, "", nil)
	if err != nil {
		return fmt.Errorf("read the channels: %w", err)
	}
	site, err := h.readSite(ctx)
	if err != nil {
		return err
	}
	h.mu.RLock()
	before := h.byID
	h.mu.RUnlock()
	byName, byID := map[string]*live{}, map[crisis.ID]*live{}
	for _, channel := range records {
		if !channel.Enabled {
			continue
		}
		one := before[channel.ID]
		if one == nil || one.channel.Rev != channel.Rev || one.zone != site.zone {
			one = h.start(channel, site.zone)
		}
		byName[channel.Name], byID[channel.ID] = one, one
	}
	h.mu.Lock()
	h.byName, h.byID, h.site = byName, byID, site
	h.mu.Unlock()
	return nil
}

func (h *Host) start(channel *crisis.Channel, zone string) *live {
	one := &live{channel: channel, zone: zone}
	kind, ok := h.kinds[channel.Kind]
	if !ok {
		one.fault = fmt.Errorf("this Onyo has no kind %q", channel.Kind)
		return one
	}
	one.kind = kind
	addresses, hosts := endpoints(kind, channel.Settings)
	one.client, one.hosts = h.Client.For(addresses...), hosts
	one.adapter, one.fault = kind.New(h.config(one))
	if one.fault != nil {
		h.Log.Warn("channel cannot work", "channel", channel.Name, "error", one.fault)
	}
	return one
}

func (h *Host) config(one *live) channels.Config {
	channel, kind := one.channel, one.kind
	config := channels.Config{Name: channel.Name, PublicURL: channel.HookURL(h.PublicURL), Settings: defaults(kind, one.zone),
		Secrets: map[string]channels.Secret{}, Clock: h.Clock, Rand: h.Rand, Log: h.Log.With("channel", channel.Name),
		HTTP: &outward{host: h, channel: channel.Name, client: one.client}, Dial: one.client.DialContext, Resolver: net.DefaultResolver,
		Emergency: h.emergency, Categories: h.choices}
	maps.Copy(config.Settings, channel.Settings)
	for key, values := range channel.Secrets {
		var current, previous string
		if len(values) > 0 {
			current = values[0].Reveal()
		}
		if len(values) > 1 {
			previous = values[1].Reveal()
		}
		config.Secrets[key] = channels.NewSecret(current, previous)
	}
	return config
}

// defaults are the values of open settings that nobody set.
func defaults(kind channels.Kind, zone string) map[string]string {
	values := map[string]string{}
	for _, setting := range kind.Settings {
		if setting.Default != "" && !setting.Secret {
			values[setting.Key] = setting.Default
		}
		if setting.Key == settingTimeZone {
			values[setting.Key] = zone
		}
	}
	return values
}

// named is a working channel by its name.
func (h *Host) named(name string) (*live, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	one := h.byName[name]
	if one == nil || one.fault != nil {
		return nil, ErrNoChannel
	}
	return one, nil
}

func (h *Host) identified(id crisis.ID) (*live, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	one := h.byID[id]
	if one == nil || one.fault != nil {
		return nil, ErrNoChannel
	}
	return one, nil
}

// Live is a channel that is switched on, with the code behind it; false where it
// cannot work.
func (h *Host) Live(channel crisis.ID) (channels.Kind, channels.Adapter, bool) {
	one, err := h.identified(channel)
	if err != nil {
		return channels.Kind{}, nil, false
	}
	return one.kind, one.adapter, true
}

// MediaRequest makes the request for a blob that lies at its channel's provider,
// and names the client to send it with: it is the media fetcher's Requests. It
// refuses hosts that are neither the kind's nor the channel's own.
func (h *Host) MediaRequest(ctx context.Context, blob *crisis.Blob) (*http.Request, *media.Client, error) {
	message, err := crisis.Get[*crisis.Message](ctx, h.Store, blob.Message)
	switch {
	case errors.Is(err, crisis.ErrNotFound):
		return nil, nil, fmt.Errorf("message of media: %w", err)
	case err != nil:
		return nil, nil, media.ErrLater
	}
	one, err := h.identified(message.Channel)
	if err != nil {
		return nil, nil, media.ErrLater // switched off or faulty: somebody may mend it
	}
	var request *http.Request
	if fetcher, ok := one.adapter.(channels.Fetcher); ok {
		request, err = fetcher.MediaRequest(ctx, channels.Media{URL: blob.URL.Reveal(), ContentType: blob.ContentType})
	} else {
		request, err = http.NewRequestWithContext(ctx, http.MethodGet, blob.URL.Reveal(), nil)
	}
	switch {
	case errors.Is(err, channels.ErrTemporary), errors.Is(err, channels.ErrThrottled):
		return nil, nil, media.ErrLater
	case err != nil:
		return nil, nil, errors.New("the channel makes no request of this URL")
	}
	if host := request.URL.Hostname(); !one.kind.MayFetch(host) && !slices.Contains(one.hosts, host) {
		return nil, nil, errors.New("the host is none of the channel's")
	}
	return request, one.client, nil
}

// Names lists the channels that are switched on.
func (h *Host) Names() []string {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return slices.SortedFunc(maps.Keys(h.byName), strings.Compare)
}
