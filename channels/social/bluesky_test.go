package social_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/social"
)

func TestBlueskyConforms(t *testing.T) {
	channeltest.RunRunner(t, channeltest.RunnerSuite{Kind: social.Bluesky(), Address: blueskySender,
		Start: func(t *testing.T) channeltest.Provider { return startJetstream(t) }})
}

func blueskyMade(t testing.TB) channels.Adapter {
	return made(t, social.Bluesky(), map[string]string{"words": "#KiberaFlood, maji kibera"}, nil)
}

func TestBlueskyReads(t *testing.T) {
	adapter := blueskyMade(t)
	commit := string(golden(t, "bluesky_commit.json"))
	bend := func(pairs ...string) []byte { return []byte(strings.NewReplacer(pairs...).Replace(commit)) }
	const uri = "at://did:plc:amina4471amina4471amina/app.bsky.feed.post/3lj2post"
	from := channels.Address{Scheme: "bluesky", Value: blueskySender}
	whole := channels.Message{ProviderID: uri, Nature: channels.Report, From: from, At: time.UnixMicro(1772366400123456).UTC(), Language: "sw",
		Text:    "Maji yamefika Kibera 🚨 #KiberaFlood\n[picture: A bridge under water]",
		ReplyTo: "at://did:plc:x/app.bsky.feed.post/parent", Thread: "at://did:plc:x/app.bsky.feed.post/root",
		Media: []channels.Media{{Ref: uri + "#image/0", ContentType: "image/jpeg",
			URL: "https://cdn.bsky.app/img/feed_fullsize/plain/did:plc:amina4471amina4471amina/bafkreipicture"}}}
	with := func(change func(*channels.Message)) channels.Message {
		m := whole
		change(&m)
		return m
	}
	for name, tc := range map[string]struct {
		facts map[string]string
		data  []byte
		want  channels.Message
	}{
		"post": {map[string]string{"as": "post"}, []byte(commit), whole},
		"edit": {map[string]string{"as": "edit"}, bend(`"create"`, `"update"`), with(func(m *channels.Message) {
			m.ProviderID, m.Alias, m.Supersedes = uri+"#edited/bafyreipost", uri, uri
		})},
		"deletion": {map[string]string{"as": "delete", "rkey": "3lj2post"},
			[]byte(`{"did":"` + blueskySender + `","time_us":1,"kind":"commit","commit":{"operation":"delete","collection":"app.bsky.feed.post","rkey":"3lj2post"}}`),
			channels.Message{ProviderID: uri + "#deleted", Nature: channels.Other, Deletes: uri, From: from}},
		"account gone": {map[string]string{"as": "delete", "rkey": "3lj2post"},
			[]byte(`{"did":"` + blueskySender + `","time_us":1,"kind":"account","account":{"active":false,"status":"deleted"}}`),
			channels.Message{ProviderID: uri + "#deleted", Nature: channels.Other, Deletes: uri, From: from}},
		"picture beside a quoted post": {map[string]string{"as": "post"},
			bend(`"embed":{"$type":"app.bsky.embed.images","images":`, `"embed":{"$type":"app.bsky.embed.recordWithMedia","media":{"images":`, `"size":12345}}]}}`, `"size":12345}}]}}}`), whole},
		"picture of no address": {map[string]string{"as": "post"}, bend("bafkreipicture", "../x"), with(func(m *channels.Message) {
			m.Media = []channels.Media{{Ref: uri + "#image/0", ContentType: "image/jpeg"}}
		})},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := adapter.Parse(channels.Pack(tc.facts, tc.data))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]channels.Message{tc.want}, got); diff != "" {
				t.Fatal(diff)
			}
		})
	}
	for name, data := range map[string][]byte{"another collection": bend("feed.post\",\"rkey", "feed.like\",\"rkey"), "no did": bend("did:plc:amina", "plc:amina"),
		"a path in the key": bend("3lj2post", "a/b"), "text that is no text": bend(`"Maji yamefika`, `7,"x":"`), "half": []byte(commit[:99]), "identity": []byte(`{"did":"did:plc:x","kind":"identity"}`)} {
		if got, err := adapter.Parse(channels.Pack(map[string]string{"as": "post"}, data)); err == nil {
			t.Errorf("%s: read as %v", name, got)
		}
	}
}

