package geo

import (
	"math"
	"regexp"
	"strings"
)

const (
	plusDigits    = "23456789CFGHJMPQRVWX"
	geohashDigits = "0123456789bcdefghjkmnpqrstuvwxyz"
)

var (
	shortPat   = regexp.MustCompile(`(?i)[` + plusDigits + `]{2,6}\+[` + plusDigits + `]{2,3}`)
	hashTag    = regexp.MustCompile(`(?i)#([` + geohashDigits + `]{6,12})`)
	plusPat    = regexp.MustCompile(`(?i)[` + plusDigits + `]{4,8}0{0,4}\+[` + plusDigits + `]{0,7}`)
	geohashPat = regexp.MustCompile(`(?i)geohash:\s?([` + geohashDigits + `]{3,12})`)
)

// readPlusCodes reads full open location codes. Short ones ("PR6C+5P Nairobi")
// need a place to be completed from: see ShortPlusCodes.
func readPlusCodes(s *scan) {
	for _, m := range plusPat.FindAllStringIndex(s.text.s, -1) {
		if !s.free(m[0], m[1]) || wordBefore(s.text.s, m[0]) || numberBefore(s.text.s, m[0]) || numberAfter(s.text.s, m[1]) {
			continue
		}
		b, ok := decodePlusCode(s.text.s[m[0]:m[1]])
		if !ok {
			continue
		}
		s.add(m[0], m[1], Found{Point: b.Centre(), UncertaintyM: halfDiagonal(b),
			Method: MethodPlusCode, Certain: true, Why: "a full plus code"})
	}
}

// decodePlusCode follows the Open Location Code specification: pairs of base-20
// digits, then refinements on a grid of 4 columns and 5 rows.
func decodePlusCode(code string) (Bounds, bool) {
	code = strings.ToUpper(code)
	plus := strings.IndexByte(code, '+')
	// A code of digits alone is far more often a sum or a telephone number.
	if plus != 8 || len(code) == 10 || !strings.ContainsAny(code, "CFGHJMPQRVWX") {
		return Bounds{}, false
	}
	digits := code[:8] + code[9:]
	if i := strings.IndexByte(digits, '0'); i >= 0 {
		if i%2 != 0 || i == 0 || len(code) != 9 || strings.Trim(digits[i:], "0") != "" {
			return Bounds{}, false
		}
		digits = digits[:i]
	}
	lat, lon, height, width := -90.0, -180.0, 400.0, 400.0
	for i := 0; i < len(digits); i++ {
		v := strings.IndexByte(plusDigits, digits[i])
		switch {
		case v < 0:
			return Bounds{}, false
		case i >= 10:
			height, width = height/5, width/4
			lat += float64(v/4) * height
			lon += float64(v%4) * width
		case i%2 == 0:
			height /= 20
			lat += float64(v) * height
		default:
			width /= 20
			lon += float64(v) * width
		}
	}
	if lat >= 90 || lon >= 180 {
		return Bounds{}, false
	}
	return Bounds{West: lon, South: lat, East: lon + width, North: lat + height}, true
}

// ShortPlusCode is an open location code without its first digits, which only a
// place near it brings back.
type ShortPlusCode struct {
	Words Words
	code  string
}

// ShortPlusCodes finds the short plus codes in a text, in their order.
func ShortPlusCodes(text string) []ShortPlusCode {
	s := &scan{text: foldText(text)}
	readLinks(s)
	var out []ShortPlusCode
	for _, m := range shortPat.FindAllStringIndex(s.text.s, maxFound) {
		code := strings.ToUpper(s.text.s[m[0]:m[1]])
		if !s.free(m[0], m[1]) || wordBefore(s.text.s, m[0]) || numberBefore(s.text.s, m[0]) || numberAfter(s.text.s, m[1]) ||
			strings.IndexByte(code, '+')%2 != 0 || !strings.ContainsAny(code, "CFGHJMPQRVWX") {
			continue
		}
		start, end := s.text.at[m[0]], s.text.at[m[1]]
		out = append(out, ShortPlusCode{Words: Words{Start: start, End: end, Text: text[start:end]}, code: code})
	}
	return out
}

