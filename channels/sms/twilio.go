// Package sms holds the adapters of text message providers, a file a provider.
package sms

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

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
			{Key: "pull", Default: pullAfterOutage, Check: pullMode,
				Help: "Asking Twilio for messages that never reached Onyo: after-outage (at start and once an hour), always (every minute: the only way in where Twilio cannot reach this server), or off."},
			{Key: "pull_every", Check: pullEvery,
				Help: "How often to ask, as 30s or 2h. Without it: an hour, with pull=always a minute."},
			{Key: "numbers", Check: numberList,
				Help: "The account's numbers that belong to this channel, separated by commas, for asking. Without it: the number or service in from; without that too, every number of the account."},
			{Key: "stop_words", Help: "More words, separated by commas, that opt a sender out when sent alone."},
			{Key: "start_words", Help: "More words, separated by commas, that undo an opt-out."},
			{Key: "api_url", Default: twilioAPI, Endpoint: true, Check: apiAddress,
				Help: "Where Twilio's API is. Leave it, unless your account lies in another of Twilio's regions."},
		},
		Can: channels.Capabilities{Webhook: true, Run: true, Send: true, Fetch: true, Test: true, Signed: true,
			Media: true, Receipts: true},
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

// apiAddress checks the address of a provider's API.
func apiAddress(value string) error {
	at, err := url.Parse(value)
	if err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "" || at.User != nil ||
		at.RawQuery != "" || at.ForceQuery || at.Fragment != "" {
		return errors.New("write the API's address as https:// and a host")
	}
	return nil
}

type twilio struct {
	config channels.Config
	kind   channels.Kind
	token  channels.Secret
	api    string   // without a slash at its end
	bases  []string // the signed URL up to its query; none where nothing can come in
	mark   bool     // it ends with a bare question mark
	heads  map[string][]byte
	words  channels.Words
	every  time.Duration
}

func newTwilio(config channels.Config) (channels.Adapter, error) {
	if config.Secrets["auth_token"].Current() == "" {
		return nil, errors.New("auth_token is missing")
	}
	t := &twilio{config: config, kind: Twilio(), token: config.Secrets["auth_token"],
		api:   strings.TrimRight(config.Settings["api_url"], "/"),
		words: channels.NewWords(config.Settings["stop_words"], config.Settings["start_words"]),
		heads: map[string][]byte{}}
	if t.api == "" {
		t.api = twilioAPI
	}
	for _, mediaType := range t.kind.BodyTypes {
		t.heads[mediaType] = channels.Pack(map[string]string{"type": mediaType}, nil)
	}
	if t.every, _ = time.ParseDuration(config.Settings["pull_every"]); t.every <= 0 {
		t.every = pullHourly
		if config.Settings["pull"] == pullAlways {
			t.every = pullMinutely
		}
	}
	if config.PublicURL == "" && config.Settings["pull"] == pullAlways {
		return t, nil // all that comes in is asked for
	}
	signed, err := url.Parse(config.PublicURL)
	if err != nil || signed.Scheme != "https" && signed.Scheme != "http" || signed.Host == "" {
		return nil, errors.New("public_url must be the whole URL that Twilio calls, with https://")
	}
	whole, _, _ := strings.Cut(config.PublicURL, "#")
	base, _, _ := strings.Cut(whole, "?")
	t.bases, t.mark = ways(base), strings.HasSuffix(whole, "?")
	return t, nil
}

// Receive checks the signature and cuts out the one message.
func (t *twilio) Receive(_ context.Context, exchange channels.Exchange) (channels.Reception, error) {
	mediaType := formType
	if exchange.Header.Get("Content-Type") != formType { // as Twilio writes it
		if got, _ := channels.MediaType(exchange.Header); got == jsonType {
			mediaType = jsonType
		}
	}
	form, ok := t.authentic(mediaType, exchange)
	if !ok {
		return channels.Reception{}, channels.Unauthentic()
	}
	head := t.heads[mediaType]
	raw := append(append(make([]byte, 0, len(head)+len(exchange.Body)), head...), exchange.Body...)
	split := channels.Split{Raw: raw}
	if message, why := t.read(form); why != "" {
		split = channels.UnparsedSplit(raw, exchange.Body, why)
	} else {
		split = splitOf(message, raw)
	}
	return channels.Reception{
		Messages: []channels.Split{split},
		Answer:   channels.Answer{Status: http.StatusOK, ContentType: "text/xml; charset=utf-8", Body: []byte(twiML)},
	}, nil
}

func splitOf(message channels.Message, raw []byte) channels.Split {
	return channels.Split{ProviderID: message.ProviderID, Nature: message.Nature, From: message.From,
		Digest: message.Digest(), Raw: raw}
}

// authentic checks X-Twilio-Signature over the configured URL and, as Twilio
// does it, over the form's fields or over a digest of the body in the query. The
// form is nil for a body that is none.
func (t *twilio) authentic(mediaType string, exchange channels.Exchange) (form twilioForm, ok bool) {
	headers := exchange.Header.Values("X-Twilio-Signature")
	if len(headers) != 1 {
		return nil, false
	}
	given, ok := signature(headers[0])
	if !ok {
		return nil, false
	}
	query, err := parseForm(exchange.Query)
	if err != nil {
		return nil, false
	}
	digest, hashed := query.find("bodySHA256")
	if hashed && (query.count("bodySHA256") > 1 || !bodyMatches(exchange.Body, digest)) {
		return nil, false
	}
	if mediaType == jsonType {
		// Nothing but its digest ties such a body to the signature.
		return nil, hashed && t.signed(given, exchange.Query, nil)
	}
	if form, err = parseForm(string(exchange.Body)); err != nil || form.ambiguous() {
		return nil, false
	}
	texts := [][]byte{form.distinct().signed()}
	if form.repeats() {
		texts = append(texts, form.signed())
	}
	if hashed {
		texts = append(texts, nil)
	}
	return form, t.signed(given, exchange.Query, texts...)
}
