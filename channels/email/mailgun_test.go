package email_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/email"
)

const (
	signingKey = "key-3ax6xnjp29jd6fds4gc373sgvjxteol0"
	urlencoded = "application/x-www-form-urlencoded"
)

func mailgunConfig() channels.Config {
	c := hookConfig()
	c.Secrets = map[string]channels.Secret{"signing_key": channels.NewSecret(signingKey, "key-before")}
	return c
}

// mailgunProof are the three fields that Mailgun puts in each request.
func mailgunProof(key string, at time.Time, token string) []field {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	return []field{{name: "timestamp", content: timestamp}, {name: "token", content: token},
		{name: "signature", content: email.MailgunSign(key, timestamp, token)}}
}

var mailgunToken = strings.Repeat("a", 50)

// mailgunFields are a mail as Mailgun parses it.
func mailgunFields(m told) []field {
	var headers [][2]string
	fields := []field{{name: "recipient", content: "reports@crisis.example.org"}, {name: "sender", content: m.sender}}
	for _, line := range m.header {
		name, value, _ := strings.Cut(line, ": ")
		headers = append(headers, [2]string{name, value})
		fields = append(fields, field{name: strings.ToLower(name), content: value})
	}
	list, _ := json.Marshal(headers)
	fields = append(fields, field{name: "message-headers", content: string(list)}, field{name: "body-plain", content: m.text},
		field{name: "stripped-text", content: "not this"})
	if m.html != "" {
		fields = append(fields, field{name: "body-html", content: m.html})
	}
	for i, f := range m.files {
		f.name = "attachment-" + strconv.Itoa(i+1)
		fields = append(fields, f)
	}
	return fields
}

func mailgunMultipart(fields []field) channels.Exchange {
	return posted(multipartBody("mailgun-boundary", fields))
}

func mailgunForm(fields []field) channels.Exchange {
	pairs := make([]string, len(fields))
	for i, f := range fields {
		pairs[i] = url.QueryEscape(f.name) + "=" + url.QueryEscape(f.content)
	}
	return posted(urlencoded, []byte(strings.Join(pairs, "&")))
}

func mailgunSays(s channeltest.Saying) channels.Exchange {
	fields := mailgunFields(told{header: []string{"Received: from a by b; " + strconv.Itoa(s.Dress), "From: Amina <" + witness + ">",
		"To: reports@crisis.example.org", "Message-Id: <" + s.ID + "@mail.example>"}, text: s.Text, sender: witness})
	fields[len(fields)-1].content = fmt.Sprint("stripped ", s.Dress)
	if s.Dress%2 == 1 {
		slices.Reverse(fields)
	}
	fields = append(fields, mailgunProof(signingKey, noon.Add(-time.Duration(s.Dress)*time.Hour), mailgunToken[s.Dress:])...)
	if s.Dress > 4 {
		return posted(multipartBody(fmt.Sprint("boundary-", s.Dress), fields))
	}
	return mailgunForm(fields)
}

// mailgunProves replaces the proof in what can be read as a form.
func mailgunProves(x channels.Exchange) channels.Exchange {
	if mediaType, _ := channels.MediaType(x.Header); mediaType != urlencoded {
		return x
	}
	var kept []string
	for _, pair := range strings.Split(string(x.Body), "&") {
		key, _, _ := strings.Cut(pair, "=")
		if pair != "" && !slices.Contains([]string{"timestamp", "token", "signature"}, key) {
			kept = append(kept, pair)
		}
	}
	proof := mailgunForm(mailgunProof(signingKey, noon, mailgunToken))
	x.Body = []byte(strings.Join(append(kept, string(proof.Body)), "&"))
	return x
}

