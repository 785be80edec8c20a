package outbox_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/outbox"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/storetest"
	"github.com/onyo-project/onyo/pkg/vault"
)

// provider is somebody else's network: it answers what it is told to.
type provider struct {
	mu      sync.Mutex
	sent    []channels.Outbound
	answers []error
}

func (p *provider) Send(_ context.Context, out channels.Outbound) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var err error
	if len(p.answers) > 0 {
		err, p.answers = p.answers[0], p.answers[1:]
	}
	if err != nil {
		return "", err
	}
	p.sent = append(p.sent, out)
	return "SM" + out.ID, nil
}

func (*provider) Parse([]byte) ([]channels.Message, error) { return nil, errors.New("none") }

// place is an outbox over a real store, with one channel.
type place struct {
	t        *testing.T
	store    *store.Store
	keys     *vault.Keys
	outbox   *outbox.Outbox
	provider *provider
	channel  *crisis.Channel
	way      outbox.Way
	log      bytes.Buffer
	late     time.Duration
}

func (p *place) clock() time.Time { return crisis.Moment(time.Now().Add(p.late)) }

func (p *place) id() crisis.ID {
	id, err := crisis.NewID(p.clock(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	return id
}

func (p *place) write(change crisis.Change) {
	p.t.Helper()
	change.Actor, change.At = crisis.SystemActor("test"), p.clock()
	if change.Action == "" {
		change.Action = "test.put"
	}
	if _, err := p.store.Write(p.t.Context(), change); err != nil {
		p.t.Fatal(err)
	}
}

func both(t *testing.T, test func(t *testing.T, p *place)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newPlace(t, storetest.SQLite(t))) })
	t.Run("postgres", func(t *testing.T) { test(t, newPlace(t, storetest.Postgres(t))) })
}

func newPlace(t *testing.T, url string) *place {
	p := &place{t: t, provider: &provider{}}
	p.way = outbox.Way{Sender: p.provider, TextBytes: 1600}
	options := storetest.Options(t, url)
	options.Clock = p.clock
	p.keys = options.Keys
	p.store = storetest.OpenerWith(t, options)()
	p.outbox = outbox.New(outbox.Options{Store: p.store, Keys: p.keys, PublicURL: "https://onyo.example", Holder: "test", Clock: p.clock, Rand: rand.Reader,
		Log: slog.New(slog.NewTextHandler(&p.log, nil)),
		Way: func(crisis.ID) (outbox.Way, bool) { return p.way, true },
		Read: func(context.Context, *crisis.Message) ([]channels.Message, error) {
			return []channels.Message{{ProviderID: "SMin", From: channels.Address{Scheme: "tel", Value: "+254700000002"}, Thread: "t1"}}, nil
		}})
	p.channel = &crisis.Channel{Meta: crisis.First(p.id(), p.clock(), "system:test"), Name: "c", Kind: "k", Enabled: true,
		Settings: map[string]string{"replies": "on", "send_rate": "6000"}}
	p.write(crisis.Change{Put: []crisis.Record{p.channel}})
	return p
}

func (p *place) set(key, value string) {
	p.t.Helper()
	next := *p.channel
	next.Meta = p.channel.Next(p.clock(), "system:test")
	next.Settings = map[string]string{}
	for k, v := range p.channel.Settings {
		next.Settings[k] = v
	}
	next.Settings[key] = value
	p.write(crisis.Change{Put: []crisis.Record{&next}})
	p.channel = &next
}

// report is one that came by text message and was triaged.
func (p *place) report(change func(*crisis.Source, *crisis.Report)) *crisis.Report {
	p.t.Helper()
	head := func() crisis.Meta { return crisis.First(p.id(), p.clock(), "system:test") }
	message := &crisis.Message{Meta: head(), Channel: p.channel.ID, Direction: crisis.Inbound, Kind: crisis.KindReport, Raw: []byte("raw")}
	source := &crisis.Source{Meta: head(), Channel: p.channel.ID, Kind: crisis.SourceWitness, Pseudonym: "Heron-1", Reliability: "F",
		Address: "tel:+254700000002", Language: "sw"}
	id := p.id()
	source.Index = [32]byte(append(id[:], id[:]...))
	report := &crisis.Report{Meta: head(), Channel: p.channel.ID, Source: source.ID, Message: message.ID, Text: "Maji", Language: "sw", ReceivedAt: p.clock(),
		Occurred: crisis.EventTime{From: p.clock(), To: p.clock(), Precision: crisis.PrecisionUnknown}}
	if change != nil {
		change(source, report)
	}
	link := &crisis.MessageReport{Meta: head(), Message: message.ID, Report: report.ID, Reason: "opened"}
	p.write(crisis.Change{Put: []crisis.Record{message, source, report, link}})
	p.write(crisis.Change{Then: crisis.Effects{Advance: &crisis.Cursor{Consumer: "triage", Next: 1 << 40}}})
	return report
}

