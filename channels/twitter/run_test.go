package twitter_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels/twitter/xplayer"
)

const (
	streamPath = "/2/tweets/search/stream"
	searchPath = "/2/tweets/search/recent"
	lookupPath = "/2/tweets"
	rulesPath  = "/2/tweets/search/stream/rules"
)

func flood(n int) xplayer.Tweet {
	return xplayer.Tweet{Text: fmt.Sprintf("Flood at house %d", n), Author: author, Language: "en"}
}

func (w *world) wants(texts ...string) {
	w.Helper()
	if diff := cmp.Diff(texts, w.texts()); diff != "" {
		w.Error(diff)
	}
}

func (w *world) ended(stop func() error) {
	w.Helper()
	if err := stop(); err != nil {
		w.Errorf("Run ended with %v", err)
	}
}

// What was written in the hour before comes by search, what is written then by
// the stream, each once.
func TestFirstLookThenStream(t *testing.T) {
	inWorld(t, func(w *world) {
		w.x.Say(flood(1))
		w.pass(2 * time.Hour)
		w.x.Say(flood(2))
		w.pass(time.Minute)
		stop := w.run()
		w.pass(time.Second)
		w.x.Say(flood(3))
		w.pass(time.Second)
		w.ended(stop)
		w.wants("Flood at house 2", "Flood at house 3")
		if want := []xplayer.Rule{{ID: "1001", Tag: "flood", Value: "(flood OR mafuriko) -is:retweet"}}; !cmp.Equal(w.x.Rules(), want) {
			w.Error(w.x.Rules())
		}
	})
}

// The back-off is the documented one, to the millisecond.
func TestBackOff(t *testing.T) {
	s := time.Second
	refused := func(status, times int, header http.Header) []xplayer.Fault {
		var faults []xplayer.Fault
		for range times {
			faults = append(faults, xplayer.Fault{Path: streamPath, Status: status, Header: header})
		}
		return faults
	}
	for name, tc := range map[string]struct {
		faults []xplayer.Fault

		within time.Duration
		want   []time.Duration // before each try after the break
	}{
		"at once after a break":   {within: s, want: []time.Duration{0}},
		"5 s doubling to 320 s":   {faults: refused(503, 9, nil), within: time.Hour, want: []time.Duration{0, 5 * s, 10 * s, 20 * s, 40 * s, 80 * s, 160 * s, 320 * s, 320 * s, 320 * s}},
		"60 s doubling after 429": {faults: refused(429, 4, nil), within: time.Hour, want: []time.Duration{0, 60 * s, 120 * s, 240 * s, 480 * s}},
		"until X counts anew": {faults: refused(429, 1, http.Header{"X-Rate-Limit-Reset": {strconv.FormatInt(start.Add(2*time.Second+10*time.Minute).Unix(), 10)}}),
			within: time.Hour, want: []time.Duration{0, 10 * time.Minute}},
		"a reset in the past says nothing":                   {faults: refused(429, 1, http.Header{"X-Rate-Limit-Reset": {"1"}}), within: time.Hour, want: []time.Duration{0, 60 * s}},
		"250 ms more after a connection that brings nothing": {faults: refused(200, 3, nil), within: time.Hour, want: []time.Duration{0, s / 4, s / 2, 3 * s / 4}},
		"each kind on its own": {faults: append(append(refused(503, 2, nil), refused(429, 1, nil)...), refused(503, 1, nil)...),
			within: time.Hour, want: []time.Duration{0, 5 * s, 10 * s, 60 * s, 20 * s}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				stop := w.run()
				w.pass(2 * time.Second)
				broken := time.Now()
				w.x.Say(flood(1)) // the connection has been good
				w.pass(0)
				w.x.Fail(tc.faults...)
				w.x.Break()
				w.pass(tc.within)
				w.ended(stop)
				if diff := cmp.Diff(tc.want, w.asked(streamPath, broken)); diff != "" {
					w.Error(diff)
				}
			})
		})
	}
}

// A keep-alive shows that all is well again: the next break is the first.
func TestBackOffBeginsAnew(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run()
		w.x.Fail(xplayer.Fault{Path: streamPath, Status: 503}, xplayer.Fault{Path: streamPath, Status: 503})
		w.x.Break()
		w.pass(time.Minute)
		again := time.Now()
		w.x.Break()
		w.pass(time.Minute)
		w.ended(stop)
		if diff := cmp.Diff([]time.Duration{0}, w.asked(streamPath, again)); diff != "" {
			w.Error(diff)
		}
	})
}

