package email_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/email"
)

// mailServerOf plays the mail server of those who write: it keeps what was not
// taken and tries again, and gives up what was refused for good, in order.
type mailServerOf struct {
	to      string
	changed chan struct{}
	busy    sync.Mutex // held while a mail is handed over
	mu      sync.Mutex
	queue   [][]byte
	client  *smtp.Client // kept for the next mail
}

func startSender(t *testing.T) *mailServerOf {
	m := &mailServerOf{to: fmt.Sprintf("127.0.0.1:%d", freePort(t)), changed: make(chan struct{}, 1)}
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	go m.deliver(over)
	return m
}

func (m *mailServerOf) deliver(over <-chan struct{}) {
	again := time.NewTicker(20 * time.Millisecond) // how soon it tries again
	defer again.Stop()
	for {
		select {
		case <-over:
			return
		case <-m.changed:
		case <-again.C:
		}
		for m.next() {
		}
	}
}

// next hands over the first mail that waits, and says whether it is gone.
func (m *mailServerOf) next() bool {
	m.busy.Lock()
	defer m.busy.Unlock()
	m.mu.Lock()
	if len(m.queue) == 0 {
		m.mu.Unlock()
		return false
	}
	mail := m.queue[0]
	m.mu.Unlock()
	client, err := m.greeted()
	if err != nil {
		return false
	}
	var refusal *smtp.SMTPError
	err = hand(client, mail, "reports@example.org")
	if refused := errors.As(err, &refusal); err != nil {
		_ = client.Close()
		m.client = nil
		if !refused || refusal.Temporary() {
			return false
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queue = m.queue[1:]
	return true
}

// greeted is the connection that is open, or a new one.
func (m *mailServerOf) greeted() (*smtp.Client, error) {
	if m.client != nil {
		return m.client, nil
	}
	conn, err := net.Dial("tcp", m.to)
	if err != nil {
		return nil, err
	}
	client := smtp.NewClient(conn)
	if err := client.Hello("mx.mail.example"); err != nil {
		_ = client.Close()
		return nil, err
	}
	m.client = client
	return client, nil
}

// hand sends one mail over a connection.
func hand(client *smtp.Client, mail []byte, to ...string) error {
	if err := client.Mail(witness, nil); err != nil {
		return err
	}
	for _, one := range to {
		if err := client.Rcpt(one, nil); err != nil {
			return err
		}
	}
	writer, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := io.Copy(writer, bytes.NewReader(mail)); err != nil {
		return err
	}
	return writer.Close()
}

func (m *mailServerOf) Config() channels.Config {
	return channels.Config{Name: "reports-mx",
		Settings: map[string]string{"listen": m.to, "domain": "mx.example.org", "recipients": "reports@example.org"}}
}

func (m *mailServerOf) Offer(saying channeltest.Saying) { m.OfferRaw(written(saying)) }

func (m *mailServerOf) OfferRaw(mail []byte) {
	m.mu.Lock()
	m.queue = append(m.queue, mail)
	m.mu.Unlock()
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

func (m *mailServerOf) Refuse()       {} // nobody logs in
func (m *mailServerOf) Listens() bool { return true }

// Break drops the connection between two mails: a mail that is broken off comes
// again anyway.
func (m *mailServerOf) Break() {
	m.busy.Lock()
	defer m.busy.Unlock()
	if m.client != nil {
		_ = m.client.Close()
		m.client = nil
	}
}

func TestSMTPConforms(t *testing.T) {
	channeltest.RunRunner(t, channeltest.RunnerSuite{Kind: email.SMTP(), Address: witness,
		Start: func(t *testing.T) channeltest.Provider { return startSender(t) }})
}
