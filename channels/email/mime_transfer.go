package email

import (
	"bytes"
	"strings"
)

// decodeTransfer undoes a part's Content-Transfer-Encoding. What is not encoded
// as it says stays as it is.
func decodeTransfer(encoding string, body []byte) []byte {
	encoding, _, _ = strings.Cut(strings.ToLower(encoding), ";")
	switch strings.Trim(encoding, " \t\"'") {
	case "base64":
		if decoded, ok := fromBase64(body); ok {
			return decoded
		}
	case "quoted-printable":
		return fromQuotedPrintable(body)
	}
	return body
}

// fromBase64 passes over what is not of its alphabet, and starts anew after
// padding. It is false for what can only be plain text: words with spaces
// between them, or mostly other characters.
func fromBase64(body []byte) (decoded []byte, ok bool) {
	decoded = make([]byte, 0, len(body)/4*3+3)
	var quantum uint32
	held, good, strange, gaps := 0, 0, 0, 0
	flush := func() {
		switch held {
		case 2:
			decoded = append(decoded, byte(quantum>>4))
		case 3:
			decoded = append(decoded, byte(quantum>>10), byte(quantum>>2))
		}
		quantum, held = 0, 0
	}
	for i, c := range body {
		value := base64Value(c)
		switch {
		case value >= 0:
			good++
			quantum = quantum<<6 | uint32(value)
			if held++; held == 4 {
				decoded = append(decoded, byte(quantum>>16), byte(quantum>>8), byte(quantum))
				quantum, held = 0, 0
			}
		case c == '=':
			flush()
		case c == ' ' && i > 0 && base64Value(body[i-1]) >= 0:
			gaps++
		case c > ' ':
			strange++
		}
	}
	flush()
	return decoded, strange*8 <= good && gaps*20 <= good
}

func base64Value(c byte) int {
	switch {
	case 'A' <= c && c <= 'Z':
		return int(c - 'A')
	case 'a' <= c && c <= 'z':
		return int(c-'a') + 26
	case '0' <= c && c <= '9':
		return int(c-'0') + 52
	case c == '+':
		return 62
	case c == '/':
		return 63
	}
	return -1
}

// fromQuotedPrintable leaves what is no escape as it stands.
func fromQuotedPrintable(body []byte) []byte {
	if !bytes.ContainsRune(body, '=') {
		return body
	}
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); i++ {
		if body[i] != '=' {
			out = append(out, body[i])
			continue
		}
		if i+2 < len(body) {
			if high, low := unhex(body[i+1]), unhex(body[i+2]); high >= 0 && low >= 0 {
				out = append(out, byte(high<<4|low))
				i += 2
				continue
			}
		}
		if end, soft := softBreak(body, i+1); soft {
			i = end
			continue
		}
		out = append(out, '=')
	}
	return out
}

// softBreak finds the line feed that a "=" before it takes away, spaces between
// them forgiven.
func softBreak(body []byte, from int) (end int, ok bool) {
	for i := from; i < len(body); i++ {
		switch body[i] {
		case '\n':
			return i, true
		case ' ', '\t', '\r':
		default:
			return 0, false
		}
	}
	return len(body), true
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
