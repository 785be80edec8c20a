package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/onyo-project/onyo/pkg/store/connect"
)

// ErrNoBackup: PostgreSQL is backed up by its own tools.
var ErrNoBackup = errors.New("PostgreSQL is backed up with pg_dump, not by Onyo")

// Backup writes a copy of the whole SQLite database, as of one moment and while
// others read and write, to a file that must not be there yet. Nothing in the
// copy is unsealed. On PostgreSQL it fails with ErrNoBackup.
func (s *Store) Backup(ctx context.Context, path string) error {
	if s.dialect.postgres {
		return ErrNoBackup
	}
	var sequence int
	var name, from string
	if err := s.reader.QueryRowContext(ctx, "PRAGMA database_list").Scan(&sequence, &name, &from); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	// The readers' connections refuse to write anything, even elsewhere.
	db, err := connect.SQLite(ctx, from, "ro", 1)
	if err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	return nil
}
