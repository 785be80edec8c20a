package accept_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"
)

// Two worlds differ in hidden facts: where exactly, within its cell, one thing
// happened; what one person alone said of what two had verified; what somebody
// reported of it later. To strangers they are the same, byte for byte. In a third
// a second person says yes to a point in the next cell, and the same crawl must
// tell.
func TestAcceptTwoWorlds(t *testing.T) {
	period := time.Duration(shortOr(10, 60)) * time.Second
	first := install(t, map[string]string{"ONYO_PUBLISH_EVERY": "240h", "ONYO_PUBLIC_URL": "http://onyo.test:8080"})
	first.start()
	first.setUp("guarded")
	amina, brian := first.token("volunteer", "Amina"), first.token("verifier", "Brian")
	moved := first.fill(shortOr(20, 107), amina, brian)
	if n := get[collection](first.anyone(), "/api/v1/map/incidents").NumberMatched; n != 0 {
		t.Fatalf("%d incidents were published before the worlds part", n)
	}
	first.stop()
	worlds := map[string]*installation{"the world": first.copyOf(nil), "the other": first.copyOf(nil), "the leaking": first.copyOf(nil)}
	worlds["the other"].differ(amina, func(desk *caller) {
		desk.move(moved, 36.8171, -1.3033)
		bearer(desk, brian).approve(moved)
		desk.move(desk.awaitIncident("street number 0 ").ID, 36.70, -1.40)
		desk.categorise(desk.awaitIncident("street number 1 ").ID, "flood")
		desk.joined("Brown water stands knee-high in the market", "flood", 36.8145, -1.3055)
	})
	worlds["the leaking"].differ(amina, func(desk *caller) {
		desk.move(moved, 36.8232, -1.3070)
		bearer(desk, brian).approve(moved)
	})
	one, other, leaking := worlds["the world"], worlds["the other"], worlds["the leaking"]
	streams := publishTogether(t, period, one, other, leaking)
	features, paths := one.published(), anonymousPaths(theArea())
	if !full() {
		paths = everyNth(paths, 3)
	}
	t.Logf("%d anonymous addresses, %d incidents and %d hotspots", len(paths), features["incidents"], features["hotspots"])
	if features["hotspots"] == 0 || full() && (len(paths) < 500 || features["incidents"] < 100) {
		t.Error("the crawl is too small to tell anything")
	}
	same, leaks := crawl(t, period, paths, one, other, leaking)
	for _, path := range same {
		t.Errorf("the worlds differ at %s:\n%s\n%s", path, tail(one.look(path)), tail(other.look(path)))
	}
	t.Logf("the planted leak shows at %d of %d addresses", len(leaks), len(paths))
	if len(leaks) == 0 {
		t.Error("a point moved out of its cell was not seen")
	}
	if a, b := streams[0].told(), streams[1].told(); a != b || a == "" {
		t.Errorf("the streams told\n%s\nand\n%s", tail(a), tail(b))
	}
	if streams[0].told() == streams[2].told() {
		t.Error("the stream did not tell of a point moved out of its cell")
	}
}

// fill makes verified incidents, each in a cell of its own but for three that
// make a hotspot, and gives one of the three.
func (in *installation) fill(scattered int, tokens ...string) string {
	in.t.Helper()
	anyone := in.anyone()
	report := func(text, category string, lon, lat float64) {
		call[struct{}](anyone, http.MethodPost, "/api/v1/reports", map[string]any{"text": text, "categories": []string{category},
			"location": map[string]any{"lon": lon, "lat": lat, "accuracy_m": 20}}, http.StatusCreated)
	}
	report("A pylon leans over the footpath", "power", 36.8130, -1.3070)
	report("Brown water stands knee-high in the market", "flood", 36.8145, -1.3055)
	report("The railway bridge has lost a pillar", "bridge", 36.8160, -1.3040)
	for i := range scattered {
		report(fmt.Sprintf("Dark street number %d since the storm", i), "power", 36.62+float64(i%14)*0.04, -1.48+float64(i/14)*0.04)
	}
	desk := in.bearer(tokens[0])
	var all []incident
	await(in.t, "every report became an incident with a point", func() bool {
		all = desk.all()
		return len(all) == scattered+3 && !slices.ContainsFunc(all, func(one incident) bool { return one.Location == nil })
	})
	moved := desk.awaitIncident("pylon leans").ID
	for _, one := range all {
		for _, token := range tokens {
			one = in.bearer(token).approve(one.ID)
		}
		if one.Status != "verified" {
			in.t.Fatalf("an incident is %s and needs %s", one.Status, one.Needs)
		}
	}
	return moved
}

// differ is what happens in one world alone; and somebody reports a thing that
// nobody has checked.
func (in *installation) differ(token string, how func(desk *caller)) {
	in.t.Helper()
	in.start()
	call[struct{}](in.anyone(), http.MethodPost, "/api/v1/reports", map[string]any{"text": "Nobody has checked that the well is dry",
		"location": map[string]any{"lon": 36.8151, "lat": -1.3062, "accuracy_m": 20}}, http.StatusCreated)
	desk := in.bearer(token)
	desk.awaitIncident("well is dry")
	how(desk)
	in.stop()
}

