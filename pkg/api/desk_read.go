package api

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/verification"
)

func (s *desk) next(c echo.Context) error {
	query := web.ReadQuery(c)
	limit := query.Int("limit", 50, 1, 200)
	if err := query.Done(); err != nil {
		return err
	}
	ctx, me := c.Request().Context(), who(c)
	waiting, open, err := s.queue.For(ctx, acting(me), limit)
	if err != nil {
		return err
	}
	page := IncidentPage{Incidents: []IncidentRow{}, Open: open}
	people := &names{records: s.records, known: map[crisis.ID]string{}}
	for _, row := range waiting {
		page.Incidents = append(page.Incidents, s.row(ctx, row, me.Person.ID, people))
	}
	return c.JSON(http.StatusOK, page)
}

// scanMost bounds how many incidents one request of a filtered list reads; next
// goes on from there.
const scanMost = 2000

func (s *desk) list(c echo.Context) error {
	query := web.ReadQuery(c)
	statuses := query.List("status", statusNames())
	bbox, boxed := web.Parse(query, "bbox", geo.ParseBounds)
	words := strings.ToLower(query.Text("q", 200))
	cursor, _ := web.Parse(query, "cursor", crisis.ParseID)
	limit := query.Int("limit", 50, 1, 200)
	if err := query.Done(); err != nil {
		return err
	}
	wanted := map[crisis.Status]bool{}
	for _, status := range statuses {
		wanted[crisis.Status(status)] = true
	}
	fits := func(d *verification.Dossier) bool {
		if boxed && (d.Location == nil || !bbox.Contains(geo.Point{Lon: d.Location.Lon, Lat: d.Location.Lat})) {
			return false
		}
		return words == "" || mentions(d, words)
	}
	ctx, me := c.Request().Context(), who(c).Person.ID
	claims, err := s.claims(ctx)
	if err != nil {
		return err
	}
	page := IncidentPage{Incidents: []IncidentRow{}}
	people := &names{records: s.records, known: map[crisis.ID]string{}}
	page.Next, err = s.scan(ctx, cursor, wanted, limit, fits, func(d *verification.Dossier) {
		page.Incidents = append(page.Incidents, s.dossierRow(ctx, d, me, claims, people))
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page)
}

// scan walks incidents newest first from a cursor and adds up to limit that fit.
func (s *desk) scan(ctx context.Context, cursor crisis.ID, wanted map[crisis.Status]bool, limit int, fits func(*verification.Dossier) bool, add func(*verification.Dossier)) (*string, error) {
	added, read := 0, 0
	for {
		found, err := crisis.Select[*crisis.Incident](ctx, s.records, crisis.Query{Newest: true, After: cursor, Limit: 200})
		if err != nil {
			return nil, err
		}
		for _, incident := range found {
			cursor, read = incident.ID, read+1
			if len(wanted) > 0 && !wanted[incident.Status] {
				continue
			}
			d, err := s.work.Load(ctx, incident.ID)
			if err != nil {
				return nil, err
			}
			if fits(d) {
				add(d)
				added++
			}
			if added == limit || read >= scanMost {
				next := cursor.String()
				return &next, nil
			}
		}
		if len(found) < 200 {
			return nil, nil
		}
	}
}

func statusNames() []string {
	names := []string{}
	for _, status := range crisis.Statuses() {
		names = append(names, string(status))
	}
	return names
}

func mentions(d *verification.Dossier, words string) bool {
	for _, report := range d.Reports {
		if strings.Contains(strings.ToLower(report.Whole()), words) {
			return true
		}
	}
	return d.Location != nil && strings.Contains(strings.ToLower(d.Location.Name), words)
}

func (s *desk) get(c echo.Context) error {
	id, err := incidentID(c)
	if err != nil {
		return err
	}
	ctx, me := c.Request().Context(), who(c)
	d, err := s.work.Load(ctx, id)
	if err != nil {
		return refusal(err)
	}
	s.work.Opened(me.Person.ID, d.Incident)
	s.presence.see(id, Named{ID: me.Person.ID.String(), Name: me.Person.Name})
	card, err := s.card(ctx, d, me.Person.ID)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, card)
}

func (s *desk) copyOf(c echo.Context) error {
	id, err := crisis.ParseID(c.Param("id"))
	if err != nil || id.IsZero() {
		return web.Missing("photo")
	}
	body, err := s.media.Shown(c.Request().Context(), id)
	if errors.Is(err, crisis.ErrNotFound) {
		return web.Missing("photo")
	}
	if err != nil {
		return web.Refuse(http.StatusUnprocessableEntity, "no_safe_copy", "", "No safe copy of this can be shown yet.")
	}
	return c.Blob(http.StatusOK, "image/jpeg", body)
}
