package sms

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

const (
	presetSMSSync      = "smssync"
	presetHTTPSMS      = "httpsms"
	presetFrontlineSMS = "frontlinesms"
	presetKannel       = "kannel"
	presetJasmin       = "jasmin"
	presetCustom       = "custom"
)

// names are what a gateway calls each thing that we read; several where it has
// more than one habit, the commonest first.
type names map[string][]string

// ours are the things that can be named, in the order of the help.
func ours() []string {
	return strings.Fields("from to text id time coding charset binary udh part_of part parts secret status status_of")
}

// preset is one product's dialect.
type preset struct {
	name   string
	fields names
	// token: the proof is a signed token in the Authorization header.
	token bool
	// answer is what it wants to hear when a message was taken.
	answer, answerType string
	// states: numbers of its own instead of words.
	mask bool
}

// presetOf knows the products. What each sends is documented here:
// http://smssync.ushahidi.com/developers/, https://docs.httpsms.com/webhooks,
// https://github.com/frontlinesms/frontlinesms2 (Webconnection),
// https://www.kannel.org/download/1.4.5/userguide-1.4.5/userguide.html,
// https://docs.jasminsms.com/en/latest/apis/ja-http/index.html.
func presetOf(name string) (found preset, known bool) {
	switch name {
	case presetSMSSync:
		return preset{name: name, answer: `{"payload":{"success":true,"error":null}}`, answerType: jsonType, fields: names{
			"from": {"from"}, "to": {"sent_to"}, "text": {"message"}, "id": {"message_id"}, "time": {"sent_timestamp"}, "secret": {"secret"}}}, true
	case presetHTTPSMS:
		return preset{name: name, answer: "OK", answerType: plainType, token: true, fields: names{
			"from": {"data.contact"}, "to": {"data.owner"}, "text": {"data.content"}, "id": {"data.message_id"}, "time": {"data.timestamp"}}}, true
	case presetFrontlineSMS:
		// Its web connection lets whoever sets it up choose names; s, m and key are
		// those of its Ushahidi connection.
		return preset{name: name, answer: "OK", answerType: plainType, fields: names{
			"from": {"from", "s", "message_src_number", "number"}, "text": {"text", "m", "message_body", "message"},
			"time": {"time", "message_timestamp", "timestamp"}, "id": {"id"}, "to": {"to"}, "secret": {"secret", "key"}}}, true
	case presetKannel:
		// An answer with words in it would be sent to the person as a text.
		return preset{name: name, answerType: plainType, mask: true, fields: names{
			"from": {"from"}, "to": {"to"}, "text": {"text"}, "id": {"id"}, "time": {"time"}, "coding": {"coding"}, "charset": {"charset"},
			"udh": {"udh"}, "secret": {"secret"}, "status": {"status"}, "status_of": {"of"}}}, true
	case presetJasmin:
		// Anything but this answer brings the same message again.
		return preset{name: name, answer: "ACK/Jasmin", answerType: plainType, fields: names{
			"from": {"from"}, "to": {"to"}, "text": {"content"}, "binary": {"binary"}, "id": {"id"}, "coding": {"coding"},
			"secret": {"secret"}, "status": {"message_status"}, "status_of": {"id"}}}, true
	case presetCustom:
		return preset{name: name, answerType: plainType}, true
	}
	return preset{}, false
}

// customise takes a custom gateway's names from its settings.
func (p *preset) customise(config channels.Config) error {
	found, err := parseNames(config.Settings["fields"])
	switch {
	case err != nil:
		return err
	case found["text"] == nil || found["from"] == nil:
		return errors.New("fields must name from and text, as \"from=sender text=body\"")
	case config.Secrets["secret"].Current() != "" && found["secret"] == nil:
		return errors.New("a secret is set, and fields do not say where the gateway puts it: secret=…")
	}
	p.fields, p.answer = found, config.Settings["answer"]
	if strings.HasPrefix(strings.TrimSpace(p.answer), "{") {
		p.answerType = jsonType
	}
	return nil
}

func gatewayFields(value string) error {
	_, err := parseNames(value)
	return err
}

// parseNames reads "from=sender text=body".
func parseNames(value string) (names, error) {
	found := names{}
	for _, pair := range strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' || r == '\t' }) {
		our, theirs, ok := strings.Cut(pair, "=")
		if !ok || theirs == "" || !slices.Contains(ours(), our) || found[our] != nil {
			return nil, errors.New("write pairs as from=sender text=body, each thing once; known are " + strings.Join(ours(), ", "))
		}
		found[our] = []string{theirs}
	}
	if found["status"] != nil && found["status_of"] == nil {
		return nil, errors.New("status says what became of a message, and status_of must say of which")
	}
	return found, nil
}

func (p preset) ok() channels.Answer {
	return channels.Answer{Status: http.StatusOK, ContentType: p.answerType, Body: []byte(p.answer)}
}

// state sorts a gateway's word for what became of a message. A word that means
// nothing to us says that it is on its way.
func (p preset) state(status string) channels.DeliveryState {
	if p.mask {
		return maskState(status)
	}
	word := strings.ToLower(strings.TrimSpace(status))
	switch word {
	case "delivered", "delivrd", "delivery", "success", "received", "read", "ok":
		return channels.Delivered
	case "undelivered", "undeliv", "undeliverable", "failed", "failure", "fail", "error", "rejected", "rejectd", "expired", "deleted", "canceled", "cancelled":
		return channels.Undelivered
	case "queued", "buffered", "pending", "scheduled":
		return channels.Queued
	case "esme_rok":
		return channels.SentOn
	}
	if strings.HasPrefix(word, "esme_r") { // an SMPP error: the operator refused it
		return channels.Undelivered
	}
	return channels.SentOn
}

// maskState reads Kannel's bits: 1 delivered, 2 not delivered, 4 buffered at the
// operator, 8 taken by it, 16 refused by it, 32 expired.
func maskState(status string) channels.DeliveryState {
	bits, err := strconv.Atoi(strings.TrimSpace(status))
	switch {
	case err != nil || bits <= 0:
		return channels.SentOn
	case bits&1 != 0:
		return channels.Delivered
	case bits&(2|16|32) != 0:
		return channels.Undelivered
	case bits&4 != 0:
		return channels.Queued
	}
	return channels.SentOn
}
