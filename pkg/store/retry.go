package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// Retries are messages put aside that are due, not quarantined, longest due
// first.
func (s *Store) Retries(ctx context.Context, due time.Time, limit int) ([]crisis.Retry, error) {
	found, err := retries(s.query.WithContext(ctx).Where("due <= ? AND NOT quarantined", s.dialect.time(due)).
		Order("due, message").Limit(limit))
	if err != nil {
		return nil, fmt.Errorf("read what is due: %w", err)
	}
	return found, nil
}

// RetryList is all that is put aside or quarantined, by message.
func (s *Store) RetryList(ctx context.Context) ([]crisis.Retry, error) {
	found, err := retries(s.query.WithContext(ctx).Order("message"))
	if err != nil {
		return nil, fmt.Errorf("list what is put aside: %w", err)
	}
	return found, nil
}

// Requeue makes messages due at once with their attempts forgotten, quarantined
// or not; without ids all that are quarantined. It tells how many.
func (s *Store) Requeue(ctx context.Context, ids ...crisis.ID) (int, error) {
	var changed int64
	err := s.do(ctx, func(t *tx) (err error) {
		now := s.dialect.time(s.clock())
		const set = "UPDATE retry SET quarantined = ?, attempts = 0, due = ? WHERE "
		if len(ids) == 0 {
			changed, err = t.exec(set+"quarantined", false, now)
			return err
		}
		for _, id := range ids {
			n, err := t.exec(set+"message = ?", false, now, id.String())
			if err != nil {
				return err
			}
			changed += n
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("requeue: %w", err)
	}
	return int(changed), nil
}

func retries(query *gorm.DB) ([]crisis.Retry, error) {
	rows, err := query.Table("retry").Select("message, attempts, due, quarantined, code, detail").Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []crisis.Retry
	for rows.Next() {
		var r crisis.Retry
		if err := rows.Scan(&r.Message, &r.Attempts, &field{column: "due", at: &r.Due},
			&field{column: "quarantined", at: &r.Quarantined}, &r.Code, &r.Detail); err != nil {
			return nil, err
		}
		found = append(found, r)
	}
	return found, rows.Err()
}
