package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/media"
)

// uploader speaks tus 1.0.0 to a real server, over lines that break when told to.
type uploader struct {
	t      *testing.T
	server *httptest.Server
}

func newUploader(t *testing.T, h *house) *uploader {
	t.Helper()
	u := &uploader{t: t, server: httptest.NewServer(h.api.Handler())}
	t.Cleanup(u.server.Close)
	return u
}

// ask sends one request; headers are pairs.
func (u *uploader) ask(method, path, body string, headers ...string) (*http.Response, string) {
	u.t.Helper()
	request, err := http.NewRequestWithContext(u.t.Context(), method, u.server.URL+path, strings.NewReader(body))
	if err != nil {
		u.t.Fatal(err)
	}
	request.Header.Set("Tus-Resumable", "1.0.0")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		u.t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		u.t.Fatal(err)
	}
	return answer, string(content)
}

// begin starts an upload and gives its path.
func (u *uploader) begin(length int) string {
	u.t.Helper()
	answer, body := u.ask("POST", "/api/v1/uploads", "", "Upload-Length", strconv.Itoa(length), "Upload-Metadata", "filename SU1HLmpwZw==,filetype aW1hZ2UvanBlZw==")
	if answer.StatusCode != http.StatusCreated || answer.Header.Get("Upload-Expires") == "" {
		u.t.Fatalf("begin: %d %s", answer.StatusCode, body)
	}
	return answer.Header.Get("Location")
}

// reached is how far an upload got.
func (u *uploader) reached(path string) int {
	u.t.Helper()
	answer, _ := u.ask("HEAD", path, "")
	at, err := strconv.Atoi(answer.Header.Get("Upload-Offset"))
	if err != nil || answer.StatusCode != http.StatusOK || answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("Tus-Resumable") != "1.0.0" {
		u.t.Fatalf("HEAD %d: %v", answer.StatusCode, answer.Header)
	}
	return at
}

// goOn sends the rest, of which only so many bytes get out before the line breaks;
// a whole rest is answered.
func (u *uploader) goOn(path string, content []byte, at, out int) {
	u.t.Helper()
	rest := content[at:]
	if out >= len(rest) {
		answer, body := u.ask("PATCH", path, string(rest), "Content-Type", "application/offset+octet-stream", "Upload-Offset", strconv.Itoa(at))
		if answer.StatusCode != http.StatusNoContent || answer.Header.Get("Upload-Offset") != strconv.Itoa(len(content)) {
			u.t.Fatalf("PATCH: %d %s", answer.StatusCode, body)
		}
		return
	}
	address, err := url.Parse(u.server.URL)
	if err != nil {
		u.t.Fatal(err)
	}
	line, err := new(net.Dialer).DialContext(u.t.Context(), "tcp", address.Host)
	if err != nil {
		u.t.Fatal(err)
	}
	defer line.Close()
	var request bytes.Buffer
	fmt.Fprintf(&request, "PATCH %s HTTP/1.1\r\nHost: %s\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: %d\r\nContent-Length: %d\r\n\r\n",
		path, address.Host, at, len(rest))
	request.Write(rest[:out])
	if _, err := line.Write(request.Bytes()); err != nil {
		u.t.Fatal(err)
	}
	// The server hears that no more comes, and says how far it got.
	if err := line.(*net.TCPConn).CloseWrite(); err != nil {
		u.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, line)
}

func (u *uploader) report(key string, uploads ...string) (*http.Response, string) {
	u.t.Helper()
	for i := range uploads {
		uploads[i] = strings.TrimPrefix(uploads[i], "/api/v1/uploads/")
	}
	body, err := json.Marshal(map[string]any{"text": "The bridge is gone", "uploads": uploads})
	if err != nil {
		u.t.Fatal(err)
	}
	return u.ask("POST", "/api/v1/reports", string(body), "Content-Type", "application/json", "Idempotency-Key", key)
}

