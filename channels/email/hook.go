package email

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// hook is what the kinds have in common to which a mail provider brings mail
// over HTTP.
type hook struct {
	*mailer
	rules rules
	// authentic says whether an exchange comes from the provider, and gives what
	// else Parse must know about it.
	authentic func(channels.Exchange) (facts map[string]string, ok bool)
	// read takes an authentic body apart; facts["type"] is its Content-Type.
	// The error is an unreadable.
	read func(facts map[string]string, body []byte) (delivered, error)
}

// onceFact is a proof that counts for one content alone (channels.Split.Once).
const onceFact = "once"

// delivered is one mail as a provider tells it.
type delivered struct {
	letter letter
	// checks are the provider's findings about the sender, where it signs them.
	checks map[string]string
	// recipients are the envelope's.
	recipients []string
}

// unreadable is why a body is no mail: a stable code.
type unreadable string

func (u unreadable) Error() string { return "no mail in it: " + string(u) }

// hookSettings are the settings of these kinds after their own.
func hookSettings() []channels.Setting {
	settings := append(readingSettings(), sendSettings()...)
	return append(settings, channels.Setting{Key: "reply_tag", Check: oneOf("yes", "no"), Default: "no",
		Help: "Write yes if your address also takes mail to NAME+anything@…: then an answer finds its report even where a mail program drops the thread."})
}

func newHook(config channels.Config) (*hook, error) {
	sender, err := newMailer(config)
	if err != nil {
		return nil, err
	}
	return &hook{mailer: sender, rules: rulesOf(config.Settings)}, nil
}

// byPath is the proof of providers that sign nothing.
func byPath(config channels.Config) func(channels.Exchange) (map[string]string, bool) {
	secret := config.Secrets[channels.PathSecret]
	return func(exchange channels.Exchange) (map[string]string, bool) {
		return map[string]string{}, secret.Matches(exchange.PathSecret)
	}
}

// Receive checks the proof and cuts out the one mail.
func (h *hook) Receive(_ context.Context, exchange channels.Exchange) (channels.Reception, error) {
	facts, ok := h.authentic(exchange)
	if !ok {
		return channels.Reception{}, channels.Unauthentic()
	}
	facts["type"] = channels.Clean(exchange.Header.Get("Content-Type"))
	raw := channels.Pack(facts, exchange.Body)
	var split channels.Split
	var fault unreadable
	if message, why, err := h.message(facts, exchange.Body); errors.As(err, &fault) {
		split = channels.UnparsedSplit(raw, exchange.Body, string(fault))
	} else {
		split = splitOf(message, why, raw)
	}
	split.Once = facts[onceFact]
	return channels.Reception{Messages: []channels.Split{split}, Answer: channels.Answer{Status: http.StatusOK}}, nil
}

// Parse reads a stored exchange in full.
func (h *hook) Parse(raw []byte) ([]channels.Message, error) {
	facts, body, err := channels.Unpack(raw)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	message, _, err := h.message(facts, body)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return []channels.Message{message}, nil
}

func (h *hook) message(facts map[string]string, body []byte) (channels.Message, string, error) {
	mail, err := h.read(facts, body)
	if err != nil {
		return channels.Message{}, "", err
	}
	message, why := mail.letter.message(mail.checks, h.rules)
	if message.ReplyTo == "" {
		message.ReplyTo = taggedID(mail.recipients)
	}
	return message, why, nil
}

// taggedID is the Message-ID of ours that a plus address among the recipients
// repeats, or "".
func taggedID(recipients []string) string {
	for _, address := range recipients {
		local, domain, _ := strings.Cut(strings.ToLower(strings.TrimSpace(address)), "@")
		if _, tag, tagged := strings.Cut(local, "+"); tagged && plausible(tag) && hostName(domain) != "" {
			return ownMessageID(tag, hostName(domain))
		}
	}
	return ""
}

// complete fills in headers that a provider tells apart from the others. One that
// came with the mail stays.
func complete(header textproto.MIMEHeader, values map[string]string) {
	for key, value := range values {
		if header.Get(key) == "" && value != "" {
			header.Set(key, value)
		}
	}
}

// enveloped notes the envelope's sender: where there is none, the mail is a
// bounce, whatever its header says.
func enveloped(l letter, sender string) letter {
	l.header.Set("Return-Path", "<"+strings.Trim(sender, "<> ")+">")
	return l
}
