package tile

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/onyo-project/onyo/geo"
)

// xy is a place in the units of a tile, y southward.
type xy struct{ x, y float64 }

// project is where p lies in the tile, far outside included. Latitudes beyond
// the web-mercator square lie on its edge.
func (t Tile) project(p geo.Point) xy {
	n := math.Exp2(float64(t.Z))
	sin := math.Sin(p.Lat * math.Pi / 180)
	y := 0.5 - math.Log((1+sin)/(1-sin))/(4*math.Pi)
	return xy{
		x: ((p.Lon+180)/360*n - float64(t.X)) * Extent,
		y: (math.Max(0, math.Min(1, y))*n - float64(t.Y)) * Extent,
	}
}

const (
	moveTo    = 1
	lineTo    = 2
	closePath = 7
)

// pen writes geometry commands, whose coordinates are relative to the last.
type pen struct {
	out  []byte
	x, y int64
}

func (p *pen) command(id, count uint64) { p.out = binary.AppendUvarint(p.out, count<<3|id) }

func (p *pen) to(c corner) {
	// AppendVarint is the zigzag encoding that the format asks for.
	p.out = binary.AppendVarint(binary.AppendVarint(p.out, c.x-p.x), c.y-p.y)
	p.x, p.y = c.x, c.y
}

type corner struct{ x, y int64 }

func rounded(p xy) corner { return corner{x: int64(math.Round(p.x)), y: int64(math.Round(p.y))} }

func encodePoints(t Tile, points []geo.Point) []byte {
	var inside []corner
	for _, p := range points {
		if p.Lon == 180 {
			p.Lon = -180 // one meridian, drawn on one side
		}
		if c := rounded(t.project(p)); p.Valid() && c.x >= 0 && c.x <= Extent && c.y >= 0 && c.y <= Extent {
			inside = append(inside, c)
		}
	}
	if len(inside) == 0 {
		return nil
	}
	var p pen
	p.command(moveTo, uint64(len(inside)))
	for _, c := range inside {
		p.to(c)
	}
	return p.out
}

func encodeRings(t Tile, rings [][]geo.Point) []byte {
	var p pen
	for _, ring := range rings {
		corners := t.clip(ring)
		if len(corners) < 3 {
			continue
		}
		p.command(moveTo, 1)
		p.to(corners[0])
		p.command(lineTo, uint64(len(corners)-1))
		for _, c := range corners[1:] {
			p.to(c)
		}
		p.command(closePath, 1)
	}
	return p.out
}

// clip brings a closed ring into the tile and its buffer: open, without
// repeated corners, clockwise on the screen as exterior rings have to be. What
// has no area in the tile has no corners.
func (t Tile) clip(ring []geo.Point) []corner {
	pts := make([]xy, 0, len(ring)+4)
	for _, p := range ring {
		if !p.Valid() {
			return nil
		}
		pts = append(pts, t.project(p))
	}
	x, y := func(p xy) float64 { return p.x }, func(p xy) float64 { return p.y }
	const low, high = -Buffer, Extent + Buffer
	for _, edge := range []struct {
		axis     func(xy) float64
		at, sign float64
	}{{x, low, 1}, {x, high, -1}, {y, low, 1}, {y, high, -1}} {
		pts = cutAt(pts, edge.axis, edge.at, edge.sign)
	}
	corners := make([]corner, 0, len(pts))
	for _, p := range pts {
		corners = append(corners, rounded(p))
	}
	corners = slices.Compact(corners)
	for len(corners) > 1 && corners[0] == corners[len(corners)-1] {
		corners = corners[:len(corners)-1]
	}
	var area int64
	for i, c := range corners {
		next := corners[(i+1)%len(corners)]
		area += c.x*next.y - next.x*c.y
	}
	switch {
	case area == 0:
		return nil
	case area < 0:
		slices.Reverse(corners)
	}
	return corners
}

// cutAt keeps the side of a closed ring where (axis - at) has the given sign
// (Sutherland and Hodgman).
func cutAt(pts []xy, axis func(xy) float64, at, sign float64) []xy {
	out := make([]xy, 0, len(pts)+4)
	for i, b := range pts {
		a := pts[(i+len(pts)-1)%len(pts)]
		inA, inB := (axis(a)-at)*sign >= 0, (axis(b)-at)*sign >= 0
		if inA != inB {
			f := (at - axis(a)) / (axis(b) - axis(a))
			out = append(out, xy{x: a.x + f*(b.x-a.x), y: a.y + f*(b.y-a.y)})
		}
		if inB {
			out = append(out, b)
		}
	}
	return out
}
