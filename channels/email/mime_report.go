package email

import (
	"bytes"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// deliveryReport is what another mail server says became of a mail (RFC 3464,
// RFC 8098).
type deliveryReport struct {
	// of is the Message-ID of that mail, without angle brackets; "" where the
	// report does not say.
	of    string
	state channels.DeliveryState
	// code is the enhanced status code, as "5.1.1".
	code string
}

// maxGroups is how many groups of fields of a report are read: one for the
// server, one for each recipient.
const maxGroups = 100

// status reads the machine's part of a report. Of several recipients the worst
// counts: our mails have one.
func (w *walker) status(p part) {
	if w.letter.report == nil {
		w.letter.report = &deliveryReport{}
	}
	report := w.letter.report
	body := p.decoded()
	for group := 0; len(body) > 0 && group < maxGroups; group++ {
		body = bytes.TrimLeft(body, "\r\n")
		header, rest := cutHeader(body, func(string) bool { return true })
		if len(rest) == len(body) {
			return // no fields
		}
		body = rest
		if id := firstID(header.Get("Original-Message-Id")); id != "" {
			report.of = id
		}
		state := actionState(header.Get("Action"))
		if disposition := strings.ToLower(header.Get("Disposition")); disposition != "" {
			state = channels.Delivered
			if strings.Contains(disposition, "displayed") {
				state = channels.Read
			}
		}
		if state == "" || report.state == channels.Undelivered {
			continue
		}
		report.state = state
		code, _, _ := strings.Cut(header.Get("Status"), " ")
		if len(code) <= 12 && strings.Trim(code, "0123456789.") == "" {
			report.code = code
		}
	}
}

func actionState(action string) channels.DeliveryState {
	action, _, _ = strings.Cut(strings.ToLower(action), " ")
	switch action {
	case "failed":
		return channels.Undelivered
	case "delayed":
		return channels.Queued
	case "delivered":
		return channels.Delivered
	case "relayed", "expanded":
		return channels.SentOn
	}
	return ""
}

// original reads the mail that a report is about, or its header.
func (w *walker) original(raw []byte) {
	if w.letter.report == nil {
		w.letter.report = &deliveryReport{}
	}
	header, _ := cutHeader(bytes.TrimLeft(raw, "\r\n"), ofMail)
	if id := firstID(header.Get("Message-Id")); id != "" && w.letter.report.of == "" {
		w.letter.report.of = id
	}
}
