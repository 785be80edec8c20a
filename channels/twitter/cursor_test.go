package twitter

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/channels"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func sessionAt(now time.Time) *session {
	return &session{twitter: &twitter{config: channels.Config{Clock: func() time.Time { return now }}}}
}

// A cursor brings back what it was made of: tweets, versions, what was read today.
func TestCursorRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sessionAt(noon)
		if err := s.restore(nil); err != nil {
			t.Fatal(err)
		}
		oldest := firstID(noon.Add(-window))
		for range rapid.IntRange(0, 50).Draw(t, "tweets") {
			latest := oldest + rapid.Uint64Range(1<<10, 1<<51).Draw(t, "latest")
			root := latest - rapid.Uint64Range(0, 1<<40).Draw(t, "edits")
			first := root - rapid.Uint64Range(0, 1<<40).Draw(t, "missed")
			if s.known.get(latest, root, first) != nil {
				continue
			}
			s.known.put(&version{first: first, root: root, latest: latest, content: rapid.Uint32().Draw(t, "content")})
			if rapid.Bool().Draw(t, "read today") {
				s.spending.charge(tweetKey(latest), tweetPrice)
			}
		}
		s.since, s.gap = rapid.Uint64().Draw(t, "since"), rapid.Uint64().Draw(t, "gap")
		written, err := s.cursor()
		if err != nil {
			t.Fatal(err)
		}
		again := sessionAt(noon)
		if err := again.restore(written); err != nil {
			t.Fatal(err)
		}
		plain := func(s *session) (all []version) {
			for _, one := range s.known.list() {
				all = append(all, *one)
			}
			return all
		}
		if diff := cmp.Diff(plain(s), plain(again), cmp.AllowUnexported(version{})); diff != "" {
			t.Fatal(diff)
		}
		if !cmp.Equal(s.spending.today, again.spending.today) || s.spending.Spent != again.spending.Spent {
			t.Fatal("what was spent today is not known again")
		}
		if s.since != 0 && (s.since != again.since || s.gap != again.gap) {
			t.Fatal("the position is lost")
		}
	})
}

// The cursor is bounded, and forgets the oldest first.
func TestCursorIsBounded(t *testing.T) {
	s := sessionAt(noon)
	if err := s.restore(nil); err != nil {
		t.Fatal(err)
	}
	for n := range maxKnown + 500 {
		id := firstID(noon.Add(-time.Duration(n) * time.Second))
		s.known.put(&version{first: id, root: id, latest: id})
	}
	ancient := uint64(1346889436626259968) // of 2021
	s.known.put(&version{first: ancient, root: ancient, latest: ancient})
	written, err := s.cursor()
	if err != nil {
		t.Fatal(err)
	}
	if all := s.known.list(); len(all) != maxKnown || all[len(all)-1].latest != firstID(noon) || len(written) > 200<<10 {
		t.Errorf("%d tweets in %d bytes", len(all), len(written))
	}
}

func TestDamagedCursor(t *testing.T) {
	for _, damaged := range []string{"{", `{"known":"/////w=="}`, `{"known":"AgEAAA=="}`, "[]"} {
		if err := sessionAt(noon).restore([]byte(damaged)); err == nil {
			t.Errorf("%s is read", damaged)
		}
	}
}

// Days and months are those of UTC.
func TestSpendingRolls(t *testing.T) {
	var s spending
	zone := time.FixedZone("", 5*3600)
	s.roll(time.Date(2026, 4, 1, 4, 59, 0, 0, zone)) // still March
	s.charge("t1", tweetPrice)
	s.charge("t1", tweetPrice)
	if s.Month != "2026-03" || s.Spent != tweetPrice {
		t.Errorf("%+v", s)
	}
	s.roll(time.Date(2026, 4, 1, 5, 0, 0, 0, zone))
	if s.Month != "2026-04" || s.Spent != 0 || len(s.today) != 0 {
		t.Errorf("%+v", s)
	}
}
