package geo

import (
	"fmt"
	"math"
)

// CellSize is the edge of a blur cell in units of 10⁻⁷ degree. Only the sizes
// below are in use.
type CellSize int64

// The sizes of the public grid.
const (
	Cell001 CellSize = 100_000    // 0.01°, some 1.1 km
	Cell005 CellSize = 500_000    // 0.05°, some 5.6 km
	Cell01  CellSize = 1_000_000  // 0.1°, some 11 km
	Cell1   CellSize = 10_000_000 // 1°, some 111 km
)

// unitsPerDegree: the grid is computed in whole units of 10⁻⁷ degree, so that
// no machine and no rounding mode can put a point into another cell.
const unitsPerDegree = 10_000_000

// Valid reports whether s is a size of the public grid.
func (s CellSize) Valid() bool {
	return s == Cell001 || s == Cell005 || s == Cell01 || s == Cell1
}

// Degrees is the edge of the cell in degrees.
func (s CellSize) Degrees() float64 { return float64(s) / unitsPerDegree }

// Metres is the north-south edge of the cell in metres.
func (s CellSize) Metres() float64 { return s.Degrees() * MetresPerDegree }

// ParseCellSize finds the size with an edge of the given degrees.
func ParseCellSize(degrees float64) (CellSize, error) {
	for _, s := range [...]CellSize{Cell001, Cell005, Cell01, Cell1} {
		if s.Degrees() == degrees {
			return s, nil
		}
	}
	return 0, fmt.Errorf("cell size must be 0.01, 0.05, 0.1 or 1 degree")
}

// Cell is one square of the fixed grid to which the public's copy of a location
// is blurred. X counts eastward from longitude 0, Y northward from the equator.
// Two points in one cell are indistinguishable from the cell alone.
type Cell struct {
	Size CellSize `json:"size"`
	X    int64    `json:"x"`
	Y    int64    `json:"y"`
}

// CellOf is the cell that p lies in: floor(round(degrees×10⁷)/(size×10⁷)) in
// integers, so the lower edges belong to a cell and the upper ones to the next.
// Longitude 180 is the meridian -180, and the north pole belongs to the last
// row, so every cell lies wholly on Earth. p must be Valid and size one of the
// grid's.
func CellOf(p Point, size CellSize) Cell {
	x, y := units(p.Lon), units(p.Lat)
	if x == 180*unitsPerDegree {
		x = -x
	}
	if y == 90*unitsPerDegree {
		y--
	}
	return Cell{Size: size, X: floorDiv(x, int64(size)), Y: floorDiv(y, int64(size))}
}

// Centre is the point that stands for everything in the cell.
func (c Cell) Centre() Point {
	half := int64(c.Size) / 2
	return Point{Lon: fromUnits(c.X*int64(c.Size) + half), Lat: fromUnits(c.Y*int64(c.Size) + half)}
}

// Bounds is the square itself.
func (c Cell) Bounds() Bounds {
	s := int64(c.Size)
	return Bounds{
		West: fromUnits(c.X * s), South: fromUnits(c.Y * s),
		East: fromUnits((c.X + 1) * s), North: fromUnits((c.Y + 1) * s),
	}
}

// Valid reports whether the cell is one of the grid, wholly on Earth.
func (c Cell) Valid() bool {
	if !c.Size.Valid() {
		return false
	}
	nx, ny := 180*unitsPerDegree/int64(c.Size), 90*unitsPerDegree/int64(c.Size)
	return c.X >= -nx && c.X < nx && c.Y >= -ny && c.Y < ny
}

// UncertaintyM is the radius in metres around the centre that takes in the
// whole cell: the least uncertainty that may be published with it.
func (c Cell) UncertaintyM() float64 {
	b, centre := c.Bounds(), c.Centre()
	return math.Max(
		Distance(centre, Point{Lon: b.West, Lat: b.South}),
		Distance(centre, Point{Lon: b.West, Lat: b.North}))
}

// Key names the cell in one word, as "0.01:3682:-130". ParseCellKey reads it.
func (c Cell) Key() string { return fmt.Sprintf("%g:%d:%d", c.Size.Degrees(), c.X, c.Y) }

// ParseCellKey reads what Key wrote.
func ParseCellKey(key string) (Cell, error) {
	var deg float64
	var c Cell
	n, err := fmt.Sscanf(key, "%g:%d:%d", &deg, &c.X, &c.Y)
	if err != nil || n != 3 {
		return Cell{}, fmt.Errorf("cell key must be size:x:y")
	}
	if c.Size, err = ParseCellSize(deg); err != nil {
		return Cell{}, err
	}
	if !c.Valid() || c.Key() != key {
		return Cell{}, fmt.Errorf("cell key names no cell")
	}
	return c, nil
}

// CellFor is the size for a location of the given uncertainty in metres: the
// minimum if its cell is not finer than the uncertainty, else the first of 0.1°
// and 1° that is not. Beyond 111 km of uncertainty the answer stays 1°; the
// uncertainty published beside it must then say the rest.
func CellFor(uncertaintyM float64, minimum CellSize) CellSize {
	for _, s := range [...]CellSize{minimum, Cell01, Cell1} {
		if s >= minimum && s.Metres() >= uncertaintyM {
			return s
		}
	}
	return Cell1
}

// OpenStep is the grid of the open profile in degrees: the smallest power of
// ten of a degree not below the uncertainty, never finer than 0.0001°.
func OpenStep(uncertaintyM float64) float64 {
	return float64(openStepUnits(uncertaintyM)) / unitsPerDegree
}

// RoundOpen is p as the open profile shows it: rounded to whole multiples of
// OpenStep. p must be Valid; the answer is, and has no -0.
func RoundOpen(p Point, uncertaintyM float64) Point {
	step := openStepUnits(uncertaintyM)
	round := func(v float64, limit int64) float64 {
		u := floorDiv(units(v)+step/2, step) * step
		for ; u > limit*unitsPerDegree; u -= step {
		}
		for ; u < -limit*unitsPerDegree; u += step {
		}
		return fromUnits(u)
	}
	return Point{Lon: round(p.Lon, 180), Lat: round(p.Lat, 90)}
}

// openStepUnits stops at 10°, beyond which nothing would be left to round to.
func openStepUnits(uncertaintyM float64) int64 {
	step := int64(1000)
	for step < 10*unitsPerDegree && !(float64(step)/unitsPerDegree*MetresPerDegree >= uncertaintyM) {
		step *= 10
	}
	return step
}

func units(deg float64) int64   { return int64(math.Round(deg * unitsPerDegree)) }
func fromUnits(u int64) float64 { return float64(u) / unitsPerDegree }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && a < 0 {
		q--
	}
	return q
}