// What a break left of a line is no message: it comes whole by search.
func TestHalfALine(t *testing.T) {
	inWorld(t, func(w *world) {
		w.x.Fail(xplayer.Fault{Path: streamPath, Status: 200, Body: `{"data":{"id":"2028`},
			xplayer.Fault{Path: streamPath, Status: 200, Body: `{"data":{"id":"7","text":"whole"}}`})
		stop := w.run()
		w.pass(time.Minute)
		w.ended(stop)
		w.wants("whole")
		if got := w.inbox.count(); got != 1 {
			w.Errorf("%d messages", got)
		}
	})
}

// The stream brings the same again; what it says is not taken twice, nor for a
// change: only an answer to a question is.
func TestTheSameIDAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(time.Second)
		id := w.x.Say(flood(1))
		w.x.Repeat(id, 3)
		w.x.Raw([]byte(`{"data":{"id":"` + id + `","text":"otherwise"}}`))
		w.pass(time.Second)
		w.ended(stop)
		w.wants("Flood at house 1")
		if w.inbox.again != 0 || w.inbox.count() != 1 {
			w.Errorf("%d messages, %d again", w.inbox.count(), w.inbox.again)
		}
	})
}

// X is late by some seconds and out of order: what it had not brought before a
// break is found, though something newer came.
func TestGapsBeginBeforeTheNewest(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(time.Minute)
		w.x.Lose(true)
		w.x.Say(flood(1)) // would have come in seven seconds
		w.x.Lose(false)
		w.pass(5 * time.Second)
		w.x.Say(flood(2))
		w.pass(time.Second)
		w.x.Break()
		w.pass(time.Second)
		w.ended(stop)
		w.wants("Flood at house 1", "Flood at house 2")
	})
}

// A gap is searched for with as many searches as the rules need, and is closed
// when the last has ended.
func TestGapsAreClosed(t *testing.T) {
	long := "b: " + strings.Repeat("x", 500)
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(time.Minute)
		w.x.Say(flood(1))
		w.pass(time.Minute)
		w.x.Break()
		w.pass(time.Second)
		w.ended(stop)
		var asked []string
		var since []uint64
		for _, request := range w.x.Requests() {
			if request.Path == searchPath {
				asked = append(asked, request.Query["query"][0])
				n, err := strconv.ParseUint(request.Query["since_id"][0], 10, 64)
				if err != nil {
					w.Fatal(err)
				}
				since = append(since, n)
			}
		}
		if want := []string{"(flood)", "(" + long[3:] + ")", "(flood)", "(" + long[3:] + ")"}; !cmp.Equal(asked, want) {
			w.Fatal(cmp.Diff(want, asked))
		}
		if hour := uint64(time.Hour.Milliseconds()) << 22; since[1] != since[0] || since[2] < since[0]+hour {
			w.Errorf("searched after %v", since)
		}
	}, "rules", "a: flood\n"+long)
}

// Where no connection comes about, 250 ms more each time, up to 16 s.
func TestBackOffWithoutNetwork(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(21 * time.Second) // one keep-alive
		broken := time.Now()
		w.wire.breaks(3)
		w.x.Break()
		w.pass(10 * time.Second)
		w.ended(stop)
		// At once, then after 250, 500 and 750 ms.
		if diff := cmp.Diff([]time.Duration{1500 * time.Millisecond}, w.asked(streamPath, broken)); diff != "" {
			w.Error(diff)
		}
	})
}

// X says every 20 seconds that it lives; a stream that says nothing for longer is
// left.
func TestKeepAlive(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(10*time.Minute + time.Second)
		if got := w.asked(streamPath, start); len(got) != 1 {
			w.Fatalf("connected %d times while keep-alives came", len(got))
		}
		muted := time.Now()
		w.x.Mute(true)
		w.pass(24 * time.Second)
		w.x.Mute(false)
		w.pass(10 * time.Second)
		w.ended(stop)
		if diff := cmp.Diff([]time.Duration{24 * time.Second}, w.asked(streamPath, muted)); diff != "" {
			w.Error(diff) // 25 s after the last keep-alive, which was a second before
		}
	})
}

