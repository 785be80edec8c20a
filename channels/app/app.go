// Package app is the kind "app": Onyo's own way in for apps and for the plain
// HTML form. A body is one report: JSON, multipart (part "report" with that JSON,
// or the form's fields, and parts "media"), or an urlencoded form.
//
// It is open to anybody, so a report that cannot be read is refused with a 400
// that names the field, instead of being kept unparsed.
package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// Limits of one report.
const (
	FileBytes = 20 << 20 // of one file
	Files     = 10
	// MediaBytes is what all files of a report may have together: a report is held
	// in memory more than once while it is taken in and read.
	MediaBytes = 64 << 20
	JSONBytes  = 1 << 20 // of the JSON, also as a part
	FormBytes  = 1 << 20 // of an urlencoded form
	Parts      = 50
	Depth      = 64     // of nested JSON
	Items      = 10_000 // of one JSON list or object

	TextBytes     = 64 << 10
	WordsBytes    = 1 << 10
	ContactBytes  = 500
	AnswersBytes  = 256 << 10
	Categories    = 20
	CategoryBytes = 64
	FormKeyBytes  = 100
	KeyBytes      = 200 // of an Idempotency-Key
	// MaxAccuracyM is half the way round the Earth, in metres.
	MaxAccuracyM = 20_037_508
)

const (
	jsonType      = "application/json"
	formType      = "application/x-www-form-urlencoded"
	multipartType = "multipart/form-data"
)

// Kind is "app".
func Kind() channels.Kind {
	return channels.Kind{
		Name:    "app",
		Title:   "App and web form",
		Summary: "Reports from the form on this site, and from any app that speaks its JSON. Open to everybody.",
		Settings: []channels.Setting{{Key: "timezone", Default: "UTC", Check: zone,
			Help: "Time zone in which times from the plain form are meant, as Africa/Nairobi."}},
		Can: channels.Capabilities{Webhook: true, Anonymous: true, Media: true},
		Limits: channels.Limits{
			BodyBytes: MediaBytes + JSONBytes + 64<<10, // and the parts' own headers
			TypeBytes: map[string]int64{jsonType: JSONBytes, formType: FormBytes},
			Files:     Files, FileBytes: FileBytes,
		},
		Methods:   []string{http.MethodPost},
		BodyTypes: []string{jsonType, multipartType, formType},
		New:       newAdapter,
	}
}

func zone(name string) error {
	if _, err := time.LoadLocation(name); err != nil || name == "Local" {
		return errors.New("write a time zone's name, as Europe/Kyiv")
	}
	return nil
}

type adapter struct{ zone string }

func newAdapter(config channels.Config) (channels.Adapter, error) {
	name := config.Settings["timezone"]
	if name == "" {
		name = "UTC"
	}
	if err := zone(name); err != nil {
		return nil, fmt.Errorf("timezone: %w", err)
	}
	return &adapter{zone: name}, nil
}

// Receive reads one report. The answer has no body: only the host knows the
// receipt.
func (a *adapter) Receive(_ context.Context, exchange channels.Exchange) (channels.Reception, error) {
	id, err := providerID(exchange)
	if err != nil {
		return channels.Reception{}, err
	}
	facts := map[string]string{"id": id, "scope": exchange.Scope, "zone": a.zone,
		"type": channels.Clean(exchange.Header.Get("Content-Type"))}
	message, err := read(facts, exchange.Body, false)
	if err != nil {
		return channels.Reception{}, err
	}
	return channels.Reception{
		Messages: []channels.Split{{ProviderID: message.ProviderID, Digest: message.Digest(),
			Raw: channels.Pack(facts, exchange.Body), Nature: message.Nature, From: message.From}},
		Answer: channels.Answer{Status: http.StatusCreated},
	}, nil
}

// providerID is the caller's Idempotency-Key within its scope, else the fresh id.
// The prefixes keep the two apart.
func providerID(exchange channels.Exchange) (string, error) {
	keys := exchange.Header.Values("Idempotency-Key")
	if len(keys) == 0 {
		return "id:" + exchange.ID, nil
	}
	key := keys[0]
	if len(keys) > 1 || key == "" || len(key) > KeyBytes {
		return "", channels.Malformed("bad_value", "Idempotency-Key", "Send one key of 1 to %d characters.", KeyBytes)
	}
	for _, b := range []byte(key) {
		if b <= ' ' || b > '~' {
			return "", channels.Malformed("bad_value", "Idempotency-Key", "Use visible ASCII characters only, as in a UUID.")
		}
	}
	return fmt.Sprintf("key:%d:%s:%s", len(exchange.Scope), exchange.Scope, key), nil
}

// Parse reads a stored report in full, its media included.
func (a *adapter) Parse(raw []byte) ([]channels.Message, error) {
	facts, body, err := channels.Unpack(raw)
	if err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	message, err := read(facts, body, true)
	if err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	return []channels.Message{message}, nil
}

// read makes the message of a body. It depends on nothing but its arguments; with
// keep unset the media's bytes are only hashed.
func read(facts map[string]string, body []byte, keep bool) (channels.Message, error) {
	header := http.Header{"Content-Type": {facts["type"]}}
	mediaType, parameters := channels.MediaType(header)
	var report Report
	var media []channels.Media
	var err error
	switch mediaType {
	case jsonType:
		if report, err = decode(body); err == nil {
			err = report.carries(0)
		}
	case formType:
		report, err = readForm(body, facts["zone"])
	case multipartType:
		report, media, err = readMultipart(body, parameters["boundary"], facts["zone"], keep)
	default:
		err = channels.WrongType(jsonType, multipartType, formType)
	}
	if err != nil {
		return channels.Message{}, err
	}
	message, err := report.message(len(media))
	if err != nil {
		return channels.Message{}, err
	}
	message.ProviderID = facts["id"]
	if scope := facts["scope"]; scope != "" {
		message.From = channels.Address{Scheme: "app", Value: scope}
	}
	for i := range media {
		media[i].Ref = fmt.Sprintf("%s/%d", message.ProviderID, i)
	}
	message.Media = media
	return message, nil
}

// Report is the JSON of POST /api/v1/reports.
type Report struct {
	Text       string          `json:"text,omitempty"`
	Location   *Location       `json:"location,omitempty"`
	OccurredAt string          `json:"occurred_at,omitempty"` // RFC 3339
	Categories []string        `json:"categories,omitempty"`
	Language   string          `json:"language,omitempty"` // BCP 47
	Contact    string          `json:"contact,omitempty"`
	Form       string          `json:"form,omitempty"`
	Answers    json.RawMessage `json:"answers,omitempty"` // an object
	// Uploads are the ids of files that were uploaded before. Whoever takes them up
	// hands them in as parts "upload", one each; their ids say nothing here.
	Uploads []string `json:"uploads,omitempty"`
}

// Location is a point in degrees with its accuracy in metres, or words, or both.
type Location struct {
	Lon       *float64 `json:"lon,omitempty"`
	Lat       *float64 `json:"lat,omitempty"`
	AccuracyM *float64 `json:"accuracy_m,omitempty"`
	Words     string   `json:"words,omitempty"`
}
