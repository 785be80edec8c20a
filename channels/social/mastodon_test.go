package social_test

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/channeltest"
	"github.com/onyo-project/onyo/channels/social"
)

func TestMastodonConforms(t *testing.T) {
	channeltest.RunRunner(t, channeltest.RunnerSuite{Kind: social.Mastodon(), Address: mastodonSender,
		Start: func(t *testing.T) channeltest.Provider { return startMastodon(t) }})
}

func golden(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func mastodonRaw(as string, data []byte) []byte {
	return channels.Pack(map[string]string{"as": as, "domain": "social.example", "base": "https://social.example"}, data)
}

func TestMastodonReads(t *testing.T) {
	adapter := made(t, social.Mastodon(), map[string]string{"api_url": "https://social.example", "hashtags": "flood"},
		map[string]string{"access_token": mastodonToken})
	status := string(golden(t, "mastodon_status.json"))
	bend := func(pairs ...string) []byte { return []byte(strings.NewReplacer(pairs...).Replace(status)) }
	whole := channels.Message{ProviderID: "https://elsewhere.example/users/amina/statuses/1", Alias: "status/116000000000000001",
		Nature: channels.Report, From: channels.Address{Scheme: "mastodon", Value: mastodonSender},
		At:       time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC),
		Language: "sw", ReplyTo: "status/115999999999999999",
		Text: "flood, injured people\n\nMaji yamefika Kibera & daraja limefungwa.\nBarabara ya 2 < 1 m\n\n" +
			"#flood https://news.example/a/very/long/path\n[picture: A bridge under water]",
		Media: []channels.Media{{Ref: "https://elsewhere.example/users/amina/statuses/1#media/0", URL: "https://social.example/media_proxy/42/original"},
			{Ref: "https://elsewhere.example/users/amina/statuses/1#media/1", URL: "https://social.example/media_proxy/43/original"}}}
	with := func(change func(*channels.Message)) []channels.Message {
		m := whole
		change(&m)
		return []channels.Message{m}
	}
	for name, tc := range map[string]struct {
		as   string
		data []byte
		want []channels.Message
	}{
		"post": {"post", []byte(status), with(func(*channels.Message) {})},
		"own people are written without their server": {"post", bend("Amina@elsewhere.example", "Amina"), with(func(m *channels.Message) {
			m.From.Value = "amina@social.example"
		})},
		"edit": {"edit", bend(`"edited_at": null`, `"edited_at": "2026-03-01T12:30:00.000Z"`), with(func(m *channels.Message) {
			m.ProviderID += "#edited/2026-03-01T12:30:00Z"
			m.Supersedes, m.At = "status/116000000000000001", time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)
		})},
		"deletion": {"delete", []byte("116000000000000001"), []channels.Message{{ProviderID: "status/116000000000000001#deleted",
			Nature: channels.Other, Deletes: "status/116000000000000001"}}},
		"no language": {"post", bend(`"sw"`, "null"), with(func(m *channels.Message) { m.Language = "" })},
		"stop is a report, nobody is written to": {"post", bend("Maji yamefika", "STOP"), with(func(m *channels.Message) {
			m.Text = strings.Replace(m.Text, "Maji yamefika", "STOP", 1)
		})},
		"for followers":     {"post", bend(`"public"`, `"private"`), nil},
		"unlisted":          {"post", bend(`"public"`, `"unlisted"`), nil},
		"direct":            {"post", bend(`"public"`, `"direct"`), nil},
		"boost":             {"post", bend(`"reblog": null`, `"reblog": {"id": "3"}`), nil},
		"unknown closeness": {"post", bend(`"visibility": "public",`, ""), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := adapter.Parse(mastodonRaw(tc.as, tc.data))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Fatal(diff)
			}
		})
	}
	for name, broken := range map[string][]byte{"no uri": bend(`"uri"`, `"uro"`), "no id": bend(`"id": "116000000000000001"`, `"id": ""`),
		"id of another shape": bend("116000000000000001", "../1"), "half": []byte(status[:100]), "null": []byte("null")} {
		if got, err := adapter.Parse(mastodonRaw("post", broken)); err == nil {
			t.Errorf("%s: read as %v", name, got)
		}
	}
}

