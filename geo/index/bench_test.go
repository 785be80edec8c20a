package index_test

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/index"
)

const million = 1_000_000

// crowd is a million items, most of them in some hundred towns.
func crowd(n int) []index.Item {
	rng := rand.New(rand.NewPCG(1, 2))
	items := make([]index.Item, n)
	for i := range items {
		it := &items[i]
		binary.BigEndian.PutUint64(it.ID[:], rng.Uint64())
		it.Located, it.Lon, it.Lat = true, rng.Float64()*360-180, rng.Float64()*140-70
		if town := rng.IntN(120); town < 100 {
			it.Lon, it.Lat = float64(town%10)*30-150+rng.NormFloat64(), float64(town/10)*12-60+rng.NormFloat64()
		}
		it.Time, it.Categories = rng.Int64N(1e9)+1, 1<<rng.IntN(20)
		it.Reports, it.Sources, it.Weight = 1+rng.Uint32N(9), 1+rng.Uint32N(3), 1
		it.Status, it.Severity, it.Phase = uint8(rng.IntN(11)), uint8(rng.IntN(3)), uint8(rng.IntN(2))
	}
	return items
}

// view is a screen of 4 by 2 tiles at a zoom, somewhere.
func screen(rng *rand.Rand, zoom int) geo.Bounds {
	width, height := 360*4/float64(int(1)<<zoom), 140*2/float64(int(1)<<zoom)
	if width >= 360 {
		return geo.World()
	}
	b := geo.Bounds{West: geo.WrapLon(rng.Float64()*360 - 180), South: max(-80, rng.Float64()*140-70-height/2)}
	b.East, b.North = geo.WrapLon(b.West+width), min(80, b.South+height)
	return b
}

func BenchmarkClusters(b *testing.B) {
	x := index.New()
	x.Put(crowd(million)...)
	v := x.Snapshot()
	for name, f := range map[string]index.Filter{
		"all": {}, "ongoing": {Phase: 1}, "time+3categories": {Since: 3e8, Until: 8e8, Categories: 0b10101},
	} {
		b.Run(name, func(b *testing.B) {
			rng := rand.New(rand.NewPCG(3, 4))
			n := 0
			for i := 0; b.Loop(); i++ {
				zoom := i % 17
				n += len(v.Clusters(screen(rng, zoom), zoom, f))
			}
			b.ReportMetric(float64(n)/float64(b.N), "clusters/op")
		})
	}
	for name, f := range map[string]index.Filter{
		"world/all": {}, "world/time+3categories": {Since: 3e8, Until: 8e8, Categories: 0b10101},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				v.Clusters(geo.World(), 0, f)
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	items := crowd(million)
	for b.Loop() {
		index.New().Put(items...)
	}
}

func BenchmarkPut(b *testing.B) {
	x := index.New()
	items := crowd(million)
	x.Put(items...)
	b.Run("insert", func(b *testing.B) {
		rng := rand.New(rand.NewPCG(5, 6))
		for b.Loop() {
			it := items[rng.IntN(million)]
			binary.BigEndian.PutUint64(it.ID[:], rng.Uint64())
			x.Put(it)
		}
	})
	b.Run("overwrite", func(b *testing.B) {
		rng := rand.New(rand.NewPCG(5, 6))
		for b.Loop() {
			it := items[rng.IntN(million)]
			it.Status++
			x.Put(it)
		}
	})
}

func BenchmarkPage(b *testing.B) {
	x := index.New()
	x.Put(crowd(million)...)
	v := x.Snapshot()
	for b.Loop() {
		v.Page(index.Filter{Categories: 1}, nil, 1000)
	}
}

// TestMillionInMemory: a million items stay under 150 MB.
func TestMillionInMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("short: builds a million items")
	}
	items := crowd(million)
	before, after := runtime.MemStats{}, runtime.MemStats{}
	runtime.GC()
	runtime.ReadMemStats(&before)
	x := index.New()
	x.Put(items...)
	runtime.GC()
	runtime.ReadMemStats(&after)
	held := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	if t.Logf("%d bytes an item", held/million); held > 150_000_000 {
		t.Errorf("%d bytes held", held)
	}
	runtime.KeepAlive(items)
	runtime.KeepAlive(x)
}
