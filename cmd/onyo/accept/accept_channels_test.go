package accept_test

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/onyo-project/onyo/channels/twitter/xplayer"
)

// sample is one request as a provider documents it, and what should come of it.
type sample struct {
	ID, Provider, Method, URL, Body, Secret string
	Headers                                 map[string]string
	Expected                                struct {
		Text, Note   string
		Lat, Lon     *float64
		Media        int
		Status       int
		ResponseBody string `json:"response_body"`
	}
}

func samples(t *testing.T) []sample {
	t.Helper()
	file, err := os.Open(testdata(t, "webhooks/documented/samples.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []sample
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one sample
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if err := lines.Err(); err != nil || len(all) != 34 {
		t.Fatalf("%d samples: %v", len(all), err)
	}
	return all
}

// channelFor is the channel that a sample was documented for: its kind and
// settings. What nobody answers stands for the provider's API.
func channelFor(s sample) (kind string, settings map[string]string) {
	const nobody = "http://127.0.0.1:9"
	whole, _, _ := strings.Cut(s.URL, "?")
	switch s.Provider {
	case "twilio":
		return "sms.twilio", map[string]string{"account_sid": accountSID, "auth_token": s.Secret, "public_url": whole, "pull": "off"}
	case "telegram":
		return "chat.telegram", map[string]string{"bot_token": "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1", "secret_token": s.Secret, "api_url": nobody}
	case "whatsapp_cloud":
		settings = map[string]string{"phone_number_id": "27681414235104944", "app_secret": "appsecret", "verify_token": "meatyhamhock", "access_token": "EAAtoken", "api_url": nobody}
		return "chat.whatsapp", settings
	case "vonage":
		return "sms.vonage", nil
	case "africastalking":
		return "sms.africastalking", nil
	case "mailgun":
		return "email.mailgun", map[string]string{"signing_key": s.Secret}
	}
	return "", nil
}

// hooked is a channel as the admin's page shows it.
type hooked struct {
	Name    string
	HookURL string `json:"hook_url"`
}

// send brings a sample to a channel, its path secret in the address where the
// channel has one.
func (in *installation) bring(t *testing.T, channel hooked, s sample) answer {
	t.Helper()
	c := in.anyone()
	c.t = t
	path := "/hooks/" + channel.Name
	if _, secret, ok := strings.Cut(channel.HookURL, path+"/"); ok {
		path += "/" + secret
	}
	if _, query, ok := strings.Cut(s.URL, "?"); ok {
		path += "?" + query
	}
	request := c.request(s.Method, path, s.Headers["Content-Type"], []byte(s.Body))
	for key, value := range s.Headers {
		request.Header.Set(key, value)
	}
	return c.send(request)
}

// exported is one report of `onyo export reports`.
type exported map[string]string

func (in *installation) export(what string) []exported {
	in.t.Helper()
	rows, err := csv.NewReader(strings.NewReader(in.run("export", what, "--format", "csv"))).ReadAll()
	if err != nil || len(rows) == 0 {
		in.t.Fatalf("export: %v", err)
	}
	var found []exported
	for _, row := range rows[1:] {
		one := exported{}
		for i, name := range rows[0] {
			one[strings.TrimPrefix(name, "\ufeff")] = row[i]
		}
		found = append(found, one)
	}
	return found
}

// reports are those of one channel, each at the point that its sender gave or
// else at its incident's.
func (in *installation) reports(channel string) []exported {
	in.t.Helper()
	places := map[string]exported{}
	for _, one := range in.export("incidents") {
		places[one["id"]] = one
	}
	var found []exported
	for _, one := range in.export("reports") {
		if one["channel"] != channel {
			continue
		}
		one["lon"], one["lat"] = one["given_lon"], one["given_lat"]
		if one["lon"] == "" {
			one["lon"], one["lat"] = places[one["incident"]]["lon"], places[one["incident"]]["lat"]
		}
		found = append(found, one)
	}
	return found
}

// noReport says which samples are kept and say nothing of the world.
func (s sample) noReport() bool {
	return s.Expected.Note == "command" || strings.Contains(s.Expected.Note, "not a report") || strings.Contains(s.Expected.Note, "no report") ||
		strings.Contains(s.Expected.Note, "ignore") || s.Expected.Status != 0
}

// after names the sample that has to come before another.
func after(id string) []string {
	return map[string][]string{
		"tg-live-location-edit": {"tg-location"},
		"tg-edited-text":        {"tg-report"},
		"tg-dup-update-id":      {"tg-report"},
		"vonage-concat-1":       {"vonage-concat-2"},
		"vonage-concat-2":       {"vonage-concat-1"},
	}[id]
}

// Every request that a provider documents meets its own expectation through the
// running server.
func TestAcceptDocumentedRequests(t *testing.T) {
	all := samples(t)
	byID := map[string]sample{}
	for _, s := range all {
		byID[s.ID] = s
	}
	in := install(t, nil)
	in.start()
	in.setUp("open")
	admin := in.bearer(in.token("admin", "Adele"))
	channels := map[string]hooked{}
	for _, s := range all {
		kind, settings := channelFor(s)
		if kind == "" {
			continue
		}
		if settings == nil {
			settings = map[string]string{}
		}
		channels[s.ID] = call[hooked](admin, http.MethodPost, "/api/v1/admin/channels",
			map[string]any{"kind": kind, "name": "doc-" + strings.ToLower(s.ID), "settings": settings}, http.StatusCreated)
	}
	for _, id := range slices.Sorted(maps.Keys(channels)) {
		in.awaitHook(channels[id].Name)
	}
	for _, s := range all {
		channel, ok := channels[s.ID]
		if !ok {
			continue
		}
		for _, before := range after(s.ID) {
			in.bring(t, channel, byID[before])
			admin.settled() // its edit comes later
		}
		a := in.bring(t, channel, s)
		switch {
		case s.ID == "wa-bad-signature":
			if refused(t, a); a.status != s.Expected.Status {
				t.Errorf("%s: answered %d, want %d", s.ID, a.status, s.Expected.Status)
			}
		case s.Expected.Status != 0 && a.status != s.Expected.Status, a.status/100 != 2:
			t.Errorf("%s: answered %d %s", s.ID, a.status, tail(string(a.body)))
		case s.Expected.ResponseBody != "" && string(a.body) != s.Expected.ResponseBody:
			t.Errorf("%s: answered %q", s.ID, a.body)
		}
	}
	admin.settled()
	for _, s := range all {
		if channel, ok := channels[s.ID]; ok {
			t.Run(s.ID, func(t *testing.T) { s.judge(t, in.reports(channel.Name)) })
		}
	}
}

// streamed serves one documented stream as X would, once, and holds the line.
func streamed(body string) http.Handler {
	var told atomic.Bool
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/2/tweets/search/stream/rules" && r.Method == http.MethodPost:
			w.WriteHeader(http.StatusCreated)
			fmt.Fprint(w, `{"data":[{"id":"1","value":"earthquake","tag":"quake"}],"meta":{"sent":"2026-01-01T00:00:00.000Z","summary":{"created":1,"not_created":0,"valid":1,"invalid":0}}}`)
		case r.URL.Path == "/2/tweets/search/stream/rules":
			fmt.Fprint(w, `{"meta":{"sent":"2026-01-01T00:00:00.000Z","result_count":0}}`)
		case r.URL.Path == "/2/tweets/search/stream":
			if told.CompareAndSwap(false, true) {
				fmt.Fprint(w, body)
			}
			fmt.Fprint(w, "\r\n")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		default:
			fmt.Fprint(w, `{"meta":{"result_count":0}}`)
		}
	})
}

