package ledger_test

import (
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/onyo-project/onyo/pkg/ledger"
	"pgregory.net/rapid"
)

// An entry's bytes are for ever: this text may not change.
func TestEntryBytes(t *testing.T) {
	e := ledger.Entry{Index: 300, At: time.Date(2026, 3, 4, 5, 6, 7, 89_999, time.UTC), Actor: "person:01j", Action: "incident.verified",
		Table: "incident", ID: "01k", Rev: 7, Commitment: [32]byte{0: 0xab, 31: 0xcd}, Note: "ground"}
	const want = "01" + "ac02" + "b2b8ddf0f88aa606" + "0a706572736f6e3a30316a" + "11696e636964656e742e7665726966696564" +
		"08696e636964656e74" + "0330316b" + "07" +
		"ab000000000000000000000000000000000000000000000000000000000000cd" + "0667726f756e64"
	leaf, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(leaf); got != want {
		t.Errorf("written as\n%s, not\n%s", got, want)
	}
}

func drawEntry(t *rapid.T) ledger.Entry {
	text := func(name string, limit int) string { return rapid.StringN(0, 60, limit).Draw(t, name) }
	return ledger.Entry{
		Index: rapid.Uint64Range(0, ledger.MaxEntries-1).Draw(t, "index"),
		At:    time.UnixMicro(rapid.Int64Range(-62_135_596_800_000_000, 253_402_300_799_999_999).Draw(t, "at")).UTC(),
		Actor: text("actor", ledger.MaxName), Action: text("action", ledger.MaxName), Table: text("table", ledger.MaxName),
		ID: text("id", ledger.MaxName), Rev: rapid.Uint64().Draw(t, "rev"),
		Commitment: [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "commitment")), Note: text("note", ledger.MaxNote),
	}
}

func TestEntryComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		given := drawEntry(t)
		leaf, err := given.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := ledger.ParseEntry(leaf)
		if err != nil || !cmp.Equal(given, back) {
			t.Fatalf("%v: %s", err, cmp.Diff(given, back))
		}
	})
}

func TestEntryRefusals(t *testing.T) {
	long := strings.Repeat("x", ledger.MaxName+1)
	for name, spoil := range map[string]func(*ledger.Entry){
		"a long actor":       func(e *ledger.Entry) { e.Actor = long },
		"a long action":      func(e *ledger.Entry) { e.Action = long },
		"a long table":       func(e *ledger.Entry) { e.Table = long },
		"a long id":          func(e *ledger.Entry) { e.ID = long },
		"a long note":        func(e *ledger.Entry) { e.Note = strings.Repeat("x", ledger.MaxNote+1) },
		"a note not UTF-8":   func(e *ledger.Entry) { e.Note = "\xff" },
		"a far year":         func(e *ledger.Entry) { e.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"an index too large": func(e *ledger.Entry) { e.Index = math.MaxUint64 },
	} {
		e := entry(1)
		spoil(&e)
		if _, err := e.Encode(); err == nil {
			t.Errorf("%s was written", name)
		}
	}
	leaf := leavesOf(t, 1)[0]
	for name, bytes := range map[string][]byte{
		"nothing":            nil,
		"another version":    append([]byte{2}, leaf[1:]...),
		"cut":                leaf[:len(leaf)-1],
		"too long":           append(append([]byte(nil), leaf...), 0),
		"a long-winded zero": append([]byte{1, 0x80, 0}, leaf[2:]...),
	} {
		if _, err := ledger.ParseEntry(bytes); !errors.Is(err, ledger.ErrEntry) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseEntry(f *testing.F) {
	for _, leaf := range leavesOf(f, 2) {
		f.Add(leaf)
	}
	f.Fuzz(func(t *testing.T, leaf []byte) {
		e, err := ledger.ParseEntry(leaf)
		if err != nil {
			return
		}
		again, err := e.Encode()
		if err != nil || string(again) != string(leaf) {
			t.Errorf("%x is read and written as %x (%v)", leaf, again, err)
		}
	})
}
