package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/auth"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/media"
	"github.com/onyo-project/onyo/pkg/outbox"
	"github.com/onyo-project/onyo/pkg/triage"
	"github.com/onyo-project/onyo/pkg/verification"
)

// Records is what the API reads and writes itself; everything with rules of its
// own goes through a stage.
type Records interface {
	crisis.Reader
	Write(ctx context.Context, changes ...crisis.Change) ([]crisis.Outcome, error)
	EntriesOf(ctx context.Context, ids []crisis.ID, limit int) ([]crisis.Entry, error)
	Claims(ctx context.Context) ([]crisis.Claim, error)
	Size(ctx context.Context) (uint64, error)
}

// desk serves volunteers.
type desk struct {
	records  Records
	work     *verification.Service
	queue    *verification.Queue
	clock    func() time.Time
	publicID func(crisis.ID) string
	reader   *triage.Reader
	intake   *door
	media    *media.Keeper
	presence *presence
	outbox   *outbox.Outbox
	wake     func() (<-chan struct{}, func())
	stop     <-chan struct{}
	still    func(echo.Context) bool
}

func acting(who *auth.Who) verification.Person {
	return verification.Person{ID: who.Person.ID, Roles: who.Roles}
}

func (s *desk) routes() []web.Route {
	route := func(method, path, summary string, in, out any, status int, handler echo.HandlerFunc) web.Route {
		return web.Route{Method: method, Path: "/api/v1/desk/" + path, Access: web.Desk, Tag: "desk", Summary: summary, In: in, Out: out, Status: status, Handler: handler}
	}
	list := route("GET", "incidents", "Incidents, newest first", nil, IncidentPage{}, 0, s.list)
	list.Query = []web.Param{{Name: "status", Help: "comma list"}, {Name: "bbox", Help: "w,s,e,n"}, {Name: "q", Help: "words"}, {Name: "cursor", Help: "from next"}, {Name: "limit", Help: "1 to 200"}}
	next := route("GET", "queue", "What to judge next", nil, IncidentPage{}, 0, s.next)
	next.Query = []web.Param{{Name: "limit", Help: "1 to 200"}}
	return []web.Route{next, list,
		route("GET", "incidents/:id", "One incident with all that hangs on it", nil, Card{}, 0, s.get),
		route("POST", "incidents/:id/claim", "Hold an incident while judging it", nil, ClaimAnswer{}, http.StatusCreated, s.claim),
		route("POST", "incidents/:id/claim/heartbeat", "Keep holding it", ClaimBody{}, ClaimAnswer{}, 0, s.beat),
		route("DELETE", "incidents/:id/claim", "Give it back", ClaimBody{}, nil, http.StatusNoContent, s.unclaim),
		route("POST", "incidents/:id/assessments", "Judge it; ends the claim", AssessBody{}, IncidentRow{}, 0, s.assess),
		route("PUT", "incidents/:id/location", "Say where it is", LocateBody{}, IncidentRow{}, 0, s.locate),
		route("PUT", "incidents/:id/categories", "Say what kind it is", CategoriseBody{}, IncidentRow{}, 0, s.categorise),
		route("PUT", "incidents/:id/summary", "Write the text for the public", SummariseBody{}, IncidentRow{}, 0, s.summarise),
		route("PUT", "incidents/:id/phase", "Say whether it still happens", PhaseBody{}, IncidentRow{}, 0, s.phase),
		route("POST", "incidents/:id/undo", "Take back my last act, within 10 seconds", nil, IncidentRow{}, 0, s.undo),
		route("POST", "merge", "Make several incidents one", MergeBody{}, IncidentRow{}, 0, s.merge),
		route("POST", "split", "Take reports out into an incident of their own", SplitBody{}, IncidentRow{}, 0, s.split),
		route("POST", "incidents/:id/messages", "Answer whoever is behind a report; it is queued", MessageBody{}, ThreadRow{}, http.StatusAccepted, s.send),
		route("POST", "reports", "Enter what a caller said", nil, OnBehalfAnswer{}, http.StatusCreated, s.onBehalf),
		route("GET", "batches", "Imports waiting for two people", nil, BatchList{}, 0, s.batches),
		route("POST", "batches/:id/assess", "Judge an import as a whole, after a sample", BatchBody{}, BatchAnswer{}, 0, s.assessBatch),
		route("GET", "media/:id", "A safe copy of a photo", nil, nil, 0, s.copyOf),
		route("GET", "live", "What changes at the desk (SSE)", nil, nil, 0, s.live),
	}
}

// refusal turns what a stage says no with into a problem.
func refusal(err error) error {
	var refused *verification.Refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		status := http.StatusBadRequest
		if refused.Forbidden {
			status = http.StatusForbidden
		}
		return web.Refuse(status, refused.Code, refused.Field, "%s", refused.Detail)
	case errors.Is(err, crisis.ErrNotFound):
		return web.Missing("incident")
	case errors.Is(err, crisis.ErrStale):
		return web.Conflict("stale", "It changed while you were looking. Read it again and decide again.")
	case errors.Is(err, crisis.ErrClaimed):
		return web.Conflict("claimed", "Somebody else holds this incident.")
	case errors.Is(err, crisis.ErrNoClaim):
		return web.Conflict("no_claim", "Your claim has ended. Claim it again; your words are still here.")
	case errors.Is(err, crisis.ErrAssessed):
		return web.Conflict("assessed", "You have judged this version already; another person must be the second.")
	case errors.Is(err, crisis.ErrTwo):
		return web.Conflict("two_people", "This takes two different people, neither of whom typed it in.")
	}
	return err
}

func (s *desk) claims(ctx context.Context) (map[crisis.ID]crisis.Claim, error) {
	all, err := s.records.Claims(ctx)
	if err != nil {
		return nil, err
	}
	held := make(map[crisis.ID]crisis.Claim, len(all))
	for _, claim := range all {
		held[claim.Incident] = claim
	}
	return held, nil
}

// answer writes the row that a write left behind.
func (s *desk) answer(c echo.Context, d *verification.Dossier, err error) error {
	if err != nil {
		return refusal(err)
	}
	ctx := c.Request().Context()
	claims, err := s.claims(ctx)
	if err != nil {
		return err
	}
	people := &names{records: s.records, known: map[crisis.ID]string{}}
	return c.JSON(http.StatusOK, s.dossierRow(ctx, d, who(c).Person.ID, claims, people))
}

func incidentID(c echo.Context) (crisis.ID, error) {
	id, err := crisis.ParseID(c.Param("id"))
	if err != nil || id.IsZero() {
		return id, web.Missing("incident")
	}
	return id, nil
}
