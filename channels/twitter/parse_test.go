package twitter_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/twitter"
)

func adapter(t testing.TB, c channels.Config) channels.Webhook {
	t.Helper()
	made, err := twitter.Kind().New(c)
	if err != nil {
		t.Fatal(err)
	}
	return made.(channels.Webhook)
}

func hookConfig() channels.Config {
	return channels.Config{Name: "x-main", PublicURL: "https://onyo.example.org/hooks/x-main", Clock: time.Now,
		Settings: map[string]string{"rules": oneRule, "mode": "webhook"},
		Secrets: map[string]channels.Secret{"bearer_token": channels.NewSecret(bearer, ""),
			"consumer_secret": channels.NewSecret(consumer, "the consumer secret before")}}
}

func TestReads(t *testing.T) {
	x := func(id string) channels.Address { return channels.Address{Scheme: "x", Value: id} }
	want := []channels.Message{
		{ProviderID: "2028133800000000001", Nature: channels.Report, From: x("11"), At: time.Date(2026, 3, 1, 12, 0, 1, 0, time.UTC),
			Text: "Water over the road at <Kibera> & rising &amp; fast", Language: "en", Thread: "2028133800000000001",
			Location: &channels.Location{Point: &channels.Point{Lon: 36.78, Lat: -1.31}, Words: "Kibera, Kenya"},
			Media: []channels.Media{{Ref: "3_1", URL: "https://pbs.twimg.com/media/F1.png", ContentType: "image/png"},
				{Ref: "7_2", URL: "https://pbs.twimg.com/ext_tw_video_thumb/2/pu/img/v.jpg", ContentType: "image/jpeg"}}},
		{ProviderID: "2028133800000000002", Nature: channels.Report, From: x("12"), Text: "Somewhere in the city",
			Thread: "2028133800000000001", ReplyTo: "2028133800000000001",
			Location: &channels.Location{Words: "Suva, Fiji", Box: &[4]float64{177.1, -18.3, -179.9, -17.2}}},
		{ProviderID: "2028133800000000003", Nature: channels.Report, From: x("13"), Text: "Out of this world", Language: "id",
			Location: &channels.Location{Words: "Nowhere"}},
		{ProviderID: "2028133800000000004", Nature: channels.Report, From: x("14"), Text: "The whole of a long text\uFFFD that ends here",
			Supersedes: "2028133800000000001"},
		{ProviderID: "2028133800000000002", Nature: channels.Report, From: x("12"), Text: "Somewhere in the city"},
		{ProviderID: "2028133800000000006", Nature: channels.Other, From: x("16"), Text: "RT @a: Gone", Thread: "2028133700000000000"},
		{ProviderID: "2028133800000000002/deleted", Nature: channels.Other, Deletes: "2028133800000000002"},
		{ProviderID: "2028133800000000003/deleted", Nature: channels.Other, Deletes: "2028133800000000003"},
	}
	lines, err := os.ReadFile(filepath.Join("testdata", "stream.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	w := adapter(t, hookConfig())
	var got []channels.Message
	for line := range strings.Lines(string(lines)) {
		reception, err := twitter.Kind().Receive(t.Context(), w, event(strings.TrimSpace(line)))
		if err != nil {
			t.Fatal(err)
		}
		messages, err := w.Parse(reception.Messages[0].Raw)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		got = append(got, messages...)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

// The documented stream: three tweets, a point, a box, neither; keep-alives; the
// end that X announces.
func TestDocumentedStream(t *testing.T) {
	folder := os.Getenv("ONYO_TESTDATA")
	if folder == "" {
		t.Skip("ONYO_TESTDATA is not set: the documented requests are not there")
	}
	file, err := os.Open(filepath.Join(folder, "webhooks", "documented", "samples.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	played := 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var sample struct {
			Provider, Body string
			Expected       struct{ Reports int }
		}
		if err := json.Unmarshal(lines.Bytes(), &sample); err != nil || sample.Provider != "x_v2" {
			continue
		}
		played++
		playDocumented(t, sample.Body, sample.Expected.Reports)
	}
	if played == 0 {
		t.Fatal("no documented stream")
	}
}

func playDocumented(t *testing.T, body string, reports int) {
	inWorld(t, func(w *world) {
		stop := w.run()
		w.pass(time.Second)
		w.x.Raw([]byte(body))
		w.pass(time.Second)
		w.ended(stop)
		got := w.inbox.reports(w.T, w.config)
		if len(got) != reports || w.inbox.count() != reports {
			w.Errorf("%d reports of %d messages, want %d", len(got), w.inbox.count(), reports)
		}
		if at := got["1346889436626259968"].Location; at == nil || !cmp.Equal(at.Point, &channels.Point{Lon: -72.3288, Lat: 18.5425}) {
			w.Errorf("the point is %v", at)
		}
		if diff := cmp.Diff(box, got["1346889436626259969"].Location); diff != "" {
			w.Error(diff)
		}
		if at := got["1346889436626259970"].Location; at != nil {
			w.Errorf("a place where there is none: %v", at)
		}
		if connects := w.asked(streamPath, start); len(connects) != 2 {
			w.Errorf("connected %d times", len(connects))
		}
	})
}

func TestMediaRequest(t *testing.T) {
	fetcher := adapter(t, hookConfig()).(channels.Fetcher)
	request, err := fetcher.MediaRequest(t.Context(), channels.Media{URL: "https://pbs.twimg.com/media/F1.png?name=orig"})
	if err != nil || request.URL.String() != "https://pbs.twimg.com/media/F1.png?name=orig" || request.Header.Get("Authorization") != "" {
		t.Fatalf("%v, %v", request, err)
	}
	for _, elsewhere := range []string{"", "http://pbs.twimg.com/a", "https://pbs.twimg.com.evil.example/a", "https://u:p@pbs.twimg.com/a",
		"https://pbs.twimg.com:444/a", "https://127.0.0.1/a", "file:///etc/passwd", "https://pbs.twimg.com\n/a"} {
		if _, err := fetcher.MediaRequest(t.Context(), channels.Media{URL: elsewhere}); err == nil {
			t.Errorf("%q is fetched", elsewhere)
		}
	}
}

// Test costs nothing and says what to mend.
func TestTester(t *testing.T) {
	for mode, path := range map[string]string{"stream": rulesPath, "search": "/2/usage/tweets"} {
		inWorld(t, func(w *world) {
			tester := adapter(w, w.config).(channels.Tester)
			if err := tester.Test(w.Context()); err != nil {
				w.Error(err)
			}
			if len(w.asked(path, start)) != 1 {
				w.Errorf("%s does not ask %s", mode, path)
			}
			w.x.Refuse()
			if err := tester.Test(w.Context()); err == nil || !strings.Contains(err.Error(), "bearer_token") || strings.Contains(err.Error(), bearer) {
				w.Error(err)
			}
		}, "mode", mode)
	}
}
