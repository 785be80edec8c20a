package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/ledger"
)

// tx is one transaction of the committer. Nothing in it can be interrupted: a
// batch belongs to many callers.
type tx struct {
	store *Store
	conn  *sql.Conn
	// base is the ledger's size: from the start on SQLite, which has one writer;
	// on PostgreSQL from append on.
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

// insert writes rows in statements of several, whose sizes are powers of two so
// that there are few different ones. Columns that are NULL in every row are left
// out: parsing and binding are half of what a row costs.
func (t *tx) insert(table string, columns []string, rows [][]any, tail string) error {
	if len(rows) == 0 {
		return nil
	}
	columns, rows = used(columns, rows)
	head := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES "
	one := "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
	most := 1
	for most < 64 && 2*most*len(columns) <= t.store.dialect.parameters {
		most *= 2
	}
	for size := most; len(rows) > 0; {
		for size > len(rows) {
			size /= 2
		}
		args := make([]any, 0, size*len(columns))
		for _, row := range rows[:size] {
			args = append(args, row...)
		}
		rows = rows[size:]
		query := head + one + strings.Repeat(", "+one, size-1) + tail
		if _, err := t.exec(query, args...); err != nil {
			return err
		}
	}
	return nil
}

// used drops the columns that hold nothing in any row.
func used(columns []string, rows [][]any) ([]string, [][]any) {
	var keep []int
	for i := range columns {
		for _, row := range rows {
			if row[i] != nil {
				keep = append(keep, i)
				break
			}
		}
	}
	if len(keep) == len(columns) {
		return columns, rows
	}
	names, narrow := make([]string, len(keep)), make([][]any, len(rows))
	values := make([]any, len(keep)*len(rows))
	for i, at := range keep {
		names[i] = columns[at]
	}
	for n, row := range rows {
		narrow[n], values = values[:len(keep)], values[len(keep):]
		for i, at := range keep {
			narrow[n][i] = row[at]
		}
	}
	return names, narrow
}
