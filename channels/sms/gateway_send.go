package sms

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf16"

	"github.com/onyo-project/onyo/channels"
)

const (
	frontlineAPI = "https://cloud.frontlinesms.com/api/1/webhook"
	gatewayBytes = 1 << 20 // bounds what is read of an answer
)

// api is where messages are handed over; "" where nothing can be sent.
func (g *gateway) api() string {
	if at := g.config.Settings["api_url"]; at != "" {
		return at
	}
	switch g.preset.name {
	case presetHTTPSMS:
		return httpSMSAPI
	case presetFrontlineSMS:
		return frontlineAPI
	}
	return ""
}

// Send hands one message to the gateway. SMSSync is not called: it comes and asks.
func (g *gateway) Send(ctx context.Context, message channels.Outbound) (string, error) {
	if g.preset.name == presetSMSSync {
		return "", &channels.SendError{Reason: channels.ErrCollected, Code: "collected"}
	}
	if missing := g.missing(); missing != "" {
		return "", &channels.SendError{Reason: channels.ErrPermanent, Code: "no_" + missing}
	}
	request, err := g.outgoing(ctx, message)
	if err != nil {
		return "", &channels.SendError{Reason: channels.ErrPermanent, Code: "bad_api_url"}
	}
	body, broken, fault := handOver(g.config.HTTP, request, gatewayBytes)
	if fault != nil {
		return "", fault
	}
	id, taken := g.idIn(body, broken, message.ID)
	if !taken {
		return "", &channels.SendError{Reason: channels.ErrTemporary, Code: "unreadable"}
	}
	return atID(id), nil
}

// missing is the setting without which nothing can be sent.
func (g *gateway) missing() string {
	needed := map[string][]string{presetKannel: {"username", "password"}, presetJasmin: {"username", "password"},
		presetHTTPSMS: {"api_key", "from"}, presetFrontlineSMS: {"api_key"}, presetCustom: {"send_body"}}[g.preset.name]
	if g.api() == "" {
		return "api_url"
	}
	for _, key := range needed {
		if g.config.Settings[key] == "" && g.config.Secrets[key].Current() == "" {
			return key
		}
	}
	return ""
}

func (g *gateway) outgoing(ctx context.Context, m channels.Outbound) (*http.Request, error) {
	from, key := g.config.Settings["from"], g.config.Secrets["api_key"].Current()
	switch g.preset.name {
	case presetKannel:
		return g.query(ctx, g.kannel(m))
	case presetJasmin:
		return g.post(ctx, formType, g.jasmin(m).Encode())
	case presetHTTPSMS:
		request, err := g.post(ctx, jsonType, jsonText(map[string]any{"from": from, "to": m.To.Value, "content": m.Text, "request_id": m.ID}))
		if err == nil {
			request.Header.Set("x-api-key", key)
		}
		return request, err
	case presetFrontlineSMS:
		return g.post(ctx, jsonType, jsonText(map[string]any{"apiKey": key, "payload": map[string]any{"message": m.Text,
			"recipients": []any{map[string]any{"type": "mobile", "value": m.To.Value}}}}))
	}
	body, mediaType := g.fill(m)
	return g.post(ctx, mediaType, body)
}

// kannel: GET is the one way that sendsms documents for all of this. Kannel fills in
// %d, and reads %% as a percent sign.
func (g *gateway) kannel(m channels.Outbound) url.Values {
	values := url.Values{"username": {g.config.Settings["username"]}, "password": {g.config.Secrets["password"].Current()},
		"to": {m.To.Value}, "text": {m.Text}, "charset": {"UTF-8"}, "coding": {"0"}, "dlr-mask": {"31"},
		"dlr-url": {strings.ReplaceAll(g.hook("of="+url.QueryEscape(m.ID)), "%", "%%") + "&status=%d"}}
	if !isGSM(m.Text) {
		values.Set("coding", "2")
	}
	return withFrom(values, g.config.Settings["from"])
}

// jasmin: POST keeps password and text out of logs of URLs.
func (g *gateway) jasmin(m channels.Outbound) url.Values {
	values := url.Values{"username": {g.config.Settings["username"]}, "password": {g.config.Secrets["password"].Current()},
		"to": {m.To.Value}, "coding": {"0"}, "dlr": {"yes"}, "dlr-level": {"3"}, "dlr-method": {http.MethodPost}, "dlr-url": {strings.TrimRight(g.hook(""), "?&")}}
	if isGSM(m.Text) {
		values.Set("content", m.Text)
	} else {
		values.Set("coding", "8")
		values.Set("hex-content", hex.EncodeToString(utf16BE(m.Text)))
	}
	return withFrom(values, g.config.Settings["from"])
}

func withFrom(values url.Values, from string) url.Values {
	if from != "" {
		values.Set("from", from)
	}
	return values
}

func utf16BE(text string) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit>>8), byte(unit))
	}
	return out
}

func jsonText(value any) string {
	text, _ := json.Marshal(value) // strings, lists and maps of them
	return string(text)
}

// fill puts a message into a custom gateway's template, each value written as the
// template's own kind of text needs it.
func (g *gateway) fill(m channels.Outbound) (body, mediaType string) {
	template := g.config.Settings["send_body"]
	write, mediaType := url.QueryEscape, formType
	if isJSONTemplate(template) {
		write, mediaType = jsonInner, jsonType
	}
	pairs := []string{"{to}", m.To.Value, "{from}", g.config.Settings["from"], "{text}", m.Text, "{id}", m.ID,
		"{key}", g.config.Secrets["api_key"].Current(), "{username}", g.config.Settings["username"],
		"{password}", g.config.Secrets["password"].Current(), "{receipt}", strings.TrimRight(g.hook(""), "?&")}
	for i := 1; i < len(pairs); i += 2 {
		pairs[i] = write(pairs[i])
	}
	return strings.NewReplacer(pairs...).Replace(template), mediaType
}

