package store

import (
	"fmt"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// guard refuses a Change whose conditions do not hold.
func (t *tx) guard(c *change) error {
	g := &c.Guard
	if g.Lease != nil {
		if err := t.leaseHeld(*g.Lease); err != nil {
			return err
		}
	}
	person, _ := c.Actor.Person()
	if g.Claim != nil {
		holder, token, err := t.claimed(g.Claim.Incident)
		if err != nil {
			return err
		}
		if holder.IsZero() || token != g.Claim.Token || holder != person {
			return crisis.ErrNoClaim
		}
	}
	for _, incident := range g.Unclaimed {
		holder, _, err := t.claimed(incident)
		if err != nil {
			return err
		}
		if !holder.IsZero() && holder != person {
			return crisis.ErrClaimed
		}
	}
	for incident, version := range g.Version {
		if err := t.atVersion(incident, version); err != nil {
			return err
		}
	}
	if g.NotAssessed != nil {
		return t.notAssessed(*g.NotAssessed)
	}
	return nil
}

func (t *tx) leaseHeld(lease crisis.Lease) error {
	var token uint64
	found, err := t.one([]any{&token}, "SELECT token FROM lease WHERE name = ?"+t.store.dialect.forUpdate(), lease.Name)
	if err != nil {
		return fmt.Errorf("read the lease: %w", err)
	}
	if !found || token != lease.Token {
		return crisis.ErrFenced
	}
	return nil
}

// claimed is who holds an incident now; nobody is the zero ID.
func (t *tx) claimed(incident crisis.ID) (person crisis.ID, token string, err error) {
	var expires time.Time
	found, err := t.one([]any{&person, &token, &field{column: "expires", at: &expires}},
		"SELECT person, token, expires FROM claim WHERE incident = ?"+t.store.dialect.forUpdate(), incident.String())
	if err != nil {
		return crisis.ID{}, "", fmt.Errorf("read the claim: %w", err)
	}
	if !found || !expires.After(t.store.clock()) {
		return crisis.ID{}, "", nil
	}
	return person, token, nil
}

func (t *tx) atVersion(incident crisis.ID, version uint64) error {
	var now uint64
	found, err := t.one([]any{&now}, "SELECT version FROM incident WHERE id = ? AND valid_to IS NULL"+t.store.dialect.forUpdate(), incident.String())
	switch {
	case err != nil:
		return fmt.Errorf("read the version: %w", err)
	case !found:
		return crisis.ErrNotFound
	case now != version:
		return crisis.ErrStale
	}
	return nil
}

func (t *tx) notAssessed(once crisis.AssessedOnce) error {
	var one int
	found, err := t.one([]any{&one}, "SELECT 1 FROM assessment WHERE incident = ? AND person = ? AND version = ?",
		once.Incident.String(), once.Person.String(), int64(once.Version))
	if err != nil {
		return fmt.Errorf("look for an assessment: %w", err)
	}
	if found {
		return crisis.ErrAssessed
	}
	return nil
}

// effects touch the working tables.
func (t *tx) effects(then *crisis.Effects) error {
	if !then.EndClaim.IsZero() {
		if _, err := t.exec("DELETE FROM claim WHERE incident = ?", then.EndClaim.String()); err != nil {
			return fmt.Errorf("end the claim: %w", err)
		}
	}
	for _, retry := range then.Retry {
		if _, err := t.exec(`INSERT INTO retry (message, attempts, due, quarantined, code, detail) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (message) DO UPDATE SET attempts = excluded.attempts, due = excluded.due,
			quarantined = excluded.quarantined, code = excluded.code, detail = excluded.detail`,
			retry.Message.String(), int64(retry.Attempts), t.store.dialect.time(dueAt(retry.Due)), retry.Quarantined,
			retry.Code, retry.Detail); err != nil {
			return fmt.Errorf("put a message aside: %w", err)
		}
	}
	for _, message := range then.Settled {
		if _, err := t.exec("DELETE FROM retry WHERE message = ?", message.String()); err != nil {
			return fmt.Errorf("settle a message: %w", err)
		}
	}
	if cursor := then.Advance; cursor != nil {
		if _, err := t.exec("INSERT INTO cursor (consumer, next) VALUES (?, ?) ON CONFLICT (consumer) DO UPDATE SET next = excluded.next",
			cursor.Consumer, int64(cursor.Next)); err != nil {
			return fmt.Errorf("advance the cursor: %w", err)
		}
	}
	if err := t.position(then.Position); err != nil {
		return err
	}
	return t.deliveries(then.Deliveries)
}

// dueAt keeps an unsaid time in its column: long ago.
func dueAt(due time.Time) time.Time {
	if due.IsZero() {
		return time.Unix(0, 0)
	}
	return due
}

func emptyGuard(g *crisis.Guard) bool {
	return g.Claim == nil && len(g.Unclaimed) == 0 && len(g.Version) == 0 && g.Lease == nil && g.NotAssessed == nil
}

func emptyEffects(e *crisis.Effects) bool {
	return e.EndClaim.IsZero() && e.Advance == nil && len(e.Retry) == 0 && len(e.Settled) == 0 &&
		e.Position == nil && len(e.Deliveries) == 0
}
