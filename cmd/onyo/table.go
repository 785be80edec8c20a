package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/onyo-project/onyo/geo"
)

// record is one row of a file that somebody else made: what it says in each
// column, by the column's name in lower case.
type record struct {
	number int // from 0, the header not counted
	line   int // where it begins, from 1; 0 where the format has no lines
	fields map[string]string
	// raw is the row as it came, as a file of its own with this row alone.
	raw []byte
	// fault says why it could not be read; fields may still hold some of it.
	fault error
}

// first is what the first of some columns that is there and not empty says.
func (r *record) first(columns ...string) string {
	for _, column := range columns {
		if value := strings.TrimSpace(r.fields[column]); value != "" {
			return value
		}
	}
	return ""
}

// The names under which others keep what we need, best first.
func lonColumns() []string { return []string{"longitude", "lon", "lng", "long", "x"} }
func latColumns() []string { return []string{"latitude", "lat", "y"} }
func timeColumns() []string {
	return []string{"incident date", "occurred_at", "time", "timestamp", "datetime", "date"}
}

// errNoPoint says that a row names no place on Earth at all, rather than a wrong one.
var errNoPoint = errors.New("it has no coordinates")

// place is the row's point and how far off it may be, in metres: one unit of the
// last digit written. Where one number is shorter its zeros were dropped, so the
// longer one tells.
func (r *record) place() (geo.Point, float64, error) {
	lon, lat := r.first(lonColumns()...), r.first(latColumns()...)
	if lon == "" && lat == "" {
		return geo.Point{}, 0, errNoPoint
	}
	x, unitX, errX := degrees(lon)
	y, unitY, errY := degrees(lat)
	switch {
	case errX != nil:
		return geo.Point{}, 0, fmt.Errorf("longitude %w", errX)
	case errY != nil:
		return geo.Point{}, 0, fmt.Errorf("latitude %w", errY)
	}
	point := geo.Point{Lon: x, Lat: y}
	if err := point.Check(); err != nil {
		return geo.Point{}, 0, err
	}
	if point == (geo.Point{}) {
		return geo.Point{}, 0, errNoPoint // 0,0 is what geocoders write for "not found"
	}
	return point, math.Min(unitX, unitY) * geo.MetresPerDegree, nil
}

// degrees reads a decimal number and the size of one unit of its last digit.
func degrees(text string) (value, unit float64, err error) {
	if text == "" {
		return 0, 0, errors.New("is missing")
	}
	if strings.Trim(text, "+-.0123456789eE") != "" {
		return 0, 0, errors.New("is not a decimal number")
	}
	if value, err = strconv.ParseFloat(text, 64); err != nil {
		return 0, 0, errors.New("is not a decimal number")
	}
	unit = 1
	if _, decimals, ok := strings.Cut(text, "."); ok && !strings.ContainsAny(text, "eE") {
		unit = math.Pow(10, -float64(len(decimals)))
	}
	return value, unit, nil
}

// when is the row's time, read in zone where it names none of its own, and how
// exactly it was said.
func (r *record) when(zone *time.Location) (time.Time, bool, error) {
	text := r.first(timeColumns()...)
	if text == "" {
		return time.Time{}, false, errors.New("it has no date")
	}
	for _, layout := range [...]string{"02/01/2006 15:04", "02/01/2006 15:04:05", time.RFC3339Nano, "2006-01-02T15:04:05",
		"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02", "02/01/2006"} {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			return at, len(layout) > len("2006-01-02"), nil
		}
	}
	// Seconds or milliseconds since 1970, as feeds of sensors have them.
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 1e8 {
		if n > 1e11 {
			return time.UnixMilli(n), true, nil
		}
		return time.Unix(n, 0), true, nil
	}
	return time.Time{}, false, errors.New("its date is neither dd/mm/yyyy hh:mm nor yyyy-mm-dd hh:mm")
}

// readTable reads CSV (RFC 4180, a header line, UTF-8 with or without a byte
// order mark) or a GeoJSON FeatureCollection, whichever it is, and hands on one
// row at a time. It fails when the file as a whole cannot be read; a bad row is
// handed on with its fault.
func readTable(in io.Reader, each func(*record) error) error {
	buffered := bufio.NewReaderSize(in, 64<<10)
	if mark, _ := buffered.Peek(3); bytes.Equal(mark, []byte("\ufeff")) {
		_, _ = buffered.Discard(3)
	}
	for {
		b, err := buffered.Peek(1)
		switch {
		case errors.Is(err, io.EOF):
			return errors.New("the file is empty")
		case err != nil:
			return fmt.Errorf("read the file: %w", err)
		case b[0] == '{':
			return readFeatures(buffered, each)
		case b[0] != ' ' && b[0] != '\n' && b[0] != '\r' && b[0] != '\t':
			return readCSV(buffered, each)
		}
		_, _ = buffered.Discard(1)
	}
}

