package twitter_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/onyo-project/onyo/channels/twitter/xplayer"
)

// spent is what the cursor says was spent, in millionths of a dollar.
func (w *world) spent() int {
	w.Helper()
	cursor, _ := w.inbox.Cursor(w.Context())
	var at struct {
		Spending struct {
			Spent int `json:"spent"`
		} `json:"spending"`
	}
	if err := json.Unmarshal(cursor, &at); err != nil {
		w.Fatal(err)
	}
	return at.Spending.Spent
}

// At the limit the stream is left at once and Run says why. Started again it asks
// nothing, until the month is over; then what was missed in the last week comes.
func TestSpendingStopsAtItsLimit(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(time.Second)
		for n := range 150 {
			w.x.Say(flood(n))
			w.pass(time.Second)
		}
		err := stop()
		if err == nil || !strings.Contains(err.Error(), "0.50 of 0.50 US dollars in 2026-03; reading goes on at 2026-04-01T00:00:00Z") {
			w.Fatalf("Run ended with %v", err)
		}
		if got := w.inbox.count(); got != 100 {
			w.Errorf("%d tweets for 0.50 dollars", got)
		}
		if billed, lines := w.x.Billed(); billed != 500_000 || lines != 100 || w.spent() != billed {
			w.Errorf("X billed %d for %d lines, the guard says %d", billed, lines, w.spent())
		}
		asked := len(w.x.Requests())
		for range 5 { // as a host would
			if err := w.ends(); err == nil {
				w.Error("Run does not say why it does not run")
			}
		}
		if got := len(w.x.Requests()); got != asked {
			w.Errorf("%d requests after the limit", got-asked)
		}
		w.pass(time.Date(2026, 3, 31, 23, 0, 0, 0, time.UTC).Sub(time.Now()))
		w.x.Say(flood(1000))
		w.pass(time.Hour)
		stop = w.run()
		w.pass(time.Second)
		w.ended(stop)
		if got := w.inbox.count(); got != 101 || w.spent() != 5000 {
			w.Errorf("%d tweets, %d spent in the new month", got, w.spent())
		}
	}, "budget_usd", "0.50")
}

// Search and look-ups spend too, and never more than there is.
func TestSpendingOfSearchAndMirror(t *testing.T) {
	inWorld(t, func(w *world) {
		for n := range 120 {
			w.x.Say(flood(n))
		}
		w.pass(time.Minute)
		err := w.ends()
		billed, _ := w.x.Billed()
		if err == nil || billed > 500_000 || billed < 450_000 || w.spent() != billed {
			w.Errorf("X billed %d, the guard says %d; %v", billed, w.spent(), err)
		}
	}, "budget_usd", "0.50", "mode", "search")
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(time.Second)
		for n := range 40 {
			w.x.Say(flood(n))
		}
		w.pass(20 * 24 * time.Hour) // 40 reads, then 40 look-ups a day
		err := stop()
		billed, _ := w.x.Billed()
		if err == nil || billed != 500_000 || w.spent() != billed {
			w.Errorf("X billed %d, the guard says %d; %v", billed, w.spent(), err)
		}
	}, "budget_usd", "0.50")
}

// What was read today is free, duplicates and look-ups alike, also after a
// restart; pictures and the originals of retweets cost.
func TestSpendingCountsADayOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		for range 3 {
			stop := w.run()
			w.pass(time.Second)
			id := w.x.Say(xplayer.Tweet{Text: "look", Author: author, Photos: []string{"https://pbs.twimg.com/media/a.jpg"}})
			w.x.Say(xplayer.Tweet{Text: "RT", Author: author, RetweetOf: id})
			w.pass(time.Second)
			w.x.Repeat(id, 1)
			w.x.Break()
			w.pass(time.Hour)
			w.ended(stop)
		}
		billed, _ := w.x.Billed()
		if want := 3 * (2*xplayer.TweetPrice + xplayer.MediaPrice); billed != want {
			w.Fatalf("X billed %d instead of %d", billed, want)
		}
		// Of pictures and retweets a restart forgets that they were paid for: the
		// guard never says less than X.
		if got := w.spent(); got < billed || got > 2*billed {
			w.Errorf("the guard says %d of %d", got, billed)
		}
	}, "rules", "a: flood", "mirror_every", "1h")
}
