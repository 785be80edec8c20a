package tile

import (
	"bytes"
	"compress/gzip"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/index"
)

// Clusters makes a layer of clusters, such as index.View.TileClusters has for a
// tile. Every feature says cluster, count and severity; a cluster also its
// expansion_zoom and its id, a single item what about has to say (about may be
// nil).
func Clusters(name string, clusters []index.Cluster, about func(*index.Item) []Tag) Layer {
	l := Layer{Name: name, Features: make([]Feature, 0, len(clusters))}
	for i := range clusters {
		c := &clusters[i]
		tags := []Tag{Bool("cluster", c.Single == nil), Int("count", int64(c.Count)), Int("severity", int64(c.Severity))}
		f := Feature{Points: []geo.Point{{Lon: c.Lon, Lat: c.Lat}}}
		switch {
		case c.Single == nil:
			f.ID = uint64(c.ID)
			tags = append(tags, String("id", c.ID.String()), Int("expansion_zoom", int64(c.ExpansionZoom)))
		case about != nil:
			tags = append(tags, about(c.Single)...)
		}
		f.Tags = tags
		l.Features = append(l.Features, f)
	}
	return l
}

// Gzip compresses a tile for the wire.
func Gzip(encoded []byte) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestSpeed) // fails for unknown levels alone
	_, _ = w.Write(encoded)                           // a Buffer takes everything
	_ = w.Close()
	return out.Bytes()
}
