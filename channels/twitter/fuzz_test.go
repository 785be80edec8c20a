package twitter_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/twitter"
)

// FuzzTwitter: without the secret nothing is accepted; with the right signature
// every object is, and reads back as it was split. No stored bytes break a parse,
// and no place is outside the world.
func FuzzTwitter(f *testing.F) {
	lines, err := os.ReadFile(filepath.Join("testdata", "stream.jsonl"))
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(lines)) {
		f.Add([]byte(strings.TrimSpace(line)), "x", "crc_token=abc")
	}
	f.Fuzz(func(t *testing.T, body []byte, proof, query string) {
		w := adapter(t, hookConfig())
		x := channels.Exchange{Method: http.MethodPost, Body: body, ID: "fresh",
			Header: http.Header{"Content-Type": {"application/json"}, signature: {proof}}}
		if _, err := twitter.Kind().Receive(t.Context(), w, x); err == nil {
			t.Fatal("accepted without the secret")
		}
		if err := channeltest.Judge(twitter.Kind(), w, prove(x)); err != nil {
			t.Fatal(err)
		}
		// Nobody gets a body signed by asking for a challenge.
		asked, err := twitter.Kind().Receive(t.Context(), w, channels.Exchange{Method: http.MethodGet, Query: query})
		if err == nil && strings.ContainsAny(query, "{\"") && strings.Contains(string(asked.Answer.Body), twitter.Sign(consumer, body)) {
			t.Fatal("a body was signed")
		}
		for _, raw := range [][]byte{body, channels.Pack(nil, body), channels.Pack(map[string]string{"root": proof, "as": "changed"}, body), channels.Pack(map[string]string{"gone": proof}, body)} {
			messages, err := w.Parse(raw)
			if err != nil {
				continue
			}
			judgePlaces(t, messages)
		}
	})
}

func judgePlaces(t *testing.T, messages []channels.Message) {
	t.Helper()
	for _, message := range messages {
		at := message.Location
		if at == nil {
			continue
		}
		if at.Point != nil && !(at.Point.Lon >= -180 && at.Point.Lon <= 180 && at.Point.Lat >= -90 && at.Point.Lat <= 90) {
			t.Fatalf("a point outside the world: %v", *at.Point)
		}
		if at.Point != nil && at.Box != nil {
			t.Fatal("a box and a point")
		}
		if box := at.Box; box != nil && !(box[0] >= -180 && box[2] <= 180 && box[1] >= -90 && box[1] <= box[3] && box[3] <= 90) {
			t.Fatalf("a box outside the world: %v", *box)
		}
	}
}
