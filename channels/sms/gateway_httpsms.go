package sms

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

const (
	httpSMSAPI = "https://api.httpsms.com/v1/messages/send"
	// tokenSkew is how far two clocks may be apart.
	tokenSkew = 5 * time.Minute
	tokenSize = 4 << 10
)

// signedToken checks httpSMS's bearer token: a JWT under HMAC-SHA256 with the
// webhook's signing key. It covers no byte of the body, so that whoever has one can
// say anything with it until it ends, ten minutes after it was made: the end is
// enforced, and a token without one is refused.
// Source: https://docs.httpsms.com/webhooks/introduction
func (g *gateway) signedToken(headers []string) bool {
	if len(headers) != 1 || len(headers[0]) > tokenSize {
		return false
	}
	token, ok := strings.CutPrefix(headers[0], "Bearer ")
	parts := strings.Split(token, ".")
	if !ok || len(parts) != 3 {
		return false
	}
	var head struct {
		Alg string `json:"alg"`
	}
	var claims struct {
		Expires json.Number `json:"exp"`
		Before  json.Number `json:"nbf"`
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil || !segment(parts[0], &head) || head.Alg != "HS256" || !segment(parts[1], &claims) {
		return false
	}
	if !g.secret.Any(func(key string) bool { return hmac.Equal(signToken(key, parts[0]+"."+parts[1]), signature) }) {
		return false
	}
	now := g.config.Clock()
	end, endErr := claims.Expires.Float64()
	start, startErr := claims.Before.Float64()
	return endErr == nil && float64(now.Add(-tokenSkew).Unix()) <= end &&
		(claims.Before == "" || startErr == nil && float64(now.Add(tokenSkew).Unix()) >= start)
}

func signToken(key, text string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return h.Sum(nil)
}

func segment(text string, into any) bool {
	data, err := base64.RawURLEncoding.DecodeString(text)
	return err == nil && json.Unmarshal(data, into) == nil
}

// event reads one of httpSMS's events. A call that was missed is kept: somebody may
// have had no credit for more.
// Source: https://docs.httpsms.com/webhooks/events
func (g *gateway) event(came arrival) (m channels.Message, why string) {
	kind, id := came.fields["type"], came.first([]string{"data.id", "data.message_id"})
	switch kind {
	case "":
		return m, "no_event"
	case "message.phone.received":
		return g.heard(came)
	case "message.phone.sent":
		return g.outcome(id, channels.SentOn, "sent", "")
	case "message.phone.delivered":
		return g.outcome(id, channels.Delivered, "delivered", "")
	case "message.send.failed":
		return g.outcome(id, channels.Undelivered, "failed", "failed")
	case "message.send.expired":
		if came.fields["data.is_final"] == "false" { // it tries again by itself
			return g.outcome(id, channels.Queued, "expired/"+came.fields["data.send_attempt_count"], "expired")
		}
		return g.outcome(id, channels.Undelivered, "expired", "expired")
	}
	id = came.fields["id"]
	if id == "" {
		id = fingerprint(string(came.bytes))
	}
	return channels.Message{ProviderID: "event:" + atID(id), Nature: channels.Other, From: telephone(came.fields["data.contact"]),
		To: telephone(came.fields["data.owner"]), At: gatewayTime(came.fields["data.timestamp"])}, ""
}

func (g *gateway) outcome(of string, state channels.DeliveryState, suffix, code string) (m channels.Message, why string) {
	if of == "" {
		return m, "no_message_id"
	}
	of = atID(of)
	return channels.Message{ProviderID: of + "/" + channels.Clean(clip(suffix, 40)), Nature: channels.Delivery,
		Status: &channels.Status{Of: of, State: state, Code: code}}, ""
}

// heard is a text or picture message that came in. One that is encrypted from phone
// to reader cannot be read here.
func (g *gateway) heard(came arrival) (m channels.Message, why string) {
	names := g.preset.fields
	id := came.first(names["id"])
	switch {
	case id == "":
		return m, "no_message_id"
	case came.fields["data.encrypted"] == "true":
		return m, "encrypted"
	}
	m = channels.Message{ProviderID: atID(id), From: telephone(came.first(names["from"])), To: telephone(came.first(names["to"])),
		At: gatewayTime(came.first(names["time"])), Text: channels.Clean(came.first(names["text"])), Nature: channels.Report}
	var attached struct {
		Data struct {
			Attachments []string `json:"attachments"`
		} `json:"data"`
	}
	_ = json.Unmarshal(came.bytes, &attached) // pictures are more than what was said: without them the text stays
	for i, at := range attached.Data.Attachments {
		m.Media = append(m.Media, channels.Media{Ref: m.ProviderID + "/" + strconv.Itoa(i), URL: channels.Clean(at)})
	}
	if len(m.Media) == 0 {
		m.Nature = g.words.Nature(m.Text)
	}
	return m, ""
}

var errGatewayMedia = errors.New("gateway: media does not lie at the gateway's own API")

// MediaRequest asks httpSMS's API for a picture, and nobody else: the URL came in a
// message.
func (g *gateway) MediaRequest(ctx context.Context, media channels.Media) (*http.Request, error) {
	place, err := url.Parse(media.URL)
	if err != nil || g.preset.name != presetHTTPSMS {
		return nil, errGatewayMedia
	}
	api, err := url.Parse(g.api())
	if err != nil || place.Scheme != api.Scheme || place.Host != api.Host || place.User != nil || place.Host == "" {
		return nil, errGatewayMedia
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, place.String(), nil)
	if err != nil {
		return nil, errGatewayMedia
	}
	request.Header.Set("x-api-key", g.config.Secrets["api_key"].Current())
	return request, nil
}
