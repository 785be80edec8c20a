package email

import (
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// nature tells what machines write from what people say (RFC 3834). A mail from
// a machine is kept and is no report; answering one would make a loop.
func (l letter) nature(from channels.Address, answers bool, rules rules) (channels.Nature, string) {
	returnPath := strings.TrimSpace(l.header.Get("Return-Path"))
	local, _, _ := strings.Cut(from.Value, "@")
	submitted, _, _ := strings.Cut(strings.ToLower(l.header.Get("Auto-Submitted")), ";")
	submitted, _, _ = strings.Cut(strings.TrimSpace(submitted), " ")
	precedence := strings.ToLower(strings.TrimSpace(l.header.Get("Precedence")))
	switch {
	case len(l.header.Values(loopHeader)) > 0:
		return channels.Other, "loop"
	case l.report != nil && l.report.of != "" && l.report.state != "":
		return channels.Delivery, ""
	case l.report != nil || local == "mailer-daemon":
		return channels.Other, "bounce"
	case submitted != "" && submitted != "no",
		precedence == "auto_reply" || l.has("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Mail-Autoreply"),
		answers && l.has("X-Auto-Response-Suppress"):
		return channels.Other, "auto_reply"
	case returnPath == "<>":
		return channels.Other, "bounce"
	case !rules.lists && (precedence == "list" || precedence == "bulk" || precedence == "junk" ||
		l.has("List-Id", "List-Post", "List-Unsubscribe", "List-Help", "List-Archive")):
		return channels.Other, "list"
	}
	return channels.Report, ""
}

func (l letter) has(fields ...string) bool {
	for _, field := range fields {
		if l.header.Get(field) != "" {
			return true
		}
	}
	return false
}
