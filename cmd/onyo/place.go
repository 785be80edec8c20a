package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/gazetteer"
)

type placeCmd struct {
	Text    string `arg:"" help:"What somebody wrote; - reads one text a line from standard input."`
	Near    string `placeholder:"LON,LAT" help:"Where the text comes from."`
	Country string `placeholder:"XX" help:"The country it comes from, as in KE."`
}

// candidate is one place that a text may mean (CONTRACT, Commands).
type candidate struct {
	Name         string    `json:"name"`
	Country      string    `json:"country,omitempty"`
	Admin1       string    `json:"admin1,omitempty"`
	Lon          float64   `json:"lon"`
	Lat          float64   `json:"lat"`
	UncertaintyM float64   `json:"uncertainty_m"`
	Method       string    `json:"method"`
	Words        geo.Words `json:"words"`
	Score        float64   `json:"score"`
	Certain      bool      `json:"certain"`
	Why          string    `json:"why"`
}

type placeAnswer struct {
	Text       string      `json:"text,omitempty"`
	Candidates []candidate `json:"candidates"`
}

// Run answers one JSON object for the text, or one for each line.
func (c placeCmd) Run(ctx context.Context, w *world) error {
	near, err := c.near()
	if err != nil {
		return err
	}
	places, err := gazetteer.Open()
	if err != nil {
		return fmt.Errorf("open the gazetteer: %w", err)
	}
	return answerTexts(ctx, w, c.Text, func(text string) any {
		return placeAnswer{Text: text, Candidates: candidates(places, text, near)}
	})
}

func (c placeCmd) near() (gazetteer.Near, error) {
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

// candidates are the coordinates of a text, then the places it names.
func candidates(places *gazetteer.Gazetteer, text string, near gazetteer.Near) []candidate {
	all := []candidate{}
	for _, f := range geo.ParseCoordinates(text) {
		area := places.Reverse(f.Point)
		one := candidate{Name: geo.FormatPoint(f.Point), Country: area.CountryCode, Admin1: area.Admin1Name,
			Lon: f.Point.Lon, Lat: f.Point.Lat, UncertaintyM: f.UncertaintyM, Method: string(f.Method),
			Words: f.Words, Score: 1, Certain: f.Certain, Why: f.Why}
		if !f.Certain {
			one.Score = 0.5
		}
		all = append(all, one)
	}
	for _, f := range places.Find(text, near) {
		all = append(all, candidate{Name: f.Name, Country: f.Country, Admin1: f.Admin1,
			Lon: f.Point.Lon, Lat: f.Point.Lat, UncertaintyM: f.UncertaintyM, Method: string(f.Method),
			Words: f.Words, Score: f.Score, Certain: f.Certain, Why: f.Why})
	}
	return all
}

// longestLine bounds, in bytes, one text on standard input.
const longestLine = 1 << 20

// answerTexts answers one text with one JSON object; for "-", each line of
// standard input with one, in their order and as soon as the line is there.
func answerTexts(ctx context.Context, w *world, text string, answer func(string) any) error {
	out := bufio.NewWriter(w.out)
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if text != "-" {
		if err := encoder.Encode(answer(text)); err != nil {
			return fmt.Errorf("write the answer: %w", err)
		}
		return out.Flush()
	}
	in := bufio.NewReaderSize(w.in, longestLine)
	for number := 1; ctx.Err() == nil; number++ {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return errors.Join(out.Flush(), fmt.Errorf("line %d is longer than %d bytes", number, longestLine))
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return errors.Join(out.Flush(), fmt.Errorf("read line %d: %w", number, err))
		}
		if err == nil || len(line) > 0 {
			if err := encoder.Encode(answer(string(bytes.TrimRight(line, "\r\n")))); err != nil {
				return fmt.Errorf("write the answer: %w", err)
			}
		}
		if err != nil {
			return out.Flush()
		}
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return fmt.Errorf("write the answer: %w", err)
			}
		}
	}
	return errors.Join(out.Flush(), ctx.Err())
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
