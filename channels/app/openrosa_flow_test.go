package app_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5" //nolint:gosec // the hash of OpenRosa
	"crypto/sha256"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/app"
)

// fieldServer is a real HTTP server that hosts one channel: it reads whole bodies,
// keeps what is new under its id and digest, and only then answers.
type fieldServer struct {
	*httptest.Server
	adapter channels.Webhook

	mu   sync.Mutex
	kept map[string]channels.Split
	// cut counts bodies that ended too early; stored is told of each POST that was
	// kept.
	cut    chan struct{}
	stored chan struct{}
}

func newFieldServer(t *testing.T, settings map[string]string) *fieldServer {
	t.Helper()
	s := &fieldServer{kept: map[string]channels.Split{}, cut: make(chan struct{}, 10), stored: make(chan struct{}, 10)}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	config := rosaConfig(settings)
	config.PublicURL = s.URL + "/hooks/field"
	made, err := app.OpenRosa().New(config)
	if err != nil {
		t.Fatal(err)
	}
	s.adapter = made.(channels.Webhook)
	return s
}

func (s *fieldServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secret, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/hooks/field/"), "/")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.cut <- struct{}{}
		http.Error(w, "cut short", http.StatusBadRequest)
		return
	}
	x := channels.Exchange{Method: r.Method, Path: path, Query: r.URL.RawQuery, Header: r.Header, Body: body, PathSecret: secret, ID: "fresh"}
	reception, err := app.OpenRosa().Receive(r.Context(), s.adapter, x)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	s.mu.Lock()
	for _, split := range reception.Messages {
		if id := fmt.Sprintf("%s %x", split.ProviderID, split.Digest); s.kept[id].Raw == nil {
			s.kept[id] = split
		}
	}
	s.mu.Unlock()
	for key, values := range reception.Answer.Header {
		w.Header()[key] = values
	}
	w.Header().Set("Content-Type", reception.Answer.ContentType)
	w.WriteHeader(reception.Answer.Status)
	_, _ = w.Write(reception.Answer.Body)
	if r.Method == http.MethodPost {
		s.stored <- struct{}{}
	}
}

// report is what the host makes of a submission: the one message that continues
// nothing, with the media of those that continue it.
func (s *fieldServer) report(t *testing.T) channels.Message {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var reports []channels.Message
	var files []channels.Message
	for _, split := range s.kept {
		parsed, err := s.adapter.Parse(split.Raw)
		if err != nil {
			t.Fatalf("%s: %v", split.Why, err)
		}
		if parsed[0].Continues == "" {
			reports = append(reports, parsed...)
		} else {
			files = append(files, parsed...)
		}
	}
	if len(reports) != 1 {
		t.Fatalf("%d reports instead of one", len(reports))
	}
	for _, file := range files {
		if file.Continues != reports[0].ProviderID || file.From != reports[0].From {
			t.Errorf("a file continues something else")
		}
		reports[0].Media = append(reports[0].Media, file.Media...)
	}
	return reports[0]
}

// collect plays ODK Collect, as its documentation and its source have it.
// Source: https://docs.getodk.org/openrosa-form-submission
type collect struct {
	t      *testing.T
	server string // as typed into its settings
}

func (c *collect) ask(method, address string) (*http.Response, []byte) {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), method, address+"?deviceID="+url.QueryEscape(device), nil)
	if err != nil {
		c.t.Fatal(err)
	}
	c.dress(request)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if answer.Header.Get("X-OpenRosa-Version") == "" {
		c.t.Fatalf("%s %s is no OpenRosa server: %d", method, address, answer.StatusCode)
	}
	return answer, body
}

func (c *collect) dress(request *http.Request) {
	request.Header.Set("X-OpenRosa-Version", "1.0")
	request.Header.Set("Date", "Sun, 01 Mar 2026 11:05:10 GMT+00:00")
	request.Header.Set("User-Agent", "org.odk.collect.android/v2024.3.4 Dalvik/2.1.0")
}

// forms reads the form list and downloads what it names.
func (c *collect) forms() (id, version, form string) {
	c.t.Helper()
	_, body := c.ask(http.MethodGet, c.server+"/formList")
	var list struct {
		XMLName xml.Name `xml:"http://openrosa.org/xforms/xformsList xforms"`
		Forms   []struct {
			ID       string `xml:"formID"`
			Name     string `xml:"name"`
			Version  string `xml:"version"`
			Hash     string `xml:"hash"`
			Download string `xml:"downloadUrl"`
			Manifest string `xml:"manifestUrl"`
		} `xml:"xform"`
	}
	if err := xml.Unmarshal(body, &list); err != nil || len(list.Forms) != 1 {
		c.t.Fatalf("form list of %d: %v", len(list.Forms), err)
	}
	listed := list.Forms[0]
	_, downloaded := c.ask(http.MethodGet, listed.Download)
	if hash := fmt.Sprintf("md5:%x", md5.Sum(downloaded)); hash != listed.Hash { //nolint:gosec // as above
		c.t.Fatalf("the form's hash is %s, the list says %s", hash, listed.Hash)
	}
	if _, manifest := c.ask(http.MethodGet, listed.Manifest); !bytes.Contains(manifest, []byte("xformsManifest")) {
		c.t.Fatalf("manifest %s", manifest)
	}
	return listed.ID, listed.Version, string(downloaded)
}

