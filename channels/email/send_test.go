package email_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/email"
)

const (
	smtpUser  = "reports@example.org"
	smtpWord  = "correct-horse"
	recipient = "bob@example.com"
)

// postOffice is a mail server that takes what is submitted to it, or fails as it
// is told to.
type postOffice struct {
	address, authority string
	// refuse is asked at each step: "mail", "rcpt", "data".
	refuse func(step string) error
	// hangUp drops the connection as soon as a mail is taken.
	hangUp bool

	mu    sync.Mutex
	taken []submitted
}

type submitted struct {
	helo, from, to string
	mail           []byte
}

// open starts it: "tls" from the first byte, "starttls", or "none".
func open(t *testing.T, how string) *postOffice {
	t.Helper()
	p := &postOffice{refuse: func(string) error { return nil }}
	certificate, authority := selfSigned(t)
	p.authority = authority
	server := smtp.NewServer(p)
	server.Domain = "smtp.example.org"
	server.AllowInsecureAuth = how == "none"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.address = listener.Addr().String()
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	switch how {
	case "tls":
		listener = tls.NewListener(listener, config)
	case "starttls":
		server.TLSConfig = config
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return p
}

func selfSigned(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func (p *postOffice) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &counter{office: p, conn: c}, nil
}

func (p *postOffice) mails() []submitted {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}

// counter is one conversation.
type counter struct {
	office *postOffice
	conn   *smtp.Conn
	known  bool
	mail   submitted
}

func (c *counter) AuthMechanisms() []string { return []string{sasl.Plain} }
func (c *counter) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if c.known = user == smtpUser && password == smtpWord; !c.known {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no such login " + password}
		}
		return nil
	}), nil
}

func (c *counter) Mail(from string, _ *smtp.MailOptions) error {
	if !c.known {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "log in"}
	}
	c.mail = submitted{helo: c.conn.Hostname(), from: from}
	return c.office.refuse("mail")
}

func (c *counter) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.mail.to = to
	return c.office.refuse("rcpt")
}

func (c *counter) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := c.office.refuse("data"); err != nil {
		return err
	}
	c.mail.mail = data
	c.office.mu.Lock()
	defer c.office.mu.Unlock()
	c.office.taken = append(c.office.taken, c.mail)
	return nil
}

func (c *counter) Reset() {
	if c.office.hangUp && len(c.mail.mail) > 0 {
		_ = c.conn.Conn().Close()
	}
}
func (c *counter) Logout() error { return nil }

// sendingConfig is a channel that answers through a post office.
func sendingConfig(p *postOffice, how string) channels.Config {
	return channels.Config{Name: "mail-main",
		Settings: map[string]string{"smtp_server": p.address, "smtp_username": smtpUser, "smtp_tls": how,
			"smtp_ca": p.authority, "from": "Flood desk <" + smtpUser + ">"},
		Secrets: map[string]channels.Secret{"smtp_password": channels.NewSecret(smtpWord, "old"),
			channels.PathSecret: channels.NewSecret(pathSecret, "")},
		Clock: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
		Dial:  (&net.Dialer{}).DialContext}
}

// sendingChannel is one of the kinds that send; they share all of it.
func sendingChannel(t *testing.T, c channels.Config) channels.Sender {
	t.Helper()
	made, err := email.Postmark().New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made.(channels.Sender)
}

func answer() channels.Outbound {
	return channels.Outbound{ID: "out-7", To: channels.Address{Scheme: "mailto", Value: recipient},
		Subject: "Mto umefurika · réponse", Text: "Asante.\nTumepokea: „Kibera“ 🚨\n.\nFrom us", Language: "sw",
		InReplyTo: "m2@mail.example.com/0123456789abcdef", Thread: "m1@mail.example.com"}
}

