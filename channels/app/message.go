package app

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/onyo-project/onyo/channels"
)

// message checks a report and makes a message of it. The error is a *Refusal
// that names the field.
func (r Report) message(media int) (channels.Message, error) {
	message := channels.Message{Nature: channels.Report, Text: r.Text, Contact: r.Contact, Form: r.Form}
	for _, field := range []struct {
		name, value string
		limit       int
	}{{"text", r.Text, TextBytes}, {"contact", r.Contact, ContactBytes}, {"form", r.Form, FormKeyBytes}} {
		if err := words(field.name, field.value, field.limit); err != nil {
			return message, err
		}
	}
	var err error
	if message.Location, err = r.Location.place(); err != nil {
		return message, err
	}
	if message.OccurredAt, err = occurred(r.OccurredAt); err != nil {
		return message, err
	}
	if message.Categories, err = categories(r.Categories); err != nil {
		return message, err
	}
	if message.Language, err = tag(r.Language); err != nil {
		return message, err
	}
	if message.Answers, err = answers(r.Answers); err != nil {
		return message, err
	}
	if strings.TrimSpace(r.Text) == "" && message.Location == nil && media == 0 {
		return message, channels.Malformed("empty_report", "text", "Give a text, a location or a picture: at least one.")
	}
	return message, nil
}

// carries refuses a report whose uploads did not come with it: a file that is
// spoken of is there, or the report is not taken.
func (r Report) carries(uploads int) error {
	if len(r.Uploads) != uploads {
		return channels.Malformed("bad_value", "uploads", "Uploads belong to a report that is sent as plain JSON to /api/v1/reports.")
	}
	return nil
}

func words(field, value string, limit int) error {
	if len(value) > limit {
		return channels.Malformed("too_long", field, "At most %d bytes of UTF-8.", limit)
	}
	if strings.ContainsRune(value, 0) {
		return channels.Malformed("bad_value", field, "It holds a NUL character.")
	}
	return nil
}

// place is nil where the report gives none.
func (l *Location) place() (*channels.Location, error) {
	if l == nil {
		return nil, nil
	}
	if err := words("location.words", l.Words, WordsBytes); err != nil {
		return nil, err
	}
	place := &channels.Location{Words: strings.TrimSpace(l.Words)}
	switch {
	case l.Lon == nil && l.Lat == nil && l.AccuracyM != nil:
		return nil, channels.Malformed("bad_value", "location.accuracy_m", "It belongs to a lon and a lat.")
	case l.Lon == nil && l.Lat == nil:
		if place.Words == "" {
			return nil, nil
		}
		return place, nil
	case l.Lon == nil:
		return nil, channels.Malformed("bad_value", "location.lon", "Give lon with lat, in degrees.")
	case l.Lat == nil:
		return nil, channels.Malformed("bad_value", "location.lat", "Give lat with lon, in degrees.")
	case !(math.Abs(*l.Lon) <= 180): // so that NaN fails too
		return nil, channels.Malformed("bad_value", "location.lon", "Degrees from -180 to 180.")
	case !(math.Abs(*l.Lat) <= 90):
		return nil, channels.Malformed("bad_value", "location.lat", "Degrees from -90 to 90.")
	}
	place.Point = &channels.Point{Lon: *l.Lon, Lat: *l.Lat}
	if l.AccuracyM != nil {
		if !(*l.AccuracyM >= 0 && *l.AccuracyM <= MaxAccuracyM) {
			return nil, channels.Malformed("bad_value", "location.accuracy_m", "Metres from 0 to %d.", MaxAccuracyM)
		}
		place.Point.AccuracyM = *l.AccuracyM
	}
	return place, nil
}

// occurred keeps the zone in which the time was said. Years from 1900 to 9999.
func occurred(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || len(text) > 40 || at.Year() < 1900 {
		return time.Time{}, channels.Malformed("bad_value", "occurred_at", "Write it as 2026-03-01T14:05:00+03:00.")
	}
	_, offset := at.Zone()
	if offset == 0 {
		return at.UTC(), nil
	}
	return at.In(time.FixedZone("", offset)), nil // never this machine's own zone
}

func categories(keys []string) ([]string, error) {
	if len(keys) > Categories {
		return nil, channels.Malformed("too_many", "categories", "At most %d.", Categories)
	}
	for _, key := range keys {
		if key == "" || len(key) > CategoryBytes || strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789_-.") != "" {
			return nil, channels.Malformed("bad_value", "categories", "A category's key has up to %d lower-case letters, digits, _ - and dots.", CategoryBytes)
		}
	}
	return slices.Clip(keys), nil
}

func tag(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	if len(text) <= 35 {
		if parsed, err := language.Parse(text); err == nil {
			return parsed.String(), nil
		}
	}
	return "", channels.Malformed("bad_value", "language", "Write a BCP 47 tag, as sw or pt-BR.")
}

func answers(data json.RawMessage) ([]byte, error) {
	data = bytes.TrimSpace(data)
	switch {
	case len(data) == 0 || string(data) == "null":
		return nil, nil
	case len(data) > AnswersBytes:
		return nil, channels.Malformed("too_long", "answers", "At most %d bytes of JSON.", AnswersBytes)
	case data[0] != '{':
		return nil, channels.Malformed("bad_value", "answers", "Send an object of answers by question.")
	}
	return data, nil
}