// The documented stream becomes three reports: at a point, in a box that is no
// point, and nowhere.
func TestAcceptDocumentedStream(t *testing.T) {
	var stream sample
	for _, s := range samples(t) {
		if s.Method == "STREAM" {
			stream = s
		}
	}
	server := httptest.NewServer(streamed(stream.Body))
	in := install(t, nil)
	defer func() {
		in.stop()
		server.CloseClientConnections()
		server.Close()
	}()
	in.start()
	in.setUp("open")
	admin := in.bearer(in.token("admin", "Adele"))
	call[hooked](admin, http.MethodPost, "/api/v1/admin/channels", map[string]any{"kind": "twitter", "name": "x", "settings": map[string]string{
		"bearer_token": "bearer-token", "rules": "quake: earthquake", "api_url": server.URL}}, http.StatusCreated)
	var found []exported
	await(t, "the stream's posts are reports", func() bool {
		found = in.reports("x")
		return len(found) >= 3
	})
	admin.settled()
	found = in.reports("x")
	points := 0
	for _, report := range found {
		if report["given_lat"] != "" {
			points++
			if report["given_lon"] != "-72.3288" || report["given_lat"] != "18.5425" {
				t.Errorf("a post is at %s %s", report["given_lon"], report["given_lat"])
			}
		}
	}
	if len(found) != 3 || points != 1 {
		t.Errorf("%d reports, %d of them at a point", len(found), points)
	}
}

