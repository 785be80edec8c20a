package formats

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// Incident is an incident as one audience may see it (CONTRACT, Map queries).
type Incident struct {
	ID         string
	Status     crisis.Status
	Phase      crisis.Phase
	Severity   crisis.Severity
	Categories []string
	Summary    string
	Place      string
	OccurredAt time.Time
	Reports    uint32
	Sources    uint32
	// Located says whether Lon and Lat, in degrees, mean anything.
	Located      bool
	Lon, Lat     float64
	UncertaintyM float64
	// Cell is the size in degrees of the square that the point is the centre
	// of; 0 for a point that is not blurred.
	Cell float64
	// LocatedBy is how the point was found, for ops; "" for the public.
	LocatedBy string
}

// Append writes the incident as a GeoJSON Feature; without a location its
// geometry is null.
func (in *Incident) Append(dst []byte) []byte {
	dst = in.open(dst)
	dst = append(dst, `,"phase":`...)
	dst = AppendString(dst, string(in.Phase))
	dst = append(dst, `,"categories":`...)
	dst = AppendStrings(dst, in.Categories)
	dst = append(dst, `,"summary":`...)
	dst = AppendString(dst, in.Summary)
	dst = append(dst, `,"occurred_at":`...)
	dst = AppendTime(dst, in.OccurredAt)
	dst = append(dst, `,"reports":`...)
	dst = strconv.AppendUint(dst, uint64(in.Reports), 10)
	dst = append(dst, `,"independent_sources":`...)
	dst = strconv.AppendUint(dst, uint64(in.Sources), 10)
	return append(dst, `}}`...)
}

// AppendSingle writes the incident as a cluster of one.
func (in *Incident) AppendSingle(dst []byte) []byte {
	dst = in.open(dst)
	return append(dst, `,"cluster":false,"count":1}}`...)
}

// open writes what both forms share, up to the last of those properties.
func (in *Incident) open(dst []byte) []byte {
	dst = append(dst, `{"type":"Feature","id":`...)
	dst = AppendString(dst, in.ID)
	dst = append(dst, `,"geometry":`...)
	if in.Located {
		dst = AppendPoint(dst, geo.Point{Lon: in.Lon, Lat: in.Lat})
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"properties":{"id":`...)
	dst = AppendString(dst, in.ID)
	dst = append(dst, `,"status":`...)
	dst = AppendString(dst, string(in.Status))
	dst = append(dst, `,"severity":`...)
	dst = AppendString(dst, string(in.Severity))
	dst = append(dst, `,"category":`...)
	if len(in.Categories) > 0 {
		dst = AppendString(dst, in.Categories[0])
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"place":`...)
	dst = AppendString(dst, in.Place)
	dst = append(dst, `,"uncertainty_m":`...)
	if in.Located {
		dst = AppendNumber(dst, in.UncertaintyM)
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"cell":`...)
	if in.Cell > 0 {
		dst = AppendNumber(dst, in.Cell)
	} else {
		dst = append(dst, "null"...)
	}
	if in.LocatedBy != "" {
		dst = append(dst, `,"located_by":`...)
		dst = AppendString(dst, in.LocatedBy)
	}
	return dst
}

// Hotspot is a hotspot as one audience may see it.
type Hotspot struct {
	ID         string
	Status     crisis.HotspotStatus
	Severity   crisis.Severity
	Score      float64
	Incidents  uint32
	Reports    uint32
	Sources    uint32
	Categories []string
	FirstSeen  time.Time
	LastSeen   time.Time
	Trend      crisis.Trend
	Why        string
	Place      string
	Lon, Lat   float64
	// Shape is its area as a GeoJSON geometry.
	Shape json.RawMessage
	// Response, for ops, is "", "acknowledged", "en_route" or "handled".
	Response   string
	ResponseAt time.Time
}

// Append writes the hotspot as a GeoJSON Feature.
func (h *Hotspot) Append(dst []byte) []byte {
	dst = append(dst, `{"type":"Feature","id":`...)
	dst = AppendString(dst, h.ID)
	dst = append(dst, `,"geometry":`...)
	if len(h.Shape) > 0 {
		dst = append(dst, h.Shape...)
	} else {
		dst = AppendPoint(dst, geo.Point{Lon: h.Lon, Lat: h.Lat})
	}
	dst = append(dst, `,"properties":{"id":`...)
	dst = AppendString(dst, h.ID)
	for _, p := range [...]struct{ name, value string }{
		{"status", string(h.Status)}, {"severity", string(h.Severity)}, {"trend", string(h.Trend)}, {"why", h.Why}, {"place", h.Place},
	} {
		dst = append(dst, `,"`...)
		dst = append(append(dst, p.name...), `":`...)
		dst = AppendString(dst, p.value)
	}
	dst = append(dst, `,"score":`...)
	dst = AppendNumber(dst, h.Score)
	for _, p := range [...]struct {
		name  string
		value uint32
	}{{"incidents", h.Incidents}, {"reports", h.Reports}, {"independent_sources", h.Sources}} {
		dst = append(dst, `,"`...)
		dst = append(append(dst, p.name...), `":`...)
		dst = strconv.AppendUint(dst, uint64(p.value), 10)
	}
	dst = append(dst, `,"categories":`...)
	dst = AppendStrings(dst, h.Categories)
	dst = append(dst, `,"first_seen":`...)
	dst = AppendTime(dst, h.FirstSeen)
	dst = append(dst, `,"last_seen":`...)
	dst = AppendTime(dst, h.LastSeen)
	dst = append(dst, `,"lon":`...)
	dst = AppendDegrees(dst, h.Lon)
	dst = append(dst, `,"lat":`...)
	dst = AppendDegrees(dst, h.Lat)
	if h.Response != "" {
		dst = append(dst, `,"response":`...)
		dst = AppendString(dst, h.Response)
		dst = append(dst, `,"response_at":`...)
		dst = AppendTime(dst, h.ResponseAt)
	}
	return append(dst, `}}`...)
}

// Cluster is points drawn together at one zoom.
type Cluster struct {
	ID            string
	Lon, Lat      float64
	Count         int
	ExpansionZoom int
	Severity      crisis.Severity // the greatest
}

// Append writes the cluster as a GeoJSON Feature.
func (c *Cluster) Append(dst []byte) []byte {
	dst = append(dst, `{"type":"Feature","id":`...)
	dst = AppendString(dst, c.ID)
	dst = append(dst, `,"geometry":`...)
	dst = AppendPoint(dst, geo.Point{Lon: c.Lon, Lat: c.Lat})
	dst = append(dst, `,"properties":{"id":`...)
	dst = AppendString(dst, c.ID)
	dst = append(dst, `,"cluster":true,"count":`...)
	dst = strconv.AppendInt(dst, int64(c.Count), 10)
	dst = append(dst, `,"expansion_zoom":`...)
	dst = strconv.AppendInt(dst, int64(c.ExpansionZoom), 10)
	dst = append(dst, `,"severity":`...)
	dst = AppendString(dst, string(c.Severity))
	return append(dst, `}}`...)
}
