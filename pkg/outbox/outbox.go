// Package outbox sends what leaves Onyo: answers of the desk, acknowledgements,
// report cards. A message is a record and a delivery before anything is sent; it
// leaves under a lease, throttled, and is tried again where that may help; what its
// provider tells of it later moves the delivery on. Nobody is told "sent" of what
// is only queued.
//
// Nothing is sent on a channel whose replies are off, to a source that said STOP,
// or beyond the channel's limit for 24 hours.
package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// Store is what the outbox needs of it.
type Store interface {
	crisis.Reader
	Write(ctx context.Context, changes ...crisis.Change) ([]crisis.Outcome, error)
	Entries(ctx context.Context, from uint64, limit int) ([]crisis.Entry, error)
	Watch() (wake <-chan struct{}, stop func())
	Cursor(ctx context.Context, consumer string) (next uint64, err error)
	Acquire(ctx context.Context, name, holder string, ttl time.Duration) (crisis.Lease, bool, error)
	Waiting(ctx context.Context, channel crisis.ID, due time.Time, limit int) ([]crisis.Delivery, error)
	WaitingChannels(ctx context.Context, due time.Time) ([]crisis.ID, error)
	Handed(ctx context.Context, channel crisis.ID, limit int) ([]crisis.Delivery, error)
	Deliveries(ctx context.Context, messages ...crisis.ID) ([]crisis.Delivery, error)
	DeliveryCounts(ctx context.Context, since time.Time) (map[crisis.ID]map[crisis.DeliveryState]int, error)
}

// Way is how messages leave on a channel.
type Way struct {
	// Sender is nil where a gateway comes and collects.
	Sender channels.Sender
	// TextBytes bounds a text; 0 is no bound.
	TextBytes int
}

// Options are what an Outbox is made of.
type Options struct {
	Store Store
	Keys  *vault.Keys
	// Way is how messages leave on a channel that is switched on; false where none
	// can.
	Way func(channel crisis.ID) (Way, bool)
	// Read reads an inbound message in full.
	Read func(ctx context.Context, message *crisis.Message) ([]channels.Message, error)
	// PublicURL is where report cards are, without a slash at its end.
	PublicURL string
	// Holder names this process among those that share a database.
	Holder string
	Clock  func() time.Time
	Rand   io.Reader
	Log    *slog.Logger
}

// Outbox is safe for concurrent use.
type Outbox struct {
	Options
	pace  pace
	polls sync.Mutex
}

// New makes an Outbox.
func New(options Options) *Outbox {
	return &Outbox{Options: options, pace: pace{limits: map[crisis.ID]*limit{}, asks: map[crisis.ID]uint64{}}}
}

// Why a message is not taken.
var (
	// ErrRepliesOff: the channel sends nothing, or nobody allowed it to.
	ErrRepliesOff = errors.New("replies are switched off on this channel")
	// ErrNoAddress: the source left no address on a channel that can send.
	ErrNoAddress = errors.New("this source cannot be written to on its channel")
	// ErrOptedOut: the source said STOP.
	ErrOptedOut = errors.New("this source wants no messages")
	// ErrLimit: the channel's limit for 24 hours is used up.
	ErrLimit = errors.New("the channel's limit of messages for 24 hours is used up; an admin can raise it")
	// ErrText: nothing to say, or too much.
	ErrText = errors.New("write a text that fits the channel")
)

// Reply queues an answer to whoever is behind a report. The first for a day also
// says whom to call in danger, where there is room. It fails with what guard finds.
func (o *Outbox) Reply(ctx context.Context, by crisis.Actor, report *crisis.Report, text string, guard crisis.Guard) (*crisis.Message, error) {
	text, err := o.withEmergency(ctx, report, strings.TrimSpace(text))
	if err != nil {
		return nil, err
	}
	return o.queue(ctx, by, report, crisis.Letter{Text: text, Kind: crisis.LetterReply, Language: report.Language}, guard, nil)
}

func (o *Outbox) withEmergency(ctx context.Context, report *crisis.Report, text string) (string, error) {
	lately, err := o.lately(ctx, report.Source)
	if err != nil || lately || text == "" {
		return text, err
	}
	deployment, _, err := crisis.ReadDeployment(ctx, o.Store)
	if errors.Is(err, crisis.ErrNotFound) {
		return text, nil
	}
	if err != nil {
		return text, fmt.Errorf("read the deployment: %w", err)
	}
	sentence := deployment.Emergency.In(spoken(report.Language, deployment.Languages))
	way, _ := o.Way(report.Channel)
	whole := text + "\n\n" + sentence
	if sentence == "" || way.TextBytes > 0 && len(whole) > way.TextBytes {
		return text, nil
	}
	return whole, nil
}

