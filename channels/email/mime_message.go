package email

import "github.com/onyo-project/onyo/channels"

// readMail takes a mail apart. It never fails: what cannot be read as mail is
// text.
func readMail(raw []byte) letter { return letter{text: string(raw)} }

// message is what a mail says, for intake. why is set where its nature is Other.
func (l letter) message(checks map[string]string, rules rules) (message channels.Message, why string) {
	return channels.Message{Nature: channels.Report, Text: l.text, Checks: checks}, ""
}

func oneOf(_ ...string) func(string) error { return nil }

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
