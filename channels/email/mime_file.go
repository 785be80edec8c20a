package email

import (
	"bytes"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// isFile says whether a part of text is a file that was attached and not what
// the mail says.
func (w *walker) isFile(p part) bool {
	disposition, params := parameters(p.header.Get("Content-Disposition"))
	name := p.params["name"] + params["filename"]
	switch {
	case p.kind == "text/calendar" || p.kind == "text/x-vcalendar":
		return true
	case disposition == "attachment" || p.kind != "text/plain" && p.kind != "text/html" && name != "":
		return true
	}
	return !strings.HasPrefix(cleanLabel(p.params["charset"]), "utf-") && binary(p.decoded())
}

// binary looks for what no text has; UTF-16 shows by its mark.
func binary(body []byte) bool {
	sample := body[:min(len(body), 4096)]
	if bytes.HasPrefix(sample, []byte("\xff\xfe")) || bytes.HasPrefix(sample, []byte("\xfe\xff")) {
		return false
	}
	strange := 0
	for _, c := range sample {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b {
			strange++
		}
	}
	return strange > 3 && strange*20 > len(sample)
}

// file adds a piece of media to the letter, or a note that one was left out.
func (w *walker) file(p part) {
	_, disposition := parameters(p.header.Get("Content-Disposition"))
	name := strings.TrimSpace(decodeField(disposition["filename"]))
	if name == "" {
		name = strings.TrimSpace(decodeField(p.params["name"]))
	}
	switch {
	case p.kind == "text/calendar" || p.kind == "text/x-vcalendar" || p.kind == "application/ics":
		w.leave("calendar")
		return
	case p.kind == "application/ms-tnef" || p.kind == "application/vnd.ms-tnef" || strings.EqualFold(name, "winmail.dat"):
		w.leave("tnef")
		return
	case strings.HasSuffix(p.kind, "-signature") || p.kind == "message/external-body" || p.kind == "application/pgp-encrypted":
		return // says nothing to a person
	}
	body := p.decoded()
	switch {
	case len(body) == 0:
	case len(body) > fileBytes:
		w.leave("large")
	case len(w.letter.files) == maxFiles:
		w.leave("files")
	default:
		w.letter.files = append(w.letter.files, file{name: short(channels.Clean(name)), contentType: short(channels.Clean(p.kind)), bytes: body})
		if p.kind == "text/plain" && len(body) <= maxText && !binary(body) {
			w.attached = append(w.attached, p.words())
		}
	}
}

// short bounds a name that a sender wrote.
func short(name string) string {
	if runes := []rune(name); len(runes) > 200 {
		return string(runes[:200])
	}
	return name
}
