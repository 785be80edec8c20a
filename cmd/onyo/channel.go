package main

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strings"
	"text/tabwriter"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/intake"
)

type channelCmd struct {
	Kinds  channelKindsCmd  `cmd:"" help:"List kinds of channel and their settings."`
	Add    channelAddCmd    `cmd:"" help:"Add a channel; a running server takes it up within 2 seconds."`
	List   channelListCmd   `cmd:"" help:"List channels."`
	Test   channelTestCmd   `cmd:"" help:"Ask a channel's provider whether its values are good."`
	Rotate channelRotateCmd `cmd:"" help:"Give a secret a new value; the one before stays good beside it."`
}

type channelKindsCmd struct{}

// Run lists the kinds and their settings.
func (channelKindsCmd) Run(w *world) error {
	for _, kind := range kinds() {
		fmt.Fprintf(w.out, "%s\t%s\n  %s\n", kind.Name, kind.Title, kind.Summary)
		for _, setting := range kind.Settings {
			notes := []string{}
			if setting.Required {
				notes = append(notes, "required")
			}
			if setting.Secret {
				notes = append(notes, "secret")
			}
			if setting.Default != "" {
				notes = append(notes, "default "+setting.Default)
			}
			note := ""
			if len(notes) > 0 {
				note = " (" + strings.Join(notes, ", ") + ")"
			}
			fmt.Fprintf(w.out, "    %s%s: %s\n", setting.Key, note, setting.Help)
		}
	}
	return nil
}

type channelAddCmd struct {
	Kind   string   `arg:"" help:"As in onyo channel kinds."`
	Name   string   `arg:"" help:"Letters, digits and dashes; it becomes part of the hook's address."`
	Values []string `arg:"" optional:"" help:"key=value; key=@FILE reads the value from a file."`
}

// Run adds the channel and prints where its provider must send.
func (c channelAddCmd) Run(ctx context.Context, w *world) error {
	values, err := readValues(c.Values)
	if err != nil {
		return err
	}
	return withChannels(ctx, w, func(desk *intake.Desk) error {
		channel, err := desk.Add(ctx, crisis.SystemActor("command"), c.Kind, c.Name, values)
		if err != nil {
			return err
		}
		if kind, _ := findKind(c.Kind); !kind.Can.Webhook {
			_, err = fmt.Fprintf(w.out, "channel %s added; it fetches by itself\n", channel.Name)
			return err
		}
		_, err = fmt.Fprintf(w.out, "channel %s added; its provider sends to\n%s\n", channel.Name, channel.HookURL(w.PublicURL))
		return err
	})
}

func readValues(pairs []string) (map[string]string, error) {
	values := map[string]string{}
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("write settings as key=value")
		}
		if file, is := strings.CutPrefix(value, "@"); is {
			content, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("read the value of %s: %w", key, err)
			}
			value = strings.TrimRight(string(content), "\r\n")
		}
		values[key] = value
	}
	return values, nil
}

type channelListCmd struct{}

// Run lists channels, without their secrets.
func (channelListCmd) Run(ctx context.Context, w *world) error {
	o, err := openStore(ctx, w, w.errOut)
	if err != nil {
		return err
	}
	defer o.close()
	found, err := crisis.Select[*crisis.Channel](ctx, o.store, crisis.Query{})
	if err != nil {
		return fmt.Errorf("list channels: %w", err)
	}
	table := tabwriter.NewWriter(w.out, 0, 4, 2, ' ', 0)
	for _, channel := range found {
		settings := []string{}
		for key, value := range channel.Settings {
			settings = append(settings, key+"="+value)
		}
		sort.Strings(settings)
		fmt.Fprintf(table, "%s\t%s\t%s\n", channel.Name, channel.Kind, strings.Join(settings, " "))
	}
	return table.Flush()
}

type channelTestCmd struct {
	Name string `arg:"" help:"The channel."`
}

// Run tries a channel's values. It sends nothing to anybody.
func (c channelTestCmd) Run(ctx context.Context, w *world) error {
	o, err := openStore(ctx, w, w.errOut)
	if err != nil {
		return err
	}
	defer o.close()
	host := newHost(w, o, nil)
	if err := host.Reload(ctx); err != nil {
		return err
	}
	if err := host.Test(ctx, c.Name); err != nil {
		return fmt.Errorf("channel %s: %w", c.Name, err)
	}
	_, err = fmt.Fprintf(w.out, "channel %s: its provider knows these values\n", c.Name)
	return err
}

// findKind is a kind by its name.
func findKind(name string) (channels.Kind, bool) {
	for _, kind := range kinds() {
		if kind.Name == name {
			return kind, true
		}
	}
	return channels.Kind{}, false
}

type channelRotateCmd struct {
	Name   string   `arg:"" help:"The channel."`
	Values []string `arg:"" help:"key=value or key=@FILE of secret settings; path= draws a new path secret."`
}

// Run gives secrets a new value.
func (c channelRotateCmd) Run(ctx context.Context, w *world) error {
	values, err := readValues(c.Values)
	if err != nil {
		return err
	}
	return withChannels(ctx, w, func(desk *intake.Desk) error {
		channel, err := desk.Rotate(ctx, crisis.SystemActor("command"), c.Name, values)
		if err != nil {
			return err
		}
		if _, drew := values[channels.PathSecret]; drew {
			_, err = fmt.Fprintf(w.out, "channel %s: its provider sends from now on to\n%s\nthe address before is still taken\n", c.Name, channel.HookURL(w.PublicURL))
			return err
		}
		_, err = fmt.Fprintf(w.out, "channel %s: the new value counts, the one before is still taken\n", c.Name)
		return err
	})
}

func withChannels(ctx context.Context, w *world, do func(*intake.Desk) error) error {
	o, err := openStore(ctx, w, w.errOut)
	if err != nil {
		return err
	}
	defer o.close()
	if err := plant(ctx, w, o.store); err != nil {
		return err
	}
	return do(intake.NewDesk(o.store, kinds(), w.clock, w.random))
}
