package index_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/index"
)

// TestIndexIsAMapWhenLarge goes where many blocks, pages and merges are: 30,000
// items in batches of all sizes, overwritten, moved and deleted.
func TestIndexIsAMapWhenLarge(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	x, m := index.New(), model{}
	for step := range 60 {
		batch := make([]index.Item, rng.IntN(1<<rng.IntN(12))+1)
		for i := range batch {
			batch[i] = crowd30(rng)
		}
		x.Put(batch...)
		m.put(batch...)
		var gone []index.ID
		for range rng.IntN(200) {
			gone = append(gone, id(rng.IntN(30_000)))
			delete(m, gone[len(gone)-1])
		}
		x.Delete(gone...)
		if step%6 != 0 {
			continue
		}
		v := x.Snapshot()
		for range 20 {
			west, south := rng.Float64()*360-180, rng.Float64()*150-80
			b := geo.Bounds{West: west, East: geo.WrapLon(west + rng.Float64()*200), South: south, North: min(90, south+rng.Float64()*90)}
			f := index.Filter{Bounds: &b, Since: rng.Int64N(100), Until: 40 + rng.Int64N(100), Categories: rng.Uint64N(16),
				Status: rng.Uint32N(2048), Phase: rng.Uint32N(4), Severity: rng.Uint32N(8)}
			want := m.query(f)
			if diff := cmp.Diff(want, query(v, f)); diff != "" {
				t.Fatal(diff)
			}
			var reports uint64
			for _, it := range want {
				reports += uint64(it.Reports)
			}
			for zoom := range 18 {
				if err := addsUp(v.Clusters(b, zoom, f), len(want), reports); err != nil {
					t.Fatalf("zoom %d: %v", zoom, err)
				}
			}
		}
	}
}

func crowd30(rng *rand.Rand) index.Item {
	return index.Item{ID: id(rng.IntN(30_000)), Located: rng.IntN(10) > 0, Version: rng.Uint64N(3),
		Lon: rng.NormFloat64() * 60, Lat: rng.NormFloat64() * 20, Time: 1 + rng.Int64N(100), Categories: rng.Uint64N(16),
		Reports: rng.Uint32N(9), Status: uint8(rng.IntN(11)), Phase: uint8(rng.IntN(2)), Severity: uint8(rng.IntN(3))}
}
