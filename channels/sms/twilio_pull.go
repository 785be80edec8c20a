package sms

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
)

const (
	pullOff         = "off"
	pullAfterOutage = "after-outage"
	pullAlways      = "always"

	pullHourly   = time.Hour
	pullMinutely = time.Minute
	// pullFirst is how far the first question of all looks back, pullOverlap how
	// far each later one looks back before the cursor: Twilio lists a message
	// some time after it came.
	pullFirst   = 24 * time.Hour
	pullOverlap = 15 * time.Minute
	// pullYoung is how long a message may still be on its way into Twilio's list.
	// It is well below pullOverlap, so that what is left alone is met again.
	pullYoung = 10 * time.Minute
	// pullSettle is the time that is left to webhooks: Twilio gives up on one
	// after 15 seconds.
	pullSettle = time.Minute
	// pullKeep is how far the cursor may lag while nothing comes.
	pullKeep = 5 * time.Minute
)

func pullMode(value string) error {
	switch value {
	case pullOff, pullAfterOutage, pullAlways:
		return nil
	}
	return errors.New("write after-outage, always or off")
}

func pullEvery(value string) error {
	if every, err := time.ParseDuration(value); err != nil || every < 100*time.Millisecond || every > 24*time.Hour {
		return errors.New("write a time from 100ms to 24h, as 90s or 2h")
	}
	return nil
}

func numberList(value string) error {
	for one := range strings.SplitSeq(value, ",") {
		if strings.HasPrefix(strings.TrimSpace(one), "MG") || fromNumber(strings.TrimSpace(one)) != nil {
			return errors.New("write numbers with + and country code, separated by commas")
		}
	}
	return nil
}

// Run asks Twilio's Messages API for what came in and never reached the webhook,
// and for receipts that never did. Twilio calls a webhook once; what it could
// not deliver only this brings. Messages keep the id that the webhook gives
// them, so that what came both ways counts once.
// Source: https://www.twilio.com/docs/messaging/api/message-resource
func (t *twilio) Run(ctx context.Context, inlet channels.Inlet) error {
	mode := t.config.Settings["pull"]
	if mode == pullOff {
		<-ctx.Done()
		return nil
	}
	p := &twilioPull{t: t, inlet: inlet, started: t.config.Clock(), seen: map[[32]byte]time.Time{}}
	if mode != pullAlways {
		p.settle = pullSettle
	}
	if err := p.resume(ctx); err != nil {
		return ended(ctx, err)
	}
	fault := backoff{first: min(time.Second, t.every), most: 5 * time.Minute}
	for {
		err := p.pass(ctx)
		wait := t.every
		var failed *twilioFault
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			fault.reset()
		case errors.As(err, &failed) && !failed.final:
			wait = max(fault.next(), failed.after)
			t.config.Log.Warn("asking Twilio for messages failed", "channel", t.config.Name, "code", failed.code, "wait", wait)
		default:
			return err
		}
		if !pause(ctx, wait) {
			return nil
		}
	}
}

// ended hides an error that only says that the work was ended.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// backoff doubles from first to most.
type backoff struct{ first, most, last time.Duration }

func (b *backoff) next() time.Duration {
	b.last = min(max(b.first, 2*b.last), b.most)
	return b.last
}

func (b *backoff) reset() { b.last = 0 }

// pause waits and says whether to go on.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// twilioPull is one run's work.
type twilioPull struct {
	t       *twilio
	inlet   channels.Inlet
	started time.Time
	settle  time.Duration
	// through is the time up to which everything was found, kept what the inlet
	// knows of it.
	through, kept time.Time
	// seen are digests of resources that this run handed in, and when: the next
	// questions meet them again. One that changed is handed in again.
	seen map[[32]byte]time.Time
}

type twilioCursor struct {
	Through time.Time `json:"through"`
}

func (c twilioCursor) bytes() []byte {
	if c.Through.IsZero() {
		return nil
	}
	data, _ := json.Marshal(c) // a time of this millennium: cannot fail
	return data
}

// resume reads the cursor; what it cannot read counts as none, because asking
// again does no harm.
func (p *twilioPull) resume(ctx context.Context) error {
	data, err := p.inlet.Cursor(ctx)
	if err != nil {
		return err
	}
	var cursor twilioCursor
	if json.Unmarshal(data, &cursor) == nil && cursor.Through.Before(p.started) {
		p.kept = cursor.Through
	}
	p.through = p.kept
	if p.through.IsZero() {
		p.through = p.started.Add(-pullFirst)
	}
	return nil
}

