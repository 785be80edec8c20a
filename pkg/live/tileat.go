package live

import "github.com/onyo-project/onyo/geo/tile"

// TileAt is Tile for coordinates as they stand in an address. It fails, saying
// which, for ones that are no tile.
func (m *Map) TileAt(z, x, y string, f Filter) ([]byte, error) {
	where, err := tile.Parse(z, x, y)
	if err != nil {
		return nil, err
	}
	return m.Tile(where, f), nil
}