func readCSV(in io.Reader, each func(*record) error) error {
	kept := &keeper{in: in}
	reader := csv.NewReader(kept)
	reader.FieldsPerRecord, reader.ReuseRecord = -1, true
	header, err := reader.Read()
	if err != nil {
		return fmt.Errorf("read the header: %w", err)
	}
	names := make([]string, len(header))
	for i, name := range header {
		names[i] = strings.ToLower(strings.TrimSpace(name))
	}
	head := bytes.TrimRight(kept.take(reader.InputOffset()), "\r\n")
	for number := 0; ; number++ {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		r := &record{number: number, fields: make(map[string]string, len(names))}
		var broken *csv.ParseError
		switch {
		case errors.As(err, &broken):
			r.line, r.fault = broken.StartLine, fmt.Errorf("it is not CSV: %w", broken.Err)
		case err != nil:
			return fmt.Errorf("read row %d: %w", number+1, err)
		case len(fields) != len(names):
			r.fault = fmt.Errorf("it has %d fields where the header has %d", len(fields), len(names))
		}
		if broken == nil {
			r.line, _ = reader.FieldPos(0)
		}
		for i, field := range fields[:min(len(fields), len(names))] {
			r.fields[names[i]] = field
		}
		r.raw = append(append(bytes.Clone(head), '\n'), bytes.TrimRight(kept.take(reader.InputOffset()), "\r\n")...)
		if err := each(r); err != nil {
			return err
		}
	}
}

// keeper remembers what was read through it until it is taken.
type keeper struct {
	in   io.Reader
	kept []byte
	from int64 // offset of kept[0]
}

func (k *keeper) Read(p []byte) (int, error) {
	n, err := k.in.Read(p)
	k.kept = append(k.kept, p[:n]...)
	return n, err
}

// take gives and forgets what came before offset.
func (k *keeper) take(offset int64) []byte {
	n := min(int(offset-k.from), len(k.kept))
	taken := bytes.Clone(k.kept[:n])
	k.kept, k.from = append(k.kept[:0], k.kept[n:]...), k.from+int64(n)
	return taken
}

// readFeatures hands on the features of a collection; a point's coordinates
// become the columns lon and lat, its properties the others.
func readFeatures(in io.Reader, each func(*record) error) error {
	decoder := json.NewDecoder(in)
	if err := enterFeatures(decoder); err != nil {
		return err
	}
	for number := 0; decoder.More(); number++ {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return fmt.Errorf("read feature %d: it is not JSON: %w", number+1, err)
		}
		if err := each(featureRecord(number, raw)); err != nil {
			return err
		}
	}
	return nil
}

// enterFeatures reads up to the first feature.
func enterFeatures(decoder *json.Decoder) error {
	if _, err := decoder.Token(); err != nil {
		return fmt.Errorf("read the GeoJSON: %w", err)
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return fmt.Errorf("read the GeoJSON: %w", err)
		}
		if key == "features" {
			if open, err := decoder.Token(); err != nil || open != json.Delim('[') {
				return errors.New("read the GeoJSON: its features are no list")
			}
			return nil
		}
		var other json.RawMessage
		if err := decoder.Decode(&other); err != nil {
			return fmt.Errorf("read the GeoJSON: %w", err)
		}
	}
	return errors.New("read the GeoJSON: it has no features; a FeatureCollection is expected")
}

func featureRecord(number int, raw json.RawMessage) *record {
	r := &record{number: number, fields: map[string]string{}}
	r.raw = append(append([]byte(`{"type":"FeatureCollection","features":[`), raw...), `]}`...)
	var feature struct {
		ID       json.RawMessage
		Geometry *struct {
			Type        string
			Coordinates json.RawMessage
		}
		Properties map[string]json.RawMessage
	}
	if err := json.Unmarshal(raw, &feature); err != nil {
		r.fault = errors.New("it is not a GeoJSON feature")
		return r
	}
	if len(feature.ID) > 0 {
		r.fields["id"] = plain(feature.ID)
	}
	for name, value := range feature.Properties {
		r.fields[strings.ToLower(strings.TrimSpace(name))] = plain(value)
	}
	if feature.Geometry != nil && feature.Geometry.Type == "Point" {
		for _, column := range append(lonColumns(), latColumns()...) {
			delete(r.fields, column)
		}
		var position []json.Number
		if err := json.Unmarshal(feature.Geometry.Coordinates, &position); err != nil || len(position) < 2 {
			r.fields["lon"], r.fields["lat"] = "?", "?"
		} else {
			r.fields["lon"], r.fields["lat"] = position[0].String(), position[1].String()
		}
	}
	return r
}

// plain is a JSON value as a field of a table would hold it.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text // null as well
	}
	return string(value)
}
