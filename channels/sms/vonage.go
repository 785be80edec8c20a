package sms

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

const vonageAPI = "https://rest.nexmo.com"

// Vonage is the kind "sms.vonage": text messages through Vonage, formerly Nexmo.
// Sources: https://developer.vonage.com/en/messaging/sms/guides/inbound-sms,
// https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts
func Vonage() channels.Kind {
	return channels.Kind{
		Name:  "sms.vonage",
		Title: "Vonage",
		Summary: "Text messages through a Vonage (Nexmo) number. Requests are proved by Vonage's signature where you " +
			"enter its secret, else by a secret in the address.",
		Settings: []channels.Setting{
			{Key: "signature_secret", Secret: true,
				Help: "Signature secret, in Vonage's dashboard under Settings. Once it is set here, every request must be signed; Vonage signs the SMS API's requests only after its support switched that on. Without it the secret in the address is the proof."},
			{Key: "signature_method", Default: "sha256", Check: signatureMethod,
				Help: "How Vonage signs, beside the signature secret: md5hash, md5, sha1, sha256 or sha512 (all but the first are HMAC). Choose SHA-256 HMAC there."},
			{Key: "api_key", Check: alphanumeric,
				Help: "API key, at the top of Vonage's dashboard. Needed to send and to test."},
			{Key: "api_secret", Secret: true, Help: "API secret, beside the API key. Needed to send and to test."},
			{Key: "from", Check: vonageSender,
				Help: "The number to answer from, as +447700900000, or a name of up to 11 letters and digits where the country allows one. Without it Onyo only listens."},
			{Key: "stop_words", Help: "More words, separated by commas, that opt a sender out when sent alone."},
			{Key: "start_words", Help: "More words, separated by commas, that undo an opt-out."},
			{Key: "api_url", Default: vonageAPI, Endpoint: true, Check: apiAddress,
				Help: "Where Vonage's API is. Leave it as it is."},
		},
		Can:       channels.Capabilities{Webhook: true, Send: true, Test: true, Receipts: true},
		Limits:    channels.Limits{BodyBytes: 64 << 10, TextBytes: 3200},
		Methods:   []string{http.MethodGet, http.MethodPost},
		BodyTypes: []string{formType, jsonType},
		New:       newVonage,
	}
}

func vonageSender(value string) error {
	if fromNumber(value) == nil && !strings.HasPrefix(value, "MG") || len(value) <= 11 && alphanumeric(value) == nil {
		return nil
	}
	return errors.New("write the number with + and country code, or a name of up to 11 letters and digits")
}

type vonage struct {
	config    channels.Config
	path      channels.Secret
	signature channels.Secret
	method    string
	api       string
	words     channels.Words
}

func newVonage(config channels.Config) (channels.Adapter, error) {
	v := &vonage{config: config, path: config.Secrets[channels.PathSecret], signature: config.Secrets["signature_secret"],
		method: config.Settings["signature_method"], api: strings.TrimRight(config.Settings["api_url"], "/"),
		words: channels.NewWords(config.Settings["stop_words"], config.Settings["start_words"])}
	if v.method == "" {
		v.method = "sha256"
	}
	if v.api == "" {
		v.api = vonageAPI
	}
	return v, nil
}

// Receive checks the proof and cuts out the one message. Vonage tries for 24 hours
// to deliver what was not answered with 200, so that a request may be old; a
// replay is known by its message id.
func (v *vonage) Receive(_ context.Context, exchange channels.Exchange) (channels.Reception, error) {
	mediaType, body := vonageBody(exchange)
	if len(body) == 0 && v.path.Matches(exchange.PathSecret) {
		// Vonage looks whether an address answers before it keeps it.
		return channels.Reception{Answer: vonageAnswer()}, nil
	}
	fields, err := vonageRead(mediaType, body)
	if !v.authentic(exchange, body, fields, err) {
		return channels.Reception{}, channels.Unauthentic()
	}
	raw := channels.Pack(map[string]string{"type": mediaType}, body)
	split, why := channels.Split{}, whyForm
	if err == nil {
		split, why = v.split(fields, raw)
	}
	if why != "" {
		split = channels.UnparsedSplit(raw, body, why)
	}
	return channels.Reception{Messages: []channels.Split{split}, Answer: vonageAnswer()}, nil
}

func vonageAnswer() channels.Answer {
	return channels.Answer{Status: http.StatusOK, ContentType: "text/plain; charset=utf-8", Body: []byte("OK")}
}

// queryType marks fields that came in the query.
const queryType = "query"

// vonageBody is where the fields are: in the body of a POST, in the query of a
// GET.
func vonageBody(exchange channels.Exchange) (mediaType string, body []byte) {
	if len(exchange.Body) == 0 {
		return queryType, []byte(exchange.Query)
	}
	if mediaType, _ = channels.MediaType(exchange.Header); mediaType != jsonType {
		mediaType = formType
	}
	return mediaType, exchange.Body
}

// authentic demands a signature where its secret is set: one over the fields, as
// the SMS API makes it, or a token over the body, as the Messages API does.
// Otherwise the secret in the address is the proof.
func (v *vonage) authentic(exchange channels.Exchange, body []byte, fields vonageFields, err error) bool {
	if v.signature.Current() == "" {
		return v.path.Matches(exchange.PathSecret)
	}
	if token, ok := bearer(exchange.Header); ok {
		return v.signature.Any(func(secret string) bool { return tokenSigns(secret, token, body) })
	}
	given, signed := fields.text["sig"]
	if err != nil || !signed || !fields.signable() {
		return false
	}
	given = strings.ToLower(given) // a method has lower-case hex, others upper-case
	return v.signature.Any(func(secret string) bool { return channels.Equal(SignVonage(v.method, secret, fields.text), given) })
}
