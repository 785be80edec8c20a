package sms

import (
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/onyo-project/onyo/channels"
)

// decode is the text of an exchange, whatever its letters were coded in. Fields are
// bytes until here.
func (g *gateway) decode(came arrival) string {
	names := g.preset.fields
	text := []byte(came.first(names["text"]))
	if binary, err := hex.DecodeString(came.first(names["binary"])); err == nil && len(binary) > 0 {
		text = binary
	}
	coding, charset := strings.TrimSpace(came.first(names["coding"])), strings.TrimSpace(came.first(names["charset"]))
	if charset != "" {
		return channels.Clean(inCharset(text, charset))
	}
	if g.preset.name == presetJasmin {
		return channels.Clean(inDataCoding(text, coding))
	}
	if coding == "2" { // Kannel's for UCS-2, as bytes or as their digits
		if digits, err := hex.DecodeString(string(text)); err == nil && len(text)%4 == 0 && len(text) > 0 {
			text = digits
		}
		return channels.Clean(inUTF16(text))
	}
	return channels.Clean(inUTF8(text))
}

// inCharset reads text by the name of its charset; an unknown name leaves it to
// what the bytes look like.
func inCharset(text []byte, name string) string {
	switch strings.ToUpper(strings.NewReplacer("-", "", "_", "", " ", "").Replace(name)) {
	case "GSM", "GSM7", "GSM0338", "GSM7BIT":
		return inGSM(text)
	case "UTF16BE", "UCS2", "UTF16", "UCS2BE":
		return inUTF16(text)
	case "UTF8":
		return string(text)
	case "8BIT", "BINARY":
		return inUTF8(text)
	}
	charset, err := htmlindex.Get(name)
	if err != nil {
		return inUTF8(text)
	}
	decoded, err := charset.NewDecoder().Bytes(text)
	if err != nil {
		return inUTF8(text)
	}
	return string(decoded)
}

// inDataCoding reads text by SMPP's data_coding: 0 the operator's alphabet, which
// is GSM's unless its bytes say otherwise, 1 ASCII, 3 Latin-1, 8 UCS-2.
func inDataCoding(text []byte, coding string) string {
	number, _ := strconv.Atoi(coding)
	switch number {
	case 0:
		return inGSM(text)
	case 3:
		return inLatin1(text)
	case 8:
		return inUTF16(text)
	}
	return inUTF8(text)
}

// inUTF8 takes what is no UTF-8 for Latin-1, which older gateways send, unless some
// of it is UTF-8 after all, cut or broken, or none of it can be Latin-1.
func inUTF8(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	for rest := text; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if size > 1 || r == utf8.RuneError && rest[0] < 0xA0 {
			return string(text)
		}
		rest = rest[size:]
	}
	return inLatin1(text)
}

func inLatin1(text []byte) string {
	runes := make([]rune, len(text))
	for i, b := range text {
		runes[i] = rune(b)
	}
	return string(runes)
}

// inUTF16 reads big-endian UTF-16. An odd number of bytes cannot be that.
func inUTF16(text []byte) string {
	if len(text)%2 != 0 {
		return inUTF8(text)
	}
	units := make([]uint16, len(text)/2)
	for i := range units {
		units[i] = uint16(text[2*i])<<8 | uint16(text[2*i+1])
	}
	return strings.TrimPrefix(string(utf16.Decode(units)), "\uFEFF")
}

// gsm is GSM 03.38's alphabet by number, gsmMore what follows an escape.
const gsm = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u00a0ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"

func gsmMore(b byte) rune {
	switch b {
	case 0x0A:
		return '\f'
	case 0x14:
		return '^'
	case 0x28:
		return '{'
	case 0x29:
		return '}'
	case 0x2F:
		return '\\'
	case 0x3C:
		return '['
	case 0x3D:
		return '~'
	case 0x3E:
		return ']'
	case 0x40:
		return '|'
	case 0x65:
		return '€'
	}
	return 0
}

// inGSM reads unpacked septets, one a byte. Bytes that are none were not GSM: many
// gateways turn them into UTF-8 or Latin-1 and forget to say so.
func inGSM(text []byte) string {
	for _, b := range text {
		if b > 0x7F {
			return inUTF8(text)
		}
	}
	alphabet := []rune(gsm)
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == 0x1B && i+1 < len(text) {
			if more := gsmMore(text[i+1]); more != 0 {
				out.WriteRune(more)
				i++
				continue
			}
		}
		out.WriteRune(alphabet[text[i]])
	}
	return out.String()
}

// isGSM says whether a text can go out in GSM's alphabet, 160 letters a message
// instead of 70.
func isGSM(text string) bool {
	for _, r := range text {
		if !strings.ContainsRune(gsm, r) && !strings.ContainsRune("^{}\\[~]|€", r) || r == '\u00a0' {
			return false
		}
	}
	return true
}

// concatenation reads a user data header: which part of which text; total is 0
// where it says nothing of that. Source: 3GPP TS 23.040, 9.2.3.24.
func concatenation(header []byte) (ref string, number, total int) {
	if len(header) < 2 {
		return "", 0, 0
	}
	elements := header[1:]
	if int(header[0]) != len(elements) {
		return "", 0, 0
	}
	for len(elements) >= 2 {
		kind, length := elements[0], int(elements[1])
		if len(elements) < 2+length {
			return "", 0, 0
		}
		data := elements[2 : 2+length]
		switch {
		case kind == 0x00 && length == 3:
			return strconv.Itoa(int(data[0])), int(data[2]), int(data[1])
		case kind == 0x08 && length == 4:
			return strconv.Itoa(int(data[0])<<8 | int(data[1])), int(data[3]), int(data[2])
		}
		elements = elements[2+length:]
	}
	return "", 0, 0
}
