package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/onyo-project/onyo/channels"
)

// SMTP is the kind "email.smtp": Onyo is the mail server of its own addresses,
// and takes mail straight from the servers of those who write. Source: RFC 5321.
func SMTP() channels.Kind {
	settings := []channels.Setting{
		{Key: "listen", Default: "127.0.0.1:2525", Endpoint: true, Check: listenAddress,
			Help: "The address and port to take mail at, as 0.0.0.0:25 for all the world, or 127.0.0.1:2525 for a mail server on this machine that passes mail on."},
		{Key: "domain", Required: true, Check: domainName,
			Help: "The name of this mail server as the MX record has it, as mx.example.org."},
		{Key: "recipients", Required: true, Check: recipientList,
			Help: "The addresses that take mail, separated by commas, as reports@example.org. Mail to reports+anything@example.org arrives too; *@example.org takes every name. All else is refused."},
		{Key: "tls_cert", Help: "The path of a file with this server's certificate, PEM, so that mail travels encrypted (STARTTLS). It is read anew for every connection: renewals need no restart."},
		{Key: "tls_key", Help: "The path of the file with the certificate's key, PEM."},
	}
	return channels.Kind{
		Name:     "email.smtp",
		Title:    "Email: own mail server",
		Summary:  "Takes mail straight from the senders' servers, with no mail provider between. Needs an MX record, or a mail server that passes mail on.",
		Settings: append(settings, hookSettings()...),
		Can:      channels.Capabilities{Run: true, Send: true, Test: true, Media: true, Receipts: true},
		Limits:   channels.Limits{BodyBytes: mailBytes, Files: maxFiles, FileBytes: fileBytes},
		New:      newSMTP,
	}
}

func listenAddress(value string) error {
	if host, port, err := net.SplitHostPort(value); err == nil && port != "" {
		if _, bad := netip.ParseAddr(host); host == "" || host == "localhost" || bad == nil {
			return nil
		}
	}
	return errors.New("write an IP address and a port, as 127.0.0.1:2525")
}

func domainName(value string) error {
	if hostName(value) == "" {
		return errors.New("write a name, as mx.example.org")
	}
	return nil
}

func recipientList(value string) error {
	if list, ok := readRecipients(value); !ok || len(list) == 0 {
		return errors.New("write mail addresses separated by commas, as reports@example.org")
	}
	return nil
}

// readRecipients gives the accepted addresses, lower case; "*@domain" is all of a
// domain.
func readRecipients(value string) (list map[string]bool, ok bool) {
	list = map[string]bool{}
	for _, one := range strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
		local, domain, found := strings.Cut(strings.ToLower(one), "@")
		if !found || local == "" || hostName(domain) == "" {
			return nil, false
		}
		list[local+"@"+hostName(domain)] = true
	}
	return list, true
}

const (
	// maxConnections bounds all connections, maxFromOne those of one client.
	maxConnections = 100
	maxFromOne     = 10
	// silence ends a connection that says nothing, wholeSession any.
	silence      = 2 * time.Minute
	wholeSession = time.Hour
	// smallMail waits for nobody: what people write is seldom longer, and all
	// connections together hold 25 MiB of it. Of larger ones maxLarge are read and
	// parsed at once, each of them read within largeTime: otherwise a few that say a
	// word a minute would keep all others waiting. Nobody waits longer than silence.
	smallMail = 256 << 10
	maxLarge  = 8
	largeTime = 10 * time.Minute
	// longestLine is how long a line of a mail may be: the standard's 998 bytes are
	// often not kept to.
	longestLine = 1 << 20
	// maxHops is how many servers may have passed a mail on before it is a loop.
	maxHops    = 50
	maxMailsTo = 100
)

type smtpServer struct {
	postbox
	config     channels.Config
	recipients map[string]bool
	domains    map[string]bool
	// large has an entry for each large mail that is being read and parsed.
	large                       chan struct{}
	silence, patience, slowness time.Duration // shorter in tests
}

