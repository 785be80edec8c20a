package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/onyo-project/onyo/geo/density"
)

type hotspotsCmd struct {
	File   string        `arg:"" help:"A CSV file with a header, or a GeoJSON FeatureCollection; - reads standard input."`
	Eps    float64       `default:"1000" help:"Neighbours are at most this many metres apart."`
	Window time.Duration `default:"24h" help:"… and at most this long, as in 24h; 0 sets no limit."`
	Weight uint32        `default:"3" help:"How many rows, its own included, make a neighbourhood dense."`
	Now    string        `placeholder:"T" help:"Leave out what happened later, as if it were this moment (RFC 3339)."`
}

// labelled is one row's answer. A row without a usable point, or without a time
// where there is a window, has no label.
type labelled struct {
	Row   int  `json:"row"`
	Label *int `json:"label"`
	Core  bool `json:"core"`
}

// Run answers one JSON object for each row, in their order.
func (c hotspotsCmd) Run(ctx context.Context, w *world) error {
	params := density.Params{EpsMetres: c.Eps, Window: c.Window, MinWeight: c.Weight}
	if err := params.Check(); err != nil {
		return fmt.Errorf("--eps, --window, --weight: %w", err)
	}
	var now time.Time
	if c.Now != "" {
		var err error
		if now, err = time.Parse(time.RFC3339, c.Now); err != nil {
			return fmt.Errorf("--now: %q is not a time, as in 2010-01-20T12:00:00Z", c.Now)
		}
	}
	in, err := openInput(w, c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	rows, points, err := readPoints(ctx, in, c.Window > 0, now)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	labels := density.Cluster(points, params)
	out := bufio.NewWriter(w.out)
	encoder := json.NewEncoder(out)
	for number, at := range rows {
		answer := labelled{Row: number}
		if at >= 0 {
			answer.Label, answer.Core = &labels[at].Cluster, labels[at].Core
		}
		if err := encoder.Encode(answer); err != nil {
			return fmt.Errorf("write the labels: %w", err)
		}
	}
	return out.Flush()
}

// readPoints gives the points of a file and for each row which of them is its
// own, -1 for none.
func readPoints(ctx context.Context, in io.Reader, timed bool, now time.Time) (rows []int, points []density.Point, err error) {
	err = readTable(in, func(r *record) error {
		rows = append(rows, -1)
		at, _, err := r.place()
		if err != nil {
			return ctx.Err()
		}
		point := density.Point{Lon: at.Lon, Lat: at.Lat, Weight: 1}
		if timed || !now.IsZero() {
			// The zone does not matter: only differences count, and --now names its own.
			when, _, err := r.when(time.UTC)
			if err != nil || !now.IsZero() && when.After(now) {
				return ctx.Err()
			}
			point.Time = when.UnixMicro()
		}
		rows[len(rows)-1] = len(points)
		points = append(points, point)
		return ctx.Err()
	})
	return rows, points, err
}

// openInput opens a file to read; "-" is standard input.
func openInput(w *world, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(w.in), nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open the file: %w", err)
	}
	return file, nil
}