func (p *place) step() {
	p.t.Helper()
	if err := p.outbox.Step(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) reply(report *crisis.Report, text string) (*crisis.Message, error) {
	return p.outbox.Reply(p.t.Context(), "person:1", report, text, crisis.Guard{})
}

// state is where the only message about a report stands.
func (p *place) state(report *crisis.Report) crisis.Delivery {
	p.t.Helper()
	sent, err := p.outbox.Of(p.t.Context(), report.ID)
	if err != nil || len(sent) != 1 {
		p.t.Fatalf("%d messages: %v", len(sent), err)
	}
	return sent[0].Delivery
}

func TestAReplyIsQueuedThenSent(t *testing.T) {
	both(t, func(t *testing.T, p *place) {
		report := p.report(nil)
		if _, err := p.reply(report, " Ni wapi? "); err != nil {
			t.Fatal(err)
		}
		if state := p.state(report).State; state != crisis.DeliveryQueued {
			t.Errorf("before anything left it is %s", state)
		}
		p.step()
		if state := p.state(report); state.State != crisis.DeliverySent || state.Attempts != 1 {
			t.Errorf("after it left: %+v", state)
		}
		if len(p.provider.sent) != 1 {
			t.Fatalf("%d messages left", len(p.provider.sent))
		}
		out := p.provider.sent[0]
		if out.Text != "Ni wapi?" || out.To.Value != "+254700000002" || out.InReplyTo != "SMin" || out.Thread != "t1" || out.Heard.IsZero() || out.Language != "sw" {
			t.Errorf("it left as %+v to %q", out.InReplyTo, out.To.Value)
		}
		p.step()
		if len(p.provider.sent) != 1 {
			t.Error("it left twice")
		}
		if found, err := p.store.DeliveryOf(t.Context(), p.channel.ID, p.keys.Dedupe(p.channel.ID.String(), "SM"+out.ID)); err != nil || found.State != crisis.DeliverySent {
			t.Errorf("its provider's id does not find it: %v", err)
		}
		if strings.Contains(p.log.String(), "+254") || strings.Contains(p.log.String(), "wapi") {
			t.Error("the log tells whom or what")
		}
	})
}

// The first answer of a day says whom to call in danger, in the sender's language;
// the next ones need not.
func TestTheFirstReplySaysWhomToCall(t *testing.T) {
	p := newPlace(t, storetest.SQLite(t))
	value, err := json.Marshal(crisis.Deployment{Languages: []string{"en"}, Emergency: crisis.Emergency{Number: "112",
		Sentence: map[string]string{"en": "In danger call {number}.", "sw": "Ukiwa hatarini piga {number}."}}})
	if err != nil {
		t.Fatal(err)
	}
	p.write(crisis.Change{Put: []crisis.Record{&crisis.Policy{Meta: crisis.First(p.id(), p.clock(), "system:test"), Key: crisis.PolicyDeployment, Value: string(value)}}})
	report := p.report(nil)
	for _, text := range []string{"Ni wapi?", "Asante."} {
		if _, err := p.reply(report, text); err != nil {
			t.Fatal(err)
		}
	}
	p.step()
	if len(p.provider.sent) != 2 || p.provider.sent[0].Text != "Ni wapi?\n\nUkiwa hatarini piga 112." || p.provider.sent[1].Text != "Asante." {
		t.Errorf("sent %q", []string{p.provider.sent[0].Text, p.provider.sent[1].Text})
	}
	long := strings.Repeat("x", 1590)
	if _, err := p.reply(p.report(nil), long); err != nil {
		t.Errorf("a text that leaves no room: %v", err)
	}
}

func TestWhatMayNotBeSent(t *testing.T) {
	for name, tc := range map[string]struct {
		before func(*place)
		source func(*crisis.Source, *crisis.Report)
		text   string
		want   error
	}{
		"replies are off by default": {before: func(p *place) { p.set("replies", "") }, want: outbox.ErrRepliesOff},
		"STOP":                       {source: func(s *crisis.Source, _ *crisis.Report) { s.OptedOut = true }, want: outbox.ErrOptedOut},
		"anonymous":                  {source: func(s *crisis.Source, _ *crisis.Report) { s.Address = "" }, want: outbox.ErrNoAddress},
		"nothing to say":             {text: " \n", want: outbox.ErrText},
		"too long":                   {text: strings.Repeat("x", 1601), want: outbox.ErrText},
		"the day's limit": {before: func(p *place) {
			p.set("reply_limit", "1")
			if _, err := p.reply(p.report(nil), "first"); err != nil {
				p.t.Fatal(err)
			}
		}, want: outbox.ErrLimit},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, storetest.SQLite(t))
			if tc.before != nil {
				tc.before(p)
			}
			if tc.text == "" {
				tc.text = "hello"
			}
			if _, err := p.reply(p.report(tc.source), tc.text); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestWhatBecomesOfAFailure(t *testing.T) {
	temporary := &channels.SendError{Reason: channels.ErrTemporary, Code: "network"}
	for name, tc := range map[string]struct {
		answers []error
		steps   int
		want    crisis.DeliveryState
		code    string
		sent    int
	}{
		"temporary, then it goes":  {answers: []error{temporary, temporary}, steps: 3, want: crisis.DeliverySent, sent: 1},
		"temporary for ever":       {answers: []error{temporary, temporary, temporary, temporary, temporary, temporary, temporary, temporary}, steps: 8, want: crisis.DeliveryFailed, code: "network"},
		"permanent":                {answers: []error{&channels.SendError{Reason: channels.ErrPermanent, Code: "21211"}}, steps: 1, want: crisis.DeliveryFailed, code: "21211"},
		"throttled is not a try":   {answers: []error{&channels.SendError{Reason: channels.ErrThrottled, Code: "429", RetryAfter: time.Minute}}, steps: 2, want: crisis.DeliverySent, sent: 1},
		"the provider knows STOP":  {answers: []error{&channels.SendError{Reason: channels.ErrOptedOut, Code: "21610"}}, steps: 1, want: crisis.DeliveryStopped, code: "21610"},
		"an error of no kind":      {answers: []error{errors.New("+254700000002 refused")}, steps: 2, want: crisis.DeliverySent, sent: 1},
		"a gateway that will come": {answers: []error{channels.ErrCollected}, steps: 3, want: crisis.DeliveryQueued},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, storetest.SQLite(t))
			p.provider.answers = tc.answers
			report := p.report(nil)
			if _, err := p.reply(report, "hello"); err != nil {
				t.Fatal(err)
			}
			for range tc.steps {
				p.step()
				p.late += time.Hour + time.Minute
			}
			state := p.state(report)
			if state.State != tc.want || state.Code != tc.code || len(p.provider.sent) != tc.sent {
				t.Errorf("%s %q after %d tries, %d sent", state.State, state.Code, state.Attempts, len(p.provider.sent))
			}
			if strings.Contains(p.log.String(), "+254") {
				t.Error("the log tells to whom")
			}
			source, err := crisis.Get[*crisis.Source](t.Context(), p.store, report.Source)
			if err != nil || source.OptedOut != (name == "the provider knows STOP") {
				t.Errorf("opted out %t: %v", source.OptedOut, err)
			}
		})
	}
}

