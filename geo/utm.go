package geo

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// WGS 84 and the Universal Transverse Mercator grid.
const (
	wgs84A     = 6378137.0
	wgs84F     = 1 / 298.257223563
	utmScale   = 0.9996
	bandNames  = "CDEFGHJKLMNPQRSTUVWX"
	mgrsCols   = "ABCDEFGHJKLMNPQRSTUVWXYZ"
	mgrsRows   = "ABCDEFGHJKLMNPQRSTUV"
	mgrsMonths = "JAN FEB MAR APR MAY JUN JUL AUG SEP DEC"
)

var (
	mgrsPat = regexp.MustCompile(`(?i)(\d{1,2})(\s?)([C-HJ-NP-X])(\s?)([A-HJ-NP-Z][A-HJ-NP-V])\s?(\d{1,5}\s\d{1,5}|\d{4,10})`)
	utmPat  = regexp.MustCompile(`(?i)(?:utm[:\s]*)?(?:zone\s*)?(\d{1,2})\s?(north|south|[c-hj-np-x])[\s,;:]+(?:e[:=\s]*)?(\d{6}(?:\.\d+)?)\s?(?:m\s?)?(?:e\b)?[\s,;/]+(?:n[:=\s]*)?(\d{5,8}(?:\.\d+)?)(?:\s?(?:m\s?)?n\b)?`)
)

// readMGRS reads military grid references of 1 km or finer.
func readMGRS(s *scan) {
	for _, m := range mgrsPat.FindAllStringSubmatchIndex(s.text.s, maxFound) {
		g := func(i int) string { return s.text.s[m[2*i]:m[2*i+1]] }
		if !s.free(m[0], m[1]) || wordBefore(s.text.s, m[0]) || numberBefore(s.text.s, m[0]) || numberAfter(s.text.s, m[1]) {
			continue
		}
		band, square := strings.ToUpper(g(3)), strings.ToUpper(g(5))
		// 15MAR2024 is a day, and small letters are a word unless much follows.
		small := band != g(3) || square != g(5)
		if strings.Contains(mgrsMonths, band+square) && g(4) == "" || small && (len(g(6)) < 8 || g(2)+g(4) != "") {
			continue
		}
		p, step, ok := decodeMGRS(g(1), band, square, g(6))
		if !ok {
			continue
		}
		s.add(m[0], m[1], Found{Point: p, UncertaintyM: step, Method: MethodMGRS,
			Certain: true, Why: "a military grid reference (MGRS)"})
	}
}

func decodeMGRS(zoneText, band, square, digits string) (Point, float64, bool) {
	zone, err := strconv.Atoi(zoneText)
	if err != nil || zone < 1 || zone > 60 {
		return Point{}, 0, false
	}
	east, north, found := strings.Cut(digits, " ")
	if !found {
		if len(digits)%2 != 0 {
			return Point{}, 0, false
		}
		east, north = digits[:len(digits)/2], digits[len(digits)/2:]
	}
	if len(east) != len(north) || len(east) < 2 {
		return Point{}, 0, false
	}
	step := math.Pow(10, float64(5-len(east)))
	e, errE := strconv.Atoi(east)
	n, errN := strconv.Atoi(north)
	col := strings.IndexByte(mgrsCols, square[0]) - (zone-1)%3*8
	if errE != nil || errN != nil || col < 0 || col > 7 {
		return Point{}, 0, false
	}
	row := strings.IndexByte(mgrsRows, square[1])
	if zone%2 == 0 {
		row = (row + 15) % 20 // even zones begin with F
	}
	// The middle of the square that the digits name.
	easting := float64(col+1)*100_000 + (float64(e)+0.5)*step
	northing := float64(row)*100_000 + (float64(n)+0.5)*step
	south := band[0] < 'N'
	for ; northing < 10_000_000; northing += 2_000_000 {
		if p := utmPoint(zone, south, easting, northing); p.Valid() && inBand(p, band[0], 0.5) {
			return p, step, true
		}
	}
	return Point{}, 0, false
}

