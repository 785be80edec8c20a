package store_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/connect"
	"github.com/onyo-project/onyo/pkg/store/storetest"
)

const actor = crisis.Actor("system:test")

func newID(t testing.TB) crisis.ID {
	t.Helper()
	id, err := crisis.NewID(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func first(t testing.TB) crisis.Meta { return crisis.First(newID(t), time.Now(), actor) }

func put(records ...crisis.Record) crisis.Change {
	return crisis.Change{Action: "test.put", Actor: actor, Reason: "test", At: time.Now(), Put: records}
}

func write(t testing.TB, s *store.Store, changes ...crisis.Change) []crisis.Outcome {
	t.Helper()
	outcomes, err := s.Write(t.Context(), changes...)
	if err != nil {
		t.Fatal(err)
	}
	return outcomes
}

// revised is a copy of a record as its next revision.
func revised[T any, P interface {
	*T
	crisis.Record
}](record P) P {
	next := *record
	*P(&next).Head() = record.Head().Next(time.Now(), actor)
	return &next
}

func message(t testing.TB, channel crisis.ID, provider, digest byte) *crisis.Message {
	return &crisis.Message{
		Meta: first(t), Channel: channel, Direction: crisis.Inbound, Kind: crisis.KindReport,
		ProviderKey: [32]byte{1, provider}, Digest: [32]byte{2, digest}, Raw: []byte("water at the bridge"),
	}
}

// eachURL is storetest.Each for tests that also go behind the store's back.
func eachURL(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, storetest.SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, storetest.Postgres(t)) })
}

// behind is a connection that does not go through the store.
func behind(t testing.TB, url string) *sql.DB {
	t.Helper()
	address, err := connect.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	var db *sql.DB
	if address.Path != "" {
		db, err = connect.SQLite(context.Background(), address.Path, "rw", 1)
	} else {
		db, err = connect.Postgres(context.Background(), address.URL, "", 1, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// verified fails the test unless everything is as it was written.
func verified(t testing.TB, s *store.Store) store.Verdict {
	t.Helper()
	verdict, err := s.Verify(context.Background(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(verdict.Faults) > 0 {
		t.Fatalf("verify: %s", strings.Join(verdict.Faults, "\n"))
	}
	return verdict
}
