package ui

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
)

// world is outline.json: coasts and borders as steps from a starting point, all
// in 1/Scale of a degree.
type world struct {
	Scale  float64 `json:"scale"`
	Coast  [][]int `json:"coast"`
	Border [][]int `json:"border"`
}

func (u *UI) openOutline() error {
	if err := json.Unmarshal(outline, &u.world); err != nil {
		return fmt.Errorf("parse the world's outline: %w", err)
	}
	if u.world.Scale <= 0 {
		return fmt.Errorf("the world's outline has no scale")
	}
	return nil
}

// Mark is something drawn on the still map. A mark with a Ring is drawn as that
// area, one with a Cell as that square, never as a point.
type Mark struct {
	Lon, Lat float64
	// Ring is a closed outline, lon before lat: a hotspot's hull.
	Ring [][2]float64
	// Cell is the square's size in degrees; 0 for a point.
	Cell     float64
	Severity string // low, normal, life_safety
	Verified bool   // solid; otherwise an outline
}

// StillMap is a small map that needs no JavaScript.
type StillMap struct {
	Area  [4]float64 // west, south, east, north in degrees; west > east crosses 180°
	Marks []Mark
	Dark  bool
}

const stillWidth, stillHeight, stillEdge = 640.0, 480.0, 24.0

// ink is a theme of the still map: the same colours as tokens.css.
type ink struct{ water, land, coast, border, grid, low, normal, grave, paper string }

func inkOf(dark bool) ink {
	if dark {
		return ink{"#0b1016", "#0b1016", "#3b4755", "#27313c", "#141b23", "#e6c774", "#ef9a4a", "#ff7a6b", "#0b1016"}
	}
	return ink{"#f4f2ec", "#f4f2ec", "#a9a495", "#cfcabc", "#e9e6dd", "#94700c", "#b8590a", "#b3141c", "#ffffff"}
}

