package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// keyCacheSize bounds how many unwrapped data keys stay in memory, about 1 kB
// each.
const keyCacheSize = 20_000

// deploymentOwner owns what nobody else does.
const deploymentOwner = "deployment"

// ownerOf is under which name a record's data key is kept.
func ownerOf(r crisis.Record) string {
	if owner := r.Owner(); !owner.IsZero() {
		return owner.String()
	}
	return deploymentOwner
}

// keyCache holds unwrapped data keys in two generations: when the young one is
// full the old one is let go, which keeps what was used lately at the price of a
// map look-up.
type keyCache struct {
	mu         sync.Mutex
	limit      int
	young, old map[string]*vault.DataKey
	// forgets counts, so that a key read before it was destroyed is not put back
	// after.
	forgets uint64
}

func newKeyCache(limit int) *keyCache {
	return &keyCache{limit: limit / 2, young: map[string]*vault.DataKey{}}
}

func (c *keyCache) get(owner string) (*vault.DataKey, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if key, ok := c.young[owner]; ok {
		return key, true
	}
	key, ok := c.old[owner]
	if ok {
		c.keep(owner, key)
	}
	return key, ok
}

func (c *keyCache) put(owner string, key *vault.DataKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keep(owner, key)
}

// fetched puts a key that was read from the database, unless some key was
// destroyed since the reading began.
func (c *keyCache) fetched(owner string, key *vault.DataKey, since uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.forgets == since {
		c.keep(owner, key)
	}
}

func (c *keyCache) generation() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.forgets
}

func (c *keyCache) keep(owner string, key *vault.DataKey) {
	if len(c.young) >= c.limit {
		c.old, c.young = c.young, make(map[string]*vault.DataKey, c.limit)
	}
	c.young[owner] = key
}

func (c *keyCache) forget(owner string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgets++
	delete(c.young, owner)
	delete(c.old, owner)
}

// keysFor unwraps the data keys of some owners. An owner without a key is left
// out: it never had one, or it was forgotten.
func (s *Store) keysFor(ctx context.Context, owners map[string]bool) (map[string]*vault.DataKey, error) {
	found := make(map[string]*vault.DataKey, len(owners))
	var missing []string
	for owner := range owners {
		if owner == deploymentOwner && s.deployment != nil {
			found[owner] = s.deployment
		} else if key, ok := s.dataKeys.get(owner); ok {
			found[owner] = key
		} else {
			missing = append(missing, owner)
		}
	}
	const several = 500
	for len(missing) > 0 {
		some := missing[:min(several, len(missing))]
		missing = missing[len(some):]
		if err := s.fetchKeys(ctx, some, found); err != nil {
			return nil, fmt.Errorf("read data keys: %w", err)
		}
	}
	return found, nil
}

func (s *Store) fetchKeys(ctx context.Context, owners []string, into map[string]*vault.DataKey) error {
	since := s.dataKeys.generation()
	rows, err := s.query.WithContext(ctx).Table("data_keys").Select("owner, wrapped").Where("owner IN ?", owners).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var owner string
		var wrapped sql.RawBytes
		if err := rows.Scan(&owner, &wrapped); err != nil {
			return err
		}
		key, err := s.keys.Unwrap(wrapped, owner)
		if err != nil {
			return fmt.Errorf("the data key of %s: %w", owner, err)
		}
		s.dataKeys.fetched(owner, key, since)
		into[owner] = key
	}
	return rows.Err()
}

// open puts the plaintext of sealed columns into records that were read. A
// record whose key was destroyed keeps them empty.
func (s *Store) open(ctx context.Context, loaded []loaded) error {
	owners := map[string]bool{}
	for _, l := range loaded {
		if l.sealed() {
			owners[ownerOf(l.record)] = true
		}
	}
	if len(owners) == 0 {
		return nil
	}
	keys, err := s.keysFor(ctx, owners)
	if err != nil {
		return err
	}
	for _, l := range loaded {
		if key, ok := keys[ownerOf(l.record)]; ok {
			if err := l.open(key); err != nil {
				return err
			}
		}
	}
	return nil
}

// loaded is a record as it was read, its sealed columns not yet opened.
type loaded struct {
	record crisis.Record
	fields []field
}

func (l *loaded) sealed() bool {
	for i := range l.fields {
		if l.fields[i].found != nil {
			return true
		}
	}
	return false
}

func (l *loaded) open(key *vault.DataKey) error {
	place := placeOf(l.record)
	for i := range l.fields {
		f := &l.fields[i]
		if f.found == nil {
			continue
		}
		plain, err := key.Open(f.found, vault.AAD(string(l.record.Table()), f.column, place))
		if err == nil {
			err = f.reveal(plain)
		}
		if err != nil {
			return fmt.Errorf("open %s.%s of %s: %w", l.record.Table(), f.column, place, err)
		}
		f.found = nil
	}
	return nil
}

// forgotten reports whether an owner's data key was destroyed: the ledger says
// so for ever.
func (s *Store) forgotten(ctx context.Context, owner string) (bool, error) {
	var index uint64
	err := s.reader.QueryRowContext(ctx,
		s.dialect.bind("SELECT idx FROM ledger_entry WHERE id = ? AND tbl = 'data_keys' LIMIT 1"), owner).Scan(&index)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for a destroyed key: %w", err)
	}
	return true, nil
}
