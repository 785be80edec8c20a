package store_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/storetest"
)

const (
	benchWriters = 32
	rawBytes     = 600 // a Twilio exchange
)

// BenchmarkAccept measures messages taken in durably: by the store, from 32
// goroutines, and beside it by a bare probe of the same driver that writes rows
// and batches of the same size into the same tables, but prepares nothing. Run
// both in one go and divide:
//
//	go test ./pkg/store -run - -bench Accept -benchtime 3s
//
// On a quiet machine the store came to about three quarters of the probe on
// SQLite and six tenths on PostgreSQL. When it falls well below, look first at how
// many units share a transaction (about 28 of 32 callers), then at how many
// statements a transaction has, then on PostgreSQL at the plan of knownOf: one
// made on an empty table once read a whole index and cost nine tenths of the rate.
func BenchmarkAccept(b *testing.B) {
	storetest.Durable(b)
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run("store/"+name, func(b *testing.B) {
			s := storetest.Opener(b, url(b))()
			channel, random := newID(b), make([]byte, rawBytes)
			if _, err := rand.Read(random); err != nil {
				b.Fatal(err)
			}
			b.SetParallelism(benchWriters / 2)
			var n atomic.Uint64
			before, _ := s.Size(b.Context())
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					one := &crisis.Message{Meta: first(b), Channel: channel, Direction: crisis.Inbound, Kind: crisis.KindReport,
						ProviderKey: hash(n.Add(1)), Digest: hash(n.Load() << 32), Raw: random}
					if _, err := s.Write(context.Background(), put(one)); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "accepts/s")
			if after, err := s.Size(b.Context()); err != nil || after-before != uint64(b.N) {
				b.Errorf("%d entries of %d: %v", after-before, b.N, err)
			}
		})
		b.Run("probe/"+name, func(b *testing.B) {
			address := url(b)
			s := storetest.Opener(b, address)() // for its tables
			p := &probe{db: behind(b, address), postgres: s.Dialect() == "postgres"}
			b.ResetTimer()
			for done := 0; done < b.N; done += benchWriters / 2 {
				p.batch(b, benchWriters/2)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "accepts/s")
		})
	}
}

func hash(n uint64) (h [32]byte) {
	for i := range 32 {
		h[i] = byte((n + 1) * 0x9e3779b97f4a7c15 >> (i % 8 * 8))
	}
	return h
}

// probe writes what the store writes of an accepted message, bytes made before.
type probe struct {
	db       *sql.DB
	postgres bool
	n        uint64
}

func (p *probe) batch(b *testing.B, size int) {
	ctx := b.Context()
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		b.Fatal(err)
	}
	var keys, messages, entries []any
	wrapped, raw, leaf := make([]byte, 101), make([]byte, rawBytes+29), make([]byte, 120)
	at := any(time.Now().UnixMicro())
	if p.postgres {
		at = time.Now()
	}
	for range size {
		p.n++
		id, h, d := fmt.Sprintf("%026d", p.n), hash(p.n), hash(p.n<<32)
		keys = append(keys, id, wrapped)
		messages = append(messages, id, 1, at, int64(p.n), "system:test", id[:26], "in", "report", h[:], d[:], raw, false, "")
		entries = append(entries, int64(p.n), "message", id, 1, leaf)
	}
	p.insert(b, tx, "data_keys (owner, wrapped)", 2, keys)
	p.insert(b, tx, "message (id, rev, valid_from, entry, actor, channel, direction, kind, provider_key, digest, raw, variant, why)", 13, messages)
	p.insert(b, tx, "ledger_entry (idx, tbl, id, rev, leaf)", 5, entries)
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}

func (p *probe) insert(b *testing.B, tx *sql.Tx, into string, columns int, args []any) {
	var values strings.Builder
	for i := range args {
		switch {
		case i%columns > 0:
			values.WriteString(", ")
		case i > 0:
			values.WriteString("), (")
		default:
			values.WriteString("(")
		}
		if p.postgres {
			fmt.Fprintf(&values, "$%d", i+1)
		} else {
			values.WriteString("?")
		}
	}
	if _, err := tx.ExecContext(b.Context(), "INSERT INTO "+into+" VALUES "+values.String()+")", args...); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkEachPlaced reads incidents with their locations in one pass.
func BenchmarkEachPlaced(b *testing.B) {
	s := storetest.Open(b)
	const total, chunk = 20_000, 1000
	var wait sync.WaitGroup
	for range total / chunk {
		wait.Go(func() {
			var records []crisis.Record
			for range chunk {
				location := &crisis.Location{Meta: first(b), Lon: 34, Lat: 0.1, Method: "given"}
				records = append(records, location, &crisis.Incident{Meta: first(b), Version: 1, Status: crisis.StatusTriaged,
					Categories: []string{"flood"}, Location: location.ID})
			}
			write(b, s, put(records...))
		})
	}
	wait.Wait()
	for b.Loop() {
		n := 0
		if err := s.EachPlaced(b.Context(), func(crisis.Placed) error { n++; return nil }); err != nil || n != total {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.N*total)/b.Elapsed().Seconds(), "incidents/s")
}

// BenchmarkVerify reads everything anew.
func BenchmarkVerify(b *testing.B) {
	s := storetest.Open(b)
	var changes []crisis.Change
	for n := range 5000 {
		changes = append(changes, put(message(b, newID(b), byte(n), 1)))
	}
	write(b, s, changes...)
	var verdict store.Verdict
	for b.Loop() {
		verdict = verified(b, s)
	}
	b.ReportMetric(float64(uint64(b.N)*verdict.Rows)/b.Elapsed().Seconds(), "rows/s")
}
