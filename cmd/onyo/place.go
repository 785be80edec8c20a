package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/gazetteer"
	"github.com/onyo-project/onyo/pkg/triage"
)

type placeCmd struct {
	Text      string `arg:"" help:"What somebody wrote; - reads one text a line from standard input."`
	nearFlags `embed:""`
}

// nearFlags say what is known of where a text comes from.
type nearFlags struct {
	Near    string `placeholder:"LON,LAT" help:"Where the text comes from."`
	Country string `placeholder:"XX" help:"The country it comes from, as in KE."`
}

type placeAnswer struct {
	Text       string         `json:"text,omitempty"`
	Candidates []triage.Place `json:"candidates"`
}

// Run answers one JSON object for the text, or one for each line.
func (c placeCmd) Run(ctx context.Context, w *world) error {
	near, err := c.near()
	if err != nil {
		return err
	}
	places, err := openPlaces(w)
	if err != nil {
		return err
	}
	return answerTexts(ctx, w, c.Text, func(text string) any {
		return placeAnswer{Text: text, Candidates: candidates(places, text, near)}
	})
}

func (c nearFlags) near() (gazetteer.Near, error) {
	var near gazetteer.Near
	if c.Near != "" {
		lon, lat, _ := strings.Cut(c.Near, ",")
		x, errX := strconv.ParseFloat(strings.TrimSpace(lon), 64)
		y, errY := strconv.ParseFloat(strings.TrimSpace(lat), 64)
		if errX != nil || errY != nil {
			return near, fmt.Errorf("--near: %q is not lon,lat, as in 36.82,-1.29", c.Near)
		}
		near.Point = &geo.Point{Lon: x, Lat: y}
		if err := near.Point.Check(); err != nil {
			return near, fmt.Errorf("--near: %w", err)
		}
	}
	near.Country = strings.ToUpper(c.Country)
	if near.Country != "" && (len(near.Country) != 2 || strings.Trim(near.Country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		return near, fmt.Errorf("--country: %q is not a country's two letters, as in KE", c.Country)
	}
	return near, nil
}

// candidates are the places of a text; coordinates are called by themselves.
func candidates(places *gazetteer.Gazetteer, text string, near gazetteer.Near) []triage.Place {
	all := triage.FindPlaces(places, text, near)
	if all == nil {
		all = []triage.Place{}
	}
	for i, p := range all {
		if p.Name == "" {
			all[i].Name = geo.FormatPoint(geo.Point{Lon: p.Lon, Lat: p.Lat})
		}
	}
	return all
}

const (
	// longestLine bounds, in bytes, one text on standard input.
	longestLine = 1 << 20
	// linesAtOnce is how many lines that are there already are answered together.
	linesAtOnce = 256
)

// answerTexts answers one text with one JSON object; for "-", each line of
// standard input with one, in their order and as soon as the line is there.
// answer is called from several goroutines.
func answerTexts(ctx context.Context, w *world, text string, answer func(string) any) error {
	if text != "-" {
		line, err := encodeLine(answer(text))
		if err != nil {
			return err
		}
		return writeLines(w.out, [][]byte{line})
	}
	in := bufio.NewReaderSize(w.in, longestLine)
	for number := 0; ; {
		lines, err := linesThere(in)
		answers := make([][]byte, len(lines))
		group := errgroup.Group{}
		group.SetLimit(runtime.GOMAXPROCS(0))
		for i, line := range lines {
			group.Go(func() (err error) {
				answers[i], err = encodeLine(answer(line))
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		number += len(lines)
		if err := writeLines(w.out, answers); err != nil {
			return err
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("line %d is longer than %d bytes", number+1, longestLine)
		case err != nil:
			return fmt.Errorf("read line %d: %w", number+1, err)
		case ctx.Err() != nil:
			return ctx.Err()
		}
	}
}

// linesThere waits for a line and takes with it those that have come already.
func linesThere(in *bufio.Reader) (lines []string, err error) {
	for len(lines) < linesAtOnce {
		line, err := in.ReadSlice('\n')
		if err == nil || errors.Is(err, io.EOF) && len(line) > 0 {
			lines = append(lines, string(bytes.TrimRight(line, "\r\n")))
		}
		if err != nil {
			return lines, err
		}
		if rest, _ := in.Peek(in.Buffered()); bytes.IndexByte(rest, '\n') < 0 {
			break
		}
	}
	return lines, nil
}

func encodeLine(answer any) ([]byte, error) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(answer); err != nil {
		return nil, fmt.Errorf("write the answer: %w", err)
	}
	return line.Bytes(), nil
}

func writeLines(out io.Writer, lines [][]byte) error {
	if _, err := out.Write(bytes.Join(lines, nil)); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

// plainArguments keeps coordinates on a command line from being taken for flags:
// "-1.29, 36.82" is a text, and -72.3,18.5 the value of the flag before it.
func plainArguments(args []string) []string {
	var out, texts []string
	for i, arg := range args {
		switch {
		case arg == "--":
			return append(append(out, append([]string{"--"}, texts...)...), args[i+1:]...)
		case len(arg) < 2 || arg[0] != '-' || strings.IndexByte("0123456789.", arg[1]) < 0:
			out = append(out, arg)
		case i > 0 && strings.HasPrefix(args[i-1], "--") && !strings.Contains(args[i-1], "="):
			out[len(out)-1] += "=" + arg
		default:
			texts = append(texts, arg)
		}
	}
	if len(texts) > 0 {
		out = append(append(out, "--"), texts...)
	}
	return out
}
