package store

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/ledger"
)

// Entries are up to limit ledger entries from an index on, in order and without
// a gap.
func (s *Store) Entries(ctx context.Context, from uint64, limit int) ([]crisis.Entry, error) {
	found, err := s.entries(s.query.WithContext(ctx).Where("idx >= ?", from).Order("idx").Limit(limit))
	if err != nil {
		return nil, fmt.Errorf("read the ledger from %d: %w", from, err)
	}
	return found, nil
}

// EntriesOf is the history of some records, oldest first: the first limit
// entries.
func (s *Store) EntriesOf(ctx context.Context, ids []crisis.ID, limit int) ([]crisis.Entry, error) {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = id.String()
	}
	var all []crisis.Entry
	for some := range slices.Chunk(names, 500) {
		found, err := s.entries(s.query.WithContext(ctx).Where("id IN ?", some).Order("idx").Limit(limit))
		if err != nil {
			return nil, fmt.Errorf("read the history of %d records: %w", len(ids), err)
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, func(a, b crisis.Entry) int { return int(int64(a.Index) - int64(b.Index)) })
	return all[:min(len(all), limit)], nil
}

// Size is how many entries the ledger has.
func (s *Store) Size(ctx context.Context) (uint64, error) {
	var size int64
	if err := s.query.WithContext(ctx).Table("ledger_head").Select("size").Where("one = 1").Row().Scan(&size); err != nil {
		return 0, fmt.Errorf("read the ledger's size: %w", err)
	}
	return uint64(size), nil
}

func (s *Store) entries(query *gorm.DB) ([]crisis.Entry, error) {
	rows, err := query.Table("ledger_entry").Select("leaf").Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []crisis.Entry
	for rows.Next() {
		var leaf []byte
		if err := rows.Scan(&leaf); err != nil {
			return nil, err
		}
		parsed, err := ledger.ParseEntry(leaf)
		if err != nil {
			return nil, err
		}
		one, err := asEntry(&parsed)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, rows.Err()
}

func asEntry(e *ledger.Entry) (crisis.Entry, error) {
	id, err := crisis.ParseID(e.ID)
	if err != nil {
		return crisis.Entry{}, fmt.Errorf("ledger entry %d: %w", e.Index, err)
	}
	return crisis.Entry{
		Index: e.Index, At: e.At, Actor: crisis.Actor(e.Actor), Action: e.Action, Reason: e.Note,
		Table: crisis.Table(e.Table), ID: id, Rev: e.Rev,
	}, nil
}
