package tile_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/mvt"
	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/index"
	"github.com/onyo-project/onyo/geo/tile"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		z, x, y string
		want    tile.Tile
		err     string
	}{
		{"0", "0", "0.mvt", tile.Tile{}, ""},
		{"22", "4194303", "4194303", tile.Tile{Z: 22, X: 4194303, Y: 4194303}, ""},
		{"23", "0", "0", tile.Tile{}, "no such tile: z must be between 0 and 22"},
		{"2", "4", "0", tile.Tile{}, "no such tile: x must be between 0 and 3 at this zoom"},
		{"2", "0", "4", tile.Tile{}, "no such tile: y must be between 0 and 3 at this zoom"},
		{"-1", "0", "0", tile.Tile{}, "no such tile: z is not a whole number"},
		{"1", "", "0", tile.Tile{}, "no such tile: x is not a whole number"},
		{"1", "0", "0.mvt.mvt", tile.Tile{}, "no such tile: y is not a whole number"},
		{"1", "0", "99999999999999999999", tile.Tile{}, "no such tile: y is not a whole number"},
	} {
		got, err := tile.Parse(c.z, c.x, c.y)
		if c.err == "" && (err != nil || got != c.want) {
			t.Errorf("%v: got %v, %v", c, got, err)
		}
		if c.err != "" && (err == nil || err.Error() != c.err || !errors.Is(err, tile.ErrInvalidTile)) {
			t.Errorf("%v: got %v", c, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, z, x, y string) {
		if got, err := tile.Parse(z, x, y); err == nil && (got.Check() != nil || got.Bounds().Check() != nil || got.Around().Check() != nil) {
			t.Fatalf("%v", got)
		}
	})
}

// decode reads a tile with a library that is not ours.
func decode(t interface{ Fatalf(string, ...any) }, data []byte) map[string]*mvt.Layer {
	layers, err := mvt.Unmarshal(data)
	if err != nil {
		t.Fatalf("the tile cannot be read: %v", err)
	}
	out := map[string]*mvt.Layer{}
	for _, l := range layers {
		if l.Version != 2 || l.Extent != tile.Extent {
			t.Fatalf("version %d, extent %d", l.Version, l.Extent)
		}
		out[l.Name] = l
	}
	return out
}

func TestEncode(t *testing.T) {
	square := []geo.Point{{Lon: 0, Lat: 0}, {Lon: 90, Lat: 0}, {Lon: 90, Lat: 66.51326044311186}, {Lon: 0, Lat: 66.51326044311186}, {Lon: 0, Lat: 0}}
	data := tile.Encode(tile.Tile{},
		tile.Layer{Name: "incidents", Features: []tile.Feature{
			{ID: 7, Points: []geo.Point{{Lon: -90, Lat: 66.51326044311186}}, Tags: []tile.Tag{tile.String("id", "a"), tile.Int("count", -3), tile.Float("score", 0.5), tile.Bool("cluster", true)}},
			{Points: []geo.Point{{Lon: 180, Lat: -90}}, Tags: []tile.Tag{tile.String("id", "b")}},
			{Points: []geo.Point{{Lon: math.NaN()}}},
		}},
		tile.Layer{Name: "cells", Features: []tile.Feature{{Rings: [][]geo.Point{square}}}},
		tile.Layer{Name: "hotspots"},
	)
	layers := decode(t, data)
	if len(layers) != 2 {
		t.Fatalf("%d layers: an empty one must be left out", len(layers))
	}
	points := layers["incidents"].Features
	if len(points) != 2 {
		t.Fatalf("%d points", len(points))
	}
	if diff := cmp.Diff(orb.Geometry(orb.Point{1024, 1024}), points[0].Geometry); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(orb.Geometry(orb.Point{0, 4096}), points[1].Geometry); diff != "" {
		t.Errorf("the far end of the world: %s", diff)
	}
	if diff := cmp.Diff(map[string]any{"id": "a", "count": -3.0, "score": 0.5, "cluster": true}, map[string]any(points[0].Properties)); diff != "" {
		t.Error(diff)
	}
	want := orb.Geometry(orb.Polygon{{{2048, 1024}, {3072, 1024}, {3072, 2048}, {2048, 2048}, {2048, 1024}}})
	got := layers["cells"].Features[0].Geometry
	if diff := cmp.Diff(want.Bound(), got.Bound()); diff != "" {
		t.Error(diff)
	}
	if tile.Encode(tile.Tile{}, tile.Layer{Name: "cells", Features: []tile.Feature{{Rings: [][]geo.Point{square[3:]}}}}) != nil {
		t.Error("what has no area is drawn")
	}
}

