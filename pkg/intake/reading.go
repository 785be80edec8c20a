package intake

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// reading turns messages into Changes. What the ones before it in a batch are
// about to write it knows already.
type reading struct {
	worker *Worker
	// ahead is what the messages before this one are about to write, mine what
	// this one may: it becomes ahead once the message's Change is whole.
	ahead, mine pending
	// waited: this message has had its wait for its sender's turn; pause is how long
	// it has to wait.
	waited bool
	pause  time.Duration
	// done are the first reports that messages have given already; nil before
	// lookAhead.
	done map[crisis.ID]*crisis.Report
}

// pending are records not yet written.
type pending struct {
	sources map[[32]byte]*crisis.Source // by blind index
	reports map[[32]byte]*crisis.Report // by receipt hash
	// names are the reports that messages gave or added to, by what their provider
	// calls the messages; bases what the message that opened a report, or last
	// replaced it, said alone.
	names map[[32]byte]*crisis.Report
	bases map[crisis.ID]*crisis.Report
	// additions are the names of messages that only added to their reports.
	additions map[[32]byte]bool
}

func newPending() pending {
	return pending{sources: map[[32]byte]*crisis.Source{}, reports: map[[32]byte]*crisis.Report{},
		names: map[[32]byte]*crisis.Report{}, bases: map[crisis.ID]*crisis.Report{}, additions: map[[32]byte]bool{}}
}

func newReading(w *Worker) *reading {
	return &reading{worker: w, ahead: newPending(), mine: newPending()}
}

// lookAhead reads at once what first would look for message by message. One
// record among them that cannot be read leaves it to first to find out which.
func (r *reading) lookAhead(ctx context.Context, batch []crisis.ID) error {
	if len(batch) == 0 {
		return nil
	}
	ids := make([]crisis.ID, len(batch))
	for i, message := range batch {
		ids[i] = derived(message, "report", 0)
	}
	found, err := crisis.Select[*crisis.Report](ctx, r.worker.Store, crisis.Query{IDs: ids})
	if err != nil {
		return ctx.Err()
	}
	r.done = make(map[crisis.ID]*crisis.Report, len(found))
	for _, report := range found {
		r.done[report.ID] = report
	}
	return nil
}

// first is what to write of a message: that was just accepted, or, with a Retry,
// that was set aside. An error says that something of the store's could not be
// read or kept; whatever is wrong with the message itself is a Change that sets
// it aside.
func (r *reading) first(ctx context.Context, message *crisis.Message, retry *crisis.Retry) (crisis.Change, error) {
	if retry != nil {
		r.waited = retry.Code == codeSenderLimit
		return r.read(ctx, message, retry.Attempts)
	}
	quarantine := func(code string) crisis.Change {
		return r.worker.aside(crisis.Retry{Message: message.ID, Code: code, Due: r.worker.Clock(), Quarantined: true})
	}
	switch {
	case message.Why == proofUsed:
		return crisis.Change{Action: "message.read", Actor: actor, At: r.worker.Clock()}, nil
	case message.Variant:
		return quarantine("variant"), nil
	case message.Kind == crisis.KindUnparsed:
		code := message.Why
		if code == "" {
			code = "unparsed"
		}
		return quarantine(code), nil
	}
	return r.read(ctx, message, 0)
}

func (r *reading) read(ctx context.Context, message *crisis.Message, tries int) (crisis.Change, error) {
	change := crisis.Change{Action: "message.read", Actor: actor, At: r.worker.Clock()}
	parsed, code := r.parse(ctx, message)
	if ctx.Err() != nil {
		return change, ctx.Err()
	}
	if message.Kind == crisis.KindOther && code == "parse_failed" {
		return change, nil // nothing of an adapter's: a follow-up by receipt
	}
	r.mine = newPending()
	for number, one := range parsed {
		if code != "" {
			break
		}
		var err error
		if code, err = r.take(ctx, &change, message, number, one, tries); err != nil {
			return change, err
		}
	}
	switch {
	case code == codeSenderLimit:
		// Its turn comes; waiting is no failure.
		return r.worker.aside(crisis.Retry{Message: message.ID, Attempts: tries, Code: code, Due: r.worker.Clock().Add(r.pause)}), nil
	case code != "":
		return r.worker.setAside(message.ID, code, tries+1), nil
	}
	maps.Copy(r.ahead.sources, r.mine.sources)
	maps.Copy(r.ahead.reports, r.mine.reports)
	maps.Copy(r.ahead.names, r.mine.names)
	maps.Copy(r.ahead.bases, r.mine.bases)
	maps.Copy(r.ahead.additions, r.mine.additions)
	return change, nil
}

// take adds what one parsed message says to a Change. A code says why it cannot
// yet be done.
func (r *reading) take(ctx context.Context, change *crisis.Change, message *crisis.Message, number int, one channels.Message, tries int) (code string, err error) {
	switch one.Nature {
	case channels.Stop, channels.Start:
		return "", r.optOut(ctx, change, message, one)
	case channels.Report, channels.Unparsed, "":
		return r.report(ctx, change, message, number, one, tries)
	case channels.Delivery:
		return r.delivered(ctx, change, message, one, tries)
	}
	if one.Deletes != "" {
		return r.deleted(ctx, change, message, one, tries)
	}
	return "", nil
}

// parse lets the adapter read a message in full; its faults become codes.
func (r *reading) parse(ctx context.Context, message *crisis.Message) (parsed []channels.Message, code string) {
	return r.worker.Host.parse(ctx, message)
}

// optOut notes that somebody wants no messages, or wants them again. It never
// makes a report, and never erases one.
func (r *reading) optOut(ctx context.Context, change *crisis.Change, message *crisis.Message, one channels.Message) error {
	source, known, err := r.source(ctx, message, one, 0)
	if err != nil {
		return err
	}
	stop := one.Nature == channels.Stop
	change.Action = "source.opted_in"
	if stop {
		change.Action = "source.opted_out"
	}
	if known && source.OptedOut == stop {
		return nil
	}
	if known {
		next := *source
		next.Meta = source.Next(r.worker.Clock(), actor)
		source = &next
	}
	source.OptedOut = stop
	r.mine.sources[source.Index] = source
	change.Put = append(change.Put, source)
	return nil
}

func (r *reading) byReceipt(ctx context.Context, hash [32]byte) (*crisis.Report, error) {
	for _, those := range []pending{r.mine, r.ahead} {
		if report, ok := those.reports[hash]; ok {
			return report, nil
		}
	}
	report, err := crisis.One[*crisis.Report](ctx, r.worker.Store, "receipt_hash", hash)
	if errors.Is(err, crisis.ErrNotFound) {
		return nil, nil
	}
	return report, err
}
