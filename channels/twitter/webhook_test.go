package twitter_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/twitter"
)

const signature = "X-Twitter-Webhooks-Signature"

// event is a body as X brings it, signed.
func event(body string) channels.Exchange {
	return prove(channels.Exchange{Method: http.MethodPost, ID: "fresh", Body: []byte(body), Header: http.Header{"Content-Type": {"application/json"}}})
}

func prove(x channels.Exchange) channels.Exchange {
	x.Header = x.Header.Clone()
	x.Header.Set(signature, twitter.Sign(consumer, x.Body))
	return x
}

// idFor makes a number of the suite's ids.
func idFor(id string) string {
	n := uint64(2028133800000000000)
	for _, r := range id {
		n = n + uint64(r)*31
	}
	return fmt.Sprint(n)
}

func say(s channeltest.Saying) channels.Exchange {
	words := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s.Text)
	id, quoted := idFor(s.ID), quote(words)
	tweet := []string{`"id":"` + id + `"`, `"text":` + quoted, `"author_id":"` + author + `"`, `"edit_history_tweet_ids":["` + id + `"]`}
	rules := fmt.Sprintf(`"matching_rules":[{"id":"%d","tag":"dress"}]`, s.Dress)
	if s.Dress%2 == 1 {
		return event("{" + rules + `, "data" : {` + strings.Join([]string{tweet[3], tweet[2], tweet[1], tweet[0]}, " ,\t") + "}}")
	}
	return event(`{"data":{` + strings.Join(tweet, ",") + "}," + rules + "}")
}

// quote keeps bytes that are no UTF-8 as they are, as a broken sender would.
func quote(words string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\x00", `\u0000`, "\n", `\n`).Replace(words) + `"`
}

func TestWebhookConforms(t *testing.T) {
	said := say(channeltest.Saying{ID: "1", Text: "Flood at bridge"})
	bend := func(change func(*channels.Exchange)) channels.Exchange {
		x := said
		x.Header = x.Header.Clone()
		change(&x)
		return x
	}
	with := func(values ...string) channels.Exchange {
		return bend(func(x *channels.Exchange) { x.Header[signature] = values })
	}
	right := said.Header.Get(signature)
	channeltest.Run(t, channeltest.Suite{
		Kind: twitter.Kind(), Config: hookConfig(), Say: say, Prove: prove, Address: author,
		Forgeries: map[string]channels.Exchange{
			"no proof":       bend(func(x *channels.Exchange) { x.Header.Del(signature) }),
			"wrong proof":    with("sha256=ptDTD3opil5fCETwynCRBmHGYktXZZsnefakyLQHvnQ="),
			"empty proof":    with(""),
			"two proofs":     with(right, "sha256=x"),
			"without prefix": with(strings.TrimPrefix(right, "sha256=")),
			"wrong secret":   with(twitter.Sign("another", said.Body)),
			"no secret":      with(twitter.Sign("", said.Body)),
			"altered":        bend(func(x *channels.Exchange) { x.Body = []byte(strings.Replace(string(x.Body), "Flood", "Fire", 1)) }),
			// What anybody may have signed by asking for a challenge.
			"signed by a challenge": event("challenge_string"),
			"nothing":               event(""),
		},
		Unsplittable: map[string]channels.Exchange{
			"no tweet":     event(`{"matching_rules":[]}`),
			"no id":        event(`{"data":{"text":"Flood"}}`),
			"other event":  event(`{"data":{"withheld":{"tweet":{"id":"1"}}}}`),
			"id no number": event(`{"data":{"id":"007","text":"Flood"}}`),
		},
		Hidden: func(x channels.Exchange) []string { return []string{twitter.Sign(consumer, x.Body)} },
	})
}

// The documented vectors.
func TestSign(t *testing.T) {
	for text, want := range map[string]string{
		"challenge_string":                   "sha256=v1WdiCVwy17uGTMWveHGlqQXN/qW1bQraNXXByRO2YA=",
		`{"data":{"id":"1","text":"flood"}}`: "sha256=ptDTD3opil5fCETwynCRBmHGYktXZZsnefakyLQHvnQ=",
	} {
		if got := twitter.Sign("consumer_secret", []byte(text)); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func TestChallenge(t *testing.T) {
	vector := hookConfig()
	vector.Secrets["consumer_secret"] = channels.NewSecret("consumer_secret", "")
	w := adapter(t, vector)
	ask := func(w channels.Webhook, query string) (channels.Reception, error) {
		return twitter.Kind().Receive(t.Context(), w, channels.Exchange{Method: http.MethodGet, Query: query})
	}
	got, err := ask(w, "crc_token=challenge_string&nonce=x")
	if err != nil {
		t.Fatal(err)
	}
	want := channels.Reception{Answer: channels.Answer{Status: 200, ContentType: "application/json",
		Body: []byte(`{"response_token":"sha256=v1WdiCVwy17uGTMWveHGlqQXN/qW1bQraNXXByRO2YA="}`)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	for _, query := range []string{"", "crc_token=", "crc_token=a&crc_token=b", "%zz", "crc_token=" + strings.Repeat("a", 257),
		"crc_token=" + url.QueryEscape(`{"data":{"id":"1","text":"forged"}}`), "crc_token=%7B"} {
		if _, err := ask(w, query); err == nil || err.Error() != channels.Unauthentic().Error() {
			t.Errorf("%q: %v", query, err)
		}
	}
	c := hookConfig()
	c.Settings = map[string]string{"rules": oneRule}
	c.Secrets = map[string]channels.Secret{"bearer_token": channels.NewSecret(bearer, "")}
	if _, err := ask(adapter(t, c), "crc_token=challenge_string"); err == nil {
		t.Error("answered without a secret")
	}
}
