package geo

import (
	"regexp"
	"strings"
)

// One angle is degrees, optionally minutes and seconds. Groups: sign, degrees,
// what follows the degrees, minutes, seconds, a lone degree sign.
const (
	hemisphere = `(north|south|east|west|nord|norte|sud|sur|sul|este|est|ouest|oeste|leste|с\.? ?ш\.?|ю\.? ?ш\.?|в\.? ?д\.?|з\.? ?д\.?|شمالا?|جنوبا?|شرقا?|غربا?|北纬|南纬|东经|西经|北緯|南緯|東経|西経|[nsewo])`
	degreeMark = `\s*(?:°|degrees?|deg\.?|度|d)`
	angleCore  = `([+-]?)(\d{1,3}(?:[.,]\d+)?)(?:` +
		`(` + degreeMark + `|\s*:|\s)\s*(\d{1,2}(?:[.,]\d+)?)(?:` +
		`(?:\s*(?:'|min\.?|m|分)|\s*:|\s)\s*(\d{1,2}(?:[.,]\d+)?)(?:\s*(?:''|"|sec\.?|s|秒))?` +
		`|\s*(?:'|min\.?|m|分))?` +
		`|(` + degreeMark + `))?`
)

// Compiled once and never changed.
var (
	compactPat    = regexp.MustCompile(`(\d{2})(\d{2})(\d{2})?([NS])[ /]?(\d{3})(\d{2})(\d{2})?([EW])`)
	anglePrefixed = regexp.MustCompile(`^(?i)` + hemisphere + `[\s:.]*` + angleCore)
	angleSuffixed = regexp.MustCompile(`^(?i)` + angleCore + `\s*` + hemisphere)
	angleMarked   = regexp.MustCompile(`^(?i)` + angleCore)
	angleStart    = regexp.MustCompile(`(?i)(?:` + hemisphere + `[\s:.]*)?[+-]?\d`)
	angleBetween  = regexp.MustCompile(`^(?i)(?:\s*[,;/&|]\s*|\s+(?:and|et|y|e|и|و)\s+|\s*)`)

	hemispheres = map[string]struct {
		isLon bool
		sign  float64
	}{
		"n": {false, 1}, "north": {false, 1}, "nord": {false, 1}, "norte": {false, 1}, "сш": {false, 1},
		"شمال": {false, 1}, "شمالا": {false, 1}, "北纬": {false, 1}, "北緯": {false, 1},
		"s": {false, -1}, "south": {false, -1}, "sud": {false, -1}, "sur": {false, -1}, "sul": {false, -1}, "юш": {false, -1},
		"جنوب": {false, -1}, "جنوبا": {false, -1}, "南纬": {false, -1}, "南緯": {false, -1},
		"e": {true, 1}, "east": {true, 1}, "est": {true, 1}, "este": {true, 1}, "leste": {true, 1}, "вд": {true, 1},
		"شرق": {true, 1}, "شرقا": {true, 1}, "东经": {true, 1}, "東経": {true, 1},
		"w": {true, -1}, "west": {true, -1}, "ouest": {true, -1}, "oeste": {true, -1}, "o": {true, -1}, "зд": {true, -1},
		"غرب": {true, -1}, "غربا": {true, -1}, "西经": {true, -1}, "西経": {true, -1},
	}
)

// angle is one half of a pair as written.
type angle struct {
	coordinate
	side   string // folded hemisphere, or empty
	marked bool   // a degree sign was written
	ok     bool   // its parts fit together
}

// readCompact reads what pilots and sailors write: 0117S03649E, 011731S 0364919E.
func readCompact(s *scan) {
	for _, m := range compactPat.FindAllStringSubmatchIndex(s.text.s, maxFound) {
		g := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return s.text.s[m[2*i]:m[2*i+1]]
		}
		if !s.free(m[0], m[1]) || wordBefore(s.text.s, m[0]) || numberBefore(s.text.s, m[0]) || numberAfter(s.text.s, m[1]) || (g(3) == "") != (g(7) == "") {
			continue
		}
		lat := makeAngle([]string{"", g(1), "d", g(2), g(3), ""}, g(4))
		lon := makeAngle([]string{"", g(5), "d", g(6), g(7), ""}, g(8))
		if f, ok := placeOfAngles(lat, lon); ok {
			s.add(m[0], m[1], f)
		}
	}
}

