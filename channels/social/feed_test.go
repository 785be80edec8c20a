package social_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/social"
)

// The sender of an entry is the feed's own address: a setting, that is looked for
// in the log by a test of its own.
func TestFeedConforms(t *testing.T) {
	channeltest.RunRunner(t, channeltest.RunnerSuite{Kind: social.Feed(),
		Start: func(t *testing.T) channeltest.Provider { return startFeed(t) }})
}

const feedAddress = "https://warnings.example/feed"

func feedMade(t testing.TB) channels.Adapter {
	return made(t, social.Feed(), map[string]string{"urls": feedAddress, "media_hosts": "images.example.org"}, nil)
}

func feedRaw(document string, pairs ...string) []byte {
	facts := map[string]string{"feed": feedAddress}
	for i := 0; i+1 < len(pairs); i += 2 {
		facts[pairs[i]] = pairs[i+1]
	}
	return channels.Pack(facts, []byte(document))
}

func TestFeedReads(t *testing.T) {
	adapter := feedMade(t)
	const id = "8ab7e22fc3e0aef8/"
	entry := func(inside string) string {
		return atom("<entry><id>urn:1</id><title>Flood</title>" + inside + "</entry>")
	}
	message := func(change func(*channels.Message)) channels.Message {
		m := channels.Message{ProviderID: id + "urn:1", Nature: channels.Report, From: channels.Address{Scheme: "feed", Value: feedAddress}, Text: "Flood"}
		change(&m)
		return m
	}
	place := func(l channels.Location) func(*channels.Message) {
		return func(m *channels.Message) { m.Location = &l }
	}
	point := func(lon, lat, accuracy float64) func(*channels.Message) {
		return place(channels.Location{Point: &channels.Point{Lon: lon, Lat: lat, AccuracyM: accuracy}})
	}
	box := func(w, s, e, n float64) func(*channels.Message) {
		return place(channels.Location{Box: &[4]float64{w, s, e, n}})
	}
	nothing := func(*channels.Message) {}
	for name, tc := range map[string]struct {
		document string
		want     func(*channels.Message)
	}{
		"title alone":                {entry(""), nothing},
		"summary":                    {entry("<summary type='html'>&lt;p&gt;Water &amp;amp; mud&lt;/p&gt;</summary>"), func(m *channels.Message) { m.Text = "Flood\n\nWater & mud" }},
		"the title begins the text":  {entry("<summary>Flood at the bridge</summary>"), func(m *channels.Message) { m.Text = "Flood at the bridge" }},
		"content instead of summary": {entry("<summary>Short</summary><content>Long text</content>"), func(m *channels.Message) { m.Text = "Flood\n\nLong text" }},
		"when": {entry("<published>2026-03-01T10:00:00Z</published><updated>2026-03-01T15:00:00+03:00</updated>"), func(m *channels.Message) {
			m.At = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		}},
		"point":            {entry("<georss:point>-1.31 36.78</georss:point>"), point(36.78, -1.31, 0)},
		"point, a comma":   {entry("<georss:point>-1.31, 36.78</georss:point>"), point(36.78, -1.31, 0)},
		"point in GML":     {entry("<georss:where><gml:Point><gml:pos>-1.31 36.78</gml:pos></gml:Point></georss:where>"), point(36.78, -1.31, 0)},
		"point, W3C":       {entry("<geo:lat>-1.31</geo:lat><geo:long>36.78</geo:long>"), point(36.78, -1.31, 0)},
		"point inside one": {entry("<geo:Point><geo:lat>-1.31</geo:lat><geo:long>36.78</geo:long></geo:Point>"), point(36.78, -1.31, 0)},
		"circle":           {entry("<georss:circle>-1.31 36.78 500</georss:circle>"), point(36.78, -1.31, 500)},
		"two points":       {entry("<georss:point>-1 36</georss:point><georss:point>-2 37</georss:point>"), box(36, -2, 37, -1)},
		"box":              {entry("<georss:box>-2 36 -1 37</georss:box>"), box(36, -2, 37, -1)},
		"box in GML":       {entry("<georss:where><gml:Envelope><gml:lowerCorner>-2 36</gml:lowerCorner><gml:upperCorner>-1 37</gml:upperCorner></gml:Envelope></georss:where>"), box(36, -2, 37, -1)},
		"box over 180":     {entry("<georss:box>-20 170 -10 -170</georss:box>"), box(170, -20, -170, -10)},
		"polygon":          {entry("<georss:polygon>-1 36 -2 36 -2 37 -1 37 -1 36</georss:polygon>"), box(36, -2, 37, -1)},
		"polygon in GML":   {entry("<georss:where><gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>-1 36 -2 36 -2 37 -1 36</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></georss:where>"), box(36, -2, 37, -1)},
		"polygon over 180": {entry("<georss:polygon>-10 170 -20 175 -20 -175 -10 170</georss:polygon>"), box(170, -20, -175, -10)},
		"line":             {entry("<georss:line>-1 36 -2 37</georss:line>"), box(36, -2, 37, -1)},
		"named":            {entry("<georss:featurename>Kibera</georss:featurename>"), place(channels.Location{Words: "Kibera"})},
		"lat out of range": {entry("<georss:point>91 36</georss:point>"), nothing},
		"no number":        {entry("<georss:point>NaN 36</georss:point>"), nothing},
		"infinite":         {entry("<georss:point>Inf 36</georss:point><georss:circle>1 2 -Inf</georss:circle>"), nothing},
		"half a point":     {entry("<georss:point>1</georss:point><geo:lat>1</geo:lat>"), nothing},
		"polygon, one out": {entry("<georss:polygon>-1 36 -2 361 -2 37 -1 36</georss:polygon>"), nothing},
		"enclosure": {entry(`<link rel="enclosure" type="image/jpeg" href="https://warnings.example/a.jpg"/><media:content url="https://warnings.example/b.mp4" type="video/mp4"/>` +
			`<media:content url="https://warnings.example/a.jpg" medium="image"/><link rel="enclosure" type="application/pdf" href="https://warnings.example/c.pdf"/><media:content url="javascript:x" medium="image"/>`),
			func(m *channels.Message) {
				m.Media = []channels.Media{{Ref: id + "urn:1#media/0", URL: "https://warnings.example/a.jpg", ContentType: "image/jpeg"},
					{Ref: id + "urn:1#media/1", URL: "https://warnings.example/b.mp4", ContentType: "video/mp4"}}
			}},
		"warning as elements": {entry("<cap:event>Flash Flood Warning</cap:event><cap:status>Actual</cap:status><cap:severity>Severe</cap:severity><cap:urgency>Immediate</cap:urgency>" +
			"<cap:onset>2026-03-01T15:00:00+03:00</cap:onset><cap:areaDesc>Kibera; Langata</cap:areaDesc><cap:polygon>-1,36 -2,36 -2,37 -1,36</cap:polygon>"),
			func(m *channels.Message) {
				m.Text = "Flood\n\nFlash Flood Warning\n\nseverity severe, urgency immediate"
				m.OccurredAt = time.Date(2026, 3, 1, 15, 0, 0, 0, time.FixedZone("", 3*3600))
				m.Location = &channels.Location{Words: "Kibera; Langata", Box: &[4]float64{36, -2, 37, -1}}
			}},
		"warning in the content": {entry(`<content type="text/xml"><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>1</identifier><status>Actual</status><info><event>Flood</event><severity>Minor</severity><headline>Water rises</headline><description>By noon</description>` +
			`<area><areaDesc>Kibera</areaDesc><circle>-1.31,36.78 2.5</circle></area></info></alert></content>`),
			func(m *channels.Message) {
				m.Text = "Flood\n\nWater rises\n\nBy noon\n\nseverity minor"
				m.Location = &channels.Location{Words: "Kibera", Point: &channels.Point{Lon: 36.78, Lat: -1.31, AccuracyM: 2500}}
			}},
		"an exercise is no report": {entry("<cap:status>Exercise</cap:status>"), func(m *channels.Message) { m.Nature = channels.Other }},
		"markup goes":              {entry("<summary type='html'>&lt;script&gt;alert(1)&lt;/script&gt;&lt;b&gt;bold&lt;/b&gt;</summary>"), func(m *channels.Message) { m.Text = "Flood\n\nbold" }},
		"no entity is expanded": {`<!DOCTYPE feed [<!ENTITY a "aaaaaaaaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>` + entry("<summary>&a;&b;</summary>"), func(m *channels.Message) {
			m.Text = "Flood\n\n&a;&b;"
		}},
		"RSS": {`<rss version="2.0"><channel><item><guid>urn:1</guid><title>Flood</title><description>&lt;p&gt;High&lt;/p&gt;</description></item></channel></rss>`, func(m *channels.Message) {
			m.Text = "Flood\n\nHigh"
		}},
		"RSS 1.0": {`<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><channel/><item rdf:about="urn:1"><title>Flood</title><link>urn:1</link></item></rdf:RDF>`, nothing},
		"no guid": {`<rss><channel><item><title>Flood</title><link>urn:1</link></item></channel></rss>`, nothing},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := adapter.Parse(feedRaw(tc.document))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]channels.Message{message(tc.want)}, got); diff != "" {
				t.Fatal(diff)
			}
		})
	}
	for name, document := range map[string]string{"nothing": "", "HTML": "<html><body>Not found</body></html>", "no entry": atom(), "two entries": atom("<entry><id>1</id></entry>", "<entry><id>2</id></entry>"),
		"an empty one": atom("<entry/>"), "deep": atom("<entry><id>1</id>" + strings.Repeat("<a>", 1<<17)), "JSON": `{"items":[]}`} {
		if got, err := adapter.Parse(feedRaw(document)); err == nil {
			t.Errorf("%s: read as %v", name, got)
		}
	}
}

