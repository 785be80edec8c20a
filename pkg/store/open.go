package store

import (
	"context"
	"embed"
	"fmt"

	"github.com/onyo-project/onyo/pkg/store/connect"
)

//go:embed migrations
var migrations embed.FS

// readers is how many connections read at once.
const readers = 8

// connect opens two pools: one that writes, and on SQLite, which has one writer,
// is a single connection; and one that reads, and there may do nothing else.
func (s *Store) connect(ctx context.Context, url string) error {
	address, err := connect.Parse(url)
	if err != nil {
		return err
	}
	if address.Path != "" {
		s.dialect = sqliteDialect()
		// A small cache: SQLite walks all of it after a commit that split a page, and
		// what is not in it comes from the operating system's. A write-ahead log of up
		// to 64 MB: the index of provider ids is written all over, and a page that is
		// changed again before it is copied back is copied once.
		if s.writer, err = connect.SQLite(ctx, address.Path, "rwc", 1, "synchronous(FULL)", "wal_autocheckpoint(16000)", "cache_size(-2000)"); err != nil {
			return err
		}
		s.reader, err = connect.SQLite(ctx, address.Path, "rw", readers, "query_only(1)")
	} else {
		s.dialect = postgresDialect()
		const writers = 2 // the committer's, and the one that listens
		// The committer's statements all go by a key. Plans are made once, mostly
		// while tables are empty and a scan looks cheap, and kept for hours.
		byKey := map[string]string{"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off"}
		if s.writer, err = connect.Postgres(ctx, address.URL, "", writers, byKey); err != nil {
			return err
		}
		// Readers plan anew each time, for the same reason.
		s.reader, err = connect.Postgres(ctx, address.URL, "", readers, map[string]string{"plan_cache_mode": "force_custom_plan"})
	}
	if err == nil {
		s.query, err = connect.Gorm(s.reader, s.dialect.postgres)
	}
	if err != nil {
		s.disconnect()
		return err
	}
	return nil
}

func (s *Store) disconnect() {
	_ = s.writer.Close()
	if s.reader != nil {
		_ = s.reader.Close()
	}
}

func (s *Store) prepareDatabase(ctx context.Context) error {
	if err := connect.Migrate(ctx, s.writer, s.dialect.postgres, migrations); err != nil {
		return err
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	if err := s.readHidden(ctx); err != nil {
		return fmt.Errorf("read which categories are hidden: %w", err)
	}
	return nil
}