func mailgunForgeries() map[string]channels.Exchange {
	mail := mailgunFields(told{header: []string{"From: bob@example.com"}, text: "Flood", sender: "bob@example.com"})
	with := func(proof ...field) channels.Exchange { return mailgunForm(append(slices.Clone(mail), proof...)) }
	proof := func(key string, age time.Duration) []field { return mailgunProof(key, noon.Add(-age), mailgunToken) }
	bend := func(change func([]field)) channels.Exchange {
		fields := proof(signingKey, 0)
		change(fields)
		return with(fields...)
	}
	return map[string]channels.Exchange{
		"no proof":         with(),
		"wrong proof":      bend(func(f []field) { f[2].content = strings.Repeat("0", 64) }),
		"empty proof":      bend(func(f []field) { f[2].content = "" }),
		"other key":        with(proof("key-other", 0)...),
		"no key":           with(proof("", 0)...),
		"other token":      bend(func(f []field) { f[1].content = strings.Repeat("b", 50) }),
		"no token":         with(proof(signingKey, 0)[0], proof(signingKey, 0)[2]),
		"moved timestamp":  bend(func(f []field) { f[0].content = strconv.FormatInt(noon.Unix()-1, 10) }),
		"moved digits":     bend(func(f []field) { f[1].content = f[0].content[9:] + f[1].content; f[0].content = f[0].content[:9] }),
		"from the future":  with(proof(signingKey, -time.Hour)...),
		"no timestamp":     with(mailgunProof(signingKey, time.Unix(0, 0), mailgunToken)...),
		"second signature": with(append(proof(signingKey, 0), field{name: "signature", content: "x"})...),
		"second timestamp": with(append(proof(signingKey, 0), proof(signingKey, time.Hour)[0])...),
		"proof in the query": func() channels.Exchange {
			x := with()
			x.Query = string(mailgunForm(proof(signingKey, 0)).Body)
			return x
		}(),
		"upper case": bend(func(f []field) { f[2].content = strings.ToUpper(f[2].content) }),
	}
}

func TestMailgunConforms(t *testing.T) {
	proof := mailgunProof(signingKey, noon, mailgunToken)
	cut := mailgunMultipart(append(slices.Clone(proof), field{name: "body-plain", content: "Flood"}))
	cut.Body = cut.Body[:len(cut.Body)-30]
	channeltest.Run(t, channeltest.Suite{
		Kind: email.Mailgun(), Config: mailgunConfig(), Say: mailgunSays, Prove: mailgunProves,
		Forgeries: mailgunForgeries(), Address: witness, SenderPicksIDs: true,
		Unsplittable: map[string]channels.Exchange{
			"no mail":          mailgunForm(proof),
			"no mail in parts": mailgunMultipart(proof),
			"cut after proof":  cut,
			"bad escape":       mailgunProves(posted(urlencoded, []byte("from=a%40b.example&body-plain=%zz"))),
		},
		Hidden: func(x channels.Exchange) []string {
			values, _ := url.ParseQuery(string(x.Body))
			return []string{email.MailgunSign(signingKey, values.Get("timestamp"), values.Get("token"))}
		},
	})
}

// The vectors are HMAC-SHA256 of "1700000000" and fifty times "a", computed
// elsewhere.
func TestMailgunSign(t *testing.T) {
	for key, want := range map[string]string{
		"key-test":            "c831b43c5b16fe108131ca2a0ee82b53808fd53255a924f124c12c5aa8b5c2a3",
		"key-mailgun-signing": "8cf00fa68fdc0bc5edce15f0d4a6fe30cc6d72744e0ecf92dce31913e490537f",
	} {
		if got := email.MailgunSign(key, "1700000000", mailgunToken); got != want {
			t.Errorf("%s: %s", key, got)
		}
	}
}

func TestMailgunReads(t *testing.T) {
	proof := mailgunProof(signingKey, noon, mailgunToken)
	w := hooked(t, email.Mailgun(), mailgunConfig())
	t.Run("parts", func(t *testing.T) {
		tellsAlike(t, email.Mailgun(), w, func(m told) channels.Exchange { return mailgunMultipart(append(mailgunFields(m), proof...)) })
	})
	t.Run("form", func(t *testing.T) {
		tellsAlike(t, email.Mailgun(), w, func(m told) channels.Exchange { return mailgunForm(append(mailgunFields(m), proof...)) },
			"a photo and an invitation") // files come in parts
	})
	t.Run("as it came", func(t *testing.T) {
		tellsAlike(t, email.Mailgun(), w, func(m told) channels.Exchange {
			return mailgunForm(append([]field{{name: "recipient", content: "reports@crisis.example.org"}, {name: "sender", content: m.sender},
				{name: "body-mime", content: string(mimeOf(m))}}, proof...))
		})
	})
}

// Without message-headers, as older routes post, the fields alone are enough.
func TestMailgunFieldsAlone(t *testing.T) {
	fields := append([]field{{name: "recipient", content: "reports@crisis.example.org"}, {name: "sender", content: "bounce@lists.example"},
		{name: "from", content: "Bob <bob@example.com>"}, {name: "subject", content: "Flood"}, {name: "body-plain", content: "At the bridge"},
		{name: "Message-Id", content: "<m9@example.com>"}, {name: "In-Reply-To", content: "<out-1@example.org>"}},
		mailgunProof(signingKey, noon, mailgunToken)...)
	sameMessage(t, channels.Message{Alias: "m9@example.com", Nature: channels.Report, From: channels.Address{Scheme: "mailto", Value: "bob@example.com"},
		To: channels.Address{Scheme: "mailto", Value: "reports@crisis.example.org"}, Text: "At the bridge",
		ReplyTo: "out-1@example.org", Thread: "out-1@example.org"},
		oneMessage(t, email.Mailgun(), hooked(t, email.Mailgun(), mailgunConfig()), mailgunForm(fields)))
}

