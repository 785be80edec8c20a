package main

import (
	"crypto/hmac"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/channels/sms"
)

// bareHandler is the least that may answer Twilio: it reads the form, checks the
// signature and says the same words. It keeps nothing.
func bareHandler() http.Handler {
	e := echo.New()
	e.POST("/hooks/:channel", func(c echo.Context) error {
		form, err := c.FormParams()
		if err != nil {
			return echo.ErrBadRequest
		}
		want := sms.Sign(hookToken, hookPublicURL, form)
		if !hmac.Equal([]byte(want), []byte(c.Request().Header.Get("X-Twilio-Signature"))) {
			return echo.ErrForbidden
		}
		return c.Blob(http.StatusOK, "text/xml; charset=utf-8", []byte(`<?xml version="1.0" encoding="UTF-8"?><Response/>`))
	})
	return e
}
