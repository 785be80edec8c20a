package twitter_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/twitter/xplayer"
)

var (
	portAuPrince = &xplayer.Place{ID: "01a9a39529b27f36", Name: "Port-au-Prince, Haïti", Box: [4]float64{-72.37, 18.5, -72.25, 18.6}}
	box          = &channels.Location{Words: "Port-au-Prince, Haïti", Box: &[4]float64{-72.37, 18.5, -72.25, 18.6}}
)

// An edit has a new id and revises the report of the first, however often it is
// edited and whatever was missed in between.
func TestEdits(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(time.Second)
		first := w.x.Say(flood(1))
		w.pass(time.Minute)
		second := w.x.Edit(first, "Flood at house 1, two trapped")
		w.pass(time.Minute)
		w.x.Repeat(first, 0) // late
		w.pass(time.Second)
		w.ended(stop)
		w.x.Edit(second, "missed")
		w.pass(time.Minute)
		w.x.Edit(second, "Flood at house 1, all safe")
		w.pass(time.Minute)
		stop = w.run()
		w.pass(time.Minute)
		w.ended(stop)
		w.wants("Flood at house 1, all safe")
		if reports := w.inbox.reports(w.T, w.config); reports[first].Text == "" {
			w.Error("the report is not that of the first version")
		}
		if got := w.inbox.count(); got != 3 {
			w.Errorf("%d messages", got)
		}
	})
}

// What is deleted on X, or loses its place there, does so here within
// mirror_every; what did not change costs nothing but the question.
func TestMirror(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(time.Second)
		goes := w.x.Say(flood(1))
		w.x.Say(flood(2))
		loses := w.x.Say(xplayer.Tweet{Text: "Flood at house 3", Author: author, Place: portAuPrince})
		edited := w.x.Say(flood(4))
		w.pass(time.Second)
		if diff := cmp.Diff(box, w.inbox.reports(w.T, w.config)[loses].Location); diff != "" {
			w.Fatal(diff)
		}
		w.x.Lose(true) // the edit comes by the look-up
		w.x.Edit(edited, "Flood at house 4, over")
		w.x.Lose(false)
		w.x.Delete(goes)
		w.x.ScrubGeo(loses)
		w.pass(2 * time.Hour)
		w.ended(stop)
		w.wants("Flood at house 2", "Flood at house 3", "Flood at house 4, over")
		if at := w.inbox.reports(w.T, w.config)[loses].Location; at != nil {
			w.Error("the place is still there")
		}
		if got := w.inbox.count(); got != 7 || w.inbox.again != 0 {
			w.Errorf("%d messages instead of four, an edit, a change and a deletion; %d again", got, w.inbox.again)
		}
		lookups := w.asked(lookupPath, start)
		if diff := cmp.Diff([]time.Duration{time.Hour, time.Hour}, lookups); diff != "" {
			w.Error(diff)
		}
	}, "mirror_every", "1h")
}

// A look-up that fails is tried again; what X does not speak of is left alone.
func TestMirrorIsCareful(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(time.Second)
		goes := w.x.Say(flood(1))
		w.x.Say(flood(2))
		w.pass(time.Second)
		w.x.Delete(goes)
		w.x.Fail(xplayer.Fault{Path: lookupPath, Status: 503}, xplayer.Fault{Path: lookupPath, Status: 200, Body: `{"data":[]}`},
			xplayer.Fault{Path: lookupPath, Status: 200, Body: `{"errors":[{"value":"` + goes + `","parameter":"ids","type":"https://api.x.com/2/problems/field-unauthorized"}]}`})
		w.pass(2*time.Hour + time.Minute)
		w.wants("Flood at house 1", "Flood at house 2")
		w.pass(time.Hour)
		w.ended(stop)
		w.wants("Flood at house 2")
	}, "mirror_every", "1h")
}

// An account that became private takes its tweets with it.
func TestMirrorOfAPrivateAccount(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(time.Second)
		id := w.x.Say(flood(1))
		w.pass(time.Second)
		w.x.Fail(xplayer.Fault{Path: lookupPath, Status: 200, Body: `{"errors":[{"resource_id":"` + id + `","resource_type":"tweet","parameter":"ids","type":"https://api.x.com/2/problems/not-authorized-for-resource"}]}`})
		w.pass(time.Hour)
		w.ended(stop)
		w.wants()
	}, "mirror_every", "1h")
}

// After a week a tweet is followed no more.
func TestMirrorForgets(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(time.Second)
		w.x.Say(flood(1))
		w.pass(10 * 24 * time.Hour)
		w.ended(stop)
		if got := len(w.asked(lookupPath, start)); got != 7 {
			w.Errorf("looked up %d times, a day between", got)
		}
	}, "mirror_every", "24h")
}