// readUTM reads zone, easting and northing. The letter may be a latitude band
// or a hemisphere; the northing mostly tells which.
func readUTM(s *scan) {
	for _, m := range utmPat.FindAllStringSubmatchIndex(s.text.s, maxFound) {
		g := func(i int) string { return s.text.s[m[2*i]:m[2*i+1]] }
		if !s.free(m[0], m[1]) || wordBefore(s.text.s, m[0]) || numberBefore(s.text.s, m[0]) || numberAfter(s.text.s, m[1]) {
			continue
		}
		zone, errZ := strconv.Atoi(g(1))
		easting, okE := number(g(3))
		northing, okN := number(g(4))
		if errZ != nil || zone < 1 || zone > 60 || !okE || !okN || easting.value < 100_000 || northing.value > 10_000_000 {
			continue
		}
		f, ok := decodeUTM(zone, strings.ToUpper(g(2)), easting.value, northing.value)
		if !ok {
			continue
		}
		f.UncertaintyM = math.Max(easting.unit, northing.unit)
		s.add(m[0], m[1], f)
	}
}

func decodeUTM(zone int, letter string, easting, northing float64) (Found, bool) {
	f := Found{Method: MethodUTM, Certain: true, Why: "UTM zone, easting and northing"}
	if len(letter) == 1 {
		f.Point = utmPoint(zone, letter < "N", easting, northing)
		if f.Point.Valid() && inBand(f.Point, letter[0], 0.5) {
			if letter == "S" {
				f.Certain = false
				f.Why += "; S is read as the latitude band, not as south"
			}
			return f, true
		}
		if letter != "N" && letter != "S" {
			return Found{}, false
		}
	}
	f.Point = utmPoint(zone, letter[0] == 'S', easting, northing)
	f.Why += " with its hemisphere"
	return f, f.Point.Valid() && f.Point.Lat >= -80 && f.Point.Lat <= 84
}

// inBand reports whether p lies in the latitude band, with some degrees of
// slack for squares that straddle its edge.
func inBand(p Point, band byte, slack float64) bool {
	i := strings.IndexByte(bandNames, band)
	low := float64(i)*8 - 80
	high := low + 8
	if band == 'X' {
		high = 84
	}
	return i >= 0 && p.Lat >= low-slack && p.Lat <= high+slack
}

// utmPoint inverts the transverse Mercator projection by Krüger's series in the
// third flattening, exact to well under a millimetre within a zone.
func utmPoint(zone int, south bool, easting, northing float64) Point {
	if south {
		northing -= 10_000_000
	}
	n := wgs84F / (2 - wgs84F)
	n2, n3 := n*n, n*n*n
	radius := wgs84A / (1 + n) * (1 + n2/4 + n2*n2/64)
	xi := northing / (utmScale * radius)
	eta := (easting - 500_000) / (utmScale * radius)
	xp, ep := xi, eta
	for j, beta := range [3]float64{n/2 - 2*n2/3 + 37*n3/96, n2/48 + n3/15, 17 * n3 / 480} {
		k := 2 * float64(j+1)
		xp -= beta * math.Sin(k*xi) * math.Cosh(k*eta)
		ep -= beta * math.Cos(k*xi) * math.Sinh(k*eta)
	}
	chi := math.Asin(math.Sin(xp) / math.Cosh(ep))
	lat := chi
	for j, delta := range [3]float64{2*n - 2*n2/3 - 2*n3, 7*n2/3 - 8*n3/5, 56 * n3 / 15} {
		lat += delta * math.Sin(2*float64(j+1)*chi)
	}
	lon := float64(zone*6-183) + degrees(math.Atan2(math.Sinh(ep), math.Cos(xp)))
	return Point{Lon: WrapLon(lon), Lat: degrees(lat)}
}
