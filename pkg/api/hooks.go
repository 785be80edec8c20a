package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/intake"
)

// hook takes a provider's exchange: read within its kind's limits, proved by its
// adapter, and answered 2xx only once everything is durable. What came of it is
// noted in the exchange log.
func hook(host *intake.Host, weight *web.Weight) echo.HandlerFunc {
	return func(c echo.Context) error {
		name, request := c.Param("channel"), c.Request()
		kind, err := host.KindOf(name)
		if errors.Is(err, intake.ErrUnavailable) {
			host.Note(crisis.Traffic{Channel: name, At: time.Now(), Direction: crisis.Inbound, Method: request.Method, Status: http.StatusServiceUnavailable,
				Code: "channel_faulty", Exchanges: 1}, nil)
		}
		if err != nil {
			return channelRefusal(err)
		}
		exchange := channels.Exchange{Method: request.Method, Query: request.URL.RawQuery, Header: request.Header,
			PathSecret: c.Param("secret"), Path: c.Param("*"), At: time.Now()}
		accepted, err := receive(c, host, weight, kind, name, &exchange)
		line := crisis.Traffic{Channel: name, At: exchange.At, Direction: crisis.Inbound, Method: request.Method, Status: accepted.Answer.Status,
			Bytes: int64(len(exchange.Body)), Took: time.Since(exchange.At), Messages: len(accepted.Receipts), Exchanges: 1}
		if err != nil {
			err = channelRefusal(err)
			line.Status, line.Code = web.Told(err)
		}
		host.Note(line, func() string { return intake.Shape(exchange) })
		if err != nil {
			return err
		}
		for key, values := range accepted.Answer.Header {
			c.Response().Header()[key] = values
		}
		if len(accepted.Answer.Body) == 0 {
			return c.NoContent(accepted.Answer.Status)
		}
		return c.Blob(accepted.Answer.Status, accepted.Answer.ContentType, accepted.Answer.Body)
	}
}

// receive reads an exchange's body and hands it in.
func receive(c echo.Context, host *intake.Host, weight *web.Weight, kind channels.Kind, name string, exchange *channels.Exchange) (intake.Accepted, error) {
	request := c.Request()
	mediaType, _ := channels.MediaType(request.Header)
	limit := kind.BodyLimit(mediaType)
	if err := kind.Admit(request.Method, mediaType, max(request.ContentLength, 0)); err != nil {
		return intake.Accepted{}, err
	}
	release, err := weight.Take(request, limit)
	if err != nil {
		return intake.Accepted{}, err
	}
	defer release()
	if exchange.Body, err = web.ReadBody(c, limit); err != nil {
		return intake.Accepted{}, err
	}
	return host.Receive(request.Context(), name, *exchange)
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