// queue makes a message and its delivery in one Change. With is put beside them.
func (o *Outbox) queue(ctx context.Context, by crisis.Actor, report *crisis.Report, letter crisis.Letter, guard crisis.Guard, with []crisis.Record) (*crisis.Message, error) {
	channel, err := crisis.Get[*crisis.Channel](ctx, o.Store, report.Channel)
	if err != nil {
		return nil, fmt.Errorf("read the channel of a report: %w", err)
	}
	if err := o.may(ctx, channel, report, letter.Text); err != nil {
		return nil, err
	}
	now := o.Clock()
	id, err := crisis.NewID(now, o.Rand)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(letter)
	if err != nil {
		return nil, fmt.Errorf("write a message down: %w", err)
	}
	message := &crisis.Message{Meta: crisis.First(id, now, by), Channel: channel.ID, Direction: crisis.Outbound, Kind: crisis.KindReply,
		Raw: raw, Source: report.Source, Report: report.ID}
	change := crisis.Change{Action: "message.queued", Actor: by, Reason: letter.Kind, At: now, Put: append([]crisis.Record{message}, with...), Guard: guard,
		Then: crisis.Effects{Deliveries: []crisis.Delivery{{Message: id, Channel: channel.ID, State: crisis.DeliveryQueued, Due: now, Since: now, At: now}}}}
	if _, err := o.Store.Write(ctx, change); err != nil {
		return nil, fmt.Errorf("queue a message: %w", err)
	}
	return message, nil
}

// may says why a text may not be sent to whoever is behind a report.
func (o *Outbox) may(ctx context.Context, channel *crisis.Channel, report *crisis.Report, text string) error {
	way, can := o.Way(channel.ID)
	switch {
	case !can:
		return ErrNoAddress
	case !channel.Replies():
		return ErrRepliesOff
	case text == "" || !utf8.ValidString(text) || way.TextBytes > 0 && len(text) > way.TextBytes:
		return ErrText
	}
	source, err := crisis.Get[*crisis.Source](ctx, o.Store, report.Source)
	if err != nil {
		return fmt.Errorf("read a source: %w", err)
	}
	if source.Address == "" {
		return ErrNoAddress
	}
	if source.OptedOut {
		return ErrOptedOut
	}
	counts, err := o.Store.DeliveryCounts(ctx, o.Clock().Add(-24*time.Hour))
	if err != nil {
		return err
	}
	sum := 0
	for state, n := range counts[channel.ID] {
		if state != crisis.DeliveryStopped {
			sum += n
		}
	}
	if sum >= channel.ReplyLimit() {
		return ErrLimit
	}
	return nil
}

// Can says whether a report's source can be written to, and else why not: one of
// the errors above.
func (o *Outbox) Can(ctx context.Context, report *crisis.Report) error {
	channel, err := crisis.Get[*crisis.Channel](ctx, o.Store, report.Channel)
	if err != nil {
		return fmt.Errorf("read the channel of a report: %w", err)
	}
	return o.may(ctx, channel, report, "?")
}

// Sent is one message that went out, or is to.
type Sent struct {
	Message *crisis.Message
	Text    vault.Secret
	// Kind is "reply", "acknowledgement" or "card".
	Kind     string
	Delivery crisis.Delivery
}

// masked hides a card's code: whoever has it speaks as the witness.
func masked(text string) string {
	return regexp.MustCompile(`(/card#)\S+`).ReplaceAllString(text, "${1}…")
}

// Of lists what was sent about a report, oldest first, the codes of cards hidden.
func (o *Outbox) Of(ctx context.Context, report crisis.ID) ([]Sent, error) {
	messages, err := crisis.Find[*crisis.Message](ctx, o.Store, "report", report)
	if err != nil {
		return nil, fmt.Errorf("read what was sent: %w", err)
	}
	ids := make([]crisis.ID, len(messages))
	for i, message := range messages {
		ids[i] = message.ID
	}
	deliveries, err := o.Store.Deliveries(ctx, ids...)
	if err != nil {
		return nil, err
	}
	byMessage := map[crisis.ID]crisis.Delivery{}
	for _, delivery := range deliveries {
		byMessage[delivery.Message] = delivery
	}
	sent := make([]Sent, 0, len(messages))
	for _, message := range messages {
		var l crisis.Letter
		if err := json.Unmarshal(message.Raw.Reveal(), &l); err != nil {
			return nil, errors.New("what was sent cannot be read")
		}
		sent = append(sent, Sent{Message: message, Text: vault.Secret(masked(l.Text)), Kind: l.Kind, Delivery: byMessage[message.ID]})
	}
	return sent, nil
}
