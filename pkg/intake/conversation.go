package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// codeAwaits: what a message belongs to has not come yet.
const codeAwaits = "awaits_earlier"

// mostParts bounds how many parts a text has: GSM counts them in one byte.
const mostParts = 255

// joins says whether a message belongs to an earlier one otherwise than by
// replacing it.
func joins(one channels.Message) bool {
	return one.Continues != "" || one.Part != nil || one.ReplyTo != "" || one.Thread != ""
}

// linked says whether this message has been worked before: its link to a report
// is there.
func (r *reading) linked(ctx context.Context, message *crisis.Message, number int) (bool, error) {
	_, err := crisis.Get[*crisis.MessageReport](ctx, r.worker.Store, derived(message.ID, "message_report", number))
	if errors.Is(err, crisis.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for a message's report: %w", err)
	}
	return true, nil
}

// before is the report that a message belongs to, and how; nil where it opens
// one. Of a part it makes the whole text, as far as it has come.
func (r *reading) before(ctx context.Context, message *crisis.Message, number int, one *channels.Message, source *crisis.Source, hash [32]byte) (*crisis.Report, string, error) {
	switch {
	case one.Supersedes != "" && !message.Variant:
		report, err := r.earlier(ctx, message, number, *one, hash)
		if err != nil || report != nil {
			return report, revised, err
		}
		// What it replaces was itself only an addition: the rest of the report stays.
		report, err = r.throughLink(ctx, message.Channel, one.Supersedes)
		return report, added, err
	case message.Variant:
		report, err := r.earlier(ctx, message, number, *one, hash)
		return report, revised, err
	case one.Continues != "":
		report, err := r.called(ctx, message.Channel, one.Continues)
		return report, added, err
	case one.Part != nil:
		report, err := r.whole(ctx, message.Channel, one)
		return report, revised, err
	case one.ReplyTo != "" || one.Thread != "":
		report, err := r.answered(ctx, message.Channel, *one)
		if err != nil || report != nil && report.Source == source.ID && !report.Withdrawn {
			return report, added, err
		}
	}
	report, err := r.earlier(ctx, message, number, *one, hash)
	if err != nil || report != nil {
		return report, revised, err
	}
	report, err = r.asked(ctx, message, source)
	return report, added, err
}

// answerWithin is how long after our question a text message, which cannot say
// what it answers, is taken for the answer.
const answerWithin = 24 * time.Hour

// asked is the report about which somebody of ours wrote to a source last; nil
// where nobody did of late.
func (r *reading) asked(ctx context.Context, message *crisis.Message, source *crisis.Source) (*crisis.Report, error) {
	one, err := r.worker.Host.identified(message.Channel)
	if err != nil || source.Rev == 0 || !one.channel.Replies() {
		return nil, nil
	}
	newest, err := crisis.Select[*crisis.Message](ctx, r.worker.Store, crisis.Query{By: "source", Value: source.ID, Newest: true, Limit: 1})
	if err != nil {
		return nil, fmt.Errorf("look for a question to a source: %w", err)
	}
	if len(newest) == 0 || newest[0].Channel != message.Channel || message.At.Before(newest[0].At) || message.At.Sub(newest[0].At) > answerWithin {
		return nil, nil
	}
	var letter crisis.Letter
	if json.Unmarshal(newest[0].Raw.Reveal(), &letter) != nil || letter.Kind != crisis.LetterReply {
		return nil, nil
	}
	report, err := r.newest(ctx, newest[0].Report)
	if err != nil || report == nil || report.Withdrawn || report.Source != source.ID {
		return nil, err
	}
	return report, nil
}

// follow is a report with what a later message added to it.
func follow(before, addition *crisis.Report) *crisis.Report {
	next := *before
	next.Message = addition.Message
	next.Media = slices.Clone(before.Media)
	if text := strings.TrimSpace(addition.Text.Reveal()); text != "" {
		if had := before.Text.Reveal(); had != "" {
			text = had + "\n\n" + text
		}
		next.Text = vault.Secret(text)
	}
	if addition.Given != "" {
		next.Given = addition.Given
	}
	if addition.Words != "" {
		next.Words = addition.Words
	}
	if before.Occurred.Precision == crisis.PrecisionUnknown && addition.Occurred.Precision != crisis.PrecisionUnknown {
		next.Occurred = addition.Occurred
	}
	for _, said := range addition.Said {
		if !slices.Contains(next.Said, said) {
			next.Said = append(slices.Clone(next.Said), said)
		}
	}
	if next.Answers == "" {
		next.Answers, next.Form = addition.Answers, addition.Form
	}
	if next.Contact == "" {
		next.Contact = addition.Contact
	}
	return &next
}

// whole puts the parts of a text together that have come so far, in order, with
// "[…]" for those that have not, and finds the report that the first of them to be
// read has opened.
func (r *reading) whole(ctx context.Context, channel crisis.ID, one *channels.Message) (*crisis.Report, error) {
	part := *one.Part
	if part.Total < 2 || part.Total > mostParts || part.Number < 1 || part.Number > part.Total {
		return nil, nil
	}
	keys := make([][32]byte, part.Total)
	var report *crisis.Report
	for i := range keys {
		id := channels.PartID(part.Of, i+1)
		keys[i] = r.worker.Host.providerKey(channel, id)
		if report == nil {
			var err error
			if report, err = r.known(ctx, channel, id); err != nil {
				return nil, err
			}
		}
	}
	there, err := r.worker.Store.Known(ctx, channel, keys...)
	if err != nil {
		return nil, err
	}
	texts := make([]string, part.Total)
	for i, key := range keys {
		texts[i] = "[…]"
		if i+1 == part.Number {
			texts[i] = one.Text
			continue
		}
		if id, ok := there[key]; ok {
			text, same, err := r.partText(ctx, id, *one)
			if err != nil {
				return nil, err
			}
			if same {
				texts[i] = text
			}
		}
	}
	one.Text = strings.Join(texts, "")
	return report, nil
}