// Only what the filter wants is stored; of that, edits and deletions are followed,
// and nobody else's.
func TestBlueskyFollowsItsOwnPosts(t *testing.T) {
	p := startJetstream(t)
	run := begin(t, social.Bluesky(), p.Config())
	post := func(operation, key, text string) {
		p.mu.Lock()
		defer p.mu.Unlock()
		var record map[string]any
		if operation != "delete" {
			record = map[string]any{"text": text}
		}
		p.commit(operation, key, record)
	}
	post("create", "noise", "What a lovely morning")
	post("create", "one", "Maji   KIBERA, everywhere")
	post("create", "two", "#kiberaflood again")
	post("delete", "noise", "")
	post("update", "noise", "still nothing")
	post("update", "one", "I was wrong") // followed though the words are gone
	post("delete", "one", "")
	post("delete", "one", "")
	p.mu.Lock()
	p.add(p.now(), []byte(`{"did":"did:plc:other","time_us":1,"kind":"account","account":{"active":false,"status":"deleted"}}`))
	p.add(p.now(), []byte(`{"did":"`+blueskySender+`","time_us":1,"kind":"account","account":{"active":false,"status":"deactivated"}}`))
	p.add(p.now(), []byte(`{"did":"`+blueskySender+`","time_us":1,"kind":"account","account":{"active":false,"status":"deleted"}}`))
	p.mu.Unlock()
	post("create", "last", "#KiberaFlood the end")
	run.awaitText(t, "the end")
	var got []string
	for _, m := range run.read(t, run.awaitSplits(t, 6)) {
		about, _ := strings.CutPrefix(m.ProviderID, "at://"+blueskySender+"/app.bsky.feed.post/")
		if version, _, edited := strings.Cut(about, "#edited/"); edited {
			about = version + "#edited"
		}
		got = append(got, about)
	}
	want := []string{"one", "two", "one#edited", "one#deleted", "two#deleted", "last"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

// The deletion of a post that came before a restart is still known for ours.
func TestBlueskyRemembersAcrossRestarts(t *testing.T) {
	p := startJetstream(t)
	run := begin(t, social.Bluesky(), p.Config())
	p.Offer(channeltest.Saying{ID: "one", Text: "Before"})
	run.await(t, 1)
	run.stop(t)
	p.mu.Lock()
	p.commit("delete", "one", nil)
	p.mu.Unlock()
	run.again(t)
	if got := run.await(t, 2)[1]; got.Deletes == "" {
		t.Errorf("not a deletion: %v", got)
	}
}

// While nothing is wanted the cursor still moves, so that a restart does not read
// hours again.
func TestBlueskyCursorMovesWithoutPosts(t *testing.T) {
	p := startJetstream(t)
	config := p.Config()
	var mu sync.Mutex
	now := time.Now()
	config.Clock = func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(3 * time.Second)
		return now
	}
	run := begin(t, social.Bluesky(), config)
	p.mu.Lock()
	for i := range 2000 {
		p.commit("create", fmt.Sprint("noise", i), map[string]any{"text": "nothing of note"})
	}
	p.mu.Unlock()
	run.until(t, func([]channels.Split) bool {
		cursor, _ := run.Cursor(t.Context())
		return len(cursor) > 0
	})
}

// A server that fails is left for the next; its clock being another, more is read
// again.
func TestBlueskyGoesToAnotherServer(t *testing.T) {
	first, second := startJetstream(t), startJetstream(t)
	config := first.Config()
	config.Settings["api_url"] = first.url() + ", " + second.url()
	run := begin(t, social.Bluesky(), config)
	first.Offer(channeltest.Saying{ID: "one", Text: "On the first"})
	run.await(t, 1)
	down := func(w http.ResponseWriter) { http.Error(w, "gone", http.StatusServiceUnavailable) }
	first.mu.Lock()
	first.faults = slices.Repeat([]func(http.ResponseWriter){down}, 100)
	first.mu.Unlock()
	second.Offer(channeltest.Saying{ID: "two", Text: "On the second"})
	first.Break()
	run.awaitText(t, "On the second")
	second.mu.Lock()
	defer second.mu.Unlock()
	if len(second.asked) == 0 || !strings.Contains(second.asked[0], "cursor=") {
		t.Errorf("the second server was asked %q", second.asked)
	}
}

// Run gives up only where every server refuses the question itself.
func TestBlueskyGivesUpWhereNobodyServes(t *testing.T) {
	p := startJetstream(t)
	config := p.Config()
	config.Settings["api_url"] = p.url() + "/elsewhere"
	run := begin(t, social.Bluesky(), config)
	select {
	case err := <-run.over:
		if err == nil || !strings.Contains(err.Error(), "http_404") {
			t.Fatalf("got %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it goes on")
	}
}

func TestBlueskyWaitsOutFaults(t *testing.T) {
	for name, fault := range map[string]func(http.ResponseWriter){
		"too many":    func(w http.ResponseWriter) { w.Header().Set("Retry-After", "1"); w.WriteHeader(429) },
		"unavailable": func(w http.ResponseWriter) { w.WriteHeader(503) },
		"no upgrade":  func(w http.ResponseWriter) { fmt.Fprint(w, "hello") },
		"forbidden":   func(w http.ResponseWriter) { w.WriteHeader(403) },
		"cut off":     func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startJetstream(t)
			p.faults = append(p.faults, fault)
			p.Offer(channeltest.Saying{ID: "1", Text: "Still here"})
			begin(t, social.Bluesky(), p.Config()).await(t, 1)
		})
	}
}

