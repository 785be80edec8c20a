package social

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
)

func TestCut(t *testing.T) {
	const open, shut = `<rss version="2.0" xmlns:g="urn:g"><channel>`, `</channel></rss>`
	for name, tc := range map[string]struct {
		document string
		entries  []string
		language string
		passed   int
	}{
		"two": {open + "<title>t</title><item>1</item>\n<item>2</item>" + shut, []string{open + "<item>1</item>" + shut, open + "<item>2</item>" + shut}, "", 0},
		"atom, a prefix": {`<a:feed xmlns:a="http://www.w3.org/2005/Atom" xml:lang="sw"><a:entry a:x="1"/></a:feed>`,
			[]string{`<a:feed xmlns:a="http://www.w3.org/2005/Atom" xml:lang="sw"><a:entry a:x="1"/></a:feed>`}, "sw", 0},
		"RDF":                        {"<rdf:RDF><channel><item/></channel><item>1</item></rdf:RDF>", []string{"<rdf:RDF><item>1</item></rdf:RDF>"}, "", 0},
		"an item inside another":     {open + "<item><item>x</item></item>" + shut, []string{open + "<item><item>x</item></item>" + shut}, "", 0},
		"language":                   {open + "<language>pt-BR</language><item/>" + shut, []string{open + "<item/>" + shut}, "pt-BR", 0},
		"comments, CDATA":            {open + "<!-- <item> --><item><![CDATA[</item>]]></item>" + shut, []string{open + "<item><![CDATA[</item>]]></item>" + shut}, "", 0},
		"cut off":                    {open + "<item>1</item><item>2", []string{open + "<item>1</item>" + shut}, "", 0},
		"broken later":               {open + "<item>1</item><<<<item>2</item>", []string{open + "<item>1</item>" + shut}, "", 0},
		"too deep later":             {open + "<item>1</item>" + strings.Repeat("<a>", 100) + "<item>2</item>", []string{open + "<item>1</item>" + shut}, "", 0},
		"after the end":              {open + "<item>1</item>" + shut + open + "<item>2</item>", []string{open + "<item>1</item>" + shut}, "", 0},
		"an entry too large":         {open + "<item>" + strings.Repeat("x", feedEntryBytes) + "</item><item>2</item>" + shut, []string{open + "<item>2</item>" + shut}, "", 1},
		"an entry of too many parts": {open + "<item>" + strings.Repeat("<a/>", feedEntryParts) + "</item><item>2</item>" + shut, []string{open + "<item>2</item>" + shut}, "", 1},
		"latin 1":                    {`<?xml version="1.0" encoding="ISO-8859-1"?>` + open + "<item>caf\xe9</item>" + shut, []string{open + "<item>café</item>" + shut}, "", 0},
		"latin 1 that is UTF-8":      {`<?xml version="1.0" encoding="ISO-8859-1"?>` + open + "<item>café</item>" + shut, []string{open + "<item>café</item>" + shut}, "", 0},
		"UTF-8 that is not":          {open + "<item>caf\xe9\x00\x01</item>" + shut, []string{open + "<item>caf\ufffd  </item>" + shut}, "", 0},
		"UTF-16":                     {utf16LE(open + "<item>é</item>" + shut), []string{open + "<item>é</item>" + shut}, "", 0},
		"BOM":                        {"\ufeff" + open + "<item/>" + shut, []string{open + "<item/>" + shut}, "", 0},
	} {
		got, err := cut([]byte(tc.document))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var entries []string
		for _, one := range got.entries {
			entries = append(entries, string(one))
		}
		if diff := cmp.Diff(tc.entries, entries); diff != "" || got.language != tc.language || got.passed != tc.passed {
			t.Errorf("%s: language %q, %d passed, %s", name, got.language, got.passed, diff)
		}
	}
	for _, document := range []string{"", "x", "<html><item/></html>", `{"items":[]}`, "\x00\x00", "<?xml version='1.0'?>"} {
		if _, err := cut([]byte(document)); err == nil {
			t.Errorf("%q is a feed", document)
		}
	}
	many, err := cut([]byte(open + strings.Repeat("<item/>", feedEntries+5) + shut))
	if err != nil || len(many.entries) != feedEntries {
		t.Errorf("%d entries, %v", len(many.entries), err)
	}
}

