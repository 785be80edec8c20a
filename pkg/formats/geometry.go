package formats

import (
	"encoding/json"
	"fmt"

	"github.com/onyo-project/onyo/geo"
)

// AppendPoint writes a GeoJSON Point.
func AppendPoint(dst []byte, p geo.Point) []byte {
	dst = append(dst, `{"type":"Point","coordinates":`...)
	dst = appendPosition(dst, p)
	return append(dst, '}')
}

func appendPosition(dst []byte, p geo.Point) []byte {
	dst = append(dst, '[')
	dst = AppendDegrees(dst, p.Lon)
	dst = append(dst, ',')
	dst = AppendDegrees(dst, p.Lat)
	return append(dst, ']')
}

// AppendArea writes closed outer rings, each a polygon of its own, as a Polygon
// or, where there are several (an area cut at the 180° meridian), as a
// MultiPolygon. Rings are turned counter-clockwise, as RFC 7946 wants them. No
// ring is null.
func AppendArea(dst []byte, rings [][]geo.Point) []byte {
	switch len(rings) {
	case 0:
		return append(dst, "null"...)
	case 1:
		dst = append(dst, `{"type":"Polygon","coordinates":`...)
		dst = appendRing(dst, rings[0])
		return append(dst, '}')
	}
	dst = append(dst, `{"type":"MultiPolygon","coordinates":[`...)
	for i, ring := range rings {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendRing(dst, ring)
	}
	return append(dst, `]}`...)
}

// appendRing writes a polygon of one ring.
func appendRing(dst []byte, ring []geo.Point) []byte {
	clockwise := twiceArea(ring) < 0
	dst = append(dst, '[', '[')
	for i := range ring {
		if i > 0 {
			dst = append(dst, ',')
		}
		p := ring[i]
		if clockwise {
			p = ring[len(ring)-1-i]
		}
		dst = appendPosition(dst, p)
	}
	return append(dst, ']', ']')
}

// twiceArea is positive for a counter-clockwise ring.
func twiceArea(ring []geo.Point) float64 {
	area := 0.0
	for i := 1; i < len(ring); i++ {
		area += ring[i-1].Lon*ring[i].Lat - ring[i].Lon*ring[i-1].Lat
	}
	return area
}

// ParseArea reads the outer rings of a Polygon or MultiPolygon back. It refuses
// other geometries and positions that are not on Earth.
func ParseArea(geometry []byte) ([][]geo.Point, error) {
	var head struct {
		Type        string          `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
	}
	if err := json.Unmarshal(geometry, &head); err != nil {
		return nil, fmt.Errorf("read an area: %w", err)
	}
	var polygons [][][][2]float64
	var err error
	switch head.Type {
	case "Polygon":
		polygons = make([][][][2]float64, 1)
		err = json.Unmarshal(head.Coordinates, &polygons[0])
	case "MultiPolygon":
		err = json.Unmarshal(head.Coordinates, &polygons)
	default:
		err = fmt.Errorf("it is neither a Polygon nor a MultiPolygon")
	}
	if err != nil {
		return nil, fmt.Errorf("read an area: %w", err)
	}
	var rings [][]geo.Point
	for _, polygon := range polygons {
		if len(polygon) == 0 {
			continue
		}
		ring := make([]geo.Point, len(polygon[0]))
		for i, position := range polygon[0] {
			ring[i] = geo.Point{Lon: position[0], Lat: position[1]}
			if err := ring[i].Check(); err != nil {
				return nil, fmt.Errorf("read an area: %w", err)
			}
		}
		rings = append(rings, ring)
	}
	return rings, nil
}
