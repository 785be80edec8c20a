package gazetteer

import (
	"fmt"
	"math"

	"github.com/onyo-project/onyo/geo"
)

// Area is what a point lies in, as far as it is known: empty texts at sea.
type Area struct {
	Country     string // name in English
	CountryCode string // ISO 3166-1 alpha-2
	// Admin1Code is ISO 3166-2, empty where it has none; where the deployment's
	// own boundaries have a first level, their P-code.
	Admin1Code string
	Admin1Name string
	// Divisions are the deployment's own areas that the point lies in, from the
	// country downwards.
	Divisions        []Division
	Nearest          string // the nearest settlement within some 300 km
	NearestDistanceM float64
}

// polygon is one ring set of an admin-1 area, in units of 10⁻³ degree.
type polygon struct {
	entry                    int32
	west, south, east, north int32
	rings                    [][][2]int32
}

type gridKey struct{ x, y int16 }

// nearCoastM: a point beside every simplified polygon belongs to the area of a
// settlement this near.
const nearCoastM = 25_000

// Reverse says what the point lies in. Borders are simplified to about a
// kilometre and are Natural Earth's, whose admin-1 areas may be some years old:
// boundaries among the own places count before them.
func (g *Gazetteer) Reverse(p geo.Point) Area {
	if !p.Valid() {
		return Area{}
	}
	w := g.world()
	town, distance := w.nearest(p, func(*entry) bool { return true })
	var a Area
	admin1 := w.areaAt(p)
	if town >= 0 {
		a.Nearest, a.NearestDistanceM = w.names[town], distance
		if admin1 < 0 && distance <= nearCoastM {
			admin1 = int(w.entries[town].admin1)
			a.CountryCode = w.countries[w.entries[town].country]
		}
	}
	if admin1 >= 0 {
		a.Admin1Code, a.Admin1Name = w.codes[admin1], w.names[admin1]
		a.CountryCode = w.countries[w.entries[admin1].country]
	}
	a.Country = w.countryName(a.CountryCode)
	a.Divisions = g.local.Load().divisionsAt(p)
	for _, d := range a.Divisions {
		if d.Level == 1 {
			a.Admin1Code, a.Admin1Name = d.PCode, d.Name
		}
	}
	return a
}

func (w *world) countryName(code string) string {
	if id, ok := w.nations[code]; ok && code != "" {
		return w.names[id]
	}
	return ""
}

// quarterReach is how far a quarter's name still says where something is, in
// metres.
const quarterReach = 4000

// CellName is the name under which the public may be told of a cell. It is
// found from the cell alone, so it says nothing about where in the cell
// something happened: the largest settlement in the cell, else a quarter of the
// nearest town that lies beside it, else that town, of a thousand people or more,
// else the area. Empty on the open sea.
func (g *Gazetteer) CellName(c geo.Cell) string {
	if !c.Valid() {
		return ""
	}
	w := g.world()
	centre := c.Centre()
	if town := w.largestIn(c.Bounds()); town >= 0 {
		return w.fullName(town)
	}
	reach := math.Max(20_000, c.UncertaintyM())
	town, distance := w.nearest(centre, func(e *entry) bool { return e.population >= 1000 && e.kind != KindQuarter })
	if town >= 0 && distance <= reach {
		quarter, beside := w.nearest(centre, func(e *entry) bool { return e.kind == KindQuarter })
		if quarter >= 0 && beside < distance && beside <= quarterReach {
			return fmt.Sprintf("near %s, %s", w.names[quarter], w.names[town])
		}
		return fmt.Sprintf("near %s", w.fullName(town))
	}
	area := w.areaAt(centre)
	if area < 0 {
		return ""
	}
	country := w.countryName(w.countries[w.entries[area].country])
	if country == "" || country == w.names[area] {
		return w.names[area]
	}
	return w.names[area] + ", " + country
}

// fullName is a settlement with its country.
func (w *world) fullName(id int) string {
	country := w.countryName(w.countries[w.entries[id].country])
	if country == "" || country == w.names[id] {
		return w.names[id]
	}
	return w.names[id] + ", " + country
}

