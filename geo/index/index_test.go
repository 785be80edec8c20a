package index_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/index"
)

func id(n int) (out index.ID) {
	binary.BigEndian.PutUint64(out[8:], uint64(n))
	return out
}

// model is an index as anyone would write it: a map and a loop.
type model map[index.ID]index.Item

func (m model) put(items ...index.Item) {
	for _, it := range items {
		if held, ok := m[it.ID]; !ok || it.Version >= held.Version {
			if !it.Located || !(geo.Point{Lon: it.Lon, Lat: it.Lat}).Valid() {
				it.Located, it.Lon, it.Lat = false, 0, 0
			}
			m[it.ID] = it
		}
	}
}

func (m model) query(f index.Filter) []index.Item {
	out := []index.Item{}
	in := func(set uint32, v uint8) bool { return set == 0 || set>>v&1 == 1 }
	for _, it := range m {
		_, named := f.IDs[it.ID]
		if (f.Bounds == nil || it.Located && f.Bounds.Contains(geo.Point{Lon: it.Lon, Lat: it.Lat})) &&
			(f.Since == 0 || it.Time >= f.Since) && (f.Until == 0 || it.Time < f.Until) &&
			(f.Categories == 0 || it.Categories&f.Categories != 0) &&
			in(f.Status, it.Status) && in(f.Phase, it.Phase) && in(f.Severity, it.Severity) &&
			(f.IDs == nil || named) && (f.Match == nil || f.Match(&it)) {
			out = append(out, it)
		}
	}
	return sorted(out)
}

