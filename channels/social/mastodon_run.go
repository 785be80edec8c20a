package social

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/onyo-project/onyo/channels"
)

const (
	// mastodonSilence ends a stream; a heartbeat comes every 15 seconds.
	mastodonSilence = time.Minute
	// mastodonOverlap is read again after a break: posts of other servers come late.
	mastodonOverlap = 10 * time.Minute
	// mastodonPage is the most that one page of a timeline holds.
	mastodonPage = "40"
)

// mastodonRun is one Run.
type mastodonRun struct {
	*mastodon
	home  mastodonHome
	inlet channels.Inlet

	mu sync.Mutex
	// since is the newest post of each hashtag that was accepted: the cursor.
	since map[string]string
	// recent are posts that this Run accepted, so that an overlap is not accepted
	// again. Only comfort: identities make everything exactly once.
	recent map[string]bool
	order  []string
}

// errInlet marks what the host could not keep: Run ends, the host starts it again.
type errInlet struct{ error }

func (e errInlet) Unwrap() error { return e.error }

// Run follows every hashtag until ctx ends or the token is refused.
func (m *mastodon) Run(ctx context.Context, inlet channels.Inlet) error {
	run := &mastodonRun{mastodon: m, inlet: inlet, since: map[string]string{}, recent: map[string]bool{}}
	cursor, err := inlet.Cursor(ctx)
	if err != nil {
		return ended(ctx, fmt.Errorf("mastodon: read the cursor: %w", err))
	}
	if len(cursor) > 0 && json.Unmarshal(cursor, &run.since) != nil {
		m.config.Log.Warn("mastodon: the cursor cannot be read, starting anew", "channel", m.config.Name)
		run.since = map[string]string{}
	}
	back := &retreat{rand: m.config.Rand}
	for {
		if run.home, err = m.home(ctx); err == nil {
			break
		}
		if errors.Is(err, errToken) {
			return err
		}
		m.config.Log.Warn("mastodon: the server does not answer", "channel", m.config.Name, "fault", err.Error())
		if !back.wait(ctx, err) {
			return nil
		}
	}
	group, within := errgroup.WithContext(ctx)
	for _, tag := range m.tags {
		group.Go(func() error { return run.follow(within, tag) })
	}
	return ended(ctx, group.Wait())
}

// ended makes the end of a context no error.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// follow keeps one hashtag's stream open.
func (r *mastodonRun) follow(ctx context.Context, tag string) error {
	back := &retreat{rand: r.config.Rand}
	for {
		err := r.stream(ctx, tag, back)
		var kept errInlet
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errToken) || errors.As(err, &kept):
			return err
		}
		r.config.Log.Log(ctx, back.level(), "mastodon: stream broken", "channel", r.config.Name, "tries", back.tries, "fault", err.Error())
		if !back.wait(ctx, err) {
			return nil
		}
	}
}

// stream opens the stream first, then reads what passed while it was closed, then
// what comes: so nothing falls between.
func (r *mastodonRun) stream(ctx context.Context, tag string, back *retreat) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	stream, err := r.open(ctx, r.home, tag)
	if err != nil {
		return err
	}
	defer func() { _ = stream.close() }()
	coming := make(chan event, batch)
	broken := make(chan error, 1)
	go func() {
		defer close(coming)
		for {
			one, err := stream.next()
			if err != nil {
				broken <- errNetwork
				return
			}
			select {
			case coming <- one:
			case <-ctx.Done():
				broken <- ctx.Err()
				return
			}
		}
	}()
	if err := r.fillGap(ctx, tag); err != nil {
		return err
	}
	for one := range coming {
		back.worked()
		if err := r.take(ctx, tag, drain(one, coming)); err != nil {
			return err
		}
	}
	if passed := stream.passed; passed > 0 {
		r.config.Log.Warn("mastodon: events too large to take", "channel", r.config.Name, "events", passed)
	}
	return <-broken
}

