package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// Position is how far a channel has fetched; nil for one that never has. It moves
// by Effects.Position.
func (s *Store) Position(ctx context.Context, channel crisis.ID) ([]byte, error) {
	var sealed [][]byte
	if err := s.query.WithContext(ctx).Table("position").Where("channel = ?", channel.String()).Pluck("cursor", &sealed).Error; err != nil {
		return nil, fmt.Errorf("read how far a channel has fetched: %w", err)
	}
	if len(sealed) == 0 {
		return nil, nil
	}
	cursor, err := s.deployment.Open(sealed[0], positionAAD(channel))
	if err != nil {
		return nil, fmt.Errorf("open how far a channel has fetched: %w", err)
	}
	return cursor, nil
}

func positionAAD(channel crisis.ID) []byte { return vault.AAD("position", "cursor", channel.String()) }

func (t *tx) position(position *crisis.Position) error {
	if position == nil {
		return nil
	}
	sealed := t.store.deployment.Seal(position.Cursor, positionAAD(position.Channel))
	if _, err := t.exec("INSERT INTO position (channel, cursor) VALUES (?, ?) ON CONFLICT (channel) DO UPDATE SET cursor = excluded.cursor",
		position.Channel.String(), sealed); err != nil {
		return fmt.Errorf("keep how far a channel has fetched: %w", err)
	}
	return nil
}

// deliveries keep where messages stand. One that got further since keeps what it
// has: receipts come in any order.
func (t *tx) deliveries(all []crisis.Delivery) error {
	for i := range all {
		d := &all[i]
		var key any
		if d.ProviderKey != ([32]byte{}) {
			key = d.ProviderKey[:]
		}
		var state string
		found, err := t.one([]any{&state}, "SELECT state FROM delivery WHERE message = ?"+t.store.dialect.forUpdate(), d.Message.String())
		if err != nil {
			return fmt.Errorf("read a delivery: %w", err)
		}
		before := crisis.DeliveryState(state)
		if found && before != d.State && d.State.Before(before) && !(before.Waits() && d.State.Waits()) {
			continue
		}
		if _, err := t.exec(`INSERT INTO delivery (message, channel, state, attempts, due, provider_key, code, since, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (message) DO UPDATE SET state = excluded.state, attempts = excluded.attempts, due = excluded.due,
			provider_key = COALESCE(excluded.provider_key, delivery.provider_key), code = excluded.code, at = excluded.at`,
			d.Message.String(), d.Channel.String(), string(d.State), int64(d.Attempts), t.store.dialect.time(dueAt(d.Due)), key, d.Code,
			t.store.dialect.time(dueAt(d.Since)), t.store.dialect.time(dueAt(d.At))); err != nil {
			return fmt.Errorf("keep a delivery: %w", err)
		}
	}
	return nil
}

// Known tells which of a channel's provider ids, under the dedupe key, came
// before, and as which message.
func (s *Store) Known(ctx context.Context, channel crisis.ID, providerKeys ...[32]byte) (map[[32]byte]crisis.ID, error) {
	known := map[[32]byte]crisis.ID{}
	for some := range slices.Chunk(providerKeys, 128) {
		keys := make([][]byte, len(some))
		for i := range some {
			keys[i] = some[i][:]
		}
		rows, err := s.query.WithContext(ctx).Table("message").Select("provider_key, id").
			Where("channel = ? AND rev = 1 AND NOT variant AND provider_key IN ?", channel.String(), keys).Rows()
		if err != nil {
			return nil, fmt.Errorf("look for earlier messages: %w", err)
		}
		for rows.Next() {
			var key []byte
			var id crisis.ID
			if err := rows.Scan(&key, &id); err != nil {
				rows.Close()
				return nil, fmt.Errorf("look for earlier messages: %w", err)
			}
			known[[32]byte(key)] = id
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return nil, fmt.Errorf("look for earlier messages: %w", err)
		}
	}
	return known, nil
}

// Waiting are messages of a channel that are due to leave, longest due first.
func (s *Store) Waiting(ctx context.Context, channel crisis.ID, due time.Time, limit int) ([]crisis.Delivery, error) {
	found, err := deliveries(s.query.WithContext(ctx).Where(waiting+" AND channel = ?", s.dialect.time(due), channel.String()).Order("due, message").Limit(limit))
	if err != nil {
		return nil, fmt.Errorf("read what is to leave: %w", err)
	}
	return found, nil
}

