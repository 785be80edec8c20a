package api

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/intake"
)

// hook takes a provider's exchange: read within its kind's limits, proved by its
// adapter, and answered 2xx only once everything is durable.
func hook(host *intake.Host, weight *web.Weight) echo.HandlerFunc {
	return func(c echo.Context) error {
		name, request := c.Param("channel"), c.Request()
		kind, ok := host.KindOf(name)
		if !ok {
			return web.Missing("channel")
		}
		mediaType, _ := channels.MediaType(request.Header)
		limit := kind.BodyLimit(mediaType)
		if err := kind.Admit(request.Method, mediaType, max(request.ContentLength, 0)); err != nil {
			return channelRefusal(err)
		}
		release, err := weight.Take(request, limit)
		if err != nil {
			return err
		}
		defer release()
		body, err := web.ReadBody(c, limit)
		if err != nil {
			return err
		}
		accepted, err := host.Receive(request.Context(), name, channels.Exchange{Method: request.Method, Query: request.URL.RawQuery,
			Header: request.Header, Body: body, PathSecret: c.Param("secret")})
		if err != nil {
			return channelRefusal(err)
		}
		if len(accepted.Answer.Body) == 0 {
			return c.NoContent(accepted.Answer.Status)
		}
		return c.Blob(accepted.Answer.Status, accepted.Answer.ContentType, accepted.Answer.Body)
	}
}

// channelRefusal turns what intake says no with into a problem. What adapters
// say carries nothing of the exchange and nothing secret.
func channelRefusal(err error) error {
	var refused *channels.Refusal
	switch {
	case errors.As(err, &refused):
		return web.Refuse(refused.Status, refused.Code, refused.Field, "%s", refused.Detail)
	case errors.Is(err, intake.ErrNoChannel), errors.Is(err, crisis.ErrNotFound):
		return web.Missing("channel")
	case errors.Is(err, intake.ErrUnavailable):
		problem := web.Refuse(http.StatusServiceUnavailable, "not_stored", "", "It could not be stored. Send it again in a few seconds.")
		problem.Header = map[string]string{"Retry-After": "5"}
		return problem
	}
	return err
}
