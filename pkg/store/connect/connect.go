// Package connect opens the two kinds of database alike for everything under
// pkg/store: connections, gorm over them, and numbered migrations.
package connect

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"net/url"
	"path/filepath"
	"strings"

	sqlite "github.com/glebarez/sqlite"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// Address is where a database lies: Path is the file of a SQLite one, else URL is
// PostgreSQL's.
type Address struct {
	Path string
	URL  string
}

// Parse reads sqlite:PATH or postgres://…. Its errors do not repeat the address,
// which may hold a password.
func Parse(address string) (Address, error) {
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok && path != "" {
		return Address{Path: path}, nil
	}
	if strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		return Address{URL: address}, nil
	}
	return Address{}, fmt.Errorf("a database is sqlite:PATH or postgres://…")
}

// SQLite opens a file, made where there is none unless mode is "ro". pragmas are
// added to those that every connection sets: WAL, foreign keys, temporary tables
// in memory, ten seconds of patience with other writers.
func SQLite(ctx context.Context, path, mode string, connections int, pragmas ...string) (*sql.DB, error) {
	values := url.Values{"_txlock": {"immediate"}, "mode": {mode}}
	common := []string{
		"busy_timeout(10000)", "foreign_keys(1)", "temp_store(MEMORY)", "cache_size(-32000)", "mmap_size(268435456)",
	}
	if mode != "ro" {
		common = append(common, "journal_mode(WAL)")
	}
	for _, pragma := range append(common, pragmas...) {
		values.Add("_pragma", pragma)
	}
	escaped := (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath()
	location := url.URL{Scheme: "file", Opaque: escaped, RawQuery: values.Encode()}
	db, err := sql.Open("sqlite", location.String())
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return ready(ctx, db, connections)
}

// Postgres opens a server's database. Parameters are set on every connection,
// beside UTC as the zone of its times; role, where it is not empty, is whose
// rights a connection has.
func Postgres(ctx context.Context, address, role string, connections int, parameters map[string]string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("read the database's address: it is not one")
	}
	config.RuntimeParams["timezone"] = "UTC"
	config.RuntimeParams["application_name"] = "onyo"
	for name, value := range parameters {
		config.RuntimeParams[name] = value
	}
	var options []stdlib.OptionOpenDB
	if role != "" {
		options = append(options, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "SET ROLE "+pgx.Identifier{role}.Sanitize())
			return err
		}))
	}
	return ready(ctx, stdlib.OpenDB(*config, options...), connections)
}

func ready(ctx context.Context, db *sql.DB, connections int) (*sql.DB, error) {
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return db, nil
}

// Gorm puts gorm over a database. It is silent, because its messages would quote
// values, and makes no schema: migrations do.
func Gorm(db *sql.DB, isPostgres bool) (*gorm.DB, error) {
	var dialector gorm.Dialector = sqlite.Dialector{Conn: db}
	if isPostgres {
		dialector = postgres.New(postgres.Config{Conn: db})
	}
	handle, err := gorm.Open(dialector, &gorm.Config{
		Logger: logger.Discard, SkipDefaultTransaction: true, DisableAutomaticPing: true,
	})
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return handle, nil
}

// Migrate brings a schema up to date with the numbered SQL of a folder that holds
// one folder a dialect. Several processes may do so at once.
func Migrate(ctx context.Context, db *sql.DB, isPostgres bool, folder fs.FS) error {
	kind, name, options := goose.DialectSQLite3, "sqlite", []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	if isPostgres {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return fmt.Errorf("lock the schema: %w", err)
		}
		kind, name, options = goose.DialectPostgres, "postgres", append(options, goose.WithSessionLocker(locker))
	}
	files, err := fs.Sub(folder, "migrations/"+name)
	if err != nil {
		return fmt.Errorf("find the migrations: %w", err)
	}
	provider, err := goose.NewProvider(kind, db, files, options...)
	if err != nil {
		return fmt.Errorf("read the migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bring the schema up to date: %w", err)
	}
	return nil
}
