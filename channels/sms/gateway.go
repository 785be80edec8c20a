package sms

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// Gateway is the kind "sms.gateway": a gateway of one's own that speaks HTTP, from
// a telephone with a SIM card to an operator's SMPP connection. A preset knows the
// product's names; "custom" takes them from settings.
//
// Its proof is the secret that the product itself carries, where one is set: a form
// field, or the key that signs httpSMS's tokens. Otherwise, and for the one request
// of SMSSync that carries none, it is the path secret.
func Gateway() channels.Kind {
	return channels.Kind{
		Name:    "sms.gateway",
		Title:   "Own SMS gateway",
		Summary: "A phone with a SIM card, or your own SMS server: SMSSync, httpSMS, FrontlineSMS, Kannel, Jasmin, or anything that can call a URL.",
		Settings: []channels.Setting{
			{Key: "preset", Required: true, Check: gatewayPreset,
				Help: "Which product it is: smssync, httpsms, frontlinesms, kannel, jasmin, or custom."},
			{Key: "secret", Secret: true,
				Help: "The secret that the product sends along: SMSSync's secret key, httpSMS's signing key, FrontlineSMS's or a custom field's value. Without it the secret in the channel's URL is the proof."},
			{Key: "from", Help: "The number to answer from, as +254700000001. httpSMS needs it: the number of the phone's SIM card."},
			{Key: "api_url", Endpoint: true, Check: webAddress,
				Help: "Where messages are handed over: http://host:13013/cgi-bin/sendsms (Kannel), http://host:1401/send (Jasmin), your own server's URL for custom. httpSMS and FrontlineSMS have one of their own. Without it Onyo only listens."},
			{Key: "username", Help: "User name for sending through Kannel or Jasmin."},
			{Key: "password", Secret: true, Help: "Password for sending through Kannel or Jasmin."},
			{Key: "api_key", Secret: true, Help: "API key for sending: httpSMS under Settings, FrontlineSMS under API web services and Integrations; {key} for custom."},
			{Key: "fields", Check: gatewayFields,
				Help: "For custom: what the gateway calls each thing, as \"from=sender text=body id=msgid time=ts secret=token\". Known: from to text id time coding charset binary udh part_of part parts secret status status_of. With JSON, a.b is b inside a."},
			{Key: "answer", Default: "OK", Help: "For custom: what the gateway wants to hear when a message was taken."},
			{Key: "send_body", Check: gatewayTemplate,
				Help: "For custom: what to post to api_url, JSON or a form, with {to} {from} {text} {id} {key} {username} {password} {receipt} in it, as to={to}&text={text}. {receipt} is the URL to report to."},
			{Key: "send_id", Help: "For custom: where in the answer, if it is JSON, the message's id stands, as data.id."},
			{Key: "stop_words", Help: "More words, separated by commas, that opt a sender out when sent alone."},
			{Key: "start_words", Help: "More words, separated by commas, that undo an opt-out."},
		},
		Can: channels.Capabilities{Webhook: true, Send: true, Fetch: true, Test: true, Collect: true,
			Media: true, Receipts: true},
		Limits:     channels.Limits{BodyBytes: 256 << 10, FileBytes: 20 << 20, Files: 10, TextBytes: 1600},
		Methods:    []string{http.MethodPost, http.MethodGet},
		BodyTypes:  []string{formType, jsonType},
		MediaHosts: []string{"*"}, // httpSMS's API, which may be one's own
		New:        newGateway,
	}
}

func gatewayPreset(value string) error {
	if _, known := presetOf(value); !known {
		return errors.New("write one of smssync, httpsms, frontlinesms, kannel, jasmin and custom")
	}
	return nil
}

type gateway struct {
	config channels.Config
	preset preset
	path   channels.Secret
	secret channels.Secret // the product's own
	words  channels.Words
}

func newGateway(config channels.Config) (channels.Adapter, error) {
	found, known := presetOf(config.Settings["preset"])
	if !known {
		return nil, errors.New("preset is missing or unknown")
	}
	if found.name == presetCustom {
		if err := found.customise(config); err != nil {
			return nil, err
		}
	}
	return &gateway{config: config, preset: found, path: config.Secrets[channels.PathSecret], secret: config.Secrets["secret"],
		words: channels.NewWords(config.Settings["stop_words"], config.Settings["start_words"])}, nil
}

