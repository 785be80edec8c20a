package intake

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// Desk configures channels; the Host takes changes up by itself.
type Desk struct {
	store  ChannelStore
	kinds  []channels.Kind
	clock  func() time.Time
	random io.Reader
}

// ChannelStore is what configuring channels needs of the store.
type ChannelStore interface {
	crisis.Reader
	Write(ctx context.Context, changes ...crisis.Change) ([]crisis.Outcome, error)
}

// SettingsError is what is wrong with a channel's name, kind or values: each
// problem names its setting and repeats no value.
type SettingsError struct{ Err error }

func (e *SettingsError) Error() string { return e.Err.Error() }

// Unwrap gives the problems.
func (e *SettingsError) Unwrap() error { return e.Err }

// NewDesk makes a Desk for the given kinds.
func NewDesk(store ChannelStore, kinds []channels.Kind, clock func() time.Time, random io.Reader) *Desk {
	return &Desk{store: store, kinds: kinds, clock: clock, random: random}
}

// settingPublicURL may be given to any channel: the exact URL that its provider
// signs (CONTRACT, HTTP).
const settingPublicURL = "public_url"

// Add makes a channel, and where its provider signs nothing a path secret. What is wrong with its values is said all at once, each
// problem naming its setting and none repeating a value.
func (d *Desk) Add(ctx context.Context, by crisis.Actor, kindName, name string, values map[string]string) (*crisis.Channel, error) {
	kind, err := d.kind(kindName)
	if err != nil {
		return nil, err
	}
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,59}$`).MatchString(name) {
		return nil, &SettingsError{errors.New("a channel's name has lower-case letters, digits and dashes, at most 60")}
	}
	values = maps.Clone(values)
	public := values[settingPublicURL]
	if _, own := kind.Setting(settingPublicURL); !own {
		delete(values, settingPublicURL)
	}
	if err := kind.Check(values); err != nil {
		return nil, &SettingsError{err}
	}
	if _, err := crisis.One[*crisis.Channel](ctx, d.store, "name", name); err == nil {
		return nil, crisis.ErrTaken
	} else if !errors.Is(err, crisis.ErrNotFound) {
		return nil, fmt.Errorf("look for the channel: %w", err)
	}
	id, err := crisis.NewID(d.clock(), d.random)
	if err != nil {
		return nil, err
	}
	open, secret := kind.Split(values)
	channel := &crisis.Channel{Meta: crisis.First(id, d.clock(), by), Name: name, Kind: kind.Name, PublicURL: public,
		Settings: open, Secrets: map[string][]vault.Secret{}, Enabled: true}
	for key, value := range secret {
		channel.Secrets[key] = []vault.Secret{vault.Secret(value)}
	}
	if kind.Can.Webhook && !kind.Can.Signed && !kind.Can.Anonymous {
		path, err := d.pathSecret()
		if err != nil {
			return nil, err
		}
		channel.Secrets[channels.PathSecret] = []vault.Secret{path}
	}
	if err := d.works(kind, channel); err != nil {
		return nil, err
	}
	change := crisis.Change{Action: "channel.added", Actor: by, At: d.clock(), Put: []crisis.Record{channel}}
	if _, err := d.store.Write(ctx, change); err != nil {
		return nil, fmt.Errorf("write the channel: %w", err)
	}
	return channel, nil
}

// works says what keeps a channel from working although each of its values is well
// formed: some do not go together.
func (d *Desk) works(kind channels.Kind, channel *crisis.Channel) error {
	if at, err := url.Parse(channel.PublicURL); err != nil || channel.PublicURL != "" && (at.Host == "" || at.Scheme != "https" && at.Scheme != "http") {
		return &SettingsError{errors.New("public_url: write the whole URL that the provider calls, with https://")}
	}
	if wanted := channel.Settings[crisis.SettingAcknowledge]; wanted != "" && wanted != crisis.Off && !channel.Replies() {
		return &SettingsError{errors.New("acknowledge: it needs replies=on, because an acknowledgement is an answer")}
	}
	config := channels.Config{Name: channel.Name, PublicURL: channel.HookURL("https://onyo.invalid"), Settings: defaults(kind, "UTC"), Secrets: map[string]channels.Secret{},
		Clock: d.clock, Rand: d.random, Log: slog.New(slog.DiscardHandler), Resolver: net.DefaultResolver}
	maps.Copy(config.Settings, channel.Settings)
	for key, values := range channel.Secrets {
		if len(values) > 0 {
			config.Secrets[key] = channels.NewSecret(values[0].Reveal(), "")
		}
	}
	if _, err := kind.New(config); err != nil {
		return &SettingsError{err}
	}
	return nil
}

// pathSecret is 160 bits: the only proof of a provider that signs nothing.
func (d *Desk) pathSecret() (vault.Secret, error) {
	var random [20]byte
	if _, err := io.ReadFull(d.random, random[:]); err != nil {
		return "", fmt.Errorf("draw a path secret: %w", err)
	}
	return vault.Secret(strings.ToLower(base32.StdEncoding.EncodeToString(random[:]))), nil
}

// Rotate gives secret settings a new value; the one before stays good beside it
// until the next rotation. The key "path" without a value draws a new path
// secret.
func (d *Desk) Rotate(ctx context.Context, by crisis.Actor, name string, values map[string]string) (*crisis.Channel, error) {
	channel, err := crisis.One[*crisis.Channel](ctx, d.store, "name", name)
	if err != nil {
		return nil, fmt.Errorf("read the channel: %w", err)
	}
	kind, err := d.kind(channel.Kind)
	if err != nil {
		return nil, err
	}
	next := *channel
	next.Meta, next.Secrets = channel.Next(d.clock(), by), maps.Clone(channel.Secrets)
	for key, value := range values {
		setting, known := kind.Setting(key)
		if key == channels.PathSecret && len(next.Secrets[key]) > 0 && value == "" {
			path, err := d.pathSecret()
			if err != nil {
				return nil, err
			}
			setting, known, value = channels.Setting{Secret: true}, true, path.Reveal()
		}
		if !known || !setting.Secret {
			return nil, &SettingsError{fmt.Errorf("%s is no secret setting of %s", key, kind.Name)}
		}
		if value == "" {
			return nil, &SettingsError{fmt.Errorf("%s: an empty value is no secret", key)}
		}
		if setting.Check != nil {
			if err := setting.Check(value); err != nil {
				return nil, &SettingsError{fmt.Errorf("%s: %w", key, err)}
			}
		}
		live := append([]vault.Secret{vault.Secret(value)}, next.Secrets[key]...)
		next.Secrets[key] = live[:min(len(live), 2)]
	}
	change := crisis.Change{Action: "channel.rotated", Actor: by, At: d.clock(), Put: []crisis.Record{&next}}
	if _, err := d.store.Write(ctx, change); err != nil {
		return nil, fmt.Errorf("write the channel: %w", err)
	}
	return &next, nil
}

// Change gives open settings other values, an empty one meaning the default, and
// switches the channel where enabled says so.
func (d *Desk) Change(ctx context.Context, by crisis.Actor, name string, values map[string]string, enabled *bool) (*crisis.Channel, error) {
	channel, err := crisis.One[*crisis.Channel](ctx, d.store, "name", name)
	if err != nil {
		return nil, fmt.Errorf("read the channel: %w", err)
	}
	kind, err := d.kind(channel.Kind)
	if err != nil {
		return nil, err
	}
	next := *channel
	next.Meta, next.Settings = channel.Next(d.clock(), by), maps.Clone(channel.Settings)
	if next.Settings == nil {
		next.Settings = map[string]string{}
	}
	var faults []error
	for key, value := range values {
		setting, known := kind.Setting(key)
		switch {
		case key == settingPublicURL && !known:
			next.PublicURL = value
			continue
		case !known:
			faults = append(faults, fmt.Errorf("%s is no setting of %s", key, kind.Name))
		case setting.Secret:
			faults = append(faults, fmt.Errorf("%s is secret: rotate it", key))
		case value == "" && setting.Required && setting.Default == "":
			faults = append(faults, fmt.Errorf("%s is missing: %s", key, setting.Help))
		case value != "" && setting.Check != nil && setting.Check(value) != nil:
			faults = append(faults, fmt.Errorf("%s: %w", key, setting.Check(value)))
		}
		if value == "" {
			value = setting.Default
		}
		if value == "" {
			delete(next.Settings, key)
		} else {
			next.Settings[key] = value
		}
	}
	if len(faults) > 0 {
		return nil, &SettingsError{errors.Join(faults...)}
	}
	if enabled != nil {
		next.Enabled = *enabled
	}
	if err := d.works(kind, &next); err != nil {
		return nil, err
	}
	change := crisis.Change{Action: "channel.changed", Actor: by, At: d.clock(), Put: []crisis.Record{&next}}
	if _, err := d.store.Write(ctx, change); err != nil {
		return nil, fmt.Errorf("write the channel: %w", err)
	}
	return &next, nil
}

func (d *Desk) kind(name string) (channels.Kind, error) {
	for _, kind := range d.kinds {
		if kind.Name == name {
			return kind, nil
		}
	}
	return channels.Kind{}, &SettingsError{fmt.Errorf("there is no kind %q; `onyo channel kinds` lists them", name)}
}
