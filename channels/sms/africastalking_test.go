package sms_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/sms"
)

const (
	atPath   = "path-secret-4711"
	atKey    = "atsk-0123456789abcdef"
	atSender = "+254700000003"
)

func atConfig() channels.Config {
	return channels.Config{Name: "at", PublicURL: "https://onyo.example.org/hooks/at",
		Settings: map[string]string{"username": "onyo", "from": "28901", "pull": "off", "pull_every": "1m", "api_url": "https://api.africastalking.com"},
		Secrets: map[string]channels.Secret{channels.PathSecret: channels.NewSecret(atPath, ""),
			"api_key": channels.NewSecret(atKey, "")}}
}

func atAdapter(t testing.TB, config channels.Config) channels.Adapter {
	t.Helper()
	made, err := sms.AfricasTalking().New(config)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// hooked is a POST of a form with a path secret.
func hooked(secret string, fields url.Values) channels.Exchange {
	return channels.Exchange{Method: http.MethodPost, Header: http.Header{"Content-Type": {form}}, Body: []byte(fields.Encode()),
		PathSecret: secret, ID: "fresh", At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

// redressed is the same body in another order, with transport fields that differ.
func redressed(x channels.Exchange, dress int, extra string) channels.Exchange {
	pairs := strings.Split(string(x.Body), "&")
	pairs = append(pairs[dress%len(pairs):], pairs[:dress%len(pairs)]...)
	if dress > 3 {
		pairs = append(pairs, extra)
	}
	x.Body = []byte(strings.Join(pairs, "&"))
	return x
}

func atInbound(id, text string) url.Values {
	return url.Values{"date": {"2026-03-01T02:04:45Z"}, "from": {atSender}, "id": {id}, "linkId": {id},
		"text": {text}, "to": {"28901"}, "cost": {"KES 0.0000"}, "networkCode": {"63902"}}
}

// gated gives an exchange the path secret.
func gated(secret string) func(channels.Exchange) channels.Exchange {
	return func(x channels.Exchange) channels.Exchange {
		x.PathSecret = secret
		return x
	}
}

func gateForgeries(x channels.Exchange) map[string]channels.Exchange {
	forged := map[string]channels.Exchange{}
	for name, secret := range map[string]string{"no proof": "", "wrong proof": "path-secret-4712", "half of it": "path-secret",
		"more than it": atPath + "/", "other case": strings.ToUpper(atPath)} {
		forged[name] = gated(secret)(x)
	}
	return forged
}

func TestAfricasTalkingConforms(t *testing.T) {
	channeltest.Run(t, channeltest.Suite{
		Kind: sms.AfricasTalking(), Config: atConfig(), Address: atSender, Prove: gated(atPath),
		Say: func(s channeltest.Saying) channels.Exchange {
			return redressed(hooked(atPath, atInbound(s.ID, s.Text)), s.Dress, "networkCode=63903")
		},
		Forgeries: gateForgeries(hooked("", atInbound("f2", "x"))),
		Unsplittable: map[string]channels.Exchange{
			"no id":      hooked(atPath, url.Values{"text": {"hello"}}),
			"empty form": {Method: http.MethodPost, Header: http.Header{"Content-Type": {form}}, PathSecret: atPath},
			"no form":    {Method: http.MethodPost, Header: http.Header{"Content-Type": {form}}, PathSecret: atPath, Body: []byte("a=%zz;b")},
		},
	})
}

// An unset path secret opens nothing, least of all to an empty one.
func TestAfricasTalkingWithoutPathSecret(t *testing.T) {
	c := atConfig()
	delete(c.Secrets, channels.PathSecret)
	for _, given := range []string{"", atPath} {
		_, err := sms.AfricasTalking().Receive(t.Context(), atAdapter(t, c).(channels.Webhook), hooked(given, atInbound("1", "x")))
		if err == nil || err.Error() != channels.Unauthentic().Error() {
			t.Errorf("%q: %v", given, err)
		}
	}
}

func TestAfricasTalkingReads(t *testing.T) {
	person, code := channels.Address{Scheme: "tel", Value: atSender}, channels.Address{Scheme: "tel", Value: "28901"}
	at := time.Date(2026, 3, 1, 2, 4, 45, 0, time.UTC)
	said := func(change func(url.Values)) url.Values {
		fields := atInbound("28a92cdf", "Moto umezuka Mukuru")
		if change != nil {
			change(fields)
		}
		return fields
	}
	heard := func(change func(*channels.Message)) channels.Message {
		m := channels.Message{ProviderID: "28a92cdf", Nature: channels.Report, From: person, To: code, At: at, Text: "Moto umezuka Mukuru"}
		if change != nil {
			change(&m)
		}
		return m
	}
	report := func(status string, state channels.DeliveryState, code string) channels.Message {
		return channels.Message{ProviderID: "ATXid_1/" + strings.ToLower(status), Nature: channels.Delivery, To: person,
			Status: &channels.Status{Of: "ATXid_1", State: state, Code: code}}
	}
	delivery := func(status, failure string) url.Values {
		return url.Values{"id": {"ATXid_1"}, "status": {status}, "phoneNumber": {atSender}, "networkCode": {"63902"}, "failureReason": {failure}, "retryCount": {"0"}}
	}
	for name, tc := range map[string]struct {
		fields url.Values
		want   channels.Message
	}{
		"a text":            {said(nil), heard(nil)},
		"the other date":    {said(func(f url.Values) { f.Set("date", "2026-03-01 02:04:45") }), heard(nil)},
		"with milliseconds": {said(func(f url.Values) { f.Set("date", "2026-03-01T02:04:45.000Z") }), heard(nil)},
		"no date at all":    {said(func(f url.Values) { f.Set("date", "yesterday") }), heard(func(m *channels.Message) { m.At = time.Time{} })},
		"an empty text":     {said(func(f url.Values) { f.Set("text", "") }), heard(func(m *channels.Message) { m.Text = "" })},
		"plus as a space":   {said(func(f url.Values) { f.Set("from", " 254700000003") }), heard(nil)},
		"stop": {said(func(f url.Values) { f.Set("text", "Acha!") }), heard(func(m *channels.Message) {
			m.Text, m.Nature = "Acha!", channels.Stop
		})},
		"hostile text": {said(func(f url.Values) { f.Set("text", "a\xffb\x00") }), heard(func(m *channels.Message) { m.Text = "a\uFFFDb\uFFFD" })},
		"delivered":    {delivery("Success", ""), report("Success", channels.Delivered, "")},
		"sent":         {delivery("Sent", ""), report("Sent", channels.SentOn, "")},
		"submitted":    {delivery("Submitted", ""), report("Submitted", channels.SentOn, "")},
		"buffered":     {delivery("Buffered", ""), report("Buffered", channels.Queued, "")},
		"rejected":     {delivery("Rejected", "UserInBlacklist"), report("Rejected", channels.Undelivered, "UserInBlacklist")},
		"failed":       {delivery("Failed", "InsufficientCredit"), report("Failed", channels.Undelivered, "InsufficientCredit")},
		"expired":      {delivery("Expired", ""), report("Expired", channels.Undelivered, "")},
	} {
		t.Run(name, func(t *testing.T) {
			messages := received(t, sms.AfricasTalking(), atAdapter(t, atConfig()).(channels.Webhook), hooked(atPath, tc.fields))
			if diff := cmp.Diff([]channels.Message{tc.want}, messages); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

// received brings an exchange and reads back all its splits.
func received(t *testing.T, kind channels.Kind, w channels.Webhook, x channels.Exchange) (messages []channels.Message) {
	t.Helper()
	if err := channeltest.Judge(kind, w, x); err != nil {
		t.Fatal(err)
	}
	got, err := kind.Receive(t.Context(), w, x)
	if err != nil {
		t.Fatal(err)
	}
	for _, split := range got.Messages {
		if split.Nature == channels.Unparsed {
			messages = append(messages, channels.Message{ProviderID: "unparsed", Nature: split.Nature, Text: split.Why})
			continue
		}
		read, err := w.Parse(split.Raw)
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, read...)
	}
	return messages
}

// An opt-out has no id: tried again within minutes it is the same, a day later it
// is another.
func TestAfricasTalkingOptOut(t *testing.T) {
	w := atAdapter(t, atConfig()).(channels.Webhook)
	bring := func(after time.Duration) channels.Message {
		x := hooked(atPath, url.Values{"senderId": {"28901"}, "phoneNumber": {atSender}})
		x.At = x.At.Add(after)
		return received(t, sms.AfricasTalking(), w, x)[0]
	}
	first, again, later := bring(0), bring(2*time.Minute), bring(24*time.Hour)
	if first.Nature != channels.Stop || first.From.Value != atSender {
		t.Fatalf("read as %v", first)
	}
	if first.ProviderID != again.ProviderID || first.ProviderID == later.ProviderID {
		t.Fatal("an opt-out's identity does not follow the minutes")
	}
}

func TestAfricasTalkingSettings(t *testing.T) {
	kind := sms.AfricasTalking()
	for key, bad := range map[string]string{"username": "a b", "pull": "sometimes", "pull_every": "1ms", "api_url": "api.africastalking.com"} {
		err := kind.Check(map[string]string{"username": "onyo", key: bad})
		if err == nil || !strings.HasPrefix(err.Error(), key) || strings.Contains(err.Error(), bad) {
			t.Errorf("%s: %v", key, err)
		}
	}
	c := atConfig()
	c.Settings["pull"] = "always"
	delete(c.Secrets, "api_key")
	if _, err := kind.New(c); err == nil {
		t.Error("it would ask without a key")
	}
}

// sample is one documented provider request with what is expected of it.
type sample struct {
	ID, Provider, Method, URL, Body string
	Headers                         map[string]string
	Expected                        struct{ Text string }
}

// documented are the samples of one provider, from the real test data.
func documented(t *testing.T, provider string) (found []sample) {
	t.Helper()
	dir := os.Getenv("ONYO_TESTDATA")
	if dir == "" {
		t.Skip("ONYO_TESTDATA is not set: documented requests are not tried")
	}
	data, err := os.ReadFile(filepath.Join(dir, "webhooks", "documented", "samples.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var s sample
		if json.Unmarshal([]byte(line), &s) == nil && s.Provider == provider {
			found = append(found, s)
		}
	}
	if len(found) == 0 {
		t.Fatalf("no sample of %s", provider)
	}
	return found
}

func TestAfricasTalkingDocumented(t *testing.T) {
	for _, s := range documented(t, "africastalking") {
		x := channels.Exchange{Method: s.Method, Header: http.Header{}, Body: []byte(s.Body), PathSecret: atPath, ID: "fresh"}
		for key, value := range s.Headers {
			x.Header.Set(key, value)
		}
		messages := received(t, sms.AfricasTalking(), atAdapter(t, atConfig()).(channels.Webhook), x)
		if len(messages) != 1 || messages[0].Text != s.Expected.Text || messages[0].Nature != channels.Report {
			t.Errorf("%s: read as %v", s.ID, messages)
		}
	}
}

// FuzzAfricasTalking: without the secret nothing is accepted, with it everything
// is, and reads back as it was split.
func FuzzAfricasTalking(f *testing.F) {
	f.Add([]byte(atInbound("1", "Flood").Encode()), true)
	f.Add([]byte("id=ATXid_1&status=Success&phoneNumber=%2B254700000003"), true)
	f.Add([]byte("senderId=28901&phoneNumber=+254700000003&text"), false)
	f.Add([]byte("a=%zz;id=%00&id=\xff"), true)
	f.Add([]byte(`{"id":15071,"from":"+254700000003","to":"28901","text":"x","date":"2026-03-01T08:34:18.445Z"}`), false)
	f.Fuzz(func(t *testing.T, body []byte, webhook bool) {
		made := atAdapter(t, atConfig())
		if !webhook {
			if _, err := made.Parse(channels.Pack(map[string]string{"from": "pulled"}, body)); err == nil {
				return
			}
		}
		x := hooked("", nil)
		x.Body = body
		if _, err := sms.AfricasTalking().Receive(t.Context(), made.(channels.Webhook), x); err == nil {
			t.Fatal("accepted without the secret")
		}
		if err := channeltest.Judge(sms.AfricasTalking(), made.(channels.Webhook), gated(atPath)(x)); err != nil {
			t.Fatal(err)
		}
	})
}
