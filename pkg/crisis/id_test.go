package crisis

import (
	"bytes"
	"crypto/rand"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestIDText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a, b ID
		copy(a[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "a"))
		copy(b[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "b"))
		back, err := ParseID(a.String())
		if err != nil || back != a {
			t.Fatalf("%x came back as %x: %v", a, back, err)
		}
		if !a.IsZero() && !b.IsZero() && (bytes.Compare(a[:], b[:]) < 0) != (a.String() < b.String()) {
			t.Fatalf("%s and %s sort otherwise than their bytes", a, b)
		}
	})
}

func TestIDRefusesWhatIsNone(t *testing.T) {
	for _, s := range []string{"x", "8zzzzzzzzzzzzzzzzzzzzzzzzz", "0000000000000000000000000i", "0000000000000000000000000-", "00000000000000000000000000000"} {
		if _, err := ParseID(s); err == nil {
			t.Errorf("%q was taken for an id", s)
		}
	}
}

func TestIDsSortByTime(t *testing.T) {
	early, err := NewID(time.UnixMilli(1_700_000_000_000), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	late, err := NewID(time.UnixMilli(1_700_000_000_001), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if early.String() >= late.String() {
		t.Errorf("%s was made before %s and sorts after it", early, late)
	}
}

func FuzzParseID(f *testing.F) {
	f.Add("01hf7yat00000000000000000z")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := ParseID(s); err == nil && s != "" && id.String() != s && !id.IsZero() {
			t.Errorf("%q was read as %s", s, id)
		}
	})
}
