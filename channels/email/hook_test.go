package email_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/email"
)

const pathSecret = "path-secret-4d1f"

// noon is when the tests of the webhooks run.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func hookConfig() channels.Config {
	return channels.Config{Name: "mail-main", PublicURL: "https://onyo.example.org/hooks/mail-main",
		Settings: map[string]string{"lists": "aside"},
		Secrets:  map[string]channels.Secret{channels.PathSecret: channels.NewSecret(pathSecret, "old-path-secret")},
		Clock:    func() time.Time { return noon }}
}

func hooked(t testing.TB, kind channels.Kind, c channels.Config) channels.Webhook {
	t.Helper()
	made, err := kind.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made.(channels.Webhook)
}

// field is one part of a provider's form.
type field struct{ name, filename, contentType, content string }

// multipartBody is a form, its parts in this order.
func multipartBody(boundary string, fields []field) (contentType string, body []byte) {
	var out bytes.Buffer
	writer := multipart.NewWriter(&out)
	_ = writer.SetBoundary(boundary)
	for _, f := range fields {
		disposition := fmt.Sprintf("form-data; name=%q", f.name)
		if f.filename != "" {
			disposition += fmt.Sprintf("; filename=%q", f.filename)
		}
		header := textproto.MIMEHeader{"Content-Disposition": {disposition}}
		if f.contentType != "" {
			header.Set("Content-Type", f.contentType)
		}
		part, _ := writer.CreatePart(header)
		_, _ = part.Write([]byte(f.content))
	}
	_ = writer.Close()
	return writer.FormDataContentType(), out.Bytes()
}

func posted(contentType string, body []byte) channels.Exchange {
	return channels.Exchange{Method: http.MethodPost, ID: "fresh", PathSecret: pathSecret, Body: body,
		Header: http.Header{"Content-Type": {contentType}}}
}

// oneSplit brings an exchange that is accepted.
func oneSplit(t *testing.T, kind channels.Kind, w channels.Webhook, x channels.Exchange) channels.Split {
	t.Helper()
	got, err := kind.Receive(t.Context(), w, x)
	if err != nil || len(got.Messages) != 1 || got.Answer.Status != http.StatusOK {
		t.Fatalf("%d messages, answer %d, %v", len(got.Messages), got.Answer.Status, err)
	}
	return got.Messages[0]
}

// oneMessage is what comes of it.
func oneMessage(t *testing.T, kind channels.Kind, w channels.Webhook, x channels.Exchange) channels.Message {
	t.Helper()
	split := oneSplit(t, kind, w, x)
	if split.Nature == channels.Unparsed {
		t.Fatalf("unparsed: %s", split.Why)
	}
	messages, err := w.Parse(split.Raw)
	if err != nil || len(messages) != 1 {
		t.Fatalf("%d messages, %v", len(messages), err)
	}
	return messages[0]
}

// subjects are the headings that answers repeat.
var subjects = cmp.FilterPath(func(path cmp.Path) bool { return path.Last().String() == ".Subject" }, cmp.Ignore())

// sameMessage compares what a mail says; ids and digests are the suite's.
func sameMessage(t *testing.T, want, got channels.Message) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(channels.Message{}, "ProviderID"),
		cmpopts.IgnoreFields(channels.Media{}, "Ref", "Digest"), cmpopts.EquateEmpty(), subjects); diff != "" {
		t.Error(diff)
	}
}

// told is a mail as a provider has it before it writes it down in its own way.
type told struct {
	header     []string // "Name: value"
	text, html string
	files      []field
	sender     string // the envelope's
}

// tellings are mails that every provider must tell alike.
func tellings() map[string]struct {
	told
	want channels.Message
} {
	bob, desk := channels.Address{Scheme: "mailto", Value: "bob@example.com"}, channels.Address{Scheme: "mailto", Value: "reports@crisis.example.org"}
	header := func(more ...string) []string {
		return append([]string{"From: Bob <bob@example.com>", "To: reports@crisis.example.org",
			"Message-Id: <m1@example.com>", "Date: Sun, 1 Mar 2026 14:00:00 +0300"}, more...)
	}
	base := func(change func(*channels.Message)) channels.Message {
		m := channels.Message{Alias: "m1@example.com", Nature: channels.Report, From: bob, To: desk,
			At: time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)}
		change(&m)
		return m
	}
	type telling = struct {
		told
		want channels.Message
	}
	return map[string]telling{
		"text with subject and signature": {told{header: header("Subject: Flooding in Sector 4"), text: "Water rising fast.\n\n-- \nBob", sender: "bob@example.com"},
			base(func(m *channels.Message) {
				m.Subject, m.Text, m.Quoted = "Flooding in Sector 4", "Water rising fast.", "-- \nBob"
			})},
		"an answer in its thread": {told{header: header("Subject: Re: Your message", "In-Reply-To: <out-7@example.org>", "References: <m0@example.com> <out-7@example.org>"),
			text: "Still here.\n\nOn Sun, Mar 1, 2026 at 11:00 AM Flood desk <reports@crisis.example.org> wrote:\n> Where are you?\n", sender: "bob@example.com"},
			base(func(m *channels.Message) {
				m.Text, m.ReplyTo, m.Thread = "Still here.", "out-7@example.org", "m0@example.com"
				m.Quoted = "On Sun, Mar 1, 2026 at 11:00 AM Flood desk <reports@crisis.example.org> wrote:\n> Where are you?"
			})},
		"only html": {told{header: header(), html: "<p>Maji yamefika <b>Kibera</b></p>", sender: "bob@example.com"},
			base(func(m *channels.Message) { m.Text = "Maji yamefika Kibera" })},
		"a photo and an invitation": {told{header: header(), text: "See photo", sender: "bob@example.com",
			files: []field{{"f", "bridge.jpg", "image/jpeg", "\xff\xd8\xff\xe0 jpeg"}, {"f", "invite.ics", "text/calendar", "BEGIN:VCALENDAR"}}},
			base(func(m *channels.Message) {
				m.Text = "See photo\n\n[Left out: a calendar invitation]"
				m.Media = []channels.Media{{Bytes: []byte("\xff\xd8\xff\xe0 jpeg"), ContentType: "image/jpeg", Name: "bridge.jpg"}}
			})},
		"an opt-out": {told{header: header(), text: "STOP", sender: "bob@example.com"},
			base(func(m *channels.Message) { m.Text, m.Nature = "STOP", channels.Stop })},
		"an out-of-office": {told{header: header("Auto-Submitted: auto-replied"), text: "I am away", sender: "bob@example.com"},
			base(func(m *channels.Message) { m.Text, m.Nature = "I am away", channels.Other })},
		"our own": {told{header: header("X-Onyo: 1"), text: "Received", sender: "bob@example.com"},
			base(func(m *channels.Message) { m.Text, m.Nature = "Received", channels.Other })},
		"what nobody wants to hear back about": {told{header: header(), text: "Undeliverable", sender: ""},
			base(func(m *channels.Message) { m.Text, m.Nature = "Undeliverable", channels.Other })},
	}
}

// tellsAlike: whichever way a provider tells a mail, it is the same message.
func tellsAlike(t *testing.T, kind channels.Kind, w channels.Webhook, tell func(told) channels.Exchange, except ...string) {
	t.Helper()
	for name, tc := range tellings() {
		if slices.Contains(except, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			sameMessage(t, tc.want, oneMessage(t, kind, w, tell(tc.told)))
		})
	}
}

// testdata is a file of the real data.
func testdata(t testing.TB, parts ...string) []byte {
	t.Helper()
	root := os.Getenv("ONYO_TESTDATA")
	if root == "" {
		t.Skip("needs the real data: ONYO_TESTDATA is not set")
	}
	data, err := os.ReadFile(filepath.Join(append([]string{root}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A plus address that we wrote into Reply-To leads back to what was answered.
func TestReplyTag(t *testing.T) {
	p := open(t, "none")
	c := sendingConfig(p, "none")
	c.Settings["reply_tag"] = "yes"
	w := hooked(t, email.Postmark(), c)
	id, err := w.(channels.Sender).Send(t.Context(), answer())
	if err != nil {
		t.Fatal(err)
	}
	if sent := string(p.mails()[0].mail); !bytes.Contains([]byte(sent), []byte("Reply-To: \"Flood desk\" <reports+out-7@example.org>\r\n")) {
		t.Fatalf("no Reply-To in %s", sent)
	}
	for to, want := range map[string]string{"Reports+OUT-7@example.org": id, "reports@example.org": "", "reports+@example.org": "",
		"reports+a b@example.org": "", "": "", "+x": ""} {
		got := oneMessage(t, email.Postmark(), w, posted("application/json", postmarkJSON(told{header: []string{"From: bob@example.com"}, text: "x"}, to)))
		if got.ReplyTo != want {
			t.Errorf("to %q: answers %q, want %q", to, got.ReplyTo, want)
		}
	}
}

// mimeOf is the same mail as it came.
func mimeOf(m told) []byte {
	var out bytes.Buffer
	for _, line := range m.header {
		out.WriteString(line + "\r\n")
	}
	parts := []field{}
	if m.text != "" {
		parts = append(parts, field{contentType: "text/plain; charset=utf-8", content: m.text})
	}
	if m.html != "" {
		parts = append(parts, field{contentType: "text/html; charset=utf-8", content: m.html})
	}
	writer := multipart.NewWriter(&out)
	fmt.Fprintf(&out, "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=%s\r\n\r\n", writer.Boundary())
	for _, p := range append(parts, m.files...) {
		header := textproto.MIMEHeader{"Content-Type": {p.contentType}, "Content-Transfer-Encoding": {"base64"}}
		if p.filename != "" {
			header.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", p.filename))
		}
		part, _ := writer.CreatePart(header)
		_, _ = part.Write([]byte(base64.StdEncoding.EncodeToString([]byte(p.content))))
	}
	_ = writer.Close()
	return out.Bytes()
}
