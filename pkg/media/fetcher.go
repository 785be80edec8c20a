package media

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// Store is what the fetcher needs of it.
type Store interface {
	crisis.Reader
	Write(ctx context.Context, changes ...crisis.Change) ([]crisis.Outcome, error)
	Acquire(ctx context.Context, name, holder string, ttl time.Duration) (crisis.Lease, bool, error)
	Watch() (wake <-chan struct{}, stop func())
}

// Requests makes the request that brings a blob, with its channel's
// authorisation, and names the Client to send it with: what a channel may reach
// is its own matter. Its error is final, and the blob has failed, unless it is
// ErrLater.
type Requests func(ctx context.Context, blob *crisis.Blob) (*http.Request, *Client, error)

const (
	leaseName = "media"
	leaseTTL  = 30 * time.Second
	// giveUpAfter is how old a blob gets before a fault that may pass is taken for
	// one that stays: providers and lines are away for days in a crisis.
	giveUpAfter  = 72 * time.Hour
	firstPause   = 5 * time.Second
	longestPause = time.Hour
	// pollEvery finds work that nobody woke us for: retries, another instance's.
	pollEvery = 5 * time.Second
	pageSize  = 32
)

// Fetcher brings media that lie at providers, one after another, and tries
// again with pauses that grow from five seconds to an hour, for three days.
type Fetcher struct {
	store    Store
	keeper   *Keeper
	requests Requests
	holder   string
	clock    func() time.Time
	log      *slog.Logger
	// tries is how often each pending blob was tried, and when next; a restart
	// begins to count anew. Only the blob's age ends it.
	tries map[crisis.ID]try
}

type try struct {
	count int
	due   time.Time
}

// NewFetcher makes a fetcher; holder names this process among those that share
// a database.
func NewFetcher(store Store, keeper *Keeper, requests Requests, holder string, clock func() time.Time, log *slog.Logger) *Fetcher {
	return &Fetcher{store: store, keeper: keeper, requests: requests, holder: holder, clock: clock, log: log,
		tries: map[crisis.ID]try{}}
}

// Run fetches until ctx ends. Only one instance works at a time.
func (f *Fetcher) Run(ctx context.Context) error {
	wake, stop := f.store.Watch()
	defer stop()
	for {
		if err := f.Step(ctx); err != nil && ctx.Err() == nil {
			f.log.Warn("media fetch stopped for now", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
			// Media come in bursts, a ledger entry does too: one look for many.
			wait(ctx, 200*time.Millisecond)
		case <-time.After(pollEvery):
		}
	}
}

func wait(ctx context.Context, pause time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
}

// Step fetches all that is due now.
func (f *Fetcher) Step(ctx context.Context) error {
	lease, held, err := f.store.Acquire(ctx, leaseName, f.holder, leaseTTL)
	if err != nil || !held {
		return err
	}
	var after crisis.ID
	for ctx.Err() == nil {
		pending, err := crisis.Select[*crisis.Blob](ctx, f.store, crisis.Query{By: "state", Value: string(crisis.BlobPending), After: after, Limit: pageSize})
		if err != nil {
			return err
		}
		for _, blob := range pending {
			after = blob.ID
			if f.tries[blob.ID].due.After(f.clock()) {
				continue
			}
			if lease, held, err = f.store.Acquire(ctx, leaseName, f.holder, leaseTTL+Timeout); err != nil || !held {
				return err
			}
			if err := f.fetch(ctx, lease, blob); err != nil {
				return err
			}
		}
		if len(pending) < pageSize {
			break
		}
	}
	return ctx.Err()
}

// fetch tries one blob once and writes what became of it.
func (f *Fetcher) fetch(ctx context.Context, lease crisis.Lease, blob *crisis.Blob) error {
	next := *blob
	next.Meta = blob.Next(f.clock(), crisis.SystemActor("media"))
	if code, again := f.bring(ctx, &next); code != "" {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		tried := f.tries[blob.ID]
		tried.count++
		// What is pending is the blob's first revision, so At is when it came.
		if again && f.clock().Before(blob.At.Add(giveUpAfter)) {
			tried.due = f.clock().Add(pause(tried.count))
			f.tries[blob.ID] = tried
			f.log.Info("media to be tried again", "blob", blob.ID, "code", code, "tries", tried.count)
			return nil
		}
		next.State, next.Why = crisis.BlobFailed, code
	}
	delete(f.tries, blob.ID)
	change := crisis.Change{Action: "blob." + string(next.State), Actor: crisis.SystemActor("media"), Reason: next.Why, At: f.clock(),
		Put: []crisis.Record{&next}, Guard: crisis.Guard{Lease: &lease}}
	_, err := f.store.Write(ctx, change)
	if errors.Is(err, crisis.ErrStale) {
		return nil // somebody else settled it
	}
	return err
}

// pause is how long to wait after so many tries.
func pause(tries int) time.Duration {
	pause := firstPause
	for range tries - 1 {
		if pause *= 2; pause >= longestPause {
			return longestPause
		}
	}
	return pause
}

// bring fetches and keeps; an empty code is success.
func (f *Fetcher) bring(ctx context.Context, blob *crisis.Blob) (code string, again bool) {
	request, client, err := f.requests(ctx, blob)
	if err != nil {
		return "no_request", errors.Is(err, ErrLater)
	}
	content, err := client.Fetch(request.WithContext(ctx), MaxBytes)
	if err != nil {
		return fault(err)
	}
	if blob.ContentType == "" {
		blob.ContentType = content.Type
	}
	if err := f.keeper.Keep(ctx, blob, content.Bytes); err != nil {
		f.log.Warn("media not kept", "blob", blob.ID, "error", err)
		return "not_kept", true
	}
	return "", false
}
