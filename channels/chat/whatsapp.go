package chat

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

const (
	graphAPI = "https://graph.facebook.com"
	// graphVersion was the newest in autumn 2026; each lives two years or more.
	// Source: https://developers.facebook.com/docs/graph-api/changelog
	graphVersion = "v26.0"
	hubSignature = "X-Hub-Signature-256"
	// challengeBytes bounds what a handshake gets back.
	challengeBytes = 256
)

// WhatsApp is the kind "chat.whatsapp": a number on Meta's WhatsApp Cloud API.
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp
func WhatsApp() channels.Kind {
	return channels.Kind{
		Name:    "chat.whatsapp",
		Title:   "WhatsApp (Meta Cloud API)",
		Summary: "Messages, places and pictures sent to a WhatsApp number, straight from Meta. Every request is signed. Getting the number approved takes days to weeks.",
		Settings: append([]channels.Setting{
			{Key: "phone_number_id", Required: true, Check: digits,
				Help: "Phone number ID, at developers.facebook.com: your app, WhatsApp, API setup. It is not the telephone number."},
			{Key: "app_secret", Required: true, Secret: true, Check: appSecret,
				Help: "App secret, in your app under App settings, Basic. It signs what Meta sends."},
			{Key: "verify_token", Required: true, Secret: true,
				Help: "A word of your own, typed here and at Meta beside the address of the webhook (WhatsApp, Configuration). Meta says it once to prove that the address is yours."},
			{Key: "access_token", Required: true, Secret: true,
				Help: "A permanent token of a system user with whatsapp_business_messaging: Meta Business Suite, Settings, System users, Generate token. The one on the API setup page ends after a day."},
			{Key: "template_name", Check: templateName,
				Help: "A message template that Meta approved, with one variable {{1}} in its body, for answers later than a day after somebody wrote. Without it such answers are not sent."},
			{Key: "template_language", Default: "en", Check: templateLanguage,
				Help: "The language of that template as WhatsApp Manager shows it, as en or pt_BR."},
			{Key: "graph_version", Default: graphVersion, Check: version,
				Help: "Version of Meta's Graph API. Raise it before Meta ends this one, two years after its release."},
			{Key: "api_url", Default: graphAPI, Endpoint: true, Check: baseURL,
				Help: "Where the Graph API is. Leave it unless you send through a server of your own."},
		}, extra()...),
		Can: channels.Capabilities{Webhook: true, Send: true, Fetch: true, Test: true, Signed: true, Media: true, Receipts: true},
		// Meta puts up to a thousand messages into one request of at most 3 MiB.
		Limits:     channels.Limits{BodyBytes: 3 << 20, FileBytes: fileBytes, Files: 10, TextBytes: textBytes},
		Methods:    []string{http.MethodPost, http.MethodGet},
		BodyTypes:  []string{jsonType},
		MediaHosts: []string{"*"}, // Meta's hosts and that of api_url, see holds
		New:        newWhatsApp,
	}
}

func shaped(shape, say string) func(string) error {
	compiled := regexp.MustCompile(shape)
	return func(value string) error {
		if !compiled.MatchString(value) {
			return errors.New(say)
		}
		return nil
	}
}

func digits(value string) error {
	return shaped(`^[0-9]{5,32}$`, "only digits, without the +")(value)
}

// appSecret takes any word: Meta's are 32 digits and letters today.
func appSecret(value string) error {
	return shaped(`^[\x21-\x7e]{4,200}$`, "an app secret has no spaces; Meta's are 32 digits and letters")(value)
}

func templateName(value string) error {
	return shaped(`^[a-z0-9_]{1,512}$`, "small letters, digits and _")(value)
}

func templateLanguage(value string) error {
	return shaped(`^[a-z]{2,3}(_[A-Z]{2,4})?$`, "as en or pt_BR")(value)
}

func version(value string) error {
	return shaped(`^v[0-9]{1,3}\.[0-9]$`, "as v26.0")(value)
}

type whatsApp struct {
	config   channels.Config
	graph    string // up to the version
	origin   string // scheme and host of api_url
	template string
	words    channels.Words
}

func newWhatsApp(config channels.Config) (channels.Adapter, error) {
	for _, key := range []string{"app_secret", "verify_token", "access_token"} {
		if config.Secrets[key].Current() == "" {
			return nil, errors.New(key + " is missing")
		}
	}
	setting := func(key, otherwise string) string {
		if value := config.Settings[key]; value != "" {
			return value
		}
		return otherwise
	}
	at, err := base(setting("api_url", graphAPI))
	if err != nil {
		return nil, errors.New("api_url: " + err.Error())
	}
	parsed, err := url.Parse(at)
	if err != nil {
		return nil, errors.New("api_url is no URL")
	}
	return &whatsApp{config: config, graph: at + "/" + setting("graph_version", graphVersion),
		origin: parsed.Scheme + "://" + parsed.Host, template: config.Settings["template_name"],
		words: channels.NewWords(config.Settings["stop_words"], config.Settings["start_words"])}, nil
}

// Receive answers Meta's handshake, or checks a signature and splits a batch.
func (w *whatsApp) Receive(_ context.Context, exchange channels.Exchange) (channels.Reception, error) {
	if exchange.Method == http.MethodGet {
		return w.handshake(exchange.Query)
	}
	if !w.authentic(exchange) {
		return channels.Reception{}, unsigned()
	}
	return channels.Reception{Messages: w.split(exchange.Body), Answer: taken()}, nil
}

// handshake proves to Meta that the address is ours, if Meta proves that it knows
// the word set there.
// Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started
func (w *whatsApp) handshake(query string) (channels.Reception, error) {
	values, err := url.ParseQuery(query)
	challenge := values.Get("hub.challenge")
	if err != nil || values.Get("hub.mode") != "subscribe" || challenge == "" || len(challenge) > challengeBytes ||
		!w.config.Secrets["verify_token"].Matches(values.Get("hub.verify_token")) {
		return channels.Reception{}, channels.Unauthentic()
	}
	answer := taken()
	answer.Body = []byte(challenge)
	return channels.Reception{Answer: answer}, nil
}

// authentic checks the signature over the bytes as they came: Meta signs JSON
// whose letters beyond ASCII are escaped, so that the same JSON written anew has
// another signature.
func (w *whatsApp) authentic(exchange channels.Exchange) bool {
	given := exchange.Header.Values(hubSignature)
	if len(given) != 1 {
		return false
	}
	text, ok := strings.CutPrefix(given[0], "sha256=")
	if !ok {
		return false
	}
	signature, err := hex.DecodeString(text)
	if err != nil {
		return false
	}
	return w.config.Secrets["app_secret"].Any(func(secret string) bool {
		return hmac.Equal(hubSum(secret, exchange.Body), signature)
	})
}

func hubSum(secret string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return mac.Sum(nil)
}

// SignWhatsApp is the X-Hub-Signature-256 by which Meta signs a body.
func SignWhatsApp(secret string, body []byte) string {
	return "sha256=" + hex.EncodeToString(hubSum(secret, body))
}

// unsigned is the refusal of a request whose signature does not hold: the same
// words as everywhere, with the 401 that receivers of Meta's webhooks answer.
func unsigned() *channels.Refusal {
	refusal := channels.Unauthentic()
	refusal.Status = http.StatusUnauthorized
	return refusal
}
