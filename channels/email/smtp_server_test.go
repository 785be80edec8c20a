package email_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/email"
)

// receiver is a mail server of ours at work.
type receiver struct {
	address string
	runner  channels.Runner
	inlet   *collector
	end     func()
}

func receiving(t *testing.T, pairs ...string) *receiver {
	t.Helper()
	r := &receiver{address: fmt.Sprintf("127.0.0.1:%d", freePort(t)), inlet: newCollector()}
	settings := map[string]string{"listen": r.address, "domain": "mx.example.org", "recipients": "reports@example.org, *@field.example"}
	for i := 0; i < len(pairs); i += 2 {
		settings[pairs[i]] = pairs[i+1]
	}
	r.runner = built(t, email.SMTP(), channels.Config{Name: "mx", Settings: settings})
	r.end = running(t, r.runner, r.inlet)
	r.connect(t) // it listens
	return r
}

// connect greets it, as soon as it listens.
func (r *receiver) connect(t *testing.T) *smtp.Client {
	t.Helper()
	for t.Context().Err() == nil {
		conn, err := net.Dial("tcp", r.address)
		if err != nil {
			continue // nothing tells when another goroutine listens
		}
		client := smtp.NewClient(conn)
		t.Cleanup(func() { _ = client.Close() })
		if err := client.Hello("mx.mail.example"); err != nil {
			t.Fatal(err)
		}
		return client
	}
	t.Fatal("it does not listen")
	return nil
}

// code is what a server answered: 0 for no refusal.
func code(err error) int {
	var refusal *smtp.SMTPError
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	if err != nil {
		return -1
	}
	return 0
}

// Mail for our addresses is taken, whatever the tag; nothing is passed on.
func TestSMTPRecipients(t *testing.T) {
	client := receiving(t).connect(t)
	for to, want := range map[string]int{
		"reports@example.org": 0, "Reports@Example.ORG": 0, "reports+o7@example.org": 0, "anyone@field.example": 0,
		"other@example.org": 550, "reports@elsewhere.example": 550, "reports@example.org@elsewhere.example": 550, "postmaster": 550,
		"reports%elsewhere.example@example.org": 550, "@elsewhere.example:other@example.org": 550,
	} {
		if err := client.Mail(witness, nil); err != nil {
			t.Fatal(err)
		}
		if got := code(client.Rcpt(to, nil)); got != want && !(want == 550 && got/100 == 5) {
			t.Errorf("%s: %d, want %d", to, got, want)
		}
		if err := client.Reset(); err != nil {
			client = receiving(t).connect(t) // three errors end a conversation
		}
	}
}

// What cannot be kept is not taken: the sender's server tries again.
func TestSMTPTakesOnlyWhatIsKept(t *testing.T) {
	r := receiving(t)
	mail := written(channeltest.Saying{ID: "k", Text: "Kept once."})
	r.inlet.fails = errors.New("disk full")
	if got := code(hand(r.connect(t), mail, "reports@example.org")); got != 451 {
		t.Fatalf("answered %d", got)
	}
	r.inlet.mu.Lock()
	r.inlet.fails = nil
	r.inlet.mu.Unlock()
	if got := code(hand(r.connect(t), mail, "reports@example.org", "amina@field.example")); got != 0 {
		t.Fatalf("answered %d", got)
	}
	if got := texts(t, r.runner, r.inlet.all()); len(got) != 1 || got[0] != "Kept once." {
		t.Fatalf("kept %q", got)
	}
}

func TestSMTPLimits(t *testing.T) {
	r := receiving(t)
	sized := func(n int) []byte {
		mail := written(channeltest.Saying{ID: fmt.Sprint("n", n), Text: "Large."})
		lines := bytes.Repeat([]byte(strings.Repeat("x", 76)+"\r\n"), (n-len(mail))/78)
		mail = append(mail, lines...)
		return append(mail, append(bytes.Repeat([]byte("y"), n-len(mail)-2), "\r\n"...)...)
	}
	hops := append([]byte(strings.Repeat("Received: from a by b; Mon, 2 Mar 2026 10:00:00 +0000\r\n", 51)), written(channeltest.Saying{ID: "h", Text: "Round."})...)
	long := written(channeltest.Saying{ID: "l", Text: strings.Repeat("a line as some programs write it ", 10_000)})
	for name, tc := range map[string]struct {
		mail []byte
		want int
	}{
		"at the limit":   {sized(25 << 20), 0},
		"over the limit": {sized(25<<20 + 1), 552},
		"in circles":     {hops, 554},
		"a long line":    {long, 0},
		"nothing":        {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := code(hand(r.connect(t), tc.mail, "reports@example.org")); got != tc.want {
				t.Errorf("answered %d, want %d", got, tc.want)
			}
		})
	}
}

