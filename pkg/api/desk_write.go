package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/verification"
)

// ClaimAnswer is a claim: its token goes with every write until it expires.
type ClaimAnswer struct {
	Token   string    `json:"token"`
	Expires time.Time `json:"expires_at"`
}

// ClaimBody names a claim.
type ClaimBody struct {
	Token string `json:"token"`
}

// Ticket goes with every write: the version that was seen, and the claim.
type Ticket struct {
	ClaimToken string `json:"claim_token"`
	Version    uint64 `json:"version"`
}

// EvidenceBody is a link or a note.
type EvidenceBody struct {
	Kind crisis.EvidenceKind `json:"kind"`
	URL  string              `json:"url"`
	Note string              `json:"note"`
}

// SummaryBody is a text for the public.
type SummaryBody struct {
	Text     string `json:"text"`
	Language string `json:"language"`
}

// AssessBody is one person's judgement.
type AssessBody struct {
	Ticket
	Verdict     crisis.Verdict `json:"verdict"`
	Credibility int            `json:"credibility"`
	Reliability string         `json:"reliability"`
	Reason      string         `json:"reason"`
	Evidence    []EvidenceBody `json:"evidence"`
	Summary     *SummaryBody   `json:"summary"`
}

// LocateBody is a point that a person vouches for.
type LocateBody struct {
	Ticket
	Lon          float64 `json:"lon"`
	Lat          float64 `json:"lat"`
	UncertaintyM float64 `json:"uncertainty_m"`
	Reason       string  `json:"reason"`
}

// CategoriseBody names categories; severity raises and never lowers.
type CategoriseBody struct {
	Ticket
	Categories []string        `json:"categories"`
	Severity   crisis.Severity `json:"severity"`
}

// SummariseBody is the text for the public in one language.
type SummariseBody struct {
	Ticket
	SummaryBody
}

// PhaseBody is ongoing or over.
type PhaseBody struct {
	Ticket
	Phase  crisis.Phase `json:"phase"`
	Reason string       `json:"reason"`
}

// MergeBody makes incidents part of into.
type MergeBody struct {
	Ticket
	Into      crisis.ID   `json:"into"`
	Incidents []crisis.ID `json:"incidents"`
}

// SplitBody takes reports out of an incident.
type SplitBody struct {
	Ticket
	Incident crisis.ID   `json:"incident"`
	Reports  []crisis.ID `json:"reports"`
}

func (t Ticket) of(incident crisis.ID) verification.Ticket {
	return verification.Ticket{Incident: incident, Version: t.Version, Token: t.ClaimToken}
}

