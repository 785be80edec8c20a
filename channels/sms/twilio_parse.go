package sms

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// reads says whether a message depends on this field (besides Media…).
func reads(field string) bool {
	switch field {
	case "MessageSid", "SmsMessageSid", "SmsSid", "MessageStatus", "SmsStatus", "ErrorCode", "OptOutType",
		"From", "To", "Body", "ButtonText", "NumMedia",
		"Latitude", "Longitude", "Address", "Label", "OriginalRepliedMessageSid":
		return true
	}
	return false
}

// Parse reads a stored request in full.
func (t *twilio) Parse(raw []byte) ([]channels.Message, error) {
	facts, body, err := channels.Unpack(raw)
	if err != nil {
		return nil, fmt.Errorf("twilio: %w", err)
	}
	var form twilioForm
	var at time.Time
	switch facts["type"] {
	case jsonType:
		return nil, fmt.Errorf("twilio: %w", errNoMessage(whyJSON))
	case pulledType:
		form, at, err = readPulled(facts["api"], body)
	default:
		form, err = parseForm(string(body))
	}
	if err != nil {
		return nil, fmt.Errorf("twilio: %w", errNoMessage("bad_form")) // the text may hold what was sent
	}
	message, why := t.read(form)
	if why != "" {
		return nil, fmt.Errorf("twilio: %w", errNoMessage(why))
	}
	message.At = at
	return []channels.Message{message}, nil
}

type errNoMessage string

func (e errNoMessage) Error() string { return "no message in it: " + string(e) }

const whyJSON = "json_body"

// read makes the message of a form, or says why it holds none.
func (t *twilio) read(form twilioForm) (message channels.Message, why string) {
	if form == nil {
		return message, whyJSON
	}
	sid := form.first("MessageSid", "SmsMessageSid", "SmsSid")
	if sid == "" || len(sid) > 200 {
		return message, "no_message_sid"
	}
	message = channels.Message{ProviderID: channels.Clean(sid), Nature: channels.Report,
		From: address(form.get("From")), To: address(form.get("To"))}
	status := form.first("MessageStatus", "SmsStatus")
	if state := deliveryState(status); state != "" {
		message.Nature = channels.Delivery
		message.ProviderID += "/" + strings.ToLower(status)
		message.Status = &channels.Status{Of: channels.Clean(sid), State: state, Code: channels.Clean(form.get("ErrorCode"))}
		return message, ""
	}
	message.Text = channels.Clean(form.first("Body", "ButtonText"))
	message.ReplyTo = channels.Clean(form.get("OriginalRepliedMessageSid"))
	message.Location = location(form)
	message.Media = media(form, message.ProviderID)
	message.Nature = t.nature(form, message)
	return message, ""
}

// nature follows Twilio's own opt-out where it ran, else the word. HELP stays a
// report: whoever texts it in a crisis may mean it. So does anything that carries
// a picture or a place.
func (t *twilio) nature(form twilioForm, message channels.Message) channels.Nature {
	if message.Location != nil || len(message.Media) > 0 {
		return channels.Report
	}
	switch strings.ToUpper(form.get("OptOutType")) {
	case "STOP":
		return channels.Stop
	case "START":
		return channels.Start
	}
	return t.words.Nature(message.Text)
}

// address reads "+254…" and Twilio's prefixes, as "whatsapp:+1…".
func address(text string) channels.Address {
	text = strings.TrimSpace(channels.Clean(text))
	if text == "" {
		return channels.Address{}
	}
	if scheme, value, prefixed := strings.Cut(text, ":"); prefixed && scheme != "" {
		return channels.Address{Scheme: strings.ToLower(scheme), Value: value}
	}
	return channels.Address{Scheme: "tel", Value: text}
}

// deliveryState is "" for what is no status callback: a message that came in.
func deliveryState(status string) channels.DeliveryState {
	switch strings.ToLower(status) {
	case "accepted", "scheduled", "queued", "sending":
		return channels.Queued
	case "sent":
		return channels.SentOn
	case "delivered", "partially_delivered":
		return channels.Delivered
	case "read":
		return channels.Read
	case "undelivered", "failed", "canceled":
		return channels.Undelivered
	}
	return ""
}

// location is what WhatsApp attaches; a point out of range is dropped, its words
// stay.
func location(form twilioForm) *channels.Location {
	var parts []string
	for _, key := range []string{"Label", "Address"} {
		if text := strings.TrimSpace(channels.Clean(form.get(key))); text != "" {
			parts = append(parts, text)
		}
	}
	found := channels.Location{Words: strings.Join(parts, ", ")}
	lat, latErr := strconv.ParseFloat(strings.TrimSpace(form.get("Latitude")), 64)
	lon, lonErr := strconv.ParseFloat(strings.TrimSpace(form.get("Longitude")), 64)
	if latErr == nil && lonErr == nil && math.Abs(lat) <= 90 && math.Abs(lon) <= 180 {
		found.Point = &channels.Point{Lon: lon, Lat: lat}
	}
	if found.Point == nil && found.Words == "" {
		return nil
	}
	return &found
}

// media counts MediaUrl0, MediaUrl1, …; a piece's identity is message and index.
func media(form twilioForm, sid string) []channels.Media {
	var found []channels.Media
	for i := 0; ; i++ {
		n := strconv.Itoa(i)
		at, there := form.find("MediaUrl" + n)
		if !there {
			return found
		}
		found = append(found, channels.Media{Ref: sid + "/" + n, URL: channels.Clean(at),
			ContentType: channels.Clean(form.get("MediaContentType" + n))})
	}
}
