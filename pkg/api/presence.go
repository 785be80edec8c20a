package api

import (
	"sync"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// presence knows who has looked at which incident lately, and tells streams
// when a claim changed hands. It lives in memory: quiet avatars, not records.
type presence struct {
	mu     sync.Mutex
	clock  func() time.Time
	seen   map[crisis.ID]map[string]looked
	change chan struct{} // closed and replaced at each change
}

type looked struct {
	Named
	at time.Time
}

const presenceLife = 45 * time.Second

func newPresence(clock func() time.Time) *presence {
	return &presence{clock: clock, seen: map[crisis.ID]map[string]looked{}, change: make(chan struct{})}
}

func (p *presence) see(incident crisis.ID, person Named) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock()
	for id, people := range p.seen {
		for key, one := range people {
			if now.Sub(one.at) > presenceLife {
				delete(people, key)
			}
		}
		if len(people) == 0 {
			delete(p.seen, id)
		}
	}
	if p.seen[incident] == nil {
		p.seen[incident] = map[string]looked{}
	}
	p.seen[incident][person.ID] = looked{Named: person, at: now}
}

// others lists who else looks at the incident.
func (p *presence) others(incident, me crisis.ID) []Named {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := []Named{}
	for id, one := range p.seen[incident] {
		if id != me.String() && p.clock().Sub(one.at) <= presenceLife {
			out = append(out, one.Named)
		}
	}
	return out
}

// claimed tells streams that a claim changed hands.
func (p *presence) claimed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.change)
	p.change = make(chan struct{})
}

// watch is a channel that closes at the next change.
func (p *presence) watch() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.change
}
