package email

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"github.com/onyo-project/onyo/channels"
)

// loginError: the conversation ended before there was anything to send.
type loginError struct{ error }

func (e loginError) Unwrap() error { return e.error }

// converse connects over the channel's own dialler, greets, encrypts, logs in
// and lets do speak; the connection ends with it, and at once when ctx ends.
func (m *mailer) converse(ctx context.Context, do func(*mail.Client, *smtp.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	connection, err := m.config.Dial(ctx, "tcp", net.JoinHostPort(m.host, strconv.Itoa(m.port)))
	if err != nil {
		return loginError{err}
	}
	defer func() { _ = connection.Close() }()
	// go-mail looks at the context only while it dials.
	stop := context.AfterFunc(ctx, func() { _ = connection.Close() })
	defer stop()
	if m.immediate {
		encrypted := tls.Client(connection, m.tls)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return loginError{err}
		}
		connection = encrypted
	}
	client, err := mail.NewClient(m.host, m.options(connection)...)
	if err != nil {
		return loginError{err}
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return loginError{err}
	}
	if err := do(client, session); err != nil {
		return err
	}
	_ = client.CloseWithSMTPClient(session) // the mail is taken, whatever the goodbye
	return nil
}

// options are how to speak over a connection that stands already. The name that
// we greet with is the sender's domain: the default would tell this machine's.
func (m *mailer) options(connection net.Conn) []mail.Option {
	options := []mail.Option{mail.WithPort(m.port), mail.WithTimeout(sendTime), mail.WithHELO(m.domain),
		mail.WithTLSPolicy(mail.NoTLS),
		mail.WithDialContextFunc(func(context.Context, string, string) (net.Conn, error) { return connection, nil })}
	switch {
	case m.immediate:
		options = append(options, mail.WithSSL(), mail.WithTLSConfig(m.tls))
	case m.tls != nil:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory), mail.WithTLSConfig(m.tls))
	}
	if user := m.config.Settings["smtp_username"]; user != "" {
		options = append(options, mail.WithUsername(user), mail.WithPassword(m.password.Current()),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1,
				mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthCramMD5))
	}
	return options
}

// sendFault sorts a failure by the server's reply code and, where it has one,
// its enhanced code (RFC 5321, RFC 3463). Neither the library's text nor the
// server's is passed on: both repeat the address.
func sendFault(err error) *channels.SendError {
	code, enhanced := 0, ""
	var sending *mail.SendError
	var reply *textproto.Error
	switch {
	case errors.As(err, &sending):
		code, enhanced = sending.ErrorCode(), sending.EnhancedStatusCode()
	case errors.As(err, &reply):
		code = reply.Code
	}
	fault := &channels.SendError{Reason: channels.ErrTemporary, Code: strings.TrimSpace(strconv.Itoa(code) + " " + enhanced)}
	var login loginError
	switch {
	case code == 0:
		fault.Code = networkCode(err)
	case errors.As(err, &login), code == 530, code == 535:
		// The channel's values, which somebody will mend: the message waits.
	case code == 421, code/100 == 4 && strings.HasPrefix(enhanced, "4.7."):
		fault.Reason = channels.ErrThrottled
	case code/100 == 5:
		fault.Reason = channels.ErrPermanent
	}
	return fault
}

func networkCode(err error) string {
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		return "certificate"
	case errors.Is(err, mail.ErrNoSupportedAuthDiscovered):
		return "no_login"
	}
	return "network"
}

// hint says what to mend after a test that failed with this code.
func hint(code string) string {
	switch code {
	case "network":
		return "cannot be reached, or speaks no TLS there: check smtp_server and smtp_tls"
	case "certificate":
		return "shows a certificate that cannot be trusted: check the name in smtp_server, or give its authority in smtp_ca"
	case "no_login":
		return "offers no way to log in: check smtp_server and smtp_tls, or leave smtp_username empty"
	}
	if strings.HasPrefix(code, "53") {
		return "does not take the login: check smtp_username and smtp_password"
	}
	return "answers " + code
}
