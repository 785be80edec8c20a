package intake

import (
	"time"

	"golang.org/x/time/rate"

	"github.com/onyo-project/onyo/pkg/crisis"
)

const (
	// codeSenderLimit: this sender has more to say than others may wait for.
	codeSenderLimit = "sender_limit"
	// mostSenders bounds how many are remembered; then the count begins anew.
	mostSenders = 100_000
)

// senders counts what each sender had read of late. It is the worker's, which
// runs once at a time, and a restart begins anew: it spreads a flood out, and
// nothing of it is lost.
type senders map[[32]byte]*rate.Limiter

// wait is how long one more message of a sender has to wait for its turn, at so
// many an hour, as many of which may come at once; 0 is not at all. Its place in
// the row is taken by asking.
func (s senders) wait(index [32]byte, hourly int, now time.Time) time.Duration {
	limiter := s[index]
	if limiter == nil {
		if len(s) >= mostSenders {
			clear(s)
		}
		limiter = rate.NewLimiter(rate.Every(time.Hour/time.Duration(hourly)), hourly)
		s[index] = limiter
	}
	return limiter.ReserveN(now, 1).DelayFrom(now)
}

// turn is how long a source's message has to wait. Who typed a report in for
// others, an import and anonymous forms are none of one sender; what waited once
// has had its wait.
func (r *reading) turn(message *crisis.Message, source *crisis.Source) time.Duration {
	if r.waited || !message.Submitter.IsZero() || !message.Batch.IsZero() || source.Address == "" {
		return 0
	}
	one, err := r.worker.Host.identified(message.Channel)
	if err != nil || one.kind.Can.Anonymous {
		return 0
	}
	hourly := one.channel.SenderRate()
	if hourly == 0 {
		return 0
	}
	return r.worker.senders.wait(source.Index, hourly, r.worker.Clock())
}
