package intake

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/app"
	"github.com/onyo-project/onyo/channels/sms"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/media"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/storetest"
	"github.com/onyo-project/onyo/pkg/vault"
)

// house is intake over a real store, with the channels app, twilio and lines.
type house struct {
	t      *testing.T
	store  *store.Store
	keys   *vault.Keys
	host   *Host
	door   *Door
	worker *Worker
	lines  *lines
	log    *bytes.Buffer

	mu   sync.Mutex
	late time.Duration
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Now().Add(h.late)
}

func (h *house) wait(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.late += d
}

const twilioToken = "12345678901234567890123456789012"

// both runs a test on each database.
func both(t *testing.T, test func(t *testing.T, h *house)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newHouse(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, newHouseOn(t, storetest.Postgres(t))) })
}

func newHouse(t *testing.T) *house { return newHouseOn(t, storetest.SQLite(t)) }

func newHouseOn(t *testing.T, url string) *house {
	h := &house{t: t, lines: &lines{}, log: &bytes.Buffer{}}
	options := storetest.Options(t, url)
	options.Clock = h.clock
	h.keys = options.Keys
	h.store = storetest.OpenerWith(t, options)()
	log := slog.New(slog.NewTextHandler(h.log, nil))
	h.host = NewHost(HostOptions{Store: h.store, Keys: h.keys, Kinds: []channels.Kind{app.Kind(), sms.Twilio(), h.lines.kind()},
		Client: media.NewClient(), Holder: "test", PublicURL: "https://onyo.example", Clock: h.clock, Rand: rand.Reader, Log: log})
	h.door = NewDoor(h.host)
	files, err := media.NewFiles(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	keeper := media.NewKeeper(files, h.store, h.store)
	h.worker = NewWorker(WorkerOptions{Store: h.store, Host: h.host, Keeper: keeper, Keys: h.keys, Holder: "test",
		Clock: h.clock, Rand: rand.Reader, Log: log})
	h.channel(&crisis.Channel{Name: "app", Kind: "app", Enabled: true})
	h.channel(&crisis.Channel{Name: "lines", Kind: "test.lines", Enabled: true})
	h.channel(&crisis.Channel{Name: "twilio-main", Kind: "sms.twilio", Enabled: true,
		Settings: map[string]string{"account_sid": "AC00000000000000000000000000000000", "from": "+15005550006"},
		Secrets:  map[string][]vault.Secret{"auth_token": {twilioToken}}})
	h.reload()
	return h
}

func (h *house) channel(channel *crisis.Channel) {
	h.t.Helper()
	id, err := crisis.NewID(h.clock(), rand.Reader)
	if err != nil {
		h.t.Fatal(err)
	}
	channel.Meta = crisis.First(id, h.clock(), crisis.SystemActor("test"))
	h.write(channel)
}

func (h *house) write(records ...crisis.Record) {
	h.t.Helper()
	if _, err := h.store.Write(h.t.Context(), crisis.Change{Action: "test.put", Actor: crisis.SystemActor("test"), At: h.clock(), Put: records}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) reload() {
	h.t.Helper()
	if err := h.host.Reload(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// work lets the worker do all there is.
func (h *house) work() {
	h.t.Helper()
	for {
		more, err := h.worker.Step(h.t.Context())
		if err != nil {
			h.t.Fatal(err)
		}
		if !more {
			return
		}
	}
}

// restart lets the worker begin again, from the ledger's first entry.
func (h *house) restart() {
	h.t.Helper()
	back := crisis.Change{Action: "test.back", Actor: crisis.SystemActor("test"), At: h.clock(), Then: crisis.Effects{Advance: &crisis.Cursor{Consumer: Consumer}}}
	if _, err := h.store.Write(h.t.Context(), back); err != nil {
		h.t.Fatal(err)
	}
	h.worker.lease = crisis.Lease{}
}

// say sends lines and gives their receipts.
func (h *house) say(said ...line) []Receipt {
	h.t.Helper()
	body, err := json.Marshal(said)
	if err != nil {
		h.t.Fatal(err)
	}
	accepted, err := h.host.Receive(h.t.Context(), "lines", channels.Exchange{Method: http.MethodPost,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: body})
	if err != nil {
		h.t.Fatal(err)
	}
	return accepted.Receipts
}

func all[T crisis.Record](h *house) []T {
	h.t.Helper()
	found, err := crisis.Select[T](h.t.Context(), h.store, crisis.Query{Ended: true})
	if err != nil {
		h.t.Fatal(err)
	}
	return found
}

func (h *house) inbox() []Waiting {
	h.t.Helper()
	waiting, err := NewInbox(h.store).List(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return waiting
}

// lines is an adapter for tests: a body is a JSON list of lines. It does to
// their parsing whatever fault says.
type lines struct {
	mu    sync.Mutex
	fault map[string]string // by text: "error", "panic"
	// mirror: deletions at the provider are followed to the end.
	mirror bool
	// run, where it is set, is what the adapter does by itself.
	run func(context.Context, channels.Inlet) error
}

// Run does what the test says.
func (l *lines) Run(ctx context.Context, inlet channels.Inlet) error {
	l.mu.Lock()
	run := l.run
	l.mu.Unlock()
	if run == nil {
		<-ctx.Done()
		return nil
	}
	return run(ctx, inlet)
}

type line struct {
	ID, Alias, From, Text, Supersedes, Deletes string
	Continues, ReplyTo, Quoted                 string
	Part                                       *channels.Part
	Status                                     *channels.Status
	Hindsight                                  bool
	Once                                       string
	Point                                      *channels.Point
	Nature                                     channels.Nature
	Media                                      []string
	// And is what the same message says besides.
	And []line
}

func (l *lines) kind() channels.Kind {
	return channels.Kind{Name: "test.lines", Title: "Lines", Methods: []string{http.MethodPost}, BodyTypes: []string{"application/json"},
		Limits: channels.Limits{BodyBytes: 1 << 20}, MediaHosts: []string{"media.example"}, Can: channels.Capabilities{Webhook: true, Run: true, Mirror: l.mirror},
		New: func(channels.Config) (channels.Adapter, error) { return l, nil }}
}

func (l *lines) breaks(text, how string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault == nil {
		l.fault = map[string]string{}
	}
	l.fault[text] = how
}

func (l *lines) Receive(_ context.Context, exchange channels.Exchange) (channels.Reception, error) {
	if bytes.Contains(exchange.Body, []byte("panic on receive")) {
		panic("planted")
	}
	var said []line
	if err := json.Unmarshal(exchange.Body, &said); err != nil {
		return channels.Reception{Messages: []channels.Split{channels.UnparsedSplit(exchange.Body, exchange.Body, "no_json")}}, nil
	}
	var reception channels.Reception
	for _, one := range said {
		raw, message := one.raw(), one.message()
		reception.Messages = append(reception.Messages, channels.Split{ProviderID: one.ID, Alias: one.Alias, Digest: message.Digest(), Raw: raw,
			Nature: message.Nature, Hindsight: one.Hindsight, Once: one.Once})
	}
	return reception, nil
}

func (l line) raw() []byte {
	raw, err := json.Marshal(l)
	if err != nil {
		panic(err) // a test's own words
	}
	return raw
}

func (l line) message() channels.Message {
	message := channels.Message{ProviderID: l.ID, Alias: l.Alias, Nature: l.Nature, Text: l.Text, Supersedes: l.Supersedes, Deletes: l.Deletes,
		Continues: l.Continues, ReplyTo: l.ReplyTo, Quoted: l.Quoted, Part: l.Part, Status: l.Status}
	if l.Point != nil {
		message.Location = &channels.Location{Point: l.Point}
	}
	if message.Nature == "" {
		message.Nature = channels.Report
	}
	if l.From != "" {
		message.From = channels.Address{Scheme: "tel", Value: l.From}
	}
	for i, url := range l.Media {
		message.Media = append(message.Media, channels.Media{Ref: l.ID + string(rune('0'+i)), URL: url})
	}
	return message
}

func (l *lines) Parse(raw []byte) ([]channels.Message, error) {
	var one line
	if err := json.Unmarshal(raw, &one); err != nil {
		return nil, errors.New("no line")
	}
	l.mu.Lock()
	fault := l.fault[one.Text]
	l.mu.Unlock()
	switch fault {
	case "error":
		return nil, errors.New("planted")
	case "panic":
		panic("planted")
	}
	parsed := []channels.Message{one.message()}
	for _, other := range one.And {
		parsed = append(parsed, other.message())
	}
	return parsed, nil
}
