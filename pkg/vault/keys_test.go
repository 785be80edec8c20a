package vault_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/pkg/vault"
)

// random is a stream of bytes that is the same in every run.
func random(seed byte) *rand.ChaCha8 { return rand.NewChaCha8([32]byte{seed}) }

func keysFrom(t testing.TB, seed byte) *vault.Keys {
	t.Helper()
	keys, err := vault.NewKeys(random(seed))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// What is derived from a master secret is kept in databases and seen by the
// public: none of it may ever change.
func TestDerivedOnceDerivedForEver(t *testing.T) {
	keys, err := vault.NewKeys(bytes.NewReader(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	index, dedupe := keys.BlindIndex("sms.twilio", "+254700000001"), keys.Dedupe("01jq", "SM1")
	digest := keys.Digest("01jq", []byte("water"))
	receipt, err := keys.ReceiptHash("0000-0000-0000-0000")
	if err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string][2]string{
		"id":      {keys.ID(), "128a91ba7777453d"},
		"seed":    {hex.EncodeToString(keys.LedgerSeed()), "ab5043fa1d9b5309bb5cdc35cc730be6f39c51bc4266782d012c5e1fc5bd4d81"},
		"index":   {hex.EncodeToString(index[:]), "b410931fa060efc92cfa5dca3278c10fd4e876164c5a51115b86d18b1ea52eb7"},
		"dedupe":  {hex.EncodeToString(dedupe[:]), "0223714ef60c723718f7618aee37f289842c93f28979016a6d59f4c748c99ec4"},
		"digest":  {hex.EncodeToString(digest[:]), "26d7738f51519b081ad3cf2255311b8407beb2178e5257cd6af1075e9650b029"},
		"receipt": {hex.EncodeToString(receipt[:]), "73ac48e1881e0f17f4de3b259cf3b7352b39267b9452548080a2ca7050939581"},
		"public":  {keys.PublicID("incident", "01jq"), "jm804p0vsm3x70hdg7ynt71128"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s is %s, was %s", name, pair[0], pair[1])
		}
	}
}

// Different things have different names, even where their parts read alike when
// written one after the other, and other keys name nothing the same.
func TestDerivedNamesAreApart(t *testing.T) {
	ours, theirs := keysFrom(t, 1), keysFrom(t, 2)
	seen := map[[32]byte]string{}
	for name, sum := range map[string][32]byte{
		"index":                 ours.BlindIndex("ab", "c"),
		"index, parts moved":    ours.BlindIndex("a", "bc"),
		"index of other keys":   theirs.BlindIndex("ab", "c"),
		"dedupe":                ours.Dedupe("ab", "c"),
		"dedupe, parts moved":   ours.Dedupe("a", "bc"),
		"dedupe of other keys":  theirs.Dedupe("ab", "c"),
		"digest":                ours.Digest("ab", []byte("c")),
		"digest, parts moved":   ours.Digest("a", []byte("bc")),
		"digest of other keys":  theirs.Digest("ab", []byte("c")),
		"dedupe of other parts": ours.Dedupe("ab", "d"),
	} {
		if other, twice := seen[sum]; twice {
			t.Errorf("%s is %s", name, other)
		}
		seen[sum] = name
	}
	if ours.BlindIndex("ab", "c") != keysFrom(t, 1).BlindIndex("ab", "c") {
		t.Error("the same keys find an address no more")
	}
	if a, b := ours.PublicID("incident", "1"), ours.PublicID("hotspot", "1"); a == b || !regexp.MustCompile(`^[0-9a-hjkmnp-tv-z]{26}$`).MatchString(a) {
		t.Errorf("public ids %s and %s", a, b)
	}
}

func TestNothingIsDrawnFromADrySource(t *testing.T) {
	dry := func() *strings.Reader { return strings.NewReader("short") }
	keys := keysFrom(t, 1)
	for name, draw := range map[string]func() error{
		"keys":      func() error { _, err := vault.NewKeys(dry()); return err },
		"data key":  func() error { _, err := keys.NewDataKey(dry()); return err },
		"receipt":   func() error { _, _, err := keys.NewReceiptCode(dry()); return err },
		"pseudonym": func() error { _, err := vault.Pseudonym(dry()); return err },
	} {
		if draw() == nil {
			t.Errorf("a %s was drawn", name)
		}
	}
}

func TestReceiptCodes(t *testing.T) {
	keys := keysFrom(t, 1)
	code, hash, err := keys.NewReceiptCode(random(9))
	if err != nil {
		t.Fatal(err)
	}
	plain := code.Reveal()
	if !regexp.MustCompile(`^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$`).MatchString(plain) {
		t.Errorf("a code reads %s", plain)
	}
	bare := strings.ReplaceAll(plain, "-", "")
	for _, typed := range []string{plain, strings.ToLower(plain), bare, " " + strings.ReplaceAll(plain, "-", " ") + " "} {
		if got, err := keys.ReceiptHash(typed); err != nil || got != hash {
			t.Errorf("typed as %q it is not found (%v)", typed, err)
		}
	}
	want, _ := keys.ReceiptHash("0123-4567-8911-0000")
	for _, typed := range []string{"O123-4567-89II-oooo", "o1234567891L00OO", "01234567 89il 0000"} {
		if got, err := keys.ReceiptHash(typed); err != nil || got != want {
			t.Errorf("%s is not understood (%v)", typed, err)
		}
	}
	for _, typed := range []string{"", "----", bare[:15], bare + "0", "U123-4567-8911-0000", "0123_4567_8911_0000", "0123-4567-8911-000é"} {
		if _, err := keys.ReceiptHash(typed); !errors.Is(err, vault.ErrReceiptCode) {
			t.Errorf("%q is a code: %v", typed, err)
		}
	}
	if elsewhere, _ := keysFrom(t, 2).ReceiptHash(plain); elsewhere == hash {
		t.Error("the hash is not keyed")
	}
}

func TestPseudonyms(t *testing.T) {
	source, seen := random(3), map[string]int{}
	form := regexp.MustCompile(`^[A-Z][a-z]+-[1-9][0-9]{3}$`)
	for range 2000 {
		name, err := vault.Pseudonym(source)
		if err != nil || !form.MatchString(name) {
			t.Fatalf("%q (%v)", name, err)
		}
		seen[name[:strings.Index(name, "-")]]++
	}
	if len(seen) < 190 {
		t.Errorf("2,000 pseudonyms use %d names only", len(seen))
	}
}

func BenchmarkBlindIndex(b *testing.B) {
	keys := keysFrom(b, 1)
	for b.Loop() {
		keys.BlindIndex("sms.twilio", "+254700000001")
	}
}

func BenchmarkPseudonym(b *testing.B) {
	source := random(1)
	for b.Loop() {
		if _, err := vault.Pseudonym(source); err != nil {
			b.Fatal(err)
		}
	}
}

func FuzzReceiptHash(f *testing.F) {
	keys := keysFrom(f, 1)
	f.Add("7K3M-9QFD-2XWA-C5TN")
	f.Add("o1234567891L00OO")
	f.Fuzz(func(t *testing.T, typed string) {
		hash, err := keys.ReceiptHash(typed)
		if err != nil {
			return
		}
		if again, err := keys.ReceiptHash(strings.ToUpper(strings.ReplaceAll(typed, "-", ""))); err != nil || again != hash {
			t.Errorf("%q is a code, but not in capitals without hyphens", typed)
		}
	})
}
