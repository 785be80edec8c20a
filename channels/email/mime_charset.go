package email

import (
	"bytes"
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"github.com/onyo-project/onyo/channels"
)

// How many characters of several bytes a text needs so that being valid UTF-8
// cannot be chance: few where another charset uses every byte, more where it
// has characters of two bytes itself.
const (
	chanceSingle = 2
	chanceDouble = 4
)

// decodeCharset makes text of bytes in a charset that a program declared, or ""
// for none. Programs declare wrong ones; the bytes themselves decide where they
// can.
func decodeCharset(label string, body []byte) string {
	label = cleanLabel(label)
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	switch {
	case isASCII(body):
		return decodeASCII(label, body)
	case label == "utf-8" || label == "utf8" || label == "utf8mb4":
		return decodeUTF8(body)
	case label == "utf-7" || label == "unicode-1-1-utf-7":
		return channels.Clean(fromUTF7(body))
	}
	declared := charsetOf(label)
	several := severalBytes(body)
	switch {
	case utf8.Valid(body) && (declared == nil || several >= chanceDouble || several >= chanceSingle && single(declared)):
		return channels.Clean(string(body))
	case declared == nil || isLatin(label) && label != "iso-8859-1" && label != "windows-1252":
		return guess(body)
	}
	return inCharset(declared, body)
}

// decodeASCII reads bytes below 0x80, which are more than ASCII in the charsets
// that switch.
func decodeASCII(label string, body []byte) string {
	switch {
	case label == "utf-7" || label == "unicode-1-1-utf-7":
		return channels.Clean(fromUTF7(body))
	case bytes.Contains(body, []byte("\x1b$")) || bytes.Contains(body, []byte("\x1b(J")):
		return inCharset(japanese.ISO2022JP, body)
	case label == "hz-gb-2312" || strings.HasPrefix(label, "utf-16") || strings.HasPrefix(label, "utf-32"):
		if declared := charsetOf(label); declared != nil {
			return inCharset(declared, body)
		}
	}
	return channels.Clean(string(body))
}

// decodeUTF8 keeps UTF-8 with a few broken bytes; what is mostly broken was
// something else.
func decodeUTF8(body []byte) string {
	if utf8.Valid(body) || severalBytes(body) > 0 && severalBytes(body) >= brokenBytes(body) {
		return channels.Clean(string(body))
	}
	return guess(body)
}

// cleanLabel takes off what programs write around a charset's name.
func cleanLabel(label string) string {
	label = strings.ToLower(strings.Trim(label, " \t\"'<>"))
	label = strings.TrimPrefix(label, "charset=")
	if i := strings.IndexFunc(label, func(r rune) bool {
		return r != '-' && r != '_' && r != ':' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	}); i >= 0 {
		label = label[:i]
	}
	return label
}

// charsetOf finds a charset by any of its names; nil for none.
func charsetOf(label string) encoding.Encoding {
	switch label {
	case "", "unknown-8bit", "x-unknown", "default", "us-ascii", "ascii", "ansi_x3.4-1968", "binary", "8bit":
		return nil
	case "hz-gb-2312":
		return simplifiedchinese.HZGB2312
	case "utf-16":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case "utf-32", "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM)
	case "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM)
	case "gb2312", "gb_2312-80", "gbk", "cp936", "ms936":
		return simplifiedchinese.GB18030
	}
	if found, err := htmlindex.Get(label); err == nil && found != encoding.Replacement {
		return found
	}
	number := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(label, "windows-"), "cp-"), "cp")
	if found, err := htmlindex.Get("windows-" + number); err == nil && number != label {
		return found
	}
	for _, index := range []*ianaindex.Index{ianaindex.MIME, ianaindex.IANA} {
		if found, err := index.Encoding(label); err == nil && found != nil && found != encoding.Replacement {
			return found
		}
	}
	return nil
}

func single(declared encoding.Encoding) bool {
	_, single := declared.(*charmap.Charmap)
	return single
}

// isLatin: charsets that programs declare when they know nothing.
func isLatin(label string) bool {
	return label == "iso-8859-1" || label == "windows-1252" || charsetOf(label) == nil
}

func inCharset(from encoding.Encoding, body []byte) string {
	text, err := from.NewDecoder().Bytes(body)
	if err != nil {
		return channels.Clean(string(body))
	}
	return channels.Clean(string(text))
}

func isASCII(body []byte) bool {
	for _, c := range body {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// severalBytes counts characters of two bytes and more in what may be UTF-8.
func severalBytes(body []byte) (n int) {
	for i := 0; i < len(body); {
		r, size := utf8.DecodeRune(body[i:])
		if r != utf8.RuneError && size > 1 {
			n++
		}
		i += size
	}
	return n
}

func brokenBytes(body []byte) (n int) {
	for i := 0; i < len(body); {
		r, size := utf8.DecodeRune(body[i:])
		if r == utf8.RuneError && size <= 1 {
			n++
		}
		i += size
	}
	return n
}

// fromUTF7 reads RFC 2152: "+", base64 of UTF-16, "-".
func fromUTF7(body []byte) string {
	var out strings.Builder
	for len(body) > 0 {
		start := bytes.IndexByte(body, '+')
		if start < 0 {
			out.Write(body)
			break
		}
		out.Write(body[:start])
		body = body[start+1:]
		end := 0
		for end < len(body) && base64Value(body[end]) >= 0 {
			end++
		}
		shifted := body[:end]
		body = body[end:]
		ended := len(body) > 0 && body[0] == '-'
		if ended {
			body = body[1:]
		}
		if len(shifted) == 0 {
			out.WriteByte('+')
			continue
		}
		raw, err := base64.RawStdEncoding.DecodeString(string(shifted))
		if err != nil || len(raw) < 2 { // a plus sign that was meant as one
			out.WriteString("+" + string(shifted))
			if ended {
				out.WriteByte('-')
			}
			continue
		}
		units := make([]uint16, len(raw)/2)
		for i := range units {
			units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
		}
		out.WriteString(string(utf16.Decode(units)))
	}
	return out.String()
}
