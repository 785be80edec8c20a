package channeltest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// RunnerSuite is what the suite must know about a kind that fetches or listens by
// itself.
type RunnerSuite struct {
	Kind channels.Kind
	// Start begins to play the provider, afresh for every check; it ends with t.
	Start func(t *testing.T) Provider
	// Address is the sender of the sayings, as it must never be logged.
	Address string
}

// Provider plays what lies beyond the network, in its documented wire format. It
// keeps what it was offered, as the real one does: what the runner has not
// acknowledged, or asks for again, comes again. A player of a listener's peer
// tries again what was refused or broken off.
//
// A kind whose adapter waits to be called implements Listens() bool too, and says
// true: nobody refuses its credentials.
type Provider interface {
	// Config holds settings and secrets that reach the player, polling as often
	// as the kind allows. Clock, Rand, HTTP, Dial and Resolver are the suite's
	// where it leaves them empty; Log always is.
	Config() channels.Config
	// Offer holds or pushes one saying. The same ID and Text again, in another
	// Dress, is the same said again; the same ID with another Text is an edit.
	Offer(Saying)
	// OfferRaw holds or pushes bytes in place of an item, hostile or broken.
	OfferRaw([]byte)
	// Refuse refuses the channel's credentials from now on.
	Refuse()
	// Break drops all connections now; new ones are served.
	Break()
}

const (
	// patience is how long a true adapter is waited for, brief how long one with
	// a planted fault is.
	patience = time.Minute
	brief    = 2 * time.Second
	// attempts is how often a runner may ask after its credentials were refused;
	// restarts how often it may give up while nothing is refused.
	attempts = 20
	restarts = 200
)

