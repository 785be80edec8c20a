// Package ledger is the mathematics of the ledger: how an entry is written as
// bytes, how entries become a Merkle tree, and how anyone who kept a signed
// checkpoint can tell that nothing before it was changed.
//
// The tree is that of RFC 6962 (golang.org/x/mod/sumdb/tlog), so that proofs can
// be checked by other programs. Checkpoints are signed notes in the form of
// C2SP tlog-checkpoint (golang.org/x/mod/sumdb/note, Ed25519).
//
// The package keeps nothing: the store keeps entries and pages of hashes, and
// hands them in. Entries hold commitments and pseudonymous names, never personal
// data, because they are for ever.
package ledger

import "golang.org/x/mod/sumdb/tlog"

// Hash is a leaf hash, a node hash or a root: 32 bytes of SHA-256.
type Hash = tlog.Hash
