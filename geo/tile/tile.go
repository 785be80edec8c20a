// Package tile makes Mapbox vector tiles (version 2.1 of the specification) of
// what a map shows: clusters and single incidents as points, hotspots and
// blurred cells as polygons. Tiles follow the web-mercator scheme with y growing
// southward. The package is pure and safe for concurrent use.
package tile

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/onyo-project/onyo/geo"
)

// MaxZoom is the deepest zoom that has tiles.
const MaxZoom = 22

// ErrInvalidTile is returned, wrapped, for an address that names no tile.
var ErrInvalidTile = errors.New("no such tile")

// Tile is the address of a tile: zoom in [0,MaxZoom], column and row in [0,2^Z).
type Tile struct{ Z, X, Y int }

// Parse reads the three parts of a tile's address; the row may end in ".mvt".
// Errors wrap ErrInvalidTile and say which part is wrong; they never repeat it.
func Parse(z, x, y string) (Tile, error) {
	var n [3]int
	for i, part := range [3]string{z, x, strings.TrimSuffix(y, ".mvt")} {
		// Ten digits hold every valid number; signs and the like are refused.
		v, err := strconv.ParseUint(part, 10, 32)
		if err != nil || len(part) > 10 {
			return Tile{}, fmt.Errorf("%w: %s is not a whole number", ErrInvalidTile, [3]string{"z", "x", "y"}[i])
		}
		n[i] = int(v)
	}
	t := Tile{Z: n[0], X: n[1], Y: n[2]}
	return t, t.Check()
}

// Check says what is wrong with the address, or nil. Errors wrap
// ErrInvalidTile.
func (t Tile) Check() error {
	if t.Z < 0 || t.Z > MaxZoom {
		return fmt.Errorf("%w: z must be between 0 and %d", ErrInvalidTile, MaxZoom)
	}
	last := 1<<t.Z - 1
	if t.X < 0 || t.X > last {
		return fmt.Errorf("%w: x must be between 0 and %d at this zoom", ErrInvalidTile, last)
	}
	if t.Y < 0 || t.Y > last {
		return fmt.Errorf("%w: y must be between 0 and %d at this zoom", ErrInvalidTile, last)
	}
	return nil
}

// String is z/x/y.
func (t Tile) String() string { return fmt.Sprintf("%d/%d/%d", t.Z, t.X, t.Y) }

// Bounds is the box that the tile covers. The topmost and lowest rows end at
// 85.0511°.
func (t Tile) Bounds() geo.Bounds {
	n := math.Exp2(float64(t.Z))
	lon := func(x int) float64 { return float64(x)/n*360 - 180 }
	lat := func(y int) float64 { return math.Atan(math.Sinh(math.Pi*(1-2*float64(y)/n))) * 180 / math.Pi }
	return geo.Bounds{West: lon(t.X), South: lat(t.Y + 1), East: lon(t.X + 1), North: lat(t.Y)}
}

// Around is Bounds grown by the buffer of an encoded tile: polygons that touch
// it may show in the tile.
func (t Tile) Around() geo.Bounds {
	b := t.Bounds()
	width := (b.East - b.West) * Buffer / Extent
	height := (b.North - b.South) * Buffer / Extent * 1.5 // rows are not evenly high; more is harmless
	if t.Z == 0 {
		return geo.World()
	}
	b.West, b.East = geo.WrapLon(b.West-width), geo.WrapLon(b.East+width)
	b.South, b.North = math.Max(-90, b.South-height), math.Min(90, b.North+height)
	return b
}
