package vault_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/onyo-project/onyo/pkg/vault"
	"pgregory.net/rapid"
)

type label string

func (l label) MarshalText() ([]byte, error) { return []byte("<" + string(l) + ">"), nil }

type head struct {
	ID    label
	Rev   uint64
	Entry uint64 `canon:"-"`
}

type record struct {
	head    // unexported: only the exported kind is flattened
	Visible int
}

type Head struct {
	ID    label
	Rev   uint64
	Entry uint64 `canon:"-"`
}

type full struct {
	Head
	Text    vault.Secret
	Raw     vault.SecretBytes
	At      time.Time
	Lon     float64
	Small   float32
	Count   int64
	On      bool
	Hash    [4]byte
	Said    []string
	Secrets map[string][]vault.Secret
	Area    *Head
	Renamed string `canon:"as"`
}

func TestCanonicalForm(t *testing.T) {
	nairobi := time.FixedZone("EAT", 3*3600)
	given := &full{
		Head: Head{ID: "a", Rev: math.MaxUint64, Entry: 7}, Text: "réseau \"x\"\n\x01", Raw: []byte{0, 255},
		At: time.Date(2026, 3, 4, 8, 7, 6, 123456789, nairobi), Lon: 36.8219, Small: 0.1, Count: -3, On: true,
		Hash: [4]byte{1, 2, 3, 4}, Secrets: map[string][]vault.Secret{"b": {"2"}, "a": {"1"}}, Renamed: "r",
	}
	want := `{"Area":null,"At":"2026-03-04T05:07:06.123456Z","Count":-3,"Hash":"AQIDBA==","ID":"<a>",` +
		`"Lon":36.8219,"On":true,"Raw":"AP8=","Rev":18446744073709551615,"Said":[],"Secrets":{"a":["1"],"b":["2"]},` +
		`"Small":0.1,"Text":"réseau \"x\"\n` + `\u0001","as":"r"}`
	want = strings.ReplaceAll(want, "\n", `\n`)
	for _, v := range []any{given, *given} {
		got, err := vault.Canonical(v)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Error(diff)
		}
	}
}

// A field that a type gained later changes nothing of what was committed to
// before.
func TestCanonicalLeavesOutWhatCameLaterAndIsEmpty(t *testing.T) {
	type later struct {
		A string `canon:",omitempty"`
		B string
		C map[string]string `canon:",omitempty"`
		D [2]byte           `canon:"d,omitempty"`
	}
	for want, v := range map[string]later{
		`{"B":"b"}`: {B: "b", C: map[string]string{}},
		`{"A":"a","B":"b","C":{"k":"v"},"d":"AQA="}`: {A: "a", B: "b", C: map[string]string{"k": "v"}, D: [2]byte{1}},
	} {
		if got, err := vault.Canonical(v); err != nil || string(got) != want {
			t.Errorf("%s, want %s (%v)", got, want, err)
		}
	}
}

// The numbers of RFC 8785, appendix B.
func TestCanonicalNumbers(t *testing.T) {
	for bits, want := range map[uint64]string{
		0x0000000000000000: "0",
		0x8000000000000000: "0",
		0x0000000000000001: "5e-324",
		0x8000000000000001: "-5e-324",
		0x7fefffffffffffff: "1.7976931348623157e+308",
		0x4340000000000000: "9007199254740992",
		0x4430000000000000: "295147905179352830000",
		0x44b52d02c7e14af5: "9.999999999999997e+22",
		0x44b52d02c7e14af6: "1e+23",
		0x444b1ae4d6e2ef4e: "999999999999999700000",
		0x444b1ae4d6e2ef50: "1e+21",
		0x3eb0c6f7a0b5ed8c: "9.999999999999997e-7",
		0x3eb0c6f7a0b5ed8d: "0.000001",
		0x41b3de4355555555: "333333333.3333333",
		0x43143ff3c1cb0959: "1424953923781206.2",
	} {
		got, err := vault.Canonical(math.Float64frombits(bits))
		if err != nil || string(got) != want {
			t.Errorf("%016x is %s, want %s (%v)", bits, got, want, err)
		}
	}
}

