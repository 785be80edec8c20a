package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"
)

// side is one of those that are compared. run does the agreed amount of work
// once and says how long it took.
type side struct {
	name string
	run  func(ctx context.Context) (time.Duration, error)
	// profile is where a CPU profile of all of this side's rounds goes: a
	// profile each, numbered. Empty writes none.
	profile string
	// rates are what each round came to, in pieces of work a second, and costs
	// the microseconds of CPU that this process spent on a piece: those hold on a
	// machine that has other things to do as well.
	rates, costs []float64
}

// interleave runs the sides in turn, round after round, so that whatever else
// the machine does meets all of them alike. A first round warms up and is not
// counted.
func interleave(ctx context.Context, rounds, work int, sides ...*side) error {
	for round := range rounds + 1 {
		for _, s := range sides {
			runtime.GC()
			before := cpuTime()
			took, err := profiled(s.profile, round, func() (time.Duration, error) { return s.run(ctx) })
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			if round > 0 {
				s.rates = append(s.rates, float64(work)/took.Seconds())
				s.costs = append(s.costs, float64((cpuTime()-before).Nanoseconds())/1e3/float64(work))
			}
		}
	}
	return nil
}

// profiled writes a CPU profile of one counted round to path, with the round
// before its extension.
func profiled(path string, round int, work func() (time.Duration, error)) (took time.Duration, err error) {
	if path == "" || round == 0 {
		return work()
	}
	extension := filepath.Ext(path)
	file, err := os.Create(fmt.Sprintf("%s.%d%s", path[:len(path)-len(extension)], round, extension))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := pprof.StartCPUProfile(file); err != nil {
		return 0, err
	}
	defer pprof.StopCPUProfile()
	return work()
}

// printSides prints every side's median, lowest and highest rate, and the ratio
// of each to the last side, which is the peer. CPU is that of this process for
// one piece of work.
func printSides(out io.Writer, unit string, sides ...*side) {
	peer := median(sides[len(sides)-1].rates)
	fmt.Fprintf(out, "%-44s %8s %8s %8s %6s %8s\n", unit, "median", "lowest", "highest", "ratio", "CPU µs")
	for _, s := range sides {
		fmt.Fprintf(out, "%-44s %8.0f %8.0f %8.0f %6.2f %8.1f\n", s.name, median(s.rates), slices.Min(s.rates), slices.Max(s.rates), median(s.rates)/peer, median(s.costs))
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// scratch is a folder for one run under where, which must lie on a real disk for
// figures about durable writes to mean anything.
func scratch(where string) (dir string, remove func(), err error) {
	if err := os.MkdirAll(where, 0o755); err != nil {
		return "", nil, err
	}
	dir, err = os.MkdirTemp(where, "bench-")
	if err != nil {
		return "", nil, err
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}
