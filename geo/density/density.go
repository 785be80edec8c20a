// Package density finds where much happens close together, and says how sure that
// is: dense groups of points in space and time (ST-DBSCAN; Birant and Kut,
// "ST-DBSCAN: An algorithm for clustering spatial–temporal data", Data & Knowledge
// Engineering 60, 2007), of all points at once (Cluster) or kept up as they come
// and go (Engine); the hull that a group is drawn with; places whose values stand
// out (GetisOrd) or change (MannKendall).
//
// Distances are great-circle distances on the sphere of geo.EarthRadius, so
// the 180° meridian and the poles are nowhere special. The result depends on
// the set of points alone, never on their order: where the original leaves a
// border point to whichever cluster reached it first, here it goes to the
// nearest core point, and clusters are numbered by where they lie. The package
// is pure; all of it but an Engine is safe for concurrent use.
package density

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Noise is the cluster of a point that belongs to none.
const Noise = -1

// ErrInvalidParams is returned, wrapped, for parameters that mean nothing.
var ErrInvalidParams = errors.New("density parameters are not usable")

// Point is one thing that happened somewhere. A point that is not on Earth
// (see geo.Point.Valid) is nobody's neighbour and always noise.
type Point struct {
	Lon, Lat float64 // degrees, WGS 84
	Time     int64   // microseconds since 1970 UTC; ignored without a Window
	// Weight is how much the point counts, such as its independent sources.
	// Whole numbers keep sums exact, and with them independent of order. A
	// point of weight 0 can join a cluster and never helps to make one.
	Weight uint32
}

// Params says what dense means.
type Params struct {
	// EpsMetres is the reach of a neighbourhood in ground metres, edge
	// included. At 0 only points in the very same place are neighbours.
	EpsMetres float64
	// Window is the greatest difference in time between neighbours, edge
	// included. 0 sets no limit. Counted in whole microseconds.
	Window time.Duration
	// MinWeight is what the weights in a neighbourhood, the point's own
	// included, must add up to for the point to be a core.
	MinWeight uint32
}

// Check says what is wrong with the parameters, or nil. Errors wrap
// ErrInvalidParams.
func (p Params) Check() error {
	switch {
	case !(p.EpsMetres >= 0) || math.IsInf(p.EpsMetres, 1):
		return fmt.Errorf("%w: eps must be a finite number of metres, not negative", ErrInvalidParams)
	case p.Window < 0:
		return fmt.Errorf("%w: window must not be negative", ErrInvalidParams)
	}
	return nil
}

// Label is what Cluster says about one point.
type Label struct {
	Cluster int  // 0 and up, or Noise
	Core    bool // whether the neighbourhood of the point is dense
}

// Cluster labels every point, in the order given.
//
// Neighbours are at most EpsMetres and at most Window apart. A core is a point
// whose neighbourhood, itself included, weighs at least MinWeight. Cores that
// are neighbours share a cluster; a point that is no core but has one as
// neighbour belongs to the nearest (of several equally near, to the first by
// longitude, latitude, time and weight); all others are noise. Clusters are
// numbered by their first core in that same order.
//
// With parameters that do not pass Check every point is noise. Time grows about
// linearly with points, some 0.5 seconds for a million; memory is about 150 bytes
// a point.
func Cluster(points []Point, p Params) []Label {
	labels := make([]Label, len(points))
	for i := range labels {
		labels[i].Cluster = Noise
	}
	if p.Check() != nil || len(points) == 0 {
		return labels
	}
	g := newGrid(points, newReach(p))
	g.findCores()
	g.join()
	g.label(labels)
	return labels
}
