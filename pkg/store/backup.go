package store

import (
	"context"
	"errors"
	"fmt"
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
	conn, err := s.reader.Conn(ctx)
	if err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	return nil
}
