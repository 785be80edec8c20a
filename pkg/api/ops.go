package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/hotspot"
	"github.com/onyo-project/onyo/pkg/live"
	"github.com/onyo-project/onyo/pkg/verification"
)

// ops serves responders: true points, by grant.
type ops struct {
	records  Records
	work     *verification.Service
	hotspots *hotspot.Service
	// shown is the ops map: what somebody may not see there they may not act on.
	shown  *live.Map
	status func(ctx context.Context) (OpsStatus, error)
}

// Warning is something that people on shift must know.
type Warning struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// ChannelHealth is when a channel was last heard.
type ChannelHealth struct {
	Name         string     `json:"name"`
	Kind         string     `json:"kind"`
	LastReceived *time.Time `json:"last_received"`
}

// OpsStatus is the state of the deployment for people on shift.
type OpsStatus struct {
	Warnings     []Warning       `json:"warnings"`
	Channels     []ChannelHealth `json:"channels"`
	Ledger       LedgerSize      `json:"ledger"`
	KeyConfirmed bool            `json:"key_confirmed"`
}

// GroundBody confirms on the ground; the reason is free.
type GroundBody struct {
	Reason string `json:"reason"`
}

func (s *ops) routes() []web.Route {
	route := func(method, path, summary string, in, out any, status int, handler echo.HandlerFunc) web.Route {
		return web.Route{Method: method, Path: "/api/v1/ops/" + path, Access: web.Ops, Tag: "ops", Summary: summary, In: in, Out: out, Status: status, Handler: handler}
	}
	status := route("GET", "status", "Warnings, channels, ledger", nil, OpsStatus{}, 0, s.getStatus)
	status.Access = web.Person
	return []web.Route{status,
		route("POST", "incidents/:id/confirm", "Confirmed on the ground: counts as one of the two", GroundBody{}, nil, http.StatusNoContent, s.confirm),
		route("POST", "map/hotspots/:id/acknowledge", "We have seen it", nil, nil, http.StatusNoContent, s.respond("acknowledge")),
		route("POST", "map/hotspots/:id/en_route", "We are on the way", nil, nil, http.StatusNoContent, s.respond("en_route")),
		route("POST", "map/hotspots/:id/handled", "It is handled", nil, nil, http.StatusNoContent, s.respond("handled")),
	}
}

// sight is what the caller's grants let them see.
func sight(c echo.Context) *live.Sight { return &live.Sight{Grants: who(c).Grants} }

func (s *ops) getStatus(c echo.Context) error {
	status, err := s.status(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, status)
}

func (s *ops) confirm(c echo.Context) error {
	id, err := incidentID(c)
	if err != nil {
		return err
	}
	var body GroundBody
	if c.Request().ContentLength != 0 {
		if err := web.ReadJSON(c, &body); err != nil {
			return err
		}
	}
	if _, seen := s.shown.Incident(id.String(), sight(c)); !seen {
		return web.Missing("incident")
	}
	if _, err := s.work.ConfirmOnGround(c.Request().Context(), acting(who(c)), id, body.Reason); err != nil {
		return refusal(err)
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *ops) respond(action string) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := crisis.ParseID(c.Param("id"))
		if err != nil || id.IsZero() {
			return web.Missing("hotspot")
		}
		if _, seen := s.shown.Hotspot(id.String(), sight(c)); !seen {
			return web.Missing("hotspot; it may have closed")
		}
		_, err = s.hotspots.Respond(c.Request().Context(), who(c).Person.ID, who(c).Roles, id, action)
		if errors.Is(err, crisis.ErrNotFound) {
			return web.Missing("hotspot; it may have closed")
		}
		if err != nil {
			return refusal(err)
		}
		return c.NoContent(http.StatusNoContent)
	}
}