// STOP, and switching replies off, stop what is queued too.
func TestWhatIsQueuedCanBeStopped(t *testing.T) {
	p := newPlace(t, storetest.SQLite(t))
	report := p.report(nil)
	if _, err := p.reply(report, "hello"); err != nil {
		t.Fatal(err)
	}
	p.set("replies", "off")
	p.step()
	if state := p.state(report); state.State != crisis.DeliveryStopped || len(p.provider.sent) != 0 {
		t.Errorf("%s, %d sent", state.State, len(p.provider.sent))
	}
}

func TestASlowRateIsKept(t *testing.T) {
	p := newPlace(t, storetest.SQLite(t))
	p.set("send_rate", "1")
	for range 3 {
		if _, err := p.reply(p.report(nil), "hello"); err != nil {
			t.Fatal(err)
		}
	}
	for want := 1; want <= 3; want++ {
		p.step()
		p.step()
		if len(p.provider.sent) != want {
			t.Fatalf("%d left, want %d", len(p.provider.sent), want)
		}
		p.late += time.Minute
	}
}

func TestAGatewayCollects(t *testing.T) {
	both(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		p.way = outbox.Way{TextBytes: 160}
		report := p.report(nil)
		if _, err := p.reply(report, "hello"); err != nil {
			t.Fatal(err)
		}
		p.step()
		collect := func(asked channels.Collect) []channels.Outbound {
			t.Helper()
			found, err := p.outbox.Collect(ctx, p.channel.ID, &asked)
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		first := collect(channels.Collect{Max: 10})
		if len(first) != 1 || first[0].Text != "hello" || p.state(report).State != crisis.DeliveryHanded {
			t.Fatalf("%d handed over, %s", len(first), p.state(report).State)
		}
		if again := collect(channels.Collect{Max: 10}); len(again) != 0 {
			t.Error("handed over twice at once")
		}
		if asked := collect(channels.Collect{Max: 10, Awaited: true}); len(asked) != 1 || asked[0].ID != first[0].ID {
			t.Error("what became of it is not asked")
		}
		for range 2 {
			p.late += time.Hour
			p.step()
			if again := collect(channels.Collect{Max: 10}); len(again) != 1 {
				t.Error("what the gateway never spoke of is not offered again")
			}
		}
		p.late += time.Hour
		p.step()
		if state := p.state(report); state.State != crisis.DeliveryHanded || state.Code != "not_confirmed" || !state.Due.After(p.clock().Add(time.Hour)) {
			t.Errorf("after three offers it is %s %s", state.State, state.Code)
		}
	})
}

