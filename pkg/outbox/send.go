package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
)

const (
	// leaseName is what one process at a time sends under.
	leaseName = "outbox"
	leaseTTL  = 60 * time.Second
	// sendWithin bounds one attempt.
	sendWithin = 30 * time.Second
	// maxAttempts after which a message has failed.
	maxAttempts = 8
	// pageSize bounds how many messages are looked at together.
	pageSize = 64
	// roundFor bounds how long one round sends on one channel before the others'
	// next round.
	roundFor = 20 * time.Second
	// What Onyo says by itself is of no use later, an answer not for ever.
	ownWordsFor, answersFor = time.Hour, 48 * time.Hour
	// offerAgain is when what a gateway took and never spoke of is offered again,
	// at most maxOffers times in all.
	offerAgain = 10 * time.Minute
	maxOffers  = 3
	pollEvery  = 2 * time.Second
	// forEver is when what can be asked about no more is looked at again.
	forEver = 10 * 365 * 24 * time.Hour
)

// Run sends and acknowledges until ctx ends.
func (o *Outbox) Run(ctx context.Context) error {
	wake, stop := o.Store.Watch()
	defer stop()
	for {
		if err := o.Step(ctx); err != nil && ctx.Err() == nil {
			o.Log.Warn("sending stopped for now", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
			// Reports come in bursts; one look for many.
			wait(ctx, 200*time.Millisecond)
		case <-time.After(pollEvery):
		}
	}
}

func wait(ctx context.Context, pause time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
}

// Step acknowledges new reports and sends what is due. Without the lease it does
// nothing.
func (o *Outbox) Step(ctx context.Context) error {
	lease, held, err := o.Store.Acquire(ctx, leaseName, o.Holder, leaseTTL)
	if err != nil || !held {
		return err
	}
	if err := o.acknowledge(ctx, lease); err != nil {
		o.Log.Warn("acknowledging stopped for now", "error", err)
	}
	waiting, err := o.Store.WaitingChannels(ctx, o.Clock())
	if err != nil {
		return err
	}
	// A provider that is slow holds up its own channel alone, one whose gateway
	// does not come its own queue, and one that fails ends nobody else's sending.
	var group errgroup.Group
	for _, channel := range waiting {
		group.Go(func() error { return o.channel(ctx, lease, channel) })
	}
	return group.Wait()
}

// channel sends what is due on one channel, one after another and no faster than
// it may.
func (o *Outbox) channel(ctx context.Context, lease crisis.Lease, id crisis.ID) error {
	channel, err := crisis.Get[*crisis.Channel](ctx, o.Store, id)
	if err != nil {
		return fmt.Errorf("read a channel: %w", err)
	}
	due, err := o.Store.Waiting(ctx, id, o.Clock(), pageSize)
	if err != nil {
		return err
	}
	way, can := o.Way(id)
	until := o.Clock().Add(roundFor)
	for _, delivery := range due {
		if o.Clock().After(until) {
			return nil
		}
		switch {
		case !channel.Replies() || !channel.Enabled:
			err = o.settle(ctx, lease, delivery, crisis.DeliveryStopped, "replies_off")
		case !can:
			continue // the channel cannot work just now; its health says so
		case way.Sender == nil || o.pace.collected(id, channel.Rev):
			if delivery.State == crisis.DeliveryHanded && delivery.Attempts >= maxOffers {
				// It may have left all the same: its gateway never said.
				delivery.Code, delivery.Due = "not_confirmed", o.Clock().Add(forEver)
				err = o.note(ctx, lease, "message.unconfirmed", delivery)
			}
		case !o.pace.allows(id, channel.SendRate(), o.Clock()):
			return nil // the rest waits for the next step
		default:
			err = o.one(ctx, lease, way, channel, delivery)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// one tries one message once. The attempt is on the disk before it is made, so
// that a message on which we die is not tried for ever.
func (o *Outbox) one(ctx context.Context, lease crisis.Lease, way Way, channel *crisis.Channel, delivery crisis.Delivery) error {
	outbound, source, code, err := o.outbound(ctx, delivery)
	if err != nil {
		return err
	}
	if code != "" {
		return o.settle(ctx, lease, delivery, crisis.DeliveryStopped, code)
	}
	// Whoever holds the lease next must not find it due while we still try.
	if again, held, err := o.Store.Acquire(ctx, leaseName, o.Holder, leaseTTL); err != nil || !held || again != lease {
		return errors.Join(crisis.ErrFenced, err)
	}
	delivery.Attempts++
	delivery.Due = o.Clock().Add(sendWithin + pause(delivery.Attempts))
	if err := o.note(ctx, lease, "message.attempted", delivery); err != nil {
		return err
	}
	attempt, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	providerID, err := send(attempt, way.Sender, outbound)
	if err == nil {
		delivery.ProviderKey = o.Keys.Dedupe(delivery.Channel.String(), providerID)
		return o.settle(ctx, lease, delivery, crisis.DeliverySent, "")
	}
	if errors.Is(err, channels.ErrCollected) {
		o.pace.collects(channel.ID, channel.Rev)
	}
	return o.failed(ctx, lease, delivery, source, err)
}

// send keeps an adapter's panic from ending the process.
func send(ctx context.Context, sender channels.Sender, outbound channels.Outbound) (id string, err error) {
	defer func() {
		if recover() != nil {
			err = &channels.SendError{Reason: channels.ErrPermanent, Code: "send_panic"}
		}
	}()
	return sender.Send(ctx, outbound)
}

// failed says what is to become of a message that did not leave.
func (o *Outbox) failed(ctx context.Context, lease crisis.Lease, delivery crisis.Delivery, source *crisis.Source, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(cause, channels.ErrCollected) {
		delivery.Attempts, delivery.Due = delivery.Attempts-1, o.Clock()
		return o.note(ctx, lease, "message.waits", delivery)
	}
	failure := &channels.SendError{Reason: channels.ErrTemporary, Code: "unknown"}
	errors.As(cause, &failure)
	delivery.Code = failure.Code
	o.Log.Info("message not sent", "message", delivery.Message, "code", failure.Code, "attempts", delivery.Attempts)
	switch {
	case errors.Is(failure, channels.ErrOptedOut):
		if err := o.optOut(ctx, lease, source); err != nil {
			return err
		}
		return o.settle(ctx, lease, delivery, crisis.DeliveryStopped, failure.Code)
	case errors.Is(failure, channels.ErrPermanent) || delivery.Attempts >= maxAttempts:
		return o.settle(ctx, lease, delivery, crisis.DeliveryFailed, failure.Code)
	case errors.Is(failure, channels.ErrThrottled):
		delivery.Attempts-- // it was never the message's fault
		wait := max(failure.RetryAfter, 5*time.Second)
		delivery.Due = o.Clock().Add(wait)
		o.pace.rest(delivery.Channel, delivery.Due)
	}
	if !errors.Is(failure, channels.ErrThrottled) {
		delivery.Due = o.Clock().Add(pause(delivery.Attempts))
	}
	return o.note(ctx, lease, "message.delayed", delivery)
}

// optOut notes that a provider knows of a STOP that we did not see.
func (o *Outbox) optOut(ctx context.Context, lease crisis.Lease, source *crisis.Source) error {
	if source.OptedOut {
		return nil
	}
	next := *source
	next.Meta, next.OptedOut = source.Next(o.Clock(), actor), true
	_, err := o.Store.Write(ctx, crisis.Change{Action: "source.opted_out", Actor: actor, Reason: "provider", At: o.Clock(), Put: []crisis.Record{&next},
		Guard: crisis.Guard{Lease: &lease}})
	if err != nil && !errors.Is(err, crisis.ErrStale) {
		return fmt.Errorf("note an opt-out: %w", err)
	}
	return nil
}

const actor = crisis.Actor("system:outbox")

func (o *Outbox) settle(ctx context.Context, lease crisis.Lease, delivery crisis.Delivery, state crisis.DeliveryState, code string) error {
	delivery.State, delivery.Code = state, code
	return o.note(ctx, lease, "message."+string(state), delivery)
}

func (o *Outbox) note(ctx context.Context, lease crisis.Lease, action string, delivery crisis.Delivery) error {
	delivery.At = o.Clock()
	_, err := o.Store.Write(ctx, crisis.Change{Action: action, Actor: actor, At: delivery.At, Guard: crisis.Guard{Lease: &lease},
		Then: crisis.Effects{Deliveries: []crisis.Delivery{delivery}}})
	if err != nil {
		return fmt.Errorf("note where a message stands: %w", err)
	}
	return nil
}

// pause before the next try: 10 s, then twice as long each time, at most an hour.
func pause(attempts int) time.Duration {
	return min(10*time.Second<<max(0, min(attempts-1, 16)), time.Hour)
}

// outbound is a message as its adapter takes it. A code says why it is not to be
// sent any more.
func (o *Outbox) outbound(ctx context.Context, delivery crisis.Delivery) (out channels.Outbound, source *crisis.Source, code string, err error) {
	message, err := crisis.Get[*crisis.Message](ctx, o.Store, delivery.Message)
	if errors.Is(err, crisis.ErrNotFound) {
		return out, nil, "forgotten", nil
	}
	if err != nil {
		return out, nil, "", fmt.Errorf("read a message to send: %w", err)
	}
	source, err = crisis.Get[*crisis.Source](ctx, o.Store, message.Source)
	if err != nil && !errors.Is(err, crisis.ErrNotFound) {
		return out, nil, "", fmt.Errorf("read whom to send to: %w", err)
	}
	switch {
	case err != nil || source.Address == "":
		return out, nil, "no_address", nil
	case source.OptedOut:
		return out, nil, "opted_out", nil
	}
	var l crisis.Letter
	if len(message.Raw) == 0 || json.Unmarshal(message.Raw.Reveal(), &l) != nil {
		return out, nil, "forgotten", nil
	}
	keeps := ownWordsFor
	if l.Kind == crisis.LetterReply {
		keeps = answersFor
	}
	if o.Clock().Sub(message.At) > keeps {
		return out, nil, "too_late", nil
	}
	scheme, value, _ := strings.Cut(source.Address.Reveal(), ":")
	out = channels.Outbound{ID: message.ID.String(), To: channels.Address{Scheme: scheme, Value: value}, Text: l.Text, Language: l.Language}
	return out, source, "", o.thread(ctx, message.Report, &out)
}

// thread ties an answer to what it answers: the newest message of the report that
// came on the channel.
func (o *Outbox) thread(ctx context.Context, report crisis.ID, out *channels.Outbound) error {
	links, err := crisis.Find[*crisis.MessageReport](ctx, o.Store, "report", report)
	if err != nil {
		return fmt.Errorf("read a report's messages: %w", err)
	}
	for _, link := range slices.Backward(links) {
		inbound, err := crisis.Get[*crisis.Message](ctx, o.Store, link.Message)
		if err != nil || inbound.Direction != crisis.Inbound {
			continue
		}
		parsed, err := o.Read(ctx, inbound)
		if err != nil || len(parsed) == 0 {
			continue // a follow-up by receipt, or code that has gone
		}
		one := parsed[0]
		if one.From.Scheme == out.To.Scheme {
			out.To = one.From // exactly as the provider wrote it
		}
		out.InReplyTo, out.Thread, out.Heard, out.Subject = one.ProviderID, one.Thread, inbound.At, one.Subject
		return nil
	}
	return ctx.Err()
}

// Collect hands what waits on a channel to a gateway that asks, or tells it again
// what it took before.
func (o *Outbox) Collect(ctx context.Context, channel crisis.ID, asked *channels.Collect) ([]channels.Outbound, error) {
	most := min(asked.Max, pageSize)
	// Two polls at once must not get the same: one process asks at a time, and in it
	// one poll.
	o.polls.Lock()
	defer o.polls.Unlock()
	if _, held, err := o.Store.Acquire(ctx, "collect:"+channel.String(), o.Holder, offerAgain/20); err != nil || !held {
		return nil, err
	}
	record, err := crisis.Get[*crisis.Channel](ctx, o.Store, channel)
	if err != nil {
		return nil, fmt.Errorf("read a channel: %w", err)
	}
	if !record.Replies() || most < 1 {
		return nil, nil
	}
	if asked.Awaited {
		return o.awaited(ctx, channel, most)
	}
	due, err := o.Store.Waiting(ctx, channel, o.Clock(), most)
	if err != nil {
		return nil, err
	}
	now := o.Clock()
	var handed []channels.Outbound
	change := crisis.Change{Action: "message.handed", Actor: actor, At: now}
	for _, delivery := range due {
		if delivery.Attempts >= maxOffers {
			continue
		}
		out, _, code, err := o.outbound(ctx, delivery)
		if err != nil {
			return nil, err
		}
		delivery.State, delivery.At, delivery.Code = crisis.DeliveryHanded, now, code
		if code != "" {
			delivery.State = crisis.DeliveryStopped
		} else {
			handed = append(handed, out)
			delivery.Attempts++
			delivery.Due = now.Add(offerAgain)
			delivery.ProviderKey = o.Keys.Dedupe(channel.String(), out.ID)
		}
		change.Then.Deliveries = append(change.Then.Deliveries, delivery)
	}
	if len(change.Then.Deliveries) == 0 {
		return nil, nil
	}
	if _, err := o.Store.Write(ctx, change); err != nil {
		return nil, fmt.Errorf("hand messages over: %w", err)
	}
	return handed, nil
}

// awaited are messages that a gateway took and has not spoken of since.
func (o *Outbox) awaited(ctx context.Context, channel crisis.ID, most int) ([]channels.Outbound, error) {
	handed, err := o.Store.Handed(ctx, channel, most)
	if err != nil {
		return nil, err
	}
	var messages []channels.Outbound
	for _, delivery := range handed {
		out, _, code, err := o.outbound(ctx, delivery)
		if err != nil {
			return nil, err
		}
		if code == "" {
			messages = append(messages, out)
		}
	}
	return messages, nil
}
