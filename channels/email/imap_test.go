package email_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// texts are what the accepted mails say, in order.
func texts(t *testing.T, reader channels.Adapter, splits []channels.Split) []string {
	t.Helper()
	var all []string
	for _, split := range splits {
		messages, err := reader.Parse(split.Raw)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, messages[0].Text)
	}
	return all
}

func sayings(from, to int) (mails [][]byte, said []string) {
	for i := from; i < to; i++ {
		text := fmt.Sprintf("Water at door %d.", i)
		mails, said = append(mails, written(channeltest.Saying{ID: fmt.Sprint("m", i), Text: text})), append(said, text)
	}
	return mails, said
}

// A mailbox read by a process that is stopped again and again, while mail comes,
// gives each mail once.
func TestIMAPRestartsNeitherRepeatNorSkip(t *testing.T) {
	const mails, lives = 120, 12
	box := startMailbox(t)
	inlet := newCollector()
	all, said := sayings(0, mails)
	var last channels.Runner
	for life := range lives {
		last = built(t, email.IMAP(), box.Config())
		end := running(t, last, inlet)
		for _, mail := range all[life*mails/lives : (life+1)*mails/lives] {
			box.deliver(mail)
		}
		inlet.await(t, life*mails/lives+1+life%3) // in the middle of the work
		end()
	}
	running(t, built(t, email.IMAP(), box.Config()), inlet)
	got := texts(t, last, inlet.await(t, mails))
	if diff := cmp.Diff(slices.Sorted(slices.Values(said)), slices.Sorted(slices.Values(got))); diff != "" {
		t.Fatal(diff)
	}
}

// What the inlet does not keep comes again, and the cursor stays behind it.
func TestIMAPCursorNeverLeads(t *testing.T) {
	box := startMailbox(t)
	inlet := newCollector()
	inlet.fails = errors.New("disk full")
	first, said := sayings(0, 3)
	for _, mail := range first {
		box.deliver(mail)
	}
	err := built(t, email.IMAP(), box.Config()).Run(t.Context(), inlet)
	if !errors.Is(err, inlet.fails) {
		t.Fatalf("Run: %v", err)
	}
	inlet.fails = nil
	runner := built(t, email.IMAP(), box.Config())
	running(t, runner, inlet)
	if diff := cmp.Diff(said, texts(t, runner, inlet.await(t, 3))); diff != "" {
		t.Fatal(diff)
	}
}

// A mailbox that was numbered anew is read from its beginning; what was there
// before is the same message.
func TestIMAPNumberedAnew(t *testing.T) {
	box := startMailbox(t)
	inlet := newCollector()
	before, _ := sayings(0, 3)
	for _, mail := range before {
		box.deliver(mail)
	}
	end := running(t, built(t, email.IMAP(), box.Config()), inlet)
	inlet.await(t, 3)
	end()
	box.forgetUIDs()
	after, _ := sayings(3, 5)
	for _, mail := range after {
		box.deliver(mail)
	}
	running(t, built(t, email.IMAP(), box.Config()), inlet)
	ids := map[string]int{}
	for _, split := range inlet.await(t, 8) {
		ids[split.ProviderID]++
	}
	if len(ids) != 5 {
		t.Fatalf("5 mails have %d identities", len(ids))
	}
}

// A server that does not tell by itself is asked.
func TestIMAPWithoutIdle(t *testing.T) {
	box := startMailbox(t)
	deaf := newWire(t, box.plain, " IDLE")
	config := box.Config()
	config.Settings["server"], config.Settings["tls"] = deaf.address(), "none"
	inlet := newCollector()
	runner := built(t, email.IMAP(), config)
	running(t, runner, inlet)
	mails, said := sayings(0, 3)
	for i, mail := range mails {
		box.deliver(mail)
		inlet.await(t, i+1)
	}
	if diff := cmp.Diff(said, texts(t, runner, inlet.all())); diff != "" {
		t.Fatal(diff)
	}
}

