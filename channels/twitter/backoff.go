package twitter

import "time"

// The documented back-off.
// Source: https://docs.x.com/x-api/fundamentals/handling-disconnections
const (
	networkStep  = 250 * time.Millisecond
	networkMost  = 16 * time.Second
	serviceFirst = 5 * time.Second
	serviceMost  = 320 * time.Second
	limitedFirst = 60 * time.Second
	// limitedMost is not documented; a rate window is 15 minutes.
	limitedMost = 16 * time.Minute
)

// backoff counts failures in a row, a kind of failure on its own.
type backoff struct{ dropped, network, service, throttled int }

// next is how long to wait after a failure. After an established connection the
// first try is immediate.
func (b *backoff) next(f *failure, now time.Time) time.Duration {
	class := f.class
	if class == dropped {
		if b.dropped++; b.dropped == 1 {
			return 0
		}
		class = network
	}
	switch class {
	case network:
		b.network++
		return min(time.Duration(b.network)*networkStep, networkMost)
	case throttled:
		b.throttled++
		return max(doubled(limitedFirst, limitedMost, b.throttled), f.reset.Sub(now))
	}
	b.service++
	return doubled(serviceFirst, serviceMost, b.service)
}

// nextCall is the same for single requests: where X says when it counts anew,
// that is the time.
func (b *backoff) nextCall(f *failure, now time.Time) time.Duration {
	if f.class == throttled && !f.reset.IsZero() {
		b.throttled++
		return f.reset.Sub(now) + time.Second // its clock shows whole seconds
	}
	return b.next(f, now)
}

func doubled(first, most time.Duration, times int) time.Duration {
	if times > 20 {
		return most
	}
	return min(first<<(times-1), most)
}
