package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// Receipt is what a sender gets for one message.
type Receipt struct {
	// Code finds the report again; empty for what is no report, and for a
	// Variant, because whoever sends one need not be the first sender.
	Code vault.Secret
	// Status is New, Again or Variant.
	Status  crisis.Receipt
	Message crisis.ID
}

// Accepted is what to answer, and a receipt per message.
type Accepted struct {
	Answer   channels.Answer
	Receipts []Receipt
}

// behalf is who else is behind a message.
type behalf struct {
	submitter crisis.ID // typed it in
	batch     crisis.ID // an import
}

// Receive takes one exchange in and returns once it is durable. It fails with a
// *channels.Refusal, and then nothing is stored; with ErrNoChannel; or with
// ErrUnavailable.
func (h *Host) Receive(ctx context.Context, channel string, exchange channels.Exchange) (Accepted, error) {
	return h.receive(ctx, channel, exchange, behalf{})
}

func (h *Host) receive(ctx context.Context, channel string, exchange channels.Exchange, who behalf) (Accepted, error) {
	one, err := h.named(channel)
	if err != nil {
		return Accepted{}, err
	}
	reception, err := h.split(ctx, one, exchange)
	if err != nil {
		return Accepted{}, err
	}
	if err := h.once(ctx, one, reception.Messages); err != nil {
		return Accepted{}, err
	}
	changes, receipts, err := h.messages(one, reception.Messages, exchange.At, who)
	if err != nil {
		return Accepted{}, err
	}
	if err := h.keep(ctx, changes, receipts); err != nil {
		return Accepted{}, err
	}
	answer := reception.Answer
	if reception.Collect != nil {
		if answer, err = h.collect(ctx, one, reception.Collect); err != nil {
			return Accepted{}, err
		}
	}
	return Accepted{Answer: answer, Receipts: receipts}, nil
}

// once refuses a proof that came before with other content. The first use is kept
// beside the message, as one that says nothing.
func (h *Host) once(ctx context.Context, one *live, splits []channels.Split) error {
	for _, split := range splits {
		if split.Once == "" {
			continue
		}
		message, err := h.proof(one, split, h.Clock())
		if err != nil {
			return err
		}
		used, err := h.Store.Known(ctx, one.channel.ID, message.ProviderKey)
		if err != nil {
			return errors.Join(ErrUnavailable, err)
		}
		if id, before := used[message.ProviderKey]; before {
			first, err := crisis.Get[*crisis.Message](ctx, h.Store, id)
			if err != nil {
				return errors.Join(ErrUnavailable, err)
			}
			if first.Digest != message.Digest {
				return channels.Unauthentic()
			}
			continue
		}
		outcomes, err := h.Store.Write(ctx, crisis.Change{Action: "proof.used", Actor: message.By, At: message.At, Put: []crisis.Record{message}})
		if err != nil {
			return errors.Join(ErrUnavailable, err)
		}
		if outcomes[0].Receipt == crisis.Variant {
			return channels.Unauthentic() // another was quicker
		}
	}
	return nil
}

// proofUsed is why such a message is kept.
const proofUsed = "proof"

// proof is a message that holds nothing but that a proof was used, and for what.
func (h *Host) proof(one *live, split channels.Split, at time.Time) (*crisis.Message, error) {
	id, err := crisis.NewID(at, h.Rand)
	if err != nil {
		return nil, err
	}
	return &crisis.Message{Meta: crisis.First(id, at, crisis.ChannelActor(one.channel.Name)), Channel: one.channel.ID, Direction: crisis.Inbound,
		Kind: crisis.KindOther, Why: proofUsed, ProviderKey: h.providerKey(one.channel.ID, "proof:"+split.Once),
		Digest: h.Keys.Digest(one.channel.ID.String(), split.Digest[:]), Raw: vault.SecretBytes("proof")}, nil
}

