package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
)

const (
	// firstPause before a channel that ended is run again; it doubles up to
	// mostPause, and begins anew once the channel ran for steadyAfter.
	firstPause  = time.Second
	mostPause   = 5 * time.Minute
	steadyAfter = time.Minute
	// waitForLease is how often another instance's lease is tried for.
	waitForLease = 5 * time.Second
)

// stopWithin is how long a channel has to end; then it is left behind, and what it
// still brings is refused.
const stopWithin = 5 * time.Second

// running is a channel that fetches or listens by itself.
type running struct {
	one    *live
	cancel context.CancelFunc
	done   chan struct{}
}

// reconcile runs exactly the channels that should run.
func (h *Host) reconcile(ctx context.Context) {
	h.mu.RLock()
	wanted := map[crisis.ID]*live{}
	for id, one := range h.byID {
		if _, runs := one.adapter.(channels.Runner); runs && one.fault == nil {
			wanted[id] = one
		}
	}
	h.mu.RUnlock()
	for id, r := range h.running {
		if wanted[id] != r.one {
			h.end(r)
			delete(h.running, id)
		}
	}
	for id, one := range wanted {
		if h.running[id] == nil && ctx.Err() == nil {
			own, cancel := context.WithCancel(ctx)
			r := &running{one: one, cancel: cancel, done: make(chan struct{})}
			h.running[id] = r
			go func() {
				defer close(r.done)
				h.keepRunning(own, one)
			}()
		}
	}
}

// end stops a channel.
func (h *Host) end(r *running) {
	r.cancel()
	timer := time.NewTimer(stopWithin)
	defer timer.Stop()
	select {
	case <-r.done:
	case <-timer.C:
		h.Log.Error("channel does not end and is left behind", "channel", r.one.channel.Name)
	}
}

func (h *Host) stopAll() {
	for _, r := range h.running {
		r.cancel()
	}
	for id, r := range h.running {
		h.end(r)
		delete(h.running, id)
	}
}

// keepRunning runs a channel until ctx ends, again and again, while this process
// holds its lease.
func (h *Host) keepRunning(ctx context.Context, one *live) {
	pause := firstPause
	for ctx.Err() == nil {
		lease, held, err := h.Store.Acquire(ctx, leaseOf(one.channel.ID), h.Holder, leaseTTL)
		if err != nil || !held {
			sleep(ctx, waitForLease)
			continue
		}
		since := h.Clock()
		err = h.runOnce(ctx, one, lease)
		if ctx.Err() != nil {
			// Given back, so that whoever comes next need not wait for it to run out.
			_ = h.Store.Release(context.WithoutCancel(ctx), lease)
			return
		}
		if h.Clock().Sub(since) > steadyAfter {
			pause = firstPause
		}
		h.Log.Warn("channel ended and is run again", "channel", one.channel.Name, "pause", pause, "error", err)
		one.state.ended(h.Clock(), err)
		sleep(ctx, pause)
		pause = min(2*pause, mostPause)
	}
}

func leaseOf(channel crisis.ID) string { return "channel:" + channel.String() }

func sleep(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

var (
	errPanicked = errors.New("the channel's code broke")
	errLost     = errors.New("another instance runs the channel now")
)

// runOnce runs a channel while its lease holds. A panic is an error.
func (h *Host) runOnce(ctx context.Context, one *live, lease crisis.Lease) (err error) {
	run, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	beating := make(chan struct{})
	defer func() { <-beating }()
	defer cancel(nil)
	go func() {
		defer close(beating)
		h.beat(run, lease, cancel)
	}()
	defer func() {
		if recover() != nil {
			err = errPanicked
		}
	}()
	one.state.started(h.Clock())
	err = one.adapter.(channels.Runner).Run(run, &inlet{host: h, one: one, lease: lease, run: run})
	if cause := context.Cause(run); errors.Is(cause, errLost) {
		return errLost
	}
	if err == nil {
		err = errors.New("it ended by itself")
	}
	return err
}

// beat prolongs a lease; when it is lost the run ends.
func (h *Host) beat(ctx context.Context, lease crisis.Lease, lost context.CancelCauseFunc) {
	ticker := time.NewTicker(leaseTTL / 3)
	defer ticker.Stop()
	for failed := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		again, held, err := h.Store.Acquire(ctx, lease.Name, h.Holder, leaseTTL)
		switch {
		case err != nil && failed < 2:
			failed++ // it still has some of its time
			continue
		case err != nil || !held || again != lease:
			lost(errLost)
			return
		}
		failed = 0
	}
}

// inlet is where one run of a channel hands in what it found.
type inlet struct {
	host  *Host
	one   *live
	lease crisis.Lease
	// run ends when the channel must: whoever does not listen brings nothing more.
	run context.Context
}

// Cursor is what Accept last kept.
func (i *inlet) Cursor(ctx context.Context) ([]byte, error) {
	return i.host.Store.Position(ctx, i.one.channel.ID)
}

// Accept keeps messages and cursor together.
func (i *inlet) Accept(ctx context.Context, splits []channels.Split, cursor []byte) error {
	if i.run.Err() != nil {
		return i.run.Err()
	}
	now := i.host.Clock()
	splits, err := i.host.unknown(ctx, i.one, splits)
	if err != nil {
		return err
	}
	changes, receipts, err := i.host.messages(i.one, splits, now, behalf{})
	if err != nil {
		return err
	}
	// The cursor is a Change of its own, and carries the fence: one that brings a
	// message again writes nothing and asks for no guard.
	changes = append(changes, crisis.Change{Action: "channel.advanced", Actor: crisis.ChannelActor(i.one.channel.Name), At: now,
		Guard: crisis.Guard{Lease: &i.lease},
		Then:  crisis.Effects{Position: &crisis.Position{Channel: i.one.channel.ID, Cursor: cursor}}})
	outcomes, err := i.host.Store.Write(ctx, changes...)
	if err != nil {
		return fmt.Errorf("keep what a channel found: %w", err)
	}
	fresh := 0
	for n := range receipts {
		if outcomes[n].Receipt != crisis.Again {
			fresh++
		}
	}
	if fresh > 0 {
		i.host.Note(crisis.Traffic{Channel: i.one.channel.Name, At: now, Direction: crisis.Inbound, Method: "RUN", Messages: fresh, Exchanges: 1}, nil)
	}
	return nil
}

// unknown leaves out what was found afterwards and came in time as well.
func (h *Host) unknown(ctx context.Context, one *live, splits []channels.Split) ([]channels.Split, error) {
	var keys [][32]byte
	for _, split := range splits {
		if split.Hindsight {
			keys = append(keys, h.providerKey(one.channel.ID, split.ProviderID))
		}
	}
	if len(keys) == 0 {
		return splits, nil
	}
	known, err := h.Store.Known(ctx, one.channel.ID, keys...)
	if err != nil {
		return nil, err
	}
	kept := make([]channels.Split, 0, len(splits))
	for _, split := range splits {
		if _, before := known[h.providerKey(one.channel.ID, split.ProviderID)]; before && split.Hindsight {
			continue
		}
		kept = append(kept, split)
	}
	return kept, nil
}

func (h *Host) providerKey(channel crisis.ID, providerID string) [32]byte {
	return h.Keys.Dedupe(channel.String(), providerID)
}
