package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/ledger"
	"github.com/onyo-project/onyo/pkg/vault"
)

// readTail reads how far the ledger goes. The tree in memory serves as long as
// no other process has written.
func (t *tx) readTail() error {
	s := t.store
	var root []byte
	found, err := t.one([]any{&t.base, &root}, "SELECT size, root FROM ledger_head WHERE one = 1"+s.dialect.forUpdate())
	if err != nil || !found {
		return fmt.Errorf("read the ledger's tail: %w", errors.Join(err, missing(found)))
	}
	if s.tree != nil && s.tree.Size() == t.base {
		if now := s.tree.Root(); bytes.Equal(now[:], root) {
			t.tree = s.tree
			return nil
		}
	}
	t.tree, err = ledger.OpenTree(t.base, t.page)
	if err != nil {
		return fmt.Errorf("read the ledger's tail: %w", err)
	}
	if now := t.tree.Root(); !bytes.Equal(now[:], root) {
		return fmt.Errorf("read the ledger's tail: %w", ledger.ErrPages)
	}
	return nil
}

func missing(found bool) error {
	if found {
		return nil
	}
	return errors.New("the ledger has no head")
}

func (t *tx) page(no uint64) ([]byte, error) {
	var hashes []byte
	_, err := t.one([]any{&hashes}, "SELECT hashes FROM ledger_page WHERE page = ?", int64(no))
	return hashes, err
}

// append gives every entry its index and writes entries, pages and head: the last
// step before commit.
func (t *tx) append() error {
	if len(t.entries) == 0 {
		_, err := t.one([]any{&t.base}, "SELECT size FROM ledger_head WHERE one = 1")
		return err
	}
	if t.tree == nil {
		if err := t.readTail(); err != nil {
			return err
		}
		if err := t.fillEntries(); err != nil {
			return fmt.Errorf("number the rows: %w", err)
		}
	}
	leaves := make([][]byte, len(t.entries))
	rows := make([][]any, len(t.entries))
	for i := range t.entries {
		e := &t.entries[i]
		leaf, err := e.leaf(t.base + uint64(i)).Encode()
		if err != nil {
			return fmt.Errorf("append to the ledger: %w", err)
		}
		leaves[i] = leaf
		rows[i] = []any{int64(t.base) + int64(i), string(e.table), e.id, int64(e.rev), leaf}
	}
	if err := t.insert("ledger_entry", []string{"idx", "tbl", "id", "rev", "leaf"}, rows, ""); err != nil {
		return fmt.Errorf("append to the ledger: %w", err)
	}
	t.grew = t.tree.Append(leaves...)
	return t.writeHead()
}

func (e *entry) leaf(index uint64) *ledger.Entry {
	return &ledger.Entry{
		Index: index, At: crisis.Moment(e.change.At), Actor: string(e.change.Actor), Action: e.change.Action,
		Table: string(e.table), ID: e.id, Rev: e.rev, Commitment: e.commitment, Note: e.change.Reason,
	}
}

func (t *tx) writeHead() error {
	pages := make([][]any, len(t.grew.Pages))
	for i, page := range t.grew.Pages {
		pages[i] = []any{int64(page.No), page.Hashes}
	}
	if err := t.insert("ledger_page", []string{"page", "hashes"}, pages,
		" ON CONFLICT (page) DO UPDATE SET hashes = excluded.hashes"); err != nil {
		return fmt.Errorf("write the ledger's pages: %w", err)
	}
	size, root := t.grew.Tree.Size(), t.grew.Tree.Root()
	update := "UPDATE ledger_head SET size = ?, root = ?, seal = ? WHERE one = 1"
	if t.store.dialect.postgres {
		update += " RETURNING pg_notify('onyo_ledger', '')" // wakes the others after commit
	}
	if _, err := t.exec(update, int64(size), root[:], sealHead(t.store.deployment, size, root)); err != nil {
		return fmt.Errorf("write the ledger's head: %w", err)
	}
	return nil
}

// sealHead vouches for the ledger's size and root under the deployment's key, so
// that whoever has the database but not the key file cannot cut the ledger short.
func sealHead(key *vault.DataKey, size uint64, root ledger.Hash) []byte {
	return key.Seal(nil, headAAD(size, root))
}

func headAAD(size uint64, root ledger.Hash) []byte {
	return vault.AAD("ledger_head", "seal", string(binary.BigEndian.AppendUint64(root[:], size)))
}

// fillEntries writes the entries' indexes into rows that PostgreSQL has had to
// take without.
func (t *tx) fillEntries() error {
	type numbers struct {
		ids  []string
		revs []int64
		at   []int64
	}
	tables := map[crisis.Table]*numbers{}
	for i := range t.entries {
		e := &t.entries[i]
		if e.table == crisis.TableDataKey {
			continue
		}
		n := tables[e.table]
		if n == nil {
			n = &numbers{}
			tables[e.table] = n
		}
		n.ids, n.revs, n.at = append(n.ids, e.id), append(n.revs, int64(e.rev)), append(n.at, int64(t.base)+int64(i))
	}
	for _, table := range crisis.Tables() {
		n := tables[table]
		if n == nil {
			continue
		}
		if _, err := t.exec("UPDATE "+string(table)+" r SET entry = v.entry FROM unnest(?::text[], ?::bigint[], ?::bigint[]) AS v (id, rev, entry) WHERE r.id = v.id AND r.rev = v.rev", n.ids, n.revs, n.at); err != nil {
			return err
		}
	}
	return nil
}

// begin makes the deployment's data key and the ledger's head on first use, and
// reads them afterwards. Several processes may do so at once.
func (s *Store) begin(ctx context.Context) error {
	if err := s.readBeginning(ctx); !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	id, err := crisis.NewID(s.clock(), s.rand)
	if err != nil {
		return err
	}
	key, err := s.keys.NewDataKey(s.rand)
	if err != nil {
		return err
	}
	root := ledger.NewTree().Root()
	transaction, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin the ledger: %w", err)
	}
	_, err = transaction.ExecContext(ctx, s.dialect.bind("INSERT INTO data_keys (owner, wrapped) VALUES (?, ?)"),
		deploymentOwner, s.keys.Wrap(key, deploymentOwner))
	if err == nil {
		_, err = transaction.ExecContext(ctx, s.dialect.bind("INSERT INTO ledger_head (one, origin, size, root, seal) VALUES (1, ?, 0, ?, ?)"),
			"onyo-"+id.String(), root[:], sealHead(key, 0, root))
	}
	if err == nil {
		err = transaction.Commit()
	} else {
		_ = transaction.Rollback()
	}
	if again := s.readBeginning(ctx); again != nil {
		return fmt.Errorf("begin the ledger: %w", errors.Join(err, again))
	}
	return nil
}

func (s *Store) readBeginning(ctx context.Context) error {
	var wrapped []byte
	err := s.writer.QueryRowContext(ctx, s.dialect.bind("SELECT h.origin, k.wrapped FROM ledger_head h, data_keys k WHERE k.owner = ?"),
		deploymentOwner).Scan(&s.origin, &wrapped)
	if err != nil {
		return fmt.Errorf("read the deployment's key: %w", err)
	}
	s.deployment, err = s.keys.Unwrap(wrapped, deploymentOwner)
	if err != nil {
		return fmt.Errorf("read the deployment's key: %w", err)
	}
	return nil
}
