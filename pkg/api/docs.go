package api

import (
	"fmt"
	"html"
	"sort"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/pkg/api/public"
	"github.com/onyo-project/onyo/pkg/api/web"
)

// version is the API's own.
const version = "1.0.0"

// mountDocs describes every route mounted so far.
func (s *Server) mountDocs() error {
	doc, err := web.OpenAPI("Onyo", version, s.routes)
	if err != nil {
		return fmt.Errorf("describe the routes: %w", err)
	}
	page := []byte(docsPage(s.routes))
	s.mount([]web.Route{
		{Method: "GET", Path: "/openapi.json", Access: web.Anyone, Hidden: true, Handler: func(c echo.Context) error { return public.Cacheable(c, "application/json", doc) }},
		{Method: "GET", Path: "/docs", Access: web.Anyone, Hidden: true, Handler: func(c echo.Context) error {
			return public.Cacheable(c, "text/html; charset=utf-8", page)
		}},
	})
	return nil
}

// docsPage is the route table for people, without any script.
func docsPage(routes []web.Route) string {
	byTag := map[string][]web.Route{}
	for _, route := range routes {
		if !route.Hidden {
			byTag[route.Tag] = append(byTag[route.Tag], route)
		}
	}
	tags := make([]string, 0, len(byTag))
	for tag := range byTag {
		tags = append(tags, tag)
	}
	sort.Strings(tags)
	var out strings.Builder
	out.WriteString(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Onyo API</title><h1>Onyo API</h1><p>Machine-readable: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1). Errors are RFC 9457 problem+json.</p>`)
	for _, tag := range tags {
		fmt.Fprintf(&out, "<h2>%s</h2><table><tr><th>method<th>path<th>who<th>what</tr>", html.EscapeString(tag))
		for _, route := range byTag[tag] {
			fmt.Fprintf(&out, "<tr><td>%s<td><code>%s</code><td>%s<td>%s</tr>", route.Method, html.EscapeString(route.Path),
				strings.ReplaceAll(string(route.Access), "_", " "), html.EscapeString(route.Summary))
		}
		out.WriteString("</table>")
	}
	return out.String()
}
