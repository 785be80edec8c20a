package intake

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// tallyOver is the time over which Health counts.
const tallyOver = 24 * time.Hour

// runState is how a channel that runs by itself fares in this process.
type runState struct {
	mu      sync.Mutex
	since   time.Time // zero while it does not run
	failed  time.Time
	problem string
}

func (s *runState) started(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since = at
}

func (s *runState) ended(at time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since, s.failed, s.problem = time.Time{}, at, err.Error()
}

// Health is how one channel fares.
type Health struct {
	Name, Kind string
	// Fault says why it cannot work at all.
	Fault string
	// Runs: it fetches or listens by itself. RunningSince is zero while it does
	// not, here; Problem is how it ended last, and when.
	Runs         bool
	RunningSince time.Time
	Problem      string
	ProblemAt    time.Time
	// LastReceived is when its newest message came; zero for none. Silent says
	// that this is longer ago than the channel's silent_after, and that it has
	// received something before.
	LastReceived time.Time
	Silent       bool
	// Received is how many messages came in 24 hours, Refused how many exchanges
	// were refused or failed, by code and direction.
	Received int
	Refused  []crisis.TrafficCount
	// Waiting is how many of its messages are set aside, Oldest when the first of
	// them came.
	Waiting int
	Oldest  time.Time
}

// Health tells how every channel that is switched on fares, by name.
func (h *Host) Health(ctx context.Context) ([]Health, error) {
	now := h.Clock()
	counts, err := h.Store.TrafficCounts(ctx, now.Add(-tallyOver))
	if err != nil {
		return nil, err
	}
	aside, err := h.Store.Aside(ctx)
	if err != nil {
		return nil, err
	}
	var all []Health
	for _, name := range h.Names() {
		h.mu.RLock()
		one := h.byName[name]
		h.mu.RUnlock()
		if one == nil {
			continue
		}
		health, err := h.health(ctx, one, now)
		if err != nil {
			return nil, err
		}
		for _, count := range counts {
			if count.Channel != name {
				continue
			}
			if count.Code != "" {
				health.Refused = append(health.Refused, count)
			}
		}
		health.Waiting, health.Oldest = aside[one.channel.ID].Count, aside[one.channel.ID].Oldest
		all = append(all, health)
	}
	return all, nil
}

func (h *Host) health(ctx context.Context, one *live, now time.Time) (Health, error) {
	health := Health{Name: one.channel.Name, Kind: one.channel.Kind}
	if one.fault != nil {
		health.Fault = one.fault.Error()
	}
	if _, runs := one.adapter.(channels.Runner); runs {
		one.state.mu.Lock()
		health.Runs, health.RunningSince, health.Problem, health.ProblemAt = true, one.state.since, one.state.problem, one.state.failed
		one.state.mu.Unlock()
	}
	last, received, err := h.Store.Received(ctx, one.channel.ID, now.Add(-tallyOver))
	if err != nil {
		return health, fmt.Errorf("look for the newest message of %s: %w", one.channel.Name, err)
	}
	health.LastReceived, health.Received = last, received
	if limit := one.channel.SilentAfter(); limit > 0 && !last.IsZero() {
		health.Silent = now.Sub(last) > limit
	}
	return health, nil
}

// ErrNoTest: this kind has no way to try its values without a message.
var ErrNoTest = errors.New("this kind cannot be tried without a message; send one yourself")

// Test asks a channel's provider whether its values are good.
func (h *Host) Test(ctx context.Context, name string) error {
	if fault := h.Fault(name); fault != nil {
		return fault
	}
	one, err := h.named(name)
	if err != nil {
		return err
	}
	tester, ok := one.adapter.(channels.Tester)
	if !ok {
		return ErrNoTest
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	return tester.Test(ctx)
}
