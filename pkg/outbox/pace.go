package outbox

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// pace keeps every channel to its rate. It is this process's alone: sending is
// under a lease.
type pace struct {
	mu     sync.Mutex
	limits map[crisis.ID]*limit
	// asks names the revision of channels whose gateway comes and asks.
	asks map[crisis.ID]uint64
}

// collects notes that a channel's gateway comes and asks; another revision of its
// settings may send again.
func (p *pace) collects(channel crisis.ID, revision uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asks[channel] = revision
}

func (p *pace) collected(channel crisis.ID, revision uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asks[channel] == revision
}

type limit struct {
	bucket *rate.Limiter
	minute int
	// rest is until when the provider wants nothing at all.
	rest time.Time
}

// allows takes one message of a channel into account, of so many a minute.
func (p *pace) allows(channel crisis.ID, minute int, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.limits[channel]
	if l == nil || l.minute != minute {
		l = &limit{minute: minute, bucket: rate.NewLimiter(rate.Limit(float64(max(minute, 1))/60), max(minute/20, 1))}
		p.limits[channel] = l
	}
	return !now.Before(l.rest) && l.bucket.AllowN(now, 1)
}

// rest lets a channel alone until then.
func (p *pace) rest(channel crisis.ID, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := p.limits[channel]; l != nil && until.After(l.rest) {
		l.rest = until
	}
}
