package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/onyo-project/onyo/pkg/api/public"
	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/intake"
)

// door is the channel app as its callers see it: witnesses, the plain form, the
// desk on behalf of somebody, setup's test.
type door struct {
	door     *intake.Door
	receipts *intake.Receipts
	cards    *intake.Cards
	host     *intake.Host
}

// Submit takes a witness's report.
func (d *door) Submit(ctx context.Context, s public.Submission) (public.Taken, error) {
	receipt, err := d.door.Submit(ctx, intake.Submission{ContentType: s.Header.Get("Content-Type"), Body: s.Body,
		IdempotencyKeys: s.Header.Values("Idempotency-Key"), Scope: s.Submitter.String(), Submitter: s.Submitter})
	if err != nil {
		return public.Taken{}, err
	}
	status := map[crisis.Receipt]string{crisis.New: "new", crisis.Again: "again", crisis.Variant: "variant"}[receipt.Status]
	return public.Taken{Receipt: receipt.Code.Reveal(), Status: status}, nil
}

// BodyBytes bounds a submission with media.
func (d *door) BodyBytes() int64 {
	kind, err := d.host.KindOf(intake.AppChannel)
	if err != nil {
		return 0
	}
	return kind.BodyLimit("multipart/form-data")
}

// onBehalf takes what a caller said.
func (d *door) onBehalf(ctx context.Context, submitter crisis.ID, report []byte) (string, error) {
	receipt, err := d.door.Submit(ctx, intake.Submission{ContentType: "application/json", Body: report, Submitter: submitter})
	if err != nil {
		return "", err
	}
	return receipt.Code.Reveal(), nil
}

// test sends setup's test report.
func (d *door) test(ctx context.Context) (string, error) {
	body, err := json.Marshal(intake.Draft{Text: "This is a test report from setup. It can be marked as spam.", Language: "en"})
	if err != nil {
		return "", fmt.Errorf("write the test report: %w", err)
	}
	receipt, err := d.door.Submit(ctx, intake.Submission{ContentType: "application/json", Body: body})
	if err != nil {
		return "", err
	}
	return receipt.Code.Reveal(), nil
}

// Ask looks a report up by its receipt code, and adds to it, corrects it or
// withdraws it.
func (d *door) Ask(ctx context.Context, code, action, text string) (public.Became, error) {
	var fate intake.Fate
	var err error
	switch action {
	case "add":
		fate, err = d.receipts.Add(ctx, code, text)
	case "correct":
		fate, err = d.receipts.Correct(ctx, code, text)
	case "withdraw":
		fate, err = d.receipts.Withdraw(ctx, code)
	default:
		fate, err = d.receipts.Look(ctx, code)
	}
	switch {
	case errors.Is(err, intake.ErrCode):
		return public.Became{}, crisis.ErrNotFound
	case errors.Is(err, intake.ErrFollowUp):
		return public.Became{}, web.BadField("text", "Write between 1 and %d bytes of text.", intake.MaxFollowUp)
	case errors.Is(err, intake.ErrWithdrawn):
		return public.Became{}, web.Conflict("withdrawn", "This report was withdrawn; send a new one.")
	case err != nil:
		return public.Became{}, err
	}
	became := public.Became{Status: fate.Status, Label: fate.Label, ReceivedAt: fate.ReceivedAt}
	for _, entry := range fate.Entries {
		became.Entries = append(became.Entries, public.BecameEntry{At: entry.At, Text: entry.Text})
	}
	return became, nil
}

// Card asks whether a report card is still good, or fills it in.
func (d *door) Card(ctx context.Context, code string, answers public.CardAnswers) error {
	var err error
	if answers.Empty() {
		err = d.cards.Look(ctx, code)
	} else {
		err = d.cards.Fill(ctx, code, intake.Answer(answers))
	}
	if errors.Is(err, intake.ErrCode) || errors.Is(err, intake.ErrCardSpent) {
		return web.Refuse(http.StatusGone, "card_spent", "code", "This link was used already or has run out. Write to us again instead.")
	}
	return err
}
