package vault

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// sealedText is what a secret prints as, everywhere.
const sealedText = "[sealed]"

// errPlaintext keeps a secret from being handed to a database as it is.
var errPlaintext = errors.New("a secret is stored sealed, never as it is")

// Secret is personal data or a credential as text. It prints as [sealed] in
// fmt, slog, JSON and every text encoding, and refuses to be an argument of an
// SQL statement; only Reveal and a plain conversion give it away.
//
// fmt asks no methods in two places, and there a Secret prints as it is: in an
// unexported field, so keep Secrets in exported ones; and where fmt complains of
// a verb that does not fit, as with %s of a list of pointers to structs (go vet
// refuses that one) or %p of a Secret itself (it does not).
//
// Encoding writes [sealed], but decoding JSON text into a Secret keeps the text.
type Secret string

// Reveal is the plaintext.
func (s Secret) Reveal() string { return string(s) }

// String is [sealed].
func (Secret) String() string { return sealedText }

// GoString is [sealed].
func (Secret) GoString() string { return sealedText }

// Format writes [sealed] for every verb and flag.
func (Secret) Format(f fmt.State, _ rune) { writeSealed(f) }

// LogValue is [sealed].
func (Secret) LogValue() slog.Value { return slog.StringValue(sealedText) }

// MarshalText is [sealed]; it also serves JSON, YAML and XML.
func (Secret) MarshalText() ([]byte, error) { return []byte(sealedText), nil }

// MarshalJSON is "[sealed]".
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + sealedText + `"`), nil }

// Value always fails: a column takes what DataKey.Seal made of a secret.
func (Secret) Value() (driver.Value, error) { return nil, errPlaintext }

// SecretBytes is Secret for bytes that may be no text: raw exchanges, media.
// What is said of Secret holds for it.
type SecretBytes []byte

// Reveal is the plaintext itself, not a copy.
func (s SecretBytes) Reveal() []byte { return s }

// String is [sealed].
func (SecretBytes) String() string { return sealedText }

// GoString is [sealed].
func (SecretBytes) GoString() string { return sealedText }

// Format writes [sealed] for every verb and flag.
func (SecretBytes) Format(f fmt.State, _ rune) { writeSealed(f) }

// LogValue is [sealed].
func (SecretBytes) LogValue() slog.Value { return slog.StringValue(sealedText) }

// MarshalText is [sealed]; it also serves JSON, YAML and XML.
func (SecretBytes) MarshalText() ([]byte, error) { return []byte(sealedText), nil }

// MarshalJSON is "[sealed]".
func (SecretBytes) MarshalJSON() ([]byte, error) { return []byte(`"` + sealedText + `"`), nil }

// Value always fails: a column takes what DataKey.Seal made of a secret.
func (SecretBytes) Value() (driver.Value, error) { return nil, errPlaintext }

// writeSealed ignores a failing writer, as fmt itself would.
func writeSealed(w io.Writer) { _, _ = io.WriteString(w, sealedText) }