// X serves one connection: a second one waits a minute, and takes over when the
// first is gone.
func TestOneConnection(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(time.Second)
		w.inbox = &inbox{}
		second := w.run()
		w.pass(50 * time.Second)
		w.ended(stop)
		w.pass(20 * time.Second)
		w.x.Say(flood(1))
		w.pass(time.Second)
		w.ended(second)
		w.wants("Flood at house 1")
	})
}

// The two ways in which X itself ends a stream.
func TestEndsOfAStream(t *testing.T) {
	for name, tc := range map[string]struct {
		end  func(*xplayer.Player)
		want []time.Duration
	}{
		"operational disconnect": {(*xplayer.Player).Disconnect, []time.Duration{0}},
		"too many connections":   {(*xplayer.Player).Overcrowd, []time.Duration{time.Minute}},
		"an error nobody knows":  {func(x *xplayer.Player) { x.Raw([]byte(`{"errors":[{"title":"unheard-of"}]}`)) }, []time.Duration{5 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				stop := w.run()
				w.pass(time.Second)
				w.x.Say(flood(1))
				w.pass(0)
				ended := time.Now()
				tc.end(w.x)
				w.pass(0)
				w.x.Say(flood(2))
				w.pass(2 * time.Minute)
				w.ended(stop)
				if diff := cmp.Diff(tc.want, w.asked(streamPath, ended)); diff != "" {
					w.Error(diff)
				}
				w.wants("Flood at house 1", "Flood at house 2")
			})
		})
	}
}

// Whatever was written while nobody listened is found, page by page, also after a
// restart of the process and a search that fails in the middle.
func TestGapsAreFilled(t *testing.T) {
	inWorld(t, func(w *world) {
		var want []string
		say := func(n int) {
			w.x.Say(flood(n))
			want = append(want, fmt.Sprintf("Flood at house %d", n))
		}
		stop := w.run()
		w.pass(time.Second)
		say(100)
		w.pass(time.Second)
		w.ended(stop)
		for n := range 250 { // while the process is down
			say(1000 + n)
			w.pass(time.Second)
		}
		w.x.Fail(xplayer.Fault{Path: searchPath, Status: 503},
			xplayer.Fault{Path: searchPath, Status: 429, Header: http.Header{"X-Rate-Limit-Reset": {strconv.FormatInt(time.Now().Add(30*time.Second).Unix(), 10)}}})
		stop = w.run()
		w.pass(time.Second)
		say(9000) // the stream goes on while the gap is open
		w.pass(time.Minute)
		w.ended(stop)
		w.wants(want...)
		if w.inbox.again != 0 || w.inbox.other != 0 {
			w.Errorf("%d came again, %d of them different", w.inbox.again, w.inbox.other)
		}
		searches := w.x.Requests()
		last := searches[len(searches)-1]
		if last.Path != searchPath || len(last.Query["next_token"]) != 1 || last.Query["max_results"][0] != "100" {
			w.Errorf("the last page was asked for with %v", last.Query)
		}
	})
}

// What is handed in and not accepted comes again: the cursor never leads.
func TestAFailedAcceptLosesNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(time.Second)
		w.x.Say(flood(1))
		w.pass(time.Second)
		w.inbox.fail(1)
		w.x.Say(flood(2))
		w.pass(time.Second)
		if err := stop(); err == nil || !strings.Contains(err.Error(), "disk") {
			w.Fatalf("Run ended with %v", err)
		}
		stop = w.run()
		w.pass(time.Second)
		w.ended(stop)
		w.wants("Flood at house 1", "Flood at house 2")
	})
}

// A gap older than search reaches is filled as far as it reaches, and said.
func TestAGapOlderThanAWeek(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(time.Second)
		w.x.Say(flood(1))
		w.pass(time.Second)
		w.ended(stop)
		w.pass(time.Hour)
		w.x.Say(flood(2)) // is lost
		w.pass(8 * 24 * time.Hour)
		w.x.Say(flood(3))
		w.pass(time.Hour)
		stop = w.run()
		w.pass(time.Minute)
		w.ended(stop)
		w.wants("Flood at house 1", "Flood at house 3")
		if !strings.Contains(w.log.String(), "seven days") {
			w.Error("nothing is said of it")
		}
	})
}

