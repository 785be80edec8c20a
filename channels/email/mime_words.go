package email

import (
	"strings"
	"unicode/utf8"

	"github.com/onyo-project/onyo/channels"
)

// decodeField reads a header's value: encoded words (RFC 2047), also those cut
// in the middle of a character, and bytes that no rule allows.
func decodeField(value string) string {
	if len(value) > maxField {
		value = value[:maxField]
	}
	var out strings.Builder
	var pending []byte // of words in one charset that follow each other
	charset, between := "", ""
	flush := func() {
		if pending != nil {
			out.WriteString(decodeCharset(charset, pending))
			pending = nil
		}
		out.WriteString(between)
		between = ""
	}
	for value != "" {
		start := strings.Index(value, "=?")
		word, label, after, ok := []byte(nil), "", "", false
		if start >= 0 {
			word, label, after, ok = cutWord(value[start:])
		}
		if !ok {
			plain := value
			if start >= 0 {
				plain = value[:start+2]
			}
			value = value[len(plain):]
			flush()
			out.WriteString(plainField(plain))
			continue
		}
		if plain := value[:start]; pending == nil || strings.TrimSpace(plain) != "" {
			flush()
			out.WriteString(plainField(plain))
		} else if !strings.EqualFold(label, charset) {
			flush()
		}
		charset, value = label, after
		if pending = append(pending, word...); pending == nil {
			pending = []byte{}
		}
	}
	flush()
	return channels.Clean(out.String())
}

// cutWord takes "=?charset*language?encoding?text?=" off the front.
func cutWord(text string) (word []byte, charset, after string, ok bool) {
	charset, rest, ok := strings.Cut(text[2:], "?")
	if !ok || charset == "" || len(charset) > 100 || strings.ContainsAny(charset, " \t") || len(rest) < 2 || rest[1] != '?' {
		return nil, "", "", false
	}
	encoding, rest := rest[0], rest[2:]
	encoded, after, ok := strings.Cut(rest, "?=")
	if !ok {
		return nil, "", "", false
	}
	charset, _, _ = strings.Cut(charset, "*")
	switch encoding {
	case 'q', 'Q':
		return fromQuotedPrintable([]byte(strings.ReplaceAll(encoded, "_", " "))), charset, after, true
	case 'b', 'B':
		decoded, good := fromBase64([]byte(encoded))
		return decoded, charset, after, good
	}
	return nil, "", "", false
}

func plainField(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return decodeCharset("", []byte(text))
}
