// Package store is the only SQL: one contract, two databases. SQLite serves one
// instance, PostgreSQL with PostGIS several.
//
// # One door for writes
//
// Write takes Changes and turns them into rows and ledger entries. One goroutine
// of a Store, its committer, applies what many callers wait for in a single
// transaction, each caller's Changes under a savepoint, and appends to the ledger
// as its last step before commit. So one fsync serves many, nothing waits while
// the ledger's tail is locked, and who reads the ledger forward by index never
// skips an entry. Working tables (claims, leases, sessions) go the same way.
//
// # Secrets
//
// Fields of the vault's types lie sealed under the data key of the record's
// owner; where the key has been destroyed they read as empty. What a caller sees
// of a commitment is only the ledger's entry: see Verify.
//
// # Laws
//
// The database itself refuses what law 5 forbids (two different people, neither
// of them a submitter), the change of what was judged, and the loss of what came
// in: see the migrations.
package store
