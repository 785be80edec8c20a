package gazetteer

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	// MaxPlaces of one file are read.
	MaxPlaces = 300_000
	// maxRefusals of one file are told one by one.
	maxRefusals = 1000
)

// Refusal is a row or feature that was left out, counted from 1, and why.
type Refusal struct {
	Row int
	Why string
}

// Reading is what a file of places held.
type Reading struct {
	Places  []Place
	Refused []Refusal // the first thousand
	// RefusedAll counts those that were refused, all of them.
	RefusedAll int
}

// ReadPlaces reads a deployment's own places from GeoJSON or from a table with a
// header (comma, semicolon or tab), which it tells apart itself. It knows the
// usual columns (name, lat, lon, pcode, population, name_fr …) and those of
// HDX's administrative boundaries (admin1Name_en, ADM2_PCODE, adm3_name …). An
// area's outline is kept. Rows that name no place or lie nowhere are refused,
// with the reason, and do not stop the others; an error means that the file as a
// whole is unreadable, or longer than MaxPlaces.
func ReadPlaces(file io.Reader) (Reading, error) {
	in := bufio.NewReaderSize(file, 64<<10)
	if start, err := in.Peek(3); err == nil && bytes.Equal(start, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	}
	for {
		c, err := in.Peek(1)
		switch {
		case err != nil:
			return Reading{}, fmt.Errorf("the file is empty: %w", err)
		case strings.IndexByte(" \t\r\n", c[0]) >= 0:
			_, _ = in.Discard(1)
			continue
		case c[0] == '{':
			return readGeoJSON(in)
		}
		return readTable(in)
	}
}

// add keeps a place or the reason why not.
func (r *Reading) add(row int, p Place, err error) error {
	if err != nil {
		r.RefusedAll++
		if len(r.Refused) < maxRefusals {
			r.Refused = append(r.Refused, Refusal{Row: row, Why: err.Error()})
		}
		return nil
	}
	if len(r.Places) >= MaxPlaces {
		return fmt.Errorf("there are more than %d places", MaxPlaces)
	}
	r.Places = append(r.Places, p)
	return nil
}

func readTable(in *bufio.Reader) (Reading, error) {
	table := csv.NewReader(in)
	table.FieldsPerRecord, table.LazyQuotes, table.ReuseRecord, table.TrimLeadingSpace = -1, true, true, true
	table.Comma = separator(in)
	var out Reading
	header, err := table.Read()
	if err != nil {
		return out, fmt.Errorf("read the header: %w", err)
	}
	keys := make([]string, len(header))
	for i, column := range header {
		keys[i] = columnKey(column)
	}
	for row := 2; ; row++ {
		fields, err := table.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, fmt.Errorf("read row %d: %w", row, err)
		}
		r := record{}
		tags := 0
		for i, field := range fields {
			if field = strings.TrimSpace(field); field != "" && i < len(keys) {
				if _, double := r[keys[i]]; !double {
					r[keys[i]] = field
				}
				if field[0] == '#' {
					tags++
				}
			}
		}
		if len(r) == 0 || tags == len(r) {
			continue // an empty row, or HXL's tags
		}
		p, err := r.place(outline{})
		if err := out.add(row, p, err); err != nil {
			return out, err
		}
	}
}

// separator is what parts the columns of the first line.
func separator(in *bufio.Reader) rune {
	start, _ := in.Peek(8 << 10)
	line, _, _ := bytes.Cut(start, []byte("\n"))
	best, most := ',', bytes.Count(line, []byte(","))
	for _, c := range ";\t" {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			best, most = c, n
		}
	}
	return best
}

// feature is GeoJSON's.
type feature struct {
	Type       string                     `json:"type"`
	Geometry   *geometry                  `json:"geometry"`
	Properties map[string]json.RawMessage `json:"properties"`
}

func (f *feature) place() (Place, error) {
	r := record{}
	for column, raw := range f.Properties {
		if v := scalar(raw); v != "" {
			r[columnKey(column)] = v
		}
	}
	at, err := f.Geometry.outline()
	if err != nil {
		return Place{}, err
	}
	return r.place(at)
}

// scalar is a value as text; several texts are joined by |.
func scalar(raw json.RawMessage) string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return ""
	}
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		var parts []string
		for _, one := range v {
			if s, ok := one.(string); ok {
				parts = append(parts, s)
			}
		}
		return strings.Join(parts, "|")
	}
	return ""
}

// readGeoJSON reads a FeatureCollection feature by feature, or one Feature.
func readGeoJSON(in io.Reader) (Reading, error) {
	d := json.NewDecoder(in)
	var out Reading
	if _, err := d.Token(); err != nil {
		return out, fmt.Errorf("read the GeoJSON: %w", err)
	}
	one := feature{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return out, fmt.Errorf("read the GeoJSON: %w", err)
		}
		switch key {
		case "features":
			if err := readFeatures(d, &out); err != nil {
				return out, err
			}
			continue
		case "geometry":
			err = d.Decode(&one.Geometry)
		case "properties":
			err = d.Decode(&one.Properties)
		default:
			var skip json.RawMessage
			err = d.Decode(&skip)
		}
		if err != nil {
			return out, fmt.Errorf("read the GeoJSON: %w", err)
		}
	}
	if one.Properties != nil {
		p, err := one.place()
		return out, out.add(1, p, err)
	}
	if len(out.Places) == 0 && out.RefusedAll == 0 {
		return out, errors.New("the GeoJSON holds no features")
	}
	return out, nil
}

func readFeatures(d *json.Decoder, out *Reading) error {
	if open, err := d.Token(); err != nil || open != json.Delim('[') {
		return errors.New("the GeoJSON's features are no list")
	}
	for row := 1; d.More(); row++ {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return fmt.Errorf("read feature %d: %w", row, err)
		}
		var f feature
		err := json.Unmarshal(raw, &f)
		var p Place
		if err == nil {
			p, err = f.place()
		} else {
			err = errors.New("it is no feature")
		}
		if err := out.add(row, p, err); err != nil {
			return err
		}
	}
	_, err := d.Token()
	if err != nil {
		return fmt.Errorf("read the GeoJSON: %w", err)
	}
	return nil
}
