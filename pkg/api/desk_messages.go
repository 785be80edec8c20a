package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/outbox"
	"github.com/onyo-project/onyo/pkg/verification"
)

// MessageBody is an answer to whoever is behind one of an incident's reports.
// Report may be left out where the incident has one.
type MessageBody struct {
	Report string `json:"report,omitempty"`
	Text   string `json:"text"`
	// ClaimToken of whoever holds the incident; nobody else may answer meanwhile.
	ClaimToken string `json:"claim_token,omitempty"`
}

// ThreadRow is one message of the conversation with a source. State of what came
// is "received"; of what goes out "queued", "handed" (to a gateway), "sent",
// "delivered", "read", "failed" or "stopped", with Code where something went
// wrong. Kind of what goes out is "reply", "acknowledgement" or "card".
type ThreadRow struct {
	ID        string           `json:"id"`
	Report    string           `json:"report"`
	Direction crisis.Direction `json:"direction"`
	Kind      string           `json:"kind,omitempty"`
	Text      string           `json:"text"`
	At        time.Time        `json:"at"`
	State     string           `json:"state"`
	StateAt   *time.Time       `json:"state_at,omitempty"`
	Code      string           `json:"code,omitempty"`
	By        string           `json:"by,omitempty"`
}

// send queues an answer. It is queued, not sent: the thread tells how far it got.
func (s *desk) send(c echo.Context) error {
	id, err := incidentID(c)
	if err != nil {
		return err
	}
	var body MessageBody
	if err := web.ReadJSON(c, &body); err != nil {
		return err
	}
	ctx := c.Request().Context()
	dossier, err := s.work.Load(ctx, id)
	if err != nil {
		return refusal(err)
	}
	report, err := addressed(dossier, body.Report)
	if err != nil {
		return err
	}
	guard := crisis.Guard{Unclaimed: []crisis.ID{id}}
	if body.ClaimToken != "" {
		guard = crisis.Guard{Claim: &crisis.ClaimProof{Incident: id, Token: body.ClaimToken}}
	}
	message, err := s.outbox.Reply(ctx, who(c).Actor(), report, body.Text, guard)
	if err != nil {
		return unsent(err)
	}
	return c.JSON(http.StatusAccepted, ThreadRow{ID: message.ID.String(), Report: report.ID.String(), Direction: crisis.Outbound, Kind: "reply",
		Text: body.Text, At: message.At, State: string(crisis.DeliveryQueued), By: who(c).Person.Name})
}

// addressed is the report whose source is meant.
func addressed(d *verification.Dossier, named string) (*crisis.Report, error) {
	if named == "" && len(d.Reports) == 1 {
		return d.Reports[0], nil
	}
	for _, report := range d.Reports {
		if report.ID.String() == named {
			return report, nil
		}
	}
	return nil, web.BadField("report", "Name one of the incident's reports.")
}

// unsent says why a message was not taken.
func unsent(err error) error {
	for code, known := range map[string]error{"replies_off": outbox.ErrRepliesOff, "no_address": outbox.ErrNoAddress, "opted_out": outbox.ErrOptedOut, "reply_limit": outbox.ErrLimit} {
		if errors.Is(err, known) {
			return web.Conflict(code, sentence(known))
		}
	}
	if errors.Is(err, outbox.ErrText) {
		return web.BadField("text", "%s", sentence(outbox.ErrText))
	}
	return refusal(err)
}

// sentence is an error's text as a sentence.
func sentence(err error) string {
	text := err.Error()
	return string(text[0]-'a'+'A') + text[1:] + "."
}

// thread is the conversation about an incident, oldest first, and which of its
// reports can be answered.
func (s *desk) thread(ctx context.Context, d *verification.Dossier, people *names) ([]ThreadRow, error) {
	rows := []ThreadRow{}
	for _, report := range d.Reports {
		rows = append(rows, ThreadRow{ID: report.Message.String(), Report: report.ID.String(), Direction: crisis.Inbound, Text: report.Whole(), At: report.ReceivedAt, State: "received"})
		sent, err := s.outbox.Of(ctx, report.ID)
		if err != nil {
			return nil, fmt.Errorf("read what was sent: %w", err)
		}
		for _, one := range sent {
			at := one.Delivery.At
			rows = append(rows, ThreadRow{ID: one.Message.ID.String(), Report: report.ID.String(), Direction: crisis.Outbound, Kind: one.Kind, Text: one.Text.Reveal(),
				At: one.Message.At, State: string(one.Delivery.State), StateAt: &at, Code: one.Delivery.Code, By: people.actor(ctx, one.Message.By)})
		}
	}
	slices.SortStableFunc(rows, func(a, b ThreadRow) int { return a.At.Compare(b.At) })
	return rows, nil
}

// replyable says why a report's source cannot be answered: a code, or empty.
func (s *desk) replyable(ctx context.Context, report *crisis.Report) string {
	err := s.outbox.Can(ctx, report)
	if err == nil {
		return ""
	}
	var problem *web.Problem
	if errors.As(unsent(err), &problem) {
		return problem.Code
	}
	return "no_address"
}