func TestMailIsSent(t *testing.T) {
	for _, how := range []string{"tls", "starttls", "none"} {
		t.Run(how, func(t *testing.T) {
			p := open(t, how)
			id, err := sendingChannel(t, sendingConfig(p, how)).Send(t.Context(), answer())
			if err != nil || id != "out-7@example.org" {
				t.Fatalf("%q, %v", id, err)
			}
			if len(p.mails()) != 1 {
				t.Fatalf("%d mails", len(p.mails()))
			}
			got := p.mails()[0]
			if diff := cmp.Diff([]string{"example.org", smtpUser, recipient}, []string{got.helo, got.from, got.to}); diff != "" {
				t.Error(diff)
			}
			sent, err := netmail.ReadMessage(bytes.NewReader(got.mail))
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{
				"From": `"Flood desk" <reports@example.org>`, "To": "<bob@example.com>",
				"Message-Id": "<out-7@example.org>", "In-Reply-To": "<m2@mail.example.com>",
				"References": "<m1@mail.example.com> <m2@mail.example.com>", "Date": "Sun, 01 Mar 2026 12:00:00 +0000",
				"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All", "X-Onyo": "1", "Content-Language": "sw",
				"Mime-Version": "1.0", "Content-Type": "text/plain; charset=UTF-8", "Content-Transfer-Encoding": "quoted-printable",
			}
			header := map[string]string{}
			for key := range sent.Header {
				header[key] = sent.Header.Get(key)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(header["Subject"])
			if err != nil || subject != answer().Subject {
				t.Errorf("subject %q, %v", subject, err)
			}
			delete(header, "Subject")
			if diff := cmp.Diff(want, header); diff != "" {
				t.Errorf("headers (more than these tell about us): %s", diff)
			}
			text, err := io.ReadAll(quotedprintable.NewReader(sent.Body))
			if err != nil || strings.TrimRight(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n") != answer().Text {
				t.Errorf("text %q, %v", text, err)
			}
			if name, _ := os.Hostname(); name != "" && name != "localhost" && bytes.Contains(got.mail, []byte(name)) {
				t.Error("the mail names this machine")
			}
		})
	}
}

// The id is the same each time, so that a mail program shows a repeated answer
// once, and it can be written in a Message-ID whatever it was.
func TestMessageIDIsTheOutboundsOwn(t *testing.T) {
	p := open(t, "none")
	s := sendingChannel(t, sendingConfig(p, "none"))
	ids := map[string]bool{}
	for _, own := range []string{"a", "a", "x y\r\nBcc: eve@example.net", "x y\r\nBcc: eve@example.net"} {
		message := answer()
		message.ID = own
		id, err := s.Send(t.Context(), message)
		if err != nil || strings.ContainsAny(id, " \r\n<>") {
			t.Fatalf("%q, %v", id, err)
		}
		ids[id] = true
	}
	if len(ids) != 2 {
		t.Fatalf("%d ids for two messages", len(ids))
	}
}

func TestThread(t *testing.T) {
	for name, tc := range map[string]struct{ inReplyTo, thread, answers, references string }{
		"first answer":     {"m1@x.example/0123456789abcdef", "", "<m1@x.example>", "<m1@x.example>"},
		"thread is itself": {"m1@x.example/0123456789abcdef", "m1@x.example", "<m1@x.example>", "<m1@x.example>"},
		"by its own name":  {"m1@x.example", "", "<m1@x.example>", "<m1@x.example>"},
		"no message id":    {"mail/0123456789abcdef", "", "", ""},
		"nothing":          {"", "", "", ""},
		"not an id":        {"a b@x\r\nBcc: e@x.example/0123456789abcdef", "<script>@x", "", ""},
		"slashes":          {"a/b@x.example/0123456789abcdef", "", "<a/b@x.example>", "<a/b@x.example>"},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, "none")
			message := answer()
			message.InReplyTo, message.Thread = tc.inReplyTo, tc.thread
			if _, err := sendingChannel(t, sendingConfig(p, "none")).Send(t.Context(), message); err != nil {
				t.Fatal(err)
			}
			sent, err := netmail.ReadMessage(bytes.NewReader(p.mails()[0].mail))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tc.answers, tc.references, ""}, []string{sent.Header.Get("In-Reply-To"),
				sent.Header.Get("References"), sent.Header.Get("Bcc")}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSendErrors(t *testing.T) {
	at := func(step string, code int, enhanced ...int) func(*postOffice, *channels.Config) {
		return func(p *postOffice, _ *channels.Config) {
			p.refuse = func(now string) error {
				if now != step {
					return nil
				}
				return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{enhanced[0], enhanced[1], enhanced[2]}, Message: "about " + recipient}
			}
		}
	}
	set := func(key, value string) func(*postOffice, *channels.Config) {
		return func(_ *postOffice, c *channels.Config) { c.Settings[key] = value }
	}
	for name, tc := range map[string]struct {
		bend   func(*postOffice, *channels.Config)
		reason error
		code   string
	}{
		"no such mailbox":   {at("rcpt", 550, 5, 1, 1), channels.ErrPermanent, "550 5.1.1"},
		"sender refused":    {at("mail", 553, 5, 1, 8), channels.ErrPermanent, "553 5.1.8"},
		"content refused":   {at("data", 554, 5, 7, 1), channels.ErrPermanent, "554 5.7.1"},
		"mailbox full":      {at("rcpt", 452, 4, 2, 2), channels.ErrTemporary, "452 4.2.2"},
		"greylisted":        {at("rcpt", 450, 4, 7, 1), channels.ErrThrottled, "450 4.7.1"},
		"too many":          {at("mail", 421, 4, 4, 5), channels.ErrThrottled, "421 4.4.5"},
		"must log in":       {at("mail", 530, 5, 7, 0), channels.ErrTemporary, "530 5.7.0"},
		"wrong password":    {func(_ *postOffice, c *channels.Config) { c.Secrets["smtp_password"] = channels.NewSecret("wrong1", "") }, channels.ErrTemporary, "535"},
		"unknown authority": {set("smtp_ca", ""), channels.ErrTemporary, "certificate"},
		"nobody there":      {set("smtp_server", "127.0.0.1:1"), channels.ErrTemporary, "network"},
		"tls expected":      {set("smtp_tls", "tls"), channels.ErrTemporary, "network"},
		"no network": {func(_ *postOffice, c *channels.Config) {
			c.Dial = func(context.Context, string, string) (net.Conn, error) {
				return nil, errors.New("refused " + recipient)
			}
		}, channels.ErrTemporary, "network"},
		"only listens": {set("smtp_server", ""), channels.ErrPermanent, "no_smtp_server"},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, "starttls")
			c := sendingConfig(p, "starttls")
			tc.bend(p, &c)
			id, err := sendingChannel(t, c).Send(t.Context(), answer())
			var got *channels.SendError
			if !errors.As(err, &got) || !errors.Is(err, tc.reason) || got.Code != tc.code || id != "" {
				t.Fatalf("got %q, %v; want %v (%s)", id, err, tc.reason, tc.code)
			}
			for _, private := range []string{recipient, smtpWord, "wrong1"} {
				if strings.Contains(err.Error(), private) {
					t.Errorf("the error repeats %q", private)
				}
			}
			if len(p.mails()) != 0 {
				t.Error("a mail was taken all the same")
			}
		})
	}
}