// pass asks once for everything since the cursor, page by page. Pages go from the
// newest to the oldest, so that the cursor moves only with the last of them.
func (p *twilioPull) pass(ctx context.Context) error {
	until := p.t.config.Clock()
	if late := until.Add(-p.settle); late.After(p.started) {
		until = late
	} else if p.settle > 0 {
		until = p.started
	}
	since := p.through.Add(-pullOverlap)
	next := "/2010-04-01/Accounts/" + p.t.config.Settings["account_sid"] + "/Messages.json?" +
		url.Values{"DateSent>": {since.UTC().Format(time.RFC3339)}, "PageSize": {"200"}}.Encode()
	found := 0
	for next != "" {
		page, err := p.t.page(ctx, next)
		if err != nil {
			return err
		}
		splits, digests, err := p.splits(ctx, page.Messages, since, until)
		if err != nil {
			return err
		}
		last := page.NextPageURI == "" || page.NextPageURI == next
		next = page.NextPageURI
		if last {
			p.through, next = until, ""
		}
		if err := p.accept(ctx, splits, last); err != nil {
			return err
		}
		for _, digest := range digests {
			p.seen[digest] = until
		}
		found += len(splits)
	}
	for digest, at := range p.seen {
		if at.Before(p.through.Add(-pullOverlap)) {
			delete(p.seen, digest)
		}
	}
	if found > 0 {
		p.t.config.Log.Info("found at Twilio", "channel", p.t.config.Name, "messages", found)
	}
	return nil
}

// accept hands in what is new; a pass that brought nothing moves the kept cursor
// only now and then.
func (p *twilioPull) accept(ctx context.Context, splits []channels.Split, last bool) error {
	kept := p.kept
	if last && (len(splits) > 0 || p.through.Sub(p.kept) >= pullKeep) {
		kept = p.through
	}
	if len(splits) == 0 && kept.Equal(p.kept) {
		return nil
	}
	if err := p.inlet.Accept(ctx, splits, twilioCursor{kept}.bytes()); err != nil {
		return err
	}
	p.kept = kept
	return nil
}

// splits are the messages of a page that are for this channel and new, and the
// digests by which they are known again.
func (p *twilioPull) splits(ctx context.Context, items []json.RawMessage, since, until time.Time) (splits []channels.Split, digests [][32]byte, err error) {
	for _, item := range items {
		digest := sha256.Sum256(item)
		if _, seen := p.seen[digest]; seen {
			continue
		}
		split, ok, err := p.split(ctx, item, since, until)
		if err != nil {
			return nil, nil, err
		}
		if ok {
			splits, digests = append(splits, split), append(digests, digest)
		}
	}
	return splits, digests, nil
}

func (p *twilioPull) split(ctx context.Context, item json.RawMessage, since, until time.Time) (split channels.Split, ok bool, err error) {
	var m pulledMessage
	if json.Unmarshal(item, &m) != nil || m.SID == "" {
		return p.unparsed(item, "no_message_sid"), true, nil
	}
	// Twilio promises whole days only: what is older than the question was met
	// before. Seconds are all that its times have.
	at := m.at()
	if !p.t.concerns(m) || !at.IsZero() && at.Before(since.Truncate(time.Second)) || p.settle > 0 && at.After(until) ||
		m.Status == "receiving" && at.After(until.Add(-pullYoung)) {
		return split, false, nil
	}
	whole := pulledWhole{Message: item}
	if n, _ := strconv.Atoi(string(m.NumMedia)); n > 0 && m.Direction == "inbound" {
		if whole.Media, err = p.t.mediaOf(ctx, string(m.SID)); err != nil {
			return split, false, err
		}
	}
	raw := channels.Pack(map[string]string{"type": pulledType, "api": p.t.api}, whole.bytes())
	messages, err := p.t.Parse(raw)
	if err != nil {
		return p.unparsed(item, "bad_item"), true, nil
	}
	split = splitOf(messages[0], raw)
	split.Hindsight = true
	return split, true, nil
}

func (p *twilioPull) unparsed(item []byte, why string) channels.Split {
	split := channels.UnparsedSplit(channels.Pack(map[string]string{"type": pulledType, "api": p.t.api}, item), item, why)
	split.Hindsight = true
	return split
}
