package ui

import (
	"bytes"
	"flag"
	"html/template"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// open is the client with assets that do not depend on a build.
func open(t *testing.T) *UI {
	t.Helper()
	u, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	u.entries = map[string]entry{}
	for _, name := range []string{"map", "form", "receipt", "card", "signin", "page", "desk"} {
		u.entries[name] = entry{js: []string{"/assets/" + name + ".js", "/assets/shared.js"}, css: []string{"/assets/" + name + ".css"}}
	}
	return u
}

func pageOf(lang, path string) Page {
	return Page{Lang: lang, Path: path, Deployment: "Flood in Nairobi", Demo: true, Emergency: "Nobody may be reading this. In danger, call 112.",
		EmergencyNumber: "112", Offered: []string{"en", "ar"}, Zone: time.FixedZone("EAT", 3*3600)}
}

func render(t *testing.T, u *UI, view View) string {
	t.Helper()
	var out bytes.Buffer
	if err := u.Render(&out, view); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

var noon = time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)

// views are all pages, filled with what a page can hold.
func views(u *UI) map[string]View {
	article, _ := u.Article(pageOf("en", "/help"), "problems")
	article.Body = template.HTML("<h1>What an error means</h1>") // the manual's words are not this test's
	choices := make([]CategoryChoice, 10)
	for i := range choices {
		choices[i] = CategoryChoice{Key: "flood", Label: "Flood", Icon: "flood", Chosen: i == 9}
	}
	hotspot := ListRow{ID: "h1", Title: "Flood", Place: "Mathare", Icon: "flood", Severity: "life_safety", Status: "active", Trend: "rising", Incidents: 4, Sources: 3, At: noon, Precision: "minute"}
	incident := ListRow{ID: "i1", Title: "Bridge closed", Place: "Kibera", Icon: "bridge", Severity: "normal", Status: "verified", Phase: "ongoing", Sources: 1, At: noon, Precision: "day"}
	return map[string]View{
		"map.html":        &MapPage{Page: pageOf("en", "/"), Hotspots: []ListRow{hotspot}, Incidents: []ListRow{incident}, More: 7, Updated: noon, Still: "/map.svg"},
		"map-empty.html":  &MapPage{Page: pageOf("ar", "/"), Still: "/map.svg", Embed: true},
		"report.html":     &FormPage{Page: pageOf("en", "/report"), Categories: choices, MediaBytes: 1 << 20},
		"report-ask.html": &FormPage{Page: pageOf("ar", "/report"), Values: FormValues{Text: "ماء", Where: "here"}, Problem: "A time is written as in 2026-05-01T12:00.", Field: "occurred_at"},
		"sent.html":       &ReceiptPage{Page: pageOf("en", "/report"), Sent: true, Code: "7K2M-9QXD-4HTB-RW3E"},
		"card.html":       &CardPage{Page: pageOf("en", "/card"), Code: "7K2M"},
		"receipt.html":    &ReceiptPage{Page: pageOf("en", "/receipt"), Code: "7K2M", Label: "People are checking your report.", ReceivedAt: noon, Entries: []ReceiptEntry{{At: noon, Text: "It arrived."}}},
		"signin.html":     &SigninPage{Page: pageOf("en", "/signin")},
		"invite.html":     &InvitePage{Page: pageOf("en", "/invite/x"), Token: "x", Name: "Amina", Role: "volunteer"},
		"spent.html":      &InvitePage{Page: pageOf("en", "/invite/x"), Spent: true},
		"error.html":      &ErrorPage{Page: pageOf("en", "/nowhere"), Status: 404, Detail: "There is nothing here.", RequestID: "5f1c"},
		"help.html":       article,
		"app.html":        &AppPage{Page: pageOf("en", "/desk"), Face: "desk"},
	}
}

func TestPages(t *testing.T) {
	u := open(t)
	for name, view := range views(u) {
		t.Run(name, func(t *testing.T) { golden(t, name, render(t, u, view)) })
	}
}

// A strict policy forbids code and styles inside the page; so does this.
func TestPagesCarryNoInlineCode(t *testing.T) {
	forbidden := map[string]*regexp.Regexp{
		"a script without an address": regexp.MustCompile(`(?i)<script(?:\s+type="module")?\s*>`),
		"a style":                     regexp.MustCompile(`(?i)<style|\sstyle=`),
		"a handler":                   regexp.MustCompile(`(?i)\son[a-z]+=`),
		"another origin":              regexp.MustCompile(`(?i)(?:src|srcset|action)="(?:https?:)?//`),
	}
	planted := `<p style="color:red" onclick="x()"><script>x()</script><img src="//elsewhere.example/x">`
	for what, pattern := range forbidden {
		if !pattern.MatchString(planted) {
			t.Errorf("the search misses %s that was planted", what)
		}
	}
	u := open(t)
	for name, view := range views(u) {
		page := render(t, u, view)
		for what, pattern := range forbidden {
			if found := pattern.FindString(page); found != "" {
				t.Errorf("%s has %s: %q", name, what, found)
			}
		}
	}
}

func TestPagesEscapeWhatPeopleWrote(t *testing.T) {
	const hostile = `"><script>alert(1)</script>{{.}}`
	u := open(t)
	row := ListRow{Title: hostile, Place: hostile, Icon: hostile, Severity: hostile, Status: hostile, At: noon}
	page := pageOf("en", "/")
	page.Deployment, page.Emergency, page.ExitURL = hostile, hostile, "javascript:alert(1)"
	for _, view := range []View{
		&MapPage{Page: page, Incidents: []ListRow{row}, Still: "/map.svg"},
		&FormPage{Page: page, Values: FormValues{Text: hostile, Where: hostile}, Problem: hostile},
		&ReceiptPage{Page: page, Code: hostile, Label: hostile, Entries: []ReceiptEntry{{Text: hostile}}},
		&InvitePage{Page: page, Token: hostile, Name: hostile, Role: hostile},
		&ErrorPage{Page: page, Status: 400, Detail: hostile, RequestID: hostile},
	} {
		if got := render(t, u, view); strings.Contains(got, "<script>alert") || strings.Contains(got, `href="javascript:`) {
			t.Errorf("%T lets code through", view)
		}
	}
}

func TestPagesFallBackToEnglish(t *testing.T) {
	page := render(t, open(t), &SigninPage{Page: Page{Lang: "tlh"}})
	if !strings.Contains(page, `<html lang="en" dir="ltr">`) {
		t.Errorf("an unknown language gives %.80q", page)
	}
}

func TestHelpLinksLeadSomewhere(t *testing.T) {
	u := open(t)
	link := regexp.MustCompile(`href="(?:/help/?([^"#]*))?(?:#([^"]*))?"`)
	lost := func(from string, body template.HTML) (gone []string) {
		for _, found := range link.FindAllStringSubmatch(string(body), -1) {
			name := found[1]
			if strings.HasPrefix(found[0], `href="#`) {
				name = from
			}
			target, ok := u.Article(Page{}, name)
			if !ok || found[2] != "" && !strings.Contains(string(target.Body), `id="`+found[2]+`"`) {
				gone = append(gone, found[0])
			}
		}
		return gone
	}
	planted := template.HTML(`<a href="/help/desk#keys"></a> <a href="/help/channels/nowhere"></a> <a href="/help/desk#nowhere"></a> <a href="#nowhere"></a>`)
	if got := lost("index", planted); len(got) != 3 {
		t.Fatalf("of three planted links that lead nowhere the search found %v", got)
	}
	for _, article := range u.articles {
		if gone := lost(article.Name, u.bodies[article.Name]); len(gone) > 0 {
			t.Errorf("%s has links that lead nowhere: %v", article.Name, gone)
		}
	}
	if _, ok := u.Article(Page{}, "../embed"); ok {
		t.Error("a name outside the manual was found")
	}
}

func TestFile(t *testing.T) {
	app := fstest.MapFS{}
	for _, name := range []string{"map-AbCd_123.js", "map-AbCd_123.js.br", "map-AbCd_123.js.gz", "basemap/world.pmtiles", ".vite/manifest.json"} {
		app[name] = &fstest.MapFile{Data: []byte(name)}
	}
	u := &UI{app: app, files: map[string]file{}}
	for _, name := range []string{"map-AbCd_123.js", "basemap/world.pmtiles"} {
		u.files[name] = u.describe(name)
	}
	tests := []struct {
		name, accept, body, kind, encoding string
		fixed                              bool
	}{
		{"map-AbCd_123.js", "gzip, deflate, br", "map-AbCd_123.js.br", "text/javascript; charset=utf-8", "br", true},
		{"map-AbCd_123.js", "gzip;q=1, br;q=0", "map-AbCd_123.js.gz", "text/javascript; charset=utf-8", "gzip", true},
		{"map-AbCd_123.js", "", "map-AbCd_123.js", "text/javascript; charset=utf-8", "", true},
		{"basemap/world.pmtiles", "br", "basemap/world.pmtiles", "application/vnd.pmtiles", "", false},
	}
	for _, test := range tests {
		got, err := u.File(test.name, test.accept)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(got.Body)
		if err != nil {
			t.Fatal(err)
		}
		if string(body) != test.body || got.Type != test.kind || got.Encoding != test.encoding || got.Fixed != test.fixed {
			t.Errorf("%s for %q: %q as %q, encoding %q, fixed %v", test.name, test.accept, body, got.Type, got.Encoding, got.Fixed)
		}
	}
	for _, name := range []string{"map-AbCd_123.js.br", ".vite/manifest.json", "../embed.go", "", "nothing"} {
		if _, err := u.File(name, "br"); err != fs.ErrNotExist {
			t.Errorf("%q: %v, want fs.ErrNotExist", name, err)
		}
	}
}

func TestManifest(t *testing.T) {
	manifest := map[string]chunk{
		"a": {File: "map-1.js", Name: "map", IsEntry: true, Imports: []string{"b"}, CSS: []string{"map-1.css"}},
		"b": {File: "shared-2.js", Imports: []string{"b"}, CSS: []string{"shared-2.css"}},
	}
	got := load(manifest, manifest["a"])
	want := entry{js: []string{"/assets/map-1.js", "/assets/shared-2.js"}, css: []string{"/assets/shared-2.css", "/assets/map-1.css"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(entry{})); diff != "" {
		t.Errorf("what an entry loads (-want +got):\n%s", diff)
	}
}
