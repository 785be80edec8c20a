package chat

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// hubMessage is what somebody wrote. From is a telephone number without +, and
// missing where they hide it; UserID then stands for them, in this business only.
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/
type hubMessage struct {
	ID        string      `json:"id"`
	From      string      `json:"from"`
	UserID    string      `json:"from_user_id"`
	Timestamp json.Number `json:"timestamp"`
	hubContent
	Edit *struct {
		Original string     `json:"original_message_id"`
		Message  hubContent `json:"message"`
	} `json:"edit"`
	Revoke *struct {
		Original string `json:"original_message_id"`
	} `json:"revoke"`
}

type hubContent struct {
	Type    string `json:"type"`
	Context struct {
		ID                  string `json:"id"`
		Forwarded           bool   `json:"forwarded"`
		FrequentlyForwarded bool   `json:"frequently_forwarded"`
	} `json:"context"`
	Text struct {
		Body string `json:"body"`
	} `json:"text"`
	Image    *hubMedia `json:"image"`
	Video    *hubMedia `json:"video"`
	Audio    *hubMedia `json:"audio"`
	Document *hubMedia `json:"document"`
	Sticker  *hubMedia `json:"sticker"`
	Location struct {
		Lat     *float64 `json:"latitude"`
		Lon     *float64 `json:"longitude"`
		Name    string   `json:"name"`
		Address string   `json:"address"`
	} `json:"location"`
	Contacts []struct {
		Name struct {
			Formatted string `json:"formatted_name"`
		} `json:"name"`
		Phones []struct {
			Phone string `json:"phone"`
		} `json:"phones"`
	} `json:"contacts"`
	Interactive struct {
		Button *hubChoice `json:"button_reply"`
		List   *hubChoice `json:"list_reply"`
	} `json:"interactive"`
	Button struct {
		Text string `json:"text"`
	} `json:"button"`
	Reaction struct {
		Of    string `json:"message_id"`
		Emoji string `json:"emoji"`
	} `json:"reaction"`
}

type hubMedia struct {
	ID      string `json:"id"`
	SHA256  string `json:"sha256"`
	Type    string `json:"mime_type"`
	Caption string `json:"caption"`
	Name    string `json:"filename"`
}

type hubChoice struct {
	Title       string `json:"title"`
	Description string `json:"description"`
}

type hubStatus struct {
	ID        string      `json:"id"`
	Status    string      `json:"status"`
	Timestamp json.Number `json:"timestamp"`
	Errors    []struct {
		Code json.Number `json:"code"`
	} `json:"errors"`
}

// idBytes bounds a message's id.
const idBytes = 512

// read makes the message of one piece. Why says what an Other is; with a fault the
// message holds no more than its id and sender, if these could be read.
func (w *whatsApp) read(facts map[string]string, body []byte) (message channels.Message, why string, fault errNoMessage) {
	switch facts["kind"] {
	case kindStatus:
		return readStatus(body)
	case kindMessage:
		return w.message(facts, body)
	}
	return message, "", "unknown_kind"
}

func (w *whatsApp) message(facts map[string]string, body []byte) (message channels.Message, why string, fault errNoMessage) {
	var m hubMessage
	err := json.Unmarshal(body, &m) // goes on past a field of the wrong type
	if m.ID == "" || len(m.ID) > idBytes {
		return message, "", "no_message_id"
	}
	message = channels.Message{ProviderID: channels.Clean(m.ID), Nature: channels.Report,
		From: whatsAppAddress(first(m.From, facts["wa_id"], m.UserID, facts["user_id"])),
		To:   whatsAppAddress(onlyDigits(facts["to"])), At: stamped(m.Timestamp)}
	if err != nil {
		return channels.Message{ProviderID: message.ProviderID, From: message.From}, "", "bad_message"
	}
	content := m.hubContent
	switch {
	case m.Type == "edit" && m.Edit != nil && m.Edit.Original != "":
		message.Supersedes, content = channels.Clean(m.Edit.Original), m.Edit.Message
	case m.Type == "revoke" && m.Revoke != nil && m.Revoke.Original != "":
		message.Deletes, message.Nature = channels.Clean(m.Revoke.Original), channels.Other
		return message, "revoke", ""
	}
	message.ReplyTo = channels.Clean(content.Context.ID)
	if content.Context.Forwarded || content.Context.FrequentlyForwarded {
		message.Checks = map[string]string{"forwarded": "yes"}
	}
	if why, fault = content.into(&message); fault != "" {
		return channels.Message{ProviderID: message.ProviderID, From: message.From}, "", fault
	}
	if message.Nature == channels.Report && message.Location == nil && len(message.Media) == 0 {
		message.Nature = w.words.Nature(message.Text)
	}
	return message, why, ""
}

