package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/ledger"
	"github.com/onyo-project/onyo/pkg/vault"
)

// evidence is one row with the entry that it names.
type evidence struct {
	loaded
	leaf []byte
	// id and rev are as they stand, readable or not.
	id  string
	rev int64
	// unreadable is why a column could not be read.
	unreadable error
}

// tolerant scans a column and keeps what went wrong: a row that somebody spoiled
// must not hide those after it.
type tolerant struct {
	field *field
	err   *error
}

// Scan implements sql.Scanner.
func (t tolerant) Scan(found any) error {
	if err := t.field.Scan(found); err != nil && *t.err == nil {
		*t.err = err
	}
	return nil
}

// rows reads every record table.
func (v *verification) rows(ctx context.Context) error {
	for _, table := range crisis.Tables() {
		if err := v.table(ctx, v.store.shapes[table]); err != nil {
			return fmt.Errorf("read %s: %w", table, err)
		}
		rows, entries := v.verdict.Records[table], v.entries[table]
		if rows != entries {
			v.fault("%s: %d rows and %d ledger entries", table, rows, entries)
			if err := v.rowless(ctx, table); err != nil {
				return fmt.Errorf("look for entries of %s without a row: %w", table, err)
			}
		}
		v.verdict.Rows += rows
	}
	return nil
}

func (v *verification) table(ctx context.Context, shape *shape) error {
	var before *crisis.Meta
	var last *evidence
	for {
		chunk, err := v.chunk(ctx, shape, last)
		if err != nil {
			return err
		}
		keys, err := v.keys(ctx, chunk)
		if err != nil {
			return err
		}
		for i := range chunk {
			e := &chunk[i]
			last = e
			v.verdict.Records[shape.table]++
			if e.unreadable != nil {
				v.fault("%s %s.%d: cannot be read: %v", shape.table, e.id, e.rev, e.unreadable)
				continue
			}
			if what := v.row(e, keys[ownerOf(e.record)]); what != "" {
				v.fault("%s %s: %s", shape.table, placeOf(e.record), what)
			}
			head := e.record.Head()
			v.chain(shape.table, before, head)
			before = head
		}
		v.step(len(chunk))
		if len(chunk) < verifyChunk {
			v.chain(shape.table, before, nil)
			return nil
		}
	}
}

