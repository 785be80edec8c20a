package sms

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// AfricasTalkingUSSD is the kind "sms.africastalking-ussd": a menu that any phone
// shows when somebody dials a short code, without data and, for the caller, often
// without cost. It signs nothing, so the path secret is the proof.
//
// Every request carries all that was typed in its session. The menu is a function
// of that text alone (see walk), and nothing waits for the session's end: once
// something is said it is a message under the session's id, and what is typed later
// continues it, under that id and "/place" or "/note". Each request gives all of
// them again, under the same identities, so that neither a session that breaks off
// nor a request that was lost takes anything with it.
// Source: https://developers.africastalking.com/docs/ussd/overview
func AfricasTalkingUSSD() channels.Kind {
	return channels.Kind{
		Name:    "sms.africastalking-ussd",
		Title:   "Africa's Talking USSD",
		Summary: "A menu on any phone: somebody dials a code as *384*28901#, chooses what happens and writes where. Needs no internet on the phone.",
		Settings: []channels.Setting{
			{Key: "languages", Default: "en", Check: ussdLanguages,
				Help: "The menu's languages, separated by commas, the commonest first: en fr es ar sw ht uk ne. With more than one the menu asks first which."},
		},
		Can:       channels.Capabilities{Webhook: true},
		Limits:    channels.Limits{BodyBytes: 64 << 10},
		Methods:   []string{http.MethodPost},
		BodyTypes: []string{formType},
		New:       newAfricasTalkingUSSD,
	}
}

func ussdLanguages(value string) error {
	found := languageList(value)
	for i, language := range found {
		if _, known := ussdWordsOf(language); !known || slices.Contains(found[:i], language) {
			return errors.New("write some of en fr es ar sw ht uk ne, each once, separated by commas")
		}
	}
	if len(found) == 0 || len(found) > 8 {
		return errors.New("write at least one of en fr es ar sw ht uk ne")
	}
	return nil
}

func languageList(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
}

type ussd struct {
	config    channels.Config
	path      channels.Secret
	languages []string
}

func newAfricasTalkingUSSD(config channels.Config) (channels.Adapter, error) {
	languages := languageList(config.Settings["languages"])
	if len(languages) == 0 {
		languages = []string{"en"}
	}
	if err := ussdLanguages(strings.Join(languages, ",")); err != nil {
		return nil, fmt.Errorf("languages: %w", err)
	}
	return &ussd{config: config, path: config.Secrets[channels.PathSecret], languages: languages}, nil
}

// Receive checks the path secret, stores what was said so far and shows the next
// screen.
func (u *ussd) Receive(_ context.Context, exchange channels.Exchange) (channels.Reception, error) {
	if !u.path.Matches(exchange.PathSecret) {
		return channels.Reception{}, channels.Unauthentic()
	}
	form, err := url.ParseQuery(string(exchange.Body))
	if why := ussdFault(form, err); why != "" {
		raw := channels.Pack(map[string]string{}, exchange.Body)
		again, _ := ussdWordsOf(u.languages[0])
		return screen("END "+again.wrong, channels.UnparsedSplit(raw, exchange.Body, why)), nil
	}
	if !form.Has("text") && form.Get("status") != "" {
		return screen("", u.split(exchange.Body, map[string]string{"part": ussdEnd})), nil
	}
	at := u.walk(channels.Clean(form.Get("text")))
	var splits []channels.Split
	for _, facts := range at.facts() {
		splits = append(splits, u.split(exchange.Body, facts))
	}
	return screen(u.show(at), splits...), nil
}

func ussdFault(form url.Values, err error) string {
	switch {
	case err != nil:
		return "bad_form"
	case form.Get("sessionId") == "":
		return "no_session"
	}
	return ""
}

func screen(text string, splits ...channels.Split) channels.Reception {
	return channels.Reception{Messages: splits,
		Answer: channels.Answer{Status: http.StatusOK, ContentType: plainType, Body: []byte(text)}}
}

// split packs one part of a session and reads it back.
func (u *ussd) split(body []byte, facts map[string]string) channels.Split {
	raw := channels.Pack(facts, body)
	messages, err := u.Parse(raw)
	if err != nil {
		return channels.UnparsedSplit(raw, body, "bad_session")
	}
	return splitOf(messages[0], raw)
}

// Parse reads a stored part of a session. What a number meant when it was typed
// lies in the facts: categories may change, what somebody chose does not.
func (u *ussd) Parse(raw []byte) ([]channels.Message, error) {
	facts, body, err := channels.Unpack(raw)
	if err != nil {
		return nil, fmt.Errorf("ussd: %w", err)
	}
	form, err := url.ParseQuery(string(body))
	if why := ussdFault(form, err); why != "" {
		return nil, fmt.Errorf("ussd: %w", errNoMessage(why))
	}
	session := atID(form.Get("sessionId"))
	m := channels.Message{ProviderID: session, Nature: channels.Report, From: telephone(form.Get("phoneNumber")),
		Language: facts["language"]}
	if code := channels.Clean(form.Get("serviceCode")); code != "" {
		m.To = channels.Address{Scheme: "ussd", Value: code}
	}
	said := channels.Clean(facts["said"])
	switch facts["part"] {
	case ussdFirst:
		m.Text = said
		if category := channels.Clean(facts["category"]); category != "" {
			m.Categories = []string{category}
		}
	case ussdPlace:
		m.ProviderID, m.Continues, m.Location = session+"/place", session, &channels.Location{Words: said}
	case ussdNote:
		m.ProviderID, m.Continues, m.Text = session+"/note", session, said
	case ussdEnd:
		m.ProviderID, m.Nature = session+"/end", channels.Other
	default:
		return nil, fmt.Errorf("ussd: %w", errNoMessage("unknown_part"))
	}
	return []channels.Message{m}, nil
}
