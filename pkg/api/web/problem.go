// Package web is what every HTTP handler of Onyo shares: the route table, strict
// reading of input, and problems as RFC 9457 has them.
package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"
)

// Problem is an answer that says what went wrong and what to do (RFC 9457).
// Code is stable; Field names the part of the input at fault. It never carries
// a stack, SQL or a path.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Code   string `json:"code"`
	Field  string `json:"field,omitempty"`
	// Extra members are written beside the others.
	Extra map[string]any `json:"-"`
	// Header lines go with the answer.
	Header map[string]string `json:"-"`
}

// Error makes a Problem an error that handlers return.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// MarshalJSON writes the extra members beside the standard ones.
func (p *Problem) MarshalJSON() ([]byte, error) {
	members := map[string]any{"type": p.Type, "title": p.Title, "status": p.Status, "code": p.Code}
	if p.Detail != "" {
		members["detail"] = p.Detail
	}
	if p.Field != "" {
		members["field"] = p.Field
	}
	for key, value := range p.Extra {
		members[key] = value
	}
	return json.Marshal(members)
}

// Refuse makes a Problem. The code's page is part of the manual.
func Refuse(status int, code, field, format string, args ...any) *Problem {
	return &Problem{Type: "/help/problems#" + code, Title: http.StatusText(status), Status: status,
		Code: code, Field: field, Detail: fmt.Sprintf(format, args...)}
}

// BadField is the usual 400: which part of the input, and what to write there.
func BadField(field, format string, args ...any) *Problem {
	return Refuse(http.StatusBadRequest, "bad_value", field, format, args...)
}

// Missing is a 404.
func Missing(what string) *Problem {
	return Refuse(http.StatusNotFound, "not_found", "", "There is no such %s, or it is not yours to see.", what)
}

// Unsigned is a 401.
func Unsigned() *Problem {
	return Refuse(http.StatusUnauthorized, "sign_in", "", "Sign in first.")
}

// Forbidden is a 403.
func Forbidden(detail string) *Problem {
	return Refuse(http.StatusForbidden, "not_allowed", "", "%s", detail)
}

// Conflict is a 409.
func Conflict(code, detail string) *Problem {
	return Refuse(http.StatusConflict, code, "", "%s", detail)
}

// CutShort is a 400 for a caller who hung up before the body was complete.
func CutShort() *Problem {
	return Refuse(http.StatusBadRequest, "cut_short", "", "The body ended before it was complete; send it again.")
}

// Answer writes any error as a problem. Errors that are not Problems are our
// bug: they answer 500 without a word of their text, and fault hears of them.
func Answer(c echo.Context, err error, fault func(error)) {
	if c.Response().Committed {
		fault(err)
		return
	}
	problem := AsProblem(err, fault)
	for key, value := range problem.Header {
		c.Response().Header().Set(key, value)
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	body, encodeErr := json.Marshal(problem)
	if encodeErr != nil {
		fault(encodeErr)
	}
	if err := c.Blob(problem.Status, "application/problem+json", body); err != nil {
		fault(err)
	}
}

// AsProblem is any error as what callers are told of it.
func AsProblem(err error, fault func(error)) *Problem {
	var problem *Problem
	var plain *echo.HTTPError
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &problem):
		return problem
	case errors.As(err, &large):
		return Refuse(http.StatusRequestEntityTooLarge, "too_large", "", "The body may have at most %d bytes.", large.Limit)
	case errors.As(err, &plain):
		return fromEcho(plain)
	case errors.Is(err, context.Canceled):
		return CutShort() // the caller hung up; whoever still listens learns it
	}
	fault(err)
	return Refuse(http.StatusInternalServerError, "our_fault", "", "Something went wrong on our side; it has been noted. Try again.")
}

// Told is the status and the code of what a caller is told of an error.
func Told(err error) (status int, code string) {
	problem := AsProblem(err, func(error) {})
	return problem.Status, problem.Code
}

func fromEcho(e *echo.HTTPError) *Problem {
	switch e.Code {
	case http.StatusNotFound:
		return Refuse(e.Code, "not_found", "", "There is nothing here. /docs lists what there is.")
	case http.StatusMethodNotAllowed:
		return Refuse(e.Code, "wrong_method", "", "This address does not take that method. /docs lists what it takes.")
	}
	if e.Code >= 500 {
		return Refuse(e.Code, "our_fault", "", "Something went wrong on our side. Try again.")
	}
	return Refuse(e.Code, "bad_request", "", "The request could not be understood.")
}
