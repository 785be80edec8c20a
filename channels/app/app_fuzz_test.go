package app_test

import (
	"testing"

	"github.com/onyo-project/onyo/channels/app"
	"github.com/onyo-project/onyo/channels/channeltest"
)

// FuzzAppJSON: any bytes are a report that reads back, or a 4xx.
func FuzzAppJSON(f *testing.F) {
	for _, seed := range []string{report(channeltest.Saying{Text: "Flood"}), report(channeltest.Saying{Text: "a", Dress: 1}),
		`{"text":"\ud800","answers":{"a":[{"b":null}]}}`, `{"location":{"lon":-0.0,"lat":1e-400},"occurred_at":"2026-03-01T24:00:00Z"}`,
		`{"":{"":1}}`, `[[[[`, "\xff"} {
		f.Add([]byte(seed), "key-1")
	}
	f.Fuzz(func(t *testing.T, body []byte, key string) {
		x := keyed(posted(jsonType, string(body)), key)
		if err := channeltest.Judge(app.Kind(), adapter(t), x); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzAppMultipart: the same of parts and of the plain form.
func FuzzAppMultipart(f *testing.F) {
	whole := sayMultipart(channeltest.Saying{ID: "1", Text: "Flood"})
	f.Add(whole.Header.Get("Content-Type"), whole.Body)
	f.Add("multipart/form-data; boundary=b", []byte("--b\r\nContent-Disposition: form-data; name=text\r\n\r\nx\r\n--b--"))
	f.Add("multipart/form-data; boundary=\"\"", []byte("----\r\n"))
	f.Add(formType, []byte("text=x&lon=1&lat=2&occurred_at=2026-03-29T02:30&category=a&category=b"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		if err := channeltest.Judge(app.Kind(), adapter(t), posted(contentType, string(body))); err != nil {
			t.Fatal(err)
		}
	})
}
