package app_test

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/app"
	"github.com/onyo-project/onyo/channels/channeltest"
)

// FuzzOpenRosaXML: any answers are a message that reads back, or are kept unparsed;
// nobody is refused.
func FuzzOpenRosaXML(f *testing.F) {
	f.Add([]byte(filled("uuid:1", "Flood", "\n")))
	f.Add([]byte(testdata(f, "damage-filled.xml")))
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY b "&c;&c;">]><a xmlns:x="y" x:id="1">&b;<![CDATA[ <c> ]]><!-- - --></a>`))
	f.Add([]byte("\xef\xbb\xbf<d xmlns='n'><location>1 2</location><when>T</when><meta><instanceID/></meta></d>"))
	w := rosa(f, map[string]string{"form": testdata(f, "damage.xml")})
	f.Fuzz(func(t *testing.T, answers []byte) {
		x := submission(string(answers), part{name: "a.jpg", file: "a.jpg", content: "x"})
		if _, err := app.OpenRosa().Receive(t.Context(), w, x); err != nil {
			t.Fatal(err)
		}
		if err := channeltest.Judge(app.OpenRosa(), w, x); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzOpenRosaParts: the same of whatever is posted.
func FuzzOpenRosaParts(f *testing.F) {
	whole := submission(filled("uuid:1", "Flood", ""), part{name: "a.jpg", file: "a.jpg", contentType: "image/jpeg", content: "x"})
	f.Add(whole.Header.Get("Content-Type"), whole.Body, "deviceID=x")
	f.Add("multipart/form-data; boundary=b", []byte("--b\r\nContent-Disposition: form-data; name=xml_submission_file\r\n\r\n<a/>\r\n--b--"), "deviceID=%zz;")
	f.Add("multipart/form-data; boundary=\"\"", []byte("----\r\n"), "")
	w := rosa(f, nil)
	f.Fuzz(func(t *testing.T, contentType string, body []byte, query string) {
		x := asked(http.MethodPost, "submission", query)
		x.Header.Set("Content-Type", contentType)
		x.Body = body
		if err := channeltest.Judge(app.OpenRosa(), w, x); err != nil {
			t.Fatal(err)
		}
		x.PathSecret = ""
		if _, err := app.OpenRosa().Receive(t.Context(), w, x); err == nil {
			t.Fatal("accepted without the secret")
		}
	})
}

// FuzzXForm: any file is a form that can be offered and found again, or a fault.
func FuzzXForm(f *testing.F) {
	f.Add(testdata(f, "damage.xml"))
	f.Add(`<h><head><title>a</title><model><instance><d xmlns="n"/></instance><bind nodeset="/d/"/></model></head></h>`)
	f.Fuzz(func(t *testing.T, form string) {
		made, err := app.OpenRosa().New(rosaConfig(map[string]string{"form": form}))
		if err != nil {
			return
		}
		if _, err := app.OpenRosa().Receive(t.Context(), made.(channels.Webhook), asked(http.MethodGet, "formList", "")); err != nil {
			t.Fatal(err)
		}
		if err := channeltest.Judge(app.OpenRosa(), made.(channels.Webhook), submission(filled("1", "x", ""))); err != nil {
			t.Fatal(err)
		}
	})
}

// TestOpenRosaBoundsMemory: the worst answers within the limits cost no more than
// 64 MiB of allocation, and are kept.
func TestOpenRosaBoundsMemory(t *testing.T) {
	fill := func(head, each, tail string) string {
		return head + strings.Repeat(each, (app.XMLBytes-len(head)-len(tail))/len(each)) + tail
	}
	var attributes strings.Builder
	for i := 0; attributes.Len() < app.XMLBytes-100; i++ {
		fmt.Fprintf(&attributes, ` a%x=""`, i)
	}
	for name, answers := range map[string]string{
		"elements": fill(`<d id="x">`, `<a/>`, `</d>`), "depth": fill(`<d id="x">`, `<a>`, ``), "text": fill(`<d id="x"><text>`, `x`, `</text></d>`),
		"comments": fill(`<d id="x">`, `x<!---->`, `</d>`), "escapes": fill(`<d id="x"><text>`, `&lt;`, `</text></d>`),
		"attributes": `<d id="x"><a` + attributes.String() + `/></d>`, "spaces": fill(`<d id="x">`, ` `, `</d>`),
		"words": fill(`<d id="x"><a>`, `a `, `</a></d>`), "nulls": fill(`<d id="x"><a>`, "\x00", `</a></d>`), "bad bytes": fill(`<d id="x"><a>`, "a\xff", `</a></d>`),
		"directive": fill(`<!DOCTYPE d [`, `<!ENTITY a "b">`, `]><d id="x"/>`),
	} {
		t.Run(name, func(t *testing.T) {
			w, kind, x := rosa(t, nil), app.OpenRosa(), submission(answers)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := kind.Receive(t.Context(), w, x)
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Error(err)
			}
			if spent := (after.TotalAlloc - before.TotalAlloc) >> 20; spent > 64 {
				t.Errorf("%d MiB", spent)
			} else {
				t.Logf("%d MiB", spent)
			}
		})
	}
}
