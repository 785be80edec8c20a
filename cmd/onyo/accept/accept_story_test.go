package accept_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/onyo-project/onyo/pkg/store/storetest"
)

// Three people text about three things nearby; two people check each; a hotspot
// stands on both maps.
func TestAcceptStory(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { tellStory(t, nil) })
	t.Run("postgres", func(t *testing.T) {
		tellStory(t, map[string]string{"ONYO_DATABASE_URL": storetest.Postgres(t)})
	})
}

// texted is what somebody texts, with words that find it at the desk again.
type texted struct{ sid, from, text, words string }

func threeTexts() []texted {
	return []texted{
		{"SMstory1", "+254700000011", "Road under water at -1.3102, 36.8121, cars cannot pass", "cars cannot pass"},
		{"SMstory2", "+254700000012", "The footbridge has broken, -1.3120, 36.8139", "footbridge has broken"},
		{"SMstory3", "+254700000013", "No electricity since midnight near -1.3085, 36.8148", "no electricity since"},
	}
}

func tellStory(t *testing.T, settings map[string]string) {
	in := install(t, map[string]string{"ONYO_PUBLISH_EVERY": "2s"})
	for name, value := range settings {
		in.env[name] = value
	}
	in.start()
	in.setUp("open")
	amina, again := in.bearer(in.token("volunteer", "Amina")), in.bearer(in.token("volunteer", "Amina"))
	brian, ops, public := in.bearer(in.token("verifier", "Brian")), in.bearer(in.token("responder", "Rose")), in.anyone()
	ops.ready("/api/v1/ops/map")
	shift, street := ops.listen("/api/v1/ops/map/live"), public.listen("/api/v1/map/live")
	p := in.phone("twilio-main")
	var incidents []incident
	for i, one := range threeTexts() {
		began := time.Now()
		p.text(one.sid, one.from, one.text)
		ops.awaitMatched("/api/v1/ops/map/incidents", i+1)
		took := time.Since(began)
		t.Logf("webhook to ops map: %s", took.Round(time.Millisecond))
		if full() && took > time.Second {
			t.Errorf("webhook to ops map took %s, more than a second", took)
		}
		incidents = append(incidents, amina.awaitIncident(one.words))
	}
	if n := strings.TrimSpace(in.run("export", "reports", "--count")); n != "3" {
		t.Errorf("%s reports", n)
	}
	for i, one := range incidents {
		if one.ReportCount != 1 {
			t.Errorf("incident %d has %d reports", i, one.ReportCount)
		}
		if one.Location == nil {
			amina.locate(one.ID, 36.812+float64(i)*0.001, -1.31, 50)
		}
		if status := amina.approve(one.ID).Status; status != "probable" {
			t.Errorf("one person's yes makes it %s", status)
		}
		again.cannotCountTwice(one.ID)
		if done := brian.approve(one.ID); done.Status != "verified" {
			t.Fatalf("two people's yes makes it %s, and it needs %s", done.Status, done.Needs)
		}
	}
	inside, outside := ops.awaitHotspot("/api/v1/ops/map"), public.awaitHotspot("/api/v1/map")
	if inside.ID == outside.ID || inside.Properties.Incidents != 3 || outside.Properties.Incidents != 3 {
		t.Errorf("ops hotspot %+v, public hotspot %+v", inside.Properties, outside.Properties)
	}
	for _, one := range incidents {
		told := amina.card(one.ID)
		if told.PublicID == nil || *told.PublicID == one.ID {
			t.Fatalf("the public knows it as %v", told.PublicID)
		}
		shift.hears("incident", one.ID)
		street.hears("incident", *told.PublicID)
	}
	shift.hears("hotspot", inside.ID)
	street.hears("hotspot", outside.ID)
	in.run("ledger", "verify")
}

// cannotCountTwice: another token of somebody who has judged counts for nothing.
func (c *caller) cannotCountTwice(id string) {
	c.t.Helper()
	path := "/api/v1/desk/incidents/" + id
	held := c.claim(id)
	a := c.json(http.MethodPost, path+"/assessments", judgement{ticket: held, Verdict: "approve", Credibility: 1, Reason: "Me again."})
	if p := refused(c.t, a); a.status != http.StatusConflict || p.Code != "assessed" {
		c.t.Errorf("a second yes of one person: %d %s", a.status, p.Code)
	}
	if status := c.card(id).Status; status != "probable" {
		c.t.Errorf("a second yes of one person makes it %s", status)
	}
	call[struct{}](c, http.MethodDelete, path+"/claim", map[string]string{"token": held.ClaimToken}, http.StatusNoContent)
}

// ready fails early where a map does not answer.
func (c *caller) ready(prefix string) {
	c.t.Helper()
	get[collection](c, prefix+"/incidents")
}

// awaitMatched waits until a map shows a number of features.
func (c *caller) awaitMatched(path string, n int) {
	c.t.Helper()
	await(c.t, fmt.Sprintf("%s shows %d", path, n), func() bool { return get[collection](c, path).NumberMatched == n })
}

// awaitHotspot waits until a map shows one hotspot of all three incidents.
func (c *caller) awaitHotspot(prefix string) feature {
	c.t.Helper()
	var found feature
	await(c.t, prefix+" shows the hotspot", func() bool {
		hotspots := get[collection](c, prefix+"/hotspots").Features
		if len(hotspots) == 1 {
			found = hotspots[0]
		}
		return len(hotspots) == 1 && found.Properties.Incidents == 3
	})
	return found
}
