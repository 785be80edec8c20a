package crisis

import (
	"context"
	"fmt"
	"time"
)

// Reader finds records. The store is one; a stage that needs no more than this
// asks for a Reader.
type Reader interface {
	// Current is the current revision; ErrNotFound where there is none.
	Current(ctx context.Context, table Table, id ID) (Record, error)
	// List finds current revisions.
	List(ctx context.Context, query Query) ([]Record, error)
}

// Query asks for current revisions whose column By equals Value; the store
// knows which columns of a table may be asked for. Rows come by ID, oldest
// first, or newest first with Newest.
type Query struct {
	Table Table
	By    string // "" for all
	Value any
	// IDs keeps these alone, some hundreds at most; nil is all.
	IDs []ID
	// Ended includes records that say they have ended.
	Ended  bool
	After  ID // exclusive, in the order asked for
	Limit  int
	Newest bool
}

// Get reads one record of a known type.
func Get[T Record](ctx context.Context, r Reader, id ID) (T, error) {
	var none T
	record, err := r.Current(ctx, none.Table(), id)
	if err != nil {
		return none, err
	}
	typed, ok := record.(T)
	if !ok {
		return none, fmt.Errorf("table %s holds %T", none.Table(), record)
	}
	return typed, nil
}

// Find lists records of a known type by one column.
func Find[T Record](ctx context.Context, r Reader, by string, value any) ([]T, error) {
	return Select[T](ctx, r, Query{By: by, Value: value})
}

// Select lists records of a known type; the query's Table is filled in.
func Select[T Record](ctx context.Context, r Reader, query Query) ([]T, error) {
	var none T
	query.Table = none.Table()
	records, err := r.List(ctx, query)
	if err != nil {
		return nil, err
	}
	typed := make([]T, 0, len(records))
	for _, record := range records {
		one, ok := record.(T)
		if !ok {
			return nil, fmt.Errorf("table %s holds %T", query.Table, record)
		}
		typed = append(typed, one)
	}
	return typed, nil
}

// One is the only record that Find gives; ErrNotFound where there is none.
func One[T Record](ctx context.Context, r Reader, by string, value any) (T, error) {
	var none T
	found, err := Select[T](ctx, r, Query{By: by, Value: value, Limit: 1})
	if err != nil {
		return none, err
	}
	if len(found) == 0 {
		return none, ErrNotFound
	}
	return found[0], nil
}

// Entry is one line of the ledger as consumers read it: what to read again.
type Entry struct {
	Index  uint64
	At     time.Time
	Actor  Actor
	Action string
	Reason string
	Table  Table
	ID     ID
	Rev    uint64
}

// Placed is an incident with its current location; Location is nil where it has
// none.
type Placed struct {
	Incident *Incident
	Location *Location
}

// Claim is a lease that one person has on one incident.
type Claim struct {
	Incident ID
	Person   ID
	Token    string
	Since    time.Time
	Expires  time.Time
}

// Session is a signed-in browser; the cookie's secret is kept only as its hash.
type Session struct {
	Hash    [32]byte
	Person  ID
	Since   time.Time
	Seen    time.Time
	Expires time.Time
}
