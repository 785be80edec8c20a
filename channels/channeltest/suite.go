// Package channeltest is the conformance suite that every adapter passes. Before
// it judges an adapter it plants a fault of each kind in that same adapter and
// demands to see it caught.
package channeltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/onyo-project/onyo/channels"
)

// Suite is what the suite must know about a kind with a webhook.
type Suite struct {
	Kind channels.Kind
	// Config holds public URL, settings and secrets; clock, randomness, log and
	// HTTP are the suite's.
	Config channels.Config
	// Say makes the exchange by which the provider would bring a saying, with
	// its proof.
	Say func(Saying) channels.Exchange
	// Prove puts the right proof on an exchange as it stands. Nil for a kind
	// that is open to anybody.
	Prove func(channels.Exchange) channels.Exchange
	// Forgeries are refused and leave nothing behind. Kinds with a proof need
	// at least "no proof" and "wrong proof".
	Forgeries map[string]channels.Exchange
	// Unsplittable exchanges are authentic and hold no message. Kinds with a
	// proof need one.
	Unsplittable map[string]channels.Exchange
	// Asking exchanges ask for messages to send. Kinds that can Collect need one.
	Asking map[string]channels.Exchange
	// Hidden are strings that no answer to this exchange may hold, as the
	// right signature.
	Hidden func(channels.Exchange) []string
	// Address is the sender of what Say makes, as it must never be logged.
	Address string
	// SenderPicksIDs: ids come from the sender, as in mail, who may use one
	// again: other words under the same id are another message.
	SenderPicksIDs bool
}

// Saying is one message to be brought. The same ID and Text in another Dress
// differ only in how they travel: key order, boundaries, transport fields.
type Saying struct {
	ID, Text string
	Dress    int
}

// Dresses is how many dresses the suite asks for, from 0.
const Dresses = 8

// Replays is how often one exchange is brought, in parallel.
const Replays = 1000