// DrawMap writes the map as SVG without styles or scripts: equal input gives
// equal bytes.
func (u *UI) DrawMap(w io.Writer, m StillMap) error {
	view := fit(m.Area)
	colours := inkOf(m.Dark)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img">`, stillWidth, stillHeight, stillWidth, stillHeight)
	fmt.Fprintf(&b, `<rect width="%g" height="%g" fill="%s"/>`, stillWidth, stillHeight, colours.water)
	view.grid(&b, colours.grid)
	u.lines(&b, view, u.world.Border, colours.border, "0.8")
	u.lines(&b, view, u.world.Coast, colours.coast, "1.2")
	for _, mark := range m.Marks {
		view.mark(&b, mark, colours)
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// frame turns degrees into the picture's units.
type frame struct{ west, north, scale, centre float64 }

func mercator(lat float64) float64 {
	lat = math.Max(-85, math.Min(85, lat))
	return math.Log(math.Tan(math.Pi/4+lat*math.Pi/360)) * 180 / math.Pi
}

func fit(area [4]float64) frame {
	west, south, east, north := area[0], area[1], area[2], area[3]
	if east < west {
		east += 360
	}
	if !(east > west) || !(north > south) {
		west, south, east, north = -170, -58, 190, 76
	}
	top, bottom := mercator(north), mercator(south)
	scale := math.Min((stillWidth-2*stillEdge)/(east-west), (stillHeight-2*stillEdge)/(top-bottom))
	middle := (west + east) / 2
	return frame{west: middle - stillWidth/2/scale, north: (top+bottom)/2 + stillHeight/2/scale, scale: scale, centre: middle}
}

func (f frame) at(lon, lat float64) (x, y float64) {
	for lon < f.centre-180 {
		lon += 360
	}
	for lon > f.centre+180 {
		lon -= 360
	}
	return (lon - f.west) * f.scale, (f.north - mercator(lat)) * f.scale
}

// grid draws meridians and parallels at a round distance, some five across.
func (f frame) grid(b *strings.Builder, colour string) {
	span := stillWidth / f.scale
	step := math.Pow(10, math.Floor(math.Log10(span/4)))
	for _, k := range []float64{1, 2, 5} {
		if span/(step*k) <= 7 {
			step *= k
			break
		}
	}
	fmt.Fprintf(b, `<path fill="none" stroke="%s" d="`, colour)
	for lon := math.Ceil(f.west/step) * step; lon < f.west+span; lon += step {
		fmt.Fprintf(b, "M%.1f 0V%g", (lon-f.west)*f.scale, stillHeight)
	}
	bottom := f.north - stillHeight/f.scale
	for lat := -80.0 - math.Mod(-80, step); lat <= 85 && step > 0; lat += step {
		if y := mercator(lat); y > bottom && y < f.north {
			fmt.Fprintf(b, "M0 %.1fH%g", (f.north-y)*f.scale, stillWidth)
		}
	}
	b.WriteString(`"/>`)
}

func (u *UI) lines(b *strings.Builder, f frame, lines [][]int, colour, width string) {
	fmt.Fprintf(b, `<path fill="none" stroke="%s" stroke-width="%s" stroke-linejoin="round" d="`, colour, width)
	for _, line := range lines {
		f.line(b, line, u.world.Scale)
	}
	b.WriteString(`"/>`)
}

// line draws the parts of a line that come near the picture.
func (f frame) line(b *strings.Builder, steps []int, scale float64) {
	x, y := 0, 0
	var px, py float64
	drawing := false
	for i := 0; i+1 < len(steps); i += 2 {
		x, y = x+steps[i], y+steps[i+1]
		cx, cy := f.at(float64(x)/scale, float64(y)/scale)
		near := i > 0 && math.Abs(cx-px) < 180*f.scale &&
			math.Max(cx, px) > -20 && math.Min(cx, px) < stillWidth+20 && math.Max(cy, py) > -20 && math.Min(cy, py) < stillHeight+20
		if near {
			if !drawing {
				fmt.Fprintf(b, "M%.1f %.1f", px, py)
			}
			fmt.Fprintf(b, "L%.1f %.1f", cx, cy)
		}
		drawing, px, py = near, cx, cy
	}
}

func (f frame) mark(b *strings.Builder, m Mark, c ink) {
	colour := map[string]string{"low": c.low, "normal": c.normal, "life_safety": c.grave}[m.Severity]
	if colour == "" {
		colour = c.normal
	}
	fill := "0"
	if m.Verified {
		fill = "0.45"
	}
	if len(m.Ring) > 0 {
		b.WriteString(`<path d="`)
		for i, p := range m.Ring {
			x, y := f.at(p[0], p[1])
			fmt.Fprintf(b, "%c%.1f %.1f", "ML"[min(i, 1)], x, y)
		}
		fmt.Fprintf(b, `z" fill="%s" fill-opacity="0.22" stroke="%s" stroke-width="2"/>`, colour, colour)
		return
	}
	x, y := f.at(m.Lon, m.Lat)
	if m.Cell > 0 {
		x1, y1 := f.at(m.Lon-m.Cell/2, m.Lat+m.Cell/2)
		x2, y2 := f.at(m.Lon+m.Cell/2, m.Lat-m.Cell/2)
		w, h := math.Max(x2-x1, 7), math.Max(y2-y1, 7)
		fmt.Fprintf(b, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s" fill-opacity="%s" stroke="%s" stroke-width="1.5"/>`,
			x-w/2, y-h/2, w, h, colour, fill, colour)
		return
	}
	if m.Verified {
		fill = "1"
	}
	shapes := map[string]string{"low": "M%[1]g %[2]gm-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0", "life_safety": "M%[1]g %[2]gm0-7l7 12h-14z"}
	shape := shapes[m.Severity]
	if shape == "" {
		shape = "M%[1]g %[2]gm0-6.5l6.5 6.5l-6.5 6.5l-6.5-6.5z"
	}
	fmt.Fprintf(b, `<path d="`+shape+`" fill="%[3]s" fill-opacity="%[4]s" stroke="%[3]s" stroke-width="1.5"/>`, math.Round(x*10)/10, math.Round(y*10)/10, colour, fill)
}
