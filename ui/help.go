package ui

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
)

// Article is a page of the manual.
type Article struct {
	Name  string // of the file, without folder and .md; index is the first
	Title string // its first heading
}

// order is how the manual reads; an article missing here comes last.
func order() []string {
	return []string{"index", "quick-start", "reporting", "public-map", "desk", "ops", "hotspots", "channels", "app", "sms-twilio", "sms-africastalking", "sms-africastalking-ussd", "sms-vonage", "sms-gateway",
		"email-imap", "email-smtp", "email-mailgun", "email-postmark", "email-sendgrid", "email-sending", "chat-telegram", "chat-whatsapp",
		"twitter", "social-mastodon", "social-bluesky", "social-feed", "app-openrosa",
		"profiles", "safety", "backup", "import-export", "maps-and-basemap", "deploy", "api", "problems"}
}

func (u *UI) openHelp() error {
	u.bodies = map[string]template.HTML{}
	markdown := goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	var files []string
	for _, pattern := range []string{"*.md", "channels/*.md"} {
		some, err := fs.Glob(Help(), pattern)
		if err != nil {
			return fmt.Errorf("list the manual: %w", err)
		}
		files = append(files, some...)
	}
	titles := map[string]string{}
	for _, name := range files {
		raw, err := fs.ReadFile(Help(), name)
		if err != nil {
			return fmt.Errorf("read the manual: %w", err)
		}
		var body bytes.Buffer
		if err := markdown.Convert(raw, &body, parser.WithContext(parser.NewContext(parser.WithIDs(anchors{})))); err != nil {
			return fmt.Errorf("render %s: %w", name, err)
		}
		article := articleOf(name)
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
		if title, ok := titles[articleOf(name)]; ok {
			u.articles = append(u.articles, Article{Name: articleOf(name), Title: title})
		}
	}
	return nil
}

func articleOf(file string) string { return strings.TrimSuffix(path.Base(file), ".md") }

// anchors gives headings the addresses that problems point at: letters, digits,
// - and _ as they are, spaces as -.
type anchors map[string]bool

// Generate makes an anchor that the page does not have yet.
func (a anchors) Generate(heading []byte, _ ast.NodeKind) []byte {
	base := strings.Map(func(r rune) rune {
		switch {
		case r == '-' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case r == ' ':
			return '-'
		}
		return -1
	}, string(bytes.TrimSpace(heading)))
	anchor := base
	for n := 1; a[anchor]; n++ {
		anchor = base + "-" + strconv.Itoa(n)
	}
	a[anchor] = true
	return []byte(anchor)
}

// Put notes an anchor that a page names itself.
func (a anchors) Put(anchor []byte) { a[string(anchor)] = true }

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
