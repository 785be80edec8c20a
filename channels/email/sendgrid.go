package email

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/onyo-project/onyo/channels"
)

// The headers of SendGrid's signature.
const (
	sendgridSignature = "X-Twilio-Email-Event-Webhook-Signature"
	sendgridTimestamp = "X-Twilio-Email-Event-Webhook-Timestamp"
)

// SendGrid is the kind "email.sendgrid": mail through SendGrid's Inbound Parse,
// taken apart or as it came. The secret in the URL is the proof. Where a security
// policy signs the requests, and its public key is set here, the signature is
// needed too.
// Source: https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/setting-up-the-inbound-parse-webhook
func SendGrid() channels.Kind {
	return channels.Kind{
		Name:    "email.sendgrid",
		Title:   "Email through SendGrid",
		Summary: "Mail through SendGrid's Inbound Parse. The secret address proves it; a signature can be demanded too.",
		Settings: append([]channels.Setting{
			{Key: "public_key", Check: func(value string) error { _, err := p256(value); return err },
				Help: "Only if the parse webhook has a security policy with signature: the policy's public key, base64, as the SendGrid API shows it. Then an unsigned request is refused."},
		}, hookSettings()...),
		Can:       channels.Capabilities{Webhook: true, Send: true, Test: true, Media: true, Receipts: true},
		Limits:    channels.Limits{BodyBytes: providerBytes, Files: maxFiles, FileBytes: fileBytes},
		Methods:   []string{http.MethodPost},
		BodyTypes: []string{multipartType},
		New:       newSendGrid,
	}
}

func newSendGrid(config channels.Config) (channels.Adapter, error) {
	h, err := newHook(config)
	if err != nil {
		return nil, err
	}
	h.authentic, h.read = byPath(config), readSendGrid
	if text := config.Settings["public_key"]; text != "" {
		key, err := p256(text)
		if err != nil {
			return nil, errors.New("public_key: " + err.Error())
		}
		byURL := h.authentic
		h.authentic = func(exchange channels.Exchange) (map[string]string, bool) {
			facts, known := byURL(exchange)
			if !signedBySendGrid(key, exchange) || !known {
				return nil, false
			}
			facts["signed"] = "yes"
			return facts, true
		}
	}
	return h, nil
}

// p256 reads a key as SendGrid shows it: base64 of DER, SPKI.
func p256(text string) (*ecdsa.PublicKey, error) {
	der, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err == nil {
		var key any
		if key, err = x509.ParsePKIXPublicKey(der); err == nil {
			if public, ok := key.(*ecdsa.PublicKey); ok && public.Curve == elliptic.P256() {
				return public, nil
			}
		}
	}
	return nil, errors.New("it is no public key of a SendGrid security policy (base64, about 120 characters)")
}

// signedBySendGrid checks ECDSA P-256 over SHA-256 of timestamp and body.
// Source: https://www.twilio.com/docs/sendgrid/for-developers/parsing-email/securing-your-parse-webhooks
func signedBySendGrid(key *ecdsa.PublicKey, exchange channels.Exchange) bool {
	signatures, timestamps := exchange.Header.Values(sendgridSignature), exchange.Header.Values(sendgridTimestamp)
	if len(signatures) != 1 || len(timestamps) != 1 {
		return false
	}
	signature, err := base64.StdEncoding.DecodeString(signatures[0])
	if err != nil {
		return false
	}
	digest := sha256.New()
	digest.Write([]byte(timestamps[0]))
	digest.Write(exchange.Body)
	return ecdsa.VerifyASN1(key, digest.Sum(nil), signature)
}

// readSendGrid prefers the mail as it came ("POST the raw, full MIME message").
func readSendGrid(facts map[string]string, body []byte) (delivered, error) {
	sent, err := readForm(facts["type"], body)
	if err != nil {
		return delivered{}, err
	}
	var envelope struct {
		To   []string
		From *string
	}
	_ = json.Unmarshal([]byte(sent.first("envelope")), &envelope) // optional
	mail := delivered{recipients: envelope.To}
	if raw := sent.values["email"]; len(raw) > 0 && raw[0] != "" {
		mail.letter = readMail([]byte(raw[0]))
	} else if mail.letter, err = sendgridFields(sent); err != nil {
		return delivered{}, err
	}
	if envelope.From != nil {
		mail.letter = enveloped(mail.letter, channels.Clean(*envelope.From))
	}
	if facts["signed"] != "" {
		mail.checks = sendgridChecks(sent, mail.letter.header)
	}
	return mail, nil
}

// sendgridFields makes the mail of its parts. Each field is in a charset of its
// own, which "charsets" names; headers are as they came.
func sendgridFields(sent form) (letter, error) {
	charsets := map[string]string{}
	_ = json.Unmarshal([]byte(sent.first("charsets")), &charsets) // optional
	field := func(key string) string {
		if values := sent.values[key]; len(values) > 0 {
			return decodeCharset(charsets[key], []byte(values[0]))
		}
		return ""
	}
	header, _ := cutHeader([]byte(strings.TrimLeft(sent.first("headers"), "\r\n")), ofMail)
	if header.Get("From") == "" && field("from") == "" {
		return letter{}, unreadable("no_sender")
	}
	complete(header, map[string]string{"From": field("from"), "To": field("to"), "Subject": field("subject")})
	return letterOf(header, field("text"), field("html"), sent.files), nil
}

// sendgridChecks are SendGrid's findings, as RFC 8601 names them: "SPF" as "pass",
// "dkim" as "{@example.org : pass}". Only a signature of SendGrid's makes them
// worth something.
func sendgridChecks(sent form, header textproto.MIMEHeader) map[string]string {
	found := map[string]string{}
	spf := strings.ToLower(strings.TrimSpace(sent.first("SPF")))
	if slices.Contains([]string{resultPass, resultFail, "softfail", "neutral", resultNone, resultTempError, resultPermError}, spf) {
		found["spf"] = spf
	}
	author := authorOf(header.Values("From"))
	for _, finding := range strings.Split(strings.Trim(strings.TrimSpace(sent.first("dkim")), "{}"), ",") {
		domain, result, told := strings.Cut(finding, ":")
		domain = hostName(strings.TrimPrefix(strings.TrimSpace(domain), "@"))
		switch {
		case !told || domain == "":
		case strings.TrimSpace(result) != resultPass:
			if found["dkim"] == "" {
				found["dkim"] = resultFail
			}
		case aligned(author, []string{domain}, false):
			found["dkim"] = resultPass
		case found["dkim"] != resultPass:
			found["dkim"] = resultPolicy
		}
	}
	return found
}
