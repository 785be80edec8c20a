package store

import (
	"fmt"
	"strings"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// shape is how the records of one table lie in their columns.
type shape struct {
	table crisis.Table
	blank func() crisis.Record
	clone func(crisis.Record) crisis.Record
	// fields are the columns after the head; their order is that of columns.
	fields func(crisis.Record) []field
	// by names the columns that a Query may ask for.
	by map[string]string
	// ended tells whether the records say that they have ended.
	ended bool
	// columns names all columns, the head first.
	columns []string
}

// headColumns begin every record table.
func headColumns() []string {
	return []string{"id", "rev", "valid_from", "valid_to", "entry", "actor"}
}

func headFields(m *crisis.Meta) []field {
	return []field{
		column("id", &m.ID), column("rev", &m.Rev), column("valid_from", &m.At),
		column("valid_to", &m.ValidTo), column("entry", &m.Entry), column("actor", (*string)(&m.By)),
	}
}

// record is a pointer to a T that is a Record.
type record[T any] interface {
	*T
	crisis.Record
}

// shapeOf makes the shape of one type. by lists what a Query may ask for, as
// "name" or "name=column".
func shapeOf[T any, P record[T]](fields func(P) []field, by ...string) *shape {
	s := &shape{
		table:  P(nil).Table(),
		blank:  func() crisis.Record { return P(new(T)) },
		clone:  func(r crisis.Record) crisis.Record { c := *r.(P); return P(&c) },
		fields: func(r crisis.Record) []field { return fields(r.(P)) },
		by:     map[string]string{},
	}
	s.columns = headColumns()
	for _, f := range fields(P(new(T))) {
		s.columns = append(s.columns, f.column)
		s.ended = s.ended || f.column == "ended"
	}
	for _, name := range by {
		name, column, renamed := strings.Cut(name, "=")
		if !renamed {
			column = name
		}
		s.by[name] = column
	}
	return s
}

// all are every field of a record, head first, in the order of columns.
func (s *shape) all(r crisis.Record) []field { return append(headFields(r.Head()), s.fields(r)...) }

// list is the columns as a SELECT wants them, each under a prefix.
func (s *shape) list(prefix string) string {
	return prefix + strings.Join(s.columns, ", "+prefix)
}

// shapes are the shapes of all record tables.
func shapes() map[crisis.Table]*shape {
	all := map[crisis.Table]*shape{}
	for _, list := range [][]*shape{settingShapes(), reportShapes(), incidentShapes()} {
		for _, s := range list {
			all[s.table] = s
		}
	}
	return all
}

func (s *Store) shape(table crisis.Table) (*shape, error) {
	shape, ok := s.shapes[table]
	if !ok {
		return nil, fmt.Errorf("there is no record table %q", table)
	}
	return shape, nil
}
