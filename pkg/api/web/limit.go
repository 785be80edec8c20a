package web

import (
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limiter bounds how often one caller may do something in a minute. Callers live
// in memory for a few minutes and nowhere else. The zero PerMinute is no limit.
// It is safe for concurrent use.
type Limiter struct {
	PerMinute int
	Clock     func() time.Time

	mu      sync.Mutex
	callers map[string]*callerLimit
	swept   time.Time
}

type callerLimit struct {
	limit *rate.Limiter
	seen  time.Time
}

const (
	// forgetAfter is how long a caller is remembered; by then its bucket is full.
	forgetAfter = 2 * time.Minute
	// mostCallers bounds the memory; beyond it the whole crowd shares what a
	// newcomer may do.
	mostCallers = 50_000
)

// Allow says no with a 429 that tells when to try again.
func (l *Limiter) Allow(caller, what string) error {
	if l.PerMinute == 0 {
		return nil
	}
	now := l.Clock()
	reservation := l.of(caller, now).ReserveN(now, 1)
	wait := reservation.DelayFrom(now)
	if wait <= 0 {
		return nil
	}
	reservation.CancelAt(now)
	seconds := strconv.Itoa(int(math.Ceil(wait.Seconds())))
	problem := Refuse(http.StatusTooManyRequests, "too_many", "", "%s Try again in %s seconds.", what, seconds)
	problem.Header = map[string]string{"Retry-After": seconds}
	return problem
}

func (l *Limiter) of(caller string, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.callers == nil {
		l.callers = map[string]*callerLimit{}
	}
	if now.Sub(l.swept) > forgetAfter {
		l.swept = now
		for key, one := range l.callers {
			if now.Sub(one.seen) > forgetAfter {
				delete(l.callers, key)
			}
		}
	}
	if l.callers[caller] == nil && len(l.callers) >= mostCallers {
		caller = ""
	}
	one := l.callers[caller]
	if one == nil {
		one = &callerLimit{limit: rate.NewLimiter(rate.Limit(float64(l.PerMinute)/60), l.PerMinute)}
		l.callers[caller] = one
	}
	one.seen = now
	return one.limit
}

// Callers tells whom a request is from: its address, or, where it comes through
// a trusted proxy, the address that the proxy names. An IPv6 caller is its /64:
// one household has them all.
type Callers struct{ Proxies []netip.Prefix }

// Of is the caller's key.
func (c Callers) Of(r *http.Request) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	address := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && c.trusts(address); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		address = next.Unmap()
	}
	if address.Is6() {
		if household, err := address.Prefix(64); err == nil {
			return household.String()
		}
	}
	return address.String()
}

func (c Callers) trusts(address netip.Addr) bool {
	if address.IsLoopback() {
		return true
	}
	for _, proxy := range c.Proxies {
		if proxy.Contains(address) {
			return true
		}
	}
	return false
}