// into adds what is said and carried. A type that this code does not know is a
// fault, so that people see it and a later version can read it.
func (c *hubContent) into(message *channels.Message) (why string, fault errNoMessage) {
	switch c.Type {
	case "text":
		message.Text = channels.Clean(c.Text.Body)
	case "image", "video", "audio", "voice", "document", "sticker":
		for _, media := range []*hubMedia{c.Image, c.Video, c.Audio, c.Document, c.Sticker} {
			media.into(message)
		}
	case "location":
		message.Location = place(point(c.Location.Lon, c.Location.Lat, 0), c.Location.Name, c.Location.Address)
	case "contacts":
		var cards []string
		for _, card := range c.Contacts {
			parts := []string{card.Name.Formatted}
			for _, phone := range card.Phones {
				parts = append(parts, phone.Phone)
			}
			cards = append(cards, joined(", ", parts...))
		}
		message.Text = joined("\n", cards...)
	case "button":
		message.Text = channels.Clean(c.Button.Text)
	case "interactive":
		choice := c.Interactive.Button
		if choice == nil {
			choice = c.Interactive.List
		}
		if choice == nil {
			return "", "unknown_type"
		}
		message.Text = joined("\n", choice.Title, choice.Description)
	case "reaction":
		message.Nature, message.Text, message.ReplyTo = channels.Other, channels.Clean(c.Reaction.Emoji), channels.Clean(c.Reaction.Of)
		return "reaction", ""
	case "unsupported", "unknown", "system", "request_welcome":
		message.Nature = channels.Other
		return c.Type, ""
	default:
		return "", "unknown_type"
	}
	return "", ""
}

const whatsAppScheme = "whatsapp:"

func (m *hubMedia) into(message *channels.Message) {
	if m == nil {
		return
	}
	message.Text = channels.Clean(m.Caption)
	if m.ID == "" {
		return
	}
	id := channels.Clean(m.ID)
	message.Media = append(message.Media, channels.Media{Ref: id, URL: whatsAppScheme + id, Digest: mediaDigest(m.SHA256),
		ContentType: channels.Clean(m.Type), Name: channels.Clean(m.Name)})
}

// mediaDigest reads SHA-256 in hexadecimal, as Meta documents it, or in base64, as
// Meta sends it; zero where it is neither.
func mediaDigest(text string) (digest [32]byte) {
	for _, decode := range []func(string) ([]byte, error){hex.DecodeString, base64.StdEncoding.DecodeString} {
		if sum, err := decode(text); err == nil && len(sum) == len(digest) {
			copy(digest[:], sum)
			return digest
		}
	}
	return digest
}

func readStatus(body []byte) (message channels.Message, why string, fault errNoMessage) {
	var s hubStatus
	if json.Unmarshal(body, &s) != nil || s.ID == "" || len(s.ID) > idBytes {
		return message, "", "no_message_id"
	}
	id, word := channels.Clean(s.ID), code(s.Status, "unknown")
	message = channels.Message{ProviderID: id + "/status/" + word, Nature: channels.Delivery, At: stamped(s.Timestamp)}
	status := channels.Status{Of: id, State: hubState(word)}
	if status.State == "" {
		message.Nature = channels.Other
		return message, "unknown_status", ""
	}
	if len(s.Errors) > 0 {
		status.Code = s.Errors[0].Code.String()
	}
	message.Status = &status
	return message, "", ""
}

// hubState is "" for a state that says nothing of how far a message got.
func hubState(status string) channels.DeliveryState {
	switch status {
	case "accepted", "pending", "held_for_quality_assessment":
		return channels.Queued
	case "sent":
		return channels.SentOn
	case "delivered":
		return channels.Delivered
	case "read", "played":
		return channels.Read
	case "failed", "deleted":
		return channels.Undelivered
	}
	return ""
}

var phoneShape = regexp.MustCompile(`^[0-9]{5,20}$`)

// whatsAppAddress writes a number as other providers of WhatsApp do, with +, so
// that a person is one source; a user id is kept as it is.
func whatsAppAddress(id string) channels.Address {
	id = strings.TrimSpace(channels.Clean(id))
	switch {
	case id == "":
		return channels.Address{}
	case phoneShape.MatchString(id):
		id = "+" + id
	}
	return channels.Address{Scheme: "whatsapp", Value: id}
}

func onlyDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

func stamped(text json.Number) time.Time {
	unix, _ := strconv.ParseInt(text.String(), 10, 64)
	return moment(unix)
}

func first(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}
