package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/pkg/ledger"
	"golang.org/x/mod/sumdb/note"
)

func signer(t testing.TB, origin string, seed byte) *ledger.Signer {
	t.Helper()
	s, err := ledger.NewSigner(origin, bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCheckpointText(t *testing.T) {
	s := signer(t, "onyo/7k3m", 1)
	signed, err := s.Sign(12, ledger.NewTree().Root())
	if err != nil {
		t.Fatal(err)
	}
	const want = "onyo/7k3m\n12\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— onyo/7k3m "
	if !strings.HasPrefix(string(signed), want) {
		t.Errorf("the checkpoint reads\n%s", signed)
	}
	// The signature is one that the note package itself accepts.
	verifier, err := note.NewVerifier(s.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(signed, note.VerifierList(verifier)); err != nil {
		t.Error(err)
	}
	back, err := ledger.VerifyCheckpoint(signed, s.PublicKey())
	if want := (ledger.Checkpoint{Origin: "onyo/7k3m", Size: 12, Root: ledger.NewTree().Root()}); err != nil || back != want {
		t.Errorf("read as %v (%v)", back, err)
	}
}

func TestCheckpointForgeries(t *testing.T) {
	s := signer(t, "onyo/7k3m", 1)
	signed, _ := s.Sign(12, ledger.NewTree().Root())
	other, _ := signer(t, "onyo/7k3m", 2).Sign(12, ledger.NewTree().Root())
	elsewhere, _ := signer(t, "onyo/other", 1).Sign(12, ledger.NewTree().Root())
	for name, forged := range map[string][]byte{
		"another key":    other,
		"another origin": elsewhere,
		"no signature":   signed[:bytes.Index(signed, []byte("\n\n"))+2],
		"nothing":        nil,
	} {
		if _, err := ledger.VerifyCheckpoint(forged, s.PublicKey()); !errors.Is(err, ledger.ErrCheckpoint) {
			t.Errorf("%s: %v", name, err)
		}
	}
	genuine, _ := ledger.VerifyCheckpoint(signed, s.PublicKey())
	for i := range signed {
		flipped := bytes.Clone(signed)
		flipped[i] ^= 1
		if got, err := ledger.VerifyCheckpoint(flipped, s.PublicKey()); err == nil && got != genuine {
			t.Errorf("byte %d flipped reads as %v", i, got)
		}
	}
}

func TestSignerRefusesAndStaysQuiet(t *testing.T) {
	for _, origin := range []string{"", "a b", "a+b", "a\nb", "\xff", strings.Repeat("x", 300)} {
		if _, err := ledger.NewSigner(origin, make([]byte, 32)); err == nil {
			t.Errorf("origin %q was taken", origin)
		}
	}
	if _, err := ledger.NewSigner("onyo", make([]byte, 31)); err == nil {
		t.Error("a short seed was taken")
	}
	s := signer(t, "onyo/7k3m", 'Z')
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if printed := fmt.Sprintf(verb, s); strings.Contains(printed, "PRIVATE") || strings.Contains(printed, "ZZZZ") {
			t.Errorf("%s prints the key: %s", verb, printed)
		}
	}
}

func FuzzVerifyCheckpoint(f *testing.F) {
	s := signer(f, "onyo/7k3m", 1)
	signed, _ := s.Sign(12, ledger.NewTree().Root())
	f.Add(signed)
	f.Add([]byte("onyo/7k3m\n12\n\n— onyo/7k3m AAAA\n"))
	genuine, _ := ledger.VerifyCheckpoint(signed, s.PublicKey())
	f.Fuzz(func(t *testing.T, bytes []byte) {
		if c, err := ledger.VerifyCheckpoint(bytes, s.PublicKey()); err == nil && c != genuine {
			t.Errorf("a checkpoint that nobody signed: %v", c)
		}
	})
}
