package chat

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/onyo-project/onyo/channels"
)

const (
	// pollSeconds is how long Telegram holds a question that nothing answers yet:
	// less than the host waits for the head of an answer.
	pollSeconds = 15
	// pollLimit is the most updates that Telegram gives at once.
	pollLimit = 100
	// firstPause doubles up to lastPause while Telegram cannot be asked.
	firstPause = 250 * time.Millisecond
	lastPause  = 30 * time.Second
)

// Run polls, or sees to it that Telegram calls.
func (t *telegram) Run(ctx context.Context, inlet channels.Inlet) error {
	if t.config.Settings["mode"] == modePoll {
		return t.poll(ctx, inlet)
	}
	return t.callable(ctx)
}

// poll asks for updates until ctx ends. Telegram keeps the place: it forgets
// updates once it is asked for later ones, which happens only after they are
// durable here. So there is no cursor, and an old one can never skip the updates
// of a bot whose numbers began anew, as they do after a quiet week.
// Source: https://core.telegram.org/bots/api#getupdates
func (t *telegram) poll(ctx context.Context, inlet channels.Inlet) error {
	var pause pause
	for free, after, limit := false, int64(0), pollLimit; ctx.Err() == nil; {
		var updates []json.RawMessage
		var fault *channels.SendError
		if !free {
			// While a webhook is set, Telegram answers no questions.
			fault = t.ask(ctx, "deleteWebhook", map[string]bool{"drop_pending_updates": false}, nil)
			free = fault == nil
		}
		if fault == nil {
			updates, fault = t.updates(ctx, after, limit)
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case fault != nil && badToken(fault):
			return errBadToken
		case fault != nil:
			if fault.Code == "unreadable" || fault.Code == unclear {
				limit = 1 // perhaps it was too long to be read whole
			}
			free = free && fault.Code != "409"
			t.config.Log.Warn("telegram not asked", "code", fault.Code)
			pause.wait(ctx, fault.RetryAfter)
			continue
		}
		if len(updates) == 0 {
			after, limit = 0, pollLimit
			pause.over()
			continue
		}
		next, err := t.accept(ctx, inlet, updates)
		if err != nil {
			return err
		}
		if after, limit = next, pollLimit; next == 0 {
			pause.wait(ctx, 0) // nothing that Telegram could be told it may forget
		} else {
			pause.over()
		}
	}
	return nil
}

// updates asks once. After confirms all before it; 0 asks for what was never
// confirmed.
func (t *telegram) updates(ctx context.Context, after int64, limit int) (updates []json.RawMessage, fault *channels.SendError) {
	parameters := map[string]any{"timeout": pollSeconds, "limit": limit, "allowed_updates": listened()}
	if after != 0 {
		parameters["offset"] = after
	}
	fault = t.ask(ctx, "getUpdates", parameters, &updates)
	return updates, fault
}

// accept makes updates durable and says after which number to ask next.
func (t *telegram) accept(ctx context.Context, inlet channels.Inlet, updates []json.RawMessage) (next int64, err error) {
	splits := make([]channels.Split, len(updates))
	for i, one := range updates {
		splits[i] = t.split(one)
		var head struct {
			ID int64 `json:"update_id"`
		}
		if json.Unmarshal(one, &head) == nil && next <= head.ID && head.ID < math.MaxInt64 {
			next = head.ID + 1
		}
	}
	if err := inlet.Accept(ctx, splits, nil); err != nil {
		if ctx.Err() != nil {
			return 0, nil
		}
		return 0, err
	}
	return next, nil
}

var errHookRefused = errors.New("telegram does not accept the channel's public_url: it must be https on port 443, 80, 88 or 8443 and have a valid certificate; without one, set mode=poll")

// callable registers the webhook and looks after it: another program with the
// same token, or a long outage, may have removed it.
// Source: https://core.telegram.org/bots/api#setwebhook
func (t *telegram) callable(ctx context.Context) error {
	var pause pause
	for told := false; ctx.Err() == nil; {
		fault := t.register(ctx, &told)
		switch {
		case ctx.Err() != nil:
			return nil
		case fault == nil:
			pause.over()
			wait(ctx, t.look)
		case badToken(fault):
			return errBadToken
		case errors.Is(fault, channels.ErrPermanent):
			return errHookRefused
		default:
			t.config.Log.Warn("telegram not asked", "code", fault.Code)
			pause.wait(ctx, fault.RetryAfter)
		}
	}
	return nil
}

// register tells Telegram where to call, unless it knows. The secret token cannot
// be asked for, so each Run tells it once.
func (t *telegram) register(ctx context.Context, told *bool) *channels.SendError {
	var known struct {
		URL     string   `json:"url"`
		Allowed []string `json:"allowed_updates"`
		Pending int      `json:"pending_update_count"`
		FailedS int64    `json:"last_error_date"`
	}
	if fault := t.ask(ctx, "getWebhookInfo", struct{}{}, &known); fault != nil {
		return fault
	}
	slices.Sort(known.Allowed)
	if *told && known.URL == t.config.PublicURL && slices.Equal(known.Allowed, listened()) {
		if failed := moment(known.FailedS); known.Pending > 0 && t.config.Clock().Sub(failed) < t.look {
			t.config.Log.Warn("telegram could not deliver", "waiting", known.Pending, "last_failure", failed)
		}
		return nil
	}
	if known.URL != "" && known.URL != t.config.PublicURL {
		t.config.Log.Warn("the bot called another address until now")
	}
	secret := t.config.Secrets["secret_token"].Current()
	if secret == "" {
		secret = madeToken(t.token.Current())
	}
	fault := t.ask(ctx, "setWebhook", map[string]any{"url": t.config.PublicURL, "secret_token": secret,
		"allowed_updates": listened(), "drop_pending_updates": false}, nil)
	*told = fault == nil
	return fault
}

// pause grows while something fails.
type pause struct{ next time.Duration }

func (p *pause) over() { p.next = 0 }

// wait waits at least as long as the provider demands.
func (p *pause) wait(ctx context.Context, demanded time.Duration) {
	p.next = min(max(firstPause, p.next*2), lastPause)
	wait(ctx, max(p.next, demanded))
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
