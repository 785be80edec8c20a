package accept_test

import (
	"net/http"
	"strconv"
	"strings"
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

// settled waits until intake and triage have read all of the ledger, and gives
// the number of its entries.
func (in *installation) settled(admin *caller) int {
	in.t.Helper()
	entries := 0
	await(in.t, "intake and triage have read the ledger", func() bool {
		gauges := admin.gauges()
		for name := range gauges {
			if strings.HasPrefix(name, "consumer_behind_") {
				return false
			}
		}
		entries = int(gauges["ledger_entries"])
		return entries > 0
	})
	return entries
}
