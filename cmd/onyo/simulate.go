package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/simulate"
)

type simulateCmd struct {
	Scenario string  `arg:"" help:"A scenario that comes with Onyo, as nairobi-flood."`
	To       string  `required:"" help:"Address of the server."`
	Channel  string  `help:"The sms.twilio channel to send to; default the only one."`
	Secret   string  `help:"The channel's auth token; default from the local database."`
	Speed    float64 `default:"1" help:"How fast to play."`
}

// Run plays a scenario through a server's real endpoints, signed with the
// channel's own secret.
func (c simulateCmd) Run(ctx context.Context, w *world) error {
	scenario, err := simulate.Open(c.Scenario)
	if err != nil {
		return err
	}
	base := strings.TrimRight(c.To, "/")
	target := simulate.SMS{Channel: c.Channel, Token: c.Secret, To: "+254711000000"}
	if c.Secret == "" || c.Channel == "" {
		channel, err := c.local(ctx, w)
		if err != nil {
			return err
		}
		target.Channel, target.PublicURL = channel.Name, channel.PublicURL
		if c.Secret == "" {
			if len(channel.Secrets["auth_token"]) == 0 {
				return fmt.Errorf("channel %s has no auth token", channel.Name)
			}
			target.Token = channel.Secrets["auth_token"][0].Reveal()
		}
	}
	if target.PublicURL == "" {
		target.PublicURL = base + "/hooks/" + target.Channel
	}
	player := &simulate.Player{Base: base, HTTP: &http.Client{Timeout: 20 * time.Second}, Log: w.log, Speed: max(c.Speed, 0.01), SMS: target,
		Round: strconv.FormatInt(w.clock().Unix()%10000, 10)}
	sent, err := player.Play(ctx, scenario)
	fmt.Fprintf(w.out, "%d of %d messages accepted\n", sent, len(scenario.Lines))
	return err
}

// local finds the channel in the local database.
func (c simulateCmd) local(ctx context.Context, w *world) (*crisis.Channel, error) {
	o, err := openStore(ctx, w, w.errOut)
	if err != nil {
		return nil, err
	}
	defer o.close()
	found, err := crisis.Select[*crisis.Channel](ctx, o.store, crisis.Query{})
	if err != nil {
		return nil, fmt.Errorf("list channels: %w", err)
	}
	var fits []*crisis.Channel
	for _, channel := range found {
		if channel.Kind == "sms.twilio" && (c.Channel == "" || channel.Name == c.Channel) {
			fits = append(fits, channel)
		}
	}
	if len(fits) != 1 {
		return nil, fmt.Errorf("the local database has %d channels that fit; name one with --channel", len(fits))
	}
	return fits[0], nil
}
