package main

import (
	"bytes"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/geo"
)

// FuzzReadTable: no file breaks the reader; rows are numbered in order, and the
// raw form of a good row says by itself what the row said in its file.
func FuzzReadTable(f *testing.F) {
	f.Fuzz(func(t *testing.T, file []byte) {
		number := 0
		_ = readTable(bytes.NewReader(file), func(r *record) error {
			if r.number != number {
				t.Fatalf("row %d is numbered %d", number, r.number)
			}
			number++
			if point, uncertainty, err := r.place(); err == nil && (!point.Valid() || !(uncertainty > 0) || math.IsInf(uncertainty, 0)) {
				t.Fatalf("row %d: a point that is none: %v ±%v", r.number, point, uncertainty)
			}
			if r.fault != nil {
				return nil
			}
			var again []map[string]string
			if err := readTable(bytes.NewReader(r.raw), func(one *record) error {
				again = append(again, one.fields)
				return one.fault
			}); err != nil || len(again) != 1 {
				t.Fatalf("row %d: its raw form has %d rows: %v\n%q", r.number, len(again), err, r.raw)
			}
			if diff := cmp.Diff(r.fields, again[0]); diff != "" {
				t.Fatalf("row %d: %s", r.number, diff)
			}
			return nil
		})
	})
}

func TestUncertaintyComesFromDecimals(t *testing.T) {
	for digits, c := range map[[2]string]struct{ degrees float64 }{
		{"18.233333", "-72.53"}: {1e-6}, {"18.5", "-72.5"}: {0.1}, {"18", "-72"}: {1}, {"18.", "-72.25"}: {0.01}, {"1.8e1", "-7.2e1"}: {1},
	} {
		r := record{fields: map[string]string{"lat": digits[0], "lon": digits[1]}}
		if _, got, err := r.place(); err != nil || math.Abs(got-c.degrees*geo.MetresPerDegree) > 1e-6 {
			t.Errorf("%v: %v m, %v", digits, got, err)
		}
	}
}

func TestPlacesThatAreNone(t *testing.T) {
	for _, digits := range [][2]string{{"91", "0"}, {"0", "180.1"}, {"NaN", "1"}, {"Inf", "1"}, {"0x10", "1"}, {"1_0", "1"}, {"", "1"}, {"1", ""}, {"1,5", "2"}, {"1e999", "2"}} {
		r := record{fields: map[string]string{"lat": digits[0], "lon": digits[1]}}
		if got, _, err := r.place(); err == nil || err == errNoPoint {
			t.Errorf("%v: %v, %v", digits, got, err)
		}
	}
}
