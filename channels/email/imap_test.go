package email_test

import (
	"testing"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/email"
)

// mailboxPlayer is a mail provider: the real Dovecot behind a wire.
type mailboxPlayer struct {
	*account
	*wire
}

func startMailbox(t *testing.T) *mailboxPlayer {
	server := mailServer(t)
	return &mailboxPlayer{server.account(t), newWire(t, server.address)}
}

func (p *mailboxPlayer) Config() channels.Config {
	return channels.Config{Name: "reports-mailbox",
		Settings: map[string]string{"server": p.address(), "username": p.user, "ca": p.authority, "poll": "1"},
		Secrets:  map[string]channels.Secret{"password": channels.NewSecret(p.password, "")}}
}

func (p *mailboxPlayer) address() string                 { return p.wire.address() }
func (p *mailboxPlayer) Offer(saying channeltest.Saying) { p.deliver(written(saying)) }
func (p *mailboxPlayer) OfferRaw(mail []byte)            { p.deliver(mail) }
func (p *mailboxPlayer) Refuse()                         { p.setPassword("changed-" + p.password) }
func (p *mailboxPlayer) Break()                          { p.cut() }

func TestIMAPConforms(t *testing.T) {
	channeltest.RunRunner(t, channeltest.RunnerSuite{Kind: email.IMAP(), Address: witness,
		Start: func(t *testing.T) channeltest.Provider { return startMailbox(t) }})
}
