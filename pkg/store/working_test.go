package store_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/storetest"
)

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// eachClock gives two Stores on each database, under one clock.
func eachClock(t *testing.T, test func(t *testing.T, s, other *store.Store, c *clock)) {
	eachURL(t, func(t *testing.T, url string) {
		c := &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
		options := storetest.Options(t, url)
		options.Clock, options.Rand = c.now, rand.Reader
		open := storetest.OpenerWith(t, options)
		test(t, open(), open(), c)
	})
}

func incident(t testing.TB, s *store.Store) *crisis.Incident {
	t.Helper()
	one := &crisis.Incident{Meta: first(t), Version: 3, Status: crisis.StatusTriaged, Severity: crisis.SeverityNormal, Phase: crisis.PhaseOngoing}
	write(t, s, put(one))
	return one
}

func TestClaims(t *testing.T) {
	eachClock(t, func(t *testing.T, s, other *store.Store, c *clock) {
		ctx, one := t.Context(), incident(t, s)
		amina, joseph := newID(t), newID(t)
		held, err := s.Claim(ctx, one.ID, amina, time.Minute)
		if err != nil || held.Person != amina || held.Token == "" || !held.Expires.Equal(c.now().Add(time.Minute)) {
			t.Fatalf("claim %+v: %v", held, err)
		}
		refused, err := other.Claim(ctx, one.ID, joseph, time.Minute)
		if !errors.Is(err, crisis.ErrClaimed) || refused.Person != amina || refused.Token != "" {
			t.Errorf("claimed twice: %+v %v", refused, err)
		}
		c.pass(30 * time.Second)
		again, err := other.Claim(ctx, one.ID, amina, time.Minute)
		if err != nil || again.Token == held.Token || !again.Since.Equal(held.Since) {
			t.Errorf("again: %+v %v", again, err)
		}
		if _, err := s.Beat(ctx, one.ID, held.Token, time.Minute); !errors.Is(err, crisis.ErrNoClaim) {
			t.Errorf("the old token beats: %v", err)
		}
		c.pass(50 * time.Second)
		if beat, err := s.Beat(ctx, one.ID, again.Token, time.Minute); err != nil || !beat.Expires.Equal(c.now().Add(time.Minute)) {
			t.Errorf("beat %+v: %v", beat, err)
		}
		live, err := s.Claims(ctx)
		if err != nil || len(live) != 1 || live[0].Person != amina || live[0].Token != "" {
			t.Errorf("live claims %+v: %v", live, err)
		}
		c.pass(61 * time.Second)
		if live, err := s.Claims(ctx); err != nil || len(live) != 0 {
			t.Errorf("expired claims are live: %+v %v", live, err)
		}
		if _, err := s.Beat(ctx, one.ID, again.Token, time.Minute); !errors.Is(err, crisis.ErrNoClaim) {
			t.Errorf("an expired claim beats: %v", err)
		}
		next, err := s.Claim(ctx, one.ID, joseph, time.Minute)
		if err != nil || next.Person != joseph || !next.Since.Equal(c.now()) {
			t.Errorf("after expiry: %+v %v", next, err)
		}
		if err := s.Unclaim(ctx, one.ID, again.Token); !errors.Is(err, crisis.ErrNoClaim) {
			t.Errorf("another's claim given back: %v", err)
		}
		if err := s.Unclaim(ctx, one.ID, next.Token); err != nil {
			t.Error(err)
		}
		if _, err := s.Claim(ctx, newID(t), amina, time.Minute); !errors.Is(err, crisis.ErrNotFound) {
			t.Errorf("claimed nothing: %v", err)
		}
	})
}

// TestClaimRace: of fifty who ask at once, one gets it.
func TestClaimRace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		stores := []*store.Store{open(), open(), open()}
		one := incident(t, stores[0])
		const askers = 50
		results := make(chan error, askers)
		for n := range askers {
			person := newID(t)
			go func() {
				_, err := stores[n%len(stores)].Claim(context.Background(), one.ID, person, time.Minute)
				results <- err
			}()
		}
		won := 0
		for range askers {
			switch err := <-results; {
			case err == nil:
				won++
			case !errors.Is(err, crisis.ErrClaimed):
				t.Error(err)
			}
		}
		if won != 1 {
			t.Errorf("%d won", won)
		}
	})
}

