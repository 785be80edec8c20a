package email

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net"
	netmail "net/mail"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/onyo-project/onyo/channels"
)

const (
	// sendTime bounds one conversation with the mail server.
	sendTime = 30 * time.Second
	// plainSubject stands where nobody wrote a subject: it says nothing, because
	// telephones show it while they are locked.
	plainSubject = "Your message"
)

// sendSettings are the settings by which a channel of any email kind answers.
func sendSettings() []channels.Setting {
	return []channels.Setting{
		{Key: "smtp_server", Endpoint: true, Check: hostPort,
			Help: "The mail server that sends answers, with its port, as smtp.example.org:587. Your mail provider's help names it (“outgoing server”, “SMTP submission”). Without it Onyo only listens."},
		{Key: "smtp_username", Help: "The user name at that server, often the whole mail address."},
		{Key: "smtp_password", Secret: true, Help: "Its password; where the provider offers app passwords, one made for Onyo alone."},
		{Key: "smtp_tls", Check: oneOf("tls", "starttls", "none"),
			Help: "How the connection is encrypted: tls (usual on port 465), starttls (usual on port 587), or none, which only a server on this machine may have. Empty follows the port."},
		{Key: "smtp_ca", Check: certificates, Help: "Only for a mail server with a certificate of your own authority: that authority's certificate, PEM."},
		{Key: "from", Check: mailbox, Help: "The address to answer from, as reports@example.org or Flood desk <reports@example.org>. Answers to it must come back into this channel."},
	}
}

func hostPort(value string) error {
	host, port, err := net.SplitHostPort(value)
	if number, bad := strconv.ParseUint(port, 10, 16); err != nil || host == "" || bad != nil || number == 0 {
		return errors.New("write host and port, as smtp.example.org:587")
	}
	return nil
}

func mailbox(value string) error {
	if _, err := netmail.ParseAddress(value); err != nil {
		return errors.New("write one mail address, as reports@example.org")
	}
	return nil
}

func certificates(value string) error {
	if !x509.NewCertPool().AppendCertsFromPEM([]byte(value)) {
		return errors.New("it is no certificate in PEM form (-----BEGIN CERTIFICATE-----)")
	}
	return nil
}

// mailer sends for a channel of any email kind; adapters embed it and are
// channels.Senders by it.
type mailer struct {
	config    channels.Config
	password  channels.Secret
	host      string // empty: this channel only listens
	port      int
	tls       *tls.Config // nil: none
	immediate bool        // TLS from the first byte
	from      *netmail.Address
	domain    string // of from
}