// collect gives a gateway that asks what waits to be sent.
func (h *Host) collect(ctx context.Context, one *live, asked *channels.Collect) (channels.Answer, error) {
	var messages []channels.Outbound
	if h.Collect != nil {
		var err error
		if messages, err = h.Collect(ctx, one.channel.ID, asked); err != nil {
			return channels.Answer{}, errors.Join(ErrUnavailable, err)
		}
	}
	return asked.Answer(messages), nil
}

// split lets the adapter authenticate and split. An adapter that panics has
// proved nothing, so nothing is stored.
func (h *Host) split(ctx context.Context, one *live, exchange channels.Exchange) (reception channels.Reception, err error) {
	webhook, ok := one.adapter.(channels.Webhook)
	if !ok {
		return reception, ErrNoChannel
	}
	if exchange.At.IsZero() {
		exchange.At = h.Clock()
	}
	if exchange.ID == "" {
		id, err := crisis.NewID(exchange.At, h.Rand)
		if err != nil {
			return reception, err
		}
		exchange.ID = id.String()
	}
	defer func() {
		if recover() != nil {
			h.Log.Error("adapter panicked on receiving", "channel", one.channel.Name, "bytes", len(exchange.Body))
			err = fmt.Errorf("adapter of %s failed: %w", one.channel.Name, ErrUnavailable)
		}
	}()
	return one.kind.Receive(ctx, webhook, exchange)
}

// messages makes the Changes that keep some splits, and their receipts.
func (h *Host) messages(one *live, splits []channels.Split, at time.Time, who behalf) ([]crisis.Change, []Receipt, error) {
	if at.IsZero() {
		at = h.Clock()
	}
	by := crisis.ChannelActor(one.channel.Name)
	if !who.submitter.IsZero() {
		by = crisis.PersonActor(who.submitter)
	}
	changes := make([]crisis.Change, len(splits))
	receipts := make([]Receipt, len(splits))
	for i, split := range splits {
		id, err := crisis.NewID(at, h.Rand)
		if err != nil {
			return nil, nil, err
		}
		receipts[i].Message = id
		if split.Nature == channels.Report {
			if receipts[i].Code, _, err = receiptOf(h.Keys, one.channel.ID, split.ProviderID); err != nil {
				return nil, nil, err
			}
		}
		message := &crisis.Message{
			Meta: crisis.First(id, at, by), Channel: one.channel.ID, Direction: crisis.Inbound,
			Kind:        crisis.MessageKind(split.Nature),
			ProviderKey: h.providerKey(one.channel.ID, split.ProviderID),
			Digest:      h.Keys.Digest(one.channel.ID.String(), split.Digest[:]),
			Raw:         vault.SecretBytes(split.Raw), Why: split.Why,
			Submitter: who.submitter, Batch: who.batch,
		}
		changes[i] = crisis.Change{Action: "message.accepted", Actor: by, At: at, Put: []crisis.Record{message}}
	}
	return changes, receipts, nil
}

// keep writes, and notes in the receipts how the messages met earlier ones.
func (h *Host) keep(ctx context.Context, changes []crisis.Change, receipts []Receipt) error {
	if len(changes) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, acceptWithin)
	defer cancel()
	outcomes, err := h.Store.Write(ctx, changes...)
	if err != nil {
		h.Log.Error("messages not stored", "count", len(changes), "error", err)
		return errors.Join(ErrUnavailable, err)
	}
	for i := range receipts {
		receipts[i].Status = outcomes[i].Receipt
		if receipts[i].Status == crisis.Variant {
			receipts[i].Code = ""
		}
	}
	return nil
}

// nameOf is what a provider's later messages call a message.
func nameOf(providerID, alias string) string {
	if alias != "" {
		return alias
	}
	return providerID
}

// receiptOf is the receipt code of what a provider calls by an id, and the hash
// that its report keeps. It follows from the id under a key that never rotates,
// so that a message told twice gets the code it had.
func receiptOf(keys *vault.Keys, channel crisis.ID, providerID string) (vault.Secret, [32]byte, error) {
	seed := keys.Dedupe("receipt of "+channel.String(), providerID)
	return keys.NewReceiptCode(bytes.NewReader(seed[:]))
}
