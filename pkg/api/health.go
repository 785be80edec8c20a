package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// health says how the server is: status to anyone, reasons and metrics to
// admins (CONTRACT, HTTP).
type health struct {
	// ready lists what is not ready yet; empty is ready.
	ready   func(ctx context.Context) []string
	metrics http.Handler
	admin   func(echo.Context) bool
}

// newHealth makes it; a scrape secret, where there is one, opens what an admin's
// token does.
func newHealth(s *Server, ready func(context.Context) []string, gauges func() map[string]float64, scrape channels.Secret) *health {
	registry := prometheus.NewRegistry()
	registry.MustRegister(&collector{gauges: gauges})
	return &health{ready: ready, metrics: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), admin: func(c echo.Context) bool {
		if token, ok := strings.CutPrefix(c.Request().Header.Get("Authorization"), "Bearer "); ok && scrape.Matches(token) {
			return true
		}
		person, err := s.identify(c)
		return err == nil && person.Has(crisis.RoleAdmin)
	}}
}

func (h *health) routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/healthz", Access: web.Anyone, Tag: "health", Summary: "The process runs", Type: "text/plain", Handler: func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }},
		{Method: "GET", Path: "/readyz", Access: web.Anyone, Tag: "health", Summary: "Maps and intake are ready", Type: "text/plain", Handler: h.readyz},
		{Method: "GET", Path: "/metrics", Access: web.Scrape, Tag: "health", Summary: "Metrics (Prometheus)", Type: "text/plain", Handler: h.scrape},
	}
}

// scrape gives metrics to admins and to monitors that know the scrape secret.
func (h *health) scrape(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	if !h.admin(c) {
		if c.Request().Header.Get("Authorization") == "" {
			return web.Unsigned()
		}
		return web.Forbidden("Metrics need an admin's token or the scrape secret.")
	}
	h.metrics.ServeHTTP(c.Response(), c.Request())
	return nil
}

func (h *health) readyz(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	missing := h.ready(c.Request().Context())
	if len(missing) == 0 {
		return c.String(http.StatusOK, "ready\n")
	}
	if h.admin(c) {
		return c.JSON(http.StatusServiceUnavailable, map[string][]string{"not_ready": missing})
	}
	return c.String(http.StatusServiceUnavailable, "not ready\n")
}

// collector reads gauges at scrape time.
type collector struct{ gauges func() map[string]float64 }

// Describe sends nothing: the gauges are known when they are read.
func (*collector) Describe(chan<- *prometheus.Desc) {}

// Collect reads every gauge.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	for name, value := range c.gauges() {
		name, labels := split(name)
		out <- prometheus.MustNewConstMetric(prometheus.NewDesc("onyo_"+name, strings.ReplaceAll(name, "_", " "), nil, labels), prometheus.GaugeValue, value)
	}
}

// split takes the one label that a gauge may have, as in name{channel="app"}, off
// its name.
func split(gauge string) (name string, labels prometheus.Labels) {
	name, rest, labelled := strings.Cut(gauge, "{")
	if !labelled {
		return name, nil
	}
	key, value, _ := strings.Cut(strings.TrimSuffix(rest, "}"), "=")
	return name, prometheus.Labels{key: strings.Trim(value, `"`)}
}