// chunk reads rows by id and revision, those after last.
func (v *verification) chunk(ctx context.Context, shape *shape, last *evidence) ([]evidence, error) {
	query := "SELECT " + shape.list("r.") + ", e.leaf, r.id, r.rev FROM " + string(shape.table) + " r LEFT JOIN ledger_entry e ON e.idx = r.entry"
	var args []any
	if last != nil {
		query += " WHERE (r.id, r.rev) > (?, ?)"
		args = append(args, last.id, last.rev)
	}
	query += " ORDER BY r.id, r.rev LIMIT ?"
	rows, err := v.conn.QueryContext(ctx, v.store.dialect.bind(query), append(args, verifyChunk)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	chunk := make([]evidence, 0, verifyChunk)
	for rows.Next() {
		e := evidence{loaded: loaded{record: shape.blank()}}
		e.fields = shape.all(e.record)
		into := make([]any, 0, len(e.fields)+3)
		for i := range e.fields {
			into = append(into, tolerant{&e.fields[i], &e.unreadable})
		}
		if err := rows.Scan(append(into, &e.leaf, &e.id, &e.rev)...); err != nil {
			return nil, err
		}
		chunk = append(chunk, e)
	}
	return chunk, rows.Err()
}

// keys unwraps the data keys of some rows' owners, out of the same snapshot. A key
// that does not unwrap is a fault, and as good as none.
func (v *verification) keys(ctx context.Context, chunk []evidence) (map[string]*vault.DataKey, error) {
	keys, asked := map[string]*vault.DataKey{}, map[string]bool{}
	var owners []any
	for i := range chunk {
		if owner := ownerOf(chunk[i].record); !asked[owner] {
			asked[owner] = true
			owners = append(owners, owner)
		}
	}
	if len(owners) == 0 {
		return keys, nil
	}
	rows, err := v.conn.QueryContext(ctx, v.store.dialect.bind(
		"SELECT owner, wrapped FROM data_keys WHERE owner IN (?"+strings.Repeat(", ?", len(owners)-1)+")"), owners...)
	if err != nil {
		return nil, fmt.Errorf("read data keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var owner string
		var wrapped sql.RawBytes
		if err := rows.Scan(&owner, &wrapped); err != nil {
			return nil, fmt.Errorf("read data keys: %w", err)
		}
		key, err := v.store.keys.Unwrap(wrapped, owner)
		if err != nil {
			v.fault("data key of %s: %v", owner, err)
			continue
		}
		if v.forgotten[owner] {
			v.fault("data key of %s: it is there, and an entry says that it was destroyed", owner)
		}
		keys[owner] = key
	}
	return keys, rows.Err()
}

// row says what is wrong with one row; "" for nothing.
func (v *verification) row(e *evidence, key *vault.DataKey) string {
	if e.leaf == nil {
		return "no ledger entry"
	}
	entry, err := ledger.ParseEntry(e.leaf)
	if err != nil {
		return "its ledger entry cannot be read"
	}
	if entry.Table != string(e.record.Table()) || entry.ID != e.record.RecordID().String() || entry.Rev != e.record.Revision() {
		return fmt.Sprintf("its ledger entry %d is another record's", entry.Index)
	}
	if key == nil {
		if !v.forgotten[ownerOf(e.record)] {
			return "its owner's data key is gone and no entry says so"
		}
		v.verdict.Forgotten++
		return ""
	}
	if err := e.open(key); err != nil {
		if errors.Is(err, vault.ErrSealed) {
			return "a sealed column was changed or moved"
		}
		return "a sealed column cannot be read"
	}
	canonical, err := v.store.encoder.Canonical(e.record)
	if err != nil {
		return "it has no canonical form"
	}
	commitment := vault.Commit(key.Salt(entry.Table, entry.ID, entry.Rev), canonical)
	if !bytes.Equal(commitment[:], entry.Commitment[:]) {
		return fmt.Sprintf("it is not what ledger entry %d commits to", entry.Index)
	}
	return ""
}

// chain holds what no commitment covers: revisions follow each other, each is
// valid until the next, and the last is current.
func (v *verification) chain(table crisis.Table, before, now *crisis.Meta) {
	same := before != nil && now != nil && before.ID == now.ID
	switch {
	case before != nil && !same && !before.ValidTo.IsZero():
		v.fault("%s %s: its last revision is not current", table, before.ID)
	case same && now.Rev != before.Rev+1, now != nil && !same && now.Rev != 1:
		v.fault("%s %s: a revision before %d is missing", table, now.ID, now.Rev)
	case same && !before.ValidTo.Equal(now.At):
		v.fault("%s %s: revision %d is not valid until the next one", table, now.ID, before.Rev)
	}
}

// rowless tells the first entries of a table that have no row.
func (v *verification) rowless(ctx context.Context, table crisis.Table) error {
	rows, err := v.conn.QueryContext(ctx, v.store.dialect.bind(
		"SELECT e.idx, e.id, e.rev FROM ledger_entry e LEFT JOIN "+string(table)+" r ON r.id = e.id AND r.rev = e.rev"+
			" WHERE e.tbl = ? AND r.id IS NULL ORDER BY e.idx LIMIT 20"), string(table))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var index, rev int64
		var id string
		if err := rows.Scan(&index, &id, &rev); err != nil {
			return err
		}
		v.fault("%s %s.%d: ledger entry %d has no row", table, id, rev, index)
	}
	return rows.Err()
}