const waiting = "state IN ('queued', 'handed') AND due <= ?"

// WaitingChannels are those on which a message is due to leave.
func (s *Store) WaitingChannels(ctx context.Context, due time.Time) ([]crisis.ID, error) {
	var found []crisis.ID
	if err := s.query.WithContext(ctx).Table("delivery").Distinct("channel").Where(waiting, s.dialect.time(due)).Order("channel").Pluck("channel", &found).Error; err != nil {
		return nil, fmt.Errorf("read where something is to leave: %w", err)
	}
	return found, nil
}

// Handed are messages of a channel that its gateway took and has not spoken of
// since, the longest silent first.
func (s *Store) Handed(ctx context.Context, channel crisis.ID, limit int) ([]crisis.Delivery, error) {
	found, err := deliveries(s.query.WithContext(ctx).Where("state = 'handed' AND channel = ?", channel.String()).Order("at, message").Limit(limit))
	if err != nil {
		return nil, fmt.Errorf("read what gateways took: %w", err)
	}
	return found, nil
}

// Deliveries are where these messages stand; some hundreds at most.
func (s *Store) Deliveries(ctx context.Context, messages ...crisis.ID) ([]crisis.Delivery, error) {
	if len(messages) == 0 {
		return nil, nil
	}
	ids := make([]string, len(messages))
	for i, id := range messages {
		ids[i] = id.String()
	}
	found, err := deliveries(s.query.WithContext(ctx).Where("message IN ?", ids).Order("since, message"))
	if err != nil {
		return nil, fmt.Errorf("read where messages stand: %w", err)
	}
	return found, nil
}

// DeliveryOf is the message that a provider calls by an id, under the dedupe key;
// crisis.ErrNotFound where there is none.
func (s *Store) DeliveryOf(ctx context.Context, channel crisis.ID, providerKey [32]byte) (crisis.Delivery, error) {
	found, err := deliveries(s.query.WithContext(ctx).Where("provider_key = ? AND channel = ?", providerKey[:], channel.String()).Limit(1))
	if err != nil {
		return crisis.Delivery{}, fmt.Errorf("find a delivery: %w", err)
	}
	if len(found) == 0 {
		return crisis.Delivery{}, crisis.ErrNotFound
	}
	return found[0], nil
}

// DeliveryCounts is how many messages of each channel are in each state, of those
// that were queued since some time.
func (s *Store) DeliveryCounts(ctx context.Context, since time.Time) (map[crisis.ID]map[crisis.DeliveryState]int, error) {
	rows, err := s.query.WithContext(ctx).Table("delivery").Select("channel, state, count(*)").
		Where("since >= ?", s.dialect.time(dueAt(since))).Group("channel, state").Rows()
	if err != nil {
		return nil, fmt.Errorf("count deliveries: %w", err)
	}
	defer rows.Close()
	counts := map[crisis.ID]map[crisis.DeliveryState]int{}
	for rows.Next() {
		var channel crisis.ID
		var state string
		var count int
		if err := rows.Scan(&channel, &state, &count); err != nil {
			return nil, fmt.Errorf("count deliveries: %w", err)
		}
		if counts[channel] == nil {
			counts[channel] = map[crisis.DeliveryState]int{}
		}
		counts[channel][crisis.DeliveryState(state)] = count
	}
	return counts, rows.Err()
}

func deliveries(query *gorm.DB) ([]crisis.Delivery, error) {
	rows, err := query.Table("delivery").Select("message, channel, state, attempts, due, provider_key, code, since, at").Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []crisis.Delivery
	for rows.Next() {
		var d crisis.Delivery
		var state string
		if err := rows.Scan(&d.Message, &d.Channel, &state, &d.Attempts, &field{column: "due", at: &d.Due},
			&field{column: "provider_key", at: &d.ProviderKey}, &d.Code,
			&field{column: "since", at: &d.Since}, &field{column: "at", at: &d.At}); err != nil {
			return nil, err
		}
		d.State = crisis.DeliveryState(state)
		found = append(found, d)
	}
	return found, rows.Err()
}
