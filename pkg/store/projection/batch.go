package projection

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// item is one thing that strangers know, or knew.
type item struct {
	Kind  string `gorm:"primaryKey"`
	ID    string `gorm:"primaryKey"`
	Batch int64
	Gone  bool
	Body  string
}

// TableName is the table's, which gorm would call items.
func (item) TableName() string { return "item" }

type head struct {
	One   int `gorm:"primaryKey;autoIncrement:false"`
	Batch int64
	Next  int64
}

// TableName is the table's.
func (head) TableName() string { return "head" }

const (
	kindIncident = "incident"
	kindHotspot  = "hotspot"
	// several is how many rows go into one statement.
	several = 40
)

// Apply makes one batch the public copy's latest, all of it or nothing. Applying
// it again changes nothing. Ids to retract that nobody knows are passed over. A
// batch older than the latest is refused with crisis.ErrFenced: a publisher that
// slept must not bring back what another has retracted since.
func (p *Projection) Apply(ctx context.Context, batch crisis.Batch) error {
	at := batch.At.UnixMicro()
	items, err := itemsOf(batch, at)
	if err != nil {
		return fmt.Errorf("apply the batch of %s: %w", batch.At.Format(time.RFC3339), err)
	}
	err = p.query.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		var before head
		if err := tx.Where("one = 1").Take(&before).Error; err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
			return err
		}
		if before.Batch > at {
			return crisis.ErrFenced
		}
		if len(items) > 0 {
			if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).CreateInBatches(items, several).Error; err != nil {
				return err
			}
		}
		for ids := batch.Retract; len(ids) > 0; ids = ids[min(len(ids), several):] {
			gone := map[string]any{"gone": true, "batch": at, "body": ""}
			if err := tx.Model(&item{}).Where("id IN ? AND NOT gone", ids[:min(len(ids), several)]).Updates(gone).Error; err != nil {
				return err
			}
		}
		latest := head{One: 1, Batch: at, Next: int64(batch.Next)}
		return tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&latest).Error
	})
	if err != nil {
		return fmt.Errorf("apply the batch of %s: %w", batch.At.Format(time.RFC3339), err)
	}
	return nil
}

func itemsOf(batch crisis.Batch, at int64) ([]item, error) {
	items := make([]item, 0, len(batch.Incidents)+len(batch.Hotspots))
	add := func(kind, id string, thing any) error {
		body, err := json.Marshal(thing)
		if err != nil {
			return fmt.Errorf("write %s %s: %w", kind, id, err)
		}
		items = append(items, item{Kind: kind, ID: id, Batch: at, Body: string(body)})
		return nil
	}
	for i := range batch.Incidents {
		if err := add(kindIncident, batch.Incidents[i].ID, &batch.Incidents[i]); err != nil {
			return nil, err
		}
	}
	for i := range batch.Hotspots {
		if err := add(kindHotspot, batch.Hotspots[i].ID, &batch.Hotspots[i]); err != nil {
			return nil, err
		}
	}
	return items, nil
}

// State is when the latest batch was of, zero where there is none yet, and the
// ledger index from which the publisher reads on.
func (p *Projection) State(ctx context.Context) (at time.Time, next uint64, err error) {
	var now head
	err = p.query.WithContext(ctx).Where("one = 1").Take(&now).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return time.Time{}, 0, nil
	case err != nil:
		return time.Time{}, 0, fmt.Errorf("read the projection's state: %w", err)
	}
	return time.UnixMicro(now.Batch).UTC(), uint64(now.Next), nil
}

// EachIncident yields every public incident there is now, by ID. It stops at
// yield's error and returns it.
func (p *Projection) EachIncident(ctx context.Context, yield func(crisis.PublicIncident) error) error {
	return each(ctx, p, kindIncident, yield)
}

// EachHotspot yields every public hotspot there is now, by ID.
func (p *Projection) EachHotspot(ctx context.Context, yield func(crisis.PublicHotspot) error) error {
	return each(ctx, p, kindHotspot, yield)
}

func each[T any](ctx context.Context, p *Projection, kind string, yield func(T) error) error {
	rows, err := p.query.WithContext(ctx).Model(&item{}).Select("body").Where("kind = ? AND NOT gone", kind).Order("id").Rows()
	if err != nil {
		return fmt.Errorf("read the public %ss: %w", kind, err)
	}
	defer rows.Close()
	for rows.Next() {
		var body []byte
		var one T
		if err := rows.Scan(&body); err != nil {
			return fmt.Errorf("read the public %ss: %w", kind, err)
		}
		if err := json.Unmarshal(body, &one); err != nil {
			return fmt.Errorf("read a public %s: %w", kind, err)
		}
		if err := yield(one); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read the public %ss: %w", kind, err)
	}
	return nil
}

// Since is what changed after a batch, oldest first. A thing that changed several
// times is only in the last batch that changed it, as it is now. Next is not
// given.
func (p *Projection) Since(ctx context.Context, at time.Time) ([]crisis.Batch, error) {
	after := int64(-1 << 63)
	if !at.IsZero() {
		after = at.UnixMicro()
	}
	var items []item
	if err := p.query.WithContext(ctx).Where("batch > ?", after).Order("batch, kind, id").Find(&items).Error; err != nil {
		return nil, fmt.Errorf("read what changed: %w", err)
	}
	var batches []crisis.Batch
	for i := range items {
		one := &items[i]
		of := time.UnixMicro(one.Batch).UTC()
		if n := len(batches); n == 0 || !batches[n-1].At.Equal(of) {
			batches = append(batches, crisis.Batch{At: of})
		}
		if err := one.into(&batches[len(batches)-1]); err != nil {
			return nil, fmt.Errorf("read what changed: %w", err)
		}
	}
	return batches, nil
}

func (i *item) into(batch *crisis.Batch) error {
	if i.Gone {
		batch.Retract = append(batch.Retract, i.ID)
		return nil
	}
	if i.Kind == kindHotspot {
		var one crisis.PublicHotspot
		if err := json.Unmarshal([]byte(i.Body), &one); err != nil {
			return err
		}
		batch.Hotspots = append(batch.Hotspots, one)
		return nil
	}
	var one crisis.PublicIncident
	if err := json.Unmarshal([]byte(i.Body), &one); err != nil {
		return err
	}
	batch.Incidents = append(batch.Incidents, one)
	return nil
}

// Reset empties the public copy, to be built again from the first ledger entry.
func (p *Projection) Reset(ctx context.Context) error {
	err := p.query.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Where("1 = 1").Delete(&item{}).Error; err != nil {
			return err
		}
		return tx.Where("1 = 1").Delete(&head{}).Error
	})
	if err != nil {
		return fmt.Errorf("empty the projection: %w", err)
	}
	return nil
}
