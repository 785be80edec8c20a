package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"

	sqlite "github.com/glebarez/sqlite"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// readers is how many connections read at once.
const readers = 8

// connectSQLite opens two pools: one connection that writes, and several that
// may only read, so that a mistake in a query cannot change anything.
func (s *Store) connectSQLite(ctx context.Context, path string) error {
	if path == "" {
		return fmt.Errorf("sqlite: needs the path of a file")
	}
	s.dialect, s.path = sqliteDialect(), path
	writer, err := sql.Open("sqlite", sqliteURL(path, "synchronous(FULL)", "wal_autocheckpoint(4000)"))
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	writer.SetMaxOpenConns(1)
	if err := writer.PingContext(ctx); err != nil {
		return fmt.Errorf("open the database: %w", closing(err, writer))
	}
	reader, err := sql.Open("sqlite", sqliteURL(path, "query_only(1)"))
	if err != nil {
		return fmt.Errorf("open the database: %w", closing(err, writer))
	}
	return s.use(writer, reader, sqlite.Dialector{Conn: reader})
}

func sqliteURL(path string, pragmas ...string) string {
	values := url.Values{"_txlock": {"immediate"}}
	common := []string{"busy_timeout(10000)", "journal_mode(WAL)", "foreign_keys(1)", "temp_store(MEMORY)", "cache_size(-32000)", "mmap_size(268435456)"}
	for _, pragma := range append(common, pragmas...) {
		values.Add("_pragma", pragma)
	}
	location := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: values.Encode()}
	return location.String()
}

func (s *Store) connectPostgres(ctx context.Context, address string) error {
	s.dialect = postgresDialect()
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return fmt.Errorf("read the database's address: it is not one")
	}
	config.RuntimeParams["timezone"] = "UTC"
	config.RuntimeParams["application_name"] = "onyo"
	writer := stdlib.OpenDB(*config)
	writer.SetMaxOpenConns(2) // the committer's, and the one that listens
	if err := writer.PingContext(ctx); err != nil {
		return fmt.Errorf("open the database: %w", closing(err, writer))
	}
	reader := stdlib.OpenDB(*config)
	return s.use(writer, reader, postgres.New(postgres.Config{Conn: reader}))
}

// use puts gorm over the readers. It is silent, because its messages would
// quote values, and prepares no schema: migrations do.
func (s *Store) use(writer, reader *sql.DB, dialector gorm.Dialector) error {
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)
	query, err := gorm.Open(dialector, &gorm.Config{
		Logger: logger.Discard, SkipDefaultTransaction: true, DisableAutomaticPing: true,
	})
	if err != nil {
		_ = reader.Close()
		return fmt.Errorf("open the database: %w", closing(err, writer))
	}
	s.writer, s.reader, s.query = writer, reader, query
	return nil
}

func closing(err error, db *sql.DB) error {
	_ = db.Close()
	return err
}
