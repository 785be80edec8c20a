package public

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/formats"
	"github.com/onyo-project/onyo/pkg/live"
	"github.com/onyo-project/onyo/ui"
)

// Frame is what every page shows around its own content.
func (s *Site) Frame(c echo.Context) (ui.Page, Setting, error) {
	setting, err := s.Setting(c.Request().Context())
	if err != nil {
		return ui.Page{}, setting, err
	}
	d := setting.Deployment
	cookie := ""
	if kept, err := c.Cookie("lang"); err == nil {
		cookie = kept.Value
	}
	asked := c.QueryParam("lang")
	page := ui.Page{Lang: s.UI.Pick(d.Languages, asked, cookie, c.Request().Header.Get("Accept-Language")), Path: c.Request().URL.Path,
		Deployment: d.Name, Demo: setting.Demo, Training: d.Training, EmergencyNumber: d.Emergency.Number, Offered: d.Languages}
	page.Emergency = d.Emergency.In(page.Lang)
	if zone, err := time.LoadLocation(d.TimeZone); err == nil {
		page.Zone = zone
	}
	if asked != "" {
		c.SetCookie(&http.Cookie{Name: "lang", Value: page.Lang, Path: "/", MaxAge: 365 * 24 * 3600, SameSite: http.SameSiteLaxMode})
	}
	return page, setting, nil
}

// Show renders a page.
func (s *Site) Show(c echo.Context, status int, view ui.View) error {
	var out bytes.Buffer
	if err := s.UI.Render(&out, view); err != nil {
		return err
	}
	c.Response().Header().Add("Vary", "Accept-Language, Cookie")
	if status == http.StatusOK && c.Response().Header().Get("Cache-Control") == "" {
		return Cacheable(c, echo.MIMETextHTMLCharsetUTF8, out.Bytes())
	}
	return c.HTMLBlob(status, out.Bytes())
}

func (s *Site) shell(blank *ui.SigninPage) echo.HandlerFunc {
	return func(c echo.Context) error {
		page, _, err := s.Frame(c)
		if err != nil {
			return err
		}
		view := *blank
		view.Page = page
		return s.Show(c, http.StatusOK, &view)
	}
}

func (s *Site) app(face string) echo.HandlerFunc {
	return func(c echo.Context) error {
		page, _, err := s.Frame(c)
		if err != nil {
			return err
		}
		c.Response().Header().Set("Cache-Control", "no-store")
		return s.Show(c, http.StatusOK, &ui.AppPage{Page: page, Face: face})
	}
}

func (s *Site) mapPage(c echo.Context) error { return s.showMap(c, false) }

// embedPage is the only page that other sites may frame.
func (s *Site) embedPage(c echo.Context) error {
	header := c.Response().Header()
	allowed := "frame-ancestors " + strings.Join(append([]string{"'self'"}, s.Embedders...), " ")
	header.Set("Content-Security-Policy", strings.Replace(header.Get("Content-Security-Policy"), "frame-ancestors 'none'", allowed, 1))
	return s.showMap(c, true)
}

func (s *Site) showMap(c echo.Context, embed bool) error {
	frame, setting, err := s.Frame(c)
	if err != nil {
		return err
	}
	labels := map[string]*crisis.Category{}
	for _, category := range setting.Categories {
		labels[category.Key] = category
	}
	view := &ui.MapPage{Page: frame, Updated: s.Maps.Map.At(), Still: "/map.svg", Embed: embed}
	s.Maps.Map.EachHotspot(live.Filter{}, func(h formats.Hotspot) bool {
		view.Hotspots = append(view.Hotspots, hotspotRow(h, labels, frame.Lang))
		return len(view.Hotspots) < listPage
	})
	s.Maps.Map.Each(live.Filter{}, func(in formats.Incident) bool {
		view.Incidents = append(view.Incidents, incidentRow(in, labels, frame.Lang))
		return len(view.Incidents) < listPage
	})
	view.More = max(0, s.Maps.Map.Count(live.Filter{})-listPage)
	return s.Show(c, http.StatusOK, view)
}

func labelOf(keys []string, known map[string]*crisis.Category, language string) (label, icon string) {
	var words []string
	for _, key := range keys {
		category := known[key]
		if category == nil {
			continue
		}
		word := category.Labels[language]
		if word == "" {
			word = category.Labels["en"]
		}
		words = append(words, word)
		if icon == "" {
			icon = category.Icon
		}
	}
	return strings.Join(words, ", "), icon
}

