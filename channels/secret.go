package channels

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"strings"
)

const sealed = "[sealed]"

// Secret is a value with up to two live versions, so that it can be rotated
// without losing what is on its way. It never prints, not even from inside
// another type's unexported field, where fmt asks no Formatter but has nothing
// to show of a function.
type Secret struct{ live func() []string }

// NewSecret keeps the current value and the one before it; empty ones are left
// out.
func NewSecret(current, previous string) Secret {
	var live []string
	for _, value := range []string{current, previous} {
		if value != "" {
			live = append(live, value)
		}
	}
	return Secret{func() []string { return live }}
}

func (s Secret) values() []string {
	if s.live == nil {
		return nil
	}
	return s.live()
}

// Current is the value to use for what we send; "" where none is set.
func (s Secret) Current() string {
	if values := s.values(); len(values) > 0 {
		return values[0]
	}
	return ""
}

// Any says whether a live value satisfies proof. Every value is tried, so that
// time tells nothing about which did. Without a live value nothing satisfies.
func (s Secret) Any(proof func(value string) bool) bool {
	found := false
	for _, value := range s.values() {
		if proof(value) {
			found = true
		}
	}
	return found
}

// Matches compares in constant time, and whatever the lengths.
func (s Secret) Matches(given string) bool {
	return s.Any(func(value string) bool { return Equal(value, given) })
}

// Equal compares two strings in time that depends on neither's content.
func Equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// Appears says whether a live value is in text: for tests and last-line checks.
func (s Secret) Appears(text string) bool {
	return s.Any(func(value string) bool { return strings.Contains(text, value) })
}

func write(f fmt.State, text string) { _, _ = f.Write([]byte(text)) }

// The types below print no content, whatever the verb.

func (Secret) Format(f fmt.State, _ rune)    { write(f, sealed) }
func (Secret) LogValue() slog.Value          { return slog.StringValue(sealed) }
func (Secret) MarshalText() ([]byte, error)  { return []byte(sealed), nil }
func (Address) Format(f fmt.State, _ rune)   { write(f, sealed) }
func (Address) LogValue() slog.Value         { return slog.StringValue(sealed) }
func (Address) MarshalText() ([]byte, error) { return []byte(sealed), nil }

func (m Message) Format(f fmt.State, _ rune)  { write(f, m.outline()) }
func (m Message) LogValue() slog.Value        { return slog.StringValue(m.outline()) }
func (s Split) Format(f fmt.State, _ rune)    { write(f, s.outline()) }
func (s Split) LogValue() slog.Value          { return slog.StringValue(s.outline()) }
func (x Exchange) Format(f fmt.State, _ rune) { write(f, x.outline()) }
func (x Exchange) LogValue() slog.Value       { return slog.StringValue(x.outline()) }
func (o Outbound) Format(f fmt.State, _ rune) { write(f, o.outline()) }
func (o Outbound) LogValue() slog.Value       { return slog.StringValue(o.outline()) }
func (m Media) Format(f fmt.State, _ rune)    { write(f, m.outline()) }
func (m Media) LogValue() slog.Value          { return slog.StringValue(m.outline()) }

func (m Message) outline() string {
	return fmt.Sprintf("message[%s, %d bytes of text, %d media]", m.Nature, len(m.Text), len(m.Media))
}

func (s Split) outline() string {
	return fmt.Sprintf("split[%s, %d bytes]", s.Nature, len(s.Raw))
}

func (x Exchange) outline() string {
	return fmt.Sprintf("exchange[%d bytes]", len(x.Body))
}

func (o Outbound) outline() string {
	return fmt.Sprintf("outbound[%d bytes of text]", len(o.Text))
}

func (m Media) outline() string {
	return fmt.Sprintf("media[%d bytes]", len(m.Bytes))
}
