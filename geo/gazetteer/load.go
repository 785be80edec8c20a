package gazetteer

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
)

const (
	fileMagic  = "onyogaz"
	fileFormat = 2
	// Sections of the file, in order.
	sectionAreas, sectionNames, sectionAlternates, sectionCountries = 0, 1, 2, 3
	sectionKinds, sectionAdmin1, sectionLon, sectionLat             = 4, 5, 6, 7
	sectionPopulation, sectionPolygons, sectionCount                = 8, 9, 10
)

var errDamaged = errors.New("gazetteer file is damaged")

// world is the embedded layer with what reverse lookup needs.
type world struct {
	layer
	codes    []string       // by area entry: ISO 3166-2, or empty
	nations  map[string]int // country entry by its code
	areas    int            // the first so many entries are areas
	polygons []polygon
	grid     map[gridKey][]uint32 // towns by whole degree
}

// readWorld unpacks the file that `make data` made; the format is described in
// ui/data/README.md.
func readWorld(file []byte) (*world, error) {
	zr, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	raw, err := io.ReadAll(zr)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDamaged, err)
	}
	if len(raw) < 8 || string(raw[:7]) != fileMagic || raw[7] != fileFormat {
		return nil, fmt.Errorf("%w: not format %d", errDamaged, fileFormat)
	}
	sections, err := splitSections(raw[8:])
	if err != nil {
		return nil, err
	}
	w := &world{}
	alternates, shorts, err := w.readAreas(reader{b: sections[sectionAreas]})
	if err != nil {
		return nil, err
	}
	towns, err := w.readTowns(sections)
	if err != nil {
		return nil, err
	}
	if err := w.readPolygons(reader{b: sections[sectionPolygons]}); err != nil {
		return nil, err
	}
	w.index(append(alternates, towns...), shorts)
	w.fillGrid()
	return w, nil
}

func splitSections(raw []byte) ([][]byte, error) {
	r := reader{b: raw}
	if n := r.uvarint(); n != sectionCount {
		return nil, fmt.Errorf("%w: %d sections", errDamaged, n)
	}
	var length [sectionCount]int
	for i := range length {
		length[i] = int(r.uvarint())
	}
	out := make([][]byte, sectionCount)
	for i, n := range length {
		if r.bad || n < 0 || n > len(r.b) {
			return nil, fmt.Errorf("%w: section %d is cut off", errDamaged, i)
		}
		out[i], r.b = r.b[:n], r.b[n:]
	}
	return out, nil
}

func (w *world) readAreas(r reader) (alternates, shorts []string, err error) {
	n := int(r.uvarint())
	countries := map[string]uint16{}
	w.nations = map[string]int{}
	for i := 0; i < n && !r.bad; i++ {
		e := entry{kind: Kind(r.byte()), admin1: -1}
		name, country, code := r.text(), r.text(), r.text()
		e.lon, e.lat = int32(r.varint()), int32(r.varint())
		e.radius = uint32(r.uvarint()) * 1000
		e.country = w.countryIndex(countries, country)
		e.admin1 = int32(r.uvarint()) - 1
		e.population = uint32(r.uvarint())
		switch e.kind {
		case KindAdmin1:
			e.admin1 = int32(i)
		case KindCountry:
			w.nations[country] = i
		}
		w.entries = append(w.entries, e)
		w.names = append(w.names, name)
		w.codes = append(w.codes, code)
		shorts = append(shorts, r.text())
		alternates = append(alternates, r.text())
	}
	if r.bad || len(w.entries) == 0 {
		return nil, nil, fmt.Errorf("%w: areas", errDamaged)
	}
	w.areas = len(w.entries)
	for i := range w.entries {
		if w.entries[i].admin1 >= int32(w.areas) {
			return nil, nil, fmt.Errorf("%w: area %d lies in no area", errDamaged, i)
		}
	}
	return alternates, shorts, nil
}

func (w *world) countryIndex(known map[string]uint16, code string) uint16 {
	i, ok := known[code]
	if !ok {
		i = uint16(len(w.countries))
		known[code] = i
		w.countries = append(w.countries, code)
	}
	return i
}

func (w *world) readTowns(sections [][]byte) (alternates []string, err error) {
	lines := func(i int) []string { return strings.Split(string(sections[i]), "\n") }
	names, countries := lines(sectionNames), lines(sectionCountries)
	alternates = lines(sectionAlternates)
	if len(alternates) != len(names) || len(countries) != len(names) || len(sections[sectionKinds]) != len(names) {
		return nil, fmt.Errorf("%w: columns differ in length", errDamaged)
	}
	admin1, lon := reader{b: sections[sectionAdmin1]}, reader{b: sections[sectionLon]}
	lat, population := reader{b: sections[sectionLat]}, reader{b: sections[sectionPopulation]}
	known := map[string]uint16{}
	for i, c := range w.countries {
		known[c] = uint16(i)
	}
	var area, x, y int64
	for i := range names {
		area, x, y = area+admin1.varint(), x+lon.varint(), y+lat.varint()
		if area < -1 || area >= int64(w.areas) {
			return nil, fmt.Errorf("%w: town %d lies in no area", errDamaged, i)
		}
		p := uint32(population.uvarint())
		w.entries = append(w.entries, entry{
			lon: int32(x), lat: int32(y), population: p, radius: townRadius(p),
			admin1: int32(area), country: w.countryIndex(known, countries[i]), kind: Kind(sections[sectionKinds][i]),
		})
	}
	w.names = append(w.names, names...)
	if admin1.bad || lon.bad || lat.bad || population.bad {
		return nil, fmt.Errorf("%w: columns end early", errDamaged)
	}
	return alternates, nil
}

// townRadius guesses how far a town reaches from its middle, in metres, from
// 4,000 people a square kilometre, at least 1 km. Where nobody counted, 2 km.
func townRadius(population uint32) uint32 {
	if population == 0 {
		return 2000
	}
	return max(1000, uint32(1000*math.Sqrt(float64(population)/4000/math.Pi)))
}

// index folds and hashes every name, on two cores where there are two.
func (w *world) index(alternates, shorts []string) {
	const parts = 2
	var out [parts][]posting
	var wg sync.WaitGroup
	for part := range parts {
		wg.Go(func() {
			var s scratch
			list := make([]posting, 0, 5*len(w.names)/parts)
			for i := part; i < len(w.names); i += parts {
				var others []string
				if alternates[i] != "" {
					others = strings.Split(alternates[i], "|")
				}
				list = s.appendNames(list, &w.entries[i], uint32(i), w.names[i], others...)
				if i < len(shorts) {
					list = appendShort(list, uint32(i), shorts[i])
				}
			}
			slices.SortFunc(list, comparePostings)
			out[part] = list
		})
	}
	wg.Wait()
	w.postings = merge(out[0], out[1])
	w.seal()
}

// merge makes one sorted list of two.
func merge(a, b []posting) []posting {
	out := make([]posting, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if comparePostings(b[0], a[0]) < 0 {
			out, b = append(out, b[0]), b[1:]
		} else {
			out, a = append(out, a[0]), a[1:]
		}
	}
	return append(append(out, a...), b...)
}

// reader reads varints; the first bad one leaves it bad and answering zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) varint() int64 {
	v := r.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.bad = true
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}