func (w *world) readPolygons(r reader) error {
	for len(r.b) > 0 && !r.bad {
		p := polygon{entry: int32(r.uvarint()), west: math.MaxInt32, south: math.MaxInt32, east: math.MinInt32, north: math.MinInt32}
		for n := r.uvarint(); n > 0 && !r.bad; n-- {
			var ring [][2]int32
			var x, y int32
			for m := r.uvarint(); m > 0 && !r.bad; m-- {
				x, y = x+int32(r.varint()), y+int32(r.varint())
				ring = append(ring, [2]int32{x, y})
				p.west, p.east = min(p.west, x), max(p.east, x)
				p.south, p.north = min(p.south, y), max(p.north, y)
			}
			p.rings = append(p.rings, ring)
		}
		if p.entry < 0 || int(p.entry) >= w.areas {
			return fmt.Errorf("%w: polygon of no area", errDamaged)
		}
		w.polygons = append(w.polygons, p)
	}
	if r.bad {
		return fmt.Errorf("%w: polygons", errDamaged)
	}
	return nil
}

// areaAt finds the admin-1 entry that contains p, or -1.
func (w *world) areaAt(p geo.Point) int {
	x, y := p.Lon*1e3, p.Lat*1e3
	for i := range w.polygons {
		a := &w.polygons[i]
		if x < float64(a.west) || x > float64(a.east) || y < float64(a.south) || y > float64(a.north) {
			continue
		}
		if a.contains(x, y) {
			return int(a.entry)
		}
	}
	return -1
}

func (a *polygon) contains(x, y float64) bool {
	inside := false
	for _, ring := range a.rings {
		for i, j := 0, len(ring)-1; i < len(ring); j, i = i, i+1 {
			x0, y0, x1, y1 := float64(ring[j][0]), float64(ring[j][1]), float64(ring[i][0]), float64(ring[i][1])
			if (y0 > y) != (y1 > y) && x < (x1-x0)*(y-y0)/(y1-y0)+x0 {
				inside = !inside
			}
		}
	}
	return inside
}

func (w *world) fillGrid() {
	w.grid = map[gridKey][]uint32{}
	for i := w.areas; i < len(w.entries); i++ {
		k := gridKeyOf(w.entries[i].point())
		w.grid[k] = append(w.grid[k], uint32(i))
	}
}

func gridKeyOf(p geo.Point) gridKey {
	return gridKey{int16(min(179, math.Floor(p.Lon))), int16(min(89, math.Floor(p.Lat)))}
}

// nearest finds the nearest town that fits, within at least 300 km, or -1.
// Equally near ones give way to the earlier entry.
func (w *world) nearest(p geo.Point, fits func(*entry) bool) (id int, metres float64) {
	id, metres = -1, math.Inf(1)
	k := gridKeyOf(p)
	cos := math.Max(0.05, math.Cos(p.Lat*math.Pi/180))
	for ring := int16(0); ring <= 3; ring++ {
		// What lies outside the last ring of rows is further than this.
		if id >= 0 && metres < float64(ring-1)*geo.MetresPerDegree*cos {
			break
		}
		span := int16(math.Min(90, math.Ceil(float64(ring)/cos)))
		for y := k.y - ring; y <= k.y+ring; y++ {
			for x := k.x - span; x <= k.x+span; x++ {
				for _, i := range w.grid[gridKey{(x+540)%360 - 180, y}] {
					e := &w.entries[i]
					if !fits(e) {
						continue
					}
					if d := geo.Distance(p, e.point()); d < metres {
						id, metres = int(i), d
					}
				}
			}
		}
	}
	return id, metres
}

// largestIn finds the most populous town within the bounds of one cell, or -1.
func (w *world) largestIn(b geo.Bounds) int {
	best := -1
	k := gridKeyOf(b.Centre())
	for _, i := range w.grid[k] {
		e := &w.entries[i]
		if e.kind == KindQuarter || e.population < 500 || !b.Contains(e.point()) {
			continue
		}
		if best < 0 || e.population > w.entries[best].population {
			best = int(i)
		}
	}
	return best
}
