package sms

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

const (
	plainType = "text/plain; charset=utf-8"
	atAPI     = "https://api.africastalking.com"
	atBytes   = 32 << 20 // bounds what is read of an answer
)

// AfricasTalking is the kind "sms.africastalking": text messages to a short code
// or number at Africa's Talking. It signs nothing, so the path secret is the proof.
// Source: https://developers.africastalking.com/docs/sms/overview
func AfricasTalking() channels.Kind {
	return channels.Kind{
		Name:    "sms.africastalking",
		Title:   "Africa's Talking SMS",
		Summary: "Text messages to a short code or number at Africa's Talking, in most countries of Africa.",
		Settings: []channels.Setting{
			{Key: "username", Check: atUsername,
				Help: "The app's username, at the top of its page in the Africa's Talking dashboard; \"sandbox\" for the sandbox. Needed to send, to ask and to test."},
			{Key: "api_key", Secret: true,
				Help: "The app's API key, in the dashboard under Settings, API Key. Without it Onyo only listens."},
			{Key: "from",
				Help: "The short code or sender name to answer from, as 28901, in the dashboard under SMS. Without it your account's default is used."},
			{Key: "pull", Default: atPullOff, Check: atPullMode,
				Help: "How messages come in: off waits to be called, always asks for them, where Africa's Talking cannot reach this server. Set no callback for incoming messages with always, or each comes twice."},
			{Key: "pull_every", Default: "1m", Check: atPullEvery,
				Help: "How long to wait between two questions with pull=always, as 30s or 5m."},
			{Key: "stop_words", Help: "More words, separated by commas, that opt a sender out when sent alone."},
			{Key: "start_words", Help: "More words, separated by commas, that undo an opt-out."},
			{Key: "api_url", Default: atAPI, Endpoint: true, Check: webAddress,
				Help: "Where the API is. Leave it, or write https://api.sandbox.africastalking.com for the sandbox."},
		},
		Can:       channels.Capabilities{Webhook: true, Run: true, Send: true, Test: true, Receipts: true},
		Limits:    channels.Limits{BodyBytes: 64 << 10, TextBytes: 1600},
		Methods:   []string{http.MethodPost},
		BodyTypes: []string{formType},
		New:       newAfricasTalking,
	}
}

func atUsername(value string) error {
	if strings.TrimSpace(value) != value || strings.ContainsAny(value, " \t\r\n&=") {
		return errors.New("write the username as the dashboard shows it")
	}
	return nil
}

// webAddress is a whole http or https URL.
func webAddress(value string) error {
	at, err := url.Parse(value)
	if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" || at.User != nil || at.Fragment != "" {
		return errors.New("write a whole URL, with http:// or https:// and no user name in it")
	}
	return nil
}

type africasTalking struct {
	config channels.Config
	path   channels.Secret
	key    channels.Secret
	words  channels.Words
}

func newAfricasTalking(config channels.Config) (channels.Adapter, error) {
	if config.Settings["pull"] == atPullAlways && (config.Settings["username"] == "" || config.Secrets["api_key"].Current() == "") {
		return nil, errors.New("username or api_key is missing: pull=always asks with them")
	}
	return &africasTalking{config: config, path: config.Secrets[channels.PathSecret], key: config.Secrets["api_key"],
		words: channels.NewWords(config.Settings["stop_words"], config.Settings["start_words"])}, nil
}

// Receive checks the path secret and cuts out the one notification.
func (a *africasTalking) Receive(_ context.Context, exchange channels.Exchange) (channels.Reception, error) {
	if !a.path.Matches(exchange.PathSecret) {
		return channels.Reception{}, channels.Unauthentic()
	}
	raw := channels.Pack(map[string]string{"at": exchange.At.UTC().Format(time.RFC3339)}, exchange.Body)
	split, why := a.split(raw)
	if why != "" {
		split = channels.UnparsedSplit(raw, exchange.Body, why)
	}
	return channels.Reception{Messages: []channels.Split{split},
		Answer: channels.Answer{Status: http.StatusOK, ContentType: plainType}}, nil
}

