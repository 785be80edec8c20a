// Package formats writes what Onyo shows in the forms that other programs read.
// GeoJSON (RFC 7946) is written by appending to a byte slice, for maps answer
// with thousands of features at a time; CSV is streamed. Everything is pure and
// safe for concurrent use.
package formats

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendDegrees writes a coordinate with at most seven decimals (some 1 cm),
// without trailing zeros and without -0. What is not finite becomes 0.
func AppendDegrees(dst []byte, degrees float64) []byte {
	if math.IsNaN(degrees) || math.IsInf(degrees, 0) {
		return append(dst, '0')
	}
	units := int64(math.Round(degrees * 1e7))
	if units < 0 {
		dst = append(dst, '-')
		units = -units
	}
	dst = strconv.AppendInt(dst, units/1e7, 10)
	rest := units % 1e7
	if rest == 0 {
		return dst
	}
	dst = append(dst, '.')
	for scale := int64(1e6); rest > 0; scale /= 10 {
		dst = append(dst, byte('0'+rest/scale))
		rest %= scale
	}
	return dst
}

// AppendNumber writes a number in the shortest form that reads back the same.
// What is not finite becomes null.
func AppendNumber(dst []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(dst, "null"...)
	}
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.AppendInt(dst, int64(v), 10)
	}
	return strconv.AppendFloat(dst, v, 'f', -1, 64)
}

// AppendTime writes an RFC 3339 time in UTC, to the microsecond where it has
// one; null for the zero time.
func AppendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, "null"...)
	}
	dst = append(dst, '"')
	dst = t.UTC().Truncate(time.Microsecond).AppendFormat(dst, time.RFC3339Nano)
	return append(dst, '"')
}

const hexDigits = "0123456789abcdef"

// AppendString writes a JSON string. What could end a script or an attribute is
// escaped as well, so that it may be put into a page; bytes that are not UTF-8
// become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= 0x20 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' {
				i++
				continue
			}
			dst = append(dst, s[start:i]...)
			if c == '"' || c == '\\' {
				dst = append(dst, '\\', c)
			} else {
				dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || r == '\u2028' || r == '\u2029' {
			dst = append(dst, s[start:i]...)
			dst = append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
			start = i + size
		}
		i += size
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// AppendStrings writes a JSON list of strings, [] for none.
func AppendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, s)
	}
	return append(dst, ']')
}