// A server that offers no encryption gets neither the password nor the mail.
func TestNothingIsSentInTheClear(t *testing.T) {
	p := open(t, "none")
	if _, err := sendingChannel(t, sendingConfig(p, "starttls")).Send(t.Context(), answer()); !errors.Is(err, channels.ErrTemporary) {
		t.Fatalf("got %v", err)
	}
	if len(p.mails()) != 0 {
		t.Fatal("the mail went unencrypted")
	}
}

func TestAddressesThatCannotBeWrittenTo(t *testing.T) {
	p := open(t, "none")
	s := sendingChannel(t, sendingConfig(p, "none"))
	for _, to := range []channels.Address{{}, {Scheme: "tel", Value: "+254700000001"}, {Scheme: "mailto", Value: "bob"},
		{Scheme: "mailto", Value: "bob@example.com\r\nBcc: eve@example.net"}, {Scheme: "mailto", Value: "a@x.example, b@x.example"}} {
		message := answer()
		message.To = to
		if _, err := s.Send(t.Context(), message); !errors.Is(err, channels.ErrPermanent) {
			t.Errorf("got %v", err)
		}
	}
	message := answer()
	message.Subject = "Hello\r\nBcc: eve@example.net\r\n\r\nbody"
	if _, err := s.Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	sent, err := netmail.ReadMessage(bytes.NewReader(p.mails()[0].mail))
	if err != nil || sent.Header.Get("Bcc") != "" || sent.Header.Get("Subject") != "Hello Bcc: eve@example.net body" {
		t.Fatalf("%v, %v", sent.Header, err)
	}
}

