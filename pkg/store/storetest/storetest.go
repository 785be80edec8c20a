// Package storetest gives tests the real store: a SQLite file and a private
// PostgreSQL cluster with PostGIS, never a double.
package storetest

import (
	"crypto/rand"
	"path/filepath"
	"testing"
	"time"

	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/vault"
)

// Each runs a test once on each database, as subtests "sqlite" and "postgres".
// Every subtest has an empty database of its own; open opens a Store on it, again
// and again on the same one, as several processes would. Stores close with the
// test. A missing PostgreSQL fails.
func Each(t *testing.T, test func(t *testing.T, open func() *store.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, Opener(t, SQLite(t))) })
	t.Run("postgres", func(t *testing.T) { test(t, Opener(t, Postgres(t))) })
}

// Open is a Store on an empty SQLite file.
func Open(t testing.TB) *store.Store {
	t.Helper()
	return Opener(t, SQLite(t))()
}

// SQLite is the URL of an empty SQLite file that goes with the test.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "onyo.db")
}

// Opener opens Stores on one database, all under the same new keys and the real
// clock.
func Opener(t testing.TB, url string) func() *store.Store {
	t.Helper()
	return OpenerWith(t, Options(t, url))
}

// Options are what Opener opens with.
func Options(t testing.TB, url string) store.Options {
	t.Helper()
	keys, err := vault.NewKeys(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return store.Options{URL: url, Keys: keys, Clock: time.Now, Rand: rand.Reader}
}

// OpenerWith opens Stores with given options.
func OpenerWith(t testing.TB, options store.Options) func() *store.Store {
	t.Helper()
	return func() *store.Store {
		t.Helper()
		s, err := store.Open(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Errorf("close the store: %v", err)
			}
		})
		return s
	}
}