func utf16LE(text string) string {
	out := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = append(out, byte(unit), byte(unit>>8))
	}
	return string(out)
}

// FuzzCut: entries are clean, within limits, and each is a document of one entry,
// the same when it is cut again.
func FuzzCut(f *testing.F) {
	f.Add([]byte(`<rss xmlns:a="b"><channel><language>en</language><item><title>x</title></item><item/></channel></rss>`))
	f.Add([]byte(`<feed xml:lang="en"><entry><a><b/></a></entry></feed>`))
	f.Add([]byte("<rdf:RDF>\xff<item>&nbsp;&bogus;</item></rdf:RDF>"))
	f.Add([]byte(`<?xml version="1.0" encoding="windows-1251"?><rss><channel><item>` + "\xcf\xf0" + `</item></channel></rss>`))
	f.Fuzz(func(t *testing.T, document []byte) {
		whole, err := cut(document)
		if err != nil {
			return
		}
		for _, one := range whole.entries {
			if !utf8.Valid(one) || bytes.IndexByte(one, 0) >= 0 || len(one) > feedEntryBytes+3*feedTagBytes {
				t.Fatal("an entry is not clean, or too large")
			}
			again, err := cut(one)
			if err != nil || len(again.entries) != 1 || !bytes.Equal(again.entries[0], one) {
				t.Fatalf("cut again: %d entries, %v", len(again.entries), err)
			}
		}
	})
}

// What is made to be slow and large is neither: no parse of one message takes 64
// MiB.
func TestParsersStayWithinMemory(t *testing.T) {
	inside := func(text string) []byte {
		return []byte(`<feed xmlns="http://www.w3.org/2005/Atom" xmlns:georss="http://www.georss.org/georss" xmlns:cap="urn:cap"><entry><id>1</id><title>t</title>` + text + `</entry></feed>`)
	}
	fill := func(piece string, bytes int) string { return strings.Repeat(piece, bytes/len(piece)) }
	status := func(content string) []byte {
		return fmt.Appendf(nil, `{"id":"1","uri":"u","visibility":"public","content":%q}`, content)
	}
	for name, tc := range map[string]struct {
		adapter channels.Adapter
		data    []byte
	}{
		"text between tags":  {&feed{}, inside("<cap:x>" + fill("some text here, and then a tag <cap:a/>", 39000) + "</cap:x>")},
		"many points":        {&feed{}, inside("<georss:polygon>" + fill("1 2 ", 120<<10) + "</georss:polygon>")},
		"many elements":      {&feed{}, inside(fill("<georss:point>1 2</georss:point>", 20000))},
		"attributes":         {&feed{}, inside("<cap:x " + fill("a='b' ", 15000) + "/>")},
		"5 MB of brackets":   {&feed{}, []byte(fill("<", feedBytes))},
		"5 MB of tags":       {&feed{}, []byte("<rss>" + fill("<a/>", feedBytes))},
		"5 MB of one tag":    {&feed{}, []byte("<rss " + fill("a='' ", feedBytes) + "/>")},
		"markup in a post":   {&mastodon{}, status(fill("<p>", eventBytes/2))},
		"entities in a post": {&mastodon{}, status(fill("&amp;", eventBytes/2))},
		"one endless tag":    {&mastodon{}, status("<a " + fill("b=c ", eventBytes/2))},
		"nested JSON":        {&mastodon{}, []byte(fill(`{"id":`, eventBytes))},
		"nested JSON frames": {&bluesky{}, []byte(fill(`{"did":[`, frameBytes))},
		"very many hashtags": {&bluesky{}, []byte(`{"did":"did:plc:a","commit":{"collection":"` + blueskyPosts + `","rkey":"a","record":{"tags":[` + strings.TrimSuffix(fill(`"a",`, frameBytes/2), ",") + `]}}}`)},
	} {
		t.Run(name, func(t *testing.T) {
			raw := channels.Pack(map[string]string{"as": asPost}, tc.data)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _ = tc.adapter.Parse(raw)
			runtime.ReadMemStats(&after)
			if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 64<<20 {
				t.Errorf("%d MiB", bytes>>20)
			}
		})
	}
}
