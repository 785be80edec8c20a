package vault

import (
	"crypto/cipher"
	"encoding/hex"
	"fmt"
	"io"
)

// Keys are all keys of a deployment, derived from the master secret in its key
// file. They are safe for concurrent use and print as [sealed].
type Keys struct {
	unprintable
	ring *ring // behind a pointer, so that fmt shows an address at most
}

type ring struct {
	master     [32]byte
	id         [8]byte
	wrap       cipher.AEAD
	index      []byte
	dedupe     []byte
	projection []byte
	receipt    []byte
}

// NewKeys draws a new master secret. It fails only when the source of
// randomness does.
func NewKeys(random io.Reader) (*Keys, error) {
	var master [32]byte
	if _, err := io.ReadFull(random, master[:]); err != nil {
		return nil, fmt.Errorf("draw a master secret: %w", err)
	}
	return keysOf(master), nil
}

func keysOf(master [32]byte) *Keys {
	r := &ring{
		master:     master,
		wrap:       aead(derive(master[:], "key encryption")),
		index:      derive(master[:], "blind index"),
		dedupe:     derive(master[:], "dedupe"),
		projection: derive(master[:], "projection"),
		receipt:    derive(master[:], "receipt"),
	}
	copy(r.id[:], derive(master[:], "key id"))
	return &Keys{ring: r}
}

// ID names these keys without giving any of them away: 16 hex digits, the same
// for the same master secret. It may be shown and logged.
func (k *Keys) ID() string { return hex.EncodeToString(k.ring.id[:]) }

// LedgerSeed is the Ed25519 seed (32 bytes, RFC 8032) that signs checkpoints.
func (k *Keys) LedgerSeed() SecretBytes { return derive(k.ring.master[:], "ledger signing") }

// BlindIndex finds a source by its address without storing the address:
// equal addresses on one kind of channel have equal indexes, and nobody without
// the key file can try addresses. The address comes normalised: E.164, a
// lower-cased mail address, a numeric user id.
func (k *Keys) BlindIndex(channelKind, address string) [32]byte {
	return mac(k.ring.index, channelKind, address)
}

// Dedupe is a provider's message id as it is kept for ever. Its key never
// rotates, or a message told twice would count twice.
func (k *Keys) Dedupe(channelID, providerID string) [32]byte {
	return mac(k.ring.dedupe, "id", channelID, providerID)
}

// Digest is the digest of a message's content as it is kept for ever, under the
// key of Dedupe: unkeyed, it would tell whoever guesses the text that the guess
// was right.
func (k *Keys) Digest(channelID string, content []byte) [32]byte {
	return mac(k.ring.dedupe, "content", channelID, string(content))
}

// PublicID is the id under which strangers know a record: derived, never drawn,
// so that it lasts and says nothing of when or in which order records came. It
// is 26 characters of lower-case Crockford base 32, 128 bits.
func (k *Keys) PublicID(kind, internalID string) string {
	sum := mac(k.ring.projection, kind, internalID)
	return crockford(sum[:16])
}
