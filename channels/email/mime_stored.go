package email

import (
	"fmt"
	"maps"

	"github.com/onyo-project/onyo/channels"
)

// postbox is what the kinds have in common that take whole mails.
type postbox struct {
	*mailer
	rules rules
}

// envelopeFrom is the fact of a stored mail that holds the sender of its
// envelope, empty for what nobody wants to hear back about.
const envelopeFrom = "envelope_from"

// split is one mail as it is stored. found are the results of checks.
func (p postbox) split(body []byte, found, facts map[string]string) channels.Split {
	stored := maps.Clone(found)
	if stored == nil {
		stored = map[string]string{}
	}
	maps.Copy(stored, facts)
	message, why := p.read(stored, body)
	return splitOf(message, why, channels.Pack(stored, body))
}

// Parse reads a stored mail in full.
func (p postbox) Parse(raw []byte) ([]channels.Message, error) {
	facts, body, err := channels.Unpack(raw)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	message, _ := p.read(facts, body)
	return []channels.Message{message}, nil
}

func (p postbox) read(facts map[string]string, body []byte) (channels.Message, string) {
	var found map[string]string
	for _, check := range []string{"spf", "dkim", "dmarc"} {
		if result := facts[check]; result != "" {
			if found == nil {
				found = map[string]string{}
			}
			found[check] = result
		}
	}
	mail := readMail(body)
	if from, told := facts[envelopeFrom]; told {
		mail.header.Set("Return-Path", "<"+from+">")
	}
	message, why := mail.message(found, p.rules)
	if message.ReplyTo == "" {
		message.ReplyTo = taggedID([]string{message.To.Value, addressOf(mail.header.Get("Cc")).Value, addressOf(mail.header.Get("Delivered-To")).Value})
	}
	return message, why
}
