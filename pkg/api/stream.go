package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// beat is how often a quiet stream says that it is alive.
const beat = 5 * time.Second

// gather is how long changes are collected before a stream tells of them.
const gather = 250 * time.Millisecond

// live tells the desk that something changed: "queue" when rows moved or a claim
// changed hands. What exactly is read again; a burst is told once.
func (s *desk) live(c echo.Context) error {
	wake, done := s.wake()
	defer done()
	send := openStream(c)
	if err := send("event: heartbeat\ndata: {}\n\n"); err != nil {
		return nil
	}
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		message := "event: queue\ndata: {}\n\n"
		select {
		case <-c.Request().Context().Done():
			return nil
		case <-s.stop:
			return nil
		case <-ticker.C:
			if !s.still(c) {
				return nil
			}
			message = "event: heartbeat\ndata: {}\n\n"
		case <-s.presence.watch():
		case <-wake:
			time.Sleep(gather)
			select {
			case <-wake:
			default:
			}
		}
		if err := send(message); err != nil {
			return nil // the browser left
		}
	}
}

// openStream starts an answer of server-sent events and returns what writes one.
func openStream(c echo.Context) func(string) error {
	header := c.Response().Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	c.Response().WriteHeader(http.StatusOK)
	control := http.NewResponseController(c.Response().Writer)
	return func(message string) error {
		if err := control.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
			return fmt.Errorf("set a deadline: %w", err)
		}
		if _, err := c.Response().Write([]byte(message)); err != nil {
			return fmt.Errorf("write to a stream: %w", err)
		}
		return control.Flush()
	}
}
