package gazetteer

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/onyo-project/onyo/geo"
)

// WritePlaces writes places as a GeoJSON FeatureCollection, one feature a line,
// that ReadPlaces reads back. Positions are kept to 10⁻⁶ degree.
func WritePlaces(file io.Writer, places []Place) error {
	out := bufio.NewWriter(file)
	fmt.Fprint(out, "{\"type\":\"FeatureCollection\",\"features\":[")
	for i, p := range places {
		line, err := json.Marshal(map[string]any{"type": "Feature", "geometry": geometryOf(p), "properties": propertiesOf(p)})
		if err != nil {
			return fmt.Errorf("write place %d: %w", i+1, err)
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteByte('\n')
		out.Write(line)
	}
	fmt.Fprint(out, "\n]}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write places: %w", err)
	}
	return nil
}

func propertiesOf(p Place) map[string]any {
	out := map[string]any{"name": p.Name}
	put := func(key, value string) {
		if value != "" {
			out[key] = value
		}
	}
	put("names", strings.Join(p.Names, "|"))
	put("pcode", p.PCode)
	put("country", p.Country)
	if p.Population > 0 {
		out["population"] = p.Population
	}
	if p.UncertaintyM > 0 {
		out["uncertainty_m"] = math.Round(p.UncertaintyM)
	}
	switch {
	case p.Kind == KindQuarter:
		out["kind"] = "quarter"
	case p.Kind.isArea() && p.Kind != KindCountry:
		out["level"] = p.Level
	}
	for _, d := range p.Divisions {
		put(fmt.Sprintf("adm%d_name", d.Level), d.Name)
		put(fmt.Sprintf("adm%d_pcode", d.Level), d.PCode)
	}
	if len(p.Rings) > 0 {
		at := rounded(p.Point)
		out["lon"], out["lat"] = at[0], at[1]
	}
	return out
}

// geometryOf gives a ring that begins inside the one before it to that as a hole.
func geometryOf(p Place) map[string]any {
	if len(p.Rings) == 0 {
		return map[string]any{"type": "Point", "coordinates": rounded(p.Point)}
	}
	var polygons [][][][2]float64
	var outer *geo.Geofence
	for _, ring := range p.Rings {
		corners := make([][2]float64, len(ring))
		for i, corner := range ring {
			corners[i] = rounded(corner)
		}
		if last := len(polygons) - 1; outer != nil && len(ring) > 0 && outer.Contains(ring[0]) {
			polygons[last] = append(polygons[last], corners)
			continue
		}
		polygons = append(polygons, [][][2]float64{corners})
		outer, _ = geo.NewGeofence(ring)
	}
	return map[string]any{"type": "MultiPolygon", "coordinates": polygons}
}

func rounded(p geo.Point) [2]float64 {
	return [2]float64{math.Round(p.Lon*1e6)/1e6 + 0, math.Round(p.Lat*1e6)/1e6 + 0}
}
