// Package vault keeps what must not be read: the types that print as [sealed],
// the key file and what is derived from it, the data keys that seal each
// record's secrets, and the salted commitments that let the ledger vouch for a
// record without knowing it.
//
// # Keys
//
// One key file (ONYO_KEY_FILE) holds one 32-byte master secret. Every other key
// is derived from it by HKDF-SHA256 (RFC 5869) under a purpose of its own, so
// that no key is used for two things and losing the database alone gives away
// none of them. The file is never part of a backup; its recovery words are.
//
// # Envelope
//
// Every owner of secrets (a message, a source, an incident) has a DataKey,
// stored wrapped under the master secret. Forgetting is deleting that one row:
// what the key sealed can no longer be opened, and the salts derived from it
// are gone, so that commitments left in the ledger say nothing about what was
// committed to.
//
// The package does no SQL and keeps no state: randomness is handed in.
package vault
