package sms_test

import (
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/sms"
)

// FuzzGateway: without a proof nothing is accepted; with it everything is, whatever
// the product, and reads back as it was split.
func FuzzGateway(f *testing.F) {
	presets := []string{"smssync", "httpsms", "frontlinesms", "kannel", "jasmin", "custom"}
	f.Add(uint8(0), false, "", form, []byte("from=%2B254700000003&message=Flood&message_id=1&sent_timestamp=1772366398000"))
	f.Add(uint8(0), false, "task=result", "application/json", []byte(`{"message_result":"[{\"uuid\":\"o1\",\"sent_result_code\":0}]"}`))
	f.Add(uint8(1), false, "", "application/json", []byte(`{"type":"message.phone.received","data":{"message_id":"1","content":"\ud800","attachments":["a"]}}`))
	f.Add(uint8(2), true, "s=1&m=2&key=3", "", []byte{})
	f.Add(uint8(3), true, "id=1&from=2&text=%D8%00&coding=2&udh=%05%00%03%07%02%01&time=99999999999999", "", []byte{})
	f.Add(uint8(4), false, "", form, []byte("id=1&content=a&binary=1b651b&coding=0&message_status="))
	f.Add(uint8(5), false, "", "application/json", []byte(`{"a":{"b":[1]},"from":1e99,"text":true,"ref":"1","n":2,"of":3}`))
	f.Fuzz(func(t *testing.T, preset uint8, get bool, query, mediaType string, body []byte) {
		c := gateConfig(presets[int(preset)%len(presets)], "", "fields", "from=from text=text id=a.b part_of=ref part=n parts=of status=status status_of=id")
		x := channels.Exchange{Method: http.MethodPost, Query: query, Header: http.Header{"Content-Type": {mediaType}}, Body: body, ID: "fresh", At: gateNoon}
		if get {
			x.Method = http.MethodGet
		}
		w := gate(t, c)
		if _, err := sms.Gateway().Receive(t.Context(), w, x); err == nil {
			t.Fatal("accepted without proof")
		}
		if err := channeltest.Judge(sms.Gateway(), w, gated(atPath)(x)); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzGatewayToken: only a token that was signed with the key opens anything.
func FuzzGatewayToken(f *testing.F) {
	good := bearer(gateKey, "HS256", gateNoon)
	f.Add(good)
	f.Add(strings.Replace(good, ".", "..", 1))
	f.Add("Bearer e30.e30.")
	f.Add("Bearer eyJhbGciOiJub25lIn0.eyJleHAiOjk5OTk5OTk5OTl9.")
	f.Fuzz(func(t *testing.T, header string) {
		x := authorised(posting("application/json", `{"type":"ping"}`), header)
		_, err := sms.Gateway().Receive(t.Context(), gate(t, gateConfig("httpsms", gateKey)), x)
		if (err == nil) != (header == good) {
			t.Fatalf("%q: %v", header, err)
		}
	})
}

// Every letter that goes out in GSM's alphabet comes in as itself, and what no
// alphabet holds still gives clean text.
func TestGatewayAlphabets(t *testing.T) {
	const alphabet = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	septets := map[rune]string{'^': "\x1b\x14", '{': "\x1b\x28", '}': "\x1b\x29", '\\': "\x1b\x2f", '[': "\x1b\x3c", '~': "\x1b\x3d", ']': "\x1b\x3e", '|': "\x1b\x40", '€': "\x1b\x65", '\f': "\x1b\x0a"}
	number := byte(0)
	for _, r := range alphabet {
		if number == 0x1B {
			number++ // the escape is no letter
		}
		septets[r], number = string([]byte{number}), number+1
	}
	if number != 0x80 {
		t.Fatalf("the alphabet has %d letters", number)
	}
	w := gate(t, gateConfig("jasmin", ""))
	letters := []rune(alphabet + "^{}\\[~]|€\f")
	rapid.Check(t, func(r *rapid.T) {
		text := string(rapid.SliceOfN(rapid.SampledFrom(letters), 1, 160).Draw(r, "text"))
		var coded strings.Builder
		for _, letter := range text {
			coded.WriteString(septets[letter])
		}
		x := hooked(atPath, map[string][]string{"id": {"1"}, "content": {coded.String()}, "coding": {"0"}})
		if got := received(t, sms.Gateway(), w, x)[0].Text; got != text {
			r.Fatalf("%q came as %q", text, got)
		}
		utf16 := hooked(atPath, map[string][]string{"id": {"1"}, "content": {string(bigEndian(text))}, "coding": {"8"}})
		if got := received(t, sms.Gateway(), w, utf16)[0].Text; got != text {
			r.Fatalf("%q came as %q in UCS-2", text, got)
		}
	})
	for coded, want := range map[string]string{"\x1b": "\u00a0", "\x1b\x7f": "\u00a0à", "a\xe9": "aé", "a\x93": "a\uFFFD", "\xc3\xa9\xc3": "é\uFFFD", "\xd8": "Ø"} {
		x := hooked(atPath, map[string][]string{"id": {"1"}, "content": {coded}, "coding": {"0"}})
		if got := received(t, sms.Gateway(), w, x)[0].Text; got != want {
			t.Errorf("%q came as %q, want %q", coded, got, want)
		}
	}
}