func sorted(items []index.Item) []index.Item {
	slices.SortFunc(items, func(a, b index.Item) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return items
}

func query(v *index.View, f index.Filter) []index.Item {
	out := []index.Item{}
	v.Query(f, func(it index.Item) bool { out = append(out, it); return true })
	return sorted(out)
}

// corners are longitudes and latitudes where mistakes live; bounds and points
// share them, so that points lie exactly on edges.
func lons() *rapid.Generator[float64] {
	return rapid.OneOf(rapid.SampledFrom([]float64{-180, 180, 179.9999999, -179.9999999, 0, 36.8, -72.3, 45, 90}), rapid.Float64Range(-180, 180))
}

func lats() *rapid.Generator[float64] {
	return rapid.OneOf(rapid.SampledFrom([]float64{-90, 90, 85.0511, 85.2, -86, 0, 18.5, -1.3}), rapid.Float64Range(-90, 90))
}

func anItem() *rapid.Generator[index.Item] {
	return rapid.Custom(func(t *rapid.T) index.Item {
		return index.Item{
			ID: id(rapid.IntRange(1, 300).Draw(t, "id")), Lon: lons().Draw(t, "lon"), Lat: lats().Draw(t, "lat"),
			Located: rapid.IntRange(0, 9).Draw(t, "located") > 0, Time: rapid.Int64Range(1, 100).Draw(t, "time"),
			Version: rapid.Uint64Range(0, 3).Draw(t, "version"), Categories: rapid.Uint64Range(0, 15).Draw(t, "categories"),
			Weight: rapid.Uint32Range(0, 3).Draw(t, "weight"), Reports: rapid.Uint32Range(0, 9).Draw(t, "reports"), Sources: 1,
			Status: rapid.Uint8Range(0, 10).Draw(t, "status"), Phase: rapid.Uint8Range(0, 1).Draw(t, "phase"), Severity: rapid.Uint8Range(0, 2).Draw(t, "severity"),
		}
	})
}

func someBounds() *rapid.Generator[geo.Bounds] {
	return rapid.Custom(func(t *rapid.T) geo.Bounds {
		south, north := lats().Draw(t, "south"), lats().Draw(t, "north")
		return geo.Bounds{West: lons().Draw(t, "west"), East: lons().Draw(t, "east"), South: min(south, north), North: max(south, north)}
	})
}

func aFilter() *rapid.Generator[index.Filter] {
	return rapid.Custom(func(t *rapid.T) index.Filter {
		var f index.Filter
		if rapid.Bool().Draw(t, "bounded") {
			b := someBounds().Draw(t, "bounds")
			f.Bounds = &b
		}
		set := func(name string, most uint32) uint32 {
			if rapid.Bool().Draw(t, name) {
				return rapid.Uint32Range(0, most).Draw(t, name)
			}
			return 0
		}
		f.Since, f.Until = int64(set("since", 100)), int64(set("until", 100))
		f.Categories, f.Status, f.Phase, f.Severity = uint64(set("categories", 15)), set("status", 2047), set("phase", 3), set("severity", 7)
		if rapid.IntRange(0, 4).Draw(t, "named") == 0 {
			f.IDs = map[index.ID]struct{}{}
			for _, n := range rapid.SliceOf(rapid.IntRange(1, 300)).Draw(t, "ids") {
				f.IDs[id(n)] = struct{}{}
			}
		}
		if rapid.IntRange(0, 4).Draw(t, "matched") == 0 {
			f.Match = func(it *index.Item) bool { return it.Reports%2 == 0 }
		}
		return f
	})
}

// TestIndexIsAMap: whatever is put and deleted, in whatever batches, answers are
// those of a map and a loop, and views taken before stay what they were.
func TestIndexIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, m := index.New(), model{}
		var before *index.View
		var had []index.Item
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			if rapid.IntRange(0, 4).Draw(t, "delete") == 0 {
				var gone []index.ID
				for _, n := range rapid.SliceOf(rapid.IntRange(1, 300)).Draw(t, "gone") {
					gone = append(gone, id(n))
					delete(m, id(n))
				}
				x.Delete(gone...)
				continue
			}
			items := rapid.SliceOfN(anItem(), 0, 150).Draw(t, "items")
			x.Put(items...)
			m.put(items...)
			if before == nil && rapid.Bool().Draw(t, "snapshot") {
				before = x.Snapshot()
				had = query(before, index.Filter{})
			}
		}
		f, v := aFilter().Draw(t, "filter"), x.Snapshot()
		want := m.query(f)
		if diff := cmp.Diff(want, query(v, f)); diff != "" {
			t.Fatal(diff)
		}
		if got := v.Count(f); got != len(want) {
			t.Fatalf("counted %d of %d", got, len(want))
		}
		if v.Len() != len(m) {
			t.Fatalf("%d items, want %d", v.Len(), len(m))
		}
		for _, it := range want {
			if got, ok := v.Get(it.ID); !ok || got != it {
				t.Fatalf("got %+v, want %+v", got, it)
			}
		}
		if before != nil {
			if diff := cmp.Diff(had, query(before, index.Filter{})); diff != "" {
				t.Fatalf("an older view changed: %s", diff)
			}
		}
		pages(t, v, f, want)
		numbersAgree(t, v, m, f)
	})
}

