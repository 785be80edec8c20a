package email

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/textproto"
	"strconv"
	"time"

	"github.com/onyo-project/onyo/channels"
)

const (
	// providerBytes bounds what Mailgun and SendGrid bring: 25 MB of mail, written
	// as a form. Both take less than this from a sender.
	providerBytes = 32 << 20
	// mailgunAhead is how far a clock may be behind Mailgun's.
	mailgunAhead = 15 * time.Minute
)

// Mailgun is the kind "email.mailgun": mail that a Mailgun route forwards, as
// fields or as it came (a URL that ends in "mime"). The signature covers only a
// timestamp and a token: it proves that the caller has seen a request of
// Mailgun's, not that this is its body. So each token counts once, for the content
// that came with it first (Split.Once); however late it comes, because Mailgun
// itself tries again for eight hours.
// Source: https://documentation.mailgun.com/docs/mailgun/user-manual/receive-forward-store/receive-http
func Mailgun() channels.Kind {
	return channels.Kind{
		Name:    "email.mailgun",
		Title:   "Email through Mailgun",
		Summary: "Mail to a domain at Mailgun. Mailgun proves each request with a signature.",
		Settings: append([]channels.Setting{
			{Key: "signing_key", Required: true, Secret: true,
				Help: "The HTTP webhook signing key: in the Mailgun control panel under Account settings → API Security (older panels: Sending → Webhooks). It is not an API key."},
		}, hookSettings()...),
		Can:       channels.Capabilities{Webhook: true, Send: true, Test: true, Signed: true, Media: true, Receipts: true},
		Limits:    channels.Limits{BodyBytes: providerBytes, Files: maxFiles, FileBytes: fileBytes},
		Methods:   []string{http.MethodPost},
		BodyTypes: []string{formType, multipartType},
		New:       newMailgun,
	}
}

type mailgun struct {
	key   channels.Secret
	clock func() time.Time
}

func newMailgun(config channels.Config) (channels.Adapter, error) {
	m := mailgun{key: config.Secrets["signing_key"], clock: config.Clock}
	if m.key.Current() == "" {
		return nil, errors.New("signing_key is missing")
	}
	h, err := newHook(config)
	if err != nil {
		return nil, err
	}
	h.authentic, h.read = m.authentic, readMailgun
	return h, nil
}

// MailgunSign is Mailgun's signature: hex HMAC-SHA256(key, timestamp + token).
// Source: https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
func MailgunSign(key, timestamp, token string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(timestamp + token))
	return hex.EncodeToString(mac.Sum(nil))
}

// authentic checks the signature, and that it is not of the future. A field that stands there twice is no
// proof: it is not told which of them counts.
func (m mailgun) authentic(exchange channels.Exchange) (map[string]string, bool) {
	sent, _ := readForm(exchange.Header.Get("Content-Type"), exchange.Body)
	timestamp, dated := sent.once("timestamp")
	token, tokened := sent.once("token")
	signature, signed := sent.once("signature")
	if !dated || !tokened || !signed || !m.fresh(timestamp) {
		return nil, false
	}
	return map[string]string{onceFact: timestamp + token}, m.key.Any(func(key string) bool {
		return channels.Equal(MailgunSign(key, timestamp, token), signature)
	})
}

func (m mailgun) fresh(timestamp string) bool {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	// Neither of another century: digits that were moved between timestamp and
	// token, which are signed as one, end there.
	if err != nil || seconds < 1e9 || seconds > 1e10 {
		return false
	}
	return time.Unix(seconds, 0).Sub(m.clock()) <= mailgunAhead
}

// readMailgun prefers the mail as it came. Of the fields it takes body-plain,
// with all that was quoted: what Mailgun stripped it stripped for good.
func readMailgun(facts map[string]string, body []byte) (delivered, error) {
	sent, err := readForm(facts["type"], body)
	if err != nil {
		return delivered{}, err
	}
	mail := delivered{recipients: sent.values["recipient"]}
	switch raw := sent.values["body-mime"]; {
	case len(raw) > 0 && raw[0] != "":
		mail.letter = readMail([]byte(raw[0]))
	case len(sent.values["from"])+len(sent.values["sender"]) > 0:
		mail.letter = letterOf(mailgunHeader(sent), sent.first("body-plain"), sent.first("body-html"), sent.files)
	default:
		return delivered{}, unreadable("no_sender")
	}
	if len(sent.values["sender"]) > 0 {
		mail.letter = enveloped(mail.letter, sent.first("sender"))
	}
	return mail, nil
}

func mailgunHeader(sent form) textproto.MIMEHeader {
	header := textproto.MIMEHeader{}
	var told [][2]string
	if json.Unmarshal([]byte(sent.first("message-headers")), &told) == nil {
		for _, field := range told {
			header.Add(channels.Clean(field[0]), channels.Clean(field[1]))
		}
	}
	complete(header, map[string]string{"From": sent.first("from"), "To": sent.first("To"), "Subject": sent.first("subject"),
		"Date": sent.first("Date"), "Message-Id": sent.first("Message-Id"), "In-Reply-To": sent.first("In-Reply-To"),
		"References": sent.first("References")})
	complete(header, map[string]string{"To": sent.first("recipient")})
	return header
}
