package social_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// world fills in what the host gives a channel.
func world(config channels.Config, log *journal) channels.Config {
	if config.Clock == nil {
		config.Clock = time.Now
	}
	config.Rand = rand.Reader
	config.HTTP = &http.Client{Transport: &http.Transport{}}
	config.Dial = (&net.Dialer{}).DialContext
	config.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	return config
}

// made is an adapter that does not run.
func made(t testing.TB, kind channels.Kind, settings, secrets map[string]string) channels.Adapter {
	t.Helper()
	config := channels.Config{Name: "test", Secrets: map[string]channels.Secret{}}
	config.Settings, _ = kind.Split(settings)
	for key, value := range secrets {
		config.Secrets[key] = channels.NewSecret(value, "")
	}
	adapter, err := kind.New(world(config, &journal{}))
	if err != nil {
		t.Fatal(err)
	}
	return adapter
}

// running is a runner and what it brought.
type running struct {
	kind    channels.Kind
	config  channels.Config
	adapter channels.Adapter
	log     *journal
	end     context.CancelFunc
	over    chan error

	mu      sync.Mutex
	cursor  []byte
	splits  []channels.Split
	changed chan struct{}
}

// begin runs an adapter until the test ends or stops it.
func begin(t *testing.T, kind channels.Kind, config channels.Config) *running {
	t.Helper()
	r := &running{kind: kind, log: &journal{}, changed: make(chan struct{})}
	r.config = world(config, r.log)
	open, _ := kind.Split(config.Settings)
	r.config.Settings = open
	r.again(t)
	return r
}

// again starts a fresh adapter with the cursor that was kept.
func (r *running) again(t *testing.T) {
	t.Helper()
	adapter, err := r.kind.New(r.config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	over := make(chan error, 1)
	r.adapter, r.end, r.over = adapter, end, over
	go func() { over <- adapter.(channels.Runner).Run(ctx, r) }()
	t.Cleanup(end)
}

func (r *running) stop(t *testing.T) {
	t.Helper()
	r.end()
	if err := <-r.over; err != nil {
		t.Fatal(err)
	}
}

func (r *running) Cursor(context.Context) ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.cursor), nil
}

func (r *running) Accept(_ context.Context, splits []channels.Split, cursor []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.splits, r.cursor = append(r.splits, splits...), bytes.Clone(cursor)
	close(r.changed)
	r.changed = make(chan struct{})
	return nil
}

// until waits for a state of what was accepted.
func (r *running) until(t *testing.T, met func([]channels.Split) bool) []channels.Split {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		r.mu.Lock()
		splits, changed := r.splits[:len(r.splits):len(r.splits)], r.changed
		r.mu.Unlock()
		if met(splits) {
			return splits
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("%d messages came, then no more", len(splits))
		}
	}
}

func (r *running) awaitSplits(t *testing.T, n int) []channels.Split {
	t.Helper()
	return r.until(t, func(splits []channels.Split) bool { return len(splits) >= n })
}

// await waits for n messages that can be read.
func (r *running) await(t *testing.T, n int) []channels.Message {
	t.Helper()
	return r.read(t, r.awaitSplits(t, n))
}

func (r *running) read(t *testing.T, splits []channels.Split) (all []channels.Message) {
	t.Helper()
	for _, split := range splits {
		messages, err := r.adapter.Parse(split.Raw)
		if err != nil || len(messages) != 1 {
			t.Fatalf("%d messages in a split: %v", len(messages), err)
		}
		all = append(all, messages[0])
	}
	return all
}

func (r *running) awaitText(t *testing.T, text string) (found channels.Message) {
	t.Helper()
	r.until(t, func(splits []channels.Split) bool {
		for _, split := range splits {
			messages, _ := r.adapter.Parse(split.Raw)
			if len(messages) == 1 && strings.Contains(messages[0].Text, text) {
				found = messages[0]
				return true
			}
		}
		return false
	})
	return found
}

// journal keeps what is logged.
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

// with is settings with some changed.
func with(settings map[string]string, pairs ...string) map[string]string {
	changed := maps.Clone(settings)
	for i := 0; i+1 < len(pairs); i += 2 {
		changed[pairs[i]] = pairs[i+1]
	}
	return changed
}