// RunRunner plants every fault, then judges the adapter.
func RunRunner(t *testing.T, s RunnerSuite) {
	t.Helper()
	t.Run("planted", func(t *testing.T) {
		for _, plant := range runnerPlants() {
			t.Run(plant.name, func(t *testing.T) {
				t.Parallel() // most of the time is spent waiting for what does not come
				bench := newRunnerBench(t, s, plant)
				caught := runnerChecks()[plant.caught](bench)
				if caught == nil && (plant.applies == nil || plant.applies(bench)) {
					t.Fatalf("the check %q does not catch this fault", plant.caught)
				}
			})
		}
	})
	for name, check := range runnerChecks() {
		t.Run(name, func(t *testing.T) {
			if err := check(newRunnerBench(t, s, runnerPlant{})); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// runnerBench is one runner under test with the provider it talks to, perhaps
// with a fault planted.
type runnerBench struct {
	RunnerSuite
	t        *testing.T
	kind     channels.Kind // as bent by a plant; RunnerSuite.Kind is the true one
	plant    runnerPlant
	provider Provider
	config   channels.Config
	log      *journal
	inlet    *inlet
	truth    channels.Adapter // without the planted fault
	texts    sync.Map         // what a split says, by its Raw
	asked    atomic.Int64     // calls out
	hostile  atomic.Bool      // raw bytes were offered
	broken   atomic.Bool      // connections were dropped
}

func newRunnerBench(t *testing.T, s RunnerSuite, p runnerPlant) *runnerBench {
	t.Helper()
	b := &runnerBench{RunnerSuite: s, t: t, kind: s.Kind, plant: p, log: &journal{}, inlet: newInlet()}
	if p.kind != nil {
		b.kind = p.kind(s.Kind)
	}
	b.provider = s.Start(t)
	b.config = b.world(b.provider.Config())
	truth, err := s.Kind.New(b.config)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	b.truth = truth
	return b
}

// world fills in what the host gives a channel; loopback is allowed.
func (b *runnerBench) world(config channels.Config) channels.Config {
	if config.Clock == nil {
		config.Clock = time.Now
	}
	if config.Rand == nil {
		config.Rand = rand.Reader
	}
	if config.Resolver == nil {
		config.Resolver = nowhere{}
	}
	if config.HTTP == nil {
		transport := &http.Transport{}
		b.t.Cleanup(transport.CloseIdleConnections)
		config.HTTP = &http.Client{Transport: transport, Timeout: patience}
	}
	if config.Dial == nil {
		config.Dial = (&net.Dialer{}).DialContext
	}
	dial := config.Dial
	config.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		b.ask()
		return dial(ctx, network, address)
	}
	config.HTTP = counted{config.HTTP, b.ask}
	config.Log = slog.New(slog.NewJSONHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	open, _ := b.Kind.Split(config.Settings)
	config.Settings = open
	return config
}

// build makes an adapter anew, as after a restart of the process.
func (b *runnerBench) build() (channels.Runner, error) {
	made, err := b.Kind.New(b.config)
	if err != nil {
		return nil, fmt.Errorf("New: %w", err)
	}
	adapter, ok := made.(channels.Runner)
	if !ok {
		return nil, errors.New("the adapter does not run")
	}
	if b.plant.adapter != nil {
		adapter = b.plant.adapter(b, b.config, adapter)
	}
	return adapter, nil
}

func (b *runnerBench) ask() {
	b.asked.Add(1)
	b.inlet.wake()
}

func (b *runnerBench) listens() bool {
	listener, ok := b.provider.(interface{ Listens() bool })
	return ok && listener.Listens()
}

// stay is a runner at work, started again whenever it gives up.
type stay struct {
	bench *runnerBench
	end   context.CancelFunc
	over  chan struct{} // closed when nothing runs any more

	mu     sync.Mutex
	errors []error
	fault  error
}

// start runs the adapter as the host does, but restarts it at once; with once it
// ends when Run returns.
func (b *runnerBench) start(once bool) *stay {
	ctx, end := context.WithCancel(context.Background())
	s := &stay{bench: b, end: end, over: make(chan struct{})}
	b.t.Cleanup(func() { _ = s.stop() })
	go func() {
		defer close(s.over)
		defer b.inlet.wake()
		for gaveUp := 0; ctx.Err() == nil && s.fail() == nil; {
			crashed, err := s.life(ctx)
			switch {
			case crashed:
				s.note(err, nil)
				continue
			case err == nil && ctx.Err() == nil:
				s.note(nil, errors.New("Run returned nil though its context had not ended"))
			case ctx.Err() != nil && err != nil:
				s.note(err, fmt.Errorf("Run returned an error at the end of its context: %w", err))
			case err != nil:
				s.note(err, nil)
				if gaveUp++; gaveUp > restarts {
					s.note(nil, fmt.Errorf("Run gave up %d times: %w", gaveUp, err))
				}
			}
			if once {
				return
			}
		}
	}()
	return s
}

// life is one Run of a fresh adapter; crashed means that the inlet ended it.
func (s *stay) life(parent context.Context) (crashed bool, err error) {
	ctx, crash := context.WithCancel(parent)
	defer crash()
	adapter, err := s.bench.build()
	if err != nil {
		return false, err
	}
	inlet := channels.Inlet(visit{s.bench.inlet, crash})
	if s.bench.plant.inlet != nil {
		inlet = s.bench.plant.inlet(s.bench, inlet)
	}
	defer func() {
		if r := recover(); r != nil {
			err = errPanic
			s.note(err, err)
		}
	}()
	err = adapter.Run(ctx, inlet)
	return ctx.Err() != nil && parent.Err() == nil, err
}

func (s *stay) note(err, fault error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.errors = append(s.errors, err)
	}
	if s.fault == nil {
		s.fault = fault
	}
}

func (s *stay) fail() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault
}

func (s *stay) said() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]error(nil), s.errors...)
}

// stop ends the context and waits for Run.
func (s *stay) stop() error {
	s.end()
	select {
	case <-s.over:
		return s.fail()
	case <-time.After(s.bench.waiting()):
		return errors.New("Run does not return when its context ends")
	}
}

func (b *runnerBench) waiting() time.Duration {
	if b.plant.name != "" {
		return brief
	}
	return patience
}
