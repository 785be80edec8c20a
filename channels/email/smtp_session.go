package email

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/onyo-project/onyo/channels"
)

// smtpSession is one sender's conversation.
type smtpSession struct {
	server *smtpServer
	ctx    context.Context //nolint:containedctx // of the Run that this session is part of
	inlet  channels.Inlet
	conn   *smtp.Conn
	busy   *sync.RWMutex // read-locked while a mail is taken
	from   string
	to     int
}

func refuse(code int, enhanced smtp.EnhancedCode, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}

// Reset forgets the mail that was begun.
func (s *smtpSession) Reset() { s.from, s.to = "", 0 }

// Logout ends the conversation.
func (s *smtpSession) Logout() error { return nil }

// Mail begins a mail; whoever sends it may.
func (s *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

// Rcpt takes an address of ours and refuses to pass mail on to others.
func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch ours, local := s.server.takes(to); {
	case ours:
		s.to++
		return nil
	case local:
		return refuse(550, smtp.EnhancedCode{5, 1, 1}, "No such address here")
	}
	return refuse(550, smtp.EnhancedCode{5, 7, 1}, "This server passes no mail on")
}

// Data takes the mail itself. Where it came from serves the checks and is not
// kept.
func (s *smtpSession) Data(reader io.Reader) error {
	s.busy.RLock()
	defer s.busy.RUnlock()
	stop := context.AfterFunc(s.ctx, func() { _ = s.conn.Conn().Close() })
	defer stop()
	if s.ctx.Err() != nil {
		return refuse(421, smtp.EnhancedCode{4, 3, 2}, "Closing; try again later")
	}
	body, done, err := s.read(reader)
	if err != nil {
		return err //nolint:wrapcheck // go-smtp's own, as too large
	}
	defer done()
	if hops(body) > maxHops {
		return refuse(554, smtp.EnhancedCode{5, 4, 6}, "This mail goes in circles")
	}
	found := checks(s.ctx, s.server.config.Resolver, body, origin{Client: s.client(), Helo: s.conn.Hostname(), From: s.from})
	split := s.server.split(body, found, map[string]string{envelopeFrom: channels.Clean(s.from)})
	if s.ctx.Err() != nil {
		return refuse(421, smtp.EnhancedCode{4, 3, 2}, "Closing; try again later")
	}
	if err := s.inlet.Accept(s.ctx, []channels.Split{split}, nil); err != nil {
		s.server.config.Log.Error("mail server: not accepted", "channel", s.server.config.Name, "bytes", len(body))
		return refuse(451, smtp.EnhancedCode{4, 3, 0}, "Cannot keep it now; try again later")
	}
	s.server.config.Log.Debug("mail server: accepted", "channel", s.server.config.Name, "bytes", len(body))
	return nil
}

// read takes the body. A large one has its place among the large until done.
func (s *smtpSession) read(reader io.Reader) (body []byte, done func(), err error) {
	if body, err = io.ReadAll(io.LimitReader(reader, smallMail+1)); err != nil || len(body) <= smallMail {
		return body, func() {}, err //nolint:wrapcheck // go-smtp's own
	}
	tired := time.NewTimer(s.server.patience)
	defer tired.Stop()
	select {
	case s.server.large <- struct{}{}:
	case <-tired.C:
		return nil, nil, refuse(451, smtp.EnhancedCode{4, 3, 2}, "Too many large mails at once; try again later")
	case <-s.ctx.Done():
		return nil, nil, refuse(421, smtp.EnhancedCode{4, 3, 2}, "Closing; try again later")
	}
	done = func() { <-s.server.large }
	slow := time.AfterFunc(s.server.slowness, func() { _ = s.conn.Conn().Close() })
	defer slow.Stop()
	if body, err = io.ReadAll(io.MultiReader(bytes.NewReader(body), reader)); err != nil {
		done()
		return nil, nil, err //nolint:wrapcheck // go-smtp's own, as too large
	}
	return body, done, nil
}

// client is where the mail comes from; nil where a server of our own passed it
// on, of which SPF knows nothing.
func (s *smtpSession) client() net.IP {
	address, ok := s.conn.Conn().RemoteAddr().(*net.TCPAddr)
	if !ok || address.IP.IsLoopback() || address.IP.IsPrivate() || address.IP.IsLinkLocalUnicast() {
		return nil
	}
	return address.IP
}

// hops counts the servers that a mail says to have passed.
func hops(body []byte) int {
	header, _ := cutHeader(bytes.TrimLeft(body, "\r\n"), ofMail)
	return len(header.Values("Received"))
}

// quietLog keeps what go-smtp tells of its faults, addresses and all, out of the
// log.
type quietLog struct{ config channels.Config }

func (l quietLog) Printf(format string, _ ...any) {
	if strings.HasPrefix(format, "panic") {
		l.config.Log.Error("mail server: fault", "channel", l.config.Name)
	}
}

func (l quietLog) Println(...any) {}