// What happens to a post while the stream is open: it is edited, then deleted.
func TestMastodonFollowsEditsAndDeletions(t *testing.T) {
	p := startMastodon(t)
	run := begin(t, social.Mastodon(), p.Config())
	p.Offer(channeltest.Saying{ID: "1", Text: "Water at the market"})
	post := run.await(t, 1)[0]
	p.Offer(channeltest.Saying{ID: "1", Text: "Water at the old market"})
	edit := run.await(t, 2)[1]
	p.mu.Lock()
	p.push("event: delete\ndata: " + p.statuses[0].id + "\n\n")
	p.mu.Unlock()
	gone := run.await(t, 3)[2]
	if post.Alias == "" || edit.Supersedes != post.Alias || edit.Alias != post.Alias || edit.ProviderID == post.ProviderID ||
		gone.Deletes != post.Alias || gone.Nature != channels.Other {
		t.Fatalf("post %q, edit of %q, deletion of %q", post.Alias, edit.Supersedes, gone.Deletes)
	}
}

// What passed while nobody listened is read from the timeline, over several pages,
// each once in one Run; what was edited meanwhile and never seen is a post.
func TestMastodonFillsGaps(t *testing.T) {
	p := startMastodon(t)
	run := begin(t, social.Mastodon(), p.Config())
	p.Offer(channeltest.Saying{ID: "before", Text: "Before"})
	run.await(t, 1)
	run.stop(t)
	for i := range 95 {
		p.Offer(channeltest.Saying{ID: fmt.Sprint("gap", i), Text: fmt.Sprint("While away ", i)})
	}
	p.Offer(channeltest.Saying{ID: "gap94", Text: "While away, mended"})
	run.again(t)
	got := run.await(t, 1+1+95) // the overlap brings the first once more
	var ids []string
	for _, m := range got[1:] {
		ids = append(ids, m.ProviderID)
		if m.Supersedes != "" {
			t.Errorf("%s supersedes what was never seen", m.ProviderID)
		}
	}
	if !slices.IsSorted(aliases(got[1:])) || len(slices.Compact(slices.Sorted(slices.Values(ids)))) != 96 {
		t.Error("the gap is not filled in order, each post once")
	}
	if last := got[len(got)-1]; last.Text != "While away, mended" {
		t.Errorf("the last is %q", last.Text)
	}
}

func aliases(all []channels.Message) (names []string) {
	for _, m := range all {
		names = append(names, m.Alias)
	}
	return names
}

// Answers that pass are waited out; the server's own wish is honoured.
func TestMastodonWaitsOutFaults(t *testing.T) {
	fail := func(code int, header ...string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			for i := 0; i+1 < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			http.Error(w, `{"error":"amina wrote too much"}`, code)
		}
	}
	for name, fault := range map[string]func(http.ResponseWriter){
		"overloaded":       fail(http.StatusServiceUnavailable),
		"too many":         fail(http.StatusTooManyRequests, "Retry-After", "1"),
		"too many, a date": fail(http.StatusTooManyRequests, "X-RateLimit-Reset", time.Now().Add(-time.Second).UTC().Format(time.RFC3339)),
		"bad gateway":      fail(http.StatusBadGateway, "Retry-After", "Sun, 01 Mar 2026 12:00:00 GMT"),
		"no json":          func(w http.ResponseWriter) { fmt.Fprint(w, "<html>") },
		"nothing":          func(http.ResponseWriter) {},
		"cut off":          func(w http.ResponseWriter) { w.Header().Set("Content-Length", "9999"); fmt.Fprint(w, "{") },
	} {
		for at, step := range []string{"instance", "stream", "timeline"} {
			t.Run(name+"/"+step, func(t *testing.T) {
				t.Parallel()
				p := startMastodon(t)
				for range at {
					p.faults = append(p.faults, nil)
				}
				p.faults = append(p.faults, fault)
				p.Offer(channeltest.Saying{ID: "1", Text: "Still here"})
				run := begin(t, social.Mastodon(), p.Config())
				run.await(t, 1)
				if strings.Contains(run.log.String(), "amina") {
					t.Error("the answer is repeated in the log")
				}
			})
		}
	}
}

