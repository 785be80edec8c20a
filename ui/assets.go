package ui

import (
	"errors"
	"io/fs"
	"mime"
	"path"
	"strings"
)

// entry is one of vite's: what a page has to load.
type entry struct{ js, css []string }

// file is an asset as it goes over the wire.
type file struct {
	kind   string
	packed map[string]string // encoding to the name of the packed copy
}

// chunk is a line of vite's manifest.
type chunk struct {
	File    string   `json:"file"`
	Name    string   `json:"name"`
	IsEntry bool     `json:"isEntry"`
	Imports []string `json:"imports"`
	CSS     []string `json:"css"`
}

// AssetPath is where the server offers what File reads.
const AssetPath = "/assets/"

func (u *UI) openAssets() error {
	u.files, u.entries = map[string]file{}, map[string]entry{}
	u.app = sub(dist, "dist/app")
	var manifest map[string]chunk
	err := readJSON(u.app, ".vite/manifest.json", &manifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // not built: the pages do without
	}
	if err != nil {
		return err
	}
	for _, c := range manifest {
		if c.IsEntry && c.Name != "" {
			u.entries[c.Name] = load(manifest, c)
		}
	}
	return fs.WalkDir(u.app, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(name, ".vite/") || packing(name) != "" {
			return err
		}
		u.files[name] = u.describe(name)
		return nil
	})
}

// load gathers an entry's script, the scripts it imports at once and all their
// styles.
func load(manifest map[string]chunk, from chunk) entry {
	var e entry
	seen := map[string]bool{}
	var visit func(c chunk)
	visit = func(c chunk) {
		if seen[c.File] {
			return
		}
		seen[c.File] = true
		for _, name := range c.Imports {
			visit(manifest[name])
		}
		for _, css := range c.CSS {
			if !seen[css] {
				seen[css] = true
				e.css = append(e.css, AssetPath+css)
			}
		}
		if strings.HasSuffix(c.File, ".css") {
			e.css = append(e.css, AssetPath+c.File)
			return
		}
		e.js = append(e.js, AssetPath+c.File)
	}
	visit(from)
	// The entry's own script comes first; the others are hints to fetch early.
	for i, j := 0, len(e.js)-1; i < j; i, j = i+1, j-1 {
		e.js[i], e.js[j] = e.js[j], e.js[i]
	}
	return e
}

func packing(name string) string {
	switch path.Ext(name) {
	case ".br":
		return "br"
	case ".gz":
		return "gzip"
	}
	return ""
}

func (u *UI) describe(name string) file {
	f := file{kind: contentType(name), packed: map[string]string{}}
	for encoding, end := range map[string]string{"br": ".br", "gzip": ".gz"} {
		if _, err := fs.Stat(u.app, name+end); err == nil {
			f.packed[encoding] = name + end
		}
	}
	return f
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".pmtiles":
		return "application/vnd.pmtiles"
	case ".webmanifest":
		return "application/manifest+json"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		return kind
	}
	return "application/octet-stream"
}

// Asset lists the addresses an entry needs: its script first, then what to
// preload, and its styles. Both are empty where the client was not built.
func (u *UI) Asset(name string) (js, css []string) {
	e := u.entries[name]
	return e.js, e.css
}

// File is one asset as the server sends it.
type File struct {
	// Body can seek, so that ranges work where Encoding is empty.
	Body fs.File
	// Type is the Content-Type; Encoding the Content-Encoding, empty for none.
	Type, Encoding string
	// Fixed: the name carries the content's hash, so a copy stays good for ever.
	Fixed bool
	// Varies: another Accept-Encoding would get other bytes.
	Varies bool
}

// File opens an asset below AssetPath, packed where acceptEncoding allows it.
// The error is fs.ErrNotExist for anything that is not an asset.
func (u *UI) File(name, acceptEncoding string) (File, error) {
	known, ok := u.files[name]
	if !ok {
		return File{}, fs.ErrNotExist
	}
	out := File{Type: known.kind, Fixed: hashed(name), Varies: len(known.packed) > 0}
	for _, encoding := range []string{"br", "gzip"} {
		if packed := known.packed[encoding]; packed != "" && accepts(acceptEncoding, encoding) {
			name, out.Encoding = packed, encoding
			break
		}
	}
	var err error
	out.Body, err = u.app.Open(name)
	return out, err
}

// hashed tells vite's names (face-Ab3dE_9k.js) from the public folder's.
func hashed(name string) bool {
	stem := strings.TrimSuffix(path.Base(name), path.Ext(name))
	return !strings.Contains(name, "/") && len(stem) > 9 && stem[len(stem)-9] == '-'
}

func accepts(header, encoding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(part), ";")
		weight = strings.ReplaceAll(weight, " ", "")
		refused := weight == "q=0" || strings.HasPrefix(weight, "q=0.000")
		if strings.EqualFold(strings.TrimSpace(name), encoding) && !refused {
			return true
		}
	}
	return false
}