// Receive checks the proof and cuts out what the gateway brings or asks.
func (g *gateway) Receive(_ context.Context, exchange channels.Exchange) (channels.Reception, error) {
	raw := packExchange(exchange)
	came, why := unpackExchange(raw)
	if why == "bad_raw" {
		return channels.Reception{}, channels.Unauthentic()
	}
	if !g.proved(exchange, came) {
		return channels.Reception{}, channels.Unauthentic()
	}
	if task := came.fields["task"]; g.preset.name == presetSMSSync && task != "" && why == "" {
		return g.task(task, exchange, came), nil
	}
	var split channels.Split
	if why == "" {
		split, why = g.split(raw, came)
	}
	if why != "" {
		split = channels.UnparsedSplit(raw, came.bytes, why)
	}
	return channels.Reception{Messages: []channels.Split{split}, Answer: g.preset.ok()}, nil
}

// proved says whether an exchange carries the product's own secret, where one is
// set, or else the path secret.
func (g *gateway) proved(exchange channels.Exchange, came arrival) bool {
	if g.secret.Current() == "" {
		return g.path.Matches(exchange.PathSecret)
	}
	if g.preset.token {
		return g.signedToken(exchange.Header.Values("Authorization"))
	}
	given := came.first(g.preset.fields["secret"])
	if given == "" && g.preset.name == presetSMSSync && came.fields["task"] == "sent" {
		return g.path.Matches(exchange.PathSecret) // the app sends its secret with all tasks but this
	}
	return g.secret.Matches(given)
}

func (g *gateway) split(raw []byte, came arrival) (channels.Split, string) {
	message, why := g.message(came)
	if why != "" {
		return channels.Split{}, why
	}
	return splitOf(message, raw), ""
}

// Parse reads a stored exchange in full.
func (g *gateway) Parse(raw []byte) ([]channels.Message, error) {
	came, why := unpackExchange(raw)
	var message channels.Message
	switch {
	case why != "":
	case came.task != "":
		message, why = came.receipt()
	default:
		message, why = g.message(came)
	}
	if why != "" {
		return nil, fmt.Errorf("gateway: %w", errNoMessage(why))
	}
	return []channels.Message{message}, nil
}

// message is what an exchange says. Without an id of the gateway's it is known by
// sender, recipient, time and text, so that a second try is the same message: two
// texts alike in the same second are one. Without a time either, two alike within
// ten minutes are.
func (g *gateway) message(came arrival) (m channels.Message, why string) {
	if g.preset.name == presetHTTPSMS {
		return g.event(came)
	}
	names := g.preset.fields
	if status := came.first(names["status"]); status != "" {
		return g.delivery(status, came.first(names["status_of"]))
	}
	if !came.has(names["text"]) && !came.has(names["binary"]) {
		return m, "no_text"
	}
	from, sent := came.first(names["from"]), came.first(names["time"])
	m = channels.Message{From: telephone(from), To: telephone(came.first(names["to"])), At: gatewayTime(sent),
		Text: g.decode(came)}
	m.ProviderID = atID(came.first(names["id"]))
	if m.ProviderID == "" {
		when := sent
		if when == "" {
			when = window(came.at)
		}
		m.ProviderID = "made:" + fingerprint(m.From.Value, m.To.Value, when, m.Text)
	}
	if m.Part = g.part(came, m); m.Part != nil {
		m.ProviderID, m.Nature = channels.PartID(m.Part.Of, m.Part.Number), channels.Report
		return m, ""
	}
	m.Nature = g.words.Nature(m.Text)
	return m, ""
}

// delivery says what became of a message that was sent.
func (g *gateway) delivery(status, of string) (m channels.Message, why string) {
	if of == "" {
		return m, "no_message_id"
	}
	of, code := atID(of), channels.Clean(clip(status, 60))
	return channels.Message{ProviderID: of + "/" + strings.ToLower(code), Nature: channels.Delivery,
		Status: &channels.Status{Of: of, State: g.preset.state(status), Code: code}}, ""
}

// hook is the channel's URL as the gateway may call it: with the secret that proves
// it, in the path or as a parameter.
func (g *gateway) hook(parameters string) string {
	base, _, _ := strings.Cut(g.config.PublicURL, "?")
	base = strings.TrimRight(base, "/")
	if own := g.secret.Current(); own != "" && !g.preset.token {
		return base + "?" + g.preset.fields["secret"][0] + "=" + escapeQuery(own) + "&" + parameters
	}
	if path := "/" + escapePath(g.path.Current()); path != "/" && !strings.HasSuffix(base, path) {
		base += path
	}
	return base + "?" + parameters
}

// gatewayTime reads seconds or milliseconds since 1970, and dates; without a zone
// they are UTC.
func gatewayTime(text string) time.Time {
	if number, ok := wholeNumber(text); ok {
		if number >= 1e11 {
			return time.UnixMilli(number).UTC()
		}
		return time.Unix(number, 0).UTC()
	}
	return atDate(strings.TrimSpace(text))
}