func TestCanonicalRefusesWhatHasNoOneForm(t *testing.T) {
	type loop struct{ Next *loop }
	for name, v := range map[string]any{
		"NaN":                 math.NaN(),
		"infinity":            math.Inf(-1),
		"text not UTF-8":      vault.Secret("a\xff"),
		"key not UTF-8":       map[string]int{"\xff": 1},
		"a far year":          time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
		"an unexported field": record{head: head{}, Visible: 1},
		"an interface":        struct{ Any any }{1},
		"a type in itself":    loop{},
		"a function":          struct{ F func() }{},
		"a map by number":     map[int]string{1: "a"},
		"a map by secret":     map[vault.Secret]string{"canary": "a"},
		"one name twice": struct {
			A int `canon:"same"`
			B int `canon:"same"`
		}{},
	} {
		if out, err := vault.Canonical(v); err == nil {
			t.Errorf("%s was written: %s", name, out)
		} else if strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the error shows the value: %v", name, err)
		}
	}
}

func TestNilAndEmptyAreAlike(t *testing.T) {
	type lists struct {
		A []string
		B []byte
		C map[string]int
	}
	none, _ := vault.Canonical(lists{})
	empty, _ := vault.Canonical(lists{A: []string{}, B: []byte{}, C: map[string]int{}})
	if string(none) != string(empty) || string(none) != `{"A":[],"B":"","C":{}}` {
		t.Errorf("nil gives %s, empty %s", none, empty)
	}
}

// What is written is JSON that says the same, and two values are written alike
// only when they are alike.
func TestCanonicalIsFaithful(t *testing.T) {
	type value struct {
		Text  string
		F     float64
		I     int64
		List  []string
		Map   map[string]string
		Bytes []byte
	}
	gen := rapid.Custom(func(t *rapid.T) value {
		return value{
			Text: rapid.String().Draw(t, "text"), F: rapid.Float64().Draw(t, "f"), I: rapid.Int64().Draw(t, "i"),
			List:  rapid.SliceOfN(rapid.String(), 1, 4).Draw(t, "list"),
			Map:   rapid.MapOfN(rapid.String(), rapid.String(), 1, 4).Draw(t, "map"),
			Bytes: rapid.SliceOfN(rapid.Byte(), 1, 9).Draw(t, "bytes"),
		}
	})
	var encoder vault.Encoder
	rapid.Check(t, func(t *rapid.T) {
		given := gen.Draw(t, "value")
		out, err := encoder.Canonical(given)
		if err != nil {
			t.Fatal(err)
		}
		var back value
		if err := json.Unmarshal(out, &back); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if given.F == 0 {
			given.F = 0 // -0 is written as 0
			back.F = 0
		}
		if !cmp.Equal(given, back) {
			t.Fatalf("wrote %s", out)
		}
		again, _ := encoder.Canonical(back)
		if string(again) != string(out) {
			t.Fatalf("%s became %s", out, again)
		}
	})
}

func BenchmarkCanonical(b *testing.B) {
	given := &full{Head: Head{ID: "01j", Rev: 1}, Text: "Water is over the bridge at Nakuru, people on roofs",
		Raw: make([]byte, 300), At: time.Date(2026, 3, 4, 8, 7, 6, 0, time.UTC), Lon: 36.8, Said: []string{"flood"}}
	b.Run("remembered", func(b *testing.B) {
		var encoder vault.Encoder
		for b.Loop() {
			if _, err := encoder.Canonical(given); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("afresh", func(b *testing.B) {
		for b.Loop() {
			if _, err := vault.Canonical(given); err != nil {
				b.Fatal(err)
			}
		}
	})
}
