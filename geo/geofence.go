package geo

import (
	"errors"
	"fmt"
	"math"
)

// ErrInvalidGeofence is returned, wrapped, for rings that enclose no area.
var ErrInvalidGeofence = errors.New("geofence is not a polygon")

// Geofence is an area that somebody watches: one or more rings, read by the
// even-odd rule, so a ring inside another is a hole. It may cross the 180°
// meridian but not enclose a pole. Immutable, safe for concurrent use.
type Geofence struct {
	rings  [][]Point // closed; longitudes unwrapped, so they may leave [-180,180]
	bounds Bounds
}

// NewGeofence builds an area from rings of valid points, closed or not, as in
// the coordinates of a GeoJSON Polygon. Between two corners the edge takes the
// shorter way around the Earth, straight in longitude and latitude. Errors wrap
// ErrInvalidGeofence.
func NewGeofence(rings ...[]Point) (*Geofence, error) {
	if len(rings) == 0 {
		return nil, fmt.Errorf("%w: no ring", ErrInvalidGeofence)
	}
	g := &Geofence{}
	west, east := math.Inf(1), math.Inf(-1)
	south, north := math.Inf(1), math.Inf(-1)
	for i, ring := range rings {
		open, err := unwrapRing(ring)
		if err != nil {
			return nil, fmt.Errorf("ring %d: %w", i+1, err)
		}
		g.rings = append(g.rings, open)
		for _, p := range open {
			west, east = math.Min(west, p.Lon), math.Max(east, p.Lon)
			south, north = math.Min(south, p.Lat), math.Max(north, p.Lat)
		}
	}
	g.bounds = Bounds{West: WrapLon(west), South: south, East: WrapLon(east), North: north}
	if east-west >= 360 {
		g.bounds.West, g.bounds.East = -180, 180
	}
	return g, nil
}

// unwrapRing closes the ring and moves each corner by whole turns until no edge
// spans more than half the Earth.
func unwrapRing(ring []Point) ([]Point, error) {
	if n := len(ring); n > 1 && ring[0] == ring[n-1] {
		ring = ring[:n-1]
	}
	if len(ring) < 3 {
		return nil, fmt.Errorf("%w: fewer than three corners", ErrInvalidGeofence)
	}
	out := make([]Point, 0, len(ring)+1)
	for i := 0; i <= len(ring); i++ {
		p := ring[i%len(ring)]
		if err := p.Check(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalidGeofence, err)
		}
		if i > 0 {
			p.Lon += 360 * math.Round((out[i-1].Lon-p.Lon)/360)
		}
		out = append(out, p)
	}
	if out[0].Lon != out[len(ring)].Lon {
		return nil, fmt.Errorf("%w: it encloses a pole", ErrInvalidGeofence)
	}
	return out, nil
}

// Bounds is the smallest box around the area.
func (g *Geofence) Bounds() Bounds { return g.bounds }

// Contains reports whether p lies in the area or on its edge.
func (g *Geofence) Contains(p Point) bool {
	if !p.Valid() || !g.bounds.Contains(p) {
		return false
	}
	for turn := -360.0; turn <= 360; turn += 360 {
		inside := false
		for _, ring := range g.rings {
			in, edge := ringSide(ring, Point{Lon: p.Lon + turn, Lat: p.Lat})
			if edge {
				return true
			}
			inside = inside != in
		}
		if inside {
			return true
		}
	}
	return false
}

// ringSide shoots a ray to the east and counts the edges it meets.
func ringSide(ring []Point, p Point) (inside, edge bool) {
	for i := 1; i < len(ring); i++ {
		a, b := ring[i-1], ring[i]
		if p.Lat < math.Min(a.Lat, b.Lat) || p.Lat > math.Max(a.Lat, b.Lat) {
			continue
		}
		cross := (b.Lon-a.Lon)*(p.Lat-a.Lat) - (b.Lat-a.Lat)*(p.Lon-a.Lon)
		if cross == 0 && p.Lon >= math.Min(a.Lon, b.Lon) && p.Lon <= math.Max(a.Lon, b.Lon) {
			return true, true
		}
		// Half-open in latitude, so that a corner counts once.
		if (a.Lat > p.Lat) != (b.Lat > p.Lat) && (cross > 0) == (b.Lat > a.Lat) {
			inside = !inside
		}
	}
	return inside, false
}
