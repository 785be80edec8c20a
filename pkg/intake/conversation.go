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
		if err != nil || report == nil {
			return nil, revised, err
		}
		addition, err := r.addition(ctx, message.Channel, one.Supersedes)
		if addition {
			// What it replaces was itself only an addition: the rest of the report stays.
			return report, added, err
		}
		return report, revised, err
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
		report, err = r.earlier(ctx, message, number, *one, hash)
		return report, revised, err
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
const answerWithin = 6 * time.Hour

// asked is the report about which somebody of ours asked a source last, if this is
// the first that the source says since; nil otherwise.
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
	question := newest[0]
	var letter crisis.Letter
	if json.Unmarshal(question.Raw.Reveal(), &letter) != nil || letter.Kind != crisis.LetterReply {
		return nil, nil
	}
	left, err := r.worker.Store.Deliveries(ctx, question.ID)
	if err != nil {
		return nil, err
	}
	if len(left) == 0 || left[0].State == crisis.DeliveryQueued || left[0].State == crisis.DeliveryFailed || left[0].State == crisis.DeliveryStopped {
		return nil, nil
	}
	report, err := r.newest(ctx, question.Report)
	if err != nil || report == nil || report.Withdrawn || report.Source != source.ID || report.At.After(question.At) {
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

// revise is a report whose first words were replaced: what later messages added to
// it stays. Of a part the words alone are new, and was is what stood there without
// it.
func (r *reading) revise(ctx context.Context, before, next *crisis.Report, part bool, was string) (*crisis.Report, error) {
	revised := *before
	revised.Message = next.Message
	if part {
		revised.Text = vault.Secret(replaced(before.Text.Reveal(), was, next.Text.Reveal()))
		return &revised, nil
	}
	base, messages, err := r.base(ctx, before)
	if err != nil || base == nil {
		return next, err
	}
	revised.Text = vault.Secret(replaced(before.Text.Reveal(), base.Text.Reveal(), next.Text.Reveal()))
	take := func(into *vault.Secret, was, now vault.Secret) {
		if *into == was {
			*into = now
		}
	}
	take(&revised.Given, base.Given, next.Given)
	take(&revised.Words, base.Words, next.Words)
	take(&revised.Contact, base.Contact, next.Contact)
	take(&revised.Answers, base.Answers, next.Answers)
	take(&revised.Subject, base.Subject, next.Subject)
	take(&revised.Quoted, base.Quoted, next.Quoted)
	if slices.Equal(before.Said, base.Said) {
		revised.Said = next.Said
	}
	if before.Occurred.Precision == base.Occurred.Precision && before.Occurred.From.Equal(base.Occurred.From) {
		revised.Occurred = next.Occurred
	}
	if next.Language != "" {
		revised.Language = next.Language
	}
	revised.Form, revised.Checks = next.Form, next.Checks
	revised.Media, err = r.mediaExcept(ctx, before.Media, func(message crisis.ID) bool { return messages[message] })
	return &revised, err
}

// replaced puts other first words before what was added to them.
func replaced(whole, was, now string) string {
	rest, begins := strings.CutPrefix(whole, was)
	switch {
	case now != "" && strings.HasPrefix(whole, now):
		return whole // it stands there already
	case !begins:
		return now
	}
	rest = strings.TrimPrefix(rest, "\n\n")
	if now == "" || rest == "" {
		return now + rest
	}
	return now + "\n\n" + rest
}

// base is what the message that opened a report, or last replaced it, said alone,
// and which messages those are; nil where it cannot be read any more.
func (r *reading) base(ctx context.Context, report *crisis.Report) (*crisis.Report, map[crisis.ID]bool, error) {
	links, err := crisis.Find[*crisis.MessageReport](ctx, r.worker.Store, "report", report.ID)
	if err != nil {
		return nil, nil, fmt.Errorf("read a report's messages: %w", err)
	}
	messages, last := map[crisis.ID]bool{}, crisis.ID{}
	for _, link := range links {
		if link.Reason == opened || link.Reason == revised {
			messages[link.Message], last = true, link.Message
		}
	}
	for _, those := range []pending{r.mine, r.ahead} {
		if base := those.bases[report.ID]; base != nil {
			messages[base.Message] = true
			return base, messages, nil
		}
	}
	if last.IsZero() {
		return nil, nil, nil
	}
	message, err := crisis.Get[*crisis.Message](ctx, r.worker.Store, last)
	if err != nil {
		return nil, nil, ignoreMissing(err)
	}
	parsed, code := r.parse(ctx, message)
	if code != "" || len(parsed) == 0 {
		return nil, nil, ctx.Err()
	}
	return r.written(message, parsed[0], report.Source), messages, nil
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
			if report, err = r.called(ctx, channel, id); err != nil {
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
	key := r.worker.Host.providerKey(channel, name)
	for _, those := range []pending{r.mine, r.ahead} {
		if report := those.names[key]; report != nil {
			return r.latest(report), nil
		}
	}
	link, err := crisis.One[*crisis.MessageReport](ctx, r.worker.Store, "name", key)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	return r.newest(ctx, link.Report)
}

// addition says whether the message of this name only added to its report.
func (r *reading) addition(ctx context.Context, channel crisis.ID, name string) (bool, error) {
	links, err := crisis.Find[*crisis.MessageReport](ctx, r.worker.Store, "name", r.worker.Host.providerKey(channel, name))
	if err != nil {
		return false, fmt.Errorf("look for a message's report: %w", err)
	}
	return len(links) > 0 && !slices.ContainsFunc(links, func(l *crisis.MessageReport) bool { return l.Reason != added }), nil
}

// latest is a report as the messages before this one leave it.
func (r *reading) latest(report *crisis.Report) *crisis.Report {
	for _, those := range []pending{r.mine, r.ahead} {
		if later := those.reports[report.ReceiptHash]; later != nil && later.Rev >= report.Rev {
			return later
		}
	}
	return report
}

// newest is a report by its id, as the messages before this one leave it.
func (r *reading) newest(ctx context.Context, id crisis.ID) (*crisis.Report, error) {
	report, err := crisis.Get[*crisis.Report](ctx, r.worker.Store, id)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	return r.latest(report), nil
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
	switch {
	case one.Status.State == channels.Queued && delivery.State == crisis.DeliveryHanded:
		// The gateway has it for certain: it is not to be offered again.
		state, delivery.Due = crisis.DeliveryHanded, r.worker.Clock().Add(48*time.Hour)
	case state == "" || !delivery.State.Before(state):
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
