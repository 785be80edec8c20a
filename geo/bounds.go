package geo

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ErrInvalidBounds is returned, wrapped, for bounds that cannot be read.
var ErrInvalidBounds = errors.New("bounds are not west,south,east,north")

// Bounds is a box along meridians and parallels, its edges included. West
// greater than East means that the box crosses the 180° meridian.
type Bounds struct {
	West  float64 `json:"west"`
	South float64 `json:"south"`
	East  float64 `json:"east"`
	North float64 `json:"north"`
}

// World is the box that contains every valid point.
func World() Bounds { return Bounds{West: -180, South: -90, East: 180, North: 90} }

// ParseBounds reads "west,south,east,north" in degrees, as in the bbox
// parameter of the HTTP interface. Longitudes must lie in [-180,180], latitudes
// in [-90,90], south must not exceed north. Errors wrap ErrInvalidBounds and
// say which edge is wrong; they never repeat the input.
func ParseBounds(s string) (Bounds, error) {
	parts := strings.Split(s, ",")
	if len(parts) != 4 {
		return Bounds{}, fmt.Errorf("%w: want 4 numbers, got %d", ErrInvalidBounds, len(parts))
	}
	var edge [4]float64
	for i, name := range [4]string{"west", "south", "east", "north"} {
		text := strings.TrimSpace(parts[i])
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || strings.ContainsAny(text, "xXpP_") {
			return Bounds{}, fmt.Errorf("%w: %s is not a finite decimal number", ErrInvalidBounds, name)
		}
		edge[i] = v + 0 // -0 becomes 0
	}
	b := Bounds{West: edge[0], South: edge[1], East: edge[2], North: edge[3]}
	return b, b.Check()
}

// Check says what is wrong with the bounds, or nil. Errors wrap
// ErrInvalidBounds and name the edge.
func (b Bounds) Check() error {
	inLon := func(v float64) bool { return v >= -180 && v <= 180 }
	inLat := func(v float64) bool { return v >= -90 && v <= 90 }
	switch {
	case !inLon(b.West):
		return fmt.Errorf("%w: west must be between -180 and 180", ErrInvalidBounds)
	case !inLat(b.South):
		return fmt.Errorf("%w: south must be between -90 and 90", ErrInvalidBounds)
	case !inLon(b.East):
		return fmt.Errorf("%w: east must be between -180 and 180", ErrInvalidBounds)
	case !inLat(b.North):
		return fmt.Errorf("%w: north must be between -90 and 90", ErrInvalidBounds)
	case b.South > b.North:
		return fmt.Errorf("%w: south is greater than north", ErrInvalidBounds)
	}
	return nil
}

// String is what ParseBounds reads back to the same bounds.
func (b Bounds) String() string {
	f := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	return f(b.West) + "," + f(b.South) + "," + f(b.East) + "," + f(b.North)
}

// CrossesAntimeridian reports whether the box crosses the 180° meridian.
func (b Bounds) CrossesAntimeridian() bool { return b.West > b.East }

// Contains reports whether p lies in the box or on its edge. Longitude 180 and
// -180 are the same meridian.
func (b Bounds) Contains(p Point) bool {
	if !(p.Lat >= b.South && p.Lat <= b.North) {
		return false
	}
	if b.containsLon(p.Lon) {
		return true
	}
	return math.Abs(p.Lon) == 180 && b.containsLon(-p.Lon)
}

func (b Bounds) containsLon(lon float64) bool {
	if b.CrossesAntimeridian() {
		return lon >= b.West && lon <= 180 || lon <= b.East && lon >= -180
	}
	return lon >= b.West && lon <= b.East
}

// Intersects reports whether the two boxes share at least one point.
func (b Bounds) Intersects(o Bounds) bool {
	if b.South > o.North || o.South > b.North {
		return false
	}
	at := func(b Bounds, lon float64) bool { return b.Contains(Point{Lon: lon, Lat: b.South}) }
	return at(b, o.West) || at(b, o.East) || at(o, b.West) || at(o, b.East)
}

// Centre is the point in the middle of the box.
func (b Bounds) Centre() Point {
	return Point{Lon: WrapLon(b.West + b.width()/2), Lat: (b.South + b.North) / 2}
}

// width is the extent in longitude, in [0,360].
func (b Bounds) width() float64 {
	if b.CrossesAntimeridian() {
		return b.East - b.West + 360
	}
	return b.East - b.West
}

// Pad grows the box by the given metres (not negative) on every side, enough
// for every point within that distance of the box to be inside. A box that
// reaches a pole takes in all longitudes.
func (b Bounds) Pad(metres float64) Bounds {
	dLat := metres / MetresPerDegree
	out := Bounds{South: math.Max(-90, b.South-dLat), North: math.Min(90, b.North+dLat)}
	out.West, out.East = -180, 180
	if out.South <= -90 || out.North >= 90 {
		return out
	}
	// The widest reach in longitude of a circle is asin(sin d / cos lat), at
	// the corner nearest to a pole.
	cosLat := math.Cos(radians(math.Max(math.Abs(b.South), math.Abs(b.North))))
	ratio := math.Sin(metres/EarthRadius) / cosLat
	if ratio >= 1 || metres/EarthRadius >= math.Pi/2 {
		return out
	}
	dLon := degrees(math.Asin(ratio))
	if b.width()+2*dLon >= 360 {
		return out
	}
	out.West, out.East = WrapLon(b.West-dLon), WrapLon(b.East+dLon)
	return out
}