// What the server has taken is sent, even where the connection breaks before the
// goodbye: an error would send it twice.
func TestTakenIsSent(t *testing.T) {
	p := open(t, "none")
	p.hangUp = true
	if _, err := sendingChannel(t, sendingConfig(p, "none")).Send(t.Context(), answer()); err != nil || len(p.mails()) != 1 {
		t.Fatalf("%v, %d mails", err, len(p.mails()))
	}
}

// patient is a connection that no deadline ends.
type patient struct{ net.Conn }

func (patient) SetDeadline(time.Time) error      { return nil }
func (patient) SetReadDeadline(time.Time) error  { return nil }
func (patient) SetWriteDeadline(time.Time) error { return nil }

func TestSendEndsWithItsContext(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never says a word
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := sendingConfig(&postOffice{address: listener.Addr().String()}, "none")
	c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		connection, err := (&net.Dialer{}).DialContext(ctx, network, address)
		cancel()
		return patient{connection}, err
	}
	delete(c.Settings, "smtp_ca")
	if _, err := sendingChannel(t, c).Send(ctx, answer()); !errors.Is(err, channels.ErrTemporary) {
		t.Fatalf("got %v", err)
	}
}

func TestTestButton(t *testing.T) {
	for name, tc := range map[string]struct {
		bend func(*channels.Config)
		want string
	}{
		"good":              {func(*channels.Config) {}, ""},
		"wrong password":    {func(c *channels.Config) { c.Secrets["smtp_password"] = channels.NewSecret("wrong1", "") }, "smtp_password"},
		"wrong port":        {func(c *channels.Config) { c.Settings["smtp_server"] = "127.0.0.1:1" }, "smtp_server"},
		"wrong tls":         {func(c *channels.Config) { c.Settings["smtp_tls"] = "tls" }, "smtp_tls"},
		"unknown authority": {func(c *channels.Config) { c.Settings["smtp_ca"] = "" }, "smtp_ca"},
		"only listens":      {func(c *channels.Config) { c.Settings["smtp_server"] = "" }, "only listens"},
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, "starttls")
			c := sendingConfig(p, "starttls")
			tc.bend(&c)
			err := sendingChannel(t, c).(channels.Tester).Test(t.Context())
			if (err == nil) != (tc.want == "") || err != nil && (!strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "wrong1")) {
				t.Fatalf("got %v, want %q", err, tc.want)
			}
			if len(p.mails()) != 0 {
				t.Fatal("a test sends mail")
			}
		})
	}
}

func TestSendSettings(t *testing.T) {
	for name, tc := range map[string]struct{ key, value string }{
		"no from":              {"from", ""},
		"in the clear, abroad": {"smtp_server", "192.0.2.1:25"},
	} {
		t.Run(name, func(t *testing.T) {
			c := sendingConfig(&postOffice{address: "127.0.0.1:25"}, "none")
			c.Settings[tc.key] = tc.value
			if _, err := email.Postmark().New(c); err == nil {
				t.Fatal("accepted")
			}
		})
	}
	for key, values := range map[string]map[string]bool{
		"smtp_server": {"smtp.example.org:587": true, "[2001:db8::1]:25": true, "smtp.example.org": false, ":25": false, "x:0": false, "x:99999": false},
		"smtp_tls":    {"tls": true, "starttls": true, "none": true, "ssl": false},
		"smtp_ca":     {"secret": false},
		"from":        {"a@example.org": true, "A B <a@example.org>": true, "nobody": false, "a@x.example, b@x.example": false},
		"reply_tag":   {"yes": true, "no": true, "maybe": false},
	} {
		setting, known := email.Postmark().Setting(key)
		if !known {
			t.Fatalf("no setting %s", key)
		}
		for value, good := range values {
			err := setting.Check(value)
			if (err == nil) != good || err != nil && strings.Contains(err.Error(), value) && key != "smtp_server" {
				t.Errorf("%s %q: %v", key, value, err)
			}
		}
	}
}