// Frames that are broken, unknown or larger than a megabyte stop nothing.
func TestMastodonPassesOverFrames(t *testing.T) {
	p := startMastodon(t)
	run := begin(t, social.Mastodon(), p.Config())
	p.Offer(channeltest.Saying{ID: "0", Text: "First"})
	run.await(t, 1)
	p.mu.Lock()
	for _, frame := range []string{":thump\n\n", "event: filters_changed\n\n", "event: announcement\ndata: {}\n\n",
		"event: update\ndata: " + strings.Repeat("x", 3<<20) + "\n\n", "event: update\n" + strings.Repeat("data: y\n", 1<<18) + "\n",
		"event: delete\ndata: ../../1\n\n", "data: {}\r\n\r\n", "\xff\xfe\n\n", "event: update\ndata: {\"id\":\"1\"}\n\n"} {
		p.push(frame)
	}
	p.mu.Unlock()
	p.Offer(channeltest.Saying{ID: "1", Text: "Second"})
	splits := run.awaitSplits(t, 4)
	var natures []channels.Nature
	for _, split := range splits {
		natures = append(natures, split.Nature)
	}
	// A deletion of no post and a post without uri are kept as they came.
	want := []channels.Nature{channels.Report, channels.Unparsed, channels.Unparsed, channels.Report}
	if diff := cmp.Diff(want, natures); diff != "" {
		t.Fatal(diff)
	}
}

// An older server does not know /api/v2 and streams at its own address.
func TestMastodonBeforeFour(t *testing.T) {
	p := startMastodon(t)
	p.old = true
	p.Offer(channeltest.Saying{ID: "1", Text: "From an old server"})
	begin(t, social.Mastodon(), p.Config()).await(t, 1)
}

// Every hashtag has its stream, and a post with two of them is one post.
func TestMastodonFollowsEveryHashtag(t *testing.T) {
	p := startMastodon(t)
	config := p.Config()
	config.Settings["hashtags"] = "#Flood, mafuriko,flood"
	run := begin(t, social.Mastodon(), config)
	tags := map[string]bool{<-p.opened: true, <-p.opened: true}
	if diff := cmp.Diff(map[string]bool{"flood": true, "mafuriko": true}, tags); diff != "" {
		t.Fatal(diff)
	}
	p.Offer(channeltest.Saying{ID: "1", Text: "Both"})
	first := run.await(t, 1)
	p.Offer(channeltest.Saying{ID: "2", Text: "Both again"})
	last := run.awaitText(t, "Both again")
	if first[0].ProviderID == last.ProviderID {
		t.Error("two posts, one id")
	}
}

func TestMastodonTest(t *testing.T) {
	p := startMastodon(t)
	run := begin(t, social.Mastodon(), p.Config())
	tester := run.adapter.(channels.Tester)
	if err := tester.Test(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.Refuse()
	if err := tester.Test(t.Context()); err == nil || strings.Contains(err.Error(), mastodonToken) {
		t.Fatalf("a refused token: %v", err)
	}
}

// Pictures are asked of the channel's own server alone, without the token.
func TestMastodonMedia(t *testing.T) {
	adapter := made(t, social.Mastodon(), map[string]string{"api_url": "https://social.example", "hashtags": "flood"},
		map[string]string{"access_token": mastodonToken}).(channels.Fetcher)
	request, err := adapter.MediaRequest(t.Context(), channels.Media{URL: "https://social.example/media_proxy/42/original"})
	if err != nil || request.URL.String() != "https://social.example/media_proxy/42/original" || request.Header.Get("Authorization") != "" {
		t.Fatalf("%v, %v", request, err)
	}
	for _, bad := range []string{"https://evil.example/x", "http://social.example/x", "https://a@social.example/x", "https://social.example:8443/x", "://", ""} {
		if _, err := adapter.MediaRequest(t.Context(), channels.Media{URL: bad}); err == nil {
			t.Errorf("%q is asked for", bad)
		}
	}
}

func TestMastodonSettings(t *testing.T) {
	good := map[string]string{"api_url": "https://social.example", "access_token": "t", "hashtags": "flood, #mafuriko"}
	for name, tc := range map[string]struct {
		key, value string
		ok         bool
	}{
		"as they are":      {"", "", true},
		"no scheme":        {"api_url", "social.example", false},
		"a user in it":     {"api_url", "https://a:b@social.example", false},
		"no hashtag":       {"hashtags", " , ", false},
		"eleven":           {"hashtags", "a,b,c,d,e,f,g,h,i,j,k", false},
		"a path":           {"hashtags", "../x", false},
		"other alphabets":  {"hashtags", "سیلاب,洪水,ураган", true},
		"no token":         {"access_token", "", false},
		"only a hash sign": {"hashtags", "#", false},
	} {
		values := map[string]string{}
		for key, value := range good {
			values[key] = value
		}
		if tc.key != "" {
			values[tc.key] = tc.value
		}
		if err := social.Mastodon().Check(values); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}
