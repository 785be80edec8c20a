package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strconv"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// IMAP is the kind "email.imap": a mailbox that Onyo reads, as a mail program
// does. Source: RFC 3501, RFC 9051, RFC 2177 (IDLE).
func IMAP() channels.Kind {
	settings := []channels.Setting{
		{Key: "server", Required: true, Endpoint: true, Check: hostPort,
			Help: "The mail server that holds the mailbox, with its port, as imap.example.org:993. Your mail provider's help names it (“incoming server”, “IMAP”)."},
		{Key: "username", Required: true,
			Help: "The user name of the mailbox, often the whole mail address."},
		{Key: "password", Required: true, Secret: true,
			Help: "Its password; where the provider offers app passwords (Google, Yahoo, Fastmail), one made for Onyo alone."},
		{Key: "mailbox", Default: "INBOX",
			Help: "The folder to read. Mail that a filter moves elsewhere is not seen."},
		{Key: "tls", Default: "tls", Check: oneOf("tls", "starttls", "none"),
			Help: "How the connection is encrypted: tls (usual, port 993), starttls (port 143), or none, which only a server on this machine may have."},
		{Key: "ca", Check: certificates,
			Help: "Only for a mail server with a certificate of your own authority: that authority's certificate, PEM (ca=@file)."},
		{Key: "after", Default: "keep", Check: oneOf("keep", "seen"),
			Help: "What to do with mail once it is safe in Onyo: keep (leave it untouched, unread) or seen (mark it as read). Nothing is ever deleted."},
		{Key: "poll", Default: "60", Check: seconds,
			Help: "How many seconds to wait before looking again where the server does not tell by itself about new mail."},
	}
	return channels.Kind{
		Name:     "email.imap",
		Title:    "Email: a mailbox",
		Summary:  "Reads a mailbox at any mail provider over IMAP. Photos and answers in a thread are kept together with the report.",
		Settings: append(settings, hookSettings()...),
		Can:      channels.Capabilities{Run: true, Send: true, Test: true, Media: true, Receipts: true},
		Limits:   channels.Limits{BodyBytes: mailBytes, Files: maxFiles, FileBytes: fileBytes},
		New:      newIMAP,
	}
}

func seconds(value string) error {
	if n, err := strconv.Atoi(value); err != nil || n < 1 || n > 3600 {
		return errors.New("write a number of seconds from 1 to 3600")
	}
	return nil
}

const (
	// idleCheck is how often a server that promised to tell is asked all the same:
	// a connection can be dead without either end knowing.
	idleCheck = 5 * time.Minute
	// commandTime bounds one answer of the server, transferTime one batch of mail.
	commandTime  = time.Minute
	transferTime = 15 * time.Minute
	// firstPause and longestPause bound the pause after a fault; it doubles.
	firstPause   = 500 * time.Millisecond
	longestPause = 2 * time.Minute
)

type imapBox struct {
	postbox
	config   channels.Config
	password channels.Secret
	address  string // host:port
	tls      *tls.Config
	how      string // tls, starttls, none
	poll     time.Duration
}

func newIMAP(config channels.Config) (channels.Adapter, error) {
	sender, err := newMailer(config)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(config.Settings["server"])
	if err != nil {
		return nil, errors.New("server: write host and port, as imap.example.org:993")
	}
	box := &imapBox{postbox: postbox{sender, rulesOf(config.Settings)}, config: config, password: config.Secrets["password"],
		address: config.Settings["server"], how: config.Settings["tls"]}
	if box.password.Current() == "" {
		return nil, errors.New("password is missing")
	}
	if box.how == "none" && !loopback(host) {
		return nil, errors.New("tls: none is only for a mail server on this machine, as 127.0.0.1")
	}
	pause, err := strconv.Atoi(config.Settings["poll"])
	if err != nil {
		pause = 60
	}
	box.poll = time.Duration(pause) * time.Second
	box.tls = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if authority := config.Settings["ca"]; authority != "" {
		box.tls.RootCAs = x509.NewCertPool()
		if !box.tls.RootCAs.AppendCertsFromPEM([]byte(authority)) {
			return nil, errors.New("ca: it is no certificate in PEM form")
		}
	}
	return box, nil
}

// The reasons for which reading a mailbox cannot go on until somebody mends it.
// None repeats what the server said, which may name the user.
var (
	errLogin       = errors.New("the mail server refuses user name or password")
	errMailbox     = errors.New("the mail server has no such mailbox, or does not let this user read it")
	errCertificate = errors.New("the mail server's certificate is not valid for its name: check server, or set ca")
)

// Run reads what is in the mailbox, then what comes, and begins anew where it
// stopped when the connection breaks: after half a second, doubling to two
// minutes.
func (b *imapBox) Run(ctx context.Context, inlet channels.Inlet) error {
	pause := firstPause
	for {
		reader := &imapReader{box: b, inlet: inlet}
		err := reader.work(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case lasting(err), reader.refused:
			return err
		}
		if reader.caughtUp {
			pause = firstPause
		}
		b.config.Log.Warn("mailbox: connection lost", "channel", b.config.Name, "reason", faultCode(err), "again_in", pause)
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
		pause = min(2*pause, longestPause)
	}
}

func lasting(err error) bool {
	return errors.Is(err, errLogin) || errors.Is(err, errMailbox) || errors.Is(err, errCertificate)
}

// Test logs in, opens the mailbox and changes nothing; where the channel sends,
// it logs in at the other server too.
func (b *imapBox) Test(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	reader := &imapReader{box: b}
	if err := reader.open(ctx); err != nil {
		if lasting(err) {
			return err
		}
		return errors.New("the mail server cannot be reached, or does not speak IMAP: " + faultCode(err))
	}
	reader.close()
	if b.host == "" {
		return nil
	}
	return b.mailer.Test(ctx)
}
