package main

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/intake"
)

// TestCollectSubmitsToTheServer: form list, form and HEAD at the address that the
// channel shows, then one submission whose two photos come in two POSTs, of which
// one is sent again. It is one report with both photos.
func TestCollectSubmitsToTheServer(t *testing.T) {
	h, _ := standing(t)
	added, err := intake.NewDesk(h.opened.store, kinds(), h.w.clock, h.w.random).Add(t.Context(), crisis.SystemActor("test"), "app.openrosa", "field", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.host.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	u := newUploader(t, h)
	base := "/hooks/field/" + added.Secrets["path"][0].Reveal()

	list, body := u.ask("GET", base+"/formList?deviceID=collect%3A1", "", "X-OpenRosa-Version", "1.0")
	_, download, _ := strings.Cut(body, "<downloadUrl>")
	download, _, _ = strings.Cut(download, "</downloadUrl>")
	at, err := url.Parse(download)
	if err != nil || list.StatusCode != http.StatusOK || !strings.HasPrefix(at.Path, base) {
		t.Fatalf("form list %d: %s", list.StatusCode, body)
	}
	if form, body := u.ask("GET", at.Path, ""); form.StatusCode != http.StatusOK || !strings.Contains(body, "<h:title>") {
		t.Fatalf("form %d: %s", form.StatusCode, body)
	}
	if head, _ := u.ask("HEAD", base+"/submission", ""); head.StatusCode != http.StatusNoContent || head.Header.Get("X-OpenRosa-Accept-Content-Length") == "" {
		t.Fatalf("HEAD %d: %v", head.StatusCode, head.Header)
	}
	for _, photo := range []string{"a", "b", "b"} {
		contentType, content := collected(t, photo)
		if answer, body := u.ask("POST", base+"/submission?deviceID=collect%3A1", content, "Content-Type", contentType); answer.StatusCode != http.StatusCreated || !strings.Contains(body, "OpenRosaResponse") {
			t.Fatalf("POST %d: %s", answer.StatusCode, body)
		}
	}
	report := readUntil(t, h, func(all []*crisis.Report) *crisis.Report {
		for _, report := range all {
			if len(report.Media) == 2 {
				return report
			}
		}
		return nil
	})
	if report.Text.Reveal() != "The bridge is gone" {
		t.Errorf("text %q", report.Text.Reveal())
	}
	all, err := crisis.Select[*crisis.Report](t.Context(), h.opened.store, crisis.Query{})
	if err != nil || len(all) != 1 {
		t.Errorf("%d reports, %v", len(all), err)
	}
}

// collected is one POST of a divided submission.
func collected(t *testing.T, photo string) (contentType, body string) {
	t.Helper()
	var out bytes.Buffer
	form := multipart.NewWriter(&out)
	for _, part := range [][3]string{{"xml_submission_file", "text/xml", `<data id="onyo-report"><text>The bridge is gone</text><meta><instanceID>uuid:1</instanceID></meta></data>`},
		{photo + ".jpg", "image/jpeg", "\xff\xd8\xff photo " + photo}} {
		w, err := form.CreatePart(textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf("form-data; name=%q; filename=%q", part[0], part[0])}, "Content-Type": {part[1]}})
		if err == nil {
			_, err = io.WriteString(w, part[2])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return form.FormDataContentType(), out.String()
}