// divide puts files into as few POSTs as the server's size allows, each with the
// answers, all but the last marked.
func (c *collect) divide(answers string, files []part) []channels.Exchange {
	c.t.Helper()
	head, _ := c.ask(http.MethodHead, c.server+"/submission")
	var most int
	if _, err := fmt.Sscan(head.Header.Get("X-OpenRosa-Accept-Content-Length"), &most); err != nil || head.StatusCode != http.StatusNoContent {
		c.t.Fatalf("HEAD answered %d, %v", head.StatusCode, err)
	}
	var posts [][]part
	room := 0
	for _, file := range files {
		if room -= len(file.content); room < 0 || len(posts) == 0 {
			posts, room = append(posts, nil), most-len(answers)-len(file.content)
		}
		posts[len(posts)-1] = append(posts[len(posts)-1], file)
	}
	made := make([]channels.Exchange, len(posts))
	for i, post := range posts {
		if i < len(posts)-1 {
			post = append([]part{{name: "*isIncomplete*", content: "yes"}}, post...)
		}
		made[i] = submission(answers, post...)
	}
	return made
}

// post sends one POST whole and says whether it counts as submitted.
func (c *collect) post(x channels.Exchange) bool {
	c.t.Helper()
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost, c.server+"/submission?"+x.Query, bytes.NewReader(x.Body))
	if err != nil {
		c.t.Fatal(err)
	}
	c.dress(request)
	request.Header.Set("Content-Type", x.Header.Get("Content-Type"))
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return err == nil && answer.StatusCode == http.StatusCreated && bytes.Contains(body, []byte("<OpenRosaResponse"))
}

// lose sends a POST of which only so many bytes get out before the line breaks.
func (c *collect) lose(x channels.Exchange, bytesOut int) {
	c.t.Helper()
	address, err := url.Parse(c.server)
	if err != nil {
		c.t.Fatal(err)
	}
	line, err := new(net.Dialer).DialContext(context.Background(), "tcp", address.Host)
	if err != nil {
		c.t.Fatal(err)
	}
	defer line.Close()
	out := bufio.NewWriter(line)
	fmt.Fprintf(out, "POST %s/submission?%s HTTP/1.1\r\nHost: %s\r\nX-OpenRosa-Version: 1.0\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
		address.Path, x.Query, address.Host, x.Header.Get("Content-Type"), len(x.Body))
	if _, err := out.Write(x.Body[:bytesOut]); err != nil {
		c.t.Fatal(err)
	}
	if err := out.Flush(); err != nil {
		c.t.Fatal(err)
	}
}

// photo of a size in bytes that does not compress away.
func photo(name string, size int) part {
	return part{name: name, file: name, contentType: "image/jpeg", content: "\xff\xd8\xff" + strings.Repeat(name[:1], size-3)}
}

// TestCollectSubmitsOverABreakingLine: form list, form, HEAD, then two photos in
// two POSTs over a connection that breaks twice, once in the middle of a photo and
// once after all was stored and before the answer came. It is one report with both
// photos, and each photo once.
func TestCollectSubmitsOverABreakingLine(t *testing.T) {
	server := newFieldServer(t, nil)
	client := &collect{t: t, server: server.URL + "/hooks/field/" + pathSecret}
	id, version, form := client.forms()
	if id != "onyo-report" || !strings.Contains(form, "Flood &amp; high water") || !strings.Contains(form, "Mafuriko") {
		t.Fatalf("form %s:\n%s", id, form)
	}
	answers := strings.Replace(filled("uuid:7c1f", "Bridge at Kibera is under water", ""), `version="1"`, `version="`+version+`"`, 1)
	photos := []part{photo("a.jpg", 6<<20), photo("b.jpg", 6<<20)}
	posts := client.divide(answers, photos)
	if len(posts) != 2 {
		t.Fatalf("%d POSTs instead of two", len(posts))
	}

	// The first attempt breaks in the middle of the first photo.
	client.lose(posts[0], len(posts[0].Body)/2)
	<-server.cut
	if len(server.kept) != 0 {
		t.Fatal("half a body was kept")
	}
	// The second brings the first photo over, and breaks before the answer to the
	// second one arrives.
	if !client.post(posts[0]) {
		t.Fatal("the first POST is not submitted")
	}
	<-server.stored
	client.lose(posts[1], len(posts[1].Body))
	<-server.stored
	// The third sends all of it again.
	for _, post := range posts {
		if !client.post(post) {
			t.Fatal("not submitted")
		}
		<-server.stored
	}

	report := server.report(t)
	if report.ProviderID != "uuid:7c1f" || report.Text != "Bridge at Kibera is under water" || report.Form != "onyo-report@"+version {
		t.Errorf("report %s: %q", report.ProviderID, report.Text)
	}
	found := map[[32]byte]bool{}
	for _, media := range report.Media {
		found[media.Digest] = true
	}
	if len(report.Media) != 2 || !found[sha256.Sum256([]byte(photos[0].content))] || !found[sha256.Sum256([]byte(photos[1].content))] {
		t.Errorf("%d photos, %d different ones", len(report.Media), len(found))
	}
}

// TestCollectSendsALargeFileAlone: a file larger than what a POST should
// have comes alone with the answers.
func TestCollectSendsALargeFileAlone(t *testing.T) {
	server := newFieldServer(t, map[string]string{"form": testdata(t, "damage.xml")})
	client := &collect{t: t, server: server.URL + "/hooks/field/" + pathSecret}
	client.forms()
	posts := client.divide(testdata(t, "damage-filled.xml"), []part{photo("a.mp4", 18<<20), photo("b.jpg", 1<<20)})
	for _, post := range posts {
		if err := app.OpenRosa().Admit(http.MethodPost, "multipart/form-data", int64(len(post.Body))); err != nil {
			t.Fatal(err)
		}
		if !client.post(post) {
			t.Fatal("not submitted")
		}
	}
	if report := server.report(t); len(report.Media) != 2 || report.Location.Point == nil {
		t.Errorf("%d files", len(report.Media))
	}
}
