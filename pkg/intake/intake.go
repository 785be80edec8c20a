// Package intake hosts the channels. An exchange becomes durable messages before
// anything is answered (Host, Door); a worker then reads each message in full
// and makes of it a source, a report, media; what cannot be read is set aside
// where people see it (Inbox); and whoever reported may ask what became of it
// and add to it (Receipts).
//
// Accepting needs nothing back from the database: ids and receipt codes are made
// before the write, and a replay of the same message makes the same code.
package intake

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// Store is what intake needs of it.
type Store interface {
	crisis.Reader
	Write(ctx context.Context, changes ...crisis.Change) ([]crisis.Outcome, error)
	Entries(ctx context.Context, from uint64, limit int) ([]crisis.Entry, error)
	Watch() (wake <-chan struct{}, stop func())
	Cursor(ctx context.Context, consumer string) (next uint64, err error)
	Acquire(ctx context.Context, name, holder string, ttl time.Duration) (crisis.Lease, bool, error)
	Release(ctx context.Context, lease crisis.Lease) error
	Position(ctx context.Context, channel crisis.ID) ([]byte, error)
	Known(ctx context.Context, channel crisis.ID, providerKeys ...[32]byte) (map[[32]byte]crisis.ID, error)
	Received(ctx context.Context, channel crisis.ID, since time.Time) (last time.Time, count int, err error)
	Deliveries(ctx context.Context, messages ...crisis.ID) ([]crisis.Delivery, error)
	Aside(ctx context.Context) (map[crisis.ID]crisis.Aside, error)
	DeliveryOf(ctx context.Context, channel crisis.ID, providerKey [32]byte) (crisis.Delivery, error)
	LogTraffic(ctx context.Context, lines ...crisis.Traffic) error
	TrafficCounts(ctx context.Context, since time.Time) ([]crisis.TrafficCount, error)
	ForgetTraffic(ctx context.Context, before time.Time) error
	Retries(ctx context.Context, due time.Time, limit int) ([]crisis.Retry, error)
	RetryList(ctx context.Context) ([]crisis.Retry, error)
	Requeue(ctx context.Context, messages ...crisis.ID) (int, error)
}

var (
	// ErrNoChannel: there is no such channel, it is switched off, or nothing can
	// be sent to it from outside.
	ErrNoChannel = errors.New("there is no such channel")
	// ErrUnavailable: nothing was stored and the sender should try again.
	ErrUnavailable = errors.New("the message could not be stored; send it again")
	// ErrCode: what was given is no receipt code.
	ErrCode = vault.ErrReceiptCode
)

// actor is the worker.
const actor = crisis.Actor("system:intake")

// derived is an id that follows from another: the same each time, near the
// other in time, so that work done twice writes one record.
func derived(from crisis.ID, what string, number int) crisis.ID {
	hash := sha256.New()
	hash.Write(from[:])
	hash.Write(binary.BigEndian.AppendUint64([]byte(what), uint64(number)))
	var id crisis.ID
	copy(id[:6], from[:6])
	copy(id[6:], hash.Sum(nil))
	return id
}
