package main

import (
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/index"
)

// clusterQuery is one look at the map: [w,s,e,n] as in a bbox parameter.
type clusterQuery struct {
	BBox [4]float64 `json:"bbox"`
	Zoom int        `json:"zoom"`
}

// clusterFigures is what one side measured. Times are milliseconds.
type clusterFigures struct {
	LoadMS  float64   `json:"load_ms"`
	QueryMS []float64 `json:"query_ms"` // one for each query, JSON included
	// What supercluster has no answer to: the same queries with a filter that
	// differs each time, and one insert into the full index until it is seen.
	FilterMS, InsertMS []float64 `json:"-"`

	Bytes    int64 `json:"bytes"`    // of all answers
	Features int64 `json:"features"` // in all answers
}

// compareClusters asks geo/index and supercluster (npm) the same questions about
// the same points: clusters of a screen of 1920 by 1080 pixels, as the text of a
// GeoJSON FeatureCollection.
func compareClusters(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	n := flags.Int("points", 1_000_000, "how many points")
	asked := flags.Int("queries", 500, "how many queries")
	peers := flags.String("peers", "cmd/bench/peers", "where the peers are installed (npm ci)")
	profile := flags.String("cpuprofile", "", "write a CPU profile of our side to this file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(2010, 112))
	items := clusterItems(rng, *n)
	queries := clusterQueries(rng, items, *asked)
	if *profile != "" {
		file, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
	}
	ours := oursClusters(items, queries)
	pprof.StopCPUProfile()
	theirs, err := theirsClusters(*peers, items, queries)
	if err != nil {
		return err
	}
	printClusters(out, len(items), len(queries), ours, theirs)
	return nil
}

// clusterItems are points as crises have them: most in towns, some anywhere.
func clusterItems(rng *rand.Rand, n int) []index.Item {
	towns := make([]geo.Point, 300)
	for i := range towns {
		towns[i] = geo.Point{Lon: rng.Float64()*360 - 180, Lat: rng.Float64()*120 - 60}
	}
	items := make([]index.Item, n)
	for i := range items {
		it := &items[i]
		binary.BigEndian.PutUint64(it.ID[:8], rng.Uint64())
		binary.BigEndian.PutUint64(it.ID[8:], rng.Uint64())
		it.Located, it.Lon, it.Lat = true, rng.Float64()*360-180, rng.Float64()*140-70
		if rng.IntN(10) > 0 {
			town := towns[rng.IntN(len(towns))]
			it.Lon, it.Lat = geo.WrapLon(town.Lon+rng.NormFloat64()*0.3), town.Lat+rng.NormFloat64()*0.3
		}
		it.Lon, it.Lat = math.Round(it.Lon*1e6)/1e6, math.Round(it.Lat*1e6)/1e6
		it.Time, it.Categories = rng.Int64N(1e15), 1<<rng.IntN(20)
		it.Reports, it.Sources, it.Weight = 1+rng.Uint32N(9), 1+rng.Uint32N(3), 1
		it.Status, it.Severity = uint8(rng.IntN(11)), uint8(rng.IntN(3))
	}
	return items
}

// clusterQueries look where something is, at every zoom alike.
func clusterQueries(rng *rand.Rand, items []index.Item, n int) []clusterQuery {
	queries := make([]clusterQuery, n)
	for i := range queries {
		zoom := i % 17
		at := items[rng.IntN(len(items))]
		width := 1920.0 / 512 * 360 / math.Exp2(float64(zoom))
		height := width * 1080 / 1920 * math.Cos(at.Lat*math.Pi/180)
		q := clusterQuery{Zoom: zoom, BBox: [4]float64{-180, -85, 180, 85}}
		if width < 360 {
			q.BBox = [4]float64{geo.WrapLon(at.Lon - width/2), max(-85, at.Lat-height/2), geo.WrapLon(at.Lon + width/2), min(85, at.Lat+height/2)}
		}
		queries[i] = q
	}
	rng.Shuffle(n, func(i, j int) { queries[i], queries[j] = queries[j], queries[i] })
	return queries
}

func oursClusters(items []index.Item, queries []clusterQuery) clusterFigures {
	start := time.Now()
	x := index.New()
	x.Put(items...)
	f := clusterFigures{LoadMS: ms(time.Since(start))}
	v := x.Snapshot()
	ask := func(q clusterQuery, filter index.Filter) ([]byte, int) {
		clusters := v.Clusters(geo.Bounds{West: q.BBox[0], South: q.BBox[1], East: q.BBox[2], North: q.BBox[3]}, q.Zoom, filter)
		return appendClusters(clusters), len(clusters)
	}
	for _, q := range queries[:len(queries)/10] { // both sides warm up alike
		ask(q, index.Filter{})
	}
	for _, q := range queries {
		start := time.Now()
		answer, n := ask(q, index.Filter{})
		f.QueryMS = append(f.QueryMS, ms(time.Since(start)))
		f.Bytes += int64(len(answer))
		f.Features += int64(n)
	}
	for i, q := range queries {
		filter := index.Filter{Since: int64(i) * 1e9, Until: int64(i)*1e9 + 6e14, Categories: 0b111 << (i % 18)}
		start := time.Now()
		ask(q, filter)
		f.FilterMS = append(f.FilterMS, ms(time.Since(start)))
	}
	f.InsertMS = insertTimes(x, items)
	return f
}

// insertTimes puts new items one by one and waits until each can be read.
func insertTimes(x *index.Index, items []index.Item) []float64 {
	const inserts = 20_000
	times := make([]float64, inserts)
	for i := range times {
		it := items[i%len(items)]
		it.ID[0] ^= 0xff
		binary.BigEndian.PutUint32(it.ID[1:], uint32(i))
		start := time.Now()
		x.Put(it)
		if _, seen := x.Snapshot().Get(it.ID); !seen {
			times[i] = math.Inf(1)
			continue
		}
		times[i] = ms(time.Since(start))
	}
	return times
}

// theirsClusters hands points and queries to Node in files, so that neither
// side's time holds the other's reading.
func theirsClusters(peers string, items []index.Item, queries []clusterQuery) (clusterFigures, error) {
	var f clusterFigures
	dir, err := os.MkdirTemp("", "bench-cluster-")
	if err != nil {
		return f, err
	}
	defer os.RemoveAll(dir)
	points := make([]byte, 0, len(items)*24)
	for i := range items {
		it := &items[i]
		points = binary.LittleEndian.AppendUint64(points, math.Float64bits(it.Lon))
		points = binary.LittleEndian.AppendUint64(points, math.Float64bits(it.Lat))
		points = append(points, it.Status, it.Severity, byte(it.Reports), byte(it.Sources), 0, 0, 0, 0)
	}
	if err := os.WriteFile(filepath.Join(dir, "points"), points, 0o600); err != nil {
		return f, err
	}
	asked, err := json.Marshal(queries)
	if err != nil {
		return f, err
	}
	if err := os.WriteFile(filepath.Join(dir, "queries.json"), asked, 0o600); err != nil {
		return f, err
	}
	node := exec.Command("node", "--max-old-space-size=8192", "cluster.mjs", dir)
	node.Dir, node.Stderr = peers, os.Stderr
	answer, err := node.Output()
	if err != nil {
		return f, fmt.Errorf("run supercluster (npm ci in %s first): %w", peers, err)
	}
	return f, json.Unmarshal(answer, &f)
}

func printClusters(out io.Writer, points, queries int, ours, theirs clusterFigures) {
	for _, times := range [][]float64{ours.QueryMS, theirs.QueryMS, ours.FilterMS, ours.InsertMS} {
		slices.Sort(times)
	}
	at := func(times []float64, q float64) float64 { return times[int(q*float64(len(times)-1))] }
	fmt.Fprintf(out, "%d points, %d queries of 1920x1080 at zoom 0-16, GeoJSON text included\n", points, queries)
	fmt.Fprintf(out, "%-28s %12s %12s %8s\n", "", "onyo", "supercluster", "ratio")
	row := func(name string, a, b float64) {
		fmt.Fprintf(out, "%-28s %12.3f %12.3f %8.3f\n", name, a, b, a/b)
	}
	row("load, ms", ours.LoadMS, theirs.LoadMS)
	row("query q50, ms", at(ours.QueryMS, 0.5), at(theirs.QueryMS, 0.5))
	row("query q90, ms", at(ours.QueryMS, 0.9), at(theirs.QueryMS, 0.9))
	row("query q99, ms", at(ours.QueryMS, 0.99), at(theirs.QueryMS, 0.99))
	perQuery := func(n int64) float64 { return float64(n) / float64(queries) }
	row("features per query", perQuery(ours.Features), perQuery(theirs.Features))
	row("bytes per query", perQuery(ours.Bytes), perQuery(theirs.Bytes))
	total := func(f clusterFigures) (sum float64) {
		for _, t := range f.QueryMS {
			sum += t
		}
		return sum
	}
	row("µs per feature", 1000*total(ours)/float64(ours.Features), 1000*total(theirs)/float64(theirs.Features))
	alone := func(name string, times []float64) {
		fmt.Fprintf(out, "%-28s %12.3f %12s\n", name+" q50, ms", at(times, 0.5), "reloads")
		fmt.Fprintf(out, "%-28s %12.3f\n%-28s %12.3f\n", "  q99", at(times, 0.99), "  most", at(times, 1))
	}
	alone("time and 3 categories", ours.FilterMS)
	alone("insert until seen", ours.InsertMS)
}

func ms(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
