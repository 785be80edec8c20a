// Package ui carries the web client, the server-rendered pages and the manual,
// embedded, and renders those pages. It imports nothing of ours: callers hand
// it plain structs. A *UI never changes once opened, so any number of
// goroutines may use it.
package ui

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
)

// The client is in dist/app after `npm run build`; without Node only the
// placeholder page beside it is there, and the pages come without styling.
//
//go:embed all:dist
var dist embed.FS

//go:embed templates/*.html
var templates embed.FS

//go:embed help/*.md help/channels/*.md
var help embed.FS

//go:embed locales/*.json
var locales embed.FS

//go:embed icons/icons.json
var icons []byte

//go:embed public/basemap/outline.json
var outline []byte

// UI is the opened client.
type UI struct {
	app       fs.FS
	files     map[string]file
	entries   map[string]entry
	languages []Language
	words     map[string]map[string]string
	pages     map[string]*template.Template
	articles  []Article
	bodies    map[string]template.HTML
	world     world
}

// Open reads everything embedded once; what does not fit together is an error
// now rather than a broken page later.
func Open() (*UI, error) {
	u := &UI{}
	for _, step := range []func() error{u.openAssets, u.openLocales, u.openHelp, u.openPages, u.openOutline} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("open the web client: %w", err)
		}
	}
	return u, nil
}

// Dist is the embedded ui/dist.
func Dist() fs.FS { return sub(dist, "dist") }

// Help is the manual's Markdown, one file an article.
func Help() fs.FS { return sub(help, "help") }

// Locales is one flat JSON file of texts a language.
func Locales() fs.FS { return sub(locales, "locales") }

// sub cannot fail for the constant folders above, which the compiler embeds.
func sub(from embed.FS, folder string) fs.FS {
	inner, err := fs.Sub(from, folder)
	if err != nil {
		return from
	}
	return inner
}

func readJSON(from fs.FS, name string, into any) error {
	raw, err := fs.ReadFile(from, name)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("parse %s: %w", name, err)
	}
	return nil
}
