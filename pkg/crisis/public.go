package crisis

import (
	"encoding/json"
	"time"
)

// PublicIncident is an incident as strangers may know it: everything in it is
// blurred, bucketed and floored before it is stored, so that nothing read from
// it can say more (DESIGN §4, law 3).
type PublicIncident struct {
	ID         string // derived: HMAC under the projection key
	Profile    Profile
	Status     Status
	Phase      Phase
	Severity   Severity
	Categories []string
	Summaries  map[string]string // approved ones, by language
	Place      string            // looked up from the cell
	OccurredAt time.Time         // floored by the profile
	Reports    uint32            // lower bound of the bucket
	Sources    uint32            // lower bound of the bucket
	Located    bool
	Lon, Lat   float64 // the cell's centre; under open, the rounded point
	// Cell is the square's size in degrees; 0 under open.
	Cell         float64
	UncertaintyM float64
	// Batch is the batch that brought this version.
	Batch time.Time
}

// PublicHotspot is a hotspot computed from PublicIncidents alone.
type PublicHotspot struct {
	ID         string
	Status     HotspotStatus
	Severity   Severity
	Score      float64
	Incidents  uint32
	Reports    uint32
	Sources    uint32
	Categories []string
	FirstSeen  time.Time
	LastSeen   time.Time
	Trend      Trend
	Why        string
	Place      string
	Lon, Lat   float64
	Shape      json.RawMessage // GeoJSON polygon
	Members    []string
	Batch      time.Time
}

// Batch is one publication: at a whole multiple of the period since 1970 UTC.
type Batch struct {
	At time.Time
	// Next is the ledger index that the publisher has read up to; never shown.
	Next      uint64
	Incidents []PublicIncident
	Hotspots  []PublicHotspot
	// Retract lists public ids, of either kind, that are no longer there.
	Retract []string
}

// HotspotMember is what a hotspot engine sees of an incident: true points for
// ops, projected ones for the public. ID is whichever id that audience knows.
type HotspotMember struct {
	ID           string
	Lon, Lat     float64
	UncertaintyM float64
	At           time.Time
	Weight       float64
	Severity     Severity
	Categories   []string
	Reports      uint32
	Sources      uint32
}

// HotspotGroup is one hotspot as an engine sees it at a moment.
type HotspotGroup struct {
	// Key lasts as long as the hotspot does: of its audience, never shared
	// between audiences.
	Key        string
	Status     HotspotStatus
	Severity   Severity
	Score      float64
	Members    []string
	Reports    uint32
	Sources    uint32
	Categories []string
	FirstSeen  time.Time
	LastSeen   time.Time
	Trend      Trend
	Why        string
	Lon, Lat   float64
	Shape      json.RawMessage // GeoJSON polygon: a hull, or a halo round one or two points
	Parent     string
}
