package twitter

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/onyo-project/onyo/channels"
)

const (
	signatureHeader = "X-Twitter-Webhooks-Signature"
	maxChallenge    = 256
)

// Sign is X's signature of a body, and its answer to a challenge.
// Source: https://docs.x.com/x-api/webhooks/quickstart
func Sign(secret string, body []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(body)
	return "sha256=" + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// Receive answers X's challenge, and takes the events of a filtered stream that X
// brings to a webhook.
func (x *twitter) Receive(_ context.Context, exchange channels.Exchange) (channels.Reception, error) {
	if exchange.Method == http.MethodGet {
		return x.challenge(exchange.Query)
	}
	given := exchange.Header.Values(signatureHeader)
	// Anybody may have a challenge signed, and a challenge is no JSON object: what
	// does not begin as one proves nothing.
	if len(given) != 1 || !bytes.HasPrefix(exchange.Body, []byte("{")) ||
		!x.consumer.Any(func(secret string) bool { return channels.Equal(Sign(secret, exchange.Body), given[0]) }) {
		return channels.Reception{}, channels.Unauthentic()
	}
	return channels.Reception{Messages: []channels.Split{split(nil, exchange.Body)}, Answer: channels.Answer{Status: http.StatusOK}}, nil
}

// challenge proves to X that the secret is here. Only tokens are answered, never
// what could be the body of an event, so that nobody gets a forgery signed.
func (x *twitter) challenge(query string) (channels.Reception, error) {
	values, err := url.ParseQuery(query)
	tokens := values["crc_token"]
	if err != nil || len(tokens) != 1 || !plainChallenge(tokens[0]) || x.consumer.Current() == "" {
		return channels.Reception{}, channels.Unauthentic()
	}
	answer, err := json.Marshal(map[string]string{"response_token": Sign(x.consumer.Current(), []byte(tokens[0]))})
	if err != nil {
		return channels.Reception{}, channels.Unauthentic()
	}
	return channels.Reception{Answer: channels.Answer{Status: http.StatusOK, ContentType: jsonType, Body: answer}}, nil
}

func plainChallenge(token string) bool {
	for _, r := range token {
		if !('0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '-' || r == '_' || r == '=' || r == '+' || r == '/' || r == '.') {
			return false
		}
	}
	return token != "" && len(token) <= maxChallenge
}
