package email_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/email"
)

// sendgridKey signs in the tests.
func sendgridKey(seed int64) *ecdsa.PrivateKey {
	curve := elliptic.P256()
	scalar := make([]byte, 32)
	big.NewInt(seed).FillBytes(scalar)
	key, err := ecdsa.ParseRawPrivateKey(curve, scalar)
	if err != nil {
		panic(err)
	}
	return key
}

func publicKey(key *ecdsa.PrivateKey) string {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func sendgridFields(m told, charset string) []field {
	fields := []field{{name: "headers", content: strings.Join(m.header, "\r\n") + "\r\n"}, {name: "text", content: m.text}}
	for _, line := range m.header {
		if name, value, _ := strings.Cut(line, ": "); slices.Contains([]string{"From", "To", "Subject"}, name) {
			fields = append(fields, field{name: strings.ToLower(name), content: value})
		}
	}
	if m.html != "" {
		fields = append(fields, field{name: "html", content: m.html})
	}
	envelope, _ := json.Marshal(map[string]any{"to": []string{"reports@crisis.example.org"}, "from": m.sender})
	charsets, _ := json.Marshal(map[string]string{"text": charset, "html": charset, "subject": charset, "from": "UTF-8", "to": "UTF-8"})
	fields = append(fields, field{name: "envelope", content: string(envelope)}, field{name: "charsets", content: string(charsets)},
		field{name: "SPF", content: "pass"}, field{name: "dkim", content: "{@mail.example : pass}"}, field{name: "attachments", content: fmt.Sprint(len(m.files))})
	for i, f := range m.files {
		f.name = fmt.Sprint("attachment", i+1)
		fields = append(fields, f)
	}
	return fields
}

func sendgridSays(s channeltest.Saying) channels.Exchange {
	fields := sendgridFields(told{header: []string{"Received: by x; " + fmt.Sprint(s.Dress), "From: Amina <" + witness + ">",
		"To: reports@crisis.example.org", "Message-Id: <" + s.ID + "@mail.example>"}, text: s.Text, sender: witness}, "UTF-8")
	fields = append(fields, field{name: "spam_score", content: fmt.Sprint(s.Dress, ".1")}, field{name: "sender_ip", content: fmt.Sprint("192.0.2.", s.Dress)})
	if s.Dress%2 == 1 {
		slices.Reverse(fields)
	}
	return posted(multipartBody(fmt.Sprint("xYzZY", s.Dress), fields))
}

// sign puts the right secret and the right signature on an exchange.
func sign(x channels.Exchange) channels.Exchange {
	x = byPathSecret(x)
	x.Header = x.Header.Clone()
	digest := sha256.Sum256(append([]byte("1772366400"), x.Body...))
	signature, err := ecdsa.SignASN1(nil, sendgridKey(7), digest[:])
	if err != nil {
		panic(err)
	}
	x.Header.Set("X-Twilio-Email-Event-Webhook-Timestamp", "1772366400")
	x.Header.Set("X-Twilio-Email-Event-Webhook-Signature", base64.StdEncoding.EncodeToString(signature))
	return x
}

func signedConfig() channels.Config {
	c := hookConfig()
	c.Settings["public_key"] = publicKey(sendgridKey(7))
	return c
}

func sendgridForgeries() map[string]channels.Exchange {
	genuine := sign(sendgridSays(channeltest.Saying{ID: "f", Text: "x"}))
	forgeries := map[string]channels.Exchange{}
	for name, x := range pathForgeries(genuine) {
		forgeries["signed, "+name] = x
	}
	bend := func(change func(*channels.Exchange)) channels.Exchange {
		x := genuine
		x.Header = genuine.Header.Clone()
		change(&x)
		return x
	}
	const timestamp, signature = "X-Twilio-Email-Event-Webhook-Timestamp", "X-Twilio-Email-Event-Webhook-Signature"
	maps.Copy(forgeries, map[string]channels.Exchange{
		"no proof":         bend(func(x *channels.Exchange) { x.Header.Del(signature); x.PathSecret = "" }),
		"wrong proof":      bend(func(x *channels.Exchange) { x.Header.Set(signature, "MEUCIQ=="); x.PathSecret = "x" }),
		"no signature":     bend(func(x *channels.Exchange) { x.Header.Del(signature) }),
		"no timestamp":     bend(func(x *channels.Exchange) { x.Header.Del(timestamp) }),
		"moved timestamp":  bend(func(x *channels.Exchange) { x.Header.Set(timestamp, "1772366401") }),
		"second signature": bend(func(x *channels.Exchange) { x.Header.Add(signature, x.Header.Get(signature)) }),
		"no base64":        bend(func(x *channels.Exchange) { x.Header.Set(signature, "%%%") }),
		"another body":     bend(func(x *channels.Exchange) { x.Body = append(slices.Clone(x.Body), '\n') }),
	})
	return forgeries
}

func sendgridUnsplittable(prove func(channels.Exchange) channels.Exchange) map[string]channels.Exchange {
	contentType, body := multipartBody("x", []field{{name: "text", content: "Flood"}})
	return map[string]channels.Exchange{
		"no sender":   prove(posted(contentType, body)),
		"no boundary": prove(posted("multipart/form-data", body)),
		"cut short":   prove(posted(contentType, body[:len(body)-12])),
		"no parts":    prove(posted("multipart/form-data; boundary=xYzZY", []byte("this is no form"))),
	}
}

func TestSendGridConforms(t *testing.T) {
	suite := channeltest.Suite{Kind: email.SendGrid(), Config: hookConfig(), Say: sendgridSays, Prove: byPathSecret,
		Forgeries: pathForgeries(sendgridSays(channeltest.Saying{ID: "f", Text: "x"})), Unsplittable: sendgridUnsplittable(byPathSecret),
		Hidden: func(channels.Exchange) []string { return []string{pathSecret} }, Address: witness, SenderPicksIDs: true}
	t.Run("by address", func(t *testing.T) { channeltest.Run(t, suite) })
	suite.Config, suite.Prove = signedConfig(), sign
	suite.Say = func(s channeltest.Saying) channels.Exchange { return sign(sendgridSays(s)) }
	suite.Forgeries, suite.Unsplittable = sendgridForgeries(), sendgridUnsplittable(sign)
	t.Run("by address and signature", func(t *testing.T) { channeltest.Run(t, suite) })
}

func TestSendGridReads(t *testing.T) {
	w := hooked(t, email.SendGrid(), hookConfig())
	t.Run("fields", func(t *testing.T) {
		tellsAlike(t, email.SendGrid(), w, func(m told) channels.Exchange { return posted(multipartBody("x", sendgridFields(m, "UTF-8"))) })
	})
	t.Run("as it came", func(t *testing.T) {
		tellsAlike(t, email.SendGrid(), w, func(m told) channels.Exchange {
			envelope, _ := json.Marshal(map[string]any{"to": []string{"reports@crisis.example.org"}, "from": m.sender})
			return posted(multipartBody("x", []field{{name: "email", content: string(mimeOf(m))}, {name: "envelope", content: string(envelope)},
				{name: "from", content: "not@this.example"}, {name: "charsets", content: `{"to":"UTF-8"}`}}))
		})
	})
}

// A file without a name is a file: a photo out of some telephones has none.
func TestSendGridFileWithoutName(t *testing.T) {
	fields := append(sendgridFields(told{header: []string{"From: a@b.example"}, text: "x", sender: "a@b.example"}, "UTF-8"),
		field{name: "attachment1", contentType: "image/jpeg", content: "\xff\xd8\xff"}, field{name: "attachment-info", content: "{}"})
	got := oneMessage(t, email.SendGrid(), hooked(t, email.SendGrid(), hookConfig()), posted(multipartBody("x", fields)))
	if len(got.Media) != 1 || got.Media[0].ContentType != "image/jpeg" || got.Text != "x" {
		t.Fatalf("%d media, %q", len(got.Media), got.Text)
	}
}

// Each field has a charset of its own.
func TestSendGridCharsets(t *testing.T) {
	for charset, text := range map[string]string{"UTF-8": "Crue à Évry", "iso-8859-1": "Crue \xe0 \xc9vry", "windows-1252": "Crue \xe0 \xc9vry",
		"no-such-charset": "Crue à Évry", "": "Crue à Évry"} {
		got := oneMessage(t, email.SendGrid(), hooked(t, email.SendGrid(), hookConfig()), posted(multipartBody("x",
			sendgridFields(told{header: []string{"From: a@b.example"}, text: text, sender: "a@b.example"}, charset))))
		if got.Text != "Crue à Évry" {
			t.Errorf("%s: %q", charset, got.Text)
		}
	}
}

// SendGrid's findings about the sender count where SendGrid signs them.
func TestSendGridChecks(t *testing.T) {
	for name, tc := range map[string]struct {
		spf, dkim, from string
		want            map[string]string
	}{
		"the author's":       {"pass", "{@mail.example : pass}", witness, map[string]string{"spf": "pass", "dkim": "pass"}},
		"same organisation":  {"softfail", "{@eu.mail.example : pass, @esp.example : pass}", witness, map[string]string{"spf": "softfail", "dkim": "pass"}},
		"somebody else's":    {"pass", "{@esp.example : pass}", witness, map[string]string{"spf": "pass", "dkim": "policy"}},
		"failed":             {"fail", "{@mail.example : fail}", witness, map[string]string{"spf": "fail", "dkim": "fail"}},
		"none":               {"none", "none", witness, map[string]string{"spf": "none"}},
		"two authors":        {"pass", "{@mail.example : pass}", witness + ", b@other.example", map[string]string{"spf": "pass", "dkim": "policy"}},
		"what is no finding": {"pass; dkim=pass", "{pass}", witness, map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			fields := sendgridFields(told{header: []string{"From: " + tc.from}, text: "x", sender: witness}, "UTF-8")
			for i := range fields {
				switch fields[i].name {
				case "SPF":
					fields[i].content = tc.spf
				case "dkim":
					fields[i].content = tc.dkim
				}
			}
			x := posted(multipartBody("x", fields))
			got := oneMessage(t, email.SendGrid(), hooked(t, email.SendGrid(), signedConfig()), sign(x))
			if diff := cmp.Diff(tc.want, got.Checks); diff != "" {
				t.Error(diff)
			}
			if got := oneMessage(t, email.SendGrid(), hooked(t, email.SendGrid(), hookConfig()), x); got.Checks != nil {
				t.Errorf("unsigned: %v", got.Checks)
			}
		})
	}
}