func TestAcknowledgement(t *testing.T) {
	both(t, func(t *testing.T, p *place) {
		p.report(nil)
		p.step()
		if len(p.provider.sent) != 0 {
			t.Fatal("acknowledged although nobody switched it on")
		}
		p.set("acknowledge", "on")
		report := p.report(nil)
		p.step()
		p.step()
		if len(p.provider.sent) != 1 {
			t.Fatalf("%d sent", len(p.provider.sent))
		}
		text := p.provider.sent[0].Text
		if !strings.HasPrefix(text, "Ujumbe wako umefika.") || strings.Contains(text, "Maji") || strings.Contains(text, "/card#") {
			t.Errorf("said %q", text)
		}
		p.report(func(s *crisis.Source, r *crisis.Report) { r.Source = report.Source; s.Address = "" })
		p.step()
		if len(p.provider.sent) != 1 {
			t.Error("one source is thanked twice a day")
		}
		p.report(func(_ *crisis.Source, r *crisis.Report) { r.ReceivedAt = p.clock().Add(-2 * time.Hour) })
		p.step()
		if len(p.provider.sent) != 1 {
			t.Error("an old report is acknowledged")
		}
	})
}

func TestACardGoesWhereThePlaceIsMissing(t *testing.T) {
	p := newPlace(t, storetest.SQLite(t))
	p.set("acknowledge", "card")
	p.report(func(_ *crisis.Source, r *crisis.Report) { r.Given = `{"lon":36.8,"lat":-1.3}`; r.Language = "en" })
	p.report(func(_ *crisis.Source, r *crisis.Report) { r.Language = "en" })
	p.step()
	p.late += time.Minute
	p.step()
	if len(p.provider.sent) != 2 {
		t.Fatalf("%d sent", len(p.provider.sent))
	}
	cards := 0
	for _, out := range p.provider.sent {
		if _, code, ok := strings.Cut(out.Text, "https://onyo.example/card#"); ok {
			cards++
			hash, err := p.keys.ReceiptHash(code)
			if err != nil {
				t.Fatal(err)
			}
			card, err := crisis.One[*crisis.Credential](t.Context(), p.store, "hash", hash)
			if err != nil || card.Kind != crisis.CredentialCard || card.Report.IsZero() || card.Ended {
				t.Errorf("the link opens %+v: %v", card, err)
			}
		}
	}
	if cards != 1 {
		t.Errorf("%d cards", cards)
	}
}
