package twitter_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/twitter"
	"github.com/onyo-project/onyo/channels/twitter/xplayer"
)

const (
	bearer   = "AAAAAAAAAAAAAAAAAAAAAmadeUpBearer"
	consumer = "made-up-consumer-key"
	author   = "2244994945"
	oneRule  = "flood: (flood OR mafuriko) -is:retweet"
)

// world is X and Onyo in a bubble where time passes only while everybody waits: a
// day of back-off costs nothing, and every moment can be told exactly.
type world struct {
	*testing.T
	x      *xplayer.Player
	wire   *wire
	inbox  *inbox
	config channels.Config
	log    *journal
	runs   chan error // what the last run ended with, once it has
}

// start is when every world begins.
var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// inWorld plays in a fresh world. Settings are pairs.
func inWorld(t *testing.T, play func(w *world), settings ...string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, x: xplayer.New(bearer, time.Now), inbox: &inbox{}, log: &journal{}}
		wire := &wire{connections: make(chan net.Conn), closed: make(chan struct{})}
		server := &http.Server{Handler: w.x, ReadHeaderTimeout: time.Minute}
		var serving sync.WaitGroup
		serving.Go(func() { _ = server.Serve(wire) })
		transport := &http.Transport{DialContext: wire.dial, DisableKeepAlives: true}
		w.config = channels.Config{Name: "x-main", Clock: time.Now, Log: slog.New(slog.NewTextHandler(w.log, nil)),
			HTTP: &http.Client{Transport: transport, Timeout: time.Minute}, Dial: wire.dial,
			Settings: map[string]string{"rules": oneRule, "api_url": "http://api.x.test"},
			Secrets:  map[string]channels.Secret{"bearer_token": channels.NewSecret(bearer, "")}}
		for i := 0; i < len(settings); i += 2 {
			w.config.Settings[settings[i]] = settings[i+1]
		}
		w.wire = wire
		defer func() {
			w.x.Break()
			_ = server.Close()
			serving.Wait()
		}()
		time.Sleep(time.Until(start)) // a bubble begins in 2000, before X was there
		play(w)
	})
}

// run starts a Run over what the inbox keeps; stop ends it and gives its error.
func (w *world) run() (stop func() error) {
	w.Helper()
	made, err := twitter.Kind().New(w.config)
	if err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	w.runs = ended
	go func() { ended <- made.(channels.Runner).Run(ctx, w.inbox) }()
	synctest.Wait()
	return func() error {
		cancel()
		return <-ended
	}
}

// running says whether the last run goes on.
func (w *world) running() bool { return len(w.runs) == 0 }

// ends runs until Run gives up.
func (w *world) ends() error {
	w.Helper()
	made, err := twitter.Kind().New(w.config)
	if err != nil {
		w.Fatal(err)
	}
	return made.(channels.Runner).Run(context.Background(), w.inbox)
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	time.Sleep(d) // in the bubble
	synctest.Wait()
}

// asked are the times that passed before each request to this path since a moment.
func (w *world) asked(path string, since time.Time) []time.Duration {
	var waits []time.Duration
	for _, request := range w.x.Requests() {
		if request.Path == path && !request.At.Before(since) {
			waits = append(waits, request.At.Sub(since))
			since = request.At
		}
	}
	return waits
}

// texts are those of the reports that stand, sorted.
func (w *world) texts() []string {
	w.Helper()
	var texts []string
	for _, message := range w.inbox.reports(w.T, w.config) {
		texts = append(texts, message.Text)
	}
	slices.Sort(texts)
	return texts
}

// wire is a network without sockets.
type wire struct {
	connections chan net.Conn
	closed      chan struct{}
	once        sync.Once
	mu          sync.Mutex
	down        int
}

func (w *wire) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	w.mu.Lock()
	down := w.down > 0
	w.down = max(0, w.down-1)
	w.mu.Unlock()
	if down {
		return nil, errors.New("no route to host")
	}
	here, there := net.Pipe()
	select {
	case w.connections <- there:
		return here, nil
	case <-w.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *wire) Accept() (net.Conn, error) {
	select {
	case connection := <-w.connections:
		return connection, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error {
	w.once.Do(func() { close(w.closed) })
	return nil
}

func (w *wire) Addr() net.Addr { return &net.TCPAddr{} }

// inbox keeps what is handed in as the host does: an id once, with its cursor.
type inbox struct {
	mu     sync.Mutex
	cursor []byte
	splits []channels.Split
	ids    map[string][32]byte
	again  int // splits whose id was there before
	other  int // those with another digest
	fails  int // so many Accepts fail
}

func (i *inbox) Cursor(context.Context) ([]byte, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.cursor, nil
}

func (i *inbox) Accept(_ context.Context, splits []channels.Split, cursor []byte) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fails > 0 {
		i.fails--
		return errors.New("the disk is full")
	}
	if i.ids == nil {
		i.ids = map[string][32]byte{}
	}
	for _, split := range splits {
		digest, known := i.ids[split.ProviderID]
		switch {
		case !known:
			i.ids[split.ProviderID] = split.Digest
			i.splits = append(i.splits, split)
		case digest != split.Digest:
			i.other++
		}
		if known {
			i.again++
		}
	}
	i.cursor = cursor
	return nil
}

// reports are the texts that stand after everything was read, by the id under
// which each tweet first came: later versions revise, deletions withdraw.
func (i *inbox) reports(t *testing.T, config channels.Config) map[string]channels.Message {
	t.Helper()
	adapter, err := twitter.Kind().New(config)
	if err != nil {
		t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	reports := map[string]channels.Message{}
	for _, split := range i.splits {
		if split.Nature == channels.Unparsed {
			continue
		}
		messages, err := adapter.Parse(split.Raw)
		if err != nil {
			t.Fatalf("a split does not parse: %v", err)
		}
		message := messages[0]
		switch {
		case message.Deletes != "":
			delete(reports, message.Deletes)
		case message.Nature != channels.Report:
		case message.Supersedes != "":
			if _, ok := reports[message.Supersedes]; !ok {
				t.Errorf("%s revises what never came", message.ProviderID)
			}
			reports[message.Supersedes] = message
		default:
			reports[message.ProviderID] = message
		}
	}
	return reports
}

func (i *inbox) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.splits)
}

// journal is what was logged.
type journal struct {
	mu   sync.Mutex
	text []byte
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text = append(j.text, p...)
	return len(p), nil
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return string(j.text)
}

// fail lets so many Accepts fail.
func (i *inbox) fail(n int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fails = n
}

// breaks lets so many connections not come about.
func (w *wire) breaks(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = n
}
