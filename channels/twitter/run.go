package twitter

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/onyo-project/onyo/channels"
)

// session is one Run: the state of the cursor and what is being done.
type session struct {
	*twitter
	inlet    channels.Inlet
	spending spending
	// saved is what the cursor that was handed in last says was spent.
	saved  money
	known  known
	since  uint64
	gap    uint64
	fill   fill
	mirror mirror
	// back counts the failures of the stream in a row.
	back backoff
}

// Run reads the stream, or searches again and again, fills gaps and follows what
// was deleted or changed. It gives up when X refuses the credentials or the
// request, and when the spending limit is reached; started again before the next
// month it says so at once, without a call.
func (x *twitter) Run(ctx context.Context, inlet channels.Inlet) error {
	s := &session{twitter: x, inlet: inlet}
	err := s.run(ctx)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (s *session) run(ctx context.Context) error {
	cursor, err := s.inlet.Cursor(ctx)
	if err != nil {
		return fmt.Errorf("x: read the cursor: %w", err)
	}
	if err := s.restore(cursor); err != nil {
		return err
	}
	if s.mode == modeSearch {
		s.openGap()
		return s.attend(ctx, nil)
	}
	if s.mode == modeHook {
		if err := s.again(ctx, s.syncRules); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	}
	if err := s.afford(1); err != nil {
		return err
	}
	if err := s.again(ctx, s.syncRules); err != nil {
		return err
	}
	return s.listen(ctx)
}

// listen connects to the stream again and again.
func (s *session) listen(ctx context.Context) error {
	for {
		if err := s.afford(1); err != nil {
			return err
		}
		err := s.connection(ctx)
		fault, passes := passing(err)
		if !passes {
			return err
		}
		if err := s.wait(ctx, fault, s.back.next(fault, s.config.Clock())); err != nil {
			return err
		}
		if fault.code == noRules {
			if err := s.again(ctx, s.syncRules); err != nil {
				return err
			}
		}
	}
}

// again does something until it works or cannot.
func (s *session) again(ctx context.Context, do func(context.Context) error) error {
	var back backoff
	for {
		err := do(ctx)
		fault, passes := passing(err)
		if !passes {
			return err
		}
		if err := s.wait(ctx, fault, back.nextCall(fault, s.config.Clock())); err != nil {
			return err
		}
	}
}

func (s *session) wait(ctx context.Context, fault *failure, wait time.Duration) error {
	s.config.Log.Info("x: trying again", "why", fault.code, "after", wait.String())
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// attend takes what comes over lines and does what falls due, until the
// connection or ctx ends. Without a stream lines is nil.
func (s *session) attend(ctx context.Context, lines <-chan []byte) error {
	for {
		timer := time.NewTimer(max(0, s.due().Sub(s.config.Clock())))
		var err error
		select {
		case <-ctx.Done():
			err = context.Cause(ctx)
		case line, open := <-lines:
			if err = errDropped(); open {
				err = s.take(ctx, line, lines)
			}
		case <-timer.C:
			err = s.work(ctx)
		}
		timer.Stop()
		if err != nil {
			return err
		}
	}
}

// due is when the next thing is to be done besides listening.
func (s *session) due() time.Time {
	due := s.mirror.due(s.every)
	if at := s.fill.at; !at.IsZero() && at.Before(due) {
		return at
	}
	return due
}

// work does one step of what falls due, so that a stream is never left alone for
// long, nor open when nothing is left for what it brings next.
func (s *session) work(ctx context.Context) error {
	step := s.mirrorStep
	if at := s.fill.at; !at.IsZero() && !at.After(s.config.Clock()) {
		step = s.fillStep
	}
	if err := step(ctx); err != nil {
		return err
	}
	return s.afford(1)
}

// take accepts a line and those that wait behind it, together.
func (s *session) take(ctx context.Context, line []byte, lines <-chan []byte) error {
	const together = 100
	s.spending.roll(s.config.Clock())
	var splits []channels.Split
	ended := s.line(line, &splits)
	for waits := true; waits && ended == nil && len(splits) < together && s.left() > 0; {
		select {
		case next, open := <-lines:
			if ended = errDropped(); open {
				ended = s.line(next, &splits)
			}
		default:
			waits = false
		}
	}
	// What was paid for is kept, whatever ended the connection.
	if err := s.accept(ctx, splits); err != nil {
		return err
	}
	if ended != nil {
		return ended
	}
	return s.afford(1)
}

// accept hands splits in. Without any the cursor waits for the next ones, unless
// much was spent meanwhile: it may lag, but what was paid must not be forgotten.
func (s *session) accept(ctx context.Context, splits []channels.Split) error {
	if spent := s.spending.Spent - s.saved; len(splits) == 0 && max(spent, -spent) < unsaved {
		return nil
	}
	return s.save(ctx, splits)
}

func (s *session) save(ctx context.Context, splits []channels.Split) error {
	cursor, err := s.cursor()
	if err != nil {
		return err
	}
	if err := s.inlet.Accept(ctx, splits, cursor); err != nil {
		return fmt.Errorf("x: hand in tweets: %w", err)
	}
	s.saved = s.spending.Spent
	return nil
}

// arrive says what a tweet is to us and adds it to splits: new, a later version,
// or nothing new. Asked says that X was asked for this very tweet, so that other
// content under the same id is the truth.
func (s *session) arrive(body []byte, asked bool, splits *[]channels.Split) {
	var came envelope
	if json.Unmarshal(body, &came) != nil || came.Tweet == nil {
		*splits = append(*splits, split(nil, body))
		return
	}
	if id, ok := came.Tweet.removes(); ok {
		*splits = append(*splits, s.gone(id, body))
		return
	}
	subject := came.subject()
	id := idOf(subject.ID)
	facts := map[string]string{factRoot: ""}
	reading := read(facts, body)
	if id == 0 || reading.fault != "" || reading.message.Nature != channels.Report {
		*splits = append(*splits, split(facts, body))
		return
	}
	ids := subject.history()
	one, digest := s.known.get(ids...), short(content(reading.message))
	switch {
	case one == nil:
		one = &version{first: ids[0], root: id, latest: id}
	case reading.second || id < one.latest:
		return // an original that we have, or an older version that comes late
	case id > one.latest:
		facts[factRoot], one.latest = text(one.root), id
	case !asked || digest == one.content:
		return
	default:
		facts[factRoot], facts[factAs] = text(one.root), "changed"
	}
	one.content = digest
	s.known.put(one, ids...)
	*splits = append(*splits, split(facts, body))
}

// gone makes the notice that a tweet is no more, under the id that we know.
func (s *session) gone(id string, body []byte) channels.Split {
	if one := s.known.get(idOf(id)); one != nil {
		id = text(one.root)
		s.known.drop(one)
	}
	return split(map[string]string{factGone: id}, body)
}

// subject is the tweet that a message is made of: of a retweet the original.
func (e envelope) subject() *tweet {
	if original := e.Tweet.reference("retweeted"); original != "" {
		for i := range e.Includes.Tweets {
			if e.Includes.Tweets[i].ID == original {
				return &e.Includes.Tweets[i]
			}
		}
	}
	return e.Tweet
}

// history are the ids of all versions up to this one, the oldest first. One that
// does not hold the tweet's own id says nothing.
func (t *tweet) history() []uint64 {
	if !slices.Contains(t.History, t.ID) {
		return []uint64{idOf(t.ID)}
	}
	ids := make([]uint64, 0, len(t.History))
	for _, id := range t.History {
		if n := idOf(id); n != 0 && n <= idOf(t.ID) {
			ids = append(ids, n)
		}
	}
	slices.Sort(ids)
	return ids
}
