package public

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/live"
)

// Maps answers map queries for one audience. The public's has no Sight and is
// cacheable; ops' says what each viewer may see and is not.
type Maps struct {
	Prefix string // "/api/v1/map" or "/api/v1/ops/map"
	Access web.Access
	Map    *live.Map
	Hub    *live.Hub
	// Sight is what the caller may see; nil for the public.
	Sight func(echo.Context) *live.Sight
	// AsOf answers for an earlier moment from what was known then; nil where
	// today's copy filtered by time is all there is.
	AsOf func(echo.Context, time.Time) (*live.Map, error)
	// Still says whether a stream's caller may still see what they saw when it was
	// opened; nil for the public. It is asked every few seconds.
	Still func(echo.Context) bool
	// Stop closes when the server drains.
	Stop <-chan struct{}
}

// Routes are the map's routes.
func (m *Maps) Routes() []web.Route {
	params := func(names ...string) []web.Param {
		help := map[string]string{"bbox": "w,s,e,n in degrees, edges included; w>e crosses 180°", "zoom": "0 to 22", "category": "comma list of keys",
			"status": "comma list", "phase": "ongoing, over", "severity": "comma list", "since": "RFC 3339, included", "until": "RFC 3339, not included", "q": "words",
			"as_of": "ops: what was known then; public: today's copy filtered by time", "limit": "1 to 10,000; default 1,000", "cursor": "next of the page before"}
		var out []web.Param
		for _, name := range names {
			out = append(out, web.Param{Name: name, Help: help[name]})
		}
		return out
	}
	all := params("bbox", "zoom", "category", "status", "phase", "severity", "since", "until", "q", "as_of", "limit", "cursor")
	route := func(path, summary, kind string, handler echo.HandlerFunc) web.Route {
		return web.Route{Method: http.MethodGet, Path: m.Prefix + path, Access: m.Access, Tag: "map", Summary: summary, Type: kind, Query: all, Handler: handler}
	}
	tile := route("/tiles/:z/:x/:y", "A vector tile (y ends in .mvt)", mvtType, m.tile)
	tile.Query = params("category", "status", "phase", "severity", "since", "until")
	return []web.Route{
		route("/hotspots", "Hotspots as GeoJSON", geoJSON, m.answer((*live.Map).Hotspots)),
		route("/incidents", "Incidents as GeoJSON", geoJSON, m.answer((*live.Map).Incidents)),
		route("/clusters", "Incidents drawn together at a zoom, as GeoJSON", geoJSON, m.answer((*live.Map).Clusters)),
		tile,
		{Method: http.MethodGet, Path: m.Prefix + "/tiles.json", Access: m.Access, Tag: "map", Summary: "TileJSON 3", Type: "application/json", Handler: m.tileJSON},
		{Method: http.MethodGet, Path: m.Prefix + "/live", Access: m.Access, Tag: "map", Summary: "What changes (SSE), resumable by Last-Event-ID", Type: "text/event-stream", Handler: m.live},
	}
}

const (
	geoJSON = "application/geo+json"
	mvtType = "application/vnd.mapbox-vector-tile"
)

// filter reads CONTRACT's map query.
func (m *Maps) filter(c echo.Context) (live.Filter, *live.Map, error) {
	query := web.ReadQuery(c)
	f := live.Filter{Zoom: query.Int("zoom", 0, 0, 22), Categories: query.List("category", nil), Limit: query.Int("limit", live.StandardLimit, 1, live.MostLimit),
		Words: query.Text("q", 200), After: query.Text("cursor", 64)}
	if box, ok := web.Parse(query, "bbox", geo.ParseBounds); ok {
		f.Bounds = &box
	}
	readSets(query, &f)
	f.Since, _ = web.Parse(query, "since", parseTime)
	f.Until, _ = web.Parse(query, "until", parseTime)
	asOf, past := web.Parse(query, "as_of", parseTime)
	if err := query.Done(); err != nil {
		return f, nil, err
	}
	if m.Sight != nil {
		f.Sight = m.Sight(c)
	}
	if !past {
		return f, m.Map, nil
	}
	if m.AsOf != nil {
		then, err := m.AsOf(c, asOf)
		return f, then, err
	}
	if f.Until.IsZero() || asOf.Before(f.Until) {
		f.Until = asOf.Add(time.Microsecond)
	}
	return f, m.Map, nil
}

func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, errors.New("a time is written as in 2026-05-01T12:00:00Z")
	}
	return t, nil
}

// readSets reads the comma lists. A status may be an incident's or a hotspot's;
// each map asks for its own.
func readSets(query *web.Query, f *live.Filter) {
	var known []string
	for _, s := range crisis.Statuses() {
		known = append(known, string(s))
	}
	hotspots := map[string]crisis.HotspotStatus{}
	for _, s := range []crisis.HotspotStatus{crisis.HotspotEmerging, crisis.HotspotActive, crisis.HotspotIntensifying, crisis.HotspotFading, crisis.HotspotClosed} {
		hotspots[string(s)] = s
		known = append(known, string(s))
	}
	for _, s := range query.List("status", known) {
		if status, ok := hotspots[s]; ok {
			f.HotspotStatuses = append(f.HotspotStatuses, status)
		} else {
			f.Statuses = append(f.Statuses, crisis.Status(s))
		}
	}
	for _, s := range query.List("phase", []string{"ongoing", "over"}) {
		f.Phases = append(f.Phases, crisis.Phase(s))
	}
	for _, s := range query.List("severity", []string{"low", "normal", "life_safety"}) {
		f.Severities = append(f.Severities, crisis.Severity(s))
	}
}

func (m *Maps) answer(ask func(*live.Map, live.Filter) []byte) echo.HandlerFunc {
	return func(c echo.Context) error {
		filter, from, err := m.filter(c)
		if err != nil {
			return err
		}
		return m.blob(c, geoJSON, ask(from, filter))
	}
}

// blob writes an answer; the public's may be kept by anybody who asks again
// before showing it.
func (m *Maps) blob(c echo.Context, kind string, body []byte) error {
	if m.Sight != nil {
		return c.Blob(http.StatusOK, kind, body)
	}
	return Cacheable(c, kind, body)
}

// Cacheable writes an anonymous answer with an ETag of its content; 304 where
// the caller has it.
func Cacheable(c echo.Context, kind string, body []byte) error {
	tag := live.ETag(body)
	header := c.Response().Header()
	header.Set("ETag", tag)
	header.Set("Cache-Control", "public, no-cache")
	if c.Request().Header.Get("If-None-Match") == tag {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, kind, body)
}

// tileJSON describes the tiles (TileJSON 3.0.0).
func (m *Maps) tileJSON(c echo.Context) error {
	text, number := "string", "number"
	body, err := json.Marshal(map[string]any{
		"tilejson": "3.0.0", "tiles": []string{m.Prefix + "/tiles/{z}/{x}/{y}.mvt"}, "minzoom": 0, "maxzoom": 16, "scheme": "xyz",
		"attribution": "Onyo", "vector_layers": []map[string]any{
			{"id": "incidents", "fields": map[string]string{"id": text, "status": text, "place": text, "category": text, "uncertainty_m": number, "cell": number, "count": number, "severity": number}},
			{"id": "cells", "minzoom": 10, "fields": map[string]string{"id": text, "count": number, "severity": number}},
			{"id": "hotspots", "fields": map[string]string{"id": text, "status": text, "severity": text}},
		}})
	if err != nil {
		return err
	}
	return m.blob(c, "application/json", body)
}
