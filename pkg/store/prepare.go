package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// row is one revision ready to be written: all bytes are made before the
// committer sees it.
type row struct {
	shape  *shape
	record crisis.Record
	key    *vault.DataKey
	// id and values are in the columns' order; values[entryAt] is the
	// committer's to fill.
	id, owner  string
	values     []any
	commitment [32]byte
}

// Places of head columns among a row's values.
const (
	validToAt = 3
	entryAt   = 4
)

// freshKey is a data key that the database does not have yet.
type freshKey struct {
	owner   string
	key     *vault.DataKey
	wrapped []byte
}

// change is a Change whose rows are ready.
type change struct {
	crisis.Change
	rows []row
}

// unit is what one caller wants done, all or nothing: Changes, or work on a
// working table.
type unit struct {
	changes []change
	fresh   []freshKey
	// owners are those whose keys were taken to exist.
	owners []string
	// places says that a location is among the rows; hidden, that it was sealed.
	places, hidden bool
	work           func(*tx) error

	outcomes []crisis.Outcome
	taken    atomic.Bool
	done     chan error
}

// placeOf names a revision as associated data.
func placeOf(r crisis.Record) string {
	return r.RecordID().String() + "." + strconv.FormatUint(r.Revision(), 10)
}

// prepare seals, encodes and commits to everything in some Changes. When it is
// done again, no owner is taken to be new without looking.
func (s *Store) prepare(ctx context.Context, changes []crisis.Change, again bool) (*unit, error) {
	u := &unit{changes: make([]change, len(changes)), hidden: s.hidden.Load(), done: make(chan error, 1)}
	keys, err := s.keysOf(ctx, changes, u, again)
	if err != nil {
		return nil, err
	}
	for i := range changes {
		c := &u.changes[i]
		c.Change = changes[i]
		c.rows = make([]row, 0, len(c.Put))
		for _, record := range c.Put {
			r, err := s.prepareRow(record, keys[ownerOf(record)], u.hidden)
			if err != nil {
				return nil, fmt.Errorf("prepare %s %s: %w", record.Table(), placeOf(record), err)
			}
			u.places = u.places || record.Table() == crisis.TableLocation
			c.rows = append(c.rows, r)
		}
		// Rows refer to each other in the order of the tables, whatever order the
		// caller thought of.
		if len(c.rows) > 1 {
			slices.SortStableFunc(c.rows, func(a, b row) int { return s.order[a.shape.table] - s.order[b.shape.table] })
		}
	}
	return u, nil
}

func (s *Store) prepareRow(record crisis.Record, key *vault.DataKey, hidden bool) (row, error) {
	shape, err := s.shape(record.Table())
	if err != nil {
		return row{}, err
	}
	head := record.Head()
	if head.ID.IsZero() || head.Rev == 0 {
		return row{}, fmt.Errorf("it has no id or no revision")
	}
	r := row{shape: shape, record: record, key: key, id: head.ID.String(), owner: ownerOf(record)}
	fields := shape.all(record)
	r.values = make([]any, len(fields))
	place := placeOf(record)
	for i := range fields {
		if r.values[i], err = s.columnValue(&fields[i], shape.table, place, key, hidden); err != nil {
			return row{}, err
		}
	}
	r.values[validToAt], r.values[entryAt] = nil, nil
	return r, s.commitTo(&r)
}

func (s *Store) columnValue(f *field, table crisis.Table, place string, key *vault.DataKey, hidden bool) (any, error) {
	if _, point := f.at.(*hiddenPlace); (point && !hidden) || (f.place && hidden) {
		return nil, nil
	}
	if !f.sealed {
		return f.value(s.dialect)
	}
	plain, err := f.plain()
	if err != nil || len(plain) == 0 {
		return nil, err
	}
	return key.Seal(plain, vault.AAD(string(table), f.column, place)), nil
}

// commitTo makes the row's commitment: a variant's is made again, because the
// flag is part of it.
func (s *Store) commitTo(r *row) error {
	canonical, err := s.encoder.Canonical(r.record)
	if err != nil {
		return err
	}
	r.commitment = vault.Commit(r.key.Salt(string(r.shape.table), r.id, r.record.Revision()), canonical)
	return nil
}

// keysOf finds the data key of every owner in some Changes, and draws one for
// those that are new.
func (s *Store) keysOf(ctx context.Context, changes []crisis.Change, u *unit, again bool) (map[string]*vault.DataKey, error) {
	// An owner is new when it is a record of its own, in its first revision.
	asked, born := map[string]bool{}, map[string]bool{}
	for _, c := range changes {
		for _, record := range c.Put {
			owner := ownerOf(record)
			if !again && record.Revision() == 1 && record.Owner() == record.RecordID() {
				born[owner] = true
			} else {
				asked[owner] = true
			}
		}
	}
	for owner := range born {
		delete(asked, owner)
	}
	keys, err := s.keysFor(ctx, asked)
	if err != nil {
		return nil, err
	}
	for owner := range asked {
		if _, ok := keys[owner]; ok {
			if owner != deploymentOwner {
				u.owners = append(u.owners, owner)
			}
			continue
		}
		gone, err := s.forgotten(ctx, owner)
		if err != nil {
			return nil, err
		}
		if gone {
			return nil, crisis.ErrForgotten
		}
		born[owner] = true
	}
	for owner := range born {
		key, err := s.keys.NewDataKey(s.rand)
		if err != nil {
			return nil, err
		}
		keys[owner] = key
		u.fresh = append(u.fresh, freshKey{owner: owner, key: key, wrapped: s.keys.Wrap(key, owner)})
	}
	return keys, nil
}
