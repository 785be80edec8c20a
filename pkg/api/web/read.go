package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
)

// Limits of FIELD B§6.2 that hold for every JSON body.
const (
	JSONBytes = 1 << 20
	jsonDepth = 64
)

// ReadJSON reads one JSON object into v, strictly: the right type, valid UTF-8,
// no unknown field, not deeper than 64, nothing after it.
func ReadJSON(c echo.Context, v any) error {
	kind, _, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return Refuse(http.StatusUnsupportedMediaType, "wrong_type", "", "Send application/json.")
	}
	body, err := ReadBody(c, JSONBytes)
	if err != nil {
		return err
	}
	return DecodeJSON(body, v)
}

// ReadBody reads at most limit bytes of body; 413 beyond.
func ReadBody(c echo.Context, limit int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, limit))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, Refuse(http.StatusRequestEntityTooLarge, "too_large", "", "The body may have at most %d bytes.", limit)
	case err != nil:
		return nil, CutShort()
	}
	return body, nil
}

// DecodeJSON is ReadJSON on bytes.
func DecodeJSON(body []byte, v any) error {
	if !utf8.Valid(body) {
		return Refuse(http.StatusBadRequest, "bad_utf8", "", "The body is not valid UTF-8.")
	}
	if depth(body) > jsonDepth {
		return Refuse(http.StatusBadRequest, "too_deep", "", "The JSON nests deeper than %d.", jsonDepth)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return jsonProblem(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return Refuse(http.StatusBadRequest, "bad_json", "", "Send one JSON object and nothing after it.")
	}
	return nil
}

func jsonProblem(err error) error {
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	if errors.As(err, &wrong) {
		return BadField(wrong.Field, "A %s does not fit here.", wrong.Value)
	}
	if errors.As(err, &syntax) {
		return Refuse(http.StatusBadRequest, "bad_json", "", "The JSON is broken at byte %d.", syntax.Offset)
	}
	if field, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		return Refuse(http.StatusBadRequest, "unknown_field", strings.Trim(field, `"`), "There is no such field.")
	}
	return Refuse(http.StatusBadRequest, "bad_json", "", "The body is not the JSON object that is expected here.")
}

// depth counts how deep brackets nest, without recursion.
func depth(body []byte) int {
	deepest, now, quoted, escaped := 0, 0, false, false
	for _, b := range body {
		switch {
		case escaped:
			escaped = false
		case quoted && b == '\\':
			escaped = true
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{' || b == '[':
			now++
			deepest = max(deepest, now)
		case b == '}' || b == ']':
			now--
		}
	}
	return deepest
}

// Query reads query parameters by name and remembers which are known, so that
// an unknown one is refused.
type Query struct {
	values map[string][]string
	known  map[string]bool
	fault  error
}

// ReadQuery starts reading the request's query.
func ReadQuery(c echo.Context) *Query {
	q := &Query{values: c.QueryParams(), known: map[string]bool{}}
	if strings.Contains(c.Request().URL.RawQuery, ";") {
		q.fail(BadField("query", "Separate parameters with &, and write ; as %%3B."))
	}
	return q
}

func (q *Query) fail(err error) {
	if q.fault == nil {
		q.fault = err
	}
}

// Text is a parameter's value; "" where it is absent.
func (q *Query) Text(name string, limit int) string {
	q.known[name] = true
	values := q.values[name]
	if len(values) == 0 {
		return ""
	}
	if len(values) > 1 {
		q.fail(BadField(name, "Give %s once; lists take commas.", name))
		return ""
	}
	if len(values[0]) > limit || !utf8.ValidString(values[0]) || strings.ContainsRune(values[0], 0) {
		q.fail(BadField(name, "%s takes at most %d bytes of UTF-8.", name, limit))
		return ""
	}
	return values[0]
}

// Int is a whole number within bounds, or the default.
func (q *Query) Int(name string, standard, least, most int) int {
	text := q.Text(name, 20)
	if text == "" {
		return standard
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		q.fail(BadField(name, "%s is a whole number from %d to %d.", name, least, most))
		return standard
	}
	return n
}

// List is a comma list, each item one of the allowed (nil allows all).
func (q *Query) List(name string, allowed []string) []string {
	text := q.Text(name, 2000)
	if text == "" {
		return nil
	}
	items := strings.Split(text, ",")
	for _, item := range items {
		if allowed == nil {
			continue
		}
		ok := false
		for _, one := range allowed {
			ok = ok || one == item
		}
		if !ok {
			q.fail(BadField(name, "%s takes: %s.", name, strings.Join(allowed, ", ")))
			return nil
		}
	}
	return items
}

// Parse reads a parameter with a parser of its own; ok is false where it is
// absent or at fault.
func Parse[T any](q *Query, name string, parse func(string) (T, error)) (value T, ok bool) {
	text := q.Text(name, 400)
	if text == "" {
		return value, false
	}
	value, err := parse(text)
	if err != nil {
		q.fail(BadField(name, "%s: %v.", name, err))
		return value, false
	}
	return value, true
}

// Done is the first fault, or the first unknown parameter's.
func (q *Query) Done() error {
	if q.fault != nil {
		return q.fault
	}
	for name := range q.values {
		if !q.known[name] {
			return Refuse(http.StatusBadRequest, "unknown_parameter", name, "There is no such parameter; /docs lists them.")
		}
	}
	return nil
}

// String names the query in errors without its values.
func (q *Query) String() string { return fmt.Sprintf("query of %d parameters", len(q.values)) }
