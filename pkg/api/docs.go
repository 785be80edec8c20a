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
	_, styles := s.pages.UI.Asset("page")
	page := []byte(docsPage(s.routes, styles))
	s.mount([]web.Route{
		{Method: "GET", Path: "/openapi.json", Access: web.Anyone, Hidden: true, Handler: func(c echo.Context) error { return public.Cacheable(c, "application/json", doc) }},
		{Method: "GET", Path: "/docs", Access: web.Anyone, Hidden: true, Handler: func(c echo.Context) error {
			return public.Cacheable(c, "text/html; charset=utf-8", page)
		}},
	})
	return nil
}

// docsPage is the route table for people, without any script.
func docsPage(routes []web.Route, styles []string) string {
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
	out.WriteString(`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Onyo API</title><link rel="icon" href="/assets/mark.svg" type="image/svg+xml">`)
	for _, style := range styles {
		fmt.Fprintf(&out, `<link rel="stylesheet" href="%s">`, html.EscapeString(style))
	}
	out.WriteString(`</head><body class="face-doc"><main class="narrow"><article class="prose"><h1>Onyo API</h1><p>Machine-readable: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1). How to call it: <a href="/help/api">the manual</a>. Errors are RFC 9457 problem+json.</p>`)
	for _, tag := range tags {
		fmt.Fprintf(&out, "<h2>%s</h2><ul>", html.EscapeString(tag))
		for _, route := range byTag[tag] {
			path := strings.ReplaceAll(html.EscapeString(route.Path), "/", "/<wbr>")
			fmt.Fprintf(&out, "<li>%s <code>%s</code><br>%s. Who may: %s.</li>", route.Method, path, html.EscapeString(route.Summary), strings.ReplaceAll(string(route.Access), "_", " "))
		}
		out.WriteString("</ul>")
	}
	out.WriteString("</article></main></body></html>")
	return out.String()
}
