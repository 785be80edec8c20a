package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// Waiting is a message that could not be worked, as people see it. It carries
// nothing of what the message says.
type Waiting struct {
	Message     crisis.ID
	Channel     string // its name, or its id where it is gone
	ReceivedAt  time.Time
	Bytes       int
	Tries       int
	Due         time.Time
	Quarantined bool
	// Code is why, stable; Label the same in plain words.
	Code  string
	Label string
}

// Inbox shows what is set aside, and puts it back to work.
type Inbox struct{ store Store }

// NewInbox makes an inbox.
func NewInbox(store Store) *Inbox { return &Inbox{store: store} }

// List is all that is set aside or quarantined, oldest message first.
func (i *Inbox) List(ctx context.Context) ([]Waiting, error) {
	retries, err := i.store.RetryList(ctx)
	if err != nil {
		return nil, fmt.Errorf("list what is set aside: %w", err)
	}
	names := map[crisis.ID]string{}
	waiting := make([]Waiting, 0, len(retries))
	for _, retry := range retries {
		one := Waiting{Message: retry.Message, Tries: retry.Attempts, Due: retry.Due, Quarantined: retry.Quarantined,
			Code: retry.Code, Label: label(retry.Code)}
		message, err := crisis.Get[*crisis.Message](ctx, i.store, retry.Message)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil { // else it is listed all the same: it may be why
			one.ReceivedAt, one.Bytes = message.At, len(message.Raw)
			if one.Channel, err = i.channel(ctx, names, message.Channel); err != nil {
				return nil, err
			}
		}
		waiting = append(waiting, one)
	}
	return waiting, nil
}

func (i *Inbox) channel(ctx context.Context, names map[crisis.ID]string, id crisis.ID) (string, error) {
	if name, ok := names[id]; ok {
		return name, nil
	}
	names[id] = id.String()
	channel, err := crisis.Get[*crisis.Channel](ctx, i.store, id)
	switch {
	case err == nil:
		names[id] = channel.Name
	case !errors.Is(err, crisis.ErrNotFound):
		return "", fmt.Errorf("read a channel: %w", err)
	}
	return names[id], nil
}

// Retry puts messages back to work, all that are quarantined where none are
// named, and tells how many. A variant so put back counts as a newer version of
// the message that came first.
func (i *Inbox) Retry(ctx context.Context, messages ...crisis.ID) (int, error) {
	count, err := i.store.Requeue(ctx, messages...)
	if err != nil {
		return 0, fmt.Errorf("put back to work: %w", err)
	}
	return count, nil
}

func label(code string) string {
	switch code {
	case "variant":
		return "The provider sent this message before, with other content. The first one counts until somebody accepts this one."
	case "parse_failed", "unparsed":
		return "The channel's code cannot read this message."
	case "parse_panic":
		return "The channel's code broke on this message."
	case "parse_timeout":
		return "The channel's code took too long over this message."
	case "channel_off":
		return "The channel is switched off or cannot work."
	case codeAwaits:
		return "It belongs to an earlier message that has not come."
	case codeSenderLimit:
		return "Its sender wrote very much in a short time. It is read in turn."
	case codeUnreadable:
		return "What is stored of it cannot be opened."
	case codeFailed:
		return "Something that it needs could not be read or kept."
	case codeTriage:
		return "Its report could not be given an incident."
	case codeWrite:
		return "What it says could not be stored."
	}
	return "It could not be read: " + code + "."
}