func newMailer(config channels.Config) (*mailer, error) {
	m := &mailer{config: config, password: config.Secrets["smtp_password"]}
	server := config.Settings["smtp_server"]
	if server == "" {
		return m, nil
	}
	if err := hostPort(server); err != nil {
		return nil, errors.New("smtp_server: " + err.Error())
	}
	host, port, _ := net.SplitHostPort(server)
	m.host = host
	m.port, _ = strconv.Atoi(port)
	var err error
	if m.from, err = netmail.ParseAddress(config.Settings["from"]); err != nil {
		return nil, errors.New("from is missing: with a smtp_server Onyo answers, and needs an address to answer from")
	}
	if m.domain = hostName(domainOf(m.from.Address)); m.domain == "" {
		return nil, errors.New("from: its domain is none that mail can be sent from")
	}
	how := config.Settings["smtp_tls"]
	if how == "none" {
		if !loopback(host) {
			return nil, errors.New("smtp_tls: none is only for a mail server on this machine, as 127.0.0.1")
		}
		return m, nil
	}
	m.tls = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	m.immediate = how == "tls" || how == "" && m.port == 465
	if authority := config.Settings["smtp_ca"]; authority != "" {
		m.tls.RootCAs = x509.NewCertPool()
		m.tls.RootCAs.AppendCertsFromPEM([]byte(authority))
	}
	return m, nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Send hands one mail to the channel's mail server: plain text, no tracking,
// marked as an automatic answer. The id is its Message-ID, which a reply names in
// In-Reply-To. The same Outbound has the same Message-ID each time it is sent.
func (m *mailer) Send(ctx context.Context, message channels.Outbound) (string, error) {
	if m.host == "" {
		return "", &channels.SendError{Reason: channels.ErrPermanent, Code: "no_smtp_server"}
	}
	id := ownMessageID(message.ID, m.domain)
	letter, err := m.letter(message, id)
	if err != nil {
		return "", &channels.SendError{Reason: channels.ErrPermanent, Code: "bad_address"}
	}
	err = m.converse(ctx, func(client *mail.Client, session *smtp.Client) error {
		err := client.SendWithSMTPClient(session, letter)
		if letter.IsDelivered() {
			return nil // whatever came after the server had taken it
		}
		return err
	})
	if err != nil {
		return "", sendFault(err)
	}
	return id, nil
}

// Test logs in at the mail server and sends nothing.
func (m *mailer) Test(ctx context.Context) error {
	if m.host == "" {
		return errors.New("there is no smtp_server, so that this channel only listens: to test it, send a mail to its address")
	}
	if err := m.converse(ctx, func(*mail.Client, *smtp.Client) error { return nil }); err != nil {
		return errors.New("the mail server " + hint(sendFault(err).Code))
	}
	return nil
}

// letter writes the mail.
func (m *mailer) letter(message channels.Outbound, id string) (*mail.Msg, error) {
	to, err := netmail.ParseAddress(message.To.Value)
	if err != nil || message.To.Scheme != "mailto" {
		return nil, errors.New("no mail address")
	}
	letter := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithEncoding(mail.EncodingQP))
	letter.FromMailAddress(m.from)
	letter.ToMailAddress(&netmail.Address{Address: to.Address})
	subject := strings.Join(strings.Fields(channels.Clean(message.Subject)), " ")
	if subject == "" {
		subject = plainSubject
	}
	letter.Subject(subject)
	letter.SetDateWithValue(m.config.Clock().UTC())
	letter.SetMessageIDWithValue(id)
	if m.config.Settings["reply_tag"] == "yes" {
		local, _, _ := cutLast(m.from.Address, "@")
		tag, _, _ := cutLast(id, "@")
		letter.ReplyToMailAddress(&netmail.Address{Name: m.from.Name, Address: local + "+" + tag + "@" + m.domain})
	}
	thread := threadOf(message)
	if len(thread) > 0 {
		letter.SetGenHeader(mail.HeaderInReplyTo, thread[len(thread)-1])
		letter.SetGenHeader(mail.HeaderReferences, strings.Join(thread, " "))
	}
	// RFC 3834: what answers by itself says so, and is not answered by others.
	letter.SetGenHeader("Auto-Submitted", "auto-replied")
	letter.SetGenHeader("X-Auto-Response-Suppress", "All")
	letter.SetGenHeader(loopHeader, "1")
	if plausible(message.Language) {
		letter.SetGenHeader(mail.HeaderContentLang, message.Language)
	}
	letter.SetBodyString(mail.TypeTextPlain, channels.Clean(message.Text))
	return letter, nil
}

// threadOf are the Message-IDs in whose thread a mail goes, in brackets, the one
// that it answers last.
func threadOf(message channels.Outbound) []string {
	var thread []string
	answered := messageIDOf(message.InReplyTo)
	if !messageID(answered) {
		answered = message.InReplyTo // named by the Message-ID itself
	}
	for _, id := range []string{message.Thread, answered} {
		bracketed := "<" + id + ">"
		if messageID(id) && !slices.Contains(thread, bracketed) {
			thread = append(thread, bracketed)
		}
	}
	return thread
}

// messageID says whether this can be written as a Message-ID.
func messageID(id string) bool {
	if len(id) > 250 || !strings.Contains(id, "@") {
		return false
	}
	for _, c := range []byte(id) {
		if c <= ' ' || c > '~' || c == '<' || c == '>' {
			return false
		}
	}
	return true
}

// ownMessageID is the Message-ID, without brackets, of what we send.
func ownMessageID(id, domain string) string {
	if !plausible(id) {
		sum := sha256.Sum256([]byte(id))
		id = hex.EncodeToString(sum[:16])
	}
	return id + "@" + domain
}

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }
