package ui

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"slices"
	"time"
)

// quietPage is where quick exit leads unless a deployment says otherwise.
const quietPage = "https://www.wikipedia.org/"

func (u *UI) openPages() error {
	paths, err := iconPaths()
	if err != nil {
		return err
	}
	base, err := template.New("").Funcs(functions(paths)).ParseFS(templates, "templates/_*.html")
	if err != nil {
		return fmt.Errorf("parse the page frame: %w", err)
	}
	u.pages = map[string]*template.Template{}
	for _, view := range []View{&MapPage{}, &FormPage{}, &ReceiptPage{}, &CardPage{}, &SigninPage{}, &InvitePage{}, &ErrorPage{}, &HelpPage{}, &AppPage{}} {
		name := view.template()
		page, err := base.Clone()
		if err != nil {
			return fmt.Errorf("copy the page frame: %w", err)
		}
		if u.pages[name], err = page.ParseFS(templates, "templates/"+name+".html"); err != nil {
			return fmt.Errorf("parse the page %s: %w", name, err)
		}
	}
	return nil
}

func functions(icons map[string]string) template.FuncMap {
	return template.FuncMap{
		"icon": func(name string) template.HTML {
			d, ok := icons[name]
			if !ok {
				d = icons["other"]
			}
			return template.HTML(`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="` + d + `"/></svg>`) //nolint:gosec // our own drawing
		},
		"row": func(page *Page, row ListRow) any {
			return struct {
				P   *Page
				Row ListRow
			}{page, row}
		},
	}
}

// Render writes a page. Nothing is written when it fails. The view is changed:
// defaults are filled in, so do not share it between goroutines.
func (u *UI) Render(w io.Writer, view View) error {
	page := view.page()
	page.ui = u
	if u.words[page.Lang] == nil {
		page.Lang = English
	}
	if page.ExitURL == "" {
		page.ExitURL = quietPage
	}
	if page.Zone == nil {
		page.Zone = time.UTC
	}
	js, css := u.Asset(view.entry())
	if len(css) == 0 { // not built, or a face without styles of its own
		_, css = u.Asset("page")
	}
	var out bytes.Buffer
	data := struct {
		View
		P       *Page
		JS, CSS []string
	}{view, page, js, css}
	if err := u.pages[view.template()].ExecuteTemplate(&out, view.template(), data); err != nil {
		return fmt.Errorf("render the page %s: %w", view.template(), err)
	}
	_, err := w.Write(out.Bytes())
	return err
}

// T is a text in the page's language; see UI.Text.
func (p *Page) T(key string, args ...any) string { return p.ui.Text(p.Lang, key, args...) }

// Dir is the page's writing direction.
func (p *Page) Dir() string { return direction(p.Lang) }

// Choices are the languages the reader may switch to.
func (p *Page) Choices() []Language {
	if len(p.Offered) == 0 {
		return p.ui.Languages()
	}
	return slices.DeleteFunc(p.ui.Languages(), func(l Language) bool { return !slices.Contains(p.Offered, l.Code) })
}

// Clock writes a moment for people, in the deployment's zone.
func (p *Page) Clock(at time.Time, precision string) string {
	at = at.In(p.Zone)
	switch precision {
	case "day":
		return at.Format("2006-01-02")
	case "time":
		return at.Format("15:04")
	}
	return at.Format("2006-01-02 15:04")
}

// Stamp writes a moment for machines.
func (p *Page) Stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }
