// Package triage proposes what a volunteer would otherwise have to type: where a
// report is, which language it is in, what it is about, how urgent it is, and
// which incident it belongs to. All of it is a suggestion that shows its reasons
// and that a person can overrule; no network is needed.
//
// Reader reads a text. Service follows the ledger and gives every new or changed
// report its incident.
//
// # Meaning
//
// What a text is about, whether a life is at risk and whether it is worth
// following start from the lexicon and are learned online from what people here
// decide: approving, calling spam, setting categories (package learn). What was
// learned lies in memory and is made anew from the newest decisions at the start.
// A suggestion depends on the decisions before it and their order, never on the
// order in which reports arrived.
//
// # Which incident
//
// A report joins an open, ongoing incident of the last 72 hours where it is near
// in space, in time and in words and speaks of a compatible category; exact
// forwards of one text join as one. Where it is less sure it opens an incident of
// its own and leaves a suggestion that the two may be the same. An incident is
// measured from the report that opened it, so that no chain of neighbours grows.
//
// What does not depend on the order of arrival, within 72 hours: that exact
// forwards of one text become one incident, that reports farther apart than their
// uncertainties allow become different ones, and all counts of an incident.
package triage

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/gazetteer"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/triage/alike"
)

// Store is what triage needs of it.
type Store interface {
	crisis.Reader
	Write(ctx context.Context, changes ...crisis.Change) ([]crisis.Outcome, error)
	Entries(ctx context.Context, from uint64, limit int) ([]crisis.Entry, error)
	EntriesOf(ctx context.Context, ids []crisis.ID, limit int) ([]crisis.Entry, error)
	Watch() (wake <-chan struct{}, stop func())
	Cursor(ctx context.Context, consumer string) (next uint64, err error)
	Acquire(ctx context.Context, name, holder string, ttl time.Duration) (crisis.Lease, bool, error)
	Placed(ctx context.Context, id crisis.ID) (crisis.Placed, error)
	Retries(ctx context.Context, due time.Time, limit int) ([]crisis.Retry, error)
	EachPlaced(ctx context.Context, yield func(crisis.Placed) error) error
}

// Gazetteer turns words into places and points into areas.
type Gazetteer interface {
	Find(text string, near gazetteer.Near) []gazetteer.Candidate
	Reverse(p geo.Point) gazetteer.Area
}

// Window is how far back incidents are looked at.
const Window = alike.Window

// actor is this stage in the ledger.
const actor = crisis.Actor("system:triage")

// derived is an id that follows from another: the same each time, near the other
// in time, so that work done twice writes one record.
func derived(from crisis.ID, what string, number uint64) crisis.ID {
	hash := sha256.New()
	hash.Write(from[:])
	hash.Write(binary.BigEndian.AppendUint64([]byte(what), number))
	var id crisis.ID
	copy(id[:6], from[:6])
	copy(id[6:], hash.Sum(nil))
	return id
}

// seal puts text into a sealed field.
func seal[T ~string](field *T, text string) { *field = T(text) }
