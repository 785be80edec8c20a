package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

const (
	// Consumer is the outbox's name as a reader of the ledger.
	Consumer = "outbox"
	// follows is the consumer behind which the outbox stays: it places reports,
	// and a card asks only for a place that is missing.
	follows = "triage"
	// freshFor is how new a report must be to be acknowledged: a thank-you for a
	// message of yesterday, after an outage, frightens.
	freshFor = time.Hour
	// onceIn is how seldom one source is acknowledged.
	onceIn = 24 * time.Hour
	// cardFor is how long a report card opens.
	cardFor = 7 * 24 * time.Hour
	entries = 512
)

// acknowledge answers those whose reports are new, on channels where that is
// switched on.
func (o *Outbox) acknowledge(ctx context.Context, lease crisis.Lease) error {
	next, err := o.Store.Cursor(ctx, Consumer)
	if err != nil {
		return fmt.Errorf("read the cursor: %w", err)
	}
	placed, err := o.Store.Cursor(ctx, follows)
	if err != nil {
		return fmt.Errorf("read the cursor of %s: %w", follows, err)
	}
	for from := next; next < placed; from = next {
		page, err := o.Store.Entries(ctx, from, entries)
		if err != nil {
			return fmt.Errorf("read the ledger: %w", err)
		}
		for _, entry := range page {
			if entry.Index >= placed {
				break
			}
			next = entry.Index + 1
			if entry.Table != crisis.TableReport || entry.Rev != 1 {
				continue
			}
			if err := o.thank(ctx, entry.ID); err != nil {
				return err
			}
		}
		if next == from {
			return nil
		}
		if _, err := o.Store.Write(ctx, crisis.Change{Action: "outbox.advanced", Actor: actor, At: o.Clock(), Guard: crisis.Guard{Lease: &lease},
			Then: crisis.Effects{Advance: &crisis.Cursor{Consumer: Consumer, Next: next}}}); err != nil {
			return fmt.Errorf("advance the cursor: %w", err)
		}
	}
	return nil
}

// thank acknowledges one report, if its channel wants it. Why it may not be is
// nobody's fault and logged by code alone.
func (o *Outbox) thank(ctx context.Context, id crisis.ID) error {
	report, err := crisis.Get[*crisis.Report](ctx, o.Store, id)
	if errors.Is(err, crisis.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read a report: %w", err)
	}
	if report.Withdrawn || !report.Submitter.IsZero() || !report.Batch.IsZero() || o.Clock().Sub(report.ReceivedAt) > freshFor {
		return nil
	}
	channel, err := crisis.Get[*crisis.Channel](ctx, o.Store, report.Channel)
	if err != nil || channel.Acknowledge() == crisis.Off {
		return err
	}
	lately, err := o.lately(ctx, report.Source)
	if err != nil || lately {
		return err
	}
	deployment, _, err := crisis.ReadDeployment(ctx, o.Store)
	if err != nil && !errors.Is(err, crisis.ErrNotFound) {
		return fmt.Errorf("read the deployment: %w", err)
	}
	l := crisis.Letter{Kind: crisis.LetterAcknowledgement, Language: spoken(report.Language, deployment.Languages)}
	l.Text = strings.TrimSpace(fmt.Sprintf(words(l.Language).thanks, reference(id)) + " " + deployment.Emergency.In(l.Language))
	var with []crisis.Record
	if channel.Acknowledge() == crisis.Card {
		placed, err := o.placed(ctx, report)
		if err != nil {
			return err
		}
		if !placed {
			card, code, err := o.card(report.ID)
			if err != nil {
				return err
			}
			l.Kind, with = crisis.LetterCard, []crisis.Record{card}
			l.Text += " " + words(l.Language).where + " " + o.PublicURL + "/card#" + code
		}
	}
	_, err = o.queue(ctx, actor, report, l, crisis.Guard{}, with)
	if refused(err) {
		o.Log.Info("report not acknowledged", "report", report.ID, "why", err)
		return nil
	}
	return err
}

func refused(err error) bool {
	return slices.ContainsFunc([]error{ErrRepliesOff, ErrNoAddress, ErrOptedOut, ErrLimit, ErrText}, func(known error) bool { return errors.Is(err, known) })
}

// lately says whether a source was written to within a day.
func (o *Outbox) lately(ctx context.Context, source crisis.ID) (bool, error) {
	newest, err := crisis.Select[*crisis.Message](ctx, o.Store, crisis.Query{By: "source", Value: source, Newest: true, Limit: 1})
	if err != nil {
		return false, fmt.Errorf("look for an earlier message to a source: %w", err)
	}
	if len(newest) == 0 || o.Clock().Sub(newest[0].At) >= onceIn {
		return false, nil
	}
	// What failed told nobody anything.
	stands, err := o.Store.Deliveries(ctx, newest[0].ID)
	return len(stands) == 0 || stands[0].State != crisis.DeliveryFailed && stands[0].State != crisis.DeliveryStopped, err
}

// placed says whether anybody knows where a report is about.
func (o *Outbox) placed(ctx context.Context, report *crisis.Report) (bool, error) {
	if report.Given != "" {
		return true, nil
	}
	locations, err := crisis.Find[*crisis.Location](ctx, o.Store, "report", report.ID)
	if err != nil {
		return false, fmt.Errorf("read a report's places: %w", err)
	}
	return slices.ContainsFunc(locations, func(l *crisis.Location) bool { return l.Certain }), nil
}

// card makes a report card: it opens once.
func (o *Outbox) card(report crisis.ID) (*crisis.Credential, string, error) {
	now := o.Clock()
	id, err := crisis.NewID(now, o.Rand)
	if err != nil {
		return nil, "", err
	}
	code, hash, err := o.Keys.NewReceiptCode(o.Rand)
	if err != nil {
		return nil, "", fmt.Errorf("draw a card's code: %w", err)
	}
	return &crisis.Credential{Meta: crisis.First(id, now, actor), Kind: crisis.CredentialCard, Hash: hash, Expires: now.Add(cardFor), Report: report},
		code.Reveal(), nil
}

// reference is what a witness and the desk can both name a report by. It opens
// nothing.
func reference(report crisis.ID) string {
	text := strings.ToUpper(strings.ReplaceAll(report.String(), "-", ""))
	return text[len(text)-6:]
}
