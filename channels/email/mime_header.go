package email

import (
	"bytes"
	"net/textproto"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// maxHeader bounds the header of a mail or a part; what follows is body.
	maxHeader = 256 << 10
	// maxField bounds one value once it is read for what it says.
	maxField = 16 << 10
	// headerAhead is how many lines are looked at to tell a badly folded header
	// from a body that began without an empty line.
	headerAhead = 20
)

// cutHeader divides a mail or a part into header and body, as forgiving as mail
// programs are: lines folded without a space, a body without an empty line
// before it, a line of an mbox file at the start. holds says of a field's
// lower-case name whether it may be one; where no field is one, all is body.
func cutHeader(raw []byte, holds func(name string) bool) (header textproto.MIMEHeader, body []byte) {
	header = textproto.MIMEHeader{}
	rest, name, known := raw, "", false
	var value []byte // of the field at work, unfolded
	keep := func() {
		if name != "" {
			header[name] = append(header[name], string(value))
		}
	}
	if bytes.HasPrefix(raw, []byte("From ")) || bytes.HasPrefix(raw, []byte(">From ")) {
		_, rest = cutLine(raw)
	}
	ended := false
	for !ended && len(rest) > 0 && len(raw)-len(rest) < maxHeader {
		line, after := cutLine(rest)
		if len(line) == 0 {
			rest = after
			break
		}
		folded := line[0] == ' ' || line[0] == '\t'
		field, first, isField := cutField(line)
		switch {
		case folded && name != "", !folded && !isField && name != "" && headerGoesOn(after):
			value = append(append(value, ' '), bytes.TrimSpace(line)...)
		case isField:
			keep()
			name, value = textproto.CanonicalMIMEHeaderKey(field), []byte(first)
			known = known || holds(strings.ToLower(field))
		default:
			ended = true
			continue
		}
		rest = after
	}
	keep()
	if !known {
		return textproto.MIMEHeader{}, raw
	}
	return header, rest
}

// cutLine is the first line without its end, and what follows.
func cutLine(text []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(text, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'}), rest
}

// cutField reads "Name: value"; one space too many before it is forgiven.
func cutField(line []byte) (name, value string, ok bool) {
	before, after, found := bytes.Cut(line, []byte{':'})
	before = bytes.TrimSpace(before)
	if !found || len(before) == 0 || len(before) > 100 {
		return "", "", false
	}
	for _, c := range before {
		if c <= ' ' || c >= 0x7f {
			return "", "", false
		}
	}
	return string(before), string(bytes.TrimSpace(after)), true
}

// headerGoesOn says whether fields follow before anything that ends a header.
func headerGoesOn(rest []byte) bool {
	for range headerAhead {
		line, after := cutLine(rest)
		if len(line) == 0 || bytes.HasPrefix(line, []byte("--")) {
			return false
		}
		if _, _, isField := cutField(line); isField {
			return true
		}
		rest = after
	}
	return false
}

// ofMail are fields by which a mail is known from a text that begins "Note: …".
func ofMail(name string) bool {
	switch name {
	case "from", "to", "cc", "subject", "date", "received", "return-path", "delivered-to", "sender", "reply-to",
		"message-id", "in-reply-to", "references", "mime-version", "auto-submitted", "precedence":
		return true
	}
	return ofPart(name)
}

// ofPart are fields of a part of a mail.
func ofPart(name string) bool {
	return strings.HasPrefix(name, "content-") || strings.HasPrefix(name, "x-") || name == "mime-version"
}

// parameters reads "type/sub; name=value", with all that programs do to it:
// missing semicolons and quotes, values cut in pieces and percent-encoded
// (RFC 2231). The type is lower case, "" where there is none.
func parameters(value string) (kind string, params map[string]string) {
	if len(value) > maxField {
		value = value[:maxField]
	}
	params = map[string]string{}
	end := strings.IndexAny(value, "; \t,\"<>")
	if end < 0 {
		end = len(value)
	}
	kind = strings.ToLower(value[:end])
	pieces := map[string]string{}
	for rest := strings.TrimLeft(value[end:], "; \t,<>"); rest != ""; rest = strings.TrimLeft(rest, "; \t\r\n") {
		var name, text string
		name, text, rest = cutParameter(rest)
		if _, again := pieces[name]; name != "" && !again {
			pieces[name] = text
		}
	}
	for name, text := range pieces {
		if base, _, split := strings.Cut(name, "*"); !split {
			params[name] = text
		} else if _, plain := pieces[base]; !plain {
			params[base] = joined(base, pieces)
		}
	}
	return kind, params
}

// cutParameter takes one name=value off the front.
func cutParameter(rest string) (name, value, after string) {
	end := strings.IndexAny(rest, "=;")
	if end < 0 || rest[end] == ';' {
		_, after, _ = strings.Cut(rest, ";")
		return "", "", after
	}
	name = strings.ToLower(strings.TrimSpace(rest[:end]))
	rest = strings.TrimLeft(rest[end+1:], " \t")
	if !strings.HasPrefix(rest, `"`) {
		value, after, _ = strings.Cut(rest, ";")
		return name, strings.TrimSpace(value), after
	}
	var quoted strings.Builder
	for i := 1; i < len(rest); i++ {
		switch {
		case rest[i] == '\\' && i+1 < len(rest) && (rest[i+1] == '"' || rest[i+1] == '\\'):
			i++
			quoted.WriteByte(rest[i])
		case rest[i] == '"':
			return name, quoted.String(), rest[i+1:]
		default:
			quoted.WriteByte(rest[i])
		}
	}
	return name, quoted.String(), ""
}

// joined puts together name*=…, or name*0=…, name*1*=… and so on.
func joined(name string, pieces map[string]string) string {
	charset, whole := "", ""
	take := func(text string, first, encoded bool) {
		if !encoded {
			whole += text
			return
		}
		if first {
			if parts := strings.SplitN(text, "'", 3); len(parts) == 3 {
				charset, text = parts[0], parts[2]
			}
		}
		whole += percentDecoded(text)
	}
	if text, ok := pieces[name+"*"]; ok {
		take(text, true, true)
	}
	for i := range 100 {
		number := name + "*" + strconv.Itoa(i)
		if text, ok := pieces[number+"*"]; ok {
			take(text, i == 0, true)
		} else if text, ok := pieces[number]; ok {
			take(text, i == 0, false)
		} else {
			break
		}
	}
	if charset == "" && utf8.ValidString(whole) {
		return whole
	}
	return decodeCharset(charset, []byte(whole))
}

func percentDecoded(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '%' && i+2 < len(text) {
			if high, low := unhex(text[i+1]), unhex(text[i+2]); high >= 0 && low >= 0 {
				out.WriteByte(byte(high<<4 | low))
				i += 2
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}