// drain takes what else has come already, up to a batch.
func drain[T any](first T, coming <-chan T) []T {
	all := []T{first}
	for len(all) < batch {
		select {
		case one, open := <-coming:
			if !open {
				return all
			}
			all = append(all, one)
		default:
			return all
		}
	}
	return all
}

// take accepts a batch of stream events.
func (r *mastodonRun) take(ctx context.Context, tag string, all []event) error {
	var splits []channels.Split
	var ids []string
	for _, one := range all {
		as := map[string]string{"update": asPost, "status.update": asEdit, "delete": asDelete}[one.name]
		if as == "" {
			continue // filters_changed, announcements: not about posts
		}
		id := ""
		if as == asPost {
			if id = statusID(one.data); r.knows(id) {
				continue
			}
		}
		if split, ok := r.split(as, one.data); ok {
			splits, ids = append(splits, split), append(ids, id)
		}
	}
	return r.accept(ctx, tag, splits, ids)
}

func statusID(data []byte) string {
	var status struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(data, &status) != nil || !localID(status.ID) {
		return ""
	}
	return status.ID
}

func (r *mastodonRun) split(as string, data []byte) (channels.Split, bool) {
	raw := channels.Pack(map[string]string{"as": as, "domain": r.home.domain, "base": r.base.String()}, data)
	return split(r.mastodon, raw, data, "bad_status")
}

// fillGap reads the timeline from where the cursor stands, a page at a time; at
// first its newest page alone.
// Source: https://docs.joinmastodon.org/methods/timelines/#tag
func (r *mastodonRun) fillGap(ctx context.Context, tag string) error {
	r.mu.Lock()
	since := r.since[tag]
	r.mu.Unlock()
	for from := rewound(since, mastodonOverlap); ; {
		query := url.Values{"limit": {mastodonPage}}
		if from != "" {
			query.Set("min_id", from)
		}
		page, err := r.timeline(ctx, tag, query)
		if err != nil {
			return err
		}
		slices.Reverse(page) // it comes newest first
		newest := from
		var splits []channels.Split
		var ids []string
		for _, data := range page {
			id := statusID(data)
			if newerID(id, newest) {
				newest = id
			}
			if r.knows(id) {
				continue
			}
			// What is newer than the cursor never came before, edited or not.
			as := asPost
			if !newerID(id, since) && edited(data) {
				as = asEdit
			}
			if split, ok := r.split(as, data); ok {
				splits, ids = append(splits, split), append(ids, id)
			}
		}
		if err := r.accept(ctx, tag, splits, ids); err != nil {
			return err
		}
		if from == "" || len(page) == 0 || newest == from {
			return nil
		}
		from = newest
	}
}

func edited(data []byte) bool {
	var status struct {
		EditedAt *time.Time `json:"edited_at"`
	}
	return json.Unmarshal(data, &status) == nil && status.EditedAt != nil
}

func (r *mastodonRun) knows(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return id != "" && r.recent[id]
}

// accept hands splits in, with the cursor that they lead to. The ids are those of
// new posts, "" for what moves no cursor.
func (r *mastodonRun) accept(ctx context.Context, tag string, splits []channels.Split, ids []string) error {
	if len(splits) == 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	next := map[string]string{}
	for _, followed := range r.tags {
		if since := r.since[followed]; since != "" {
			next[followed] = since
		}
	}
	for _, id := range ids {
		if newerID(id, next[tag]) {
			next[tag] = id
		}
	}
	cursor, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("mastodon: write the cursor: %w", err)
	}
	if err := r.inlet.Accept(ctx, splits, cursor); err != nil {
		return errInlet{fmt.Errorf("mastodon: accept: %w", err)}
	}
	r.since = next
	for _, id := range ids {
		if id != "" && !r.recent[id] {
			r.recent[id], r.order = true, append(r.order, id)
		}
	}
	for len(r.order) > 2000 {
		delete(r.recent, r.order[0])
		r.order = r.order[1:]
	}
	return nil
}
