package geo

import (
	"math"
	"sort"
	"strconv"
)

// Method is how a location was found in what somebody wrote.
type Method string

// The methods of ParseCoordinates.
const (
	MethodDecimal  Method = "decimal"   // -1.2921, 36.8219
	MethodDegrees  Method = "degrees"   // 1°17'31" S 36°49'19" E, also decimal with hemispheres
	MethodGeoURI   Method = "geo_uri"   // geo:-1.2921,36.8219
	MethodMapLink  Method = "map_link"  // Google, OpenStreetMap, Apple, Waze and others
	MethodPlusCode Method = "plus_code" // 6GCRPR6C+5P
	MethodGeohash  Method = "geohash"   // geohash:kzf0tvg
	MethodUTM      Method = "utm"       // 37M 257697 9857000
	MethodMGRS     Method = "mgrs"      // 37MBU5769757100
)

// Words are the part of a text that led to something: byte offsets into it,
// end exclusive, and the part itself.
type Words struct {
	Start int    `json:"start"`
	End   int    `json:"end"`
	Text  string `json:"text"`
}

// Found is one location somebody wrote as coordinates. Certain is false when
// the notation allows a second reading, which Why then names.
type Found struct {
	Point        Point   `json:"point"`
	UncertaintyM float64 `json:"uncertainty_m"`
	Method       Method  `json:"method"`
	Words        Words   `json:"words"`
	Certain      bool    `json:"certain"`
	Why          string  `json:"why"`
}

// MinUncertaintyM is the least uncertainty in metres that ParseCoordinates ever
// claims: more digits than that come from a phone, not from knowledge.
const MinUncertaintyM = 10

// maxFound bounds what one message can make us do: nobody reports from more.
const maxFound = 64

// ParseCoordinates finds the coordinates in free text, in the order in which
// they stand there. It reads decimal pairs, degrees with minutes and seconds,
// geo: URIs, links to maps, full plus codes, geohashes with the prefix
// "geohash:" or as a hashtag, UTM and MGRS, in the digits of the common scripts.
// The
// uncertainty is one unit of the last digit written, at least MinUncertaintyM,
// or what a map link showed when it names no point.
//
// Bare pairs are latitude, longitude. When only the other order lies on Earth
// it is taken and the answer is not Certain. Numbers that merely look alike
// (prices, times, telephone numbers, thousands, and 0,0) are left out.
func ParseCoordinates(text string) []Found {
	s := &scan{text: foldText(text)}
	for _, read := range []func(*scan){
		readLinks, readGeohashes, readPlusCodes, readMGRS, readUTM,
		readLabelled, readCompact, readDegrees, readDecimals,
	} {
		read(s)
	}
	sort.SliceStable(s.found, func(i, j int) bool { return s.found[i].Words.Start < s.found[j].Words.Start })
	for i := range s.found {
		w := &s.found[i].Words
		w.Start, w.End = s.text.at[w.Start], s.text.at[w.End]
		w.Text = text[w.Start:w.End]
	}
	return s.found
}

// scan is one reading of one text. Whatever a notation recognises is claimed,
// so that a looser notation does not read parts of it again.
type scan struct {
	text    folded
	claimed []span
	found   []Found
}

type span struct{ start, end int }

func (s *scan) claim(start, end int) { s.claimed = append(s.claimed, span{start, end}) }

func (s *scan) free(start, end int) bool {
	for _, c := range s.claimed {
		if start < c.end && c.start < end {
			return false
		}
	}
	return true
}

// add keeps f, whose words are start to end of the folded text, if it is a
// place on Earth, and claims the words.
func (s *scan) add(start, end int, f Found) {
	s.claim(start, end)
	if !f.Point.Valid() || len(s.found) >= maxFound {
		return
	}
	f.Point.Lon, f.Point.Lat = f.Point.Lon+0, f.Point.Lat+0
	f.UncertaintyM = math.Max(MinUncertaintyM, f.UncertaintyM)
	f.Words = Words{Start: start, End: end}
	s.found = append(s.found, f)
}

// FormatPoint writes p for people, to some 0.1 m, as "1.292100° S, 36.821900° E".
// ParseCoordinates reads it back.
func FormatPoint(p Point) string {
	side := func(v float64, positive, negative string) string {
		text := strconv.FormatFloat(math.Abs(v), 'f', 6, 64) + "° "
		if v < 0 {
			return text + negative
		}
		return text + positive
	}
	return side(p.Lat, "N", "S") + ", " + side(p.Lon, "E", "W")
}

// coordinate is one number as written: its value and the size of one unit of
// its last digit, both in degrees.
type coordinate struct{ value, unit float64 }

// number reads an ASCII decimal with either decimal mark.
func number(text string) (c coordinate, ok bool) {
	c.unit = 1
	buf := make([]byte, 0, len(text))
	decimals := -1
	for i := 0; i < len(text); i++ {
		b := text[i]
		if b == ',' {
			b = '.'
		}
		if b == '.' {
			decimals = 0
		} else if decimals >= 0 {
			decimals++
		}
		buf = append(buf, b)
	}
	v, err := strconv.ParseFloat(string(buf), 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return coordinate{}, false
	}
	if decimals > 0 {
		c.unit = math.Pow(10, -float64(decimals))
	}
	c.value = v
	return c, true
}

func unitMetres(a, b coordinate) float64 { return math.Max(a.unit, b.unit) * MetresPerDegree }
