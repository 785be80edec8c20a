package public

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/live"
)

func (m *Maps) tile(c echo.Context) error {
	y, ok := strings.CutSuffix(c.Param("y"), ".mvt")
	if !ok {
		return web.Missing("tile; its address ends in .mvt")
	}
	query := web.ReadQuery(c)
	f := live.Filter{Categories: query.List("category", nil)}
	readSets(query, &f)
	f.Since, _ = web.Parse(query, "since", parseTime)
	f.Until, _ = web.Parse(query, "until", parseTime)
	if err := query.Done(); err != nil {
		return err
	}
	if m.Sight != nil {
		f.Sight = m.Sight(c)
	}
	body, err := m.Map.TileAt(c.Param("z"), c.Param("x"), y, f)
	if err != nil {
		return web.BadField("tile", "%v.", err)
	}
	return m.blob(c, mvtType, body)
}

// writeWithin is how long one write to a viewer may take; slower ones are
// dropped and come back with their Last-Event-ID.
const writeWithin = 15 * time.Second

// stillEvery is how often a stream's access is looked at again.
const stillEvery = 3 * time.Second

// endWith ends a stream when the server drains, or when its caller may no longer
// see what they saw.
func (m *Maps) endWith(ctx context.Context, c echo.Context, end func()) {
	ticker := time.NewTicker(stillEvery)
	defer ticker.Stop()
	for {
		select {
		case <-m.Stop:
			end()
			return
		case <-ctx.Done():
			return
		case <-ticker.C:
			if m.Still != nil && !m.Still(c) {
				end()
				return
			}
		}
	}
}

func (m *Maps) live(c echo.Context) error {
	var resume *live.Position
	if id := c.Request().Header.Get("Last-Event-ID"); id != "" {
		position, err := live.ParsePosition(id)
		if err != nil {
			return web.BadField("Last-Event-ID", "Send the id of the last event that you had, or none.")
		}
		resume = &position
	}
	var sight *live.Sight
	if m.Sight != nil {
		sight = m.Sight(c)
	}
	ctx, cancel := context.WithCancel(c.Request().Context())
	defer cancel()
	go m.endWith(ctx, c, cancel)
	viewer := m.Hub.Watch(sight, resume)
	defer viewer.Close()
	header := c.Response().Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	c.Response().WriteHeader(http.StatusOK)
	control := http.NewResponseController(c.Response().Writer)
	for {
		frames, err := viewer.Next(ctx)
		if err != nil {
			return nil // the viewer left, or the server drains
		}
		if err := control.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
			return err
		}
		for _, frame := range frames {
			if _, err := c.Response().Write(frame); err != nil {
				return nil // the viewer left
			}
		}
		if err := control.Flush(); err != nil {
			return nil // the viewer left
		}
	}
}