// TestUploadsOverABreakingLine: two photos over a line that breaks twice become one
// report with both, which can be sent again when its answer is lost.
func TestUploadsOverABreakingLine(t *testing.T) {
	h, _ := standing(t)
	u := newUploader(t, h)
	photos := make([][]byte, 2)
	var paths []string
	for i, breaks := range [][]int{{300_000, 500_001}, {}} {
		photos[i] = make([]byte, 1<<20)
		if _, err := rand.Read(photos[i]); err != nil {
			t.Fatal(err)
		}
		path := u.begin(len(photos[i]))
		at := 0
		for _, out := range breaks {
			u.goOn(path, photos[i], at, out)
			if now := u.reached(path); now != at+out {
				t.Fatalf("%d of %d bytes that got out are there", now-at, out)
			}
			at += out
		}
		u.goOn(path, photos[i], at, len(photos[i]))
		paths = append(paths, path)
	}
	var receipts [2]struct{ Receipt, Status string }
	for i, want := range []int{http.StatusCreated, http.StatusOK} {
		answer, body := u.report("key-1", paths...)
		if err := json.Unmarshal([]byte(body), &receipts[i]); err != nil || answer.StatusCode != want {
			t.Fatalf("%d: %s", answer.StatusCode, body)
		}
	}
	if receipts[0].Receipt == "" || receipts[0].Receipt != receipts[1].Receipt {
		t.Error("sent again it has another receipt")
	}
	if answer, body := u.report("key-1", paths[0]); answer.StatusCode != http.StatusConflict {
		t.Errorf("with one photo less it is the same: %d %s", answer.StatusCode, body)
	}
	report := readUntil(t, h, func(all []*crisis.Report) *crisis.Report {
		if len(all) == 0 {
			return nil
		}
		return all[0]
	})
	if len(report.Media) != 2 {
		t.Fatalf("%d photos", len(report.Media))
	}
	for i, id := range report.Media {
		content, blob, err := h.keeper.Original(t.Context(), id)
		if err != nil || !bytes.Equal(content, photos[i]) {
			t.Errorf("photo %d: %d bytes, %v, %v", i, len(content), blob, err)
		}
	}
}

// readUntil lets the worker read until one of the reports is what is wanted.
func readUntil(t *testing.T, h *house, wanted func([]*crisis.Report) *crisis.Report) *crisis.Report {
	t.Helper()
	woken, stop := h.opened.store.Watch()
	defer stop()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return h.worker.Run(ctx) })
	defer func() {
		cancel()
		if err := group.Wait(); err != nil {
			t.Error(err)
		}
	}()
	for {
		reports, err := crisis.Select[*crisis.Report](ctx, h.opened.store, crisis.Query{})
		if err != nil {
			t.Fatal(err)
		}
		if report := wanted(reports); report != nil {
			return report
		}
		select {
		case <-woken:
		case <-ctx.Done():
			t.Fatal("no report was read")
		}
	}
}