// readDegrees reads pairs of angles that both have a hemisphere, before or
// behind them, or both a degree sign. A pair that names no place is claimed all
// the same: its tail must not be read as something else.
func readDegrees(s *scan) {
	text := s.text.s
	for pos := 0; pos < len(text); {
		m := angleStart.FindStringIndex(text[pos:])
		if m == nil {
			return
		}
		start := pos + m[0]
		pos = start + 1
		if numberBefore(text, start) || wordBefore(text, start) {
			continue
		}
		a, b, end, ok := anglePairAt(text, start)
		if !ok || !s.free(start, end) {
			continue
		}
		pos = end
		if f, ok := placeOfAngles(a, b); ok {
			s.add(start, end, f)
		} else {
			s.claim(start, end)
		}
	}
}

func anglePairAt(text string, start int) (a, b angle, end int, ok bool) {
	for _, read := range []func(string) (angle, int){prefixedAngle, suffixedAngle, markedAngle} {
		first, n := read(text[start:])
		if n == 0 {
			continue
		}
		end = start + n
		end += angleBetween.FindStringIndex(text[end:])[1]
		second, n := read(text[end:])
		if n == 0 || numberAfter(text, end+n) {
			continue
		}
		return first, second, end + n, true
	}
	return angle{}, angle{}, 0, false
}

func prefixedAngle(text string) (angle, int) {
	m := anglePrefixed.FindStringSubmatch(text)
	if m == nil {
		return angle{}, 0
	}
	return makeAngle(m[2:], m[1]), len(m[0])
}

func suffixedAngle(text string) (angle, int) {
	m := angleSuffixed.FindStringSubmatch(text)
	if m == nil || len(m[0]) < len(text) && isLetter(m[0][len(m[0])-1]) && isLetter(text[len(m[0])]) {
		return angle{}, 0
	}
	return makeAngle(m[1:7], m[7]), len(m[0])
}

func markedAngle(text string) (angle, int) {
	m := angleMarked.FindStringSubmatch(text)
	if m == nil {
		return angle{}, 0
	}
	if a := makeAngle(m[1:], ""); a.marked {
		return a, len(m[0])
	}
	return angle{}, 0
}

// makeAngle puts the groups of angleCore together. A minus sign together with a
// hemisphere has no agreed meaning, and degrees alone, without decimals or
// degree sign, are a street corner as often as a place ("12 N 13 E").
func makeAngle(g []string, side string) angle {
	sign, deg, follows, minutes, seconds, lone := g[0], g[1], g[2], g[3], g[4], g[5]
	a := angle{side: strings.NewReplacer(".", "", " ", "").Replace(strings.ToLower(side))}
	a.marked = lone != "" || strings.Trim(follows, ": ") != ""
	a.coordinate, a.ok = number(deg)
	for i, part := range []string{minutes, seconds} {
		if part == "" {
			break
		}
		sub, ok := number(part)
		whole := a.unit == 1 || i == 1 && a.unit == 1.0/60
		if !ok || !whole || sub.value >= 60 { // only the last part may have decimals
			a.ok = false
			break
		}
		scale := []float64{60, 3600}[i]
		a.value += sub.value / scale
		a.unit = sub.unit / scale
	}
	if a.unit == 1 && !a.marked || sign == "-" && a.side != "" {
		a.ok = false
	}
	if sign == "-" {
		a.value = -a.value
	}
	return a
}

func placeOfAngles(a, b angle) (Found, bool) {
	f := Found{Method: MethodDegrees, UncertaintyM: unitMetres(a.coordinate, b.coordinate), Certain: true}
	if !a.ok || !b.ok {
		return f, false
	}
	if a.side == "" {
		f.Why = "degrees without hemispheres, read as latitude, longitude"
		f.Point = Point{Lon: b.value, Lat: a.value}
		if !f.Point.Valid() {
			f.Point = Point{Lon: a.value, Lat: b.value}
			f.Certain = false
			f.Why = "degrees without hemispheres, read as longitude, latitude: the other order is not on Earth"
		}
		return f, f.Point.Valid() && (a.value != 0 || b.value != 0)
	}
	f.Why = "degrees with hemispheres"
	if a.side == "o" || b.side == "o" {
		f.Certain = false
		f.Why += "; O is read as west (ouest, oeste), in German it would be east"
	}
	ha, hb := hemispheres[a.side], hemispheres[b.side]
	if ha.isLon == hb.isLon {
		return f, false
	}
	if ha.isLon {
		a, b, ha, hb = b, a, hb, ha
	}
	f.Point = Point{Lon: hb.sign * b.value, Lat: ha.sign * a.value}
	return f, f.Point.Valid()
}
