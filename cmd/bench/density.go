package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/onyo-project/onyo/geo/density"
	"github.com/onyo-project/onyo/pkg/store/storetest"
)

const (
	denseMetres = 500
	denseWeight = 5
)

// compareDensity measures how much CPU it takes to group the same points here and
// with ST_ClusterDBSCAN of PostGIS: in memory on both sides, without a limit in
// time (PostGIS knows none), each on one core. PostGIS works on a plane, so its
// points are projected beforehand, which costs it nothing here.
func compareDensity(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("density", flag.ContinueOnError)
	sizes := flags.String("points", "10000,100000,1000000", "how many points, one comparison each")
	rounds := flags.Int("rounds", 3, "how many rounds, in turn; the least CPU of each side counts")
	towns := flags.Int("towns", 500, "over how many towns, from 1 to 500: fewer are denser")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *towns < 1 || *towns > 500 || *rounds < 1 {
		return errors.New("-towns must be from 1 to 500, -rounds at least 1")
	}
	ctx := context.Background()
	url, err := storetest.Start()
	if err != nil {
		return fmt.Errorf("start PostgreSQL: %w", err)
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	fmt.Fprintf(out, "points of %d towns, eps %d m, weight %d; seconds of CPU\n", *towns, denseMetres, denseWeight)
	fmt.Fprintf(out, "%9s %10s %10s %7s %22s %24s\n", "points", "onyo", "PostGIS", "ratio", "clusters (onyo, PG)", "clustered (onyo, PG)")
	for text := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		ours, theirs, err := densityRounds(ctx, conn, townPoints(n, *towns), *rounds)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%9d %10.4f %10.4f %7.2f %11d %10d %12d %11d\n", n, ours.cpu.Seconds(), theirs.cpu.Seconds(),
			theirs.cpu.Seconds()/ours.cpu.Seconds(), ours.clusters, theirs.clusters, ours.members, theirs.members)
	}
	return nil
}

// grouped is what one side came to: its CPU, how many clusters it found, and how
// many points lie in one.
type grouped struct {
	cpu               time.Duration
	clusters, members int
}

func densityRounds(ctx context.Context, conn *pgx.Conn, points []density.Point, rounds int) (ours, theirs grouped, err error) {
	if err := loadPoints(ctx, conn, points); err != nil {
		return ours, theirs, fmt.Errorf("load the points: %w", err)
	}
	ours.cpu, theirs.cpu = math.MaxInt64, math.MaxInt64
	for range rounds {
		one := groupHere(points)
		one.cpu = min(one.cpu, ours.cpu)
		ours = one
		other, err := groupThere(ctx, conn)
		if err != nil {
			return ours, theirs, err
		}
		other.cpu = min(other.cpu, theirs.cpu)
		theirs = other
	}
	return ours, theirs, nil
}

func groupHere(points []density.Point) grouped {
	before := cpuTime()
	labels := density.Cluster(points, density.Params{EpsMetres: denseMetres, MinWeight: denseWeight})
	g := grouped{cpu: cpuTime() - before}
	for _, l := range labels {
		if l.Cluster != density.Noise {
			g.members++
			g.clusters = max(g.clusters, l.Cluster+1)
		}
	}
	return g
}

func groupThere(ctx context.Context, conn *pgx.Conn) (g grouped, err error) {
	backend := conn.PgConn().PID()
	before, err := cpuOf(backend)
	if err != nil {
		return g, err
	}
	err = conn.QueryRow(ctx, `SELECT coalesce(max(cluster) + 1, 0), count(cluster)
		FROM (SELECT ST_ClusterDBSCAN(place, $1, $2) OVER () AS cluster FROM points) AS labels`, denseMetres, denseWeight).Scan(&g.clusters, &g.members)
	if err != nil {
		return g, fmt.Errorf("cluster in PostGIS: %w", err)
	}
	after, err := cpuOf(backend)
	g.cpu = after - before
	return g, err
}

// loadPoints puts the points into a table, projected to metres.
func loadPoints(ctx context.Context, conn *pgx.Conn, points []density.Point) error {
	for _, statement := range []string{
		"SET jit = off", "SET max_parallel_workers_per_gather = 0", "SET work_mem = '1GB'",
		"DROP TABLE IF EXISTS points, degrees", "CREATE UNLOGGED TABLE degrees (lon double precision, lat double precision)",
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	_, err := conn.CopyFrom(ctx, pgx.Identifier{"degrees"}, []string{"lon", "lat"}, pgx.CopyFromSlice(len(points), func(i int) ([]any, error) {
		return []any{points[i].Lon, points[i].Lat}, nil
	}))
	if err != nil {
		return err
	}
	// The UTM zone of the middle of the points, on WGS 84.
	_, err = conn.Exec(ctx, `CREATE UNLOGGED TABLE points AS
		SELECT ST_Transform(ST_SetSRID(ST_MakePoint(lon, lat), 4326), 32618) AS place FROM degrees`)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "VACUUM ANALYZE points")
	return err
}

// cpuOf is what another process has computed so far; only Linux tells it finely
// enough.
func cpuOf(process uint32) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", process))
	if err != nil {
		return 0, fmt.Errorf("read the CPU time of PostgreSQL: %w", err)
	}
	fields := strings.Fields(string(text))
	if len(fields) == 0 {
		return 0, errors.New("the CPU time of PostgreSQL is not known")
	}
	ns, err := strconv.ParseInt(fields[0], 10, 64)
	return time.Duration(ns), err
}

// townPoints scatters five of six points over towns, the rest over the land.
func townPoints(n, towns int) []density.Point {
	rng := rand.New(rand.NewPCG(7, 7))
	points := make([]density.Point, n)
	for i := range points {
		p := density.Point{Lon: -79 + 8*rng.Float64(), Lat: 15 + 8*rng.Float64(), Weight: 1}
		if rng.IntN(6) > 0 {
			town := rng.IntN(towns)
			p.Lon = -79 + float64(town%25)*0.32 + rng.NormFloat64()*0.02
			p.Lat = 15 + float64(town/25)*0.4 + rng.NormFloat64()*0.02
		}
		points[i] = p
	}
	return points
}
