package store

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/ledger"
	"github.com/onyo-project/onyo/pkg/vault"
)

// Options say which database and with what.
type Options struct {
	// URL is sqlite:PATH or postgres://….
	URL  string
	Keys *vault.Keys
	// Clock, Rand and Log are the process's own; the first two serve many
	// goroutines at once.
	Clock func() time.Time
	Rand  io.Reader
	Log   *slog.Logger
	// Command is a command beside the server: it follows nobody.
	Command bool
}

// Store is one deployment's records and ledger. It is safe for concurrent use.
type Store struct {
	dialect *dialect
	shapes  map[crisis.Table]*shape
	order   map[crisis.Table]int // of crisis.Tables
	encoder *vault.Encoder
	keys    *vault.Keys
	clock   func() time.Time
	rand    io.Reader
	log     *slog.Logger

	writer *sql.DB // the committer's own connection
	reader *sql.DB
	query  *gorm.DB // over reader

	origin     string
	dataKeys   *keyCache
	deployment *vault.DataKey
	// hidden says that points are sealed: some category that is switched on is
	// hidden.
	hidden atomic.Bool

	queue   chan *unit
	quit    chan struct{}
	workers sync.WaitGroup
	closing sync.Once

	// The committer's alone: its connection, the ledger's tree as of its last
	// commit, and whether that was for more than one caller.
	company bool
	conn    *sql.Conn
	tree    *ledger.Tree
	stopped chan struct{} // closed when the committer has ended

	watch watch
	// learned is the follower's alone: up to where it took over destroyed keys and
	// hidden categories.
	learned uint64
}

// Open connects, brings the schema up to date, and makes the deployment's data
// key and the ledger's origin where there is none yet. Keys of another key file
// than the database was written with fail with vault.ErrOtherKey.
func Open(ctx context.Context, options Options) (*Store, error) {
	s := &Store{
		shapes: shapes(), encoder: new(vault.Encoder), keys: options.Keys,
		clock: options.Clock, rand: options.Rand, log: options.Log,
		dataKeys: newKeyCache(keyCacheSize),
		queue:    make(chan *unit, queueLength), quit: make(chan struct{}), stopped: make(chan struct{}),
	}
	s.order = make(map[crisis.Table]int)
	for i, table := range crisis.Tables() {
		s.order[table] = i
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.connect(ctx, options.URL); err != nil {
		return nil, fmt.Errorf("open the store: %w", err)
	}
	if err := s.prepareDatabase(ctx); err != nil {
		s.disconnect()
		return nil, fmt.Errorf("open the store: %w", err)
	}
	s.workers.Go(s.commitLoop)
	if !options.Command {
		s.workers.Go(s.follow)
	}
	return s, nil
}

// Close waits for what is being written and closes the database. Writes that
// come later fail.
func (s *Store) Close() error {
	var err error
	s.closing.Do(func() {
		close(s.quit)
		s.workers.Wait()
		err = s.reader.Close()
		if other := s.writer.Close(); err == nil {
			err = other
		}
	})
	if err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}

// Dialect is "sqlite" or "postgres".
func (s *Store) Dialect() string { return s.dialect.name }

// Origin names this deployment's ledger, for ever.
func (s *Store) Origin() string { return s.origin }
