package geo

import (
	"regexp"
	"strings"
)

const (
	plusDigits    = "23456789CFGHJMPQRVWX"
	geohashDigits = "0123456789bcdefghjkmnpqrstuvwxyz"
)

var (
	plusPat    = regexp.MustCompile(`(?i)[` + plusDigits + `]{4,8}0{0,4}\+[` + plusDigits + `]{0,7}`)
	geohashPat = regexp.MustCompile(`(?i)geohash:\s?([` + geohashDigits + `]{3,12})`)
)

// readPlusCodes reads full open location codes. Short ones ("PR6C+5P Nairobi")
// need a place to be completed from and are left to the gazetteer.
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

// readGeohashes reads geohashes announced as such: without the prefix half of
// all short words would be one.
func readGeohashes(s *scan) {
	for _, m := range geohashPat.FindAllStringSubmatchIndex(s.text.s, -1) {
		if !s.free(m[0], m[1]) || wordBefore(s.text.s, m[0]) || numberAfter(s.text.s, m[1]) {
			continue
		}
		b := decodeGeohash(s.text.s[m[2]:m[3]])
		s.add(m[0], m[1], Found{Point: b.Centre(), UncertaintyM: halfDiagonal(b),
			Method: MethodGeohash, Certain: true, Why: "a geohash"})
	}
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
