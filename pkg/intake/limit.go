package intake

import (
	"time"

	"golang.org/x/time/rate"

	"github.com/onyo-project/onyo/pkg/crisis"
)

const (
	// codeSenderLimit: this sender has more to say than others may wait for.
	codeSenderLimit = "sender_limit"
	// senderPause before a message of theirs is looked at again.
	senderPause = time.Minute
	// mostSenders bounds how many are remembered; then the count begins anew.
	mostSenders = 100_000
)

// senders counts what each sender had read of late. It is the worker's, which
// runs once at a time, and a restart begins anew: it spreads a flood out, and
// nothing of it is lost.
type senders map[[32]byte]*rate.Limiter

// allows takes one message of a sender into account, of so many an hour, all of
// which may come at once.
func (s senders) allows(index [32]byte, hourly int, now time.Time) bool {
	limiter := s[index]
	if limiter == nil {
		if len(s) >= mostSenders {
			clear(s)
		}
		limiter = rate.NewLimiter(rate.Every(time.Hour/time.Duration(hourly)), hourly)
		s[index] = limiter
	}
	return limiter.AllowN(now, 1)
}

// over says whether a source has had its share for now. Who typed a report in for
// others, an import and anonymous forms are none of one sender.
func (r *reading) over(message *crisis.Message, source *crisis.Source) bool {
	if !message.Submitter.IsZero() || !message.Batch.IsZero() || source.Address == "" {
		return false
	}
	one, err := r.worker.Host.identified(message.Channel)
	if err != nil || one.kind.Can.Anonymous {
		return false
	}
	hourly := one.channel.SenderRate()
	return hourly > 0 && !r.worker.senders.allows(source.Index, hourly, r.worker.Clock())
}
