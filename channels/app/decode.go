package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/onyo-project/onyo/channels"
)

// decode reads one JSON report, strictly: valid UTF-8, not deeper than Depth, no
// field unknown, misspelt in case or given twice, nothing after it.
func decode(body []byte) (Report, error) {
	var report Report
	if len(body) > JSONBytes {
		return report, channels.TooLarge("report", JSONBytes)
	}
	if !utf8.Valid(body) {
		return report, channels.Malformed("bad_utf8", "", "The body is not valid UTF-8.")
	}
	if err := strict(body); err != nil {
		return report, err
	}
	if err := json.Unmarshal(body, &report); err != nil {
		return report, jsonFault(err)
	}
	return report, nil
}

func jsonFault(err error) error {
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrong):
		return channels.Malformed("bad_value", wrong.Field, "A value of that type or size does not fit here.")
	case errors.As(err, &syntax):
		return channels.Malformed("bad_json", "", "The JSON is broken at byte %d.", syntax.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return channels.Malformed("bad_json", "", "The JSON ends before it is complete.")
	}
	return channels.Malformed("bad_json", "", "Send one JSON object.")
}

func reportFields() []string {
	return []string{"text", "location", "occurred_at", "categories", "language", "contact", "form", "answers", "uploads"}
}

func locationFields() []string { return []string{"lon", "lat", "accuracy_m", "words"} }

// level is one open bracket on the way to a token.
type level struct {
	object bool
	name   string // of the field that holds it
	key    string // the last one read; "" where a key comes next
	keys   map[string]bool
	items  int // values so far
}

// strict walks the tokens without recursion. encoding/json alone would take
// "TEXT" for text, and the last of two texts.
func strict(body []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var open []level
	for {
		token, err := decoder.Token()
		if err != nil {
			return jsonFault(err)
		}
		if open, err = step(open, token); err != nil {
			return err
		}
		if len(open) == 0 {
			break
		}
	}
	if _, err := decoder.Token(); err != io.EOF {
		return channels.Malformed("bad_json", "", "Send one JSON object and nothing after it.")
	}
	return nil
}

func step(open []level, token json.Token) ([]level, error) {
	delim, bracket := token.(json.Delim)
	if bracket && (delim == '}' || delim == ']') {
		return open[:len(open)-1], nil
	}
	if len(open) == 0 && delim != '{' {
		return open, channels.Malformed("bad_json", "", "Send one JSON object.")
	}
	name := ""
	if len(open) > 0 {
		top := &open[len(open)-1]
		if key, isString := token.(string); top.object && top.key == "" && isString {
			if err := top.take(key, len(open)); err != nil {
				return open, err
			}
			if top.key = key; key == "" {
				top.key = "\x00" // an empty key is one all the same
			}
			return open, nil
		}
		name, top.key = top.key, ""
		if top.items++; top.items > Items {
			return open, channels.Malformed("too_many", plain(top.name), "At most %d values in one list or object.", Items)
		}
	}
	if !bracket {
		return open, nil
	}
	if len(open) == Depth {
		return open, channels.Malformed("too_deep", "", "The JSON nests deeper than %d.", Depth)
	}
	return append(open, level{object: delim == '{', name: name}), nil
}

// take notes a key of an object that lies depth brackets deep.
func (l *level) take(key string, depth int) error {
	var known []string
	switch {
	case depth == 1:
		known = reportFields()
	case depth == 2 && l.name == "location":
		known = locationFields()
	}
	if known != nil && !slices.Contains(known, key) {
		return channels.Malformed("unknown_field", plain(key), "There is no such field.")
	}
	if l.keys[key] {
		return channels.Malformed("repeated_field", plain(key), "The field is given twice.")
	}
	if l.keys == nil {
		l.keys = map[string]bool{}
	}
	l.keys[key] = true
	return nil
}

// plain shows a field's name only if it can be one: an error repeats no other
// input.
func plain(name string) string {
	if len(name) > 40 {
		return ""
	}
	for _, r := range name {
		if !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-') {
			return ""
		}
	}
	return name
}
