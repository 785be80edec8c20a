package twitter_test

import (
	"encoding/json"
	"fmt"
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

// Where the next post, with four pictures, might cost more than is left, the stream
// is left at once and Run says why. Started again it asks
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
		if err == nil || !strings.Contains(err.Error(), "0.48 of 0.50 US dollars in 2026-03, and what is next may cost 0.03; reading goes on at 2026-04-01T00:00:00Z") {
			w.Fatalf("Run ended with %v", err)
		}
		if got := w.inbox.count(); got != 96 {
			w.Errorf("%d tweets for 0.50 dollars", got)
		}
		if billed, lines := w.x.Billed(); billed != 480_000 || lines != 96 || w.spent() != billed {
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
		if got := w.inbox.count(); got != 97 || w.spent() != 5000 {
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
		if err == nil || billed > 500_000 || billed <= 250_000 || w.spent() != billed {
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
		if err == nil || billed > 500_000 || billed <= 475_000 || w.spent() != billed {
			w.Errorf("X billed %d, the guard says %d; %v", billed, w.spent(), err)
		}
	}, "budget_usd", "0.50")
}

// dear is the dearest post that there is: an answer with four pictures.
func (w *world) dear(n int) xplayer.Tweet {
	one := flood(n)
	for i := range 4 {
		one.Photos = append(one.Photos, fmt.Sprintf("https://pbs.twimg.com/media/%d-%d.jpg", n, i))
	}
	return one
}

// Pictures and originals come along unasked for: nothing is begun that might cost
// more than is left, and the limit is never passed, by whatever way they come.
func TestSpendingReservesTheWorst(t *testing.T) {
	ends := func(w *world, stop func() error, most, least int) {
		w.Helper()
		err := stop()
		billed, _ := w.x.Billed()
		if err == nil || !strings.Contains(err.Error(), "the spending limit is reached") || billed > most || billed < least || w.spent() != billed {
			w.Errorf("X billed %d, between %d and %d was right; the guard says %d; %v", billed, least, most, w.spent(), err)
		}
	}
	t.Run("stream", func(t *testing.T) {
		inWorld(t, func(w *world) {
			stop := w.run()
			w.pass(time.Second)
			for n := range 10 {
				w.x.Say(w.dear(n))
				w.pass(time.Second)
			}
			ends(w, stop, 110_000, 100_000)
		}, "budget_usd", "0.11")
	})
	t.Run("originals", func(t *testing.T) {
		inWorld(t, func(w *world) {
			originals := []string{}
			w.x.Lose(true)
			for n := range 10 {
				originals = append(originals, w.x.Say(flood(n)))
			}
			w.x.Lose(false)
			w.pass(2 * time.Hour) // the first search does not find them
			stop := w.run()
			w.pass(time.Second)
			for n, original := range originals {
				one := w.dear(100 + n)
				one.RetweetOf = original
				w.x.Say(one)
				w.pass(time.Second)
			}
			ends(w, stop, 90_000, 60_000)
		}, "budget_usd", "0.09", "rules", "flood: flood")
	})
	t.Run("search", func(t *testing.T) {
		inWorld(t, func(w *world) {
			for n := range 120 {
				w.x.Say(w.dear(n))
				w.pass(time.Second)
			}
			ends(w, w.ends, 510_000, 500_000)
		}, "budget_usd", "0.51", "mode", "search")
	})
	t.Run("mirror", func(t *testing.T) {
		inWorld(t, func(w *world) {
			stop := w.run()
			w.pass(time.Second)
			for n := range 40 {
				w.x.Say(w.dear(n))
				w.pass(time.Second)
			}
			w.pass(48 * time.Hour)
			ends(w, stop, 1_310_000, 1_300_000)
		}, "budget_usd", "1.31")
	})
}

// Where too little is left for a search and enough for the stream, the stream goes
// on, and what was missed is searched for in the new month.
func TestSpendingLeavesAGapOpen(t *testing.T) {
	inWorld(t, func(w *world) {
		w.pass(time.Date(2026, 3, 30, 12, 0, 0, 0, time.UTC).Sub(time.Now()))
		stop := w.run()
		w.pass(time.Second)
		for n := range 20 {
			w.x.Say(flood(n))
			w.pass(time.Second)
		}
		w.x.Break()
		w.x.Say(flood(20)) // nobody listens
		w.pass(time.Minute)
		w.x.Say(flood(21))
		w.pass(time.Minute)
		if got := w.inbox.count(); got != 21 || !w.running() {
			w.Errorf("%d tweets, still running: %v", got, w.running())
		}
		w.pass(time.Date(2026, 4, 1, 0, 1, 0, 0, time.UTC).Sub(time.Now()))
		w.ended(stop)
		if got := w.inbox.count(); got != 22 {
			w.Errorf("%d tweets in the new month", got)
		}
	}, "budget_usd", "0.30", "mirror_every", "24h")
}

// What was spent on nothing new is not forgotten for long.
func TestSpendingIsSavedWithoutNews(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(time.Second)
		var ids []string
		for n := range 21 {
			ids = append(ids, w.x.Say(flood(n)))
			w.pass(time.Second)
		}
		w.pass(time.Date(2026, 3, 2, 0, 1, 0, 0, time.UTC).Sub(time.Now())) // all of it costs again
		for i, id := range ids {
			w.x.Repeat(id, i)
			w.pass(time.Second)
			if lag := 21*xplayer.TweetPrice + (i+1)*xplayer.TweetPrice - w.spent(); lag < 0 || lag >= 100_000 {
				w.Errorf("after %d repeated the cursor is %d behind", i+1, lag)
			}
		}
		if got := w.inbox.count(); got != 21 {
			w.Errorf("%d messages", got)
		}
		w.ended(stop)
	}, "mirror_every", "24h")
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