// Mailgun tries for eight hours, with the timestamp of the first time or a new
// one: both are taken, and are the same message.
func TestMailgunTriesAgain(t *testing.T) {
	w := hooked(t, email.Mailgun(), mailgunConfig())
	ids := map[string]bool{}
	for _, age := range []time.Duration{-5 * time.Minute, 0, time.Minute, 8*time.Hour + 30*time.Minute, 10 * time.Hour} {
		fields := append(mailgunFields(tellings()["only html"].told), mailgunProof(signingKey, noon.Add(-age), mailgunToken)...)
		ids[oneSplit(t, email.Mailgun(), w, mailgunForm(fields)).ProviderID] = true
	}
	if len(ids) != 1 {
		t.Fatalf("%d messages of one", len(ids))
	}
}

// However old a request is, its token counts for its own content alone; one of the
// future was made up by a clock that is wrong or by somebody.
func TestMailgunsTokenCountsOnce(t *testing.T) {
	w := hooked(t, email.Mailgun(), mailgunConfig())
	for _, age := range []time.Duration{0, 9 * time.Hour, 2 * 365 * 24 * time.Hour} {
		x := mailgunForm(append(mailgunFields(tellings()["only html"].told), mailgunProof(signingKey, noon.Add(-age), mailgunToken)...))
		if split := oneSplit(t, email.Mailgun(), w, x); !strings.HasSuffix(split.Once, mailgunToken) {
			t.Errorf("%s old: the proof that counts once is %q", age, split.Once)
		}
	}
	ahead := mailgunForm(append(mailgunFields(tellings()["only html"].told), mailgunProof(signingKey, noon.Add(time.Hour), mailgunToken)...))
	if _, err := email.Mailgun().Receive(t.Context(), w, ahead); err == nil {
		t.Error("a request of the future is taken")
	}
}

// The documented request, as it came. Its timestamp is of 2023.
func TestMailgunDocumented(t *testing.T) {
	for line := range bytes.Lines(testdata(t, "webhooks", "documented", "samples.jsonl")) {
		var sample struct {
			ID, Provider, Method, Body, Secret string
			Headers                            map[string]string
			Expected                           struct{ Text string }
		}
		if err := json.Unmarshal(line, &sample); err != nil {
			t.Fatal(err)
		}
		if sample.Provider != "mailgun" {
			continue
		}
		t.Run(sample.ID, func(t *testing.T) {
			c := mailgunConfig()
			c.Secrets["signing_key"] = channels.NewSecret(sample.Secret, "")
			x := channels.Exchange{Method: sample.Method, Body: []byte(sample.Body), Header: http.Header{"Content-Type": {sample.Headers["Content-Type"]}}}
			got := oneMessage(t, email.Mailgun(), hooked(t, email.Mailgun(), c), x)
			if got.Subject != "Flooding in Sector 4" || got.Text != sample.Expected.Text || got.Nature != channels.Report || got.Alias != "abc@example.com" {
				t.Errorf("%s %q", got.Nature, got.Text)
			}
		})
	}
}

func FuzzMailgun(f *testing.F) {
	f.Add([]byte("recipient=a%40b.example&sender=&from=x&body-plain=y&message-headers=%5B%5B%22Subject%22%2C%22z%22%5D%5D"), urlencoded)
	f.Add([]byte("body-mime=From%3A+a%40b.example%0D%0A%0D%0AHi&sender=a"), urlencoded)
	contentType, body := multipartBody("b", append(mailgunFields(tellings()["a photo and an invitation"].told), mailgunProof(signingKey, noon, mailgunToken)...))
	f.Add(body, contentType)
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		w := hooked(t, email.Mailgun(), mailgunConfig())
		x := posted(contentType, body)
		if err := channeltest.Judge(email.Mailgun(), w, x); err != nil {
			t.Fatal(err)
		}
		if err := channeltest.Judge(email.Mailgun(), w, mailgunProves(x)); err != nil {
			t.Fatal(err)
		}
	})
}