func newSMTP(config channels.Config) (channels.Adapter, error) {
	sender, err := newMailer(config)
	if err != nil {
		return nil, err
	}
	server := &smtpServer{postbox: postbox{sender, rulesOf(config.Settings)}, config: config, domains: map[string]bool{},
		large: make(chan struct{}, maxLarge), silence: silence, patience: silence, slowness: largeTime}
	var ok bool
	if server.recipients, ok = readRecipients(config.Settings["recipients"]); !ok || len(server.recipients) == 0 {
		return nil, errors.New("recipients: write mail addresses separated by commas, as reports@example.org")
	}
	for address := range server.recipients {
		_, domain, _ := strings.Cut(address, "@")
		server.domains[domain] = true
	}
	if (config.Settings["tls_cert"] == "") != (config.Settings["tls_key"] == "") {
		return nil, errors.New("tls_cert and tls_key belong together")
	}
	if cert := config.Settings["tls_cert"]; cert != "" {
		if _, err := tls.LoadX509KeyPair(cert, config.Settings["tls_key"]); err != nil {
			return nil, errors.New("tls_cert and tls_key: they cannot be read, or do not belong together")
		}
	}
	return server, nil
}

// takes says whether an address is one of ours; a "+tag" is none of its business.
func (s *smtpServer) takes(address string) (ours, local bool) {
	name, domain, _ := cutLast(strings.ToLower(address), "@")
	domain = hostName(domain)
	name, _, _ = strings.Cut(name, "+")
	return s.recipients[name+"@"+domain] || s.recipients["*@"+domain], s.domains[domain]
}

// Run listens until ctx ends. A mail is answered 250 only once it is durable.
func (s *smtpServer) Run(ctx context.Context, inlet channels.Inlet) error {
	var listening net.ListenConfig
	listener, err := listening.Listen(ctx, "tcp", s.config.Settings["listen"])
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return errors.New("cannot listen: is another program at this port, or may this one not use it?")
	}
	var busy sync.RWMutex
	defer func() { busy.Lock(); busy.Unlock() }() //nolint:staticcheck // waits: nothing is handed in after Run
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &smtpSession{server: s, ctx: ctx, inlet: inlet, conn: c, busy: &busy}, nil
	}))
	server.Domain = s.config.Settings["domain"]
	server.MaxRecipients, server.MaxLineLength = maxMailsTo, longestLine
	server.MaxMessageBytes = mailBytes + 1 // go-smtp refuses what fills it
	server.EnableSMTPUTF8 = true
	server.ErrorLog = quietLog{s.config}
	if s.config.Settings["tls_cert"] != "" {
		server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.certificate}
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	err = server.Serve(newDoor(listener, s.silence))
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("mail server: %w", err)
}

func (s *smtpServer) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(s.config.Settings["tls_cert"], s.config.Settings["tls_key"])
	if err != nil {
		s.config.Log.Error("mail server: tls_cert or tls_key cannot be read", "channel", s.config.Name)
		return nil, errors.New("no certificate")
	}
	return &pair, nil
}

// Test greets our own mail server; where the channel sends, it logs in at the
// other one too.
func (s *smtpServer) Test(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	if err := s.hello(ctx); err != nil {
		return errors.New("nothing answers at the address that listen names")
	}
	if cert := s.config.Settings["tls_cert"]; cert != "" {
		if _, err := tls.LoadX509KeyPair(cert, s.config.Settings["tls_key"]); err != nil {
			return errors.New("tls_cert or tls_key cannot be read, or they do not belong together")
		}
	}
	if s.host == "" {
		return nil
	}
	return s.mailer.Test(ctx)
}

func (s *smtpServer) hello(ctx context.Context) error {
	host, port, err := net.SplitHostPort(s.config.Settings["listen"])
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if ip, bad := netip.ParseAddr(host); host == "" || bad == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	// It is our own door: the guard of what leaves has no say in it.
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	client := smtp.NewClient(conn)
	defer func() { _ = client.Close() }()
	if err := client.Hello(s.config.Settings["domain"]); err != nil {
		return fmt.Errorf("greet: %w", err)
	}
	_ = client.Quit() // the greeting was what counts
	return nil
}
