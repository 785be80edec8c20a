package live

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// skipped notes a record that cannot be read and is left out, so that it holds
// up no other; it fails where the store answers nothing at all.
func (o *Ops) skipped(ctx context.Context, table crisis.Table, id crisis.ID) error {
	if err := o.away(ctx); err != nil {
		return err
	}
	o.Log.Warn("a record cannot be read and is not on the ops map", slog.Any("table", table), slog.Any("id", id))
	return nil
}

func (o *Ops) away(ctx context.Context) error {
	if _, err := o.Store.Size(ctx); err != nil {
		return fmt.Errorf("ask the store: %w", err)
	}
	return ctx.Err()
}

// recordUnit is how many records one read of a load asks for.
const recordUnit = 1000

// eachRecord calls do with every record of a type that can be read; with some
// twice where not all can.
func eachRecord[T crisis.Record](ctx context.Context, o *Ops, do func(T)) error {
	var after crisis.ID
	for {
		page, err := crisis.Select[T](ctx, o.Store, crisis.Query{After: after, Limit: recordUnit})
		if err != nil {
			var none T
			return o.readOneByOne(ctx, none.Table(), func(id crisis.ID) error {
				one, err := crisis.Get[T](ctx, o.Store, id)
				if err == nil {
					do(one)
				}
				return err
			})
		}
		for _, one := range page {
			do(one)
			after = one.Head().ID
		}
		if len(page) < recordUnit {
			return nil
		}
	}
}

// readOneByOne calls read with the id of every record of a table, as the ledger
// knows them: what cannot be read together is read so, and only the damaged ones
// are left out.
func (o *Ops) readOneByOne(ctx context.Context, table crisis.Table, read func(crisis.ID) error) error {
	if err := o.away(ctx); err != nil {
		return err
	}
	for from := uint64(0); ; {
		entries, err := o.Store.Entries(ctx, from, followed)
		if err != nil {
			return fmt.Errorf("read the ledger: %w", err)
		}
		for _, e := range entries {
			from = e.Index + 1
			if e.Table != table || e.Rev != 1 {
				continue
			}
			if err := read(e.ID); err != nil && !errors.Is(err, crisis.ErrNotFound) {
				if err := o.skipped(ctx, table, e.ID); err != nil {
					return err
				}
			}
		}
		if len(entries) < followed {
			return nil
		}
	}
}
