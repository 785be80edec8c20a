package gazetteer

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/onyo-project/onyo/geo"
)

// maxCorners of one feature's outline are read.
const maxCorners = 1_000_000

// outline is what a geometry says: a point that stands for it, how far it
// reaches in metres, and its rings if it is an area.
type outline struct {
	point   geo.Point
	radiusM float64
	rings   [][]geo.Point
	ok      bool
}

// geometry is GeoJSON's.
type geometry struct {
	Type        string          `json:"type"`
	Coordinates json.RawMessage `json:"coordinates"`
}

func (g *geometry) outline() (outline, error) {
	if g == nil {
		return outline{}, nil
	}
	switch g.Type {
	case "Point":
		points, err := positions([]json.RawMessage{g.Coordinates})
		if err != nil {
			return outline{}, err
		}
		return outline{point: points[0], ok: true}, nil
	case "MultiPoint", "LineString":
		var list []json.RawMessage
		if err := json.Unmarshal(g.Coordinates, &list); err != nil || len(list) == 0 {
			return outline{}, fmt.Errorf("its geometry has no coordinates")
		}
		points, err := positions(list)
		if err != nil {
			return outline{}, err
		}
		return spread(points), nil
	case "Polygon":
		var polygon [][]json.RawMessage
		if err := json.Unmarshal(g.Coordinates, &polygon); err != nil {
			return outline{}, fmt.Errorf("its polygon cannot be read")
		}
		return areaOf([][][]json.RawMessage{polygon})
	case "MultiPolygon":
		var polygons [][][]json.RawMessage
		if err := json.Unmarshal(g.Coordinates, &polygons); err != nil {
			return outline{}, fmt.Errorf("its polygons cannot be read")
		}
		return areaOf(polygons)
	}
	return outline{}, fmt.Errorf("a geometry of type %.20q is not read", g.Type)
}

func positions(list []json.RawMessage) ([]geo.Point, error) {
	out := make([]geo.Point, 0, len(list))
	for _, raw := range list {
		var xy []float64
		if err := json.Unmarshal(raw, &xy); err != nil || len(xy) < 2 {
			return nil, fmt.Errorf("its coordinates cannot be read")
		}
		p := geo.Point{Lon: xy[0], Lat: xy[1]}
		if err := p.Check(); err != nil {
			return nil, fmt.Errorf("%w (are these degrees?)", err)
		}
		out = append(out, p)
	}
	return out, nil
}

// spread stands several points by the middle one.
func spread(points []geo.Point) outline {
	o := outline{point: points[len(points)/2], ok: true}
	for _, p := range points {
		o.radiusM = math.Max(o.radiusM, geo.Distance(o.point, p))
	}
	return o
}

// areaOf stands an area by the centre of its largest ring, or, if that lies
// outside, by a point within. The radius is that of a circle as large.
func areaOf(polygons [][][]json.RawMessage) (outline, error) {
	o := outline{ok: true}
	corners, largest, sum := 0, 0.0, 0.0
	for _, polygon := range polygons {
		for i, raw := range polygon {
			ring, err := positions(raw)
			if err != nil {
				return outline{}, err
			}
			if corners += len(ring); corners > maxCorners {
				return outline{}, fmt.Errorf("its outline has more than %d corners", maxCorners)
			}
			o.rings = append(o.rings, ring)
			if i > 0 {
				continue
			}
			centre, m2 := ringCentre(ring)
			sum += m2
			if m2 >= largest {
				largest, o.point = m2, centre
			}
		}
	}
	fence, err := geo.NewGeofence(o.rings...)
	if err != nil {
		return outline{}, fmt.Errorf("its outline is no polygon: %w", err)
	}
	if !fence.Contains(o.point) {
		o.point = pointWithin(fence, o.point)
	}
	o.radiusM = math.Max(100, math.Sqrt(sum/math.Pi))
	return o, nil
}

// ringCentre is the centroid of a ring and its area in square metres, on a plane
// through its first corner.
func ringCentre(ring []geo.Point) (geo.Point, float64) {
	if len(ring) == 0 {
		return geo.Point{}, 0
	}
	origin := ring[0]
	cos := math.Cos(origin.Lat * math.Pi / 180)
	plane := func(p geo.Point) (x, y float64) {
		return math.Remainder(p.Lon-origin.Lon, 360) * cos, p.Lat - origin.Lat
	}
	var area, cx, cy float64
	for i := range ring {
		x0, y0 := plane(ring[i])
		x1, y1 := plane(ring[(i+1)%len(ring)])
		cross := x0*y1 - x1*y0
		area += cross
		cx += (x0 + x1) * cross
		cy += (y0 + y1) * cross
	}
	if area == 0 || cos < 1e-6 {
		return origin, 0
	}
	centre := geo.Point{Lon: geo.WrapLon(origin.Lon + cx/(3*area)/cos), Lat: math.Max(-90, math.Min(90, origin.Lat+cy/(3*area)))}
	return centre, math.Abs(area/2) * geo.MetresPerDegree * geo.MetresPerDegree
}

// pointWithin looks along the parallel of p for the widest stretch inside.
func pointWithin(fence *geo.Geofence, p geo.Point) geo.Point {
	const steps = 400
	b := fence.Bounds()
	width := b.East - b.West
	if width < 0 {
		width += 360
	}
	best, bestRun, run := p, 0, 0
	for i := range steps + 1 {
		at := geo.Point{Lon: geo.WrapLon(b.West + width*float64(i)/steps), Lat: p.Lat}
		if !fence.Contains(at) {
			run = 0
			continue
		}
		if run++; run > bestRun {
			bestRun = run
			best = geo.Point{Lon: geo.WrapLon(b.West + width*(float64(i)-float64(run-1)/2)/steps), Lat: p.Lat}
		}
	}
	return best
}
