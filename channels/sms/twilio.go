// Package sms holds the adapters of text message providers, a file a provider.
package sms

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
	// twiML tells Twilio that there is nothing more to do.
	twiML = `<?xml version="1.0" encoding="UTF-8"?><Response/>`
)

// Twilio is the kind "sms.twilio": SMS, MMS and WhatsApp through Twilio.
// Source: https://www.twilio.com/docs/messaging/guides/webhook-request
func Twilio() channels.Kind {
	return channels.Kind{
		Name:    "sms.twilio",
		Title:   "Twilio",
		Summary: "Text messages, pictures and WhatsApp through a Twilio number. Every request is signed.",
		Settings: []channels.Setting{
			{Key: "account_sid", Required: true, Check: accountSID,
				Help: "Account SID, on the first page of the Twilio console: AC and 32 characters."},
			{Key: "auth_token", Required: true, Secret: true, Check: alphanumeric,
				Help: "Auth Token, beside the Account SID. It signs what Twilio sends."},
			{Key: "from", Check: fromNumber,
				Help: "The number to answer from, as +15005550006, or a Messaging Service SID (MG…). Without it Onyo only listens."},
			{Key: "stop_words", Help: "More words, separated by commas, that opt a sender out when sent alone."},
			{Key: "start_words", Help: "More words, separated by commas, that undo an opt-out."},
		},
		Can:       channels.Capabilities{Webhook: true, Send: true, Fetch: true, Signed: true, Media: true, Receipts: true},
		Limits:    channels.Limits{BodyBytes: 64 << 10, FileBytes: 20 << 20, Files: 10, TextBytes: 1600},
		Methods:   []string{http.MethodPost},
		BodyTypes: []string{formType, jsonType},
		MediaHosts: []string{"api.twilio.com", "api.ie1.twilio.com", "api.dublin.ie1.twilio.com",
			"api.au1.twilio.com", "api.sydney.au1.twilio.com"},
		New: newTwilio,
	}
}

func accountSID(value string) error {
	if len(value) != 34 || !strings.HasPrefix(value, "AC") || alphanumeric(value) != nil {
		return errors.New("an Account SID is AC and 32 letters or digits")
	}
	return nil
}

// alphanumeric is what twilio-go demands of credentials.
func alphanumeric(value string) error {
	for _, r := range value {
		if !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z') {
			return errors.New("only letters and digits occur in it")
		}
	}
	return nil
}

func fromNumber(value string) error {
	if strings.HasPrefix(value, "MG") && len(value) == 34 && alphanumeric(value) == nil {
		return nil
	}
	digits := strings.TrimPrefix(value, "+")
	if len(digits) < 3 || len(digits) > 15 || strings.Trim(digits, "0123456789") != "" {
		return errors.New("write the number with + and country code, or a Messaging Service SID")
	}
	return nil
}

type twilio struct {
	config channels.Config
	kind   channels.Kind
	token  channels.Secret
	base   string // the signed URL up to its query
	mark   bool   // it ends with a bare question mark
	words  channels.Words
}

func newTwilio(config channels.Config) (channels.Adapter, error) {
	signed, err := url.Parse(config.PublicURL)
	if err != nil || signed.Scheme != "https" && signed.Scheme != "http" || signed.Host == "" {
		return nil, errors.New("public_url must be the whole URL that Twilio calls, with https://")
	}
	if config.Secrets["auth_token"].Current() == "" {
		return nil, errors.New("auth_token is missing")
	}
	whole, _, _ := strings.Cut(config.PublicURL, "#")
	base, _, _ := strings.Cut(whole, "?")
	return &twilio{config: config, kind: Twilio(), token: config.Secrets["auth_token"], base: base,
		mark:  strings.HasSuffix(whole, "?"),
		words: channels.NewWords(config.Settings["stop_words"], config.Settings["start_words"])}, nil
}

// Receive checks the signature and cuts out the one message.
func (t *twilio) Receive(_ context.Context, exchange channels.Exchange) (channels.Reception, error) {
	mediaType, _ := channels.MediaType(exchange.Header)
	form, ok := t.authentic(mediaType, exchange)
	if !ok {
		return channels.Reception{}, channels.Unauthentic()
	}
	raw := channels.Pack(map[string]string{"type": mediaType}, exchange.Body)
	split := channels.Split{Raw: raw}
	if message, why := t.read(form); why != "" {
		split = channels.UnparsedSplit(raw, exchange.Body, why)
	} else {
		split.ProviderID, split.Nature, split.From = message.ProviderID, message.Nature, message.From
		split.Digest = message.Digest()
	}
	return channels.Reception{
		Messages: []channels.Split{split},
		Answer:   channels.Answer{Status: http.StatusOK, ContentType: "text/xml; charset=utf-8", Body: []byte(twiML)},
	}, nil
}

// authentic checks X-Twilio-Signature over the configured URL and, as Twilio
// does it, over the form's fields or over a digest of the body in the query.
func (t *twilio) authentic(mediaType string, exchange channels.Exchange) (url.Values, bool) {
	given := exchange.Header.Values("X-Twilio-Signature")
	if len(given) != 1 {
		return nil, false
	}
	signed := t.base
	if exchange.Query != "" || t.mark {
		signed += "?" + exchange.Query
	}
	query, err := url.ParseQuery(exchange.Query)
	if err != nil {
		return nil, false
	}
	var form url.Values
	if mediaType != jsonType {
		if form, err = url.ParseQuery(string(exchange.Body)); err != nil || ambiguous(form) {
			return nil, false
		}
	}
	digests, hashed := query["bodySHA256"]
	if hashed && !(len(digests) == 1 && bodyMatches(exchange.Body, digests[0])) {
		return nil, false
	}
	if mediaType == jsonType && !hashed {
		return nil, false // nothing else ties a JSON body to the signature
	}
	proof := func(token string) bool {
		return signedBy(token, signed, form, given[0]) || hashed && signedBy(token, signed, nil, given[0])
	}
	return form, t.token.Any(proof)
}

// ambiguous forms repeat a field that we read. Helper libraries disagree on which
// of the values a signature covers, so that a captured request with one more
// value could pass as signed; Twilio itself never repeats these.
func ambiguous(form url.Values) bool {
	for key, values := range form {
		if len(values) > 1 && (reads(key) || strings.HasPrefix(key, "Media")) {
			return true
		}
	}
	return false
}
