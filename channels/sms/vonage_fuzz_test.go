package sms_test

import (
	"net/http"
	"testing"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/sms"
)

// FuzzVonage: without a proof nothing is accepted; with one everything is, and reads
// back as it was split.
func FuzzVonage(f *testing.F) {
	f.Add([]byte("messageId=1&msisdn=447700900001&text=Flood&concat-ref=1&concat-total=2&concat-part=2"), "", form, "")
	f.Add([]byte("messageId=1&type=binary&data=466c7574&udh=050003070201&sig=00"), "a=b", form, "x.y.z")
	f.Add([]byte(`{"message_uuid":"1","channel":"whatsapp","location":{"lat":1e999,"long":2},"context":[]}`), "", "application/json", "")
	f.Add([]byte(nil), "messageId=1&status=delivered&err-code=0", "", "")
	f.Fuzz(func(t *testing.T, body []byte, query, contentType, token string) {
		x := channels.Exchange{Method: http.MethodPost, Query: query, Body: body, ID: "fresh",
			Header: http.Header{"Content-Type": {contentType}, "Authorization": {"Bearer " + token}}}
		open, signed := vonageAdapter(t, vonageOpen()), vonageAdapter(t, vonageSigned())
		for _, w := range []channels.Webhook{open, signed} {
			if got, err := sms.Vonage().Receive(t.Context(), w, x); err == nil {
				t.Fatalf("accepted without a proof: %d", len(got.Messages))
			}
		}
		if err := channeltest.Judge(sms.Vonage(), open, vonageByPath(x)); err != nil {
			t.Fatal(err)
		}
		if err := channeltest.Judge(sms.Vonage(), signed, vonageProve(x)); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzVonageSignature: a signature fits what was signed and nothing else.
func FuzzVonageSignature(f *testing.F) {
	f.Add("text", "Flood", "Fire")
	f.Add("a=b&text", "x", "y")
	f.Add("", "", "&=")
	f.Fuzz(func(t *testing.T, key, value, other string) {
		w := vonageAdapter(t, vonageSigned())
		fields := with(map[string]string{"messageId": "1"}, key, value)
		send := func(sig string, fields map[string]string) error {
			_, err := sms.Vonage().Receive(t.Context(), w, vonagePost("", with(fields, "sig", sig)))
			return err
		}
		sig := sms.SignVonage("sha256", vonageSecret, fields)
		changed := map[string]string{"messageId": "1"}
		changed[key] = other
		again := sms.SignVonage("sha256", vonageSecret, changed)
		if err := send(sig, changed); (err == nil) && sig != again {
			t.Fatal("another value passes")
		}
	})
}