// partText reads another part of a text; false where it is somebody else's.
func (r *reading) partText(ctx context.Context, id crisis.ID, of channels.Message) (string, bool, error) {
	message, err := crisis.Get[*crisis.Message](ctx, r.worker.Store, id)
	if err != nil {
		return "", false, fmt.Errorf("read another part: %w", err)
	}
	parsed, code := r.parse(ctx, message)
	if code != "" || len(parsed) != 1 || parsed[0].Part == nil || parsed[0].From != of.From || parsed[0].Part.Of != of.Part.Of {
		return "", false, ctx.Err()
	}
	return parsed[0].Text, true, nil
}

// answered is the report that a message of ours was about, or that an earlier
// message of the conversation gave; nil for none.
func (r *reading) answered(ctx context.Context, channel crisis.ID, one channels.Message) (*crisis.Report, error) {
	for _, id := range []string{one.ReplyTo, one.Thread} {
		if id == "" {
			continue
		}
		report, err := r.ours(ctx, channel, id)
		if err != nil || report != nil {
			return report, err
		}
		if report, err = r.called(ctx, channel, id); err != nil || report != nil {
			return report, err
		}
	}
	return nil, nil
}

// called is the report that a message of this name gave or added to; nil for none.
func (r *reading) called(ctx context.Context, channel crisis.ID, name string) (*crisis.Report, error) {
	report, err := r.known(ctx, channel, name)
	if err != nil || report != nil {
		return report, err
	}
	return r.throughLink(ctx, channel, name)
}

// throughLink is the report that an earlier message was added to.
func (r *reading) throughLink(ctx context.Context, channel crisis.ID, providerID string) (*crisis.Report, error) {
	key := r.worker.Host.providerKey(channel, providerID)
	there, err := r.worker.Store.Known(ctx, channel, key)
	if err != nil || there[key].IsZero() {
		return nil, err
	}
	link, err := crisis.One[*crisis.MessageReport](ctx, r.worker.Store, "message", there[key])
	if err != nil {
		return nil, ignoreMissing(err)
	}
	return r.newest(ctx, link.Report)
}

// newest is a report as the messages before this one leave it.
func (r *reading) newest(ctx context.Context, id crisis.ID) (*crisis.Report, error) {
	report, err := crisis.Get[*crisis.Report](ctx, r.worker.Store, id)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	for _, those := range []pending{r.mine, r.ahead} {
		if later := those.reports[report.ReceiptHash]; later != nil {
			return later, nil
		}
	}
	return report, nil
}

// ours is the report that a message which we sent was about.
func (r *reading) ours(ctx context.Context, channel crisis.ID, providerID string) (*crisis.Report, error) {
	delivery, err := r.worker.Store.DeliveryOf(ctx, channel, r.worker.Host.providerKey(channel, providerID))
	if errors.Is(err, crisis.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	sent, err := crisis.Get[*crisis.Message](ctx, r.worker.Store, delivery.Message)
	if err != nil || sent.Report.IsZero() {
		return nil, ignoreMissing(err)
	}
	return r.newest(ctx, sent.Report)
}

func ignoreMissing(err error) error {
	if errors.Is(err, crisis.ErrNotFound) {
		return nil
	}
	return err
}

// delivered notes what became of a message that went out.
func (r *reading) delivered(ctx context.Context, change *crisis.Change, message *crisis.Message, one channels.Message, tries int) (code string, err error) {
	if one.Status == nil {
		return "", nil
	}
	delivery, err := r.worker.Store.DeliveryOf(ctx, message.Channel, r.worker.Host.providerKey(message.Channel, one.Status.Of))
	switch {
	case errors.Is(err, crisis.ErrNotFound) && tries < 2:
		return codeAwaits, nil // the receipt may have been quicker than our own note
	case errors.Is(err, crisis.ErrNotFound):
		return "", nil // of a message that was not ours
	case err != nil:
		return "", err
	}
	state := deliveryState(one.Status.State)
	if state == "" || !delivery.State.Before(state) {
		return "", nil
	}
	delivery.State, delivery.Code, delivery.At = state, one.Status.Code, r.worker.Clock()
	change.Action = "message.receipt"
	change.Then.Deliveries = append(change.Then.Deliveries, delivery)
	return "", nil
}

// deliveryState is empty for what is no news: that the provider has it, it told us
// as we sent it.
func deliveryState(state channels.DeliveryState) crisis.DeliveryState {
	switch state {
	case channels.SentOn:
		return crisis.DeliverySent
	case channels.Delivered:
		return crisis.DeliveryDelivered
	case channels.Read:
		return crisis.DeliveryRead
	case channels.Undelivered:
		return crisis.DeliveryFailed
	}
	return ""
}
