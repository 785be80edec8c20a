package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/ledger"
)

// tx is one transaction of the committer. Nothing in it can be interrupted: a
// batch belongs to many callers.
type tx struct {
	store *Store
	conn  *sql.Conn
	// base is the ledger's size and tree its tree, once the tail is read: from the
	// start on SQLite, which has one writer; on PostgreSQL as late as can be,
	// because nobody else appends from then on.
	base uint64
	tree *ledger.Tree
	// entries wait for append, in order.
	entries []entry
	// gone are owners whose keys this transaction destroyed.
	gone []string
	grew ledger.Growth
}

// entry is one line that append will give an index.
type entry struct {
	change     *crisis.Change
	table      crisis.Table
	id         string
	rev        uint64
	commitment [32]byte
}

func (s *Store) beginTx() (*tx, error) {
	ctx := context.Background()
	if s.conn == nil {
		conn, err := s.writer.Conn(ctx)
		if err != nil {
			return nil, fmt.Errorf("connect: %w", err)
		}
		s.conn = conn
	}
	t := &tx{store: s, conn: s.conn}
	if _, err := t.exec(s.dialect.begin); err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	if !s.dialect.postgres {
		if err := t.readTail(); err != nil {
			return t, err
		}
	}
	return t, nil
}

// rollback gives up the transaction, and the connection with it if even that
// fails.
func (t *tx) rollback() {
	if _, err := t.exec("ROLLBACK"); err != nil {
		t.store.dropConn()
	}
}

func (s *Store) dropConn() {
	if s.conn != nil {
		_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
		_ = s.conn.Close()
		s.conn = nil
	}
}

func (t *tx) exec(query string, args ...any) (int64, error) {
	result, err := t.conn.ExecContext(context.Background(), t.store.dialect.bind(query), args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// one reads a single row; false where there is none.
func (t *tx) one(into []any, query string, args ...any) (bool, error) {
	err := t.conn.QueryRowContext(context.Background(), t.store.dialect.bind(query), args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// each calls take for every row.
func (t *tx) each(query string, args []any, take func(scan func(...any) error) error) error {
	rows, err := t.conn.QueryContext(context.Background(), t.store.dialect.bind(query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := take(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
