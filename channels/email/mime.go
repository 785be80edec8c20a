// Package email holds the kinds by which mail comes in, a file a kind, and the
// one way in which all of them read it.
package email

import (
	"errors"
	"net/textproto"
	"slices"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// What one mail may have (docs: 25 MB is what mail providers accept).
const (
	mailBytes = 25 << 20
	maxParts  = 100
	maxDepth  = 10
	maxFiles  = 10
	fileBytes = 20 << 20
)

// loopHeader is in all that Onyo sends, so that it knows its own mail again.
const loopHeader = "X-Onyo"

// letter is what a mail says, taken apart by readMail or by a provider. Texts
// and names are decoded UTF-8.
type letter struct {
	// header has the values as they came, lines unfolded, encoded words still
	// encoded. From, To, Subject, Date, Message-Id, In-Reply-To and References
	// are read from it, and all that tells a machine's mail from a person's.
	header textproto.MIMEHeader
	// text is the plain text, or that of html where there is none. quotes and
	// signature are still in it.
	text  string
	files []file
	// left names what was left out: "calendar", "tnef".
	left []string
	// report is what a multipart/report says about a mail sent earlier.
	report *deliveryReport
}

// file is one attached or inline piece of media.
type file struct {
	name, contentType string
	bytes             []byte
}

// rules are what a channel's settings say about reading.
type rules struct {
	words channels.Words
	// lists: mail through a mailing list is what people said.
	lists bool
}

// readingSettings are the settings of every kind of mail, for rulesOf.
func readingSettings() []channels.Setting {
	return []channels.Setting{
		{Key: "lists", Default: "aside", Check: oneOf("aside", "take"),
			Help: "What to do with mail that comes through a mailing list: aside (kept, no report) or take. Write take if your address is a group, as Google Groups."},
		{Key: "stop_words", Help: "More words, separated by commas, that opt a sender out when sent alone."},
		{Key: "start_words", Help: "More words, separated by commas, that undo an opt-out."},
	}
}

func rulesOf(settings map[string]string) rules {
	return rules{words: channels.NewWords(settings["stop_words"], settings["start_words"]), lists: settings["lists"] == "take"}
}

// parseMail reads one mail, whatever state it is in: raw is RFC 5322 bytes as
// they came, checks what was found out about its sender as it came. why says why
// a message is of nature Other.
func parseMail(raw []byte, checks map[string]string, rules rules) (message channels.Message, why string) {
	return readMail(raw).message(checks, rules)
}

// splitOf is a read mail as it is stored.
func splitOf(message channels.Message, why string, raw []byte) channels.Split {
	return channels.Split{ProviderID: message.ProviderID, Alias: message.Alias, Digest: message.Digest(), Raw: raw,
		Nature: message.Nature, From: message.From, Why: why}
}

// A ProviderID is the Message-ID, "/" and the first 16 hex digits of the digest:
// senders pick Message-IDs and use them again, so that other content under the
// same one is another message. What comes twice, however it travelled, is the same.

// messageIDOf is the Message-ID in a ProviderID of ours, without angle brackets:
// what In-Reply-To and References name. "" where the mail had none.
func messageIDOf(providerID string) string {
	id, _, marked := cutLast(providerID, "/")
	if !marked || id == noMessageID {
		return ""
	}
	return id
}

// noMessageID stands in a ProviderID for a mail without one. It is no Message-ID
// itself, having no @.
const noMessageID = "mail"

func cutLast(text, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(text, sep); i >= 0 {
		return text[:i], text[i+len(sep):], true
	}
	return text, "", false
}

// oneOf checks a setting that has few values.
func oneOf(allowed ...string) func(string) error {
	return func(value string) error {
		if slices.Contains(allowed, value) {
			return nil
		}
		return errors.New("write " + strings.Join(allowed, " or "))
	}
}