func (s *desk) claim(c echo.Context) error {
	id, err := incidentID(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	claim, err := s.work.Claim(ctx, acting(who(c)), id)
	if errors.Is(err, crisis.ErrClaimed) {
		people := &names{records: s.records, known: map[crisis.ID]string{}}
		problem := web.Conflict("claimed", "Somebody else holds this incident.")
		problem.Extra = map[string]any{"claim": ClaimRow{Person: people.of(ctx, claim.Person), Expires: claim.Expires}}
		return problem
	}
	if err != nil {
		return refusal(err)
	}
	s.presence.claimed()
	return c.JSON(http.StatusCreated, ClaimAnswer{Token: claim.Token, Expires: claim.Expires})
}

func (s *desk) beat(c echo.Context) error {
	id, err := incidentID(c)
	if err != nil {
		return err
	}
	var body ClaimBody
	if err := web.ReadJSON(c, &body); err != nil {
		return err
	}
	claim, err := s.work.Beat(c.Request().Context(), id, body.Token)
	if err != nil {
		return refusal(err)
	}
	s.presence.see(id, Named{ID: who(c).Person.ID.String(), Name: who(c).Person.Name})
	return c.JSON(http.StatusOK, ClaimAnswer{Token: claim.Token, Expires: claim.Expires})
}

func (s *desk) unclaim(c echo.Context) error {
	id, err := incidentID(c)
	if err != nil {
		return err
	}
	var body ClaimBody
	if err := web.ReadJSON(c, &body); err != nil {
		return err
	}
	if err := s.work.Unclaim(c.Request().Context(), id, body.Token); err != nil && !errors.Is(err, crisis.ErrNoClaim) {
		return err
	}
	s.presence.claimed()
	return c.NoContent(http.StatusNoContent)
}

func (s *desk) assess(c echo.Context) error {
	return write(s, c, func(ctx context.Context, p verification.Person, id crisis.ID, b AssessBody) (*verification.Dossier, error) {
		judgement := verification.Judgement{Verdict: b.Verdict, Credibility: b.Credibility, Reliability: b.Reliability, Reason: b.Reason}
		for _, e := range b.Evidence {
			judgement.Evidence = append(judgement.Evidence, verification.Exhibit{Kind: e.Kind, URL: e.URL, Note: e.Note})
		}
		if b.Summary != nil {
			judgement.Summary = &verification.Text{Text: b.Summary.Text, Language: b.Summary.Language}
		}
		return s.work.Assess(ctx, p, b.of(id), judgement)
	})
}

func (s *desk) locate(c echo.Context) error {
	return write(s, c, func(ctx context.Context, p verification.Person, id crisis.ID, b LocateBody) (*verification.Dossier, error) {
		return s.work.Locate(ctx, p, b.of(id), geo.Point{Lon: b.Lon, Lat: b.Lat}, b.UncertaintyM, b.Reason)
	})
}

func (s *desk) categorise(c echo.Context) error {
	return write(s, c, func(ctx context.Context, p verification.Person, id crisis.ID, b CategoriseBody) (*verification.Dossier, error) {
		return s.work.Categorise(ctx, p, b.of(id), b.Categories, b.Severity)
	})
}

func (s *desk) summarise(c echo.Context) error {
	return write(s, c, func(ctx context.Context, p verification.Person, id crisis.ID, b SummariseBody) (*verification.Dossier, error) {
		return s.work.Summarise(ctx, p, b.of(id), verification.Text{Text: b.Text, Language: b.Language})
	})
}

func (s *desk) phase(c echo.Context) error {
	return write(s, c, func(ctx context.Context, p verification.Person, id crisis.ID, b PhaseBody) (*verification.Dossier, error) {
		return s.work.SetPhase(ctx, p, b.of(id), b.Phase)
	})
}

func (s *desk) undo(c echo.Context) error {
	id, err := incidentID(c)
	if err != nil {
		return err
	}
	d, err := s.work.Undo(c.Request().Context(), acting(who(c)), id)
	return s.answer(c, d, err)
}

func (s *desk) merge(c echo.Context) error {
	var body MergeBody
	if err := web.ReadJSON(c, &body); err != nil {
		return err
	}
	d, err := s.work.Merge(c.Request().Context(), acting(who(c)), body.of(body.Into), body.Incidents)
	return s.answer(c, d, err)
}

func (s *desk) split(c echo.Context) error {
	var body SplitBody
	if err := web.ReadJSON(c, &body); err != nil {
		return err
	}
	d, err := s.work.Split(c.Request().Context(), acting(who(c)), body.of(body.Incident), body.Reports)
	return s.answer(c, d, err)
}

// write is the shape of every write on one incident: its id, a strict body, the
// act, the row that follows.
func write[B any](s *desk, c echo.Context, act func(context.Context, verification.Person, crisis.ID, B) (*verification.Dossier, error)) error {
	id, err := incidentID(c)
	if err != nil {
		return err
	}
	var body B
	if err := web.ReadJSON(c, &body); err != nil {
		return err
	}
	d, err := act(c.Request().Context(), acting(who(c)), id, body)
	if err == nil {
		s.presence.claimed()
	}
	return s.answer(c, d, err)
}
