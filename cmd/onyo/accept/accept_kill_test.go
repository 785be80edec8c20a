package accept_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A storm of webhooks goes on while the server is killed again and again. Twilio
// tries again until it is told 2xx. In the end each message is there exactly
// once.
func TestAcceptKill(t *testing.T) {
	const connections = 32
	webhooks, kills := shortOr(800, 20_000), shortOr(4, 100)
	in := install(t, map[string]string{"ONYO_PUBLISH_EVERY": "30s"})
	in.start()
	in.setUp("open")
	storm := &storm{phone: in.phone("twilio-main"), webhooks: webhooks}
	storm.client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	var senders sync.WaitGroup
	for range connections {
		senders.Go(storm.send)
	}
	var back []time.Duration
	for i := range kills {
		due := int64(webhooks) * int64(i+1) / int64(kills+1)
		awaitWithin(t, 5*time.Minute, fmt.Sprintf("%d messages are acknowledged", due), func() bool { return storm.acknowledged.Load() >= due })
		in.kill()
		back = append(back, in.start())
	}
	senders.Wait()
	if t.Failed() {
		return
	}
	t.Logf("%d acknowledged, %d replays acknowledged, %d attempts met a dead server", storm.acknowledged.Load(), storm.replays.Load(), storm.failed.Load())
	logDistribution(t, "ready again after", back)
	if full() && slices.Max(back) > 2*time.Second {
		t.Errorf("ready again only after %s", slices.Max(back))
	}
	awaitWithin(t, 10*time.Minute, "every message became a report", func() bool {
		return strings.TrimSpace(in.run("export", "reports", "--count")) == strconv.Itoa(webhooks)
	})
	in.checkExactlyOnce(webhooks)
	in.stop()
	in.run("ledger", "verify")
}

// storm sends webhooks 0…n-1, one in twenty of them twice.
type storm struct {
	*phone
	webhooks                            int
	next, acknowledged, replays, failed atomic.Int64
}

func stormText(n int) string { return fmt.Sprintf("Ripoti %05d: maji yamepanda", n) }

// send takes the next webhook until there is none.
func (s *storm) send() {
	for {
		n := int(s.next.Add(1)) - 1
		if n >= s.webhooks || s.t.Context().Err() != nil {
			return
		}
		s.insist(n)
		s.acknowledged.Add(1)
		if n%20 == 0 {
			s.insist(n - n%100)
			s.replays.Add(1)
		}
	}
}

// insist sends one webhook until it is acknowledged.
func (s *storm) insist(n int) {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for s.t.Context().Err() == nil {
		fields := sms(fmt.Sprintf("SM%032d", n), fmt.Sprintf("+2547%08d", n%5000), stormText(n))
		a, err := s.attempt(s.compose(fields))
		switch {
		case err == nil && a.status == http.StatusOK:
			return
		case err == nil && a.status < 500:
			s.t.Errorf("webhook %d was told %d: %s", n, a.status, tail(string(a.body)))
			return
		}
		s.failed.Add(1)
		<-again.C
	}
}

// checkExactlyOnce reads every report's text and wants each webhook's once.
func (in *installation) checkExactlyOnce(webhooks int) {
	in.t.Helper()
	found := map[string]int{}
	for row := range in.exported("reports") {
		found[row["text"]]++
	}
	if lost, doubled, strange := reckon(found, webhooks); lost+doubled+strange > 0 {
		in.t.Errorf("of %d messages %d are lost and %d doubled; %d were never sent", webhooks, lost, doubled, strange)
	}
}

// reckon compares the texts that are there with those of webhooks 0…n-1.
func reckon(found map[string]int, webhooks int) (lost, doubled, strange int) {
	strange = len(found)
	for n := range webhooks {
		count := found[stormText(n)]
		switch {
		case count == 0:
			lost++
			continue
		case count > 1:
			doubled++
		}
		strange--
	}
	return lost, doubled, strange
}

// What is lost, doubled or made up is seen.
func TestReckon(t *testing.T) {
	found := map[string]int{stormText(0): 1, stormText(2): 2, "something else": 1}
	if lost, doubled, strange := reckon(found, 3); lost != 1 || doubled != 1 || strange != 1 {
		t.Errorf("%d lost, %d doubled, %d strange", lost, doubled, strange)
	}
}

// exported gives the rows of an export, by column.
func (in *installation) exported(what string) func(func(map[string]string) bool) {
	in.t.Helper()
	table := csv.NewReader(strings.NewReader(in.run("export", what, "--format", "csv")))
	header, err := table.Read()
	if err != nil {
		in.t.Fatal(err)
	}
	return func(yield func(map[string]string) bool) {
		for {
			cells, err := table.Read()
			if err == io.EOF {
				return
			}
			if err != nil {
				in.t.Fatal(err)
			}
			row := map[string]string{}
			for i, cell := range cells {
				row[header[i]] = cell
			}
			if !yield(row) {
				return
			}
		}
	}
}

func logDistribution(t *testing.T, what string, all []time.Duration) {
	t.Helper()
	sorted := slices.Sorted(slices.Values(all))
	at := func(share float64) time.Duration {
		return sorted[int(share*float64(len(sorted)-1))].Round(time.Millisecond)
	}
	t.Logf("%s: least %s, median %s, p90 %s, most %s (%d times)", what, at(0), at(0.5), at(0.9), at(1), len(sorted))
}