// judge compares what became of a sample with what was expected.
func (s sample) judge(t *testing.T, reports []exported) {
	t.Helper()
	if s.noReport() {
		if len(reports) != 0 {
			t.Errorf("it became %d reports", len(reports))
		}
		return
	}
	if len(reports) != 1 {
		t.Fatalf("it became %d reports", len(reports))
	}
	report := reports[0]
	text := s.Expected.Text
	if strings.HasPrefix(s.ID, "vonage-concat") {
		text = "Road blocked between the market and the church, 3 injured"
	}
	if text != "" && !strings.Contains(report["text"], text) {
		t.Errorf("it says %q, want %q", report["text"], text)
	}
	if s.Expected.Media != 0 && report["media"] != strconv.Itoa(s.Expected.Media) {
		t.Errorf("%s pictures, want %d", report["media"], s.Expected.Media)
	}
	if s.Expected.Lat != nil {
		lat, _ := strconv.ParseFloat(report["lat"], 64)
		lon, _ := strconv.ParseFloat(report["lon"], 64)
		if math.Abs(lat-*s.Expected.Lat) > 1e-6 || math.Abs(lon-*s.Expected.Lon) > 1e-6 {
			t.Errorf("at %s %s, want %v %v", report["lon"], report["lat"], *s.Expected.Lon, *s.Expected.Lat)
		}
	}
}

// X as its documentation has it: disconnects, 429, 503, posts told twice, edited
// and deleted. Each post is there exactly once in its last version, what was
// deleted is gone, a box is no point, and the spending guard holds.
func TestAcceptX(t *testing.T) {
	n := shortOr(300, 5000)
	player := xplayer.New("bearer-token", time.Now)
	server := httptest.NewServer(player)
	in := install(t, nil)
	defer func() { // a stream ends when its reader does
		in.stop()
		server.CloseClientConnections()
		server.Close()
	}()
	in.start()
	in.setUp("open")
	admin := in.bearer(in.token("admin", "Adele"))
	call[hooked](admin, http.MethodPost, "/api/v1/admin/channels", map[string]any{"kind": "twitter", "name": "x", "settings": map[string]string{
		"bearer_token": "bearer-token", "rules": "flood: flood", "api_url": server.URL, "budget_usd": "1000", "mirror_every": "1m", "sender_rate": "0"}}, http.StatusCreated)
	await(t, "the stream is connected", player.Connected)
	wanted, deleted := map[string]bool{}, map[string]bool{}
	for i := range n {
		awaitWithin(t, 3*time.Minute, "the stream is connected", player.Connected)
		words := fmt.Sprintf("flood number %d at the bridge", i)
		tweet := xplayer.Tweet{Text: words, Author: strconv.Itoa(1000 + i%50), Language: "en", Dress: i % 4}
		if i == 7 {
			tweet.Place = &xplayer.Place{ID: "p1", Name: "Port-au-Prince, Haïti", Box: [4]float64{-72.4, 18.5, -72.2, 18.6}}
		}
		id := player.Say(tweet)
		switch {
		case i%10 == 3:
			player.Repeat(id, i%4)
		case i%10 == 5:
			words = fmt.Sprintf("flood number %d is over", i)
			player.Edit(id, words)
		case i%50 == 9:
			player.Delete(id)
			deleted[words] = true
		}
		const stream = "/2/tweets/search/stream"
		switch i {
		case n / 10, n / 5, n / 2:
			player.Break()
		case n / 4, n * 3 / 4:
			player.Fail(xplayer.Fault{Path: stream, Status: http.StatusServiceUnavailable})
			player.Disconnect()
		case shortOr(-1, n*2/3): // it waits a minute by X's rules
			player.Fail(xplayer.Fault{Path: stream, Status: http.StatusTooManyRequests})
			player.Break()
		}
		if !deleted[words] {
			wanted[words] = true
		}
	}
	has := func() map[string]int {
		counts := map[string]int{}
		for _, report := range in.reports("x") {
			if report["withdrawn"] != "true" {
				counts[report["text"]]++
			}
		}
		return counts
	}
	t.Cleanup(func() {
		if t.Failed() {
			counts := has()
			for words := range wanted {
				if counts[words] == 0 {
					t.Log("missing", words)
				}
			}
			for words := range counts {
				if !wanted[words] {
					t.Log("too many", words)
				}
			}
			t.Log(tail(in.said("stderr")))
			for _, r := range player.Requests() {
				t.Log(r.At.Format("05.000"), r.Method, r.Path, r.Status)
			}
		}
	})
	awaitWithin(t, shortOr(2*time.Minute, 6*time.Minute), "all posts are there and the deleted are gone", func() bool {
		counts := has()
		for words := range wanted {
			if counts[words] == 0 {
				return false
			}
		}
		return len(counts) == len(wanted)
	})
	for words, count := range has() {
		if count != 1 {
			t.Errorf("%q is there %d times", words, count)
		}
	}
	for _, report := range in.reports("x") {
		if strings.Contains(report["text"], "number 7 ") && report["lat"] != "" {
			t.Errorf("a box became the point %s %s", report["lon"], report["lat"])
		}
	}
}