func TestGuards(t *testing.T) {
	eachClock(t, func(t *testing.T, s, other *store.Store, c *clock) {
		ctx, one := t.Context(), incident(t, s)
		amina, joseph := newID(t), newID(t)
		held, err := s.Claim(ctx, one.ID, amina, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		lease, _, err := s.Acquire(ctx, "triage", "a", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		stale := crisis.Lease{Name: "triage", Token: lease.Token - 1}
		proof := func(incident crisis.ID, token string) *crisis.ClaimProof {
			return &crisis.ClaimProof{Incident: incident, Token: token}
		}
		for _, test := range []struct {
			name  string
			by    crisis.ID
			guard crisis.Guard
			want  error
		}{
			{"nothing to hold", amina, crisis.Guard{}, nil},
			{"my claim", amina, crisis.Guard{Claim: proof(one.ID, held.Token)}, nil},
			{"a wrong token", amina, crisis.Guard{Claim: proof(one.ID, "x")}, crisis.ErrNoClaim},
			{"another's claim", joseph, crisis.Guard{Claim: proof(one.ID, held.Token)}, crisis.ErrNoClaim},
			{"no such claim", amina, crisis.Guard{Claim: proof(newID(t), held.Token)}, crisis.ErrNoClaim},
			{"unclaimed but by me", amina, crisis.Guard{Unclaimed: []crisis.ID{one.ID}}, nil},
			{"claimed by another", joseph, crisis.Guard{Unclaimed: []crisis.ID{newID(t), one.ID}}, crisis.ErrClaimed},
			{"the version", amina, crisis.Guard{Version: map[crisis.ID]uint64{one.ID: 3}}, nil},
			{"an old version", amina, crisis.Guard{Version: map[crisis.ID]uint64{one.ID: 2}}, crisis.ErrStale},
			{"our lease", amina, crisis.Guard{Lease: &lease}, nil},
			{"a former lease", amina, crisis.Guard{Lease: &stale}, crisis.ErrFenced},
			{"no such lease", amina, crisis.Guard{Lease: &crisis.Lease{Name: "none"}}, crisis.ErrFenced},
		} {
			_, err := other.Write(ctx, crisis.Change{Actor: crisis.PersonActor(test.by), Guard: test.guard,
				Action: "test.guard", At: c.now(), Put: []crisis.Record{&crisis.Relation{Meta: first(t)}}})
			if !errors.Is(err, test.want) {
				t.Errorf("%s: %v, want %v", test.name, err, test.want)
			}
		}
		c.pass(2 * time.Minute)
		_, err = s.Write(ctx, crisis.Change{Actor: crisis.PersonActor(amina), Guard: crisis.Guard{Claim: proof(one.ID, held.Token)}})
		if !errors.Is(err, crisis.ErrNoClaim) {
			t.Errorf("an expired claim: %v", err)
		}
	})
}

// TestLeasesFence: whoever lost a lease can write nothing under it any more.
func TestLeasesFence(t *testing.T) {
	eachClock(t, func(t *testing.T, s, other *store.Store, c *clock) {
		ctx := t.Context()
		a, got, err := s.Acquire(ctx, "engine", "a", time.Minute)
		if err != nil || !got {
			t.Fatalf("first: %v %v", got, err)
		}
		if _, got, err := other.Acquire(ctx, "engine", "b", time.Minute); err != nil || got {
			t.Errorf("taken while held: %v %v", got, err)
		}
		c.pass(30 * time.Second)
		if again, got, err := s.Acquire(ctx, "engine", "a", time.Minute); err != nil || !got || again != a {
			t.Errorf("prolonged: %+v %v %v", again, got, err)
		}
		c.pass(2 * time.Minute)
		b, got, err := other.Acquire(ctx, "engine", "b", time.Minute)
		if err != nil || !got || b.Token <= a.Token {
			t.Fatalf("after expiry: %+v %v %v", b, got, err)
		}
		advance := func(lease crisis.Lease, next uint64) error {
			_, err := s.Write(ctx, crisis.Change{Actor: actor, Guard: crisis.Guard{Lease: &lease},
				Then: crisis.Effects{Advance: &crisis.Cursor{Consumer: "engine", Next: next}}})
			return err
		}
		if err := advance(a, 7); !errors.Is(err, crisis.ErrFenced) {
			t.Errorf("the former holder wrote: %v", err)
		}
		if err := advance(b, 9); err != nil {
			t.Error(err)
		}
		if next, err := s.Cursor(ctx, "engine"); err != nil || next != 9 {
			t.Errorf("cursor %d: %v", next, err)
		}
		if err := s.Release(ctx, a); err != nil {
			t.Error(err)
		}
		if _, got, _ := s.Acquire(ctx, "engine", "a", time.Minute); got {
			t.Error("a former holder released another's lease")
		}
		if err := other.Release(ctx, b); err != nil {
			t.Error(err)
		}
		if again, got, err := s.Acquire(ctx, "engine", "a", time.Minute); err != nil || !got || again.Token <= b.Token {
			t.Errorf("after release: %+v %v %v", again, got, err)
		}
		if size, err := s.Size(ctx); err != nil || size != 0 {
			t.Errorf("working tables left %d entries: %v", size, err)
		}
	})
}

func TestRetries(t *testing.T) {
	eachClock(t, func(t *testing.T, s, _ *store.Store, c *clock) {
		ctx := t.Context()
		soon, later, stuck := newID(t), newID(t), newID(t)
		write(t, s, crisis.Change{Actor: actor, Then: crisis.Effects{Retry: []crisis.Retry{
			{Message: soon, Attempts: 1, Due: c.now(), Code: "media", Detail: "404"},
			{Message: later, Attempts: 2, Due: c.now().Add(time.Hour), Code: "media"},
			{Message: stuck, Attempts: 8, Quarantined: true, Code: "panic"},
		}}})
		due := func() (ids []crisis.ID) {
			found, err := s.Retries(ctx, c.now(), 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range found {
				ids = append(ids, one.Message)
			}
			return ids
		}
		if got := due(); !slices.Equal(got, []crisis.ID{soon}) {
			t.Errorf("due %v", got)
		}
		if n, err := s.Requeue(ctx); err != nil || n != 1 {
			t.Errorf("requeued %d: %v", n, err)
		}
		if n, err := s.Requeue(ctx, later, newID(t)); err != nil || n != 1 {
			t.Errorf("requeued %d: %v", n, err)
		}
		if got := due(); len(got) != 3 {
			t.Errorf("due %v", got)
		}
		write(t, s, crisis.Change{Actor: actor, Then: crisis.Effects{Settled: []crisis.ID{soon, later},
			Retry: []crisis.Retry{{Message: stuck, Attempts: 1, Due: c.now(), Code: "again"}}}})
		left, err := s.RetryList(ctx)
		want := []crisis.Retry{{Message: stuck, Attempts: 1, Due: c.now(), Code: "again"}}
		if err != nil || !cmp.Equal(want, left) {
			t.Errorf("%v\n%s", err, cmp.Diff(want, left))
		}
	})
}

func TestSessions(t *testing.T) {
	eachClock(t, func(t *testing.T, s, other *store.Store, c *clock) {
		ctx, person := t.Context(), newID(t)
		session := func(n byte) crisis.Session {
			return crisis.Session{Hash: [32]byte{n}, Person: person, Since: c.now(), Seen: c.now(), Expires: c.now().Add(time.Hour)}
		}
		for n := range byte(3) {
			if err := s.NewSession(ctx, session(n)); err != nil {
				t.Fatal(err)
			}
		}
		got, err := other.Session(ctx, [32]byte{1})
		if err != nil || !cmp.Equal(session(1), got) {
			t.Errorf("%v %s", err, cmp.Diff(session(1), got))
		}
		if err := s.SeenSession(ctx, [32]byte{1}, c.now().Add(time.Minute), c.now().Add(2*time.Hour)); err != nil {
			t.Error(err)
		}
		if got, err := s.Session(ctx, [32]byte{1}); err != nil || !got.Expires.Equal(c.now().Add(2*time.Hour)) {
			t.Errorf("seen: %+v %v", got, err)
		}
		if err := s.EndSession(ctx, [32]byte{0}); err != nil {
			t.Error(err)
		}
		c.pass(90 * time.Minute)
		if err := s.NewSession(ctx, session(9)); err != nil {
			t.Error(err)
		}
		for n, want := range map[byte]error{0: crisis.ErrNotFound, 1: nil, 2: crisis.ErrNotFound, 9: nil} {
			if _, err := s.Session(ctx, [32]byte{n}); !errors.Is(err, want) {
				t.Errorf("session %d: %v, want %v", n, err, want)
			}
		}
		if err := s.EndSessions(ctx, person); err != nil {
			t.Error(err)
		}
		if _, err := s.Session(ctx, [32]byte{9}); !errors.Is(err, crisis.ErrNotFound) {
			t.Errorf("after all ended: %v", err)
		}
	})
}

// TestEightWriters: eight Stores, as eight processes would, write at once; no
// entry is lost, and a reader that goes forward by index meanwhile never misses
// one. Watch wakes it for what others wrote.
func TestEightWriters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		const writers, each = 8, 60
		reader := open()
		wake, stop := reader.Watch()
		defer stop()
		failed := make(chan error, writers*4)
		for range writers {
			s := open()
			for range 4 {
				go func() {
					for range each / 4 {
						source := &crisis.Source{Meta: first(t), Pseudonym: "Heron-4821", Address: "+254700000001"}
						if _, err := s.Write(context.Background(), put(source, &crisis.MessageReport{Meta: first(t)})); err != nil {
							failed <- err
							return
						}
					}
					failed <- nil
				}()
			}
		}
		running, next := writers*4, uint64(0)
		for running > 0 || next < 2*writers*each {
			select {
			case err := <-failed:
				if err != nil {
					t.Fatal(err)
				}
				running--
			case <-wake:
				entries, err := reader.Entries(t.Context(), next, 1000)
				if err != nil {
					t.Fatal(err)
				}
				for _, entry := range entries {
					if entry.Index != next {
						t.Fatalf("entry %d came after %d", entry.Index, next-1)
					}
					next++
				}
			}
		}
		if verdict := verified(t, reader); verdict.Entries != 2*writers*each || verdict.Rows != verdict.Entries {
			t.Errorf("%d entries and %d rows of %d", verdict.Entries, verdict.Rows, 2*writers*each)
		}
	})
}