// Near completes the code to the nearest place to p, a Valid point, that has
// it. The uncertainty is half the diagonal of the code's square, in metres.
func (c ShortPlusCode) Near(p Point) (centre Point, uncertaintyM float64) {
	plus := strings.IndexByte(c.code, '+')
	missing := 8 - plus
	full := encodePlusCode(p)[:missing] + c.code
	b, ok := decodePlusCode(full)
	if !ok {
		return p, MetresPerDegree * 180
	}
	// The square of the digits taken over may not be the nearest one.
	step := math.Pow(20, 2-float64(missing)/2)
	centre = b.Centre()
	switch {
	case p.Lat-centre.Lat > step/2 && centre.Lat+step < 90:
		centre.Lat += step
	case centre.Lat-p.Lat > step/2 && centre.Lat-step > -90:
		centre.Lat -= step
	}
	switch {
	case p.Lon-centre.Lon > step/2:
		centre.Lon = WrapLon(centre.Lon + step)
	case centre.Lon-p.Lon > step/2:
		centre.Lon = WrapLon(centre.Lon - step)
	}
	return centre, math.Max(MinUncertaintyM, halfDiagonal(b))
}

// encodePlusCode gives the first eight digits of the code of p.
func encodePlusCode(p Point) string {
	lat, lon := math.Min(p.Lat+90, 180-1e-9), p.Lon+180
	if lon >= 360 {
		lon -= 360
	}
	var out [8]byte
	size := 20.0
	for i := 0; i < 8; i += 2 {
		y, x := math.Floor(lat/size), math.Floor(lon/size)
		out[i], out[i+1] = plusDigits[int(y)], plusDigits[int(x)]
		lat, lon, size = lat-y*size, lon-x*size, size/20
	}
	return string(out[:])
}

// readGeohashes reads geohashes announced as such, and hashtags that mix letters
// and digits as no word does: without either half of all short words would be
// one.
func readGeohashes(s *scan) {
	for _, form := range []struct {
		re      *regexp.Regexp
		certain bool
		why     string
	}{{geohashPat, true, "a geohash"}, {hashTag, false, "a hashtag that can be read as a geohash"}} {
		for _, m := range form.re.FindAllStringSubmatchIndex(s.text.s, maxFound) {
			hash := s.text.s[m[2]:m[3]]
			if !s.free(m[0], m[1]) || wordBefore(s.text.s, m[0]) || numberAfter(s.text.s, m[1]) || !form.certain && !mixed(hash) {
				continue
			}
			b := decodeGeohash(hash)
			s.add(m[0], m[1], Found{Point: b.Centre(), UncertaintyM: halfDiagonal(b),
				Method: MethodGeohash, Certain: form.certain, Why: form.why})
		}
	}
}

// mixed reports whether letters and digits change places twice: "covid19" and
// "2024elections" are words with a number.
func mixed(text string) bool {
	changes := 0
	for i := 1; i < len(text); i++ {
		if isDigit(text[i]) != isDigit(text[i-1]) {
			changes++
		}
	}
	return changes >= 2
}

// decodeGeohash halves the world bit by bit, longitude first.
func decodeGeohash(hash string) Bounds {
	b := World()
	even := true
	for _, c := range []byte(strings.ToLower(hash)) {
		v := strings.IndexByte(geohashDigits, c)
		for bit := 4; bit >= 0; bit-- {
			upper := v>>bit&1 == 1
			mid := b.Centre()
			switch {
			case even && upper:
				b.West = mid.Lon
			case even:
				b.East = mid.Lon
			case upper:
				b.South = mid.Lat
			default:
				b.North = mid.Lat
			}
			even = !even
		}
	}
	return b
}

func halfDiagonal(b Bounds) float64 {
	return Distance(b.Centre(), Point{Lon: b.West, Lat: b.South})
}