// An entry that changes supersedes what it was; one that stays is not brought again.
func TestFeedFollowsChanges(t *testing.T) {
	p := startFeed(t)
	run := begin(t, social.Feed(), p.Config())
	p.Offer(channeltest.Saying{ID: "1", Text: "Water at one metre"})
	p.Offer(channeltest.Saying{ID: "2", Text: "Bridge closed"})
	run.await(t, 2)
	for i, text := range []string{"Water at two metres", "Water at one metre", "Water at two metres"} {
		p.Offer(channeltest.Saying{ID: "1", Text: text})
		run.await(t, 3+i)
	}
	got := run.await(t, 5)
	ids := map[string]bool{}
	for _, m := range got {
		ids[m.ProviderID] = true
	}
	first := got[0]
	if first.Text != "Water at one metre" {
		first = got[1]
	}
	for _, m := range got[2:] {
		if m.Supersedes != first.ProviderID || m.Alias != first.ProviderID {
			t.Errorf("%q supersedes %q", m.Text, m.Supersedes)
		}
	}
	if len(ids) != 5 {
		t.Errorf("%d ids", len(ids))
	}
	if log := run.log.String(); strings.Contains(log, "of-a-reader") || strings.Contains(log, "metre") {
		t.Errorf("the log tells: %s", log)
	}
}