// TestUploadsKeepToTheProtocol: what is not as tus has it is refused, with what to
// do, and leaves the upload as it was.
func TestUploadsKeepToTheProtocol(t *testing.T) {
	h, _ := standing(t)
	u := newUploader(t, h)
	const all, offsetType = "/api/v1/uploads", "application/offset+octet-stream"
	path := u.begin(10)
	u.goOn(path, []byte("12345"), 0, 5)
	for name, tc := range map[string]struct {
		method, path, body string
		headers            []string
		status             int
		code               string
	}{
		"another version":     {"POST", all, "", []string{"Tus-Resumable", "0.2.2", "Upload-Length", "1"}, 412, "tus_version"},
		"no length":           {"POST", all, "", nil, 400, "bad_value"},
		"length later":        {"POST", all, "", []string{"Upload-Defer-Length", "1"}, 400, "bad_value"},
		"negative":            {"POST", all, "", []string{"Upload-Length", "-1"}, 400, "bad_value"},
		"too long":            {"POST", all, "", []string{"Upload-Length", strconv.Itoa(media.MaxBytes + 1)}, 413, "too_large"},
		"metadata":            {"POST", all, "", []string{"Upload-Length", "1", "Upload-Metadata", "filetype !"}, 400, "bad_value"},
		"unknown":             {"PATCH", all + "/00000000000000000000000000000000", "x", []string{"Content-Type", offsetType, "Upload-Offset", "0"}, 404, "no_such_upload"},
		"unknown, asked":      {"HEAD", all + "/none", "", nil, 404, ""},
		"unknown, dropped":    {"DELETE", all + "/none", "", nil, 404, "no_such_upload"},
		"type":                {"PATCH", path, "6", []string{"Content-Type", "text/plain", "Upload-Offset", "5"}, 415, "wrong_type"},
		"no offset":           {"PATCH", path, "6", []string{"Content-Type", offsetType}, 400, "bad_value"},
		"too early":           {"PATCH", path, "6", []string{"Content-Type", offsetType, "Upload-Offset", "4"}, 409, "wrong_offset"},
		"too late":            {"PATCH", path, "6", []string{"Content-Type", offsetType, "Upload-Offset", "6"}, 409, "wrong_offset"},
		"overridden to write": {"POST", path, "", []string{"X-HTTP-Method-Override", "PUT"}, 405, "wrong_method"},
		"another page":        {"POST", all, "", []string{"Upload-Length", "1", "Sec-Fetch-Site", "cross-site"}, 403, "cross_origin"},
	} {
		answer, body := u.ask(tc.method, tc.path, tc.body, tc.headers...)
		if answer.StatusCode != tc.status || !strings.Contains(body, `"code":"`+tc.code) && tc.code != "" {
			t.Errorf("%s: %d %s", name, answer.StatusCode, body)
		}
	}
	if at := u.reached(path); at != 5 {
		t.Errorf("the upload is at %d", at)
	}
	if answer, body := u.ask("POST", path, "6789012", "X-HTTP-Method-Override", "PATCH", "Content-Type", offsetType, "Upload-Offset", "5"); answer.StatusCode != 413 {
		t.Errorf("more than announced: %d %s", answer.StatusCode, body)
	}
	if at := u.reached(path); at != 10 {
		t.Errorf("the upload is at %d", at)
	}
	about, _ := u.ask("OPTIONS", all, "", "Tus-Resumable", "")
	if about.StatusCode != 204 || about.Header.Get("Tus-Version") != "1.0.0" || about.Header.Get("Tus-Extension") != "creation,expiration,termination" || about.Header.Get("Tus-Max-Size") != strconv.Itoa(media.MaxBytes) {
		t.Errorf("OPTIONS %d %v", about.StatusCode, about.Header)
	}
	for _, want := range []int{204, 404} {
		if answer, body := u.ask("DELETE", path, ""); answer.StatusCode != want {
			t.Errorf("dropped: %d %s", answer.StatusCode, body)
		}
	}
}

// TestReportsTakeWholeUploadsOnly: a report that speaks of a file which is not
// there is not taken, so that no photo is lost unseen.
func TestReportsTakeWholeUploadsOnly(t *testing.T) {
	h, _ := standing(t)
	u := newUploader(t, h)
	half := u.begin(10)
	u.goOn(half, []byte("12345"), 0, 5)
	empty := u.begin(0)
	for name, tc := range map[string]struct {
		ids    []string
		status int
		code   string
	}{
		"unknown":    {[]string{"00000000000000000000000000000000"}, 400, "no_such_upload"},
		"no id":      {[]string{"../x"}, 400, "no_such_upload"},
		"unfinished": {[]string{half}, 409, "unfinished_upload"},
		"many":       {strings.Split(strings.Repeat("x,", 10)+"x", ","), 400, "too_many"},
		"empty-file": {[]string{empty}, 201, ""},
		"no-uploads": {nil, 201, ""},
	} {
		answer, body := u.report(name, tc.ids...)
		if answer.StatusCode != tc.status || !strings.Contains(body, tc.code) {
			t.Errorf("%s: %d %s", name, answer.StatusCode, body)
		}
	}
	for name, body := range map[string]string{"not a list": `{"text":"x","uploads":"a"}`, "other case": `{"text":"x","Uploads":["a"]}`, "twice": `{"text":"x","uploads":[],"uploads":[]}`} {
		if answer, body := u.ask("POST", "/api/v1/reports", body, "Content-Type", "application/json"); answer.StatusCode != 400 {
			t.Errorf("%s: %d %s", name, answer.StatusCode, body)
		}
	}
	parts := "--b\r\nContent-Disposition: form-data; name=\"report\"\r\n\r\n{\"text\":\"x\",\"uploads\":[\"a\"]}\r\n--b--\r\n"
	if answer, body := u.ask("POST", "/api/v1/reports", parts, "Content-Type", "multipart/form-data; boundary=b"); answer.StatusCode != 400 || !strings.Contains(body, `"field":"uploads"`) {
		t.Errorf("multipart: %d %s", answer.StatusCode, body)
	}
}