// A conversation that breaks off in the middle of a mail leaves nothing; the mail
// comes whole when it comes again.
func TestSMTPBrokenOff(t *testing.T) {
	r := receiving(t)
	mail := written(channeltest.Saying{ID: "b", Text: "Whole."})
	for cut := range len(mail) / 8 {
		client := r.connect(t)
		if err := errors.Join(client.Mail(witness, nil), client.Rcpt("reports@example.org", nil)); err != nil {
			t.Fatal(err)
		}
		writer, err := client.Data()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = writer.Write(mail[:cut*8])
		_ = client.Close()
	}
	if got := code(hand(r.connect(t), mail, "reports@example.org")); got != 0 {
		t.Fatalf("answered %d", got)
	}
	r.end()
	if got := texts(t, r.runner, r.inlet.all()); len(got) != 1 || got[0] != "Whole." {
		t.Fatalf("kept %q", got)
	}
}

func TestSMTPAtOnce(t *testing.T) {
	r := receiving(t)
	mails, _ := sayings(0, 40)
	var all sync.WaitGroup
	for _, mail := range mails {
		client := r.connect(t)
		all.Go(func() {
			if err := hand(client, mail, "reports@example.org"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	ids := map[string]bool{}
	for _, split := range r.inlet.all() {
		ids[split.ProviderID] = true
	}
	if len(ids) != len(mails) || len(r.inlet.all()) != len(mails) {
		t.Fatalf("%d mails, %d identities of %d", len(r.inlet.all()), len(ids), len(mails))
	}
}

// One connection too many hears that it should come again.
func TestSMTPTooManyConnections(t *testing.T) {
	r := receiving(t)
	var open []net.Conn
	defer func() {
		for _, conn := range open {
			_ = conn.Close()
		}
	}()
	for range 150 {
		conn, err := net.Dial("tcp", r.address)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, conn)
		greeting := make([]byte, 3)
		if _, err := conn.Read(greeting); err != nil {
			t.Fatal(err)
		}
		if string(greeting) == "421" {
			return
		}
	}
	t.Fatal("150 connections were let in")
}

// The sender of the envelope is kept; without one a mail is a bounce.
func TestSMTPEnvelope(t *testing.T) {
	r := receiving(t)
	client := r.connect(t)
	if err := errors.Join(client.Mail("", nil), client.Rcpt("reports@example.org", nil)); err != nil {
		t.Fatal(err)
	}
	writer, err := client.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write(written(channeltest.Saying{ID: "e", Text: "Undeliverable"})); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if split := r.inlet.all()[0]; split.Nature != channels.Other || split.Why != "bounce" {
		t.Fatalf("a mail without a sender is %s (%s)", split.Nature, split.Why)
	}
}

// An answer to an address with a tag finds what it answers without In-Reply-To.
func TestSMTPTaggedAnswer(t *testing.T) {
	r := receiving(t)
	mail := bytes.Replace(written(channeltest.Saying{ID: "t", Text: "Still here."}), []byte("To: reports@"), []byte("To: reports+o7@"), 1)
	if err := hand(r.connect(t), mail, "reports+o7@example.org"); err != nil {
		t.Fatal(err)
	}
	messages, err := r.runner.Parse(r.inlet.all()[0].Raw)
	if err != nil || messages[0].ReplyTo != "o7@example.org" {
		t.Fatalf("answers %q (%v)", messages[0].ReplyTo, err)
	}
}

func TestSMTPEncrypts(t *testing.T) {
	certificate, authority := selfSigned(t)
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	certFile, keyFile := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for path, content := range map[string][]byte{certFile: []byte(authority), keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := receiving(t, "tls_cert", certFile, "tls_key", keyFile)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(authority))
	conn, err := net.Dial("tcp", r.address)
	if err != nil {
		t.Fatal(err)
	}
	client, err := smtp.NewClientStartTLS(conn, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	if err := hand(client, written(channeltest.Saying{ID: "s", Text: "Sealed."}), "reports@example.org"); err != nil {
		t.Fatal(err)
	}
	if got := texts(t, r.runner, r.inlet.all()); len(got) != 1 || got[0] != "Sealed." {
		t.Fatalf("kept %q", got)
	}
	if err := r.runner.(channels.Tester).Test(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestSMTPSettings(t *testing.T) {
	good := map[string]string{"domain": "mx.example.org", "recipients": "reports@example.org"}
	if err := email.SMTP().Check(good); err != nil {
		t.Fatal(err)
	}
	for key, values := range map[string][]string{
		"listen": {"25", ":x:y", "example.org:25"}, "domain": {"", "mx example", "-"}, "recipients": {"", "reports", "@example.org", "a@b c"}, "lists": {"maybe"},
	} {
		for _, value := range values {
			bad := map[string]string{"domain": good["domain"], "recipients": good["recipients"], key: value}
			if err := email.SMTP().Check(bad); err == nil || !strings.Contains(err.Error(), key) {
				t.Errorf("%s=%q: %v", key, value, err)
			}
		}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	runner := built(t, email.SMTP(), channels.Config{Settings: map[string]string{"listen": taken.Addr().String(), "domain": "mx.example.org", "recipients": "reports@example.org"}})
	if err := runner.Run(context.Background(), newCollector()); err == nil || !strings.Contains(err.Error(), "cannot listen") {
		t.Errorf("Run at a port that is taken: %v", err)
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	if err := runner.(channels.Tester).Test(t.Context()); err == nil {
		t.Error("nothing answers, and the test is good")
	}
}