func TestIMAPMarksOnlyWhereTold(t *testing.T) {
	for after, want := range map[string]int{"keep": 0, "seen": 2} {
		t.Run(after, func(t *testing.T) {
			box := startMailbox(t)
			config := box.Config()
			config.Settings["after"] = after
			inlet := newCollector()
			mails, _ := sayings(0, 3)
			end := running(t, built(t, email.IMAP(), config), inlet)
			for i, mail := range mails { // the third is accepted after the first two were marked
				box.deliver(mail)
				inlet.await(t, i+1)
			}
			end()
			if n := box.flagged("S"); n < want || want == 0 && n > 0 {
				t.Errorf("%d of 3 mails are marked as read", n)
			}
		})
	}
}

func TestIMAPConnections(t *testing.T) {
	box := startMailbox(t)
	_, other := selfSigned(t)
	plain := newWire(t, box.plain)
	set := func(pairs ...string) channels.Config {
		config := box.Config()
		for i := 0; i < len(pairs); i += 2 {
			config.Settings[pairs[i]] = pairs[i+1]
		}
		return config
	}
	wrong := box.Config()
	wrong.Secrets = map[string]channels.Secret{"password": channels.NewSecret("nearly", "")}
	rotated := box.Config()
	rotated.Secrets = map[string]channels.Secret{"password": channels.NewSecret("the-next-one", box.password)}
	for name, tc := range map[string]struct {
		config channels.Config
		want   string
	}{
		"tls":                {set(), ""},
		"starttls":           {set("server", plain.address(), "tls", "starttls"), ""},
		"in the clear":       {set("server", plain.address(), "tls", "none"), ""},
		"password before":    {rotated, ""},
		"unknown authority":  {set("ca", other), "certificate"},
		"system's":           {set("ca", ""), "certificate"},
		"starttls, unknown":  {set("server", plain.address(), "tls", "starttls", "ca", other), "certificate"},
		"wrong password":     {wrong, "refuses user name or password"},
		"no such mailbox":    {set("mailbox", "Elsewhere"), "no such mailbox"},
		"nobody there":       {set("server", fmt.Sprintf("127.0.0.1:%d", freePort(t))), "cannot be reached"},
		"tls to a plain one": {set("server", plain.address()), "cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			err := built(t, email.IMAP(), tc.config).(channels.Tester).Test(t.Context())
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want %q", err, tc.want)
			}
			if err != nil && (strings.Contains(err.Error(), box.user) || strings.Contains(err.Error(), "nearly")) {
				t.Errorf("the error repeats what was configured: %v", err)
			}
		})
	}
}

func TestIMAPInTheClearOnlyOnThisMachine(t *testing.T) {
	_, err := email.IMAP().New(channels.Config{Settings: map[string]string{"server": "imap.example.org:143", "tls": "none", "username": "u"},
		Secrets: map[string]channels.Secret{"password": channels.NewSecret("p", "")}})
	if err == nil || !strings.Contains(err.Error(), "tls") {
		t.Fatalf("got %v", err)
	}
}

// A mail over the limit is kept as far as the limit goes.
func TestIMAPOverTheLimit(t *testing.T) {
	box := startMailbox(t)
	inlet := newCollector()
	mail := append(written(channeltest.Saying{ID: "large", Text: "The dam leaks."}), bytes.Repeat([]byte("All its pictures.\r\n"), 25<<20/19+1)...)
	box.deliver(mail)
	small, _ := sayings(0, 1)
	box.deliver(small[0])
	runner := built(t, email.IMAP(), box.Config())
	running(t, runner, inlet)
	got := inlet.await(t, 2)
	_, body, err := channels.Unpack(got[0].Raw)
	if err != nil || len(body) != 25<<20 {
		t.Fatalf("%d bytes are kept (%v)", len(body), err)
	}
	if said := texts(t, runner, got); !strings.HasPrefix(said[0], "The dam leaks.") || said[1] != "Water at door 0." {
		t.Fatalf("they say %.60q, %q", said[0], said[1])
	}
}
