package sms_test

import (
	"net/url"
	"testing"

	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/sms"
)

// BenchmarkTwilioReceive beside a bare check of the same signature.
func BenchmarkTwilioReceive(b *testing.B) {
	x := say(channeltest.Saying{ID: "SM1", Text: "Maji yamefika Kibera karibu na Olympic, watu wamekwama"})
	w, kind := adapter(b, config()), sms.Twilio()
	b.Run("receive", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := kind.Receive(b.Context(), w, x); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			fields, err := url.ParseQuery(string(x.Body))
			if err != nil || sms.Sign(token, hookURL, fields) != x.Header.Get("X-Twilio-Signature") {
				b.Fatal("refused")
			}
		}
	})
}
