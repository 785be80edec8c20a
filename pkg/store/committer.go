package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/onyo-project/onyo/pkg/crisis"
)

const (
	// queueLength is how many units may wait before Write blocks.
	queueLength = 2048
	// batchUnits bounds how many units share a transaction.
	batchUnits = 512
	// patience is how often the committer lets others run, and nobody comes, before
	// it closes a batch: some tens of microseconds, of the thousands that a commit
	// takes.
	patience = 256
	// attempts bounds how often what may pass is tried again.
	attempts = 5
)

// ErrClosed is what a Write after Close fails with.
var ErrClosed = errors.New("the store is closed")

// Write makes rows and ledger entries of some Changes, all of them or none, and
// returns once they are on the disk: an entry a record put and an entry an owner
// forgotten. Records of one Change are written in the order of crisis.Tables, so
// that they may refer to each other.
//
// A Change that carries a message whose provider id came before with the same
// digest writes nothing at all and its Outcome is crisis.Again; with another
// digest the message is kept with Variant set.
//
// It fails with crisis.ErrStale, ErrClaimed, ErrNoClaim, ErrFenced,
// ErrAssessed, ErrTwo, ErrTaken, ErrNotFound, ErrForgotten, with ctx's error if
// the unit was not yet under way, or with a fault.
func (s *Store) Write(ctx context.Context, changes ...crisis.Change) ([]crisis.Outcome, error) {
	for attempt := 0; ; attempt++ {
		u, err := s.prepare(ctx, changes, attempt > 0)
		if err != nil {
			return nil, fmt.Errorf("write: %w", err)
		}
		err = s.submit(ctx, u)
		if err == nil {
			return u.outcomes, nil
		}
		if !errors.Is(err, errRepeat) || attempt == attempts {
			return nil, fmt.Errorf("write: %w", err)
		}
		for _, owner := range u.owners {
			s.dataKeys.forget(owner)
		}
	}
}

// do hands the committer work on a working table.
func (s *Store) do(ctx context.Context, work func(*tx) error) error {
	return s.submit(ctx, &unit{work: work, done: make(chan error, 1)})
}

func (s *Store) submit(ctx context.Context, u *unit) error {
	select {
	case <-s.quit:
		return ErrClosed
	default:
	}
	select {
	case s.queue <- u:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.quit:
		return ErrClosed
	}
	select {
	case err := <-u.done:
		return err
	case <-ctx.Done():
		if u.taken.CompareAndSwap(false, true) {
			return ctx.Err() // the committer will skip it
		}
		return <-u.done
	case <-s.stopped:
		select {
		case err := <-u.done:
			return err
		default:
			return ErrClosed
		}
	}
}

// commitLoop is the committer: it takes what is waiting and writes it together.
func (s *Store) commitLoop() {
	defer close(s.stopped)
	defer func() {
		if s.conn != nil {
			_ = s.conn.Close()
		}
	}()
	for {
		select {
		case u := <-s.queue:
			s.commit(s.gather(u))
		case <-s.quit:
			for {
				select {
				case u := <-s.queue:
					s.commit(s.gather(u))
				default:
					return
				}
			}
		}
	}
}

// gather takes what waits. Where the last batch had company it also lets those
// run who are about to write: the callers it woke. A unit that may change whether
// points are sealed ends the batch: those after it must know.
func (s *Store) gather(first *unit) []*unit {
	batch := make([]*unit, 0, 32)
	for u := first; ; {
		if u.taken.CompareAndSwap(false, true) {
			batch = append(batch, u)
		}
		if len(batch) == batchUnits || u.setsHidden() {
			return batch
		}
		if u = s.next(); u == nil {
			s.company = len(batch) > 1
			return batch
		}
	}
}

// next is a unit that waits, or that comes while others are let run; nil for
// none.
func (s *Store) next() *unit {
	for left := patience; ; left-- {
		select {
		case u := <-s.queue:
			return u
		default:
			if left == 0 || !s.company {
				return nil
			}
			runtime.Gosched()
		}
	}
}

func (u *unit) setsHidden() bool {
	return slices.ContainsFunc(u.changes, func(c change) bool {
		return slices.ContainsFunc(c.rows, func(r row) bool {
			return r.shape.table == crisis.TableCategory || r.shape.table == crisis.TablePolicy
		})
	})
}

// commit writes a batch and answers each of its callers.
func (s *Store) commit(batch []*unit) {
	if len(batch) == 0 {
		return
	}
	results := make([]error, len(batch))
	var err error
	together := true
	for range attempts {
		err = s.try(batch, results, together)
		together = together && !errors.Is(err, errSurprise)
		if !passing(err) && !errors.Is(err, errSurprise) {
			break
		}
	}
	if err == nil && slices.ContainsFunc(batch, (*unit).setsHidden) {
		if hidden := s.readHidden(context.Background()); hidden != nil {
			s.log.Error("read which categories are hidden; points are sealed", "error", hidden)
			s.hidden.Store(true)
		}
	}
	for i, u := range batch {
		if err != nil {
			u.done <- err
		} else {
			u.done <- results[i]
		}
	}
}

// try is one attempt at a batch. What concerns one unit alone goes to results.
func (s *Store) try(batch []*unit, results []error, together bool) error {
	t, err := s.beginTx()
	if err != nil {
		s.dropConn()
		return err
	}
	if err := t.batch(batch, results, together); err != nil {
		t.rollback()
		if errors.Is(err, errAlone) {
			return nil
		}
		return err
	}
	if _, err := t.exec("COMMIT"); err != nil {
		t.rollback()
		return fmt.Errorf("commit: %w", err)
	}
	s.committed(t, batch, results)
	return nil
}

// committed does what may only follow a commit.
func (s *Store) committed(t *tx, batch []*unit, results []error) {
	for _, owner := range t.gone {
		s.dataKeys.forget(owner)
	}
	for i, u := range batch {
		if results[i] != nil {
			continue
		}
		for _, fresh := range u.fresh {
			if !slices.Contains(t.gone, fresh.owner) {
				s.dataKeys.put(fresh.owner, fresh.key)
			}
		}
		for j := range u.outcomes {
			u.outcomes[j].Index += t.base
		}
	}
	if t.grew.Tree != nil {
		s.tree = t.grew.Tree
		s.watch.grown(s.tree.Size())
	}
}
