package vault_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"

	"github.com/onyo-project/onyo/pkg/vault"
	"pgregory.net/rapid"
)

func dataKeyFrom(t testing.TB, seed byte) *vault.DataKey {
	t.Helper()
	key, err := keysFrom(t, 1).NewDataKey(random(seed))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestSealedOpensWhereItWasSealed(t *testing.T) {
	key := dataKeyFrom(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		aad := vault.AAD(rapid.String().Draw(t, "table"), rapid.String().Draw(t, "column"), rapid.String().Draw(t, "row"))
		sealed := key.Seal(plain, aad)
		if len(sealed) != len(plain)+vault.Overhead {
			t.Fatalf("%d bytes became %d", len(plain), len(sealed))
		}
		back, err := key.Open(sealed, aad)
		if err != nil || !bytes.Equal(back, plain) {
			t.Fatalf("%x came back as %x (%v)", plain, back, err)
		}
		at := rapid.IntRange(0, len(sealed)-1).Draw(t, "at")
		sealed[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "by"))
		if _, err := key.Open(sealed, aad); !errors.Is(err, vault.ErrSealed) {
			t.Fatalf("byte %d altered: %v", at, err)
		}
	})
}

// What is sealed in one column of one row of one table opens nowhere else.
func TestSealedOpensNowhereElse(t *testing.T) {
	key := dataKeyFrom(t, 1)
	sealed := key.Seal([]byte(canary), vault.AAD("report", "text", "01a.1"))
	if bytes.Contains(sealed, []byte(canary)) {
		t.Fatal("what is sealed can be read")
	}
	for name, aad := range map[string][]byte{
		"another table":    vault.AAD("summary", "text", "01a.1"),
		"another column":   vault.AAD("report", "words", "01a.1"),
		"another row":      vault.AAD("report", "text", "01b.1"),
		"another revision": vault.AAD("report", "text", "01a.2"),
		"parts moved":      vault.AAD("reportt", "ext", "01a.1"),
		"no place":         nil,
	} {
		if _, err := key.Open(sealed, aad); !errors.Is(err, vault.ErrSealed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := dataKeyFrom(t, 2).Open(sealed, vault.AAD("report", "text", "01a.1")); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("another data key: %v", err)
	}
	if twice := key.Seal([]byte(canary), vault.AAD("report", "text", "01a.1")); bytes.Equal(twice, sealed) {
		t.Error("sealing twice gives the same bytes: who sees both knows that they say the same")
	}
}

func TestWrappedKeys(t *testing.T) {
	keys, key := keysFrom(t, 1), dataKeyFrom(t, 5)
	wrapped := keys.Wrap(key, "01a")
	aad := vault.AAD("report", "text", "01a.1")
	sealed := key.Seal([]byte("water"), aad)

	back, err := keysFrom(t, 1).Unwrap(wrapped, "01a")
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := back.Open(sealed, aad); err != nil || string(plain) != "water" {
		t.Errorf("unwrapped, the key opens %q (%v)", plain, err)
	}
	if back.Salt("report", "01a", 1) != key.Salt("report", "01a", 1) {
		t.Error("unwrapped, the key salts otherwise")
	}
	for at := range wrapped {
		altered := bytes.Clone(wrapped)
		altered[at] ^= 1
		if _, err := keys.Unwrap(altered, "01a"); err == nil {
			t.Errorf("byte %d altered, it unwraps", at)
		}
	}
	for name, tt := range map[string]struct {
		keys    *vault.Keys
		wrapped []byte
		owner   string
		want    error
	}{
		"another owner":    {keys, wrapped, "01b", vault.ErrSealed},
		"another key file": {keysFrom(t, 2), wrapped, "01a", vault.ErrOtherKey},
		"cut":              {keys, wrapped[:len(wrapped)-1], "01a", vault.ErrSealed},
		"cut short":        {keys, wrapped[:3], "01a", vault.ErrSealed},
		"nothing":          {keys, nil, "01a", vault.ErrSealed},
	} {
		if _, err := tt.keys.Unwrap(tt.wrapped, tt.owner); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSaltsAndCommitments(t *testing.T) {
	key := dataKeyFrom(t, 1)
	base := key.Salt("report", "01a", 1)
	for name, other := range map[string][32]byte{
		"another table":    key.Salt("message", "01a", 1),
		"another id":       key.Salt("report", "01b", 1),
		"another revision": key.Salt("report", "01a", 2),
		"another key":      dataKeyFrom(t, 2).Salt("report", "01a", 1),
	} {
		if other == base {
			t.Errorf("%s has the same salt", name)
		}
	}
	// By hand, as anyone would who checks a bundle: SHA-256(salt ‖ canonical).
	if want := sha256.Sum256(append(base[:], `{"Text":"water"}`...)); vault.Commit(base, []byte(`{"Text":"water"}`)) != want {
		t.Error("the commitment is not SHA-256 of salt and canonical form")
	}
	const golden = "857e00eb40f1b4b8b8d77bed9a83c38737cee5c59930d1b1e4397fae9ff98888"
	if got := hex.EncodeToString(base[:]); got != golden {
		t.Errorf("the salt is %s, was %s", got, golden)
	}
}

func TestWipedKeyOpensNothing(t *testing.T) {
	key := dataKeyFrom(t, 1)
	sealed := key.Seal([]byte("water"), nil)
	key.Wipe()
	if _, err := key.Open(sealed, nil); !errors.Is(err, vault.ErrWiped) {
		t.Errorf("a wiped key: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	key := dataKeyFrom(f, 1)
	genuine := key.Seal([]byte("water"), vault.AAD("report", "text", "01a.1"))
	f.Add(genuine)
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		plain, err := key.Open(sealed, vault.AAD("report", "text", "01a.1"))
		if err == nil && string(plain) != "water" { // all that this key ever sealed here
			t.Errorf("%x opens as %q", sealed, plain)
		}
	})
}

func FuzzUnwrap(f *testing.F) {
	keys, wrappedKey := keysFrom(f, 1), dataKeyFrom(f, 1)
	genuine := keys.Wrap(wrappedKey, "01a")
	f.Add(genuine)
	f.Add(genuine[:9])
	f.Fuzz(func(t *testing.T, wrapped []byte) {
		key, err := keys.Unwrap(wrapped, "01a")
		if err == nil && key.Salt("", "", 1) != wrappedKey.Salt("", "", 1) {
			t.Errorf("%x unwraps to another key", wrapped)
		}
	})
}

func BenchmarkDataKey(b *testing.B) {
	keys, source := keysFrom(b, 1), random(7)
	key := dataKeyFrom(b, 1)
	message, aad := make([]byte, 400), vault.AAD("message", "raw", "01a.1")
	sealed, wrapped := key.Seal(message, aad), keys.Wrap(key, "01a")
	for name, do := range map[string]func(){
		"new":    func() { _, _ = keys.NewDataKey(source) },
		"wrap":   func() { keys.Wrap(key, "01a") },
		"unwrap": func() { _, _ = keys.Unwrap(wrapped, "01a") },
		"seal":   func() { key.Seal(message, aad) },
		"open":   func() { _, _ = key.Open(sealed, aad) },
		"salt":   func() { key.Salt("message", "01a", 1) },
		"all that one message needs": func() {
			fresh, _ := keys.NewDataKey(source)
			keys.Wrap(fresh, "01a")
			fresh.Seal(message, vault.AAD("message", "raw", "01a.1"))
			vault.Commit(fresh.Salt("message", "01a", 1), message)
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				do()
			}
		})
	}
}