func isJSONTemplate(template string) bool {
	template = strings.TrimSpace(template)
	return strings.HasPrefix(template, "{\"") || strings.HasPrefix(template, "[") || strings.HasPrefix(template, "{\n") || strings.HasPrefix(template, "{ ")
}

// jsonInner is a value as it stands between a JSON string's quotes.
func jsonInner(value string) string {
	quoted := jsonText(value)
	return quoted[1 : len(quoted)-1]
}

// gatewayTemplate: with words in every place a JSON template must be JSON.
func gatewayTemplate(value string) error {
	if !strings.Contains(value, "{to}") || !strings.Contains(value, "{text}") {
		return errors.New("it must say where {to} and {text} go")
	}
	if isJSONTemplate(value) && !json.Valid([]byte(value)) {
		return errors.New("it looks like JSON and is none; write placeholders inside quotes, as {\"to\":\"{to}\",\"text\":\"{text}\"}")
	}
	return nil
}

// idIn finds the gateway's id in its answer to what it took; ours where there is
// none that can be read, because it has left all the same, and the receipts of those
// that give none carry ours.
func (g *gateway) idIn(body []byte, broken bool, ours string) (id string, taken bool) {
	path := g.config.Settings["send_id"]
	switch {
	case g.preset.name == presetJasmin:
		return jasminID(string(body), broken, ours)
	case g.preset.name == presetHTTPSMS:
		var answer struct {
			Status string `json:"status"`
		}
		cut, fault := readAnswer(body, broken, &answer)
		if fault != nil || !cut && answer.Status != "" && answer.Status != "success" {
			return "", false
		}
		path = "data.id"
	case g.preset.name != presetCustom || path == "":
		return ours, true
	}
	came, _ := unpackExchange(channels.Pack(map[string]string{"type": jsonType}, body))
	return cmp.Or(came.fields[path], ours), true
}

// jasminID reads Success "07033084-5cfd-4812-90a4-e4d24ffb6e3d".
func jasminID(said string, broken bool, ours string) (id string, taken bool) {
	rest, success := strings.CutPrefix(strings.TrimSpace(said), "Success")
	if !success {
		return ours, said == "" || broken && !strings.HasPrefix(said, "Error")
	}
	id, _, closed := strings.Cut(strings.TrimPrefix(rest, ` "`), `"`)
	if !closed || id == "" {
		return ours, true
	}
	return id, true
}

func (g *gateway) post(ctx context.Context, mediaType, body string) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.api(), strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("api_url: %w", err)
	}
	request.Header.Set("Content-Type", mediaType)
	return request, nil
}

// query adds parameters to those that api_url has of its own.
func (g *gateway) query(ctx context.Context, values url.Values) (*http.Request, error) {
	at := g.api()
	if strings.Contains(at, "?") {
		at += "&" + values.Encode()
	} else {
		at += "?" + values.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, fmt.Errorf("api_url: %w", err)
	}
	return request, nil
}

// Test asks what the product can be asked without sending anything: httpSMS for its
// phones, Jasmin for the balance, Kannel for a message to nobody, which it refuses
// only after it has checked the password.
func (g *gateway) Test(ctx context.Context) error {
	if missing := g.missing(); missing != "" && g.preset.name != presetSMSSync && g.preset.name != presetCustom {
		return fmt.Errorf("gateway: %s is missing, so it can only listen: send a text to its number and see it come", missing)
	}
	var request *http.Request
	var err error
	switch g.preset.name {
	case presetHTTPSMS:
		request, err = http.NewRequestWithContext(ctx, http.MethodGet, sibling(g.api(), "/v1/phones?limit=1"), nil)
		if err == nil {
			request.Header.Set("x-api-key", g.config.Secrets["api_key"].Current())
		}
	case presetJasmin:
		request, err = http.NewRequestWithContext(ctx, http.MethodGet, sibling(g.api(), "balance?"+g.account().Encode()), nil)
	case presetKannel:
		request, err = g.query(ctx, g.account())
	default:
		return errors.New("gateway: this one cannot be asked: send a text to its number and see it come")
	}
	if err != nil {
		return errors.New("gateway: api_url cannot be used")
	}
	_, fault := exchangeHTTP(g.config.HTTP, request, gatewayBytes)
	switch {
	case fault == nil, g.preset.name == presetKannel && fault.Code == "http_400":
		return nil
	case fault.Code == "http_401" || fault.Code == "http_403":
		return errors.New("gateway: the name, password or key is refused")
	case fault.Code == "network":
		return errors.New("gateway: it cannot be reached under api_url; is it running, and may this server connect to it?")
	}
	return errors.New("gateway: it did not answer as it should: " + fault.Code)
}

func (g *gateway) account() url.Values {
	return url.Values{"username": {g.config.Settings["username"]}, "password": {g.config.Secrets["password"].Current()}}
}

// sibling is another address of the same API.
func sibling(api, reference string) string {
	base, err := url.Parse(api)
	if err != nil {
		return api
	}
	at, err := base.Parse(reference)
	if err != nil {
		return api
	}
	return at.String()
}
