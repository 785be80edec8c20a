package sms

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/onyo-project/onyo/channels"
)

const whyForm = "bad_form"

// vonageFields are a request's fields: plain values as text, and what is not plain.
type vonageFields struct {
	text   map[string]string
	nested map[string]json.RawMessage
}

var errFields = errors.New("no fields can be read") // never the parser's text, which may hold what was sent

// vonageRead reads fields. Of a repeated key the first value counts, for the
// signature as for the message.
func vonageRead(mediaType string, body []byte) (fields vonageFields, err error) {
	fields = vonageFields{map[string]string{}, map[string]json.RawMessage{}}
	if mediaType != jsonType {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return fields, errFields
		}
		for key, values := range form {
			fields.text[key] = values[0]
		}
		return fields, nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil || object == nil {
		return fields, errFields
	}
	for key, value := range object {
		var text string
		switch value = bytes.TrimSpace(value); {
		case value[0] == '{' || value[0] == '[':
			fields.nested[key] = value
		case value[0] == '"':
			if json.Unmarshal(value, &text) != nil {
				return fields, errFields
			}
			fields.text[key] = text
		case string(value) != "null":
			fields.text[key] = string(value)
		}
	}
	return fields, nil
}

// Parse reads a stored request in full.
func (v *vonage) Parse(raw []byte) ([]channels.Message, error) {
	facts, body, err := channels.Unpack(raw)
	if err != nil {
		return nil, fmt.Errorf("vonage: %w", err)
	}
	fields, err := vonageRead(facts["type"], body)
	if err != nil {
		return nil, fmt.Errorf("vonage: %w", err)
	}
	message, why := v.message(fields)
	if why != "" {
		return nil, fmt.Errorf("vonage: %w", errNoMessage(why))
	}
	return []channels.Message{message}, nil
}

func (v *vonage) split(fields vonageFields, raw []byte) (split channels.Split, why string) {
	message, why := v.message(fields)
	if why != "" {
		return split, why
	}
	split = splitOf(message, raw)
	if message.Nature == channels.Other {
		split.Why = "fate_unknown"
	}
	return split, ""
}

// message reads the three shapes of request: a text, what became of one that was
// sent, and either in the words of the Messages API.
func (v *vonage) message(f vonageFields) (message channels.Message, why string) {
	id := f.text["messageId"]
	if uuid := f.text["message_uuid"]; uuid != "" && id == "" {
		if len(uuid) > 200 {
			return message, "no_message_id"
		}
		return v.unified(uuid, f)
	}
	if id == "" || len(id) > 200 {
		return message, "no_message_id"
	}
	at, _ := time.Parse(time.DateTime, f.text["message-timestamp"])
	message = channels.Message{ProviderID: channels.Clean(id), At: at, From: vonageNumber(f.text["msisdn"]), To: vonageNumber(f.text["to"])}
	_, texted := f.text["text"]
	if status := f.text["status"]; status != "" && !texted && f.text["type"] == "" {
		code := f.text["err-code"]
		if code == "0" {
			code = ""
		}
		message.From, message.To = message.To, message.From // it speaks of our message to msisdn
		fate(&message, channels.Clean(id), status, vonageState(status), code)
		return message, ""
	}
	if why = vonageText(f, &message); why != "" {
		return message, why
	}
	message.Nature = v.words.Nature(message.Text)
	if message.Part != nil {
		message.Nature = channels.Report // one word of a longer text is no opt-out
	}
	return message, ""
}

// fate makes a receipt of a message; one that says nothing is kept all the same.
func fate(message *channels.Message, of, status string, state channels.DeliveryState, code string) {
	message.ProviderID = of + "/" + channels.Clean(strings.ToLower(clip(status, 40)))
	message.Nature = channels.Other
	if state != "" {
		message.Nature = channels.Delivery
		message.Status = &channels.Status{Of: of, State: state, Code: channels.Clean(clip(code, 40))}
	}
}

func vonageState(status string) channels.DeliveryState {
	switch strings.ToLower(status) {
	case "delivered":
		return channels.Delivered
	case "read":
		return channels.Read
	case "accepted", "buffered", "submitted":
		return channels.SentOn
	case "expired", "failed", "rejected", "deleted", "undeliverable":
		return channels.Undelivered
	}
	return ""
}

// vonageText reads a text, or bytes that are one, and which part of a longer text
// it is.
func vonageText(f vonageFields, message *channels.Message) (why string) {
	message.Text = channels.Clean(f.text["text"])
	ref := f.text["concat-ref"]
	number, _ := strconv.Atoi(f.text["concat-part"])
	total, _ := strconv.Atoi(f.text["concat-total"])
	if strings.EqualFold(f.text["type"], "binary") {
		data, err := hex.DecodeString(f.text["data"])
		if err != nil || !legible(data) {
			return "binary"
		}
		message.Text = string(data)
		if header, err := hex.DecodeString(f.text["udh"]); err == nil && total == 0 {
			ref, number, total = concatenation(header)
		}
	}
	if total < 2 || total > 255 || number < 1 || number > total {
		return ""
	}
	// The reference is a number of the sender's phone from 0 to 255, or to 65535: it
	// comes again. The day keeps two texts of one sender apart; parts of a text come
	// within seconds of each other, so that midnight (UTC) seldom divides one, and
	// then both halves stay.
	day, _, _ := strings.Cut(f.text["message-timestamp"], " ")
	of := "text:" + fingerprint(f.text["msisdn"], f.text["to"], ref, strconv.Itoa(total), day)
	message.Part = &channels.Part{Of: of, Number: number, Total: total}
	message.ProviderID = channels.PartID(of, number)
	return ""
}

// legible bytes are text that somebody wrote.
func legible(data []byte) bool {
	return len(data) > 0 && utf8.Valid(data) && bytes.IndexFunc(data, func(r rune) bool {
		return unicode.IsControl(r) && !unicode.IsSpace(r)
	}) < 0
}

// vonageNumber puts the plus before a number in full, which Vonage leaves out. A
// short code and a name stay.
func vonageNumber(text string) channels.Address {
	number := strings.TrimSpace(channels.Clean(text))
	if number == "" {
		return channels.Address{}
	}
	if len(number) > 6 && len(number) <= 15 && strings.Trim(number, "0123456789") == "" {
		number = "+" + number
	}
	return channels.Address{Scheme: "tel", Value: number}
}
