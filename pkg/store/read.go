package store

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"

	"gorm.io/gorm"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// Current is the current revision of a record; crisis.ErrNotFound where there is
// none.
func (s *Store) Current(ctx context.Context, table crisis.Table, id crisis.ID) (crisis.Record, error) {
	shape, err := s.shape(table)
	if err != nil {
		return nil, err
	}
	found, err := s.load(ctx, shape, s.from(ctx, shape).Where("id = ? AND valid_to IS NULL", id))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", table, err)
	}
	if len(found) == 0 {
		return nil, crisis.ErrNotFound
	}
	return found[0], nil
}

// List finds current revisions; see crisis.Query. Value may be a crisis.ID, a
// [32]byte, a bool or any kind of text; a column that the table is not indexed by
// is an error.
func (s *Store) List(ctx context.Context, query crisis.Query) ([]crisis.Record, error) {
	shape, err := s.shape(query.Table)
	if err != nil {
		return nil, err
	}
	from := s.from(ctx, shape).Where("valid_to IS NULL")
	if query.By != "" {
		column, ok := shape.by[query.By]
		if !ok {
			return nil, fmt.Errorf("%s cannot be asked for by %q", query.Table, query.By)
		}
		value, err := asked(query.Value)
		if err != nil {
			return nil, fmt.Errorf("%s by %s: %w", query.Table, query.By, err)
		}
		from = from.Where(column+" = ?", value)
	}
	if query.IDs != nil {
		from = from.Where("id IN ?", query.IDs)
	}
	if shape.ended && !query.Ended {
		from = from.Where("NOT ended")
	}
	order, after := "id", "id > ?"
	if query.Newest {
		order, after = "id DESC", "id < ?"
	}
	if !query.After.IsZero() {
		from = from.Where(after, query.After)
	}
	if query.Limit > 0 {
		from = from.Limit(query.Limit)
	}
	found, err := s.load(ctx, shape, from.Order(order))
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", query.Table, err)
	}
	return found, nil
}

// Revisions are all revisions of a record, oldest first, each with ValidTo and
// Entry; none is crisis.ErrNotFound.
func (s *Store) Revisions(ctx context.Context, table crisis.Table, id crisis.ID) ([]crisis.Record, error) {
	shape, err := s.shape(table)
	if err != nil {
		return nil, err
	}
	found, err := s.load(ctx, shape, s.from(ctx, shape).Where("id = ?", id).Order("rev"))
	if err != nil {
		return nil, fmt.Errorf("read the revisions of %s: %w", table, err)
	}
	if len(found) == 0 {
		return nil, crisis.ErrNotFound
	}
	return found, nil
}

// Count is how many records a table holds now, ended ones included.
func (s *Store) Count(ctx context.Context, table crisis.Table) (uint64, error) {
	shape, err := s.shape(table)
	if err != nil {
		return 0, err
	}
	var count int64
	if err := s.query.WithContext(ctx).Table(string(shape.table)).Where("valid_to IS NULL").Count(&count).Error; err != nil {
		return 0, fmt.Errorf("count %s: %w", table, err)
	}
	return uint64(count), nil
}

func (s *Store) from(ctx context.Context, shape *shape) *gorm.DB {
	return s.query.WithContext(ctx).Table(string(shape.table)).Select(shape.list(""))
}

// load reads records and opens what is sealed in them.
func (s *Store) load(ctx context.Context, shape *shape, query *gorm.DB) ([]crisis.Record, error) {
	rows, err := query.Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []loaded
	for rows.Next() {
		l, err := scan(shape, rows)
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if err := s.open(ctx, all); err != nil {
		return nil, err
	}
	records := make([]crisis.Record, len(all))
	for i := range all {
		records[i] = all[i].record
	}
	return records, nil
}

// scan reads one row of a shape.
func scan(shape *shape, rows *sql.Rows) (loaded, error) {
	record := shape.blank()
	l := loaded{record: record, fields: shape.all(record)}
	into := make([]any, len(l.fields))
	for i := range l.fields {
		into[i] = &l.fields[i]
	}
	if err := rows.Scan(into...); err != nil {
		return l, fmt.Errorf("scan %s: %w", shape.table, err)
	}
	return l, nil
}

// asked is a query's value as its column holds it.
func asked(value any) (any, error) {
	switch v := value.(type) {
	case crisis.ID:
		return v.String(), nil
	case [32]byte:
		return v[:], nil
	case bool:
		return v, nil
	}
	if v := reflect.ValueOf(value); v.IsValid() && v.Kind() == reflect.String {
		return v.String(), nil
	}
	return nil, fmt.Errorf("no way to ask for a %T", value)
}
