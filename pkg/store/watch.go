package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/onyo-project/onyo/pkg/crisis"
)

const (
	// lookEvery is how often SQLite is asked whether another process wrote: half
	// of the 200 ms within which it must be seen.
	lookEvery = 100 * time.Millisecond
	// listenPatience is how long PostgreSQL may be silent before we look anyway,
	// and how long we wait to listen again after a failure.
	listenPatience = 2 * time.Second
)

// watch wakes those who follow the ledger.
type watch struct {
	mu   sync.Mutex
	size uint64
	wake map[chan struct{}]bool
}

// Watch gives a channel of one slot that is filled whenever the ledger has grown:
// by this Store at once, by another process within 200 ms. A wake says only that
// it is worth looking; stop ends it.
func (s *Store) Watch() (wake <-chan struct{}, stop func()) {
	slot := make(chan struct{}, 1)
	w := &s.watch
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wake == nil {
		w.wake = map[chan struct{}]bool{}
	}
	w.wake[slot] = true
	return slot, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.wake, slot)
	}
}

// grown wakes everybody if the ledger is longer than was known.
func (w *watch) grown(size uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if size <= w.size {
		return
	}
	w.size = size
	for slot := range w.wake {
		select {
		case slot <- struct{}{}:
		default:
		}
	}
}

// follow notices what other processes write, until the store closes.
func (s *Store) follow() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		<-s.quit
		stop()
	}()
	if size, err := s.Size(ctx); err == nil {
		s.watch.grown(size)
		// What somebody wrote between the opening and this size is read once more.
		if err := s.readHidden(ctx); err == nil {
			s.learned = size
		}
	}
	if s.dialect.postgres {
		s.followPostgres(ctx)
	} else {
		s.followSQLite(ctx)
	}
}

func (s *Store) followSQLite(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.look(ctx)
		}
	}
}

func (s *Store) followPostgres(ctx context.Context) {
	for ctx.Err() == nil {
		if err := s.listen(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("listening to the database failed", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(listenPatience):
			}
		}
	}
}

func (s *Store) listen(ctx context.Context) error {
	conn, err := s.writer.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect to listen: %w", err)
	}
	defer conn.Close()
	return conn.Raw(func(conn any) error {
		raw := conn.(*stdlib.Conn).Conn()
		if _, err := raw.Exec(ctx, "LISTEN onyo_ledger"); err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		for {
			s.look(ctx)
			patience, stop := context.WithTimeout(ctx, listenPatience)
			_, err := raw.WaitForNotification(patience)
			expired := patience.Err() != nil
			stop()
			if ctx.Err() != nil || err != nil && !expired {
				return driver.ErrBadConn // it may hold half an answer
			}
		}
	})
}

// look reads the ledger's size, and where another process wrote, takes over what
// concerns this one: destroyed keys and hidden categories.
func (s *Store) look(ctx context.Context) {
	size, err := s.Size(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.log.Warn("looking at the ledger failed", "error", err)
		}
		return
	}
	// Our own commits move the known size past what others wrote before them, so
	// what was learned is counted apart.
	if size > s.learned {
		if err := s.learn(ctx, s.learned); err == nil {
			s.learned = size
		} else if ctx.Err() == nil {
			s.log.Warn("reading what another process wrote failed", "error", err)
		}
	}
	s.watch.grown(size)
}

func (s *Store) learn(ctx context.Context, from uint64) error {
	var gone []string
	if err := s.query.WithContext(ctx).Table("ledger_entry").Where("idx >= ? AND tbl = 'data_keys'", from).Pluck("id", &gone).Error; err != nil {
		return fmt.Errorf("look for destroyed keys: %w", err)
	}
	for _, owner := range gone {
		s.dataKeys.forget(owner)
	}
	var settings int64
	if err := s.query.WithContext(ctx).Table("ledger_entry").Where("idx >= ? AND tbl IN ?", from,
		[]string{string(crisis.TableCategory), string(crisis.TablePolicy)}).Limit(1).Count(&settings).Error; err != nil {
		return fmt.Errorf("look for changed settings: %w", err)
	}
	if settings > 0 {
		return s.readHidden(ctx)
	}
	return nil
}
