package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/media"
	"github.com/onyo-project/onyo/pkg/vault"
)

const (
	// Consumer is the worker's name as a reader of the ledger and as a holder of
	// its lease.
	Consumer = "intake"
	leaseTTL = 30 * time.Second
	// batchSize bounds how many messages share a Write, batchBytes how large they
	// were as they came.
	batchSize  = 256
	batchBytes = 32 << 20
	// pageSize bounds how many entries are read at once.
	pageSize = 1024
	// pollEvery finds what nobody woke us for: retries that fell due.
	pollEvery = 2 * time.Second
	// MaxTries after which a message that cannot be worked is set aside.
	MaxTries = 8
	// parseWithin is how long an adapter may take to read one message.
	parseWithin = 10 * time.Second
)

// Why a message is set aside, beside what adapters say.
const (
	codeUnreadable = "unreadable"   // what is stored of it cannot be opened
	codeFailed     = "work_failed"  // what it needs cannot be read or kept
	codeWrite      = "write_failed" // what it says cannot be written
	// codeTriage is not ours: a later stage sets its reports aside under their
	// message, and takes them up again itself.
	codeTriage = "triage_failed"
)

// WorkerOptions are what a Worker is made of.
type WorkerOptions struct {
	Store Store
	Host  *Host
	// Keeper keeps media that came inside a message.
	Keeper *media.Keeper
	Keys   *vault.Keys
	// Holder names this process among those that share a database.
	Holder string
	Clock  func() time.Time
	Rand   io.Reader
	Log    *slog.Logger
}

// Worker reads every accepted message in full and writes what it says: under a
// lease, in the order of the ledger, the effects of a batch and the cursor in
// one Write. Doing a message again writes nothing new.
type Worker struct {
	WorkerOptions
	lease crisis.Lease
	// renewed is when the lease was last taken or prolonged.
	renewed time.Time
	// next is the first entry not yet looked at; saved is what the cursor says.
	next, saved uint64
	senders     senders
}

// NewWorker makes a worker.
func NewWorker(options WorkerOptions) *Worker {
	return &Worker{WorkerOptions: options, senders: senders{}}
}

// Run works until ctx ends.
func (w *Worker) Run(ctx context.Context) error {
	wake, stop := w.Store.Watch()
	defer stop()
	for {
		more, err := w.Step(ctx)
		if err != nil && ctx.Err() == nil {
			w.Log.Warn("intake stopped for now", "error", err)
		}
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case <-time.After(pollEvery):
		}
	}
}

// Step works one page of the ledger and what is due to be tried again. More says
// that there may be further work at once. Without the lease it does nothing.
func (w *Worker) Step(ctx context.Context) (more bool, err error) {
	held, err := w.hold(ctx)
	if err != nil || !held {
		return false, err
	}
	if err := w.retries(ctx); err != nil {
		return false, w.lost(err)
	}
	entries, err := w.Store.Entries(ctx, w.next, pageSize)
	if err != nil {
		return false, fmt.Errorf("read the ledger: %w", err)
	}
	var batch []crisis.ID
	for _, entry := range entries {
		if entry.Table == crisis.TableMessage && entry.Rev == 1 {
			batch = append(batch, entry.ID)
		}
		w.next = entry.Index + 1
		if len(batch) == batchSize {
			if err := w.work(ctx, batch, w.next); err != nil {
				return false, w.lost(err)
			}
			batch = nil
		}
	}
	// Entries that concern nobody here move the cursor only now and then.
	if len(batch) > 0 || w.next-w.saved >= pageSize {
		if err := w.work(ctx, batch, w.next); err != nil {
			return false, w.lost(err)
		}
	}
	return len(entries) == pageSize, nil
}

// hold takes or renews the lease. A new holder starts from the cursor. Between
// renewals the guard of every Write shows a lease that was lost.
func (w *Worker) hold(ctx context.Context) (bool, error) {
	if w.lease != (crisis.Lease{}) && w.Clock().Sub(w.renewed) < leaseTTL/3 {
		return true, nil
	}
	lease, held, err := w.Store.Acquire(ctx, Consumer, w.Holder, leaseTTL)
	if err != nil || !held {
		w.lease = crisis.Lease{}
		return false, err
	}
	if lease != w.lease {
		next, err := w.Store.Cursor(ctx, Consumer)
		if err != nil {
			return false, fmt.Errorf("read the cursor: %w", err)
		}
		w.lease, w.next, w.saved = lease, next, next
	}
	w.renewed = w.Clock()
	return true, nil
}

// lost forgets how far it got, so that the next step starts from the cursor.
func (w *Worker) lost(err error) error {
	w.lease = crisis.Lease{}
	return err
}

// told is what to write of one message, and how many bytes it had; false for one
// that went out or was forgotten since. Retry is nil for a message that was just
// accepted. Whatever is wrong with this one message sets it aside, so that an
// error is the store's or the context's.
func (w *Worker) told(ctx context.Context, reading *reading, id crisis.ID, retry *crisis.Retry) (change crisis.Change, bytes int, any bool, err error) {
	code, tries := codeUnreadable, 0
	if retry != nil {
		tries = retry.Attempts
	}
	message, err := crisis.Get[*crisis.Message](ctx, w.Store, id)
	switch {
	case errors.Is(err, crisis.ErrNotFound):
		return change, 0, false, nil
	case err != nil:
	case message.Direction != crisis.Inbound:
		return change, 0, false, nil
	default:
		code = codeFailed
		if change, err = reading.first(ctx, message, retry); err == nil {
			return change, len(message.Raw), true, nil
		}
	}
	// A store that answers nothing else either is at fault itself.
	if _, down := w.Store.Cursor(ctx, Consumer); down != nil {
		return change, 0, false, fmt.Errorf("read a message: %w", down)
	}
	w.Log.Warn("message set aside", "message", id, "code", code)
	return w.setAside(id, code, tries+1), 0, true, nil
}

