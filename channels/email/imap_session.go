package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"
)

// open connects, encrypts, logs in and opens the mailbox.
func (r *imapReader) open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	conn, err := r.box.config.Dial(ctx, "tcp", r.box.address)
	if err != nil {
		return fmt.Errorf("mailbox: connect: %w", err)
	}
	r.conn = conn
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if err := r.greet(ctx); err != nil {
		_ = conn.Close()
		return err
	}
	if err := r.login(); err != nil {
		r.close()
		return err
	}
	selected, err := r.client.Select(r.box.config.Settings["mailbox"], &imap.SelectOptions{ReadOnly: r.box.config.Settings["after"] != "seen"}).Wait()
	if err != nil {
		r.close()
		if answered(err) {
			return errMailbox
		}
		return fmt.Errorf("mailbox: open: %w", err)
	}
	r.at = imapCursor{Validity: selected.UIDValidity}
	return nil
}

// greet begins the conversation, encrypted as the channel says.
func (r *imapReader) greet(ctx context.Context) (err error) {
	r.news = make(chan struct{}, 1)
	news := r.news
	options := &imapclient.Options{TLSConfig: r.box.tls, UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(data *imapclient.UnilateralDataMailbox) {
			if data.NumMessages == nil {
				return
			}
			select {
			case news <- struct{}{}:
			default:
			}
		}}}
	switch r.box.how {
	case "starttls":
		r.client, err = imapclient.NewStartTLS(r.conn, options)
	case "none":
		r.client = imapclient.New(r.conn, options)
	default:
		encrypted := tls.Client(r.conn, r.box.tls)
		if err = encrypted.HandshakeContext(ctx); err == nil {
			r.client = imapclient.New(encrypted, options)
		}
	}
	if err == nil {
		err = r.client.WaitGreeting()
	}
	var invalid *tls.CertificateVerificationError
	if errors.As(err, &invalid) || errors.As(err, new(x509.UnknownAuthorityError)) || errors.As(err, new(x509.HostnameError)) {
		return errCertificate
	}
	if err != nil {
		return fmt.Errorf("mailbox: greet: %w", err)
	}
	return nil
}

// login tries the password, then the one before it.
func (r *imapReader) login() error {
	var last error
	if r.box.password.Any(func(password string) bool {
		if last != nil && !answered(last) {
			return false
		}
		last = r.loginWith(password)
		return last == nil
	}) {
		return nil
	}
	var refusal *imap.Error
	if errors.As(last, &refusal) && refusal.Type == imap.StatusResponseTypeNo && !passing(refusal.Code) {
		return errLogin
	}
	return fmt.Errorf("mailbox: log in: %w", last)
}

func (r *imapReader) loginWith(password string) error {
	if r.client.State() != imap.ConnStateNotAuthenticated {
		return nil
	}
	user := r.box.config.Settings["username"]
	if caps := r.client.Caps(); caps.Has(imap.CapLoginDisabled) {
		return r.client.Authenticate(sasl.NewPlainClient("", user, password))
	}
	return r.client.Login(user, password).Wait()
}

// passing are refusals that say nothing about the password.
func passing(code imap.ResponseCode) bool {
	return code == imap.ResponseCodeUnavailable || code == imap.ResponseCodeInUse || code == imap.ResponseCodeLimit ||
		code == imap.ResponseCodeServerBug
}

// answered: the server said no; the connection stands.
func answered(err error) bool { return errors.As(err, new(*imap.Error)) }

// faultCode names a fault without a word of the server's.
func faultCode(err error) string {
	var refusal *imap.Error
	switch {
	case errors.As(err, &refusal) && refusal.Code != "":
		return string(refusal.Code)
	case errors.As(err, &refusal):
		return string(refusal.Type)
	}
	return "network"
}

func (r *imapReader) close() {
	if r.client != nil {
		_ = r.client.Close()
	}
	_ = r.conn.Close()
}

// watch ends the connection when the server takes longer than limit to answer.
func (r *imapReader) watch(limit time.Duration) (done func()) {
	timer := time.AfterFunc(limit, func() { _ = r.conn.Close() })
	return func() { timer.Stop() }
}
