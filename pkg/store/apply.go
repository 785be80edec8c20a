package store

import (
	"errors"
	"fmt"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// errAlone ends the transaction of a unit that had it to itself and failed.
var errAlone = errors.New("the only unit of a transaction failed")

// batch applies every unit and appends to the ledger. An error means that the
// whole transaction is lost; a unit's own goes to results. together says that
// plain accepts may share statements.
func (t *tx) batch(batch []*unit, results []error, together bool) error {
	rest := batch
	clear(results)
	if len(batch) == 1 { // no need of a savepoint
		if results[0] = t.unit(batch[0]); passing(results[0]) {
			return results[0]
		} else if results[0] != nil {
			return errAlone
		}
		return t.append()
	}
	if together {
		var err error
		if rest, err = t.acceptMany(batch); err != nil {
			return err
		}
	}
	waiting := make(map[*unit]bool, len(rest))
	for _, u := range rest {
		waiting[u] = true
	}
	for i, u := range batch {
		if waiting[u] {
			var err error
			if results[i], err = t.within(func() error { return t.unit(u) }); err != nil {
				return err
			}
		}
	}
	return t.append()
}

// within runs something under a savepoint: own is what it failed with, to be told
// to its caller alone; fatal is when the transaction itself is lost.
func (t *tx) within(do func() error) (own, fatal error) {
	if _, err := t.exec("SAVEPOINT unit"); err != nil {
		return nil, fmt.Errorf("set a savepoint: %w", err)
	}
	entries, gone := len(t.entries), len(t.gone)
	own = do()
	if passing(own) {
		return nil, own
	}
	if own != nil {
		t.entries, t.gone = t.entries[:entries], t.gone[:gone]
		if _, err := t.exec("ROLLBACK TO SAVEPOINT unit"); err != nil {
			return nil, fmt.Errorf("go back to a savepoint after %w: %w", own, err)
		}
	}
	if _, err := t.exec("RELEASE SAVEPOINT unit"); err != nil {
		return nil, fmt.Errorf("release a savepoint: %w", err)
	}
	return own, nil
}

// unit applies one caller's unit.
func (t *tx) unit(u *unit) error {
	if u.work != nil {
		return u.work(t)
	}
	if u.places && u.hidden != t.store.hidden.Load() {
		return errRepeat // points are sealed since, or no more
	}
	if err := t.ownersStand(u.owners); err != nil {
		return err
	}
	u.outcomes = make([]crisis.Outcome, len(u.changes))
	written := map[string]bool{}
	for i := range u.changes {
		receipt, err := t.change(u, &u.changes[i], written)
		if err != nil {
			return refusal(err)
		}
		u.outcomes[i] = crisis.Outcome{Index: uint64(len(t.entries)), Receipt: receipt}
	}
	return nil
}

// ownersStand asks for another preparation where a key that the unit sealed with
// has been destroyed meanwhile.
func (t *tx) ownersStand(owners []string) error {
	for _, owner := range owners {
		var one int
		found, err := t.one([]any{&one}, "SELECT 1 FROM data_keys WHERE owner = ?", owner)
		if err != nil {
			return fmt.Errorf("look for a data key: %w", err)
		}
		if !found {
			return errRepeat
		}
	}
	return nil
}

// change applies one Change; written collects the fresh keys that are in.
func (t *tx) change(u *unit, c *change, written map[string]bool) (crisis.Receipt, error) {
	receipt, err := t.receive(c)
	if err != nil || receipt == crisis.Again {
		return receipt, err
	}
	if err := t.guard(c); err != nil {
		return receipt, err
	}
	if err := t.writeKeys(u, c, written); err != nil {
		return receipt, err
	}
	for rows := c.rows; len(rows) > 0; {
		n := run(rows)
		if err := t.writeRows(c, rows[:n]); err != nil {
			return receipt, fmt.Errorf("write %s: %w", rows[0].shape.table, err)
		}
		rows = rows[n:]
	}
	if err := t.forget(c); err != nil {
		return receipt, err
	}
	return receipt, t.effects(&c.Then)
}

// run is how many rows from the first on go into one statement: of one table, no
// record twice.
func run(rows []row) int {
	seen := map[string]bool{}
	for n := range rows {
		if rows[n].shape != rows[0].shape || seen[rows[n].id] {
			return n
		}
		seen[rows[n].id] = true
	}
	return len(rows)
}

func (t *tx) writeRows(c *change, rows []row) error {
	shape := rows[0].shape
	values := make([][]any, len(rows))
	for i := range rows {
		r := &rows[i]
		if rev := r.record.Revision(); rev > 1 {
			closed, err := t.exec("UPDATE "+string(shape.table)+" SET valid_to = ? WHERE id = ? AND rev = ? AND valid_to IS NULL",
				t.store.dialect.time(r.record.Head().At), r.id, int64(rev-1))
			if err != nil {
				return err
			}
			if closed != 1 {
				return crisis.ErrStale
			}
		}
		values[i] = t.number(r, c)
	}
	return t.insert(string(shape.table), shape.columns, values, "")
}

// number enters the row into the ledger's list, and the index into the row where
// it is known already.
func (t *tx) number(r *row, c *change) []any {
	if t.tree != nil {
		r.values[entryAt] = int64(t.base) + int64(len(t.entries))
	}
	t.entries = append(t.entries, entry{
		change: &c.Change, table: r.shape.table, id: r.id, rev: r.record.Revision(), commitment: r.commitment,
	})
	return r.values
}

// writeKeys stores the fresh data keys that a Change's rows are sealed with.
func (t *tx) writeKeys(u *unit, c *change, written map[string]bool) error {
	if len(written) == len(u.fresh) {
		return nil
	}
	wanted := map[string]bool{}
	for i := range c.rows {
		wanted[c.rows[i].owner] = true
	}
	var rows [][]any
	for _, fresh := range u.fresh {
		if wanted[fresh.owner] && !written[fresh.owner] {
			written[fresh.owner] = true
			rows = append(rows, []any{fresh.owner, fresh.wrapped})
		}
	}
	if err := t.insert("data_keys", []string{"owner", "wrapped"}, rows, ""); err != nil {
		return fmt.Errorf("write data keys: %w", err)
	}
	return nil
}

// forget destroys data keys. An owner that has none leaves no entry.
func (t *tx) forget(c *change) error {
	for _, owner := range c.Forget {
		if owner.IsZero() {
			return fmt.Errorf("forget: the deployment's own key cannot be destroyed")
		}
		gone, err := t.exec("DELETE FROM data_keys WHERE owner = ?", owner.String())
		if err != nil {
			return fmt.Errorf("destroy a data key: %w", err)
		}
		if gone > 0 {
			t.gone = append(t.gone, owner.String())
			t.entries = append(t.entries, entry{change: &c.Change, table: crisis.TableDataKey, id: owner.String()})
		}
	}
	return nil
}