// atFields are what a notification or a fetched message says, whatever its dress.
type atFields struct {
	id, from, to, text, date string
	status, phone, failure   string
	retries                  string
	sender                   string // whose messages a person wants no more
	update                   string // of a subscription
	hasText                  bool
}

func atForm(form url.Values) atFields {
	return atFields{id: form.Get("id"), from: form.Get("from"), to: form.Get("to"), text: form.Get("text"),
		date: form.Get("date"), status: form.Get("status"), phone: form.Get("phoneNumber"),
		failure: form.Get("failureReason"), retries: form.Get("retryCount"), sender: form.Get("senderId"),
		update: form.Get("updateType"), hasText: form.Has("text")}
}

// message is what the fields say, or why they say nothing. An opt-out carries no
// id and no time; at, when it came, tells two of them apart.
func (a *africasTalking) message(f atFields, at time.Time) (m channels.Message, why string) {
	switch {
	case f.hasText && f.id != "":
		m = channels.Message{ProviderID: atID(f.id), Nature: a.words.Nature(f.text), From: telephone(f.from),
			To: telephone(f.to), At: atDate(f.date), Text: channels.Clean(f.text)}
	case f.status != "" && f.id != "":
		m = channels.Message{Nature: channels.Delivery, To: telephone(f.phone)}
		m.ProviderID = atID(f.id) + "/" + channels.Clean(strings.ToLower(clip(f.status, 40)))
		m.Status = &channels.Status{Of: atID(f.id), State: atState(f.status), Code: channels.Clean(clip(f.failure, 80))}
	case f.sender != "" && f.phone != "":
		m = channels.Message{ProviderID: "optout:" + fingerprint(f.sender, f.phone, window(at)), Nature: channels.Stop,
			From: telephone(f.phone), To: telephone(f.sender)}
	case f.update != "" && f.phone != "":
		m = channels.Message{ProviderID: "subscription:" + fingerprint(f.update, f.phone, f.to, window(at)),
			Nature: channels.Other, From: telephone(f.phone)}
	default:
		return m, "no_message_id"
	}
	return m, ""
}

// atState: a report that means nothing to us says that the message is on its way.
func atState(status string) channels.DeliveryState {
	switch strings.ToLower(status) {
	case "success", "deliveredtoterminal":
		return channels.Delivered
	case "rejected", "failed", "expired", "absentsubscriber":
		return channels.Undelivered
	case "buffered", "queued":
		return channels.Queued
	}
	return channels.SentOn
}

// atDate reads both ways in which dates are written; zero if it is neither. The
// one without a zone is UTC.
func atDate(date string) time.Time {
	for _, layout := range []string{time.RFC3339, time.DateTime} {
		if at, err := time.Parse(layout, date); err == nil && at.Year() > 0 && at.Year() < 10000 {
			return at.UTC()
		}
	}
	return time.Time{}
}

// atID bounds an id: one that is too long is replaced by its fingerprint.
func atID(id string) string {
	if len(id) > 150 {
		return "long:" + fingerprint(id)
	}
	return channels.Clean(id)
}

// telephone is a phone number or a sender's name. A plus that was not escaped in a
// form came as a space.
func telephone(text string) channels.Address {
	number := strings.TrimSpace(channels.Clean(text))
	if number == "" {
		return channels.Address{}
	}
	if strings.HasPrefix(text, " ") && strings.Trim(number, "0123456789") == "" && len(number) > 6 {
		number = "+" + number
	}
	return channels.Address{Scheme: "tel", Value: number}
}

// fingerprint names what has no id of its own: fields written so that no two
// sequences of them are the same bytes.
func fingerprint(fields ...string) string {
	h := sha256.New()
	for _, field := range fields {
		h.Write([]byte(strconv.Itoa(len(field)) + ":" + field))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// window is the span of ten minutes in which something came: what a gateway tries
// again within it is the same, what is said again later is not.
func window(at time.Time) string { return strconv.FormatInt(at.Unix()/600, 10) }

func clip(text string, bytes int) string { return text[:min(len(text), bytes)] }
