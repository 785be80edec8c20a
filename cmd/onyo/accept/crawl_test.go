package accept_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"
)

// area is a part of the map that a crawl looks at more closely.
type area struct{ west, south, east, north float64 }

func theArea() area { return area{36.6, -1.5, 37.2, -1.1} }

// boxes are the whole, its quarters, halves of those, and what crosses 180°.
func (a area) boxes() []string {
	var all []string
	add := func(w, s, e, n float64) { all = append(all, fmt.Sprintf("%g,%g,%g,%g", w, s, e, n)) }
	add(-180, -90, 180, 90)
	add(170, -90, a.east, 90)
	add(a.west, a.south, a.east, a.north)
	for _, parts := range []int{2, 4} {
		dx, dy := (a.east-a.west)/float64(parts), (a.north-a.south)/float64(parts)
		for i := range parts {
			for j := range parts {
				add(a.west+float64(i)*dx, a.south+float64(j)*dy, a.west+float64(i+1)*dx, a.south+float64(j+1)*dy)
			}
		}
	}
	// Narrow ones cut through cells: which side a point lies on would show.
	for i := range 40 {
		x, y := 36.81+float64(i)*0.0005, -1.31+float64(i)*0.0005
		add(x, a.south, x+0.0005, a.north)
		add(a.west, y, a.east, y+0.0005)
	}
	return all
}

// tiles are addresses of the tiles over the area, zoom by zoom.
func (a area) tiles() []string {
	var all []string
	for z := range 15 {
		side := math.Exp2(float64(z))
		x := func(lon float64) int { return int((lon + 180) / 360 * side) }
		y := func(lat float64) int {
			rad := lat * math.Pi / 180
			return int((1 - math.Asinh(math.Tan(rad))/math.Pi) / 2 * side)
		}
		for _, at := range [][2]float64{{36.815, -1.305}, {a.west, a.south}, {a.east, a.north}, {36.9, -1.2}} {
			all = append(all, fmt.Sprintf("/api/v1/map/tiles/%d/%d/%d.mvt", z, x(at[0]), y(at[1])))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// anonymousPaths is what a curious stranger asks for: every page, every map
// answer in many cuts, and what is refused.
func anonymousPaths(a area) []string {
	paths := []string{"/", "/embed", "/map.svg", "/map.svg?dark=1", "/report", "/receipt", "/signin", "/help", "/docs", "/openapi.json", "/healthz", "/readyz",
		"/desk", "/ops", "/admin", "/setup", "/style", "/?lang=sw", "/report?lang=sw", "/help?lang=sw", "/api/v1/deployment", "/api/v1/map/tiles.json",
		"/nothing", "/api/v1/nothing", "/assets/nothing.js", "/invite/nothing", "/hooks/nothing", "/api/v1/setup", "/api/v1/auth/me", "/metrics",
		"/api/v1/desk/queue", "/api/v1/desk/incidents", "/api/v1/ops/map/incidents", "/api/v1/ops/status", "/api/v1/admin/deployment",
		"/api/v1/map/incidents?limit=0", "/api/v1/map/incidents?bbox=1,2,3", "/api/v1/map/clusters?zoom=99", "/api/v1/map/hotspots?nothing=1",
		"/api/v1/map/tiles/1/9/9.mvt", "/api/v1/map/tiles/0/0/0.png"}
	for _, what := range []string{"hotspots", "incidents", "clusters"} {
		for _, query := range []string{"", "?limit=1", "?limit=10", "?limit=10000", "?phase=ongoing", "?phase=over", "?phase=ongoing,over", "?status=verified", "?status=probable",
			"?status=emerging,active", "?category=power", "?category=flood,bridge", "?severity=normal", "?severity=life_safety", "?q=pylon", "?q=water",
			"?since=2020-01-01T00:00:00Z", "?until=2020-01-01T00:00:00Z", "?as_of=2020-01-01T00:00:00Z", "?cursor=0"} {
			paths = append(paths, "/api/v1/map/"+what+query)
		}
		for _, box := range a.boxes() {
			paths = append(paths, "/api/v1/map/"+what+"?bbox="+box)
		}
	}
	for zoom := range 18 {
		for _, box := range a.boxes()[:7] {
			paths = append(paths, fmt.Sprintf("/api/v1/map/clusters?zoom=%d&bbox=%s", zoom, box))
		}
	}
	return append(paths, a.tiles()...)
}

// visible is an answer as a stranger can compare it: everything but Date and
// X-Request-Id.
func (a answer) visible() string {
	header := a.header.Clone()
	header.Del("Date")
	header.Del("X-Request-Id")
	var all bytes.Buffer
	fmt.Fprintln(&all, a.status)
	_ = header.Write(&all)
	all.WriteByte('\n')
	all.Write(a.body)
	return all.String()
}

// opening is the head of a stream and its first event.
func (c *caller) opening(path, resume string) string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 15*time.Second)
	defer cancel()
	request := c.request(http.MethodGet, path, "", nil).WithContext(ctx)
	if resume != "" {
		request.Header.Set("Last-Event-ID", resume)
	}
	response, err := c.client.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	var first strings.Builder
	for b := make([]byte, 1); !strings.HasSuffix(first.String(), "\n\n"); {
		if _, err := io.ReadFull(response.Body, b); err != nil {
			c.t.Fatalf("%s resumed at %q: %v after %q", path, resume, err, first.String())
		}
		first.Write(b)
	}
	header := response.Header.Clone()
	for _, name := range []string{"Date", textproto.CanonicalMIMEHeaderKey("X-Request-Id")} {
		header.Del(name)
	}
	return fmt.Sprint(response.StatusCode, header, first.String())
}