func pages(t *rapid.T, v *index.View, f index.Filter, want []index.Item) {
	limit := rapid.IntRange(1, 40).Draw(t, "limit")
	got := []index.Item{}
	var after *index.ID
	for more := true; more; {
		var page []index.Item
		page, more = v.Page(f, after, limit)
		if len(page) > limit || more && len(page) < limit {
			t.Fatalf("a page of %d, limit %d, more %v", len(page), limit, more)
		}
		if got = append(got, page...); len(page) > 0 {
			after = &page[len(page)-1].ID
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("pages: %s", diff)
	}
}

// numbersAgree: at every zoom the clusters of a box, and those of all tiles,
// add up to the located items that the filter keeps there.
func numbersAgree(t *rapid.T, v *index.View, m model, f index.Filter) {
	b := someBounds().Draw(t, "box")
	f.Bounds = &b
	var reports uint64
	inside := m.query(f)
	for _, it := range inside {
		reports += uint64(it.Reports)
	}
	for zoom := range 20 {
		if err := addsUp(v.Clusters(b, zoom, f), len(inside), reports); err != nil {
			t.Fatalf("zoom %d: %v", zoom, err)
		}
	}
	some, zoom := v.ClustersAtMost(b, 16, f, 20)
	if err := addsUp(some, len(inside), reports); err != nil || len(some) > 20 && zoom > 0 {
		t.Fatalf("%d clusters at zoom %d: %v", len(some), zoom, err)
	}
	for z := range 4 {
		var all []index.Cluster
		for x := range 1 << z {
			for y := range 1 << z {
				all = append(all, v.TileClusters(z, x, y, f)...)
			}
		}
		if err := addsUp(all, len(inside), reports); err != nil {
			t.Fatalf("tiles of zoom %d: %v", z, err)
		}
	}
}

func addsUp(clusters []index.Cluster, count int, reports uint64) error {
	for _, c := range clusters {
		count -= c.Count
		reports -= c.Reports
		if c.Count < 1 || (c.Single != nil) != (c.Count == 1) || !(geo.Point{Lon: c.Lon, Lat: c.Lat}).Valid() {
			return fmt.Errorf("a cluster like %+v", c)
		}
	}
	if count != 0 || reports != 0 {
		return fmt.Errorf("%d items and %d reports are missing", count, int64(reports))
	}
	return nil
}

// TestClustersForgetHistory: clusters depend on what is in the index, not on
// the order or the batches in which it came.
func TestClustersForgetHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.SliceOfNDistinct(anItem(), 1, 200, func(it index.Item) index.ID { return it.ID }).Draw(t, "items")
		once, drip := index.New(), index.New()
		once.Put(items...)
		for _, it := range rapid.Permutation(items).Draw(t, "order") {
			drip.Put(it)
		}
		f := aFilter().Draw(t, "filter")
		for zoom := range 19 {
			if diff := cmp.Diff(once.Snapshot().Clusters(geo.World(), zoom, f), drip.Snapshot().Clusters(geo.World(), zoom, f)); diff != "" {
				t.Fatalf("zoom %d: %s", zoom, diff)
			}
		}
	})
}

func TestClustersComeApart(t *testing.T) {
	x := index.New()
	x.Put(
		index.Item{ID: id(1), Lon: 36.81, Lat: -1.28, Located: true, Severity: 2},
		index.Item{ID: id(2), Lon: 36.83, Lat: -1.29, Located: true},
		index.Item{ID: id(3), Lon: -72.3, Lat: 18.5, Located: true},
		index.Item{ID: id(4)},
	)
	v := x.Snapshot()
	for zoom := range index.SinglesZoom {
		clusters := v.Clusters(geo.Bounds{West: 36, East: 37, South: -2, North: 0}, zoom, index.Filter{})
		if len(clusters) == 2 {
			continue
		}
		c := clusters[0]
		if len(clusters) != 1 || c.Severity != 2 || math.Abs(c.Lon-36.82) > 1e-6 {
			t.Fatalf("zoom %d: %+v", zoom, clusters)
		}
		if next := v.Clusters(geo.World(), c.ExpansionZoom, index.Filter{}); len(next) != 3 {
			t.Errorf("zoom %d promises to come apart at %d", zoom, c.ExpansionZoom)
		}
		if next := v.Clusters(geo.World(), c.ExpansionZoom-1, index.Filter{}); len(next) != 2 {
			t.Errorf("zoom %d comes apart before %d", zoom, c.ExpansionZoom)
		}
	}
}

// TestReadersSeeWhole: while one writes pairs, no reader ever sees half of one.
func TestReadersSeeWhole(t *testing.T) {
	x := index.New()
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				v := x.Snapshot()
				if n := v.Count(index.Filter{}); n%2 != 0 || n != v.Len() {
					t.Errorf("%d items seen, %d held", n, v.Len())
					return
				}
			}
		})
	}
	for n := 0; n < 4000; n += 2 {
		x.Put(index.Item{ID: id(n), Lon: float64(n%360) - 180, Located: true}, index.Item{ID: id(n + 1)})
		if n%40 == 0 {
			x.Delete(id(n/2), id(n/2^1))
		}
	}
	close(done)
	readers.Wait()
}
