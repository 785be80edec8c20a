package api

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/onyo-project/onyo/pkg/api/public"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/intake"
)

// door is the channel app as its callers see it: witnesses, the plain form, the
// desk on behalf of somebody, setup's test.
type door struct {
	door     *intake.Door
	receipts *intake.Receipts
	host     *intake.Host
}

// Submit takes a witness's report.
func (d *door) Submit(ctx context.Context, s public.Submission) (public.Taken, error) {
	receipt, err := d.door.Submit(ctx, intake.Submission{ContentType: s.Header.Get("Content-Type"), Body: s.Body,
		IdempotencyKeys: s.Header.Values("Idempotency-Key"), Scope: s.Scope})
	if err != nil {
		return public.Taken{}, err
	}
	status := map[crisis.Receipt]string{crisis.New: "new", crisis.Again: "again", crisis.Variant: "variant"}[receipt.Status]
	return public.Taken{Receipt: receipt.Code.Reveal(), Status: status}, nil
}

// BodyBytes bounds a submission with media.
func (d *door) BodyBytes() int64 {
	kind, ok := d.host.KindOf(intake.AppChannel)
	if !ok {
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
