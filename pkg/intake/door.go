package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// AppChannel is the channel that exists from first start.
const AppChannel = "app"

// Submission is one report for the app channel, as its body came.
type Submission struct {
	ContentType string
	Body        []byte
	// IdempotencyKeys as they came; the channel wants at most one. Scope keeps
	// apart the keys of authenticated callers.
	IdempotencyKeys []string
	Scope           string
	// Submitter is the person who typed it in on behalf of somebody, and may not
	// verify it.
	Submitter crisis.ID
	// Batch names an import.
	Batch crisis.ID
	At    time.Time // zero: now
}

// Door takes in what comes over our own interface: witnesses' apps, the plain
// form, the desk on behalf of callers, imports.
type Door struct{ host *Host }

// NewDoor makes the door of a host.
func NewDoor(host *Host) *Door { return &Door{host: host} }

// Submit takes one report in and returns once it is durable. Errors are those of
// Host.Receive.
func (d *Door) Submit(ctx context.Context, s Submission) (Receipt, error) {
	accepted, err := d.host.receive(ctx, AppChannel, s.exchange(), behalf{submitter: s.Submitter, batch: s.Batch})
	if err != nil {
		return Receipt{}, err
	}
	if len(accepted.Receipts) != 1 {
		return Receipt{}, fmt.Errorf("a submission gave %d messages", len(accepted.Receipts))
	}
	return accepted.Receipts[0], nil
}

// SubmitAll takes in many, durable together and much faster than one by one; a
// refusal of one stands in its place of the errors and does not keep back the
// others. The last error is the store's, and then nothing was kept.
func (d *Door) SubmitAll(ctx context.Context, all []Submission) ([]Receipt, []error, error) {
	receipts, refused := make([]Receipt, len(all)), make([]error, len(all))
	one, err := d.host.named(AppChannel)
	if err != nil {
		return nil, nil, err
	}
	var changes []crisis.Change
	var kept []Receipt
	var places []int
	for i, s := range all {
		reception, err := d.host.split(ctx, one, s.exchange())
		if err != nil {
			refused[i] = err
			continue
		}
		some, theirs, err := d.host.messages(one, reception.Messages, s.At, behalf{submitter: s.Submitter, batch: s.Batch})
		if err != nil {
			return nil, nil, err
		}
		for range some {
			places = append(places, i)
		}
		changes, kept = append(changes, some...), append(kept, theirs...)
	}
	if err := d.host.keep(ctx, changes, kept); err != nil {
		return nil, nil, err
	}
	for i, receipt := range kept {
		receipts[places[i]] = receipt
	}
	return receipts, refused, nil
}

func (s Submission) exchange() channels.Exchange {
	header := http.Header{"Content-Type": {s.ContentType}}
	if len(s.IdempotencyKeys) > 0 {
		header["Idempotency-Key"] = s.IdempotencyKeys
	}
	return channels.Exchange{Method: http.MethodPost, Header: header, Body: s.Body, Scope: s.Scope, At: s.At}
}

// Draft is a report made by a program of ours: the JSON of POST /api/v1/reports.
type Draft struct {
	Text       string          `json:"text,omitempty"`
	Location   *DraftPlace     `json:"location,omitempty"`
	OccurredAt *time.Time      `json:"occurred_at,omitempty"`
	Categories []string        `json:"categories,omitempty"`
	Language   string          `json:"language,omitempty"`
	Contact    string          `json:"contact,omitempty"`
	Form       string          `json:"form,omitempty"`
	Answers    json.RawMessage `json:"answers,omitempty"`
	Media      []DraftMedia    `json:"-"`
}

// DraftPlace is a point in degrees with its accuracy in metres, words, or both.
type DraftPlace struct {
	Lon       *float64 `json:"lon,omitempty"`
	Lat       *float64 `json:"lat,omitempty"`
	AccuracyM *float64 `json:"accuracy_m,omitempty"`
	Words     string   `json:"words,omitempty"`
}

// DraftMedia is one file of a draft.
type DraftMedia struct {
	Name, ContentType string
	Bytes             []byte
}

// Compose makes the body of a draft: JSON, or multipart where it has media.
func (d Draft) Compose() (contentType string, body []byte, err error) {
	report, err := json.Marshal(d)
	if err != nil {
		return "", nil, fmt.Errorf("compose a report: %w", err)
	}
	if len(d.Media) == 0 {
		return "application/json", report, nil
	}
	var out bytes.Buffer
	form := multipart.NewWriter(&out)
	part, err := form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {`form-data; name="report"`}, "Content-Type": {"application/json"}})
	if err == nil {
		_, err = part.Write(report)
	}
	for _, media := range d.Media {
		if err != nil {
			break
		}
		head := textproto.MIMEHeader{"Content-Disposition": {multipart.FileContentDisposition("media", media.Name)}, "Content-Type": {media.ContentType}}
		if part, err = form.CreatePart(head); err == nil {
			_, err = part.Write(media.Bytes)
		}
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		return "", nil, fmt.Errorf("compose a report: %w", err)
	}
	return form.FormDataContentType(), out.Bytes(), nil
}
