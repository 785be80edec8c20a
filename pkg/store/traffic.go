package store

import (
	"context"
	"fmt"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// trafficRows bounds how many lines go into one statement.
const trafficRows = 64

// LogTraffic keeps lines of the exchange log.
func (s *Store) LogTraffic(ctx context.Context, lines ...crisis.Traffic) error {
	if len(lines) == 0 {
		return nil
	}
	columns := []string{"channel", "at", "direction", "method", "host", "status", "code", "bytes", "took", "messages", "exchanges", "shape"}
	err := s.do(ctx, func(t *tx) error {
		for len(lines) > 0 {
			some := lines[:min(len(lines), trafficRows)]
			lines = lines[len(some):]
			rows := make([][]any, len(some))
			for i, line := range some {
				rows[i] = []any{line.Channel, s.dialect.time(line.At), string(line.Direction), line.Method, line.Host, int64(line.Status),
					line.Code, line.Bytes, line.Took.Microseconds(), int64(line.Messages), int64(line.Exchanges), line.Shape}
			}
			if err := t.insert("traffic", columns, rows, ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep the exchange log: %w", err)
	}
	return nil
}

// Traffic is what one channel exchanged before some time, newest first.
func (s *Store) Traffic(ctx context.Context, channel string, before time.Time, limit int) ([]crisis.Traffic, error) {
	rows, err := s.query.WithContext(ctx).Table("traffic").
		Select("at, direction, method, host, status, code, bytes, took, messages, exchanges, shape").
		Where("channel = ? AND at < ?", channel, s.dialect.time(before)).Order("at DESC, id DESC").Limit(limit).Rows()
	if err != nil {
		return nil, fmt.Errorf("read the exchange log: %w", err)
	}
	defer rows.Close()
	var found []crisis.Traffic
	for rows.Next() {
		line := crisis.Traffic{Channel: channel}
		var direction string
		var took int64
		if err := rows.Scan(&field{column: "at", at: &line.At}, &direction, &line.Method, &line.Host, &line.Status, &line.Code,
			&line.Bytes, &took, &line.Messages, &line.Exchanges, &line.Shape); err != nil {
			return nil, fmt.Errorf("read the exchange log: %w", err)
		}
		line.Direction, line.Took = crisis.Direction(direction), time.Duration(took)*time.Microsecond
		found = append(found, line)
	}
	return found, rows.Err()
}

// TrafficCounts tells how often each thing happened on each channel since some
// time.
func (s *Store) TrafficCounts(ctx context.Context, since time.Time) ([]crisis.TrafficCount, error) {
	rows, err := s.query.WithContext(ctx).Table("traffic").Select("channel, direction, code, sum(exchanges), max(at)").
		Where("at >= ?", s.dialect.time(dueAt(since))).Group("channel, direction, code").Order("channel, direction, code").Rows()
	if err != nil {
		return nil, fmt.Errorf("count the exchange log: %w", err)
	}
	defer rows.Close()
	var counts []crisis.TrafficCount
	for rows.Next() {
		var c crisis.TrafficCount
		var direction string
		if err := rows.Scan(&c.Channel, &direction, &c.Code, &c.Count, &field{column: "at", at: &c.Last}); err != nil {
			return nil, fmt.Errorf("count the exchange log: %w", err)
		}
		c.Direction = crisis.Direction(direction)
		counts = append(counts, c)
	}
	return counts, rows.Err()
}

// ForgetTraffic drops the exchange log's lines from before some time.
func (s *Store) ForgetTraffic(ctx context.Context, before time.Time) error {
	err := s.do(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM traffic WHERE at < ?", s.dialect.time(before))
		return err
	})
	if err != nil {
		return fmt.Errorf("shorten the exchange log: %w", err)
	}
	return nil
}

// Received tells when a channel's newest inbound message came, the zero time
// where none did, and how many came since some time. A used proof is no message.
func (s *Store) Received(ctx context.Context, channel crisis.ID, since time.Time) (last time.Time, count int, err error) {
	// Ids are in the order of time, and the index has them.
	const from = " FROM message WHERE channel = ? AND valid_to IS NULL AND rev = 1 AND direction = 'in' AND why <> 'proof'"
	row := s.query.WithContext(ctx).Raw("SELECT (SELECT valid_from"+from+" ORDER BY id DESC LIMIT 1), (SELECT count(*)"+from+" AND id >= ?)",
		channel.String(), channel.String(), crisis.FirstID(since).String()).Row()
	if err := row.Scan(&field{column: "valid_from", at: &last}, &count); err != nil {
		return time.Time{}, 0, fmt.Errorf("look for a channel's newest message: %w", err)
	}
	return last, count, nil
}

// Aside counts the messages of each channel that are put aside, and tells when the
// oldest of them came.
func (s *Store) Aside(ctx context.Context) (map[crisis.ID]crisis.Aside, error) {
	rows, err := s.query.WithContext(ctx).Table("retry").Joins("JOIN message m ON m.id = retry.message AND m.rev = 1").
		Select("m.channel, count(*), min(m.valid_from)").Group("m.channel").Rows()
	if err != nil {
		return nil, fmt.Errorf("count what is put aside: %w", err)
	}
	defer rows.Close()
	found := map[crisis.ID]crisis.Aside{}
	for rows.Next() {
		var channel crisis.ID
		var aside crisis.Aside
		if err := rows.Scan(&channel, &aside.Count, &field{column: "valid_from", at: &aside.Oldest}); err != nil {
			return nil, fmt.Errorf("count what is put aside: %w", err)
		}
		found[channel] = aside
	}
	return found, rows.Err()
}