// A thousand retweets are the one message that its author wrote.
func TestRetweets(t *testing.T) {
	inWorld(t, func(w *world) {
		old := w.x.Say(xplayer.Tweet{Text: "Bridge is down", Author: author, Place: portAuPrince})
		w.pass(2 * time.Hour)
		stop := w.run()
		w.pass(time.Second)
		fresh := w.x.Say(flood(1))
		for n := range 100 {
			w.x.Say(xplayer.Tweet{Text: "RT @a: Bridge is…", Author: fmt.Sprint(9000 + n), RetweetOf: old})
			w.x.Say(xplayer.Tweet{Text: "RT @a: Flood at…", Author: fmt.Sprint(9000 + n), RetweetOf: fresh})
		}
		w.pass(time.Second)
		w.ended(stop)
		w.wants("Bridge is down", "Flood at house 1")
		report := w.inbox.reports(w.T, w.config)[old]
		if report.From.Value != author || w.inbox.count() != 2 {
			w.Errorf("%d messages", w.inbox.count())
		}
	}, "rules", "flood: flood")
}

// Five thousand tweets through everything that X can do to them: disconnects,
// 429, 503, silence, restarts, failed disks, duplicates, edits and deletions.
// Each is there once, in its last version; what was deleted is gone.
func TestFiveThousandTweets(t *testing.T) {
	inWorld(t, func(w *world) {
		const tweets = 5000
		random := rand.New(rand.NewPCG(7, 11))
		truth := map[string]string{} // the last words of each, by its first id
		newest := map[string]string{}
		var ids []string
		stop := w.run()
		w.pass(time.Second)
		for n := range tweets {
			id := w.x.Say(flood(n))
			ids = append(ids, id)
			truth[id], newest[id] = flood(n).Text, id
			victim := ids[random.IntN(len(ids))]
			switch dice := random.IntN(100); {
			case dice < 10 && truth[victim] != "" && random.IntN(2) == 0:
				truth[victim] = fmt.Sprintf("edit %d of %s", n, victim)
				newest[victim] = w.x.Edit(newest[victim], truth[victim])
			case dice < 20:
				w.x.Repeat(newest[victim], dice)
			case dice < 25:
				w.x.Delete(victim)
				delete(truth, victim)
			case dice == 25:
				w.x.Break()
			case dice == 26:
				w.x.Disconnect()
			case dice == 27 && n%4 == 0:
				w.x.Fail(xplayer.Fault{Path: []string{streamPath, searchPath, lookupPath}[n/4%3], Status: []int{503, 429, 500}[n%3]})
				w.x.Break()
			case dice == 28:
				w.x.Raw([]byte(`{"data":{"id":"1`))
			case dice == 29 && n%5 == 0:
				w.x.Mute(n%2 == 0)
			case dice == 30 && n%3 == 0:
				w.inbox.fail(1)
			case dice == 31:
				_ = stop() // with an error where an Accept has failed
				w.pass(time.Duration(random.IntN(300)) * time.Second)
				stop = w.run()
			}
			w.pass(time.Duration(random.IntN(4000)) * time.Millisecond)
			if !w.running() {
				stop = w.run()
			}
		}
		w.x.Mute(false)
		w.pass(7 * time.Hour)
		w.ended(stop)
		got := map[string]string{}
		for id, message := range w.inbox.reports(w.T, w.config) {
			got[id] = message.Text
		}
		// A tweet of which only a later version came is known by that version's id.
		for id, words := range truth {
			if got[id] == "" {
				for other, text := range got {
					if text == words && truth[other] == "" {
						got[id] = words
						delete(got, other)
					}
				}
			}
		}
		if diff := cmp.Diff(truth, got); diff != "" {
			w.Error(diff)
		}
		if w.inbox.other != 0 {
			w.Errorf("%d came again with another digest", w.inbox.other)
		}
		broken := slices.DeleteFunc(w.x.Requests(), func(r xplayer.Request) bool { return r.Path != streamPath || r.Status != http.StatusOK })
		if len(broken) < 100 || strings.Contains(w.log.String(), author) {
			w.Errorf("only %d connections", len(broken))
		}
		_, lines := w.x.Billed()
		w.Logf("%d connections, %d requests, %d lines, %d messages, %d handed in again, %d tweets stand",
			len(broken), len(w.x.Requests()), lines, w.inbox.count(), w.inbox.again, len(truth))
	}, "budget_usd", "1000", "mirror_every", "6h")
}
