package email

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// postmarkBytes bounds one mail as JSON. Postmark takes 35 MB of attachments, and
// with the raw mail switched on it tells everything twice, so this is more than
// for others: what is refused here comes again for ten hours and then no more.
const postmarkBytes = 64 << 20

// Postmark is the kind "email.postmark": mail to an inbound stream at Postmark.
// Postmark signs nothing, so the secret in the URL is the proof.
// Source: https://postmarkapp.com/developer/webhooks/inbound-webhook
func Postmark() channels.Kind {
	return channels.Kind{
		Name:      "email.postmark",
		Title:     "Email through Postmark",
		Summary:   "Mail to an inbound address at Postmark. Postmark signs nothing: the secret address proves it.",
		Settings:  hookSettings(),
		Can:       channels.Capabilities{Webhook: true, Send: true, Test: true, Media: true, Receipts: true},
		Limits:    channels.Limits{BodyBytes: postmarkBytes, Files: maxFiles, FileBytes: fileBytes},
		Methods:   []string{http.MethodPost},
		BodyTypes: []string{"application/json"},
		New: func(config channels.Config) (channels.Adapter, error) {
			h, err := newHook(config)
			if err != nil {
				return nil, err
			}
			h.authentic, h.read = byPath(config), readPostmark
			return h, nil
		},
	}
}

// postmarkMail is what we read of Postmark's JSON.
type postmarkMail struct {
	From, To, Subject, MessageID, Date string
	OriginalRecipient                  string
	TextBody, HTMLBody                 string
	RawEmail                           string
	Headers                            []struct{ Name, Value string }
	Attachments                        []struct{ Name, Content, ContentType string }
}

// readPostmark prefers the mail as it came, which is there where "Include raw
// email content" is switched on.
func readPostmark(_ map[string]string, body []byte) (delivered, error) {
	var sent postmarkMail
	if err := json.Unmarshal(body, &sent); err != nil {
		return delivered{}, unreadable("bad_json")
	}
	mail := delivered{recipients: []string{sent.OriginalRecipient}}
	if strings.TrimSpace(sent.RawEmail) != "" {
		mail.letter = readMail([]byte(sent.RawEmail))
		return mail, nil
	}
	header := textproto.MIMEHeader{}
	for _, field := range sent.Headers {
		header.Add(channels.Clean(field.Name), channels.Clean(field.Value))
	}
	if sent.From == "" && header.Get("From") == "" {
		return delivered{}, unreadable("no_sender")
	}
	complete(header, map[string]string{"From": channels.Clean(sent.From), "To": channels.Clean(sent.To),
		"Subject": channels.Clean(sent.Subject), "Date": channels.Clean(sent.Date)})
	files := make([]file, 0, len(sent.Attachments))
	for _, attached := range sent.Attachments {
		content, err := base64.StdEncoding.DecodeString(attached.Content)
		if err != nil {
			return delivered{}, unreadable("bad_attachment")
		}
		files = append(files, file{name: channels.Clean(attached.Name), contentType: mediaTypeOf(attached.ContentType), bytes: content})
	}
	mail.letter = letterOf(header, channels.Clean(sent.TextBody), channels.Clean(sent.HTMLBody), files)
	return mail, nil
}
