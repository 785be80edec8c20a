package social

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"

	"github.com/onyo-project/onyo/channels"
)

const (
	// frameBytes bounds one frame; the server is asked to leave out larger ones.
	frameBytes = 1 << 20
	// passBytes is how much of a larger frame is read to get past it.
	passBytes = 64 << 20
	// blueskySilence ends a stream: somebody posts every few milliseconds.
	blueskySilence = time.Minute
	// blueskyRewind is read again after a break, blueskySwitch after going over to
	// another server, whose clock is another.
	blueskyRewind, blueskySwitch = 5 * time.Second, time.Minute
	// blueskyCommit is how long the cursor may lag while nothing is taken.
	blueskyCommit = 10 * time.Second
	// blueskyKnown is how many posts are remembered, so that their deletion is
	// known for one of ours.
	blueskyKnown = 2000
)

// blueskyPlace is the cursor.
type blueskyPlace struct {
	// Server that Time, in microseconds since 1970, is the clock of.
	Server string `json:"server"`
	Time   int64  `json:"time"`
	// Known are the last posts that were accepted: a hash of who wrote it, and its
	// key there.
	Known []string `json:"known,omitempty"`
}

// blueskyRun is one Run.
type blueskyRun struct {
	*bluesky
	inlet channels.Inlet
	place blueskyPlace
	// known is place.Known to look up in; kept is when the cursor was last kept.
	known map[string]bool
	kept  time.Time
	fault int // frames that could not be read
}

// Run follows the stream until ctx ends or no server wants to be asked.
func (b *bluesky) Run(ctx context.Context, inlet channels.Inlet) error {
	cursor, err := inlet.Cursor(ctx)
	if err != nil {
		return ended(ctx, fmt.Errorf("bluesky: read the cursor: %w", err))
	}
	run := &blueskyRun{bluesky: b, inlet: inlet, known: map[string]bool{}, kept: b.config.Clock()}
	if len(cursor) > 0 && json.Unmarshal(cursor, &run.place) != nil {
		b.config.Log.Warn("bluesky: the cursor cannot be read, starting anew", "channel", b.config.Name)
		run.place = blueskyPlace{}
	}
	if run.place.Time <= 0 {
		run.place.Time = b.config.Clock().Add(-b.lookback).UnixMicro()
	}
	for _, ref := range run.place.Known {
		run.known[ref] = true
	}
	server := max(0, slices.Index(b.servers, run.place.Server))
	back := &retreat{rand: b.config.Rand}
	for refused := 0; ; {
		err := run.stream(ctx, b.servers[server], back)
		var kept errInlet
		var answer *status
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &kept):
			return err
		case errors.As(err, &answer) && answer.refused():
			if refused++; refused >= 2*len(b.servers) {
				return fmt.Errorf("bluesky: no server of api_url serves a stream: %w", err)
			}
		default:
			refused = 0
		}
		b.config.Log.Log(ctx, back.level(), "bluesky: stream broken", "channel", b.config.Name, "tries", back.tries, "fault", err.Error())
		if back.tries > 0 {
			server = (server + 1) % len(b.servers)
		}
		if !back.wait(ctx, err) {
			return nil
		}
	}
}

// came is a frame that was read: what is taken of it, and how far the stream is.
type came struct {
	event jetEvent
	frame []byte
	read  bool
}

// stream reads one connection to its end.
func (r *blueskyRun) stream(ctx context.Context, server string, back *retreat) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	from := r.place.Time - blueskyRewind.Microseconds()
	if r.place.Server != "" && r.place.Server != server {
		from = r.place.Time - blueskySwitch.Microseconds()
	}
	conn, err := r.open(ctx, server, max(1, from))
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	coming := make(chan came, 4*batch)
	broken := make(chan error, 1)
	go func() {
		defer close(coming)
		for {
			frame, err := read(ctx, conn)
			if err != nil {
				broken <- err
				return
			}
			one, err := readEvent(frame)
			select {
			case coming <- came{one, frame, err == nil}:
			case <-ctx.Done():
				broken <- ctx.Err()
				return
			}
		}
	}()
	for one := range coming {
		back.worked()
		if err := r.take(ctx, server, drain(one, coming)); err != nil {
			return err
		}
	}
	return <-broken
}

// read takes one frame; of one that is too large it takes nothing and goes on.
func read(ctx context.Context, conn *websocket.Conn) ([]byte, error) {
	ctx, end := context.WithTimeout(ctx, blueskySilence)
	defer end()
	_, reader, err := conn.Reader(ctx)
	if err != nil {
		return nil, errNetwork
	}
	frame, err := io.ReadAll(io.LimitReader(reader, frameBytes+1))
	if err != nil {
		return nil, errNetwork
	}
	if len(frame) <= frameBytes {
		return frame, nil
	}
	if passed, err := io.Copy(io.Discard, io.LimitReader(reader, passBytes)); err != nil || passed == passBytes {
		return nil, errNetwork
	}
	return nil, nil
}

