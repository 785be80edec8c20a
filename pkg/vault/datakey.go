package vault

import (
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// What opening something sealed can end in.
var (
	// ErrSealed: the bytes were altered, cut, moved to another place, or sealed
	// by another key.
	ErrSealed = errors.New("what was sealed does not open here: altered, moved, or of another key")
	// ErrOtherKey: wrapped under the master secret of another key file.
	ErrOtherKey = errors.New("sealed under another key file")
	// ErrWiped: the data key has been wiped from memory.
	ErrWiped = errors.New("the data key has been wiped")
)

const (
	// Overhead is by how many bytes Seal lengthens what it seals: a version, the
	// nonce and the tag.
	Overhead = 1 + 12 + 16
	// sealVersion starts all that DataKey.Seal and Keys.Wrap write.
	sealVersion = 1
	keyIDSize   = 8
	wrapHead    = 1 + keyIDSize
)

// DataKey seals what belongs to one owner and salts the commitments to it.
// It prints as [sealed]. It may be used by many goroutines, except that nothing
// else may be under way when Wipe is called, and that only Open may be called
// after it: everything else panics then.
type DataKey struct {
	unprintable
	material *material // behind a pointer, so that fmt shows an address at most
}

type material struct {
	key    [32]byte
	seed   [32]byte // of the salts
	sealer cipher.AEAD
}

// NewDataKey draws a data key. It fails only when the source of randomness does.
func (k *Keys) NewDataKey(random io.Reader) (*DataKey, error) {
	var raw [64]byte
	defer clear(raw[:])
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return nil, fmt.Errorf("draw a data key: %w", err)
	}
	return dataKeyOf(raw[:]), nil
}

func dataKeyOf(raw []byte) *DataKey {
	m := &material{sealer: aead(raw[:32])}
	copy(m.key[:], raw)
	copy(m.seed[:], raw[32:])
	return &DataKey{material: m}
}

// Wrap seals a data key for its row, bound to its owner's id.
func (k *Keys) Wrap(dk *DataKey, ownerID string) []byte {
	var raw [64]byte
	defer clear(raw[:])
	copy(raw[:], dk.material.key[:])
	copy(raw[32:], dk.material.seed[:])
	head := append([]byte{sealVersion}, k.ring.id[:]...)
	return k.ring.wrap.Seal(head, nil, raw[:], wrapAAD(ownerID))
}

// Unwrap opens what Wrap sealed for this owner. It fails with ErrOtherKey when
// another key file did the sealing, otherwise with ErrSealed.
func (k *Keys) Unwrap(wrapped []byte, ownerID string) (*DataKey, error) {
	if len(wrapped) < wrapHead || wrapped[0] != sealVersion {
		return nil, ErrSealed
	}
	if string(wrapped[1:wrapHead]) != string(k.ring.id[:]) {
		return nil, ErrOtherKey
	}
	raw, err := k.ring.wrap.Open(nil, nil, wrapped[wrapHead:], wrapAAD(ownerID))
	if err != nil || len(raw) != 64 {
		return nil, ErrSealed
	}
	defer clear(raw)
	return dataKeyOf(raw), nil
}

func wrapAAD(ownerID string) []byte { return join("data key", ownerID) }

// Seal encrypts plain with AES-256-GCM, bound to where it lies by aad (see AAD).
// Sealing twice gives different bytes.
func (d *DataKey) Seal(plain, aad []byte) []byte {
	out := make([]byte, 1, len(plain)+Overhead)
	out[0] = sealVersion
	return d.material.sealer.Seal(out, nil, plain, aad)
}

// Open is what Seal sealed under the same aad. It fails with ErrSealed or
// ErrWiped.
func (d *DataKey) Open(sealed, aad []byte) ([]byte, error) {
	if d.material == nil {
		return nil, ErrWiped
	}
	if len(sealed) < Overhead || sealed[0] != sealVersion {
		return nil, ErrSealed
	}
	plain, err := d.material.sealer.Open(nil, nil, sealed[1:], aad)
	if err != nil {
		return nil, ErrSealed
	}
	return plain, nil
}

// Salt is the salt of the commitment to one revision of one record. It stays the
// same when the record is sealed anew, and is gone when the data key is.
func (d *DataKey) Salt(table, id string, rev uint64) [32]byte {
	return mac(d.material.seed[:], table, id, strconv.FormatUint(rev, 10))
}

// Wipe forgets the key, as far as a program can: copies that the garbage
// collector or the cipher's own tables held may outlive it until their memory is
// used again.
func (d *DataKey) Wipe() {
	clear(d.material.key[:])
	clear(d.material.seed[:])
	d.material = nil
}

// AAD is the associated data of a sealed column: what is sealed in one place
// does not open in another. For a table that keeps revisions, row names the
// revision too.
func AAD(table, column, row string) []byte { return join(table, column, row) }

// Commit is the commitment that the ledger holds to a row: SHA-256(salt ‖
// canonical).
func Commit(salt [32]byte, canonical []byte) [32]byte {
	hash := sha256.New()
	hash.Write(salt[:])
	hash.Write(canonical)
	var sum [32]byte
	hash.Sum(sum[:0])
	return sum
}