func bearer(c *caller, token string) *caller {
	other := *c
	other.auth = "Bearer " + token
	return &other
}

// move says that something verified lies elsewhere.
func (c *caller) move(id string, lon, lat float64) {
	c.t.Helper()
	if placed := c.locate(id, lon, lat, 20); placed.Status != "verified" || placed.Location.Lon != lon {
		c.t.Fatalf("moved, it is %s at %v", placed.Status, placed.Location)
	}
}

// categorise says that something verified is of another kind.
func (c *caller) categorise(id, category string) {
	c.t.Helper()
	path := "/api/v1/desk/incidents/" + id
	held := c.claim(id)
	said := call[incident](c, http.MethodPut, path+"/categories", map[string]any{"claim_token": held.ClaimToken, "version": held.Version,
		"categories": []string{category}}, http.StatusOK)
	if said.Status != "verified" {
		c.t.Fatalf("of another kind, it is %s", said.Status)
	}
	call[struct{}](c, http.MethodDelete, path+"/claim", map[string]string{"token": held.ClaimToken}, http.StatusNoContent)
}

// joined is an anonymous report that says a little more, of three hours before,
// and becomes one of a verified incident's.
func (c *caller) joined(text, category string, lon, lat float64) {
	c.t.Helper()
	id, nobody := c.awaitIncident(text).ID, *c
	nobody.auth = ""
	call[struct{}](&nobody, http.MethodPost, "/api/v1/reports", map[string]any{"text": text + " now", "categories": []string{category},
		"occurred_at": time.Now().Add(-3 * time.Hour).UTC().Format(time.RFC3339),
		"location":    map[string]any{"lon": lon, "lat": lat, "accuracy_m": 20}}, http.StatusCreated)
	await(c.t, "the report joined what was verified", func() bool {
		now := c.card(id)
		return now.ReportCount == 2 && now.Status == "verified"
	})
}

// publishTogether starts the worlds within one period, so that the same batch
// publishes them all, and waits for it. It gives what their streams tell.
func publishTogether(t *testing.T, period time.Duration, worlds ...*installation) []*stream {
	t.Helper()
	if left := period - time.Duration(time.Now().UnixNano())%period; left < period*8/10 {
		<-time.After(left)
	}
	batch := time.Now().Truncate(period)
	for _, in := range worlds {
		in.env["ONYO_PUBLISH_EVERY"] = period.String()
		in.launch()
	}
	var streams []*stream
	for _, in := range worlds {
		await(t, "a world is ready", in.ready)
		streams = append(streams, in.anyone().listen("/api/v1/map/live"))
	}
	if !time.Now().Truncate(period).Equal(batch) {
		t.Fatalf("the worlds did not all start within %s", period)
	}
	for _, in := range worlds {
		awaitWithin(t, 2*period+time.Minute, "a world is published", func() bool { return in.published()["hotspots"] > 0 })
	}
	return streams
}

// published counts what strangers see.
func (in *installation) published() map[string]int {
	in.t.Helper()
	return map[string]int{
		"incidents": get[collection](in.anyone(), "/api/v1/map/incidents").NumberMatched,
		"hotspots":  get[collection](in.anyone(), "/api/v1/map/hotspots").NumberMatched,
	}
}

func (in *installation) batch() string {
	in.t.Helper()
	return get[collection](in.anyone(), "/api/v1/map/hotspots?limit=1").BatchAt
}

func (in *installation) look(path string) string {
	in.t.Helper()
	c := in.anyone()
	return c.send(c.request(http.MethodGet, path, "", nil)).visible()
}

// crawl asks the worlds for every path within one batch, and gives the paths at
// which the second and at which the third differ from the first.
func crawl(t *testing.T, period time.Duration, paths []string, one, second, third *installation) (differ, leaks []string) {
	t.Helper()
	for range 3 {
		await(t, "the worlds are at one batch", func() bool { return one.batch() == second.batch() && one.batch() == third.batch() })
		began, from := one.batch(), time.Now()
		differ, leaks = nil, nil
		for _, path := range paths {
			seen := one.look(path)
			if second.look(path) != seen {
				differ = append(differ, path)
			}
			if third.look(path) != seen {
				leaks = append(leaks, path)
			}
		}
		for _, resume := range []string{"0-0", fmt.Sprint(from.Truncate(period).Unix()-1, "-0")} {
			seen := one.anyone().opening("/api/v1/map/live", resume)
			if second.anyone().opening("/api/v1/map/live", resume) != seen {
				differ = append(differ, "/api/v1/map/live resumed at "+resume)
			}
		}
		if one.batch() == began && second.batch() == began && third.batch() == began {
			t.Logf("crawled in %s", time.Since(from).Round(time.Millisecond))
			return differ, leaks
		}
	}
	t.Fatalf("no crawl fitted into a batch of %s", period)
	return nil, nil
}

// told is everything but heartbeats, as it came.
func (s *stream) told() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []event
	for _, e := range s.heard {
		if e.name != "heartbeat" {
			all = append(all, e)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return fmt.Sprint(all)
}

func everyNth(paths []string, n int) []string {
	var some []string
	for i := 0; i < len(paths); i += n {
		some = append(some, paths[i])
	}
	return some
}
