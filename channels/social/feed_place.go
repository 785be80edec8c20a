package social

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/mmcdole/gofeed"
	ext "github.com/mmcdole/gofeed/extensions"

	"github.com/onyo-project/onyo/channels"
)

// shape gathers where an entry says it is: one point stays a point, everything
// else is the box around all of it.
type shape struct {
	points [][2]float64 // lon, lat
	radius float64      // metres, of a single circle
	wide   bool         // something in it is no point
	box    *[4]float64  // given as a box: it may cross 180°
	words  []string
}

// entryPlace reads GeoRSS (simple and GML), W3C geo and CAP areas. All but CAP have
// latitude before longitude with a space between, CAP with a comma.
// Source: https://docs.ogc.org/cs/17-002r1/17-002r1.html
func entryPlace(item *gofeed.Item, warning warning) *channels.Location {
	s := &shape{}
	s.georss(item.Extensions["georss"])
	s.gml(item.Extensions["gml"])
	geo := item.Extensions["geo"]
	for _, point := range geo["Point"] {
		s.point(value(point.Children["lat"])+" "+value(point.Children["long"]), 0)
	}
	if len(geo["lat"]) > 0 {
		s.point(value(geo["lat"])+" "+value(geo["long"]), 0)
	}
	placed := len(s.points) > 0 || s.box != nil
	for _, area := range warning.areas {
		s.words = append(s.words, area.words)
		if placed {
			continue // the feed says better where it is than for whom it is
		}
		for _, polygon := range area.polygons {
			s.line(polygon)
		}
		for _, circle := range area.circles {
			place, radius, _ := strings.Cut(strings.TrimSpace(circle), " ")
			km, err := strconv.ParseFloat(strings.TrimSpace(radius), 64)
			if err == nil && km >= 0 {
				s.point(place, km*1000)
			}
		}
	}
	return s.location()
}

func value(elements []ext.Extension) string {
	if len(elements) == 0 {
		return ""
	}
	return elements[0].Value
}

func (s *shape) georss(elements map[string][]ext.Extension) {
	for _, point := range elements["point"] {
		s.point(point.Value, 0)
	}
	for _, box := range elements["box"] {
		s.corners(box.Value)
	}
	for _, name := range []string{"polygon", "line"} {
		for _, one := range elements[name] {
			s.line(one.Value)
		}
	}
	for _, circle := range elements["circle"] {
		numbers, ok := numbersOf(circle.Value)
		if ok && len(numbers) == 3 && numbers[2] >= 0 {
			s.add(numbers[1], numbers[0], numbers[2])
		}
	}
	for _, where := range elements["where"] {
		s.gml(where.Children)
	}
	for _, name := range elements["featurename"] {
		s.words = append(s.words, name.Value)
	}
}

func (s *shape) gml(elements map[string][]ext.Extension) {
	for _, point := range elements["Point"] {
		s.point(value(point.Children["pos"]), 0)
	}
	for _, envelope := range elements["Envelope"] {
		s.corners(value(envelope.Children["lowerCorner"]) + " " + value(envelope.Children["upperCorner"]))
	}
	for _, polygon := range elements["Polygon"] {
		for _, exterior := range polygon.Children["exterior"] {
			for _, ring := range exterior.Children["LinearRing"] {
				s.line(value(ring.Children["posList"]))
			}
		}
	}
	for _, line := range elements["LineString"] {
		s.line(value(line.Children["posList"]))
	}
}

// numbersOf reads numbers with spaces or commas between; all or none.
func numbersOf(text string) (numbers []float64, ok bool) {
	for _, field := range strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == ',' }) {
		number, err := strconv.ParseFloat(field, 64)
		if err != nil || math.IsNaN(number) || math.IsInf(number, 0) || len(numbers) == 20000 {
			return nil, false
		}
		numbers = append(numbers, number)
	}
	return numbers, true
}

func (s *shape) add(lon, lat, radius float64) {
	if math.Abs(lon) <= 180 && math.Abs(lat) <= 90 && radius <= 20_037_508 {
		s.points = append(s.points, [2]float64{lon, lat})
		s.radius = radius
		s.wide = s.wide || len(s.points) > 1
	}
}

func (s *shape) point(text string, radius float64) {
	if numbers, ok := numbersOf(text); ok && len(numbers) == 2 {
		s.add(numbers[1], numbers[0], radius)
	}
}

// line is any row of positions; a position out of range spoils all of it.
func (s *shape) line(text string) {
	numbers, ok := numbersOf(text)
	if !ok || len(numbers) < 4 || len(numbers)%2 != 0 {
		return
	}
	for i := 0; i < len(numbers); i += 2 {
		if math.Abs(numbers[i]) > 90 || math.Abs(numbers[i+1]) > 180 {
			return
		}
	}
	for i := 0; i < len(numbers); i += 2 {
		s.add(numbers[i+1], numbers[i], 0)
	}
	s.wide = true
}

// corners are the lower and the upper one, south-west and north-east.
func (s *shape) corners(text string) {
	numbers, ok := numbersOf(text)
	if !ok || len(numbers) != 4 || math.Abs(numbers[0]) > 90 || math.Abs(numbers[2]) > 90 || math.Abs(numbers[1]) > 180 || math.Abs(numbers[3]) > 180 {
		return
	}
	s.box = &[4]float64{numbers[1], min(numbers[0], numbers[2]), numbers[3], max(numbers[0], numbers[2])}
}

func (s *shape) location() *channels.Location {
	var words []string
	for _, one := range s.words {
		if one = strings.Join(strings.Fields(channels.Clean(one)), " "); one != "" {
			words = append(words, one)
		}
	}
	found := &channels.Location{Words: strings.Join(words, "; ")}
	switch {
	case s.box != nil:
		found.Box = s.box
	case s.wide:
		found.Box = s.bounds()
	case len(s.points) == 1:
		found.Point = &channels.Point{Lon: s.points[0][0], Lat: s.points[0][1], AccuracyM: s.radius}
	case found.Words == "":
		return nil
	}
	return found
}

// bounds is the box around all points. One wider than half the world is taken to
// cross 180°.
func (s *shape) bounds() *[4]float64 {
	first := s.points[0]
	box := [4]float64{first[0], first[1], first[0], first[1]}
	west, east := 180.0, -180.0 // the least of the eastern, the most of the western ones
	for _, p := range s.points {
		box = [4]float64{min(box[0], p[0]), min(box[1], p[1]), max(box[2], p[0]), max(box[3], p[1])}
		if p[0] >= 0 {
			west = min(west, p[0])
		} else {
			east = max(east, p[0])
		}
	}
	if box[2]-box[0] > 180 && west <= 180 && east >= -180 {
		box[0], box[2] = west, east
	}
	return &box
}
