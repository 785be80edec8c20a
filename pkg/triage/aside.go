package triage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

const (
	// codeFailed is the reason under which the message of a report waits that
	// could not be given an incident; only this stage takes it up again.
	codeFailed = "triage_failed"
	// asideTries after which it waits for a person.
	asideTries = 8
)

// away says that the store answers nothing at all; nil, that it was one record
// that could not be read, which must not hold up the others.
func (s *Service) away(ctx context.Context) error {
	if _, err := s.store.Cursor(ctx, Consumer); err != nil {
		return fmt.Errorf("ask the store: %w", err)
	}
	return ctx.Err()
}

// skipped notes a record that cannot be read, or fails where the store is away.
func (s *Service) skipped(ctx context.Context, table crisis.Table, id crisis.ID) error {
	if err := s.away(ctx); err != nil {
		return err
	}
	s.log.Warn("a record cannot be read and is left out", "table", table, "id", id)
	return nil
}

// setAside puts the message of a report aside, to be tried again later and in
// the end to wait for a person.
func (s *Service) setAside(ctx context.Context, report crisis.ID, tries int) error {
	if err := s.away(ctx); err != nil {
		return err
	}
	message, err := s.messageOf(ctx, report)
	if err != nil {
		s.log.Error("a report was not placed and its message is not known", "report", report)
		return nil
	}
	return s.write(ctx, s.aside(message, tries))
}

func (s *Service) aside(message crisis.ID, tries int) crisis.Change {
	// 5 s, then twice as long each time.
	pause := 5 * time.Second << max(0, min(tries-1, asideTries))
	retry := crisis.Retry{Message: message, Code: codeFailed, Attempts: tries, Due: s.clock().Add(pause), Quarantined: tries >= asideTries}
	action := "message.set_aside"
	if retry.Quarantined {
		action = "message.quarantined"
	}
	return crisis.Change{Action: action, Actor: actor, Reason: codeFailed, At: s.clock(), Then: crisis.Effects{Retry: []crisis.Retry{retry}}}
}

// messageOf is the message that a report came with, told by the link between
// the two where the report itself cannot be read.
func (s *Service) messageOf(ctx context.Context, report crisis.ID) (crisis.ID, error) {
	if one, err := crisis.Get[*crisis.Report](ctx, s.store, report); err == nil && !one.Message.IsZero() {
		return one.Message, nil
	}
	link, err := crisis.One[*crisis.MessageReport](ctx, s.store, "report", report)
	if err != nil {
		return crisis.ID{}, err
	}
	return link.Message, nil
}

// retries works again what is due of the reports that were set aside.
func (s *Service) retries(ctx context.Context) error {
	due, err := s.store.Retries(ctx, s.clock(), batchSize)
	if err != nil {
		return fmt.Errorf("read what to try again: %w", err)
	}
	for _, retry := range due {
		if retry.Code != codeFailed || retry.Quarantined {
			continue
		}
		failed, err := s.again(ctx, retry.Message)
		if err != nil {
			return err
		}
		change := s.aside(retry.Message, retry.Attempts+1)
		if !failed {
			change = crisis.Change{Action: "message.settled", Actor: actor, At: s.clock(), Then: crisis.Effects{Settled: []crisis.ID{retry.Message}}}
		}
		if err := s.write(ctx, change); err != nil {
			return err
		}
	}
	return nil
}

// again works the reports that a message gave, and says whether one of them
// still cannot be placed.
func (s *Service) again(ctx context.Context, message crisis.ID) (failed bool, err error) {
	links, err := crisis.Find[*crisis.MessageReport](ctx, s.store, "message", message)
	if err != nil {
		return true, s.away(ctx)
	}
	for _, link := range links {
		err := s.alone(ctx, link.Report)
		if errors.Is(err, crisis.ErrFenced) {
			return true, err
		}
		if err != nil {
			failed = true
			if err := s.away(ctx); err != nil {
				return true, err
			}
		}
	}
	return failed, nil
}

// readOneByOne calls read with the id of every record of a table made since a
// moment, as the ledger knows them: what cannot be read together is read so, and
// only the damaged ones are left out.
func (s *Service) readOneByOne(ctx context.Context, table crisis.Table, since time.Time, read func(crisis.ID) error) error {
	if err := s.away(ctx); err != nil {
		return err
	}
	for from := uint64(0); ; {
		entries, err := s.store.Entries(ctx, from, pageSize)
		if err != nil {
			return fmt.Errorf("read the ledger: %w", err)
		}
		for _, entry := range entries {
			from = entry.Index + 1
			if entry.Table != table || entry.Rev != 1 || madeAt(entry.ID).Before(since) {
				continue
			}
			if err := read(entry.ID); errors.Is(err, crisis.ErrNotFound) {
				continue // forgotten since
			} else if err != nil {
				if err := s.skipped(ctx, table, entry.ID); err != nil {
					return err
				}
			}
		}
		if len(entries) < pageSize {
			return nil
		}
	}
}

// reports calls take with those reports that can be read, in the order of ids.
func (s *Service) reports(ctx context.Context, ids []crisis.ID, take func(*crisis.Report)) error {
	const together = 500
	for len(ids) > 0 {
		some := ids[:min(len(ids), together)]
		ids = ids[len(some):]
		found, err := crisis.Select[*crisis.Report](ctx, s.store, crisis.Query{IDs: some})
		if err == nil {
			for _, report := range found {
				take(report)
			}
			continue
		}
		for _, id := range some {
			report, err := crisis.Get[*crisis.Report](ctx, s.store, id)
			switch {
			case err == nil:
				take(report)
			case !errors.Is(err, crisis.ErrNotFound):
				if err := s.skipped(ctx, crisis.TableReport, id); err != nil {
					return err
				}
				take(&crisis.Report{Meta: crisis.Meta{ID: id}})
			}
		}
	}
	return nil
}
