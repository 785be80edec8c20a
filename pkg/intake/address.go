package intake

import (
	"strings"
	"unicode"

	"github.com/onyo-project/onyo/channels"
)

// sourceAddress is who is behind a message, in the one form in which addresses
// are compared; empty for somebody who left none. It is whoever sent it: a mail's
// Reply-To or a card that somebody passes on is only where they can be reached,
// and could be anybody's. Where a program or a person of ours carried it, a contact
// that the witness left counts, and a telephone number is the same one whatever
// it was left on.
func sourceAddress(message channels.Message, onBehalf bool) channels.Address {
	if message.From.Value != "" && message.From.Scheme != "app" {
		return message.From
	}
	if address := contactAddress(message.Contact); address.Value != "" {
		return address
	}
	// "app" is a program's or a person's account, not a witness.
	if message.From.Scheme == "app" && onBehalf {
		return channels.Address{}
	}
	return message.From
}

// contactAddress reads what somebody wrote into the field for a contact.
func contactAddress(contact string) channels.Address {
	contact = strings.TrimSpace(contact)
	switch {
	case contact == "":
		return channels.Address{}
	case strings.Contains(contact, "@") && !strings.ContainsFunc(contact, unicode.IsSpace):
		return channels.Address{Scheme: "mailto", Value: strings.ToLower(contact)}
	}
	if number, ok := telephone(contact); ok {
		return channels.Address{Scheme: "tel", Value: number}
	}
	return channels.Address{Scheme: "contact", Value: strings.ToLower(strings.Join(strings.Fields(contact), " "))}
}

// telephone is an international number as +digits.
func telephone(written string) (string, bool) {
	var digits strings.Builder
	for i, r := range written {
		switch {
		case r >= '0' && r <= '9':
			digits.WriteRune(r)
		case r == '+' && i == 0, strings.ContainsRune(" -().\u00a0", r):
		default:
			return "", false
		}
	}
	number := digits.String()
	if strings.HasPrefix(written, "+") {
		number = "+" + number
	} else if rest, ok := strings.CutPrefix(number, "00"); ok {
		number = "+" + rest
	}
	return number, len(number) >= 6 && len(number) <= 20
}
