package social

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/onyo-project/onyo/channels"
)

// feedState is what is known of one feed.
type feedState struct {
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"modified,omitempty"`
	// Entries are those that stood in it when it was last read: a hash of the id,
	// then how often it changed and a hash of what it says, as "0:9f…". What fell
	// out of the feed is forgotten; should it come again, it has the same identity.
	Entries map[string]string `json:"entries,omitempty"`
}

// feedRun is one Run.
type feedRun struct {
	*feed
	inlet channels.Inlet

	mu sync.Mutex
	// states by feedKey: the cursor.
	states map[string]feedState
	// failed are feeds whose last answer was no feed, with why.
	failed map[int]error
}

// Run asks every feed in turn until ctx ends or none of them is there.
func (f *feed) Run(ctx context.Context, inlet channels.Inlet) error {
	cursor, err := inlet.Cursor(ctx)
	if err != nil {
		return ended(ctx, fmt.Errorf("feed: read the cursor: %w", err))
	}
	run := &feedRun{feed: f, inlet: inlet, states: map[string]feedState{}, failed: map[int]error{}}
	if len(cursor) > 0 && json.Unmarshal(cursor, &run.states) != nil {
		f.config.Log.Warn("feed: the cursor cannot be read, starting anew", "channel", f.config.Name)
		run.states = map[string]feedState{}
	}
	group, within := errgroup.WithContext(ctx)
	for i := range f.urls {
		group.Go(func() error { return run.follow(within, i) })
	}
	return ended(ctx, group.Wait())
}

// follow asks one feed again and again.
func (r *feedRun) follow(ctx context.Context, number int) error {
	back := &retreat{rand: r.config.Rand}
	for {
		err := r.once(ctx, number)
		var kept errInlet
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &kept):
			return err
		}
		if gone := r.judge(number, err); gone != nil {
			return gone
		}
		if err == nil {
			back.worked()
			if !sleep(ctx, r.every) {
				return nil
			}
			continue
		}
		r.config.Log.Warn("feed: not read", "channel", r.config.Name, "number", number+1, "fault", err.Error())
		if !back.wait(ctx, err) {
			return nil
		}
	}
}

// judge notes how a feed is. Where every feed is gone or is none, Run cannot go on,
// and whoever looks after the channel shall see it.
func (r *feedRun) judge(number int, err error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var answer *status
	if !errors.Is(err, errNoFeed) && !(errors.As(err, &answer) && answer.refused()) {
		delete(r.failed, number)
		return nil
	}
	r.failed[number] = err
	if len(r.failed) < len(r.urls) {
		return nil
	}
	return fmt.Errorf("feed: none of urls can be read; number %d: %w", number+1, err)
}

// once asks a feed and accepts what is new in it.
func (r *feedRun) once(ctx context.Context, number int) error {
	address := r.urls[number]
	key := feedKey(address)
	r.mu.Lock()
	before := r.states[key]
	r.mu.Unlock()
	got, err := r.ask(ctx, address, before.ETag, before.Modified)
	if err != nil || got.unchanged {
		return err
	}
	whole, err := cut(got.document)
	if err != nil {
		return err
	}
	if whole.passed > 0 {
		r.config.Log.Warn("feed: entries too large to take", "channel", r.config.Name, "number", number+1, "entries", whole.passed)
	}
	slices.Reverse(whole.entries) // oldest first
	next := feedState{Entries: map[string]string{}}
	var splits []channels.Split
	for _, document := range whole.entries {
		one, id, version, ok := r.entry(address, whole.language, document, before)
		if _, twice := next.Entries[id]; twice {
			continue // the same entry, once more in the same document
		}
		next.Entries[id] = version
		if !ok {
			continue
		}
		if splits = append(splits, one); len(splits) == batch {
			if err := r.accept(ctx, key, splits, before.with(next)); err != nil {
				return err
			}
			splits = nil
		}
	}
	next.ETag, next.Modified = got.etag, got.modified
	if len(splits) == 0 && before.equal(next) {
		return nil
	}
	return r.accept(ctx, key, splits, next)
}

// with is the state in the middle of a document: what was known and what came, and
// nothing by which the rest could be taken for read.
func (s feedState) with(next feedState) feedState {
	entries := maps.Clone(s.Entries)
	if entries == nil {
		entries = map[string]string{}
	}
	maps.Copy(entries, next.Entries)
	return feedState{Entries: entries}
}

func (s feedState) equal(other feedState) bool {
	return s.ETag == other.ETag && s.Modified == other.Modified && maps.Equal(s.Entries, other.Entries)
}

// entry makes the split of one entry; ok is false where it says nothing new.
func (r *feedRun) entry(address, language string, document []byte, before feedState) (one channels.Split, id, version string, ok bool) {
	facts := map[string]string{"feed": address, "language": channels.Clean(language)}
	raw := channels.Pack(facts, document)
	messages, err := r.Parse(raw)
	if err != nil {
		// Kept once as it is: a later version may read it.
		if id = short(document); before.Entries[id] != "" {
			return channels.Split{}, id, before.Entries[id], false
		}
		return channels.UnparsedSplit(raw, document, "bad_entry"), id, "0:", true
	}
	id, digest := short([]byte(messages[0].ProviderID)), messages[0].Digest()
	said := hex.EncodeToString(digest[:8])
	changes, last, known := strings.Cut(before.Entries[id], ":")
	n, err := strconv.Atoi(changes)
	switch {
	case !known || err != nil:
		version = "0:" + said
	case last == said:
		return channels.Split{}, id, before.Entries[id], false
	default:
		version = strconv.Itoa(n+1) + ":" + said
		facts["version"] = strconv.Itoa(n+1) + "-" + said
		raw = channels.Pack(facts, document)
	}
	one, ok = split(r.feed, raw, document, "bad_entry")
	return one, id, version, ok
}

// short is a hash by which an entry is known again.
func short(id []byte) string { return feedKey(string(id)) }

// accept hands splits in with the cursor that they lead to.
func (r *feedRun) accept(ctx context.Context, key string, splits []channels.Split, state feedState) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := map[string]feedState{}
	for _, address := range r.urls { // feeds that are no longer asked are forgotten
		if known, ok := r.states[feedKey(address)]; ok {
			next[feedKey(address)] = known
		}
	}
	next[key] = state
	cursor, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("feed: write the cursor: %w", err)
	}
	if err := r.inlet.Accept(ctx, splits, cursor); err != nil {
		return errInlet{fmt.Errorf("feed: accept: %w", err)}
	}
	r.states = next
	return nil
}