// TestPolygonsAreWhole: in every tile a ring stays in the buffer and goes
// clockwise, and over all tiles of a zoom nothing of its area is lost.
func TestPolygonsAreWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		west, north := rapid.Float64Range(-180, 170).Draw(t, "west"), rapid.Float64Range(-70, 80).Draw(t, "north")
		w, h := rapid.Float64Range(0.1, 10).Draw(t, "width"), rapid.Float64Range(0.1, 10).Draw(t, "height")
		ring := []geo.Point{{Lon: west, Lat: north}, {Lon: west + w, Lat: north}, {Lon: west + w, Lat: north - h}, {Lon: west, Lat: north - h}, {Lon: west, Lat: north}}
		z := rapid.IntRange(0, 3).Draw(t, "zoom")
		area := 0.0
		for x := range 1 << z {
			for y := range 1 << z {
				data := tile.Encode(tile.Tile{Z: z, X: x, Y: y}, tile.Layer{Name: "cells", Features: []tile.Feature{{Rings: [][]geo.Point{ring}}}})
				if data == nil {
					continue
				}
				polygon := decode(t, data)["cells"].Features[0].Geometry.(orb.Polygon)
				if b := polygon.Bound(); b.Min[0] < -tile.Buffer || b.Min[1] < -tile.Buffer || b.Max[0] > tile.Extent+tile.Buffer || b.Max[1] > tile.Extent+tile.Buffer {
					t.Fatalf("beyond the buffer: %v", b)
				}
				if polygon[0].Orientation() != orb.CCW { // y grows southward: clockwise on the screen
					t.Fatalf("wrong way round: %v", polygon)
				}
				in := polygon.Bound()
				area += math.Max(0, min(in.Max[0], tile.Extent)-max(in.Min[0], 0)) * math.Max(0, min(in.Max[1], tile.Extent)-max(in.Min[1], 0))
			}
		}
		whole := tile.Encode(tile.Tile{}, tile.Layer{Name: "cells", Features: []tile.Feature{{Rings: [][]geo.Point{ring}}}})
		if whole == nil {
			return // too small to see at zoom 0
		}
		b := decode(t, whole)["cells"].Features[0].Geometry.Bound()
		scale := float64(int(1) << z)
		width, height := (b.Max[0]-b.Min[0])*scale, (b.Max[1]-b.Min[1])*scale
		if slop := 3 * scale * (width + height + scale); math.Abs(area-width*height) > slop {
			t.Fatalf("area %v, want %v within %v", area, width*height, slop)
		}
	})
}

// TestCountsAddUp: over all tiles of a zoom the counts are those of the index.
func TestCountsAddUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 9))
	x := index.New()
	items := make([]index.Item, 5000)
	for i := range items {
		binary.BigEndian.PutUint64(items[i].ID[:], uint64(i))
		items[i].Lon, items[i].Lat, items[i].Located = rng.Float64()*360-180, rng.Float64()*180-90, i%10 > 0
		if i%97 == 0 {
			items[i].Lon = 180 - float64(i%2)*360
		}
	}
	x.Put(items...)
	v := x.Snapshot()
	world := geo.World()
	for z := range 6 {
		sum := 0.0
		for tx := range 1 << z {
			for ty := range 1 << z {
				layer := tile.Clusters("incidents", v.TileClusters(z, tx, ty, index.Filter{}), func(it *index.Item) []tile.Tag {
					return []tile.Tag{tile.Int("status", int64(it.Status))}
				})
				if data := tile.Encode(tile.Tile{Z: z, X: tx, Y: ty}, layer); data != nil {
					for _, f := range decode(t, data)["incidents"].Features {
						sum += f.Properties["count"].(float64)
					}
				}
			}
		}
		if want := v.Count(index.Filter{Bounds: &world}); int(sum) != want {
			t.Errorf("zoom %d: %v of %d", z, sum, want)
		}
	}
}

func TestGzip(t *testing.T) {
	want := bytes.Repeat([]byte("tile"), 1000)
	r, err := gzip.NewReader(bytes.NewReader(tile.Gzip(want)))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
}

// TestFixtures draws what valid tiles of mapbox/mvt-fixtures hold, and expects
// to read the same geometry again.
func TestFixtures(t *testing.T) {
	root := os.Getenv("ONYO_TESTDATA")
	if root == "" {
		t.Skip("ONYO_TESTDATA is not set: no fixtures")
	}
	place := func(p orb.Point) geo.Point { // in the one tile of zoom 0
		return geo.Point{Lon: p[0]/tile.Extent*360 - 180, Lat: math.Atan(math.Sinh(math.Pi*(1-2*p[1]/tile.Extent))) * 180 / math.Pi}
	}
	for name, kind := range map[string]string{"002": "point", "017": "point", "019": "polygon", "020": "points", "022": "polygons", "032": "point", "053": "polygon"} {
		data, err := os.ReadFile(filepath.Join(root, "conformance", "mvt-fixtures", "fixtures", name, "tile.mvt"))
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := mvt.Unmarshal(data)
		if err != nil {
			t.Fatal(err)
		}
		want := theirs[0].Features[0].Geometry
		var f tile.Feature
		var rings []orb.Ring
		switch g := want.(type) {
		case orb.Point:
			f.Points = append(f.Points, place(g))
		case orb.MultiPoint:
			for _, p := range g {
				f.Points = append(f.Points, place(p))
			}
		case orb.Polygon:
			rings = g
		case orb.MultiPolygon:
			for _, p := range g {
				rings = append(rings, p[0])
			}
		}
		for _, ring := range rings {
			var out []geo.Point
			for _, p := range ring {
				out = append(out, place(p))
			}
			f.Rings = append(f.Rings, out)
		}
		ours := decode(t, tile.Encode(tile.Tile{}, tile.Layer{Name: "hello", Features: []tile.Feature{f}}))["hello"].Features[0].Geometry
		if kind != "polygons" && want.GeoJSONType() != ours.GeoJSONType() || want.Bound() != ours.Bound() {
			t.Errorf("%s: got %v, want %v", name, ours, want)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 9))
	x := index.New()
	items := make([]index.Item, 1_000_000)
	for i := range items {
		binary.BigEndian.PutUint64(items[i].ID[:], uint64(i))
		items[i].Lon, items[i].Lat, items[i].Located = rng.Float64()*360-180, rng.Float64()*160-80, true
	}
	x.Put(items...)
	v := x.Snapshot()
	for i := 0; b.Loop(); i++ {
		z := i % 12
		t := tile.Tile{Z: z, X: rng.IntN(1 << z), Y: rng.IntN(1 << z)}
		tile.Gzip(tile.Encode(t, tile.Clusters("incidents", v.TileClusters(t.Z, t.X, t.Y, index.Filter{}), nil)))
	}
}
