package store

import (
	"context"
	"fmt"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// Acquire takes or prolongs a lease. It is false while another holder has it. The
// token grows with each new holder, so that what the former one still writes
// under Guard.Lease is refused: crisis.ErrFenced.
func (s *Store) Acquire(ctx context.Context, name, holder string, ttl time.Duration) (crisis.Lease, bool, error) {
	lease, got := crisis.Lease{Name: name}, false
	err := s.do(ctx, func(t *tx) (err error) {
		now := s.clock()
		got, err = t.one([]any{&lease.Token}, `INSERT INTO lease (name, token, holder, expires) VALUES (?, 1, ?, ?)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires = excluded.expires,
			token = lease.token + CASE WHEN lease.holder = excluded.holder AND lease.expires > `+s.moment()+` THEN 0 ELSE 1 END
			WHERE lease.holder = excluded.holder OR lease.expires <= `+s.moment()+` RETURNING token`,
			name, holder, s.dialect.time(now.Add(ttl)), s.dialect.time(now), s.dialect.time(now))
		return err
	})
	if err != nil {
		return crisis.Lease{}, false, fmt.Errorf("acquire lease %s: %w", name, err)
	}
	if !got {
		return crisis.Lease{}, false, nil
	}
	return lease, true, nil
}

// Release gives a lease back, if it is still ours.
func (s *Store) Release(ctx context.Context, lease crisis.Lease) error {
	err := s.do(ctx, func(t *tx) error {
		// The row stays: the next holder's token must be higher.
		_, err := t.exec("UPDATE lease SET holder = '', expires = ? WHERE name = ? AND token = ?",
			s.dialect.time(time.Unix(0, 0)), lease.Name, int64(lease.Token))
		return err
	})
	if err != nil {
		return fmt.Errorf("release lease %s: %w", lease.Name, err)
	}
	return nil
}

// Cursor is the next ledger index that a consumer wants; 0 for a new one. It
// moves by Effects.Advance.
func (s *Store) Cursor(ctx context.Context, consumer string) (uint64, error) {
	var next []uint64
	if err := s.query.WithContext(ctx).Table("cursor").Where("consumer = ?", consumer).Pluck("next", &next).Error; err != nil {
		return 0, fmt.Errorf("read cursor %s: %w", consumer, err)
	}
	if len(next) == 0 {
		return 0, nil
	}
	return next[0], nil
}