// A feed that has not changed is not sent again, also after a restart.
func TestFeedAsksOnlyForChanges(t *testing.T) {
	p := startFeed(t)
	p.Offer(channeltest.Saying{ID: "1", Text: "Water"})
	run := begin(t, social.Feed(), p.Config())
	run.await(t, 1)
	run.stop(t)
	p.mu.Lock()
	before := p.fulls
	p.mu.Unlock()
	run.again(t)
	seen := make(chan struct{}, 1)
	p.mu.Lock()
	p.faults = append(p.faults, func(w http.ResponseWriter) { w.WriteHeader(503); seen <- struct{}{} })
	p.mu.Unlock()
	<-seen // it asked, and asks again
	p.Offer(channeltest.Saying{ID: "2", Text: "More water"})
	run.await(t, 2)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fulls != before+1 {
		t.Errorf("served in full %d times for one change", p.fulls-before)
	}
}

// A surge of entries is accepted in batches, oldest first; a restart between them
// brings the rest.
func TestFeedTakesManyEntries(t *testing.T) {
	p := startFeed(t)
	for i := range 250 {
		p.Offer(channeltest.Saying{ID: fmt.Sprint(i), Text: fmt.Sprintf("Gauge %03d", i)})
	}
	run := begin(t, social.Feed(), p.Config())
	got := run.await(t, 250)
	for i, m := range got {
		if m.Text != fmt.Sprintf("Gauge %03d", i) {
			t.Fatalf("number %d is %q", i, m.Text)
		}
	}
}

