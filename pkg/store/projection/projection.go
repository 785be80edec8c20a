// Package projection keeps the public copy: the only thing an anonymous caller's
// answer may be made of (DESIGN §4, law 3). It lies apart from the records: on
// SQLite in a file of its own beside them, on PostgreSQL in a schema that the role
// onyo_public may read, and nothing else.
//
// The publisher writes it in batches; readers open it read-only. It is derived:
// Reset it and it can be built again.
package projection

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"path/filepath"
	"time"

	"gorm.io/gorm"

	"github.com/onyo-project/onyo/pkg/store/connect"
)

//go:embed migrations
var migrations embed.FS

const (
	// FileName is the SQLite file, in the folder of the records' own.
	FileName = "public.db"
	// Schema is where PostgreSQL keeps it, and the role that reads it.
	Schema = "onyo_public"

	readers = 4
)

// Options say where.
type Options struct {
	// URL is the records' own: sqlite:PATH or postgres://….
	URL string
	// Clock is the process's own.
	Clock func() time.Time
}

// Projection is the public copy. It is safe for concurrent use.
type Projection struct {
	db    *sql.DB
	query *gorm.DB
}

// Open opens the public copy for its one publisher, made where there is none.
func Open(ctx context.Context, options Options) (*Projection, error) {
	p, err := open(ctx, options.URL, false)
	if err != nil {
		return nil, fmt.Errorf("open the projection: %w", err)
	}
	return p, nil
}

// OpenReader opens it for reading alone: the database refuses everything else.
// Open must have made it.
func OpenReader(ctx context.Context, options Options) (*Projection, error) {
	p, err := open(ctx, options.URL, true)
	if err != nil {
		return nil, fmt.Errorf("open the projection for reading: %w", err)
	}
	return p, nil
}

func open(ctx context.Context, url string, readOnly bool) (*Projection, error) {
	address, err := connect.Parse(url)
	if err != nil {
		return nil, err
	}
	isPostgres := address.Path == ""
	var db *sql.DB
	switch {
	case isPostgres && readOnly:
		db, err = connect.Postgres(ctx, address.URL, Schema, readers,
			map[string]string{"search_path": Schema, "default_transaction_read_only": "on"})
	case isPostgres:
		if err = makeSchema(ctx, address.URL); err == nil {
			db, err = connect.Postgres(ctx, address.URL, "", readers, map[string]string{"search_path": Schema})
		}
	case readOnly:
		db, err = connect.SQLite(ctx, file(address.Path), "ro", readers, "query_only(1)")
	default:
		// A lost batch is published again: no need to wait for the disk each time.
		db, err = connect.SQLite(ctx, file(address.Path), "rwc", 1, "synchronous(NORMAL)")
	}
	if err != nil {
		return nil, err
	}
	p := &Projection{db: db}
	if !readOnly {
		err = connect.Migrate(ctx, db, isPostgres, migrations)
	}
	if err == nil {
		p.query, err = connect.Gorm(db, isPostgres)
	}
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return p, nil
}

func file(records string) string { return filepath.Join(filepath.Dir(records), FileName) }

// makeSchema makes the schema before anything can be looked for in it. Several
// processes may try at once; one statement of them succeeds.
func makeSchema(ctx context.Context, address string) error {
	db, err := connect.Postgres(ctx, address, "", 1, nil)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS "+Schema)
	var there bool
	if again := db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)", Schema).Scan(&there); again != nil {
		return fmt.Errorf("look for the schema: %w", again)
	}
	if !there {
		return fmt.Errorf("make the schema: %w", err)
	}
	return nil
}

// Close closes it.
func (p *Projection) Close() error {
	if err := p.db.Close(); err != nil {
		return fmt.Errorf("close the projection: %w", err)
	}
	return nil
}