// Run plants every fault, then judges the adapter.
func Run(t *testing.T, s Suite) {
	t.Helper()
	for _, plant := range plants() {
		if plant.applies != nil && !plant.applies(s) {
			continue
		}
		t.Run("planted/"+plant.name, func(t *testing.T) {
			bench, err := newBench(s, plant)
			if err != nil {
				t.Fatal(err)
			}
			if caught := checks()[plant.caught](bench); caught == nil {
				t.Fatalf("the check %q does not catch this fault", plant.caught)
			}
		})
	}
	for name, check := range checks() {
		t.Run(name, func(t *testing.T) {
			bench, err := newBench(s, plant{})
			if err != nil {
				t.Fatal(err)
			}
			if err := check(bench); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// bench is one adapter under test, perhaps with a fault planted.
type bench struct {
	Suite
	kind    channels.Kind // as bent by a plant; Suite.Kind is the true one
	plant   plant
	adapter channels.Webhook
	log     *journal
	calls   *closedDoor
}

func newBench(s Suite, p plant) (*bench, error) {
	b := &bench{Suite: s, kind: s.Kind, plant: p, log: &journal{}, calls: &closedDoor{}}
	if p.kind != nil {
		b.kind = p.kind(s.Kind)
	}
	var err error
	b.adapter, err = b.build(s.Config)
	return b, err
}

// build makes an adapter as the host would, from checked settings.
func (b *bench) build(config channels.Config) (channels.Webhook, error) {
	config.Log = slog.New(slog.NewJSONHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	config.HTTP = b.calls
	config.Clock = func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	config.Rand = zeros{}
	config.Dial = b.calls.dial
	if config.Resolver == nil {
		config.Resolver = nowhere{}
	}
	if b.plant.config != nil {
		config = b.plant.config(config)
	}
	made, err := b.Kind.New(config)
	if err != nil {
		return nil, fmt.Errorf("New: %w", err)
	}
	adapter, ok := made.(channels.Webhook)
	if !ok {
		return nil, errors.New("the adapter takes no webhook")
	}
	if b.plant.adapter != nil {
		adapter = b.plant.adapter(b, config, adapter)
	}
	return adapter, nil
}

// receive brings an exchange as the host would; a panic becomes an error.
func (b *bench) receive(x channels.Exchange) (reception channels.Reception, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errPanic
		}
	}()
	return b.kind.Receive(context.Background(), b.adapter, x)
}

var errPanic = errors.New("the adapter panicked")

// one brings an exchange that holds exactly one message.
func (b *bench) one(x channels.Exchange) (channels.Split, error) {
	reception, err := b.receive(x)
	if err != nil {
		return channels.Split{}, fmt.Errorf("refused: %w", err)
	}
	if reception.Answer.Status/100 != 2 {
		return channels.Split{}, fmt.Errorf("answered %d", reception.Answer.Status)
	}
	if len(reception.Messages) != 1 {
		return channels.Split{}, fmt.Errorf("%d messages instead of one", len(reception.Messages))
	}
	return reception.Messages[0], nil
}

// Judge brings one exchange and says what is wrong with what came of it,
// whatever it holds: a refusal must be a 4xx that says what to do, and what is
// accepted must have an id and agree with its own parse. Fuzz targets use it.
func Judge(kind channels.Kind, adapter channels.Webhook, x channels.Exchange) error {
	reception, err := kind.Receive(context.Background(), adapter, x)
	if err != nil {
		return judgeRefusal(err)
	}
	if reception.Answer.Status/100 != 2 {
		return fmt.Errorf("accepted, but answered %d", reception.Answer.Status)
	}
	for _, split := range reception.Messages {
		if err := JudgeSplit(adapter, split); err != nil {
			return err
		}
	}
	return nil
}

func judgeRefusal(err error) error {
	var refusal *channels.Refusal
	switch {
	case !errors.As(err, &refusal):
		return fmt.Errorf("the error is no Refusal: %w", err)
	case refusal.Status/100 != 4 || refusal.Code == "" || refusal.Detail == "" || refusal.Reason == nil:
		return fmt.Errorf("the refusal does not say what to do: %d %s", refusal.Status, refusal.Code)
	}
	return nil
}

// JudgeSplit says what is wrong with a split, whatever it holds: it must have an id
// and agree with its own parse. Fuzz targets of runners use it.
func JudgeSplit(adapter channels.Adapter, split channels.Split) error {
	if split.ProviderID == "" || split.Nature == "" || len(split.Raw) == 0 || split.Digest == ([32]byte{}) {
		return errors.New("a split lacks id, nature, raw or digest")
	}
	if split.Nature == channels.Unparsed {
		if split.Why == "" {
			return errors.New("unparsed, and does not say why")
		}
		return nil
	}
	messages, err := adapter.Parse(split.Raw)
	if err != nil {
		return fmt.Errorf("split, but does not parse: %w", err)
	}
	if len(messages) != 1 {
		return fmt.Errorf("one split parses to %d messages", len(messages))
	}
	m := messages[0]
	switch {
	case m.ProviderID != split.ProviderID:
		return errors.New("split and parse disagree on the id")
	case m.Alias != split.Alias:
		return errors.New("split and parse disagree on the alias")
	case m.Nature != split.Nature:
		return fmt.Errorf("split says %s, parse says %s", split.Nature, m.Nature)
	case m.From != split.From:
		return errors.New("split and parse disagree on the sender")
	case m.Digest() != split.Digest:
		return errors.New("split and parse disagree on the digest")
	case !utf8.ValidString(m.Text) || bytes.IndexByte([]byte(m.Text), 0) >= 0:
		return errors.New("the text is not clean UTF-8")
	}
	again, err := adapter.Parse(split.Raw)
	if err != nil || !reflect.DeepEqual(messages, again) {
		return errors.New("a second parse differs from the first")
	}
	return nil
}

// journal keeps what adapters log.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// closedDoor counts calls out: accepting and parsing make none.
type closedDoor struct {
	mu    sync.Mutex
	calls int
}

func (d *closedDoor) Do(*http.Request) (*http.Response, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls++
	return nil, errors.New("no way out while accepting or parsing")
}

func (d *closedDoor) dial(context.Context, string, string) (net.Conn, error) {
	_, err := d.Do(nil)
	return nil, err
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

var _ io.Reader = zeros{}
