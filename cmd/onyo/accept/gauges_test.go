package accept_test

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// gauges are the server's metrics, by name without the prefix.
func (c *caller) gauges() map[string]float64 {
	c.t.Helper()
	a := c.send(c.request(http.MethodGet, "/metrics", "", nil))
	if a.status != http.StatusOK {
		c.t.Fatalf("/metrics: %d %s", a.status, tail(string(a.body)))
	}
	found := map[string]float64{}
	for line := range strings.Lines(string(a.body)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if number, err := strconv.ParseFloat(value, 64); ok && err == nil {
			found[strings.TrimPrefix(name, "onyo_")] = number
		}
	}
	return found
}

// entries is the size of the ledger right now: what is taken in counts before
// its sender is told so.
func (c *caller) entries() int {
	c.t.Helper()
	return int(c.gauges()["ledger_entries"])
}

// settled waits until what was taken in before is worked, as far as one can tell
// from outside: the ledger has not grown for a while. It gives its size.
func (c *caller) settled() int {
	c.t.Helper()
	const quiet = 500 * time.Millisecond
	entries, since := c.entries(), time.Now()
	await(c.t, "the ledger is quiet", func() bool {
		if now := c.entries(); now != entries {
			entries, since = now, time.Now()
		}
		return time.Since(since) > quiet
	})
	return entries
}
