package sms

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// unified reads a request of the Messages API, which brings SMS, WhatsApp and
// others alike. What holds neither words nor a place, as a picture, is left for
// later: it would have to be fetched with another key.
// Source: https://developer.vonage.com/en/api/messages
func (v *vonage) unified(uuid string, f vonageFields) (message channels.Message, why string) {
	uuid = channels.Clean(uuid)
	at, _ := time.Parse(time.RFC3339, f.text["timestamp"])
	message = channels.Message{ProviderID: uuid, From: v.party(f, "from"), To: v.party(f, "to")}
	if !at.IsZero() {
		message.At = at.UTC()
	}
	if status := f.text["status"]; status != "" && f.text["message_type"] == "" {
		var fault struct {
			Title loose `json:"title"`
		}
		_ = json.Unmarshal(f.nested["error"], &fault) // no error is no code
		fate(&message, uuid, status, vonageState(status), string(fault.Title))
		return message, ""
	}
	message.Text = channels.Clean(f.text["text"])
	if message.Text == "" {
		message.Text = f.caption()
	}
	message.Location = f.place()
	var context struct {
		MessageUUID loose `json:"message_uuid"`
	}
	_ = json.Unmarshal(f.nested["context"], &context) // an answer to nothing is none
	message.ReplyTo = channels.Clean(string(context.MessageUUID))
	if _, texted := f.text["text"]; !texted && message.Text == "" && message.Location == nil {
		return message, "no_text"
	}
	message.Nature = channels.Report
	if message.Location == nil {
		message.Nature = v.words.Nature(message.Text)
	}
	return message, ""
}

func (v *vonage) party(f vonageFields, key string) channels.Address {
	address := vonageNumber(f.text[key])
	switch channel := strings.ToLower(channels.Clean(clip(f.text["channel"], 40))); channel {
	case "", "sms", "mms", "rcs":
	default:
		if address.Value != "" {
			address.Scheme = channel
		}
	}
	return address
}

// caption is what was written beside a picture, a recording or a file.
func (f vonageFields) caption() string {
	for _, kind := range []string{"image", "video", "file", "audio"} {
		var media struct {
			Caption loose `json:"caption"`
		}
		if json.Unmarshal(f.nested[kind], &media) == nil && media.Caption != "" {
			return channels.Clean(string(media.Caption))
		}
	}
	return ""
}

func (f vonageFields) place() *channels.Location {
	var place struct {
		Lat, Long     *float64
		Name, Address loose
	}
	if json.Unmarshal(f.nested["location"], &place) != nil {
		return nil
	}
	var words []string
	for _, text := range []loose{place.Name, place.Address} {
		if text := strings.TrimSpace(channels.Clean(string(text))); text != "" {
			words = append(words, text)
		}
	}
	found := channels.Location{Words: strings.Join(words, ", ")}
	if place.Lat != nil && place.Long != nil && math.Abs(*place.Lat) <= 90 && math.Abs(*place.Long) <= 180 {
		found.Point = &channels.Point{Lon: *place.Long, Lat: *place.Lat}
	}
	if found.Point == nil && found.Words == "" {
		return nil
	}
	return &found
}
