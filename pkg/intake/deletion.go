package intake

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// deleted follows a deletion at the provider: a report that the message opened is
// withdrawn, from one that it added to its part is taken out. Where the provider's
// terms demand it, what was said is destroyed as well. A notice that comes before
// its message waits for it.
func (r *reading) deleted(ctx context.Context, change *crisis.Change, message *crisis.Message, one channels.Message, tries int) (code string, err error) {
	key := r.worker.Host.providerKey(message.Channel, one.Deletes)
	channel, err := r.worker.Host.identified(message.Channel)
	mirror := err == nil && channel.kind.Can.Mirror
	links, err := crisis.Find[*crisis.MessageReport](ctx, r.worker.Store, "name", key)
	if err != nil {
		return "", fmt.Errorf("look for what was deleted: %w", err)
	}
	report, root := r.unwritten(key)
	switch {
	case report != nil && (mirror || !root):
		return codeAwaits, nil // until all that led there can be read
	case report == nil && len(links) == 0 && tries+1 < MaxTries:
		return codeAwaits, nil
	case report == nil && len(links) == 0:
		return "", nil // of a message that never came here
	case report == nil:
		root = slices.ContainsFunc(links, func(l *crisis.MessageReport) bool { return l.Reason != added })
		if report, err = r.newest(ctx, links[0].Report); err != nil || report == nil {
			return "", err
		}
	}
	if report.Withdrawn && !mirror {
		return "", nil
	}
	next := *report
	next.Meta = report.Next(r.worker.Clock(), actor)
	change.Action, change.Reason = "report.withdrawn", "deleted_at_provider"
	if root {
		next.Withdrawn = true
		if links, err = r.roots(ctx, report.ID); err != nil {
			return "", err
		}
	} else {
		change.Action = "report.shortened"
		if err := r.without(ctx, &next, links); err != nil {
			return "", err
		}
	}
	if mirror {
		// The notice's own key seals what is left.
		next.Message = message.ID
		if next.Withdrawn {
			next.Subject, next.Text, next.Words, next.Given, next.Contact, next.Answers, next.Quoted = "", "", "", "", "", "", ""
		}
		for _, link := range links {
			change.Forget = append(change.Forget, link.Message)
		}
	}
	r.mine.reports[next.ReceiptHash] = &next
	change.Put = append(change.Put, &next)
	return "", nil
}

// unwritten is a report that the messages before this one are about to write under
// a name; root says that the name is of a message that opened or replaced it.
func (r *reading) unwritten(key [32]byte) (report *crisis.Report, root bool) {
	for _, those := range []pending{r.mine, r.ahead} {
		if found := those.names[key]; found != nil {
			return r.latest(found), !those.additions[key]
		}
	}
	return nil, false
}

// roots are the links of the messages that opened or replaced a report.
func (r *reading) roots(ctx context.Context, report crisis.ID) ([]*crisis.MessageReport, error) {
	links, err := crisis.Find[*crisis.MessageReport](ctx, r.worker.Store, "report", report)
	if err != nil {
		return nil, fmt.Errorf("read a report's messages: %w", err)
	}
	return slices.DeleteFunc(links, func(l *crisis.MessageReport) bool { return l.Reason != opened && l.Reason != revised }), nil
}

// without takes out of a report what some messages added to it.
func (r *reading) without(ctx context.Context, report *crisis.Report, links []*crisis.MessageReport) error {
	text := report.Text.Reveal()
	gone := map[crisis.ID]bool{}
	for _, link := range links {
		gone[link.Message] = true
		message, err := crisis.Get[*crisis.Message](ctx, r.worker.Store, link.Message)
		if err != nil {
			return fmt.Errorf("read what was deleted: %w", err)
		}
		parsed, _ := r.parse(ctx, message)
		for _, one := range parsed {
			said := r.written(message, one, report.Source)
			if words := strings.TrimSpace(one.Text); words != "" {
				text = strings.TrimPrefix(strings.Replace("\n\n"+text, "\n\n"+words, "", 1), "\n\n")
			}
			if said.Given != "" && said.Given == report.Given {
				report.Given = ""
			}
		}
	}
	report.Text = vault.Secret(text)
	var err error
	report.Media, err = r.mediaExcept(ctx, report.Media, func(message crisis.ID) bool { return gone[message] })
	return err
}

// mediaExcept leaves out the media that came with some messages.
func (r *reading) mediaExcept(ctx context.Context, media []crisis.ID, gone func(message crisis.ID) bool) ([]crisis.ID, error) {
	var kept []crisis.ID
	for _, id := range media {
		blob, err := crisis.Get[*crisis.Blob](ctx, r.worker.Store, id)
		if ignoreMissing(err) != nil {
			return nil, fmt.Errorf("read media: %w", err)
		}
		if err == nil && gone(blob.Message) {
			continue
		}
		kept = append(kept, id)
	}
	return kept, nil
}
