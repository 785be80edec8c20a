package channels

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// The reasons for refusing an exchange; a *Refusal is one of them.
var (
	ErrUnauthentic = errors.New("not authentic")
	ErrTooLarge    = errors.New("too large")
	ErrType        = errors.New("wrong type of body")
	ErrMethod      = errors.New("method not allowed")
	ErrMalformed   = errors.New("malformed")
)

// Refusal says why an exchange is not accepted and what to do about it. It
// carries no byte of the exchange and nothing secret.
type Refusal struct {
	Reason error
	Status int
	// Code is stable, snake_case.
	Code string
	// Field names the part of the input at fault.
	Field  string
	Detail string
}

func (r *Refusal) Error() string {
	if r.Field != "" {
		return r.Code + ": " + r.Field + ": " + r.Detail
	}
	return r.Code + ": " + r.Detail
}

// Unwrap makes errors.Is find the reason.
func (r *Refusal) Unwrap() error { return r.Reason }

// Unauthentic is the same 403 for every way in which a proof can be wrong, so
// that it tells a forger nothing.
func Unauthentic() *Refusal {
	return &Refusal{Reason: ErrUnauthentic, Status: http.StatusForbidden, Code: "not_authentic",
		Detail: "The request does not prove that it comes from the channel's provider."}
}

// TooLarge names the limit in bytes; field is empty for the whole body.
func TooLarge(field string, limit int64) *Refusal {
	return &Refusal{Reason: ErrTooLarge, Status: http.StatusRequestEntityTooLarge, Code: "too_large", Field: field,
		Detail: fmt.Sprintf("At most %d bytes are accepted here.", limit)}
}

// WrongType names the media types that are accepted.
func WrongType(accepted ...string) *Refusal {
	return &Refusal{Reason: ErrType, Status: http.StatusUnsupportedMediaType, Code: "wrong_type",
		Detail: "Send " + strings.Join(accepted, " or ") + "."}
}

// WrongMethod names the methods that are answered.
func WrongMethod(allowed ...string) *Refusal {
	return &Refusal{Reason: ErrMethod, Status: http.StatusMethodNotAllowed, Code: "wrong_method",
		Detail: "Use " + strings.Join(allowed, " or ") + "."}
}

// Malformed is a 400 that names the field and says what to write there.
func Malformed(code, field, format string, args ...any) *Refusal {
	return &Refusal{Reason: ErrMalformed, Status: http.StatusBadRequest, Code: code, Field: field,
		Detail: fmt.Sprintf(format, args...)}
}

// The ways in which sending fails; a *SendError is one of them.
var (
	// ErrTemporary: try again later.
	ErrTemporary = errors.New("temporary")
	// ErrThrottled: try again after RetryAfter.
	ErrThrottled = errors.New("throttled")
	// ErrPermanent: this message will never go this way.
	ErrPermanent = errors.New("permanent")
	// ErrOptedOut: the recipient wants no messages; stop sending.
	ErrOptedOut = errors.New("opted out")
	// ErrCollected: this channel's gateway comes and asks (Reception.Collect). The
	// message waits for it; that is no failure and needs no second try.
	ErrCollected = errors.New("collected")
)

// SendError says why a message did not leave. It carries the provider's code and
// never its text, which may repeat the address.
type SendError struct {
	Reason error
	// Code is the provider's, as "21610"; or "network", "unreadable".
	Code       string
	RetryAfter time.Duration
}

func (e *SendError) Error() string { return "send: " + e.Reason.Error() + " (" + e.Code + ")" }

// Unwrap makes errors.Is find the reason.
func (e *SendError) Unwrap() error { return e.Reason }