// take accepts what is wanted of a batch. What cannot be read is not kept: it is
// the whole world's talk, and nothing says that it is meant for us.
func (r *blueskyRun) take(ctx context.Context, server string, all []came) error {
	next := blueskyPlace{Server: server, Known: r.place.Known}
	if r.place.Server == server {
		next.Time = r.place.Time
	}
	now := r.config.Clock()
	latest := now.Add(time.Hour).UnixMicro()
	var splits []channels.Split
	added, gone := []string{}, map[string]bool{}
	for _, one := range all {
		if !one.read {
			r.fault++
			continue
		}
		if one.event.TimeUS <= latest { // a server whose clock is mad does not make us skip
			next.Time = max(next.Time, one.event.TimeUS)
		}
		for _, found := range r.wanted(one.event, added, gone) {
			facts := map[string]string{"as": found.as}
			if found.as == asDelete {
				facts["rkey"] = found.rkey
			}
			if split, ok := split(r.bluesky, channels.Pack(facts, one.frame), one.frame, "bad_frame"); ok {
				splits = append(splits, split)
			}
			ref := blueskyKey(one.event.DID, found.rkey)
			if found.as == asDelete {
				gone[ref] = true
			} else if delete(gone, ref); !r.known[ref] && !slices.Contains(added, ref) {
				added = append(added, ref)
			}
		}
	}
	if next.Time == 0 {
		next.Server, next.Time = r.place.Server, r.place.Time
	}
	if len(splits) == 0 && now.Sub(r.kept) < blueskyCommit {
		r.place.Server, r.place.Time = next.Server, next.Time // where to go on; kept later
		return nil
	}
	next.Known = slices.DeleteFunc(append(slices.Clone(next.Known), added...), func(ref string) bool { return gone[ref] })
	next.Known = next.Known[max(0, len(next.Known)-blueskyKnown):]
	return r.keep(ctx, splits, next, now)
}

func (r *blueskyRun) keep(ctx context.Context, splits []channels.Split, next blueskyPlace, now time.Time) error {
	cursor, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("bluesky: write the cursor: %w", err)
	}
	if err := r.inlet.Accept(ctx, splits, cursor); err != nil {
		return errInlet{fmt.Errorf("bluesky: accept: %w", err)}
	}
	r.place, r.kept = next, now
	r.known = map[string]bool{}
	for _, ref := range next.Known {
		r.known[ref] = true
	}
	if r.fault > 0 {
		r.config.Log.Debug("bluesky: frames passed over", "channel", r.config.Name, "frames", r.fault)
		r.fault = 0
	}
	return nil
}

// finding is what a frame is to us, about one post.
type finding struct{ as, rkey string }

// wanted judges a frame by the filter and by what was taken before, in this batch
// (added, gone) too.
func (r *blueskyRun) wanted(one jetEvent, added []string, gone map[string]bool) []finding {
	knows := func(ref string) bool { return (r.known[ref] || slices.Contains(added, ref)) && !gone[ref] }
	if one.Account != nil {
		status := one.Account.Status
		if one.Account.Active == nil || *one.Account.Active || status != "deleted" && status != "takendown" {
			return nil
		}
		var all []finding
		who := blueskyKey(one.DID, "")
		for _, ref := range append(slices.Clone(r.place.Known), added...) {
			if key, theirs := strings.CutPrefix(ref, who); theirs && knows(ref) {
				all = append(all, finding{asDelete, key})
			}
		}
		return all
	}
	if one.Commit == nil {
		return nil
	}
	known := knows(blueskyKey(one.DID, one.Commit.RKey))
	post := one.Commit.Record
	takes := one.Commit.Operation != asDelete && r.filter.takes(post.Text, post.hashtags(), post.Langs)
	switch as := (finding{asPost, one.Commit.RKey}); {
	case one.Commit.Operation == asDelete && known:
		as.as = asDelete
		return []finding{as}
	case one.Commit.Operation == "update" && known: // followed even where the words are gone
		as.as = asEdit
		return []finding{as}
	case takes && !known: // a cursor includes what it stands on
		return []finding{as}
	}
	return nil
}

// blueskyKey is how a post is remembered: short, and nobody's name can be read in
// it.
func blueskyKey(did, rkey string) string {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(did))
	return strconv.FormatUint(hash.Sum64(), 36) + " " + rkey
}
