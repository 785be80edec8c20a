package email

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/onyo-project/onyo/channels"
)

// largeHalf is more than a small mail, and less than a whole one here.
var largeHalf = strings.Repeat(strings.Repeat("x", 76)+"\r\n", 2*smallMail/78)

// noNames is a DNS in which nothing is found.
type noNames struct{}

func (noNames) none() error { return &net.DNSError{Err: "no such host", IsNotFound: true} }

func (n noNames) LookupTXT(context.Context, string) ([]string, error)        { return nil, n.none() }
func (n noNames) LookupMX(context.Context, string) ([]*net.MX, error)        { return nil, n.none() }
func (n noNames) LookupIPAddr(context.Context, string) ([]net.IPAddr, error) { return nil, n.none() }
func (n noNames) LookupAddr(context.Context, string) ([]string, error)       { return nil, n.none() }

// counter counts what is handed in.
type counter struct{ atomic.Int32 }

func (*counter) Cursor(context.Context) ([]byte, error) { return nil, nil }

func (c *counter) Accept(_ context.Context, splits []channels.Split, _ []byte) error {
	c.Add(int32(len(splits)))
	return nil
}

// largeWorld is a mail server of ours at work.
type largeWorld struct {
	*testing.T
	server *smtpServer
	inlet  *counter
	conn   net.Conn // of the mail begun last
}

func largeMails(t *testing.T, change func(*smtpServer)) *largeWorld {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	made, err := newSMTP(channels.Config{Name: "mx", Clock: time.Now, Log: slog.New(slog.DiscardHandler), Resolver: noNames{},
		Settings: map[string]string{"listen": address, "domain": "mx.example.org", "recipients": "reports@example.org"}})
	if err != nil {
		t.Fatal(err)
	}
	w := &largeWorld{T: t, server: made.(*smtpServer), inlet: &counter{}}
	change(w.server)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.server.Run(ctx, w.inlet) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return w
}

// until waits for a condition of which nothing tells.
func (w *largeWorld) until(met func() bool) {
	w.Helper()
	for !met() {
		if w.Context().Err() != nil {
			w.Fatal("it does not come about")
		}
		runtime.Gosched()
	}
}

// begin sends the beginning of a mail; end sends the rest and hears the answer.
func (w *largeWorld) begin(name, beginning string) (end func() int) {
	w.Helper()
	w.until(func() (ok bool) {
		var err error
		w.conn, err = net.Dial("tcp", w.server.config.Settings["listen"])
		return err == nil
	})
	client := smtp.NewClient(w.conn)
	w.Cleanup(func() { _ = client.Close() })
	if err := errors.Join(client.Mail("amina@mail.example", nil), client.Rcpt("reports@example.org", nil)); err != nil {
		w.Fatal(err)
	}
	writer, err := client.Data()
	if err != nil {
		w.Fatal(err)
	}
	_, _ = io.WriteString(writer, fmt.Sprintf("From: amina@mail.example\r\nMessage-ID: <%s@mail.example>\r\n\r\n%s", name, beginning))
	return func() int {
		_, _ = io.WriteString(writer, "The end.\r\n")
		var refusal *smtp.SMTPError
		if err := writer.Close(); errors.As(err, &refusal) {
			return refusal.Code
		} else if err != nil {
			return -1
		}
		return 250
	}
}

// fill begins as many large mails as are read at once.
func (w *largeWorld) fill() (ends []func() int) {
	w.Helper()
	for n := range maxLarge {
		ends = append(ends, w.begin(fmt.Sprint("held", n), largeHalf))
	}
	w.until(func() bool { return len(w.server.large) == maxLarge })
	return ends
}

// Of large mails a few are read at once. Who waits too long for a place shall come
// again, and mails as people write them never wait.
func TestSMTPLargeMailsAreBounded(t *testing.T) {
	w := largeMails(t, func(s *smtpServer) { s.patience = time.Millisecond })
	held := w.fill()
	if got := w.begin("ninth", largeHalf)(); got != 451 {
		t.Errorf("one too many: %d", got)
	}
	if got := w.begin("small", "The bridge is gone.\r\n")(); got != 250 {
		t.Errorf("a small one meanwhile: %d", got)
	}
	for n, end := range held {
		if got := end(); got != 250 {
			t.Errorf("held %d: %d", n, got)
		}
	}
	w.until(func() bool { return len(w.server.large) == 0 })
	if got := w.begin("ninth", largeHalf)(); got != 250 || w.inlet.Load() != maxLarge+2 {
		t.Errorf("when it comes again: %d, %d mails kept", got, w.inlet.Load())
	}
}

// Who waits is taken as soon as there is a place; what is refused or breaks off
// makes one too.
func TestSMTPLargeMailsWait(t *testing.T) {
	w := largeMails(t, func(s *smtpServer) { s.patience = time.Hour })
	held := w.fill()
	answers := make(chan int, maxLarge)
	for n := range maxLarge {
		end := w.begin(fmt.Sprint("waits", n), largeHalf)
		go func() { answers <- end() }()
	}
	for _, end := range held {
		if got := end(); got != 250 {
			t.Errorf("held: %d", got)
		}
	}
	for range maxLarge {
		if got := <-answers; got != 250 {
			t.Errorf("waited: %d", got)
		}
	}
	w.until(func() bool { return len(w.server.large) == 0 })
	if got := w.begin("huge", strings.Repeat(largeHalf, 1+mailBytes/len(largeHalf)))(); got != 552 {
		t.Errorf("too large: %d", got)
	}
	w.until(func() bool { return len(w.server.large) == 0 })
}

// Who says a word a minute does not keep a place: the connection ends.
func TestSMTPSlowLargeMailsEnd(t *testing.T) {
	w := largeMails(t, func(s *smtpServer) { s.slowness = time.Millisecond })
	w.begin("slow", largeHalf)
	if n, err := w.conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("heard %d bytes", n)
	}
	w.until(func() bool { return len(w.server.large) == 0 })
	if n := w.inlet.Load(); n != 0 {
		t.Errorf("%d kept", n)
	}
}