func hotspotRow(h formats.Hotspot, known map[string]*crisis.Category, language string) ui.ListRow {
	label, icon := labelOf(h.Categories, known, language)
	return ui.ListRow{ID: h.ID, Title: label, Place: h.Place, Categories: label, Icon: icon, Severity: string(h.Severity), Status: string(h.Status), Trend: string(h.Trend),
		Why: h.Why, Reports: int(h.Reports), Sources: int(h.Sources), Incidents: int(h.Incidents), At: h.LastSeen, Precision: "minute"}
}

func incidentRow(in formats.Incident, known map[string]*crisis.Category, language string) ui.ListRow {
	label, icon := labelOf(in.Categories, known, language)
	title := label
	if in.Summary != "" {
		title = in.Summary
	}
	return ui.ListRow{ID: in.ID, Title: title, Place: in.Place, Categories: label, Icon: icon, Severity: string(in.Severity), Status: string(in.Status), Phase: string(in.Phase),
		Reports: int(in.Reports), Sources: int(in.Sources), At: in.OccurredAt, Precision: "minute"}
}

// stillMap is the map without JavaScript: what is ongoing, from the public copy.
func (s *Site) stillMap(c echo.Context) error {
	setting, err := s.Setting(c.Request().Context())
	if err != nil {
		return err
	}
	area := geo.World()
	if setting.Deployment.Area != nil {
		area = *setting.Deployment.Area
	}
	still := ui.StillMap{Area: [4]float64{area.West, area.South, area.East, area.North}, Dark: c.QueryParam("dark") != ""}
	s.Maps.Map.EachHotspot(live.Filter{}, func(h formats.Hotspot) bool {
		still.Marks = append(still.Marks, ui.Mark{Lon: h.Lon, Lat: h.Lat, Ring: ringOf(h), Severity: string(h.Severity), Verified: true})
		return true
	})
	s.Maps.Map.Each(live.Filter{}, func(in formats.Incident) bool {
		if in.Located {
			still.Marks = append(still.Marks, ui.Mark{Lon: in.Lon, Lat: in.Lat, Cell: in.Cell, Severity: string(in.Severity), Verified: in.Status == crisis.StatusVerified})
		}
		return len(still.Marks) < 2000
	})
	var out bytes.Buffer
	if err := s.UI.DrawMap(&out, still); err != nil {
		return err
	}
	return Cacheable(c, "image/svg+xml", out.Bytes())
}

func (s *Site) help(c echo.Context) error {
	page, _, err := s.Frame(c)
	if err != nil {
		return err
	}
	article, ok := s.UI.Article(page, c.Param("name"))
	if !ok {
		return web.Missing("page of the manual")
	}
	return s.Show(c, http.StatusOK, article)
}

func (s *Site) asset(c echo.Context) error {
	name, err := url.PathUnescape(c.Param("*"))
	if err != nil {
		return web.Missing("file")
	}
	file, err := s.UI.File(name, c.Request().Header.Get("Accept-Encoding"))
	if errors.Is(err, fs.ErrNotExist) {
		return web.Missing("file")
	}
	if err != nil {
		return err
	}
	defer file.Body.Close()
	header := c.Response().Header()
	header.Set("Content-Type", file.Type)
	if file.Encoding != "" {
		header.Set("Content-Encoding", file.Encoding)
	}
	if file.Varies {
		header.Add("Vary", "Accept-Encoding")
	}
	header.Set("Cache-Control", "public, max-age=300")
	if file.Fixed {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	seeker, ok := file.Body.(io.ReadSeeker)
	if !ok {
		return c.Stream(http.StatusOK, file.Type, file.Body)
	}
	http.ServeContent(c.Response(), c.Request(), "", time.Time{}, seeker)
	return nil
}

// ShowError tells a browser what went wrong and what to do.
func (s *Site) ShowError(c echo.Context, problem *web.Problem) error {
	page, _, err := s.Frame(c)
	if err != nil {
		return err
	}
	c.Response().Header().Set("Cache-Control", "no-store")
	return s.Show(c, problem.Status, &ui.ErrorPage{Page: page, Status: problem.Status, Detail: problem.Detail, RequestID: c.Response().Header().Get("X-Request-Id")})
}

// ringOf is the outer ring of a hotspot's shape; nil where it has none.
func ringOf(h formats.Hotspot) [][2]float64 {
	var shape struct {
		Type        string          `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
	}
	var rings [][][2]float64
	if json.Unmarshal(h.Shape, &shape) != nil || shape.Type != "Polygon" || json.Unmarshal(shape.Coordinates, &rings) != nil || len(rings) == 0 {
		return nil
	}
	return rings[0]
}
