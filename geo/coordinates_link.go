package geo

import (
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

var (
	linkPat   = regexp.MustCompile(`(?i)(?:[a-z][a-z0-9+.-]{1,20}://|www\.|geo:|google\.navigation:|maps\.|goo\.gl/|[a-z0-9-]+\.(?:com|org|net|app|codes)/)[^\s<>"]+`)
	linkPair  = regexp.MustCompile(`^(?:loc:|ll\.)?\s*([+-]?\d{1,3}(?:\.\d+)?)\s*[,~ +]\s*([+-]?\d{1,3}(?:\.\d+)?)(?:[,(\s].*)?$`)
	pinPat    = regexp.MustCompile(`!3d([+-]?\d{1,3}(?:\.\d+)?)!4d([+-]?\d{1,3}(?:\.\d+)?)`)
	embedPat  = regexp.MustCompile(`!2d([+-]?\d{1,3}(?:\.\d+)?)!3d([+-]?\d{1,3}(?:\.\d+)?)`)
	stopPat   = regexp.MustCompile(`!2m2!1d([+-]?\d{1,3}(?:\.\d+)?)!2d([+-]?\d{1,3}(?:\.\d+)?)`)
	anglePath = regexp.MustCompile(`/(?:place|search|dir/)/([^/@]+)`)
	viewPat   = regexp.MustCompile(`/@([+-]?\d{1,3}(?:\.\d+)?),([+-]?\d{1,3}(?:\.\d+)?)(?:,(\d+(?:\.\d+)?)([zm]))?`)
	pathPat   = regexp.MustCompile(`/(?:place|search|dir/|l|p)/([+-]?\d{1,3}\.\d+),\s*\+?([+-]?\d{1,3}\.\d+)`)
	osmPat    = regexp.MustCompile(`(?:^|&)map=(\d{1,2}(?:\.\d+)?)/([+-]?\d{1,3}(?:\.\d+)?)/([+-]?\d{1,3}(?:\.\d+)?)`)
	mapHost   = regexp.MustCompile(`(?i)(^|\.)(google\.[a-z.]+|goo\.gl|openstreetmap\.org|osm\.org|apple\.com|waze\.com|bing\.com|here\.com|osmand\.net|omaps\.app|organicmaps\.app|mapy\.cz|petalmaps\.com|yandex\.[a-z.]+|2gis\.[a-z]+)$`)
	lonFirst  = regexp.MustCompile(`(?i)(^|\.)(yandex\.[a-z.]+|2gis\.[a-z]+)$`)
	pairNames = []string{"q", "query", "destination", "daddr", "ll", "to", "coordinate", "sll", "center", "cp", "pt", "saddr", "viewpoint", "text"}
)

// readLinks reads geo: URIs and links to maps, and claims every other link, so
// that the numbers in a newspaper's address are never taken for a place.
func readLinks(s *scan) {
	for _, m := range linkPat.FindAllStringIndex(s.text.s, -1) {
		start, end := m[0], m[1]
		if wordBefore(s.text.s, start) {
			continue
		}
		raw := strings.TrimRight(s.text.s[start:end], ".,;:!?)]}'")
		end = start + len(raw)
		f, ok := parseLink(raw)
		if !ok {
			s.claim(start, end)
			continue
		}
		s.add(start, end, f)
	}
}

func parseLink(raw string) (Found, bool) {
	if len(raw) >= 4 && strings.EqualFold(raw[:4], "geo:") {
		return parseGeoURI(raw[4:])
	}
	if _, rest, ok := strings.Cut(raw, "google.navigation:"); ok {
		raw = "https://maps.google.com/?" + rest
	}
	if !strings.Contains(raw, "://") {
		raw = "https://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil {
		return Found{}, false
	}
	f := Found{Method: MethodMapLink, Certain: true}
	query := u.Query()
	if p, unit, ok := namedPair(query, "mlat", "mlon"); ok {
		return finishLink(f, p, unit, "the marker of a map link")
	}
	for _, lon := range []string{"lon", "lng", "long"} {
		if p, unit, ok := namedPair(query, "lat", lon); ok {
			return finishLink(f, p, unit, "latitude and longitude of a link")
		}
	}
	if f, ok := parseCodeLink(u); ok {
		return f, true
	}
	if u.Scheme != "waze" && u.Scheme != "comgooglemaps" && !mapHost.MatchString(u.Hostname()) {
		return Found{}, false
	}
	return parseMapLink(f, u, query)
}

func parseMapLink(f Found, u *url.URL, query url.Values) (Found, bool) {
	path, err := url.PathUnescape(u.EscapedPath())
	if err != nil {
		path = u.Path
	}
	if pins := pinPat.FindAllStringSubmatch(path+u.RawQuery, -1); pins != nil {
		pin := pins[len(pins)-1]
		if p, unit, ok := pointOf(pin[1], pin[2]); ok {
			return finishLink(f, p, unit, "the pin of a map link")
		}
	}
	for _, form := range []*regexp.Regexp{embedPat, stopPat} {
		if pins := form.FindAllStringSubmatch(path+u.RawQuery, -1); pins != nil {
			pin := pins[len(pins)-1]
			if p, unit, ok := pointOf(pin[2], pin[1]); ok {
				return finishLink(f, p, unit, "the last point of a map link")
			}
		}
	}
	for _, name := range pairNames {
		m := linkPair.FindStringSubmatch(query.Get(name))
		if m == nil {
			continue
		}
		if lonFirst.MatchString(u.Hostname()) && (name == "ll" || name == "pt") {
			m[1], m[2] = m[2], m[1]
		}
		if p, unit, ok := pointOf(m[1], m[2]); ok {
			return finishLink(f, p, unit, "the point of a map link")
		}
	}
	if m := pathPat.FindStringSubmatch(path); m != nil {
		if p, unit, ok := pointOf(m[1], m[2]); ok {
			return finishLink(f, p, unit, "the point of a map link")
		}
	}
	if m := anglePath.FindStringSubmatch(path); m != nil {
		inner := &scan{text: foldText(strings.ReplaceAll(m[1], "+", " "))}
		readPlusCodes(inner)
		readDegrees(inner)
		if len(inner.found) == 1 {
			return finishLink(f, inner.found[0].Point, inner.found[0].UncertaintyM, "the point of a map link")
		}
	}
	if m := viewPat.FindStringSubmatch(path); m != nil {
		if p, unit, ok := pointOf(m[1], m[2]); ok {
			return finishLink(f, p, math.Max(unit, viewMetres(m[3], m[4])), "the middle of a map view, not a marked point")
		}
	}
	if m := osmPat.FindStringSubmatch(u.Fragment); m != nil {
		if p, unit, ok := pointOf(m[2], m[3]); ok {
			return finishLink(f, p, math.Max(unit, viewMetres(m[1], "z")), "the middle of a map view, not a marked point")
		}
	}
	return Found{}, false
}

// parseGeoURI reads RFC 5870 and Android's geo:0,0?q=lat,lon(label). Other
// coordinate systems than WGS 84 are refused.
func parseGeoURI(rest string) (Found, bool) {
	body, query, _ := strings.Cut(rest, "?")
	parts := strings.Split(body, ";")
	f := Found{Method: MethodGeoURI, Certain: true}
	extra := 0.0
	for _, param := range parts[1:] {
		name, value, _ := strings.Cut(param, "=")
		switch strings.ToLower(name) {
		case "crs":
			if !strings.EqualFold(value, "wgs84") {
				return Found{}, false
			}
		case "u":
			if v, err := strconv.ParseFloat(value, 64); err == nil && v >= 0 && v <= math.Pi*EarthRadius {
				extra = v
			}
		}
	}
	if values, err := url.ParseQuery(query); err == nil {
		if m := linkPair.FindStringSubmatch(values.Get("q")); m != nil {
			if p, unit, ok := pointOf(m[1], m[2]); ok {
				return finishLink(f, p, math.Max(unit, extra), "the point of a geo: URI")
			}
		}
	}
	numbers := strings.Split(parts[0], ",")
	if len(numbers) < 2 || len(numbers) > 3 {
		return Found{}, false
	}
	p, unit, ok := pointOf(numbers[0], numbers[1])
	if !ok {
		return Found{}, false
	}
	return finishLink(f, p, math.Max(unit, extra), "a geo: URI")
}

func finishLink(f Found, p Point, uncertaintyM float64, why string) (Found, bool) {
	f.Point, f.UncertaintyM, f.Why = p, uncertaintyM, why
	return f, true
}

func namedPair(query url.Values, lat, lon string) (Point, float64, bool) {
	return pointOf(query.Get(lat), query.Get(lon))
}

// pointOf reads latitude and longitude in degrees. Nobody is at 0,0: it is
// what broken phones send.
func pointOf(lat, lon string) (Point, float64, bool) {
	if !plainNumber(lat) || !plainNumber(lon) {
		return Point{}, 0, false
	}
	a, okA := number(lat)
	b, okB := number(lon)
	p := Point{Lon: b.value, Lat: a.value}
	ok := okA && okB && p.Valid() && (a.value != 0 || b.value != 0)
	return p, unitMetres(a, b), ok
}

func plainNumber(s string) bool {
	digits := 0
	for i := 0; i < len(s); i++ {
		switch {
		case isDigit(s[i]):
			digits++
		case s[i] == '.' || (s[i] == '-' || s[i] == '+') && i == 0:
		default:
			return false
		}
	}
	return digits > 0
}

// viewMetres is half the width of what the sender saw: one tile of 256 pixels
// at a zoom, or the height in metres that Google writes for aerial views.
func viewMetres(value, kind string) float64 {
	v, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return 1000
	}
	if kind == "m" {
		return math.Min(v/2, 1_000_000)
	}
	return tileMetres(v)
}

// tileMetres is the width of one map tile on the equator.
func tileMetres(zoom float64) float64 {
	return 2 * math.Pi * EarthRadius / math.Exp2(math.Min(zoom, 22))
}
