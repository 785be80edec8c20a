package hotspot

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// What Respond refuses.
var (
	ErrRole   = errors.New("responding is for responders and coordinators")
	ErrAction = errors.New("a response is acknowledge, en_route or handled")
)

// Respond notes that somebody answers a hotspot: action is "acknowledge",
// "en_route" or "handled". All ops see it at once. It fails with
// crisis.ErrNotFound for no hotspot, and for one that is closed.
func (s *Service) Respond(ctx context.Context, person crisis.ID, roles []crisis.RoleName, id crisis.ID, action string) (*crisis.Hotspot, error) {
	if !slices.ContainsFunc(roles, crisis.RoleName.Ops) {
		return nil, ErrRole
	}
	response, known := map[string]string{"acknowledge": "acknowledged", "en_route": "en_route", "handled": "handled"}[action]
	if !known {
		return nil, ErrAction
	}
	by := crisis.PersonActor(person)
	for range 5 { // the engine may write the same hotspot, once a second
		old, err := crisis.Get[*crisis.Hotspot](ctx, s.Store, id)
		if err != nil {
			return nil, fmt.Errorf("read the hotspot: %w", err)
		}
		if old.Status == crisis.HotspotClosed {
			return nil, crisis.ErrNotFound
		}
		now := s.Clock()
		h := *old
		h.Meta, h.Response, h.ResponseBy, h.ResponseAt = old.Meta.Next(now, by), response, person, crisis.Moment(now)
		_, err = s.Store.Write(ctx, crisis.Change{Action: "hotspot." + response, Actor: by, At: h.At, Put: []crisis.Record{&h}})
		if err == nil {
			return &h, nil
		}
		if !errors.Is(err, crisis.ErrStale) {
			return nil, fmt.Errorf("write the response: %w", err)
		}
	}
	return nil, crisis.ErrStale
}
