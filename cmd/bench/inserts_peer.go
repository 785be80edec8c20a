package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/ledger"
	"github.com/onyo-project/onyo/pkg/store/connect"
)

// probe writes with database/sql and nothing above it: bytes that are ready
// beforehand, in statements of several rows, which is the fastest way there is
// with this driver.
type probe struct {
	db       *sql.DB
	conn     *sql.Conn
	postgres bool
	entries  int64
	page     int64
}

func openProbe(ctx context.Context, address connect.Address) (*probe, error) {
	p := &probe{postgres: address.Path == ""}
	var err error
	if p.postgres {
		p.db, err = connect.Postgres(ctx, address.URL, "", 1, nil)
	} else {
		p.db, err = connect.SQLite(ctx, address.Path, "rwc", 1, "synchronous(FULL)", "wal_autocheckpoint(4000)")
	}
	if err != nil {
		return nil, err
	}
	p.conn, err = p.db.Conn(ctx)
	return p, err
}

func (p *probe) close() {
	_ = p.conn.Close()
	_ = p.db.Close()
}

// table is one insert's rows, all of one message.
type table struct {
	name    string
	columns []string
	rows    [][]any
}

// insert writes the rows of n messages, so many a transaction, and times it
// without the making of the rows.
func (p *probe) insert(ctx context.Context, n, perTransaction int) (time.Duration, error) {
	var batches [][]table
	for done := 0; done < n; done += perTransaction {
		tables, err := p.rows(min(perTransaction, n-done))
		if err != nil {
			return 0, err
		}
		batches = append(batches, tables)
	}
	start := time.Now()
	for _, tables := range batches {
		if err := p.transaction(ctx, tables); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

func (p *probe) transaction(ctx context.Context, tables []table) (err error) {
	begin := "BEGIN IMMEDIATE"
	if p.postgres {
		begin = "BEGIN"
	}
	if _, err := p.conn.ExecContext(ctx, begin); err != nil {
		return err
	}
	for _, t := range tables {
		if err := p.insertRows(ctx, t); err != nil {
			_, rollback := p.conn.ExecContext(ctx, "ROLLBACK")
			return errors.Join(err, rollback)
		}
	}
	root := noise(32)
	if _, err := p.conn.ExecContext(ctx, p.bind("UPDATE ledger_head SET root = ?, seal = ? WHERE one = 1"), root, noise(61)); err != nil {
		return err
	}
	_, err = p.conn.ExecContext(ctx, "COMMIT")
	return err
}

// insertRows takes as many rows into a statement as the driver likes best: that
// of SQLite looks for each parameter among all of them.
func (p *probe) insertRows(ctx context.Context, t table) error {
	most := max(1, 224/len(t.columns))
	if p.postgres {
		most = max(1, 4096/len(t.columns))
	}
	for rows := t.rows; len(rows) > 0; {
		some := rows[:min(most, len(rows))]
		rows = rows[len(some):]
		var args []any
		for _, row := range some {
			args = append(args, row...)
		}
		one := "(?" + strings.Repeat(", ?", len(t.columns)-1) + ")"
		query := "INSERT INTO " + t.name + " (" + strings.Join(t.columns, ", ") + ") VALUES " + one + strings.Repeat(", "+one, len(some)-1)
		if t.name == "ledger_page" {
			query += " ON CONFLICT (page) DO UPDATE SET hashes = excluded.hashes"
		}
		if _, err := p.conn.ExecContext(ctx, p.bind(query), args...); err != nil {
			return fmt.Errorf("insert into %s: %w", t.name, err)
		}
	}
	return nil
}

func (p *probe) bind(query string) string {
	if !p.postgres {
		return query
	}
	parts := strings.Split(query, "?")
	var out strings.Builder
	for i, part := range parts {
		if i > 0 {
			out.WriteString("$" + strconv.Itoa(i))
		}
		out.WriteString(part)
	}
	return out.String()
}

// rows are what accepting n messages writes: the message, its wrapped data key,
// its line in the ledger, and the page of hashes that grew.
func (p *probe) rows(n int) ([]table, error) {
	keys := table{name: "data_keys", columns: []string{"owner", "wrapped"}}
	messages := table{name: "message", columns: []string{"id", "rev", "valid_from", "entry", "actor", "channel", "direction", "kind",
		"provider_key", "digest", "raw", "variant", "why"}}
	lines := table{name: "ledger_entry", columns: []string{"idx", "tbl", "id", "rev", "leaf"}}
	now := time.Now()
	var at any = now.UnixMicro()
	if p.postgres {
		at = now
	}
	channel := strings.Repeat("0", 26)
	for range n {
		id, err := crisis.NewID(now, rand.Reader)
		if err != nil {
			return nil, err
		}
		name := id.String()
		keys.rows = append(keys.rows, []any{name, noise(89)})
		messages.rows = append(messages.rows, []any{name, 1, at, p.entries, "channel:" + hookChannel, channel, "inbound", "report",
			noise(32), noise(32), noise(rawBytes + 29), false, ""})
		lines.rows = append(lines.rows, []any{p.entries, "message", name, 1, noise(120)})
		p.entries++
	}
	p.page = 2 * p.entries / ledger.PageHashes
	grown := int(2*p.entries%ledger.PageHashes) * 32
	pages := table{name: "ledger_page", columns: []string{"page", "hashes"}, rows: [][]any{{p.page, noise(max(grown, 32))}}}
	return []table{keys, messages, lines, pages}, nil
}

func noise(bytes int) []byte {
	out := make([]byte, bytes)
	_, _ = rand.Read(out) // never fails
	return out
}
