package sms

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// twilioForm are a form's fields, sorted by key as a signature has them; the
// values of a repeated key stand as they came. Signing and reading work on the
// same slice, so that a form is parsed once.
type twilioForm []twilioField

type twilioField struct{ key, value string }

// formFields is how many fields url.ParseQuery takes, too.
const formFields = 10000

var errForm = errors.New("not a form") // the parser's own text may hold what was sent

// parseForm agrees with url.ParseQuery on what is a form and what is in it.
func parseForm(text string) (twilioForm, error) {
	if strings.Count(text, "&") >= formFields {
		return nil, errForm
	}
	form := make(twilioForm, 0, 24)
	for text != "" {
		var pair string
		pair, text, _ = strings.Cut(text, "&")
		if strings.Contains(pair, ";") {
			return nil, errForm
		}
		if pair == "" {
			continue
		}
		key, value, _ := strings.Cut(pair, "=")
		key, keyErr := url.QueryUnescape(key)
		value, valueErr := url.QueryUnescape(value)
		if keyErr != nil || valueErr != nil {
			return nil, errForm
		}
		form = append(form, twilioField{key, value})
	}
	slices.SortStableFunc(form, func(a, b twilioField) int { return strings.Compare(a.key, b.key) })
	return form, nil
}

// find gives a field's first value.
func (f twilioForm) find(key string) (value string, ok bool) {
	i, ok := slices.BinarySearchFunc(f, key, func(one twilioField, key string) int { return strings.Compare(one.key, key) })
	if !ok {
		return "", false
	}
	return f[i].value, true
}

func (f twilioForm) get(key string) string {
	value, _ := f.find(key)
	return value
}

func (f twilioForm) count(key string) (n int) {
	for i := range f {
		if f[i].key == key {
			n++
		}
	}
	return n
}

// first is the first value that says something.
func (f twilioForm) first(keys ...string) string {
	for _, key := range keys {
		if value := f.get(key); value != "" {
			return value
		}
	}
	return ""
}

// ambiguous forms repeat a field that we read. Helper libraries disagree on which
// of the values a signature covers, so that a captured request with one more
// value could pass as signed; Twilio itself never repeats these.
func (f twilioForm) ambiguous() bool {
	for i := 1; i < len(f); i++ {
		if key := f[i].key; key == f[i-1].key && (reads(key) || strings.HasPrefix(key, "Media")) {
			return true
		}
	}
	return false
}

func (f twilioForm) repeats() bool {
	for i := 1; i < len(f); i++ {
		if f[i].key == f[i-1].key {
			return true
		}
	}
	return false
}

// signed is what a signature covers of the form: keys in order, each with its
// value. Order is by key, never by key and value together: "Reason" goes before
// "ReasonConferenceEnded" whatever their values.
func (f twilioForm) signed() []byte {
	size := 0
	for i := range f {
		size += len(f[i].key) + len(f[i].value)
	}
	text := make([]byte, 0, size)
	for i := range f {
		text = append(append(text, f[i].key...), f[i].value...)
	}
	return text
}

// distinct has each different value of a repeated key once, sorted.
func (f twilioForm) distinct() twilioForm {
	if !f.repeats() {
		return f
	}
	sorted := slices.Clone(f)
	slices.SortFunc(sorted, func(a, b twilioField) int {
		if byKey := strings.Compare(a.key, b.key); byKey != 0 {
			return byKey
		}
		return strings.Compare(a.value, b.value)
	})
	return slices.Compact(sorted)
}
