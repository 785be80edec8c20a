package vault

import (
	"encoding"
	"encoding/base64"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Canonical is the one way to write a value down for a commitment: see Encoder,
// which remembers how a type is written and so is faster for many.
func Canonical(v any) ([]byte, error) { return new(Encoder).Canonical(v) }

// Encoder writes values as canonical JSON, secrets in plaintext: equal values
// give equal bytes, and different values of a type give different bytes. The
// form is that of RFC 8785 with these rules of our own:
//
//   - A struct's fields are named as in Go, or by a canon:"name" tag, and all
//     are written; canon:"-" leaves one out, canon:",omitempty" one that is
//     empty; embedded structs are flattened.
//   - Integers keep all their digits; times are UTC, RFC 3339 with exactly six
//     digits of the second (finer ones are cut); bytes are standard base64.
//   - nil and empty are alike for slices ([]), bytes ("") and maps ({}), because
//     databases do not keep them apart. A nil pointer is null.
//   - A type with MarshalText is written as that text.
//
// It refuses what has no one form: NaN and infinities, text that is not UTF-8,
// years outside 0 to 9999, unexported fields, interfaces, functions, channels
// and types that contain themselves. Errors name the field, never its value.
//
// The zero Encoder is ready. It may be used by many goroutines and must not be
// copied.
type Encoder struct {
	plans sync.Map // reflect.Type to step
}

// Canonical is v as canonical JSON.
func (e *Encoder) Canonical(v any) ([]byte, error) { return e.Append(nil, v) }

// Append is Canonical at the end of dst. On failure dst comes back as it was.
func (e *Encoder) Append(dst []byte, v any) ([]byte, error) {
	value := reflect.ValueOf(v)
	if !value.IsValid() {
		return append(dst, "null"...), nil
	}
	write, err := e.plan(value.Type())
	if err != nil {
		return dst, fmt.Errorf("canonical %s: %w", value.Type(), err)
	}
	out, err := write(dst, value)
	if err != nil {
		return dst, fmt.Errorf("canonical %s: %w", value.Type(), err)
	}
	return out, nil
}

// step appends one value of the type it was made for.
type step func(dst []byte, v reflect.Value) ([]byte, error)

func (e *Encoder) plan(t reflect.Type) (step, error) {
	if known, ok := e.plans.Load(t); ok {
		return known.(step), nil
	}
	made, err := compile(t, nil)
	if err != nil {
		return nil, err
	}
	e.plans.Store(t, made)
	return made, nil
}

// compile makes the step of a type; within holds the types being compiled
// around it.
func compile(t reflect.Type, within []reflect.Type) (step, error) {
	if slices.Contains(within, t) {
		return nil, fmt.Errorf("type %s contains itself", t)
	}
	within = append(within, t)
	switch {
	case t == reflect.TypeFor[Secret]():
		return writeString, nil
	case t == reflect.TypeFor[SecretBytes]():
		return writeBytes, nil
	case t == reflect.TypeFor[time.Time]():
		return writeTime, nil
	case t.Kind() == reflect.Pointer:
		return compilePointer(t, within)
	case hasText(t):
		return writeText, nil
	}
	switch t.Kind() {
	case reflect.Struct:
		return compileStruct(t, within)
	case reflect.Map:
		return compileMap(t, within)
	case reflect.Slice, reflect.Array:
		return compileList(t, within)
	}
	return compileScalar(t)
}

func compileScalar(t reflect.Type) (step, error) {
	switch t.Kind() {
	case reflect.Bool:
		return func(dst []byte, v reflect.Value) ([]byte, error) { return strconv.AppendBool(dst, v.Bool()), nil }, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(dst []byte, v reflect.Value) ([]byte, error) { return strconv.AppendInt(dst, v.Int(), 10), nil }, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return func(dst []byte, v reflect.Value) ([]byte, error) { return strconv.AppendUint(dst, v.Uint(), 10), nil }, nil
	case reflect.Float32, reflect.Float64:
		bits := t.Bits()
		return func(dst []byte, v reflect.Value) ([]byte, error) { return appendFloat(dst, v.Float(), bits) }, nil
	case reflect.String:
		return writeString, nil
	}
	return nil, fmt.Errorf("a %s has no canonical form", t.Kind())
}

func compilePointer(t reflect.Type, within []reflect.Type) (step, error) {
	write, err := compile(t.Elem(), within)
	if err != nil {
		return nil, err
	}
	return func(dst []byte, v reflect.Value) ([]byte, error) {
		if v.IsNil() {
			return append(dst, "null"...), nil
		}
		return write(dst, v.Elem())
	}, nil
}

func compileList(t reflect.Type, within []reflect.Type) (step, error) {
	if t.Elem().Kind() == reflect.Uint8 {
		return writeBytes, nil
	}
	write, err := compile(t.Elem(), within)
	if err != nil {
		return nil, err
	}
	return func(dst []byte, v reflect.Value) ([]byte, error) {
		dst = append(dst, '[')
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = write(dst, v.Index(i)); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
		return append(dst, ']'), nil
	}, nil
}

func writeString(dst []byte, v reflect.Value) ([]byte, error) { return appendString(dst, v.String()) }

// hasText says whether values of a type write themselves as text.
func hasText(t reflect.Type) bool {
	return t.Kind() != reflect.Interface && t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

func writeText(dst []byte, v reflect.Value) ([]byte, error) {
	text, err := v.Interface().(encoding.TextMarshaler).MarshalText()
	if err != nil {
		return nil, err
	}
	return appendString(dst, string(text))
}

func writeBytes(dst []byte, v reflect.Value) ([]byte, error) {
	if v.Kind() == reflect.Array && !v.CanAddr() {
		held := reflect.New(v.Type()).Elem()
		held.Set(v)
		v = held
	}
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, v.Bytes())
	return append(dst, '"'), nil
}

func writeTime(dst []byte, v reflect.Value) ([]byte, error) {
	at := v.Interface().(time.Time).UTC()
	if year := at.Year(); year < 0 || year > 9999 {
		return nil, fmt.Errorf("the year does not have four digits")
	}
	return at.AppendFormat(dst, `"2006-01-02T15:04:05.000000Z"`), nil
}

// appendFloat writes a number as ECMAScript does: the shortest digits that read
// back the same, an exponent below 1e-6 and from 1e21.
func appendFloat(dst []byte, f float64, bits int) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("the number is not finite")
	}
	size := math.Abs(f)
	if size == 0 {
		return append(dst, '0'), nil // -0 is 0
	}
	if size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(dst, f, 'f', -1, bits), nil
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
	// Go writes at least two digits of exponent, ECMAScript as many as needed.
	if n := len(dst); n-start >= 4 && dst[n-2] == '0' && (dst[n-3] == '-' || dst[n-3] == '+') {
		dst = append(dst[:n-2], dst[n-1])
	}
	return dst, nil
}

func appendString(dst []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("the text is not UTF-8")
	}
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	done := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, `\b`...)
		case '\f':
			dst = append(dst, `\f`...)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			dst = append(dst, `\u00`...)
			dst = append(dst, hex[c>>4], hex[c&15])
		}
	}
	return append(append(dst, s[done:]...), '"'), nil
}

// compareNames orders object names as RFC 8785 does, by UTF-16 code units.
func compareNames(a, b string) int {
	return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
}