// gather is what to write of the first n of some messages: as many as batchBytes
// let be read. No more than one message lies in memory at a time; what is kept of
// it is its Change.
func (w *Worker) gather(ctx context.Context, ids []crisis.ID) (changes []crisis.Change, n int, err error) {
	reading := newReading(w)
	if err := reading.lookAhead(ctx, ids); err != nil {
		return nil, 0, err
	}
	size := 0
	for n < len(ids) && size < batchBytes {
		change, bytes, any, err := w.told(ctx, reading, ids[n], nil)
		if err != nil {
			return nil, 0, err
		}
		if any {
			changes = append(changes, change)
		}
		size += bytes
		n++
	}
	return changes, n, nil
}

// work writes the effects of messages, and with those of the last the cursor. If
// that fails the messages are worked one by one, so that one bad one does not
// hold up the rest, and the cursor moves after the last.
func (w *Worker) work(ctx context.Context, ids []crisis.ID, next uint64) error {
	for {
		changes, n, err := w.gather(ctx, ids)
		if err != nil {
			return err
		}
		last := n == len(ids)
		if last {
			changes = append(changes, w.advance(next))
		}
		if err := w.write(ctx, changes...); err != nil {
			if n == 0 || errors.Is(err, crisis.ErrFenced) || ctx.Err() != nil {
				return err
			}
			if err := w.oneByOne(ctx, ids[:n]); err != nil {
				return err
			}
			if last {
				if err := w.write(ctx, w.advance(next)); err != nil {
					return err
				}
			}
		}
		if last {
			w.saved = next
			return nil
		}
		ids = ids[n:]
	}
}

func (w *Worker) oneByOne(ctx context.Context, ids []crisis.ID) error {
	for _, id := range ids {
		change, _, any, err := w.told(ctx, newReading(w), id, nil)
		if err != nil {
			return err
		}
		if !any {
			continue
		}
		if err := w.alone(ctx, id, change, 0); err != nil {
			return err
		}
	}
	return nil
}

func (w *Worker) advance(next uint64) crisis.Change {
	return crisis.Change{Action: "intake.advanced", Actor: actor, At: w.Clock(),
		Then: crisis.Effects{Advance: &crisis.Cursor{Consumer: Consumer, Next: next}}}
}

// alone writes what one message gave; if that cannot be written the message is
// set aside, to be tried again.
func (w *Worker) alone(ctx context.Context, message crisis.ID, change crisis.Change, tries int) error {
	err := w.write(ctx, change)
	if err == nil || errors.Is(err, crisis.ErrFenced) || ctx.Err() != nil {
		return err
	}
	w.Log.Warn("message not worked", "message", message, "error", err)
	return w.write(ctx, w.setAside(message, codeWrite, tries+1))
}

// write writes Changes together; the first's guard holds for all of them.
func (w *Worker) write(ctx context.Context, changes ...crisis.Change) error {
	if len(changes) == 0 {
		return nil
	}
	lease := w.lease
	changes[0].Guard.Lease = &lease
	if _, err := w.Store.Write(ctx, changes...); err != nil {
		return fmt.Errorf("write what messages said: %w", err)
	}
	return nil
}

// setAside puts a message aside for later, or into quarantine after MaxTries.
func (w *Worker) setAside(message crisis.ID, code string, tries int) crisis.Change {
	retry := crisis.Retry{Message: message, Attempts: tries, Code: code, Due: w.Clock().Add(pause(tries)), Quarantined: tries >= MaxTries}
	return w.aside(retry)
}

func (w *Worker) aside(retry crisis.Retry) crisis.Change {
	action := "message.set_aside"
	if retry.Quarantined {
		action = "message.quarantined"
	}
	return crisis.Change{Action: action, Actor: actor, Reason: retry.Code, At: w.Clock(), Then: crisis.Effects{Retry: []crisis.Retry{retry}}}
}

// pause before the next try: 5 s, then twice as long each time, at most an hour.
func pause(tries int) time.Duration {
	return min(5*time.Second<<max(0, min(tries-1, 16)), time.Hour)
}

// retries works what is due: failures whose pause is over, and what a person
// took out of quarantine.
func (w *Worker) retries(ctx context.Context) error {
	due, err := w.Store.Retries(ctx, w.Clock(), batchSize)
	if err != nil {
		return fmt.Errorf("read what to try again: %w", err)
	}
	for _, retry := range due {
		if retry.Quarantined || retry.Code == codeTriage {
			continue
		}
		change, _, any, err := w.told(ctx, newReading(w), retry.Message, &retry)
		if err != nil {
			return err
		}
		if !any {
			change = crisis.Change{Action: "message.forgotten", Actor: actor, At: w.Clock()}
		}
		if len(change.Then.Retry) == 0 {
			change.Then.Settled = append(change.Then.Settled, retry.Message)
		}
		if err := w.alone(ctx, retry.Message, change, retry.Attempts); err != nil {
			return err
		}
	}
	return nil
}
