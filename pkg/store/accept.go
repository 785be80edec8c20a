package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// plainAccept is the message of a unit that does nothing but take one in: the
// hot path, which shares statements with others of its kind.
func (u *unit) plainAccept() (*row, *crisis.Message) {
	if len(u.changes) != 1 || len(u.changes[0].rows) != 1 || len(u.fresh) != 1 || len(u.owners) > 0 {
		return nil, nil
	}
	c := &u.changes[0]
	message, ok := c.rows[0].record.(*crisis.Message)
	if !ok || message.Rev != 1 || message.ProviderKey == ([32]byte{}) || !emptyGuard(&c.Guard) || !emptyEffects(&c.Then) || len(c.Forget) > 0 {
		return nil, nil
	}
	return &c.rows[0], message
}

// providerKey is what is unique for ever.
type providerKey struct {
	channel crisis.ID
	key     [32]byte
}

// errSurprise sends a batch back to be done one by one: a message that looked new
// was not. There is no savepoint for it, because it costs more than it saves:
// only another instance or a broken caller can bring it about.
var errSurprise = errors.New("a message that looked new was not")

// acceptMany takes in together the messages that are alone in their units and
// certainly new, and returns the units that are left to be done one by one.
func (t *tx) acceptMany(batch []*unit) ([]*unit, error) {
	var fast, rest []*unit
	seen := map[providerKey]bool{}
	for _, u := range batch {
		_, message := u.plainAccept()
		if message == nil {
			rest = append(rest, u)
			continue
		}
		key := providerKey{message.Channel, message.ProviderKey}
		if seen[key] {
			rest = append(rest, u)
			continue
		}
		seen[key] = true
		fast = append(fast, u)
	}
	if len(fast) < 2 {
		return batch, nil
	}
	known, err := t.known(fast)
	if err != nil {
		return nil, err
	}
	unknown := fast[:0]
	for _, u := range fast {
		if _, message := u.plainAccept(); known[providerKey{message.Channel, message.ProviderKey}] {
			rest = append(rest, u)
		} else {
			unknown = append(unknown, u)
		}
	}
	if len(rest) == 0 && t.tree == nil {
		// One short batch: it is quicker to hold the ledger's tail than to write
		// the rows twice.
		if err := t.readTail(); err != nil {
			return nil, err
		}
	}
	if err := t.insertMessages(unknown); err != nil {
		if passing(err) {
			return nil, err
		}
		return nil, errSurprise
	}
	return rest, nil
}

// known tells which provider ids came before, one statement a channel.
func (t *tx) known(units []*unit) (map[providerKey]bool, error) {
	known := map[providerKey]bool{}
	byChannel := map[crisis.ID][]any{}
	for _, u := range units {
		_, message := u.plainAccept()
		byChannel[message.Channel] = append(byChannel[message.Channel], message.ProviderKey[:])
	}
	for channel, keys := range byChannel {
		for some := range slices.Chunk(keys, 128) {
			if err := t.knownOf(channel, some, known); err != nil {
				return nil, fmt.Errorf("look for earlier messages: %w", err)
			}
		}
	}
	return known, nil
}

func (t *tx) knownOf(channel crisis.ID, keys []any, known map[providerKey]bool) error {
	const once = "SELECT provider_key FROM message WHERE channel = ? AND rev = 1 AND NOT variant AND provider_key "
	query, args := once+"IN (?"+strings.Repeat(", ?", len(keys)-1)+")", append([]any{channel.String()}, keys...)
	if t.store.dialect.postgres {
		// A key at a time: the plan, made while the table is small, would rather
		// read a whole index than look up ten keys. OFFSET keeps it from that.
		query = "SELECT m.provider_key FROM unnest(?::bytea[]) AS k CROSS JOIN LATERAL (" + once + "= k OFFSET 0) AS m"
		args = []any{keys, channel.String()}
	}
	return t.each(query, args, func(scan func(...any) error) error {
		var key []byte
		if err := scan(&key); err != nil {
			return err
		}
		known[providerKey{channel, [32]byte(key)}] = true
		return nil
	})
}

func (t *tx) insertMessages(units []*unit) error {
	if len(units) == 0 {
		return nil
	}
	keys, rows := make([][]any, len(units)), make([][]any, len(units))
	for i, u := range units {
		keys[i] = []any{u.fresh[0].owner, u.fresh[0].wrapped}
		rows[i] = t.number(&u.changes[0].rows[0], &u.changes[0])
		u.outcomes = []crisis.Outcome{{Index: uint64(len(t.entries)), Receipt: crisis.New}}
	}
	if err := t.insert("data_keys", []string{"owner", "wrapped"}, keys, ""); err != nil {
		return err
	}
	shape := units[0].changes[0].rows[0].shape
	return t.insert(string(shape.table), shape.columns, rows, "")
}

// receive says how the messages of a Change meet those before them. It marks a
// variant before the row is committed to.
func (t *tx) receive(c *change) (crisis.Receipt, error) {
	receipt := crisis.New
	for i := range c.rows {
		r := &c.rows[i]
		message, ok := r.record.(*crisis.Message)
		if !ok || message.Rev != 1 || message.ProviderKey == ([32]byte{}) {
			continue
		}
		same, other, err := t.earlier(message)
		if err != nil {
			return receipt, fmt.Errorf("look for earlier messages: %w", err)
		}
		switch {
		case same:
			return crisis.Again, nil
		case other && !message.Variant:
			if err := t.store.markVariant(r); err != nil {
				return receipt, err
			}
		}
		if other {
			receipt = crisis.Variant
		}
	}
	return receipt, nil
}

// earlier looks for messages of the same provider id: with the same digest, with
// another.
func (t *tx) earlier(message *crisis.Message) (same, other bool, err error) {
	query := "SELECT digest FROM message WHERE channel = ? AND provider_key = ? AND rev = 1 AND NOT variant" +
		" UNION ALL SELECT digest FROM message WHERE channel = ? AND provider_key = ? AND rev = 1 AND variant"
	key := []any{message.Channel.String(), message.ProviderKey[:]}
	err = t.each(query, append(key, key...), func(scan func(...any) error) error {
		var digest []byte
		if err := scan(&digest); err != nil {
			return err
		}
		if bytes.Equal(digest, message.Digest[:]) {
			same = true
		} else {
			other = true
		}
		return nil
	})
	return same, other, err
}

// markVariant flags a copy: the caller's record is not ours to change.
func (s *Store) markVariant(r *row) error {
	r.record = r.shape.clone(r.record)
	message := r.record.(*crisis.Message)
	message.Variant = true
	fields := r.shape.all(message)
	for i := range fields {
		if fields[i].column == "variant" {
			r.values[i] = true
		}
	}
	return s.commitTo(r)
}
