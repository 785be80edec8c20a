package main

import (
	"bytes"
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
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/live"
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

// compareClusters asks our live map and supercluster (npm) the same questions
// about the same points: clusters of a screen of 1920 by 1080 pixels, as the text
// of a GeoJSON FeatureCollection. Ours is the answer of /api/v1/map/clusters.
func compareClusters(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	n := flags.Int("points", 1_000_000, "how many points")
	asked := flags.Int("queries", 500, "how many queries")
	peers := flags.String("peers", "cmd/bench/peers", "where the peers are installed (npm ci)")
	profile := flags.String("profile", "", "write a CPU profile of our side to this file, as bin/cluster.prof")
	if err := flags.Parse(args); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(2010, 112))
	incidents := clusterIncidents(rng, *n)
	queries := clusterQueries(rng, incidents, *asked)
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
	ours := oursClusters(incidents, queries)
	pprof.StopCPUProfile()
	theirs, err := theirsClusters(*peers, incidents, queries)
	if err != nil {
		return err
	}
	printClusters(out, len(incidents), len(queries), ours, theirs)
	return nil
}

// clusterIncidents are points as crises have them: most in towns, some anywhere.
func clusterIncidents(rng *rand.Rand, n int) []live.Incident {
	towns := make([]geo.Point, 300)
	for i := range towns {
		towns[i] = geo.Point{Lon: rng.Float64()*360 - 180, Lat: rng.Float64()*120 - 60}
	}
	severities := []crisis.Severity{crisis.SeverityLow, crisis.SeverityNormal, crisis.SeverityLifeSafety}
	statuses := []crisis.Status{crisis.StatusProbable, crisis.StatusVerified}
	incidents := make([]live.Incident, n)
	for i := range incidents {
		in := &incidents[i]
		in.ID = clusterID(rng)
		in.Located, in.Lon, in.Lat = true, rng.Float64()*360-180, rng.Float64()*140-70
		if rng.IntN(10) > 0 {
			town := towns[rng.IntN(len(towns))]
			in.Lon, in.Lat = geo.WrapLon(town.Lon+rng.NormFloat64()*0.3), town.Lat+rng.NormFloat64()*0.3
		}
		in.Lon, in.Lat = math.Round(in.Lon*1e6)/1e6, math.Round(in.Lat*1e6)/1e6
		in.OccurredAt = clusterEpoch.Add(time.Duration(rng.Int64N(1000)) * time.Hour)
		in.Categories, in.Place = []string{clusterCategory(rng.IntN(20))}, "Kibera, Nairobi"
		in.Reports, in.Sources, in.Weight, in.UncertaintyM = 1+rng.Uint32N(9), 1+rng.Uint32N(3), 1, 100
		in.Status, in.Phase, in.Severity = statuses[rng.IntN(len(statuses))], crisis.PhaseOngoing, severities[rng.IntN(len(severities))]
	}
	return incidents
}

var clusterEpoch = time.Date(2010, 1, 12, 21, 53, 0, 0, time.UTC)

func clusterID(rng *rand.Rand) string {
	var id crisis.ID
	binary.BigEndian.PutUint64(id[:8], rng.Uint64())
	binary.BigEndian.PutUint64(id[8:], rng.Uint64())
	return id.String()
}

func clusterCategory(n int) string { return "category_" + strconv.Itoa(n) }

// clusterQueries look where something is, at every zoom alike.
func clusterQueries(rng *rand.Rand, incidents []live.Incident, n int) []clusterQuery {
	queries := make([]clusterQuery, n)
	for i := range queries {
		zoom := i % 17
		at := incidents[rng.IntN(len(incidents))]
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

func oursClusters(incidents []live.Incident, queries []clusterQuery) clusterFigures {
	start := time.Now()
	m := live.New()
	m.Apply(live.Change{At: clusterEpoch, Incidents: incidents})
	f := clusterFigures{LoadMS: ms(time.Since(start))}
	runtime.GC()
	ask := func(q clusterQuery, filter live.Filter) []byte {
		filter.Bounds, filter.Zoom, filter.Limit = &geo.Bounds{West: q.BBox[0], South: q.BBox[1], East: q.BBox[2], North: q.BBox[3]}, q.Zoom, live.MostLimit
		return m.Clusters(filter)
	}
	for _, q := range queries[:len(queries)/10] { // both sides warm up alike
		ask(q, live.Filter{})
	}
	for _, q := range queries {
		start := time.Now()
		answer := ask(q, live.Filter{})
		f.QueryMS = append(f.QueryMS, ms(time.Since(start)))
		f.Bytes += int64(len(answer))
		f.Features += int64(bytes.Count(answer, []byte(`"type":"Feature",`)))
	}
	for i, q := range queries {
		since := clusterEpoch.Add(time.Duration(i) * time.Hour)
		filter := live.Filter{Since: since, Until: since.Add(600 * time.Hour),
			Categories: []string{clusterCategory(i % 18), clusterCategory(i%18 + 1), clusterCategory(i%18 + 2)}}
		start := time.Now()
		ask(q, filter)
		f.FilterMS = append(f.FilterMS, ms(time.Since(start)))
	}
	f.InsertMS = insertTimes(m, incidents)
	return f
}

// insertTimes puts new incidents one by one and waits until each can be read.
func insertTimes(m *live.Map, incidents []live.Incident) []float64 {
	const inserts = 20_000
	rng := rand.New(rand.NewPCG(1, 2))
	times := make([]float64, inserts)
	for i := range times {
		in := incidents[i%len(incidents)]
		in.ID = clusterID(rng)
		start := time.Now()
		m.Apply(live.Change{At: clusterEpoch, Incidents: []live.Incident{in}})
		if _, seen := m.Incident(in.ID, nil); !seen {
			times[i] = math.Inf(1)
			continue
		}
		times[i] = ms(time.Since(start))
	}
	return times
}

// theirsClusters hands points and queries to Node in files, so that neither
// side's time holds the other's reading.
func theirsClusters(peers string, incidents []live.Incident, queries []clusterQuery) (clusterFigures, error) {
	var f clusterFigures
	dir, err := os.MkdirTemp("", "bench-cluster-")
	if err != nil {
		return f, err
	}
	defer os.RemoveAll(dir)
	points := make([]byte, 0, len(incidents)*24)
	for i := range incidents {
		in := &incidents[i]
		points = binary.LittleEndian.AppendUint64(points, math.Float64bits(in.Lon))
		points = binary.LittleEndian.AppendUint64(points, math.Float64bits(in.Lat))
		points = append(points, 0, byte(in.Severity.Rank()), byte(in.Reports), byte(in.Sources), 0, 0, 0, 0)
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
