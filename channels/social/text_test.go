package social

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestPlain(t *testing.T) {
	for source, want := range map[string]string{
		"":                                  "",
		"water":                             "water",
		"<p>a</p><p>b</p>":                  "a\n\nb",
		"a<br>b<br/>c<BR />d":               "a\nb\nc\nd",
		"<ul><li>a</li><li>b</li></ul>c":    "a\nb\n\nc",
		"1 &lt; 2 &amp;&nbsp;3":             "1 < 2 & 3",
		"<script>alert(1)</script>x":        "x",
		"<style>p{}</style><b>x</b>":        "x",
		"<script>never ends":                "",
		"a < b and c > d":                   "a < b and c > d",
		"<a href='x'>#<span>flood</span>":   "#flood",
		"a\n  b\tc":                         "a b c",
		"<p>a</p>\n\n\n<p></p><p>b":         "a\n\nb",
		"<table><tr><td>a</td><td>b</td>":   "a b",
		"bad \xff and \x00 here":            "bad \uFFFD and \uFFFD here",
		"<!-- not said -->said":             "said",
		"<p dir=rtl>زلزال</p>":              "زلزال",
		"&lt;script&gt;":                    "<script>",
		"<title>head</title><h1>A</h1>b":    "A\n\nb",
		"<textarea>kept</textarea>":         "kept",
		"&#0; &#xD800; &#x110000; &nosuch;": "\uFFFD \uFFFD \uFFFD &nosuch;",
	} {
		if diff := cmp.Diff(want, plain(source)); diff != "" {
			t.Errorf("%q: %s", source, diff)
		}
	}
}

// FuzzPlain: whatever the HTML, clean text that is not longer than entities may
// make it, without tags that a reader would not see.
func FuzzPlain(f *testing.F) {
	for _, seed := range []string{"<p>a<br>b</p>", "<script>x</script>", "<", "<a<b<c>", "&#x1F6A8;&nbsp;", strings.Repeat("<div>", 1000),
		"<plaintext>a<b>", "<svg><style>x</style>", "<!DOCTYPE html><!-- --!>x", "\xff<\x00p>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		text := plain(source)
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) || strings.TrimSpace(text) != text {
			t.Fatalf("not clean: %q", text)
		}
		if len(text) > 6*len(source)+8 {
			t.Fatalf("%d bytes of %d", len(text), len(source))
		}
		if lines(text) != text {
			t.Fatalf("tidied twice is another text: %q", text)
		}
	})
}

func readEvents(stream string) (all []event, passed int) {
	events := newEvents(strings.NewReader(stream), func() {})
	for {
		one, err := events.next()
		if err != nil {
			return all, events.passed
		}
		all = append(all, one)
	}
}

func TestEvents(t *testing.T) {
	long := strings.Repeat("x", eventBytes)
	for name, tc := range map[string]struct {
		stream string
		want   []event
		passed int
	}{
		"one":                     {"event: update\ndata: {}\n\n", []event{{"update", []byte("{}")}}, 0},
		"no space, CRLF":          {"event:update\r\ndata:{}\r\n\r\n", []event{{"update", []byte("{}")}}, 0},
		"over lines":              {"data: a\ndata: b\n\n", []event{{"", []byte("a\nb")}}, 0},
		"heartbeats":              {":thump\n\n:)\n:\n\ndata: a\n\n", []event{{"", []byte("a")}}, 0},
		"cut off is no event":     {"event: update\ndata: {", nil, 0},
		"data only for its event": {"event: a\n\ndata: b\n\n", []event{{"", []byte("b")}}, 0},
		"a line too long":         {"event: a\ndata: " + long + "y\n\ndata: b\n\n", []event{{"", []byte("b")}}, 1},
		"too long in all":         {"data: " + long[:eventBytes/2] + "\ndata: " + long[:eventBytes/2] + "\ndata: c\n\ndata: b\n\n", []event{{"", []byte("b")}}, 1},
		"unknown fields":          {"id: 1\nretry: 5\nbogus\n: x\ndata: a\n\n", []event{{"", []byte("a")}}, 0},
	} {
		got, passed := readEvents(tc.stream)
		if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(event{})); diff != "" || passed != tc.passed {
			t.Errorf("%s: %d passed over, %s", name, passed, diff)
		}
	}
}

// FuzzEvents: no stream makes more of itself than it is, however it is cut into
// reads.
func FuzzEvents(f *testing.F) {
	f.Add([]byte("event: update\ndata: {}\n\n:thump\n"), 3)
	f.Add([]byte("data: a\r\ndata: b\r\n\r\n"), 1)
	f.Add([]byte("\n\n\xff\x00:data\ndata\n\n"), 2)
	f.Fuzz(func(t *testing.T, stream []byte, step int) {
		whole, _ := readEvents(string(stream))
		pieces := newEvents(&slow{bytes.NewReader(stream), max(1, step%64)}, func() {})
		total := 0
		for i := 0; ; i++ {
			one, err := pieces.next()
			if err != nil {
				if i != len(whole) {
					t.Fatalf("%d events in pieces, %d whole", i, len(whole))
				}
				break
			}
			if !bytes.Equal(one.data, whole[i].data) || one.name != whole[i].name {
				t.Fatal("another event in pieces")
			}
			total += len(one.data)
		}
		if total > len(stream) {
			t.Fatal("more data than there was")
		}
	})
}

type slow struct {
	io.Reader
	step int
}

func (s *slow) Read(p []byte) (int, error) { return s.Reader.Read(p[:min(len(p), s.step)]) }

func TestRewound(t *testing.T) {
	for id, want := range map[string]string{"116000000000000001": "115999960678400001", "": "", "12": "12", "abc": "abc",
		"18446744073709551615": "18446744034387951615", "99999999999999999999": "99999999999999999999"} {
		if got := rewound(id, mastodonOverlap); got != want {
			t.Errorf("%s becomes %s, want %s", id, got, want)
		}
	}
}

func TestPhrases(t *testing.T) {
	for value, want := range map[string][]string{"": nil, " , ,": nil, "a, b  c\nd,a": {"a", "b c", "d"}, "سيل، فيضان": {"سيل", "فيضان"}} {
		if diff := cmp.Diff(want, phrases(value)); diff != "" {
			t.Error(diff)
		}
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, list("a b,\n c a")); diff != "" {
		t.Error(diff)
	}
}

func TestLanguage(t *testing.T) {
	for tag, want := range map[string]string{"sw": "sw", "pt-BR": "pt-BR", "zh-Hant-TW": "zh-Hant-TW", "": "", "english": "", "e n": "", "x\x00": "", "en-": "", "日本": ""} {
		if got := language(tag); got != want {
			t.Errorf("%q becomes %q", tag, got)
		}
	}
}