func TestSendGridPublicKey(t *testing.T) {
	setting, _ := email.SendGrid().Setting("public_key")
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), nil)
	for name, tc := range map[string]struct {
		value string
		good  bool
	}{"p-256": {publicKey(sendgridKey(3)), true}, "with white space": {publicKey(sendgridKey(3)) + "\n", true},
		"p-384": {publicKey(p384), false}, "no base64": {"-----BEGIN", false}, "no key": {"AAAA", false}} {
		if err := setting.Check(tc.value); (err == nil) != tc.good {
			t.Errorf("%s: %v", name, err)
		}
		c := hookConfig()
		c.Settings["public_key"] = tc.value
		if _, err := email.SendGrid().New(c); (err == nil) != tc.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// SendGrid's own samples, as its library publishes them.
func TestSendGridSamples(t *testing.T) {
	w := hooked(t, email.SendGrid(), hookConfig())
	for name, tc := range map[string]struct {
		text  string
		media int
	}{
		"default_data.txt":              {"Inbound Parse Test Data\n\nHello Twilio SendGrid!", 0},
		"raw_data.txt":                  {"Inbound Parse Test Raw Data\n\nHello Twilio SendGrid!", 0},
		"raw_data_with_attachments.txt": {"Inbound Parse Test Raw Data with Attachment\n\nHello Twilio SendGrid!", 1},
	} {
		t.Run(name, func(t *testing.T) {
			got := oneMessage(t, email.SendGrid(), w, posted("multipart/form-data; boundary=xYzZY", testdata(t, "webhooks", "sendgrid", "sample_data", name)))
			if got.Subject+"\n\n"+got.Text != tc.text || len(got.Media) != tc.media || got.From.Value != "test@example.com" || got.To.Value == "" {
				t.Errorf("%q, %d media", got.Text, len(got.Media))
			}
			for _, m := range got.Media {
				if !strings.HasPrefix(string(m.Bytes), "\xff\xd8\xff") || m.ContentType != "image/jpeg" {
					t.Errorf("%s is no picture", m.ContentType)
				}
			}
		})
	}
	for _, name := range []string{"bad_data.txt", "default_data_with_attachments.txt"} { // the second is empty
		bad := oneSplit(t, email.SendGrid(), w, posted("multipart/form-data; boundary=xYzZY", testdata(t, "webhooks", "sendgrid", "sample_data", name)))
		if bad.Nature != channels.Unparsed || bad.Why == "" {
			t.Errorf("%s: %s %s", name, bad.Nature, bad.Why)
		}
	}
}

func FuzzSendGrid(f *testing.F) {
	for _, tc := range tellings() {
		_, body := multipartBody("x", sendgridFields(tc.told, "windows-1252"))
		f.Add(body, "multipart/form-data; boundary=x")
	}
	_, raw := multipartBody("x", []field{{name: "email", content: string(mimeOf(tellings()["a photo and an invitation"].told))},
		{name: "envelope", content: `{"to":["a+b@c.example"],"from":null}`}, {name: "dkim", content: "{@a : pass"}})
	f.Add(raw, "multipart/form-data; boundary=x")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		w := hooked(t, email.SendGrid(), signedConfig())
		x := posted(contentType, body)
		if _, err := email.SendGrid().Receive(t.Context(), w, x); err == nil {
			t.Fatal("accepted without the signature")
		}
		if err := channeltest.Judge(email.SendGrid(), w, sign(x)); err != nil {
			t.Fatal(err)
		}
	})
}
