package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// derive is the 32-byte subkey of secret for one purpose (HKDF-SHA256 without
// salt: the secret is uniformly random already).
func derive(secret []byte, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, "onyo v1 "+purpose, 32)
	if err != nil {
		panic("HKDF of 32 bytes: " + err.Error()) // only for lengths over 255 hashes
	}
	return key
}

// aead is AES-256-GCM that draws its own nonces. They never come from a handed-in
// source of randomness: one repeated nonce would undo the seal. A random nonce of
// 96 bits serves for 2^32 seals under one key (NIST SP 800-38D, 8.3).
func aead(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("AES-256: " + err.Error()) // only for keys of another length
	}
	sealer, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("AES-256-GCM: " + err.Error()) // only for other block sizes
	}
	return sealer
}

// mac is HMAC-SHA256 over parts, so joined that no two lists of parts look alike.
func mac(key []byte, parts ...string) [32]byte {
	hash := hmac.New(sha256.New, key)
	hash.Write(join(parts...))
	var sum [32]byte
	hash.Sum(sum[:0])
	return sum
}

// join puts each part's length before it.
func join(parts ...string) []byte {
	var out []byte
	for _, part := range parts {
		out = binary.AppendUvarint(out, uint64(len(part)))
		out = append(out, part...)
	}
	return out
}

// unprintable gives the types that hold keys their [sealed] faces.
type unprintable struct{}

func (unprintable) String() string               { return sealedText }
func (unprintable) GoString() string             { return sealedText }
func (unprintable) Format(f fmt.State, _ rune)   { writeSealed(f) }
func (unprintable) MarshalText() ([]byte, error) { return []byte(sealedText), nil }