func TestFeedWaitsOutFaults(t *testing.T) {
	for name, fault := range map[string]func(http.ResponseWriter){
		"too many":    func(w http.ResponseWriter) { w.Header().Set("Retry-After", "1"); w.WriteHeader(429) },
		"unavailable": func(w http.ResponseWriter) { w.WriteHeader(503) },
		"cut off":     func(w http.ResponseWriter) { w.Header().Set("Content-Length", "999"); fmt.Fprint(w, "<rss>") },
		"aborted":     func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startFeed(t)
			p.faults = append(p.faults, fault)
			p.Offer(channeltest.Saying{ID: "1", Text: "Still here"})
			begin(t, social.Feed(), p.Config()).await(t, 1)
		})
	}
}

// Run gives up where no feed is left, and names it by its number alone.
func TestFeedGivesUpWhereNothingIsLeft(t *testing.T) {
	for name, document := range map[string]string{"gone": "", "a website": "<html><title>Moved</title></html>"} {
		p := startFeed(t)
		config := p.Config()
		if document == "" {
			p.faults = []func(http.ResponseWriter){func(w http.ResponseWriter) { w.WriteHeader(410) }}
			config.Settings["urls"] = p.server.URL + "/gone?key=of-a-reader"
		}
		p.serve(document)
		run := begin(t, social.Feed(), config)
		select {
		case err := <-run.over:
			if err == nil || !strings.Contains(err.Error(), "number 1") || strings.Contains(err.Error(), "of-a-reader") {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: it goes on", name)
		}
	}
}

// One feed of two that is gone is only logged.
func TestFeedGoesOnWithTheOthers(t *testing.T) {
	p, gone := startFeed(t), startFeed(t)
	gone.serve("<html>")
	config := p.Config()
	config.Settings["urls"] += ", " + gone.server.URL + "/feed"
	p.Offer(channeltest.Saying{ID: "1", Text: "First"})
	run := begin(t, social.Feed(), config)
	run.await(t, 1)
	p.Offer(channeltest.Saying{ID: "2", Text: "Second"})
	run.await(t, 2)
}

func TestFeedTest(t *testing.T) {
	p := startFeed(t)
	tester := begin(t, social.Feed(), p.Config()).adapter.(channels.Tester)
	if err := tester.Test(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.serve("<html>")
	if err := tester.Test(t.Context()); err == nil || !strings.Contains(err.Error(), "number 1") {
		t.Fatalf("a website passes for a feed: %v", err)
	}
}

func TestFeedMedia(t *testing.T) {
	fetcher := feedMade(t).(channels.Fetcher)
	for address, want := range map[string]bool{"https://warnings.example/a.jpg": true, "https://img.warnings.example/a.jpg": true,
		"http://images.example.org/a.jpg": true, "https://evil.example/a.jpg": false, "https://evilwarnings.example/a": false,
		"https://u@warnings.example/a": false, "file:///etc/passwd": false, "": false} {
		if _, err := fetcher.MediaRequest(t.Context(), channels.Media{URL: address}); (err == nil) != want {
			t.Errorf("%q: %v", address, err)
		}
	}
}

func TestFeedSettings(t *testing.T) {
	good := map[string]string{"urls": "https://a.example/rss, https://b.example/atom"}
	for name, tc := range map[string]struct {
		key, value string
		ok         bool
	}{
		"as they are": {"", "", true}, "no scheme": {"urls", "a.example/rss", false}, "none": {"urls", " , ", false},
		"too many": {"urls", manyFeeds(21), false},
		"a day":    {"every", "24h", true}, "a week": {"every", "168h", false}, "no duration": {"every", "5", false},
		"no server": {"media_hosts", "https://a.example", false},
	} {
		values := with(good)
		if tc.key != "" {
			values = with(good, tc.key, tc.value)
		}
		if err := social.Feed().Check(values); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Often is for one's own house.
	for address, ok := range map[string]bool{"https://a.example/rss": false, "http://192.168.1.9/rss": true, "http://127.0.0.1/rss": true, "http://localhost/rss": true} {
		_, err := social.Feed().New(world(channels.Config{Settings: map[string]string{"urls": address, "every": "10s"}}, &journal{}))
		if (err == nil) != ok {
			t.Errorf("every 10 s, %s: %v", address, err)
		}
	}
}

func manyFeeds(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("https://%d.example/rss", i))
	}
	return strings.Join(all, ",")
}

// A polygon anywhere is a box that holds all of it, never a point.
func TestFeedPolygonsAreBoxes(t *testing.T) {
	adapter := feedMade(t)
	rapid.Check(t, func(t *rapid.T) {
		var text []string
		n := rapid.IntRange(2, 20).Draw(t, "corners")
		west, east := rapid.Float64Range(-90, 0).Draw(t, "west"), rapid.Float64Range(0, 90).Draw(t, "east")
		for range n {
			text = append(text, fmt.Sprint(rapid.Float64Range(-90, 90).Draw(t, "lat")), fmt.Sprint(rapid.Float64Range(west, east).Draw(t, "lon")))
		}
		messages, err := adapter.Parse(feedRaw(atom("<entry><id>1</id><georss:polygon>" + strings.Join(text, " ") + "</georss:polygon></entry>")))
		if err != nil {
			t.Fatal(err)
		}
		place := messages[0].Location
		if place == nil || place.Point != nil || place.Box == nil || !inRange(place) || place.Box[0] > place.Box[2] {
			t.Fatalf("%v", place)
		}
	})
}

// Real CAP feeds: every entry that is one is read, as a warning with words.
func TestFeedReadsRealWarnings(t *testing.T) {
	root := os.Getenv("ONYO_TESTDATA")
	if root == "" {
		t.Skip("ONYO_TESTDATA is not set: no real feeds")
	}
	files, err := filepath.Glob(filepath.Join(root, "conformance/cap/*/*.[ar]*"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d feeds: %v", len(files), err)
	}
	read := 0
	for _, file := range files {
		name := filepath.Base(file)
		if strings.Contains(name, "no_entries") || strings.Contains(name, "empty") {
			continue
		}
		document, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		p := startFeed(t)
		p.serve(string(document))
		run := begin(t, social.Feed(), p.Config())
		for _, split := range run.awaitSplits(t, 1) {
			if err := channeltest.JudgeSplit(run.adapter, split); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if split.Nature == channels.Unparsed && name != "invalid.rss" && name != "no_title.atom" { // which hold nothing
				t.Errorf("%s: an entry is kept unread", name)
			}
			read++
		}
		run.stop(t)
	}
	if read < 16 {
		t.Errorf("only %d entries came", read)
	}
}

func FuzzFeed(f *testing.F) {
	f.Add(feedRaw(atom("<entry><id>1</id><title>Flood</title><georss:polygon>-1 36 -2 36 -2 37 -1 36</georss:polygon></entry>"), "language", "en"))
	f.Add(feedRaw(atom(`<entry><id>1</id><content type="text/xml"><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><status>Test</status><info><area><circle>1,2 3</circle></area></info></alert></content></entry>`), "version", "1-ab"))
	f.Add(feedRaw(`<?xml version="1.0" encoding="iso-8859-1"?><rss><channel><item><title>caf` + "\xe9" + ` &nbsp;</title></item></channel></rss>`))
	f.Add(feedRaw("\xff\xfe<\x00r\x00s\x00s\x00>\x00"))
	f.Add(feedRaw(`<rdf:RDF><item><title/><geo:lat>1</geo:lat></item></rdf:RDF><!DOCTYPE x [<!ENTITY a "b">]>`))
	adapter := feedMade(f)
	f.Fuzz(func(t *testing.T, raw []byte) { judge(t, adapter, raw) })
}