// Accounts without the stream search every so often.
func TestSearchMode(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run()
		for n := range 5 {
			w.x.Say(flood(n))
			w.pass(30 * time.Second)
		}
		w.ended(stop)
		w.wants("Flood at house 0", "Flood at house 1", "Flood at house 2", "Flood at house 3", "Flood at house 4")
		half := 30 * time.Second
		if diff := cmp.Diff([]time.Duration{0, half, half, half, half, half}, w.asked(searchPath, start)); diff != "" {
			w.Error(diff)
		}
		if len(w.asked(rulesPath, start))+len(w.asked(streamPath, start)) != 0 {
			w.Error("the stream was asked for")
		}
	}, "mode", "search", "poll_seconds", "30")
}

// A line with an id of the future hides nothing that comes after it.
func TestAnIDOfTheFuture(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(time.Second)
		w.x.Raw([]byte(`{"data":{"id":"18446744073709551615","text":"odd"}}`))
		w.pass(time.Second)
		w.ended(stop)
		w.x.Say(flood(1))
		w.pass(time.Second)
		stop = w.run()
		w.pass(time.Second)
		w.ended(stop)
		w.wants("Flood at house 1", "odd")
	})
}

// What does not pass by waiting ends Run with a word on what to mend.
func TestWhatEndsRun(t *testing.T) {
	for name, tc := range map[string]struct {
		path, want string
		status     int
	}{
		"token":        {streamPath, "bearer_token", 401},
		"no credits":   {streamPath, "credits", 402},
		"not allowed":  {streamPath, "mode=search", 403},
		"bad request":  {streamPath, "rule", 400},
		"rules":        {rulesPath, "bearer_token", 401},
		"search token": {searchPath, "bearer_token", 401},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.x.Fail(xplayer.Fault{Path: tc.path, Status: tc.status, Body: `{"detail":"` + bearer + `"}`})
				err := w.ends()
				if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), bearer) {
					w.Errorf("Run ended with %v", err)
				}
			})
		})
	}
}

// A search that X refuses costs a gap, not the stream.
func TestARefusedSearchLeavesTheStream(t *testing.T) {
	inWorld(t, func(w *world) {
		w.x.Fail(xplayer.Fault{Path: searchPath, Status: 403})
		stop := w.run()
		w.pass(time.Second)
		w.x.Say(flood(1))
		w.pass(time.Second)
		w.ended(stop)
		w.wants("Flood at house 1")
		if !strings.Contains(w.log.String(), "gap stays open") {
			w.Error("nothing is said of it")
		}
	})
}

// Rules at X become those of the channel; others go.
func TestRulesAreSynced(t *testing.T) {
	inWorld(t, func(w *world) {
		w.x.SetRules(xplayer.Rule{ID: "1", Value: "old rule", Tag: "old"}, xplayer.Rule{ID: "2", Value: "fire place_country:KE", Tag: "fire"},
			xplayer.Rule{ID: "3", Value: "flood", Tag: "another tag"})
		stop := w.run()
		w.pass(time.Second)
		w.ended(stop)
		got := map[string]string{}
		for _, rule := range w.x.Rules() {
			got[rule.Value] = rule.Tag
		}
		if diff := cmp.Diff(map[string]string{"fire place_country:KE": "fire", "flood": "flood"}, got); diff != "" {
			w.Error(diff)
		}
	}, "rules", "fire: fire place_country:KE\nflood: flood")
}

func TestARuleThatXRefuses(t *testing.T) {
	inWorld(t, func(w *world) {
		if err := w.ends(); err == nil || !strings.Contains(err.Error(), `tagged "broken"`) {
			w.Errorf("Run ended with %v", err)
		}
	}, "rules", "good: flood\nbroken: (fire")
}

// Rules that somebody deleted at X are set again.
func TestRulesThatVanish(t *testing.T) {
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(time.Second)
		w.x.SetRules()
		w.x.Break()
		w.pass(time.Minute)
		w.x.Say(flood(1))
		w.pass(time.Second)
		w.ended(stop)
		w.wants("Flood at house 1")
		if len(w.x.Rules()) != 1 {
			w.Error(w.x.Rules())
		}
	})
}
