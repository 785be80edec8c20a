package live

import (
	"cmp"
	"slices"
	"strings"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/index"
	"github.com/onyo-project/onyo/geo/tile"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// cellsZoom is the zoom from which blurred incidents are drawn as their cells:
// below it the smallest is narrower than ten pixels of a tile's 512.
const cellsZoom = 10

// Tile is the vector tile of what the filter keeps: layers incidents (points,
// clustered as at the tile's zoom), cells and hotspots. The filter's bounds and
// zoom are ignored. A tile of nothing has no bytes.
func (m *Map) Tile(t tile.Tile, f Filter) []byte {
	m.mu.RLock()
	defer m.mu.RUnlock()
	f.Bounds = nil
	var layers []tile.Layer
	if q, any := m.query(&f); any {
		view := m.index.Snapshot()
		layers = append(layers, tile.Clusters("incidents", view.TileClusters(t.Z, t.X, t.Y, q), m.tags))
		if t.Z >= cellsZoom {
			layers = append(layers, m.cells(view, t, q))
		}
	}
	return tile.Encode(t, append(layers, m.areas(t, &f))...)
}

func (m *Map) tags(item *index.Item) []tile.Tag {
	in := m.features[item.ID]
	tags := []tile.Tag{tile.String("id", in.ID), tile.String("status", string(in.Status)), tile.String("place", in.Place),
		tile.Float("uncertainty_m", in.UncertaintyM), tile.Float("cell", in.Cell)}
	if len(in.Categories) > 0 {
		tags = append(tags, tile.String("category", in.Categories[0]))
	}
	return tags
}

// cells are the squares that blurred incidents lie in, each once.
func (m *Map) cells(view *index.View, t tile.Tile, q index.Filter) tile.Layer {
	type square struct {
		geo.Cell
		count    int64
		severity uint8
	}
	squares := map[geo.Cell]*square{}
	around := t.Around().Pad(geo.Cell1.Metres()) // centres of cells that reach in
	q.Bounds = &around
	view.Query(q, func(item index.Item) bool {
		size, err := geo.ParseCellSize(m.features[item.ID].Cell)
		if err != nil {
			return true
		}
		cell := geo.CellOf(geo.Point{Lon: item.Lon, Lat: item.Lat}, size)
		if squares[cell] == nil {
			squares[cell] = &square{Cell: cell}
		}
		squares[cell].count++
		squares[cell].severity = max(squares[cell].severity, item.Severity)
		return true
	})
	layer := tile.Layer{Name: "cells"}
	for _, s := range squares {
		b := s.Bounds()
		layer.Features = append(layer.Features, tile.Feature{
			Rings: [][]geo.Point{{{Lon: b.West, Lat: b.South}, {Lon: b.East, Lat: b.South}, {Lon: b.East, Lat: b.North}, {Lon: b.West, Lat: b.North}, {Lon: b.West, Lat: b.South}}},
			Tags:  []tile.Tag{tile.String("id", s.Key()), tile.Int("count", s.count), tile.Int("severity", int64(s.severity))},
		})
	}
	slices.SortFunc(layer.Features, func(a, b tile.Feature) int {
		p, q := a.Rings[0][0], b.Rings[0][0]
		return cmp.Or(cmp.Compare(p.Lon, q.Lon), cmp.Compare(p.Lat, q.Lat), cmp.Compare(a.Rings[0][1].Lon, b.Rings[0][1].Lon))
	})
	return layer
}

// areas are the hotspots that reach into the tile.
func (m *Map) areas(t tile.Tile, f *Filter) tile.Layer {
	around := t.Around()
	area := *f
	area.Bounds = &around
	found := m.found(&area)
	slices.SortFunc(found, func(a, b *hotspot) int { return cmp.Compare(a.ID, b.ID) })
	layer := tile.Layer{Name: "hotspots"}
	for _, h := range found {
		layer.Features = append(layer.Features, tile.Feature{Rings: h.rings, Tags: []tile.Tag{
			tile.String("id", h.ID), tile.String("status", string(h.Status)), tile.Int("severity", int64(crisis.Severity(h.Severity).Rank())),
			tile.String("trend", string(h.Trend)), tile.String("place", h.Place), tile.Float("score", h.Score),
			tile.Int("incidents", int64(h.Incidents)), tile.Int("reports", int64(h.Reports)),
			tile.Int("independent_sources", int64(h.Sources)), tile.String("categories", strings.Join(h.Categories, ",")),
		}})
	}
	return layer
}