func TestBlueskyTest(t *testing.T) {
	p := startJetstream(t)
	tester := begin(t, social.Bluesky(), p.Config()).adapter.(channels.Tester)
	if err := tester.Test(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.server.Close()
	if err := tester.Test(t.Context()); err == nil {
		t.Fatal("a server that is not there passes")
	}
}

func TestBlueskyMedia(t *testing.T) {
	fetcher := blueskyMade(t).(channels.Fetcher)
	good := "https://cdn.bsky.app/img/feed_fullsize/plain/did:plc:x/bafkrei"
	if request, err := fetcher.MediaRequest(t.Context(), channels.Media{URL: good}); err != nil || request.URL.String() != good {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"https://evil.example/x", "http://cdn.bsky.app/x", "https://a@cdn.bsky.app/x", "https://cdn.bsky.app:8443/x", ""} {
		if _, err := fetcher.MediaRequest(t.Context(), channels.Media{URL: bad}); err == nil {
			t.Errorf("%q is asked for", bad)
		}
	}
}

func TestBlueskySettings(t *testing.T) {
	good := map[string]string{"words": "flood kibera, #KiberaFlood"}
	for name, tc := range map[string]struct {
		key, value string
		ok         bool
	}{
		"as they are": {"", "", true}, "no words": {"words", " , #", false}, "two letters": {"words", "of", false},
		"two signs": {"words", "洪水", true}, "too many": {"words", manyWords(101), false},
		"languages": {"languages", "sw, en", true}, "no languages": {"languages", "swahili!", false},
		"lookback": {"lookback", "48h", false}, "http": {"api_url", "https://example.org", false},
	} {
		values := with(good)
		if tc.key != "" {
			values = with(good, tc.key, tc.value)
		}
		if err := social.Bluesky().Check(values); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func manyWords(n int) string {
	var words []string
	for i := range n {
		words = append(words, fmt.Sprint("word", i))
	}
	return strings.Join(words, ",")
}

func FuzzBluesky(f *testing.F) {
	f.Add("post", "", golden(f, "bluesky_commit.json"))
	f.Add("delete", "3lj2post", []byte(`{"did":"did:web:example.org","kind":"account","account":{"active":false,"status":"deleted"}}`))
	f.Add("edit", "", []byte(`{"did":"did:plc:a","time_us":-1,"commit":{"operation":"update","collection":"app.bsky.feed.post","rkey":"a","record":{"text":"\u0000\ud800","embed":{"images":[{"alt":"\u0000"}]}}}}`))
	adapter := blueskyMade(f)
	f.Fuzz(func(t *testing.T, as, rkey string, frame []byte) {
		judge(t, adapter, channels.Pack(map[string]string{"as": as, "rkey": rkey}, frame))
		judge(t, adapter, frame)
	})
}
