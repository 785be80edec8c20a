package geo

import (
	"regexp"
	"strings"
)

// Compiled once and never changed.
var (
	bareNumber = `([+-]?\d{1,3}(?:\.\d+|,\d{4,}))`
	barePair   = regexp.MustCompile(bareNumber + `(\s*[,;/]\s*|\s+)` + bareNumber)
	labelLat   = `(?:latitude|latitud|lat)`
	labelLon   = `(?:longitude|longitud|long|lon|lng)`
	labelSep   = `\.?["']?\s*[:=]?\s*["']?`
	labelNum   = `([+-]?\d{1,3}(?:[.,]\d+)?)`
	latLon     = regexp.MustCompile(`(?i)` + labelLat + labelSep + labelNum + `°?["']?[\s,;&/]*(?:and )?["']?` + labelLon + labelSep + labelNum)
	lonLat     = regexp.MustCompile(`(?i)` + labelLon + labelSep + labelNum + `°?["']?[\s,;&/]*(?:and )?["']?` + labelLat + labelSep + labelNum)
	cueBefore  = regexp.MustCompile(`(?i)(gps|coords?|coordinates?|coordonn[ée]es|coordenadas|location|position|pin|lat[ ,/]*lo?ng?|точка|координаты|موقع|إحداثيات)[^0-9\n]{0,12}$`)
	notAPlace  = regexp.MustCompile(`(?i)^\s?(%|°\s?[cf]\b|°c|℃|km\b|kms\b|m\b|mm\b|cm\b|kg\b|usd\b|eur\b|kes\b|ksh\b|gbp\b|htg\b|inr\b|rs\b|am\b|pm\b|h\b|hrs\b|uhr\b|million|mio\b|[$€£¥₦₹])`)
	priceBare  = regexp.MustCompile(`(?i)([$€£¥₦₹#]|\b(usd|eur|kes|ksh|gbp|htg|inr|rs|v|ver|version|tel|phone|call|price|cost|ip)\.?:?)\s?$`)
)

// readLabelled reads "lat -1.2921 lon 36.8219" in either order.
func readLabelled(s *scan) {
	for _, form := range []struct {
		re       *regexp.Regexp
		latFirst bool
	}{{latLon, true}, {lonLat, false}} {
		for _, m := range form.re.FindAllStringSubmatchIndex(s.text.s, maxFound) {
			if !s.free(m[0], m[1]) || wordBefore(s.text.s, m[0]) || numberAfter(s.text.s, m[1]) {
				continue
			}
			a, okA := number(s.text.s[m[2]:m[3]])
			b, okB := number(s.text.s[m[4]:m[5]])
			if !okA || !okB {
				continue
			}
			if !form.latFirst {
				a, b = b, a
			}
			if a.value == 0 && b.value == 0 {
				s.claim(m[0], m[1])
				continue
			}
			s.add(m[0], m[1], Found{
				Point: Point{Lon: b.value, Lat: a.value}, UncertaintyM: unitMetres(a, b),
				Method: MethodDecimal, Certain: true, Why: "decimal degrees with latitude and longitude named",
			})
		}
	}
}

// readDecimals reads bare pairs, the notation most easily confused with
// ordinary numbers, and therefore the strictest.
func readDecimals(s *scan) {
	text := s.text.s
	for pos := 0; pos < len(text); {
		m := barePair.FindStringSubmatchIndex(text[pos:])
		if m == nil {
			return
		}
		for i := range m {
			m[i] += pos
		}
		if f, ok := decimalPair(text, m); ok && s.free(m[0], m[1]) {
			s.add(m[0], m[1], f)
			pos = m[1]
			continue
		}
		// The second number may begin a pair of its own.
		pos = max(m[3], pos+1)
	}
}

func decimalPair(text string, m []int) (Found, bool) {
	first, sep, second := text[m[2]:m[3]], text[m[4]:m[5]], text[m[6]:m[7]]
	if numberBefore(text, m[0]) || numberAfter(text, m[1]) || wordBefore(text, m[0]) ||
		priceBare.MatchString(lastBytes(text[:m[0]], 12)) || notAPlace.MatchString(text[m[1]:]) {
		return Found{}, false
	}
	// One decimal mark for both, and 1,2345,6,7890 has no reading.
	comma := strings.Contains(first, ",")
	if comma != strings.Contains(second, ",") || comma && sep == "," {
		return Found{}, false
	}
	a, okA := number(first)
	b, okB := number(second)
	if !okA || !okB || negativeZero(first, a) || negativeZero(second, b) || a.value == 0 && b.value == 0 {
		return Found{}, false
	}
	if !preciseEnough(text, m, first, sep, second) {
		return Found{}, false
	}
	f := Found{
		Point: Point{Lon: b.value, Lat: a.value}, UncertaintyM: unitMetres(a, b),
		Method: MethodDecimal, Certain: true, Why: "decimal degrees, read as latitude, longitude",
	}
	if !f.Point.Valid() {
		f.Point = Point{Lon: a.value, Lat: b.value}
		f.Certain = false
		f.Why = "decimal degrees, read as longitude, latitude: the other order is not on Earth"
	}
	if strings.HasSuffix(text[:m[0]], "- ") {
		f.Certain = false
		f.Why += "; the dash before it is not read as a sign"
	}
	return f, f.Point.Valid()
}

// preciseEnough tells coordinates from prices, times and thousands by the
// digits behind the point: four or more are enough, three when something shows
// that they are no thousands, two only with a sign or a word that announces a
// position.
func preciseEnough(text string, m []int, first, sep, second string) bool {
	da, db := decimals(first), decimals(second)
	least, most := min(da, db), max(da, db)
	cue := cueBefore.MatchString(lastBytes(text[:m[0]], 48))
	signed := first[0] == '-' || second[0] == '-'
	spaceOnly := strings.TrimSpace(sep) == ""
	leadingZero := strings.HasPrefix(strings.TrimLeft(first, "+-"), "0") || strings.HasPrefix(strings.TrimLeft(second, "+-"), "0")
	switch {
	case least >= 4:
		return true
	case least == 3:
		return cue || signed || leadingZero && !spaceOnly || most >= 5
	case least >= 1 && most >= 4:
		return !spaceOnly || cue || signed
	case least == 2:
		return cue || signed && !spaceOnly
	case least == 1:
		return cue
	}
	return false
}

func decimals(text string) int {
	if i := strings.IndexAny(text, ".,"); i >= 0 {
		return len(text) - i - 1
	}
	return 0
}

func negativeZero(text string, c coordinate) bool { return text[0] == '-' && c.value == 0 }

// numberBefore: the match is the tail of a longer number, date or address.
func numberBefore(text string, at int) bool {
	if at == 0 {
		return false
	}
	c := text[at-1]
	if isDigit(c) {
		return true
	}
	return at > 1 && strings.IndexByte(".,:/-+'", c) >= 0 && isDigit(text[at-2])
}

// numberAfter: the match is the head of a longer number, date or address.
func numberAfter(text string, at int) bool {
	if at >= len(text) {
		return false
	}
	c := text[at]
	if isDigit(c) || isLetter(c) {
		return true
	}
	return at+1 < len(text) && strings.IndexByte(".,:/-+'", c) >= 0 && isDigit(text[at+1])
}

func wordBefore(text string, at int) bool { return at > 0 && isLetter(text[at-1]) }

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }

func lastBytes(text string, n int) string {
	if len(text) > n {
		return text[len(text)-n:]
	}
	return text
}
