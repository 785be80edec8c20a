package ui

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
)

// Article is a page of the manual.
type Article struct {
	Name  string // of the file, without .md; index is the first
	Title string // its first heading
}

// order is how the manual reads; an article missing here comes last.
func order() []string {
	return []string{"index", "quick-start", "reporting", "desk", "hotspots", "channel-sms", "channel-app", "safety", "backup", "problems"}
}

func (u *UI) openHelp() error {
	u.bodies = map[string]template.HTML{}
	markdown := goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	files, err := fs.Glob(Help(), "*.md")
	if err != nil {
		return fmt.Errorf("list the manual: %w", err)
	}
	titles := map[string]string{}
	for _, name := range files {
		raw, err := fs.ReadFile(Help(), name)
		if err != nil {
			return fmt.Errorf("read the manual: %w", err)
		}
		var body bytes.Buffer
		if err := markdown.Convert(raw, &body); err != nil {
			return fmt.Errorf("render %s: %w", name, err)
		}
		article := strings.TrimSuffix(name, ".md")
		heading, _, _ := strings.Cut(string(raw), "\n")
		titles[article] = strings.TrimSpace(strings.TrimPrefix(heading, "#"))
		u.bodies[article] = template.HTML(body.String()) //nolint:gosec // our own text; goldmark drops raw HTML
	}
	for _, name := range order() {
		if title, ok := titles[name]; ok {
			u.articles = append(u.articles, Article{Name: name, Title: title})
			delete(titles, name)
		}
	}
	for _, name := range files {
		if title, ok := titles[strings.TrimSuffix(name, ".md")]; ok {
			u.articles = append(u.articles, Article{Name: strings.TrimSuffix(name, ".md"), Title: title})
		}
	}
	return nil
}

// Article is the manual opened at an article ("" is index); false where there
// is none of that name.
func (u *UI) Article(page Page, name string) (*HelpPage, bool) {
	if name == "" {
		name = "index"
	}
	body, ok := u.bodies[name]
	if !ok {
		return nil, false
	}
	out := &HelpPage{Page: page, Articles: u.articles, Body: body}
	for _, article := range u.articles {
		if article.Name == name {
			out.Current = article
		}
	}
	return out, true
}
