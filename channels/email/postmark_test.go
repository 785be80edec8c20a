package email_test

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/email"
)

// postmarkJSON is a mail as Postmark tells it, to this envelope recipient.
func postmarkJSON(m told, to string) []byte {
	type header struct{ Name, Value string }
	type attachment struct {
		Name, Content, ContentType string
		ContentLength              int
	}
	sent := struct {
		FromName, MessageStream, From, To, Subject, MessageID, Date, MailboxHash, OriginalRecipient string
		TextBody, HtmlBody, StrippedTextReply                                                       string //nolint:revive // Postmark's name
		Headers                                                                                     []header
		Attachments                                                                                 []attachment
	}{MessageStream: "inbound", MessageID: "73e6d360-66eb-11e1-8e72-a8904824019b", OriginalRecipient: to, TextBody: m.text, HtmlBody: m.html,
		StrippedTextReply: "not this", Headers: []header{{"Return-Path", "<" + m.sender + ">"}}}
	for _, line := range m.header {
		switch name, value, _ := strings.Cut(line, ": "); name {
		case "From":
			sent.From = value
		case "To":
			sent.To = value
		case "Subject":
			sent.Subject = value
		case "Date":
			sent.Date = value
		default:
			sent.Headers = append(sent.Headers, header{name, value})
		}
	}
	for _, f := range m.files {
		sent.Attachments = append(sent.Attachments, attachment{f.filename, base64.StdEncoding.EncodeToString([]byte(f.content)), f.contentType, len(f.content)})
	}
	data, _ := json.Marshal(sent)
	return data
}

func postmarkSays(s channeltest.Saying) channels.Exchange {
	body := postmarkJSON(told{header: []string{"From: Amina <" + witness + ">", "To: reports@crisis.example.org",
		"Received: from a by b; " + strings.Repeat("x", s.Dress), "Message-Id: <" + s.ID + "@mail.example>"}, text: s.Text, sender: witness}, "reports@crisis.example.org")
	if s.Dress%2 == 1 { // another order of keys
		var keys map[string]json.RawMessage
		_ = json.Unmarshal(body, &keys)
		body, _ = json.Marshal(keys)
	}
	return posted("application/json", body)
}

// byPathSecret puts the right secret into the URL.
func byPathSecret(x channels.Exchange) channels.Exchange {
	x.PathSecret = pathSecret
	return x
}

func pathForgeries(genuine channels.Exchange) map[string]channels.Exchange {
	forgeries := map[string]channels.Exchange{}
	for name, secret := range map[string]string{"no proof": "", "wrong proof": "path-secret-4d1e", "prefix": pathSecret[:8], "longer": pathSecret + "x"} {
		x := genuine
		x.PathSecret = secret
		forgeries[name] = x
	}
	return forgeries
}

func TestPostmarkConforms(t *testing.T) {
	unsplittable := map[string]channels.Exchange{}
	for name, body := range map[string]string{"no json": "flood", "nothing": "", "another document": `{"RecordType":"Bounce"}`,
		"list": `[]`, "broken attachment": `{"From":"a@b.example","Attachments":[{"Content":"%%"}]}`} {
		unsplittable[name] = posted("application/json", []byte(body))
	}
	channeltest.Run(t, channeltest.Suite{Kind: email.Postmark(), Config: hookConfig(), Say: postmarkSays, Prove: byPathSecret,
		Forgeries: pathForgeries(postmarkSays(channeltest.Saying{ID: "f", Text: "x"})), Unsplittable: unsplittable,
		Hidden: func(channels.Exchange) []string { return []string{pathSecret} }, Address: witness, SenderPicksIDs: true})
}

func TestPostmarkReads(t *testing.T) {
	w := hooked(t, email.Postmark(), hookConfig())
	t.Run("fields", func(t *testing.T) {
		tellsAlike(t, email.Postmark(), w, func(m told) channels.Exchange {
			return posted("application/json", postmarkJSON(m, "reports@crisis.example.org"))
		})
	})
	t.Run("as it came", func(t *testing.T) {
		tellsAlike(t, email.Postmark(), w, func(m told) channels.Exchange {
			m.header = append(slices.Clone(m.header), "Return-Path: <"+m.sender+">")
			body, _ := json.Marshal(map[string]string{"From": "not@this.example", "TextBody": "not this", "RawEmail": string(mimeOf(m))})
			return posted("application/json", body)
		})
	})
}

// A report of a mail server about an answer of ours says what became of it.
func TestPostmarkTellsWhatBecameOfAnAnswer(t *testing.T) {
	m := told{header: []string{"From: MAILER-DAEMON@mx.example.com", "Message-Id: <d1@mx.example.com>",
		`Content-Type: multipart/report; report-type=delivery-status; boundary="x"`}, text: "Your mail could not be delivered.",
		files: []field{{"", "status.dsn", "message/delivery-status", "Reporting-MTA: dns; mx.example.com\r\n\r\nFinal-Recipient: rfc822; bob@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n"},
			{"", "headers.txt", "text/rfc822-headers", "Message-Id: <out-7@example.org>\r\nTo: bob@example.com\r\n"}}}
	got := oneMessage(t, email.Postmark(), hooked(t, email.Postmark(), hookConfig()), posted("application/json", postmarkJSON(m, "reports@example.org")))
	if got.Nature != channels.Delivery || got.Status == nil || *got.Status != (channels.Status{Of: "out-7@example.org", State: channels.Undelivered, Code: "5.1.1"}) {
		t.Fatalf("%s, %+v", got.Nature, got.Status)
	}
}

// Nothing that the sender wrote about checks counts.
func TestPostmarkBelievesNoChecks(t *testing.T) {
	got := oneMessage(t, email.Postmark(), hooked(t, email.Postmark(), hookConfig()), posted("application/json", postmarkJSON(told{
		header: []string{"From: a@b.example", "Received-SPF: Pass", "Authentication-Results: mx.example.org; dkim=pass; dmarc=pass"}, text: "x"}, "")))
	if got.Checks != nil {
		t.Fatalf("%v", got.Checks)
	}
}

func FuzzPostmark(f *testing.F) {
	for _, tc := range tellings() {
		f.Add(postmarkJSON(tc.told, "reports+tag@crisis.example.org"))
	}
	f.Add([]byte(`{"RawEmail":"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhi\r\n--x--"}`))
	f.Add([]byte(`{"From":"a","Headers":[{"Name":"\u0000","Value":"\ud800"}],"Attachments":[{"ContentType":"message/rfc822","Content":"RnJvbTogYQ=="}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if err := channeltest.Judge(email.Postmark(), hooked(t, email.Postmark(), hookConfig()), posted("application/json", body)); err != nil {
			t.Fatal(err)
		}
	})
}
