package store_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/storetest"
	"github.com/onyo-project/onyo/pkg/vault"
)

func TestReading(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		source := newID(t)
		var reports []*crisis.Report
		for n := range 5 {
			one := &crisis.Report{Meta: first(t), Source: source, Text: "one"}
			later, err := crisis.NewID(time.Now().Add(time.Duration(n)*time.Second), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			one.ID = later
			reports = append(reports, one)
			write(t, s, put(reports[len(reports)-1]))
		}
		second := revised(reports[0])
		second.Text = "two"
		write(t, s, put(second))

		revisions, err := s.Revisions(t.Context(), crisis.TableReport, second.ID)
		if err != nil || len(revisions) != 2 {
			t.Fatalf("%d revisions: %v", len(revisions), err)
		}
		old, now := revisions[0].(*crisis.Report), revisions[1].(*crisis.Report)
		if old.Text != "one" || now.Text != "two" || !old.ValidTo.Equal(now.At) || !now.ValidTo.IsZero() || old.Entry != 0 || now.Entry != 5 {
			t.Errorf("revisions %+v, %+v", old.Meta, now.Meta)
		}
		for _, test := range []struct {
			name  string
			query crisis.Query
			want  []int
		}{
			{"all", crisis.Query{By: "source", Value: source}, []int{0, 1, 2, 3, 4}},
			{"newest", crisis.Query{Newest: true, Limit: 2}, []int{4, 3}},
			{"a page", crisis.Query{Limit: 2, After: reports[1].ID}, []int{2, 3}},
			{"a page back", crisis.Query{Newest: true, After: reports[1].ID}, []int{0}},
			{"nobody's", crisis.Query{By: "source", Value: newID(t)}, nil},
		} {
			found, err := crisis.Select[*crisis.Report](t.Context(), s, test.query)
			var got []int
			for _, one := range found {
				got = append(got, slices.IndexFunc(reports, func(r *crisis.Report) bool { return r.ID == one.ID }))
			}
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("%s: %v, want %v (%v)", test.name, got, test.want, err)
			}
		}
		if _, err := s.List(t.Context(), crisis.Query{Table: crisis.TableReport, By: "language", Value: "en"}); err == nil {
			t.Error("a column without an index could be asked for")
		}
		for _, table := range []crisis.Table{crisis.TableReport, "ledger_entry", "report; DROP TABLE report"} {
			if _, err := s.Current(t.Context(), table, newID(t)); err == nil {
				t.Errorf("found something in %s", table)
			}
		}
		if count, err := s.Count(t.Context(), crisis.TableReport); err != nil || count != 5 {
			t.Errorf("%d reports: %v", count, err)
		}
		history, err := s.EntriesOf(t.Context(), []crisis.ID{reports[0].ID, reports[2].ID}, 10)
		if err != nil || len(history) != 3 || history[1].Index != 2 || history[2].Rev != 2 {
			t.Errorf("history %+v: %v", history, err)
		}
		verified(t, s)
	})
}

func TestEndedIsLeftOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		role := &crisis.Role{Meta: first(t), Person: newID(t), Name: crisis.RoleVolunteer}
		write(t, s, put(role))
		over := revised(role)
		over.Ended = true
		write(t, s, put(over))
		live, err := crisis.Find[*crisis.Role](t.Context(), s, "person", role.Person)
		all, err2 := crisis.Select[*crisis.Role](t.Context(), s, crisis.Query{By: "person", Value: role.Person, Ended: true})
		if err != nil || err2 != nil || len(live) != 0 || len(all) != 1 {
			t.Errorf("%d live, %d in all (%v, %v)", len(live), len(all), err, err2)
		}
	})
}

// TestOneUnit: all Changes of a Write or none, whatever else shares their
// transaction.
func TestOneUnit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		taken := &crisis.Channel{Meta: first(t), Name: "main"}
		write(t, s, put(taken))
		size, err := s.Size(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		lost := &crisis.Person{Meta: first(t), Name: "Amina"}
		for name, test := range map[string]struct {
			changes []crisis.Change
			want    error
		}{
			"a name is taken":          {[]crisis.Change{put(lost), put(&crisis.Channel{Meta: first(t), Name: "main"})}, crisis.ErrTaken},
			"an id is taken":           {[]crisis.Change{put(lost), put(&crisis.Channel{Meta: taken.Meta, Name: "other"})}, crisis.ErrStale},
			"a revision is not next":   {[]crisis.Change{put(lost), put(revised(revised(taken)))}, crisis.ErrStale},
			"no incident of the guard": {[]crisis.Change{put(lost), {Guard: crisis.Guard{Version: map[crisis.ID]uint64{newID(t): 1}}}}, crisis.ErrNotFound},
		} {
			if _, err := s.Write(t.Context(), test.changes...); !errors.Is(err, test.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := s.Current(t.Context(), crisis.TablePerson, lost.ID); !errors.Is(err, crisis.ErrNotFound) {
			t.Errorf("half a unit was written: %v", err)
		}
		if after, err := s.Size(t.Context()); err != nil || after != size {
			t.Errorf("the ledger grew from %d to %d: %v", size, after, err)
		}
		write(t, s, put(lost))
		verified(t, s)
	})
}

// TestNothingCountsTwice: law 2.
func TestNothingCountsTwice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s, channel := open(), newID(t)
		for i, test := range []struct {
			name             string
			provider, digest byte
			want             crisis.Receipt
			size             uint64
		}{
			{"first", 1, 1, crisis.New, 1}, {"again", 1, 1, crisis.Again, 1}, {"other digest", 1, 2, crisis.Variant, 2},
			{"that again", 1, 2, crisis.Again, 2}, {"another still", 1, 3, crisis.Variant, 3}, {"the first again", 1, 1, crisis.Again, 3},
			{"another id", 2, 1, crisis.New, 4},
		} {
			one := message(t, channel, test.provider, test.digest)
			outcome := write(t, s, put(one))[0]
			if outcome.Receipt != test.want || outcome.Index != test.size {
				t.Errorf("%d %s: %+v", i, test.name, outcome)
			}
			kept, err := crisis.Get[*crisis.Message](t.Context(), s, one.ID)
			switch {
			case test.want == crisis.Again:
				if !errors.Is(err, crisis.ErrNotFound) {
					t.Errorf("%s was written: %v", test.name, err)
				}
			case err != nil || kept.Variant != (test.want == crisis.Variant) || one.Variant:
				t.Errorf("%s: kept %+v (%v)", test.name, kept, err)
			}
		}
		if outcome := write(t, s, put(message(t, newID(t), 1, 1)))[0]; outcome.Receipt != crisis.New {
			t.Errorf("another channel's id: %+v", outcome)
		}
		mixed := write(t, s, put(message(t, channel, 1, 1)), put(message(t, channel, 9, 9)))
		if mixed[0].Receipt != crisis.Again || mixed[1].Receipt != crisis.New {
			t.Errorf("side by side: %+v", mixed)
		}
		verified(t, s)
	})
}

// TestManyAtOnce sends every message many times in parallel: each is kept once,
// and each variant once.
func TestManyAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		stores, channel := []*store.Store{open(), open()}, newID(t)
		const keys, copies = 40, 12
		receipts := make(chan crisis.Receipt, keys*copies)
		failed := make(chan error, keys*copies)
		for key := range keys {
			for n := range copies {
				go func() {
					one := message(t, channel, byte(key), byte(n%2))
					outcomes, err := stores[n%len(stores)].Write(context.Background(), put(one))
					if err == nil {
						receipts <- outcomes[0].Receipt
					}
					failed <- err
				}()
			}
		}
		for range keys * copies {
			if err := <-failed; err != nil {
				t.Fatal(err)
			}
		}
		count := map[crisis.Receipt]int{}
		for range keys * copies {
			count[<-receipts]++
		}
		want := map[crisis.Receipt]int{crisis.New: keys, crisis.Variant: keys, crisis.Again: keys * (copies - 2)}
		if !cmp.Equal(want, count) {
			t.Errorf("receipts %v, want %v", count, want)
		}
		if verdict := verified(t, stores[0]); verdict.Entries != 2*keys {
			t.Errorf("%d entries", verdict.Entries)
		}
	})
}

func TestForgetting(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s, other := open(), open()
		one := message(t, newID(t), 1, 1)
		report := &crisis.Report{Meta: first(t), Message: one.ID, Text: "water", Language: "en"}
		write(t, s, put(one, report))
		if _, err := other.Current(t.Context(), crisis.TableReport, report.ID); err != nil {
			t.Fatal(err) // its cache holds the key now
		}
		outcome := write(t, s, crisis.Change{Action: "message.forgotten", Actor: actor, At: time.Now(), Forget: []crisis.ID{one.ID, newID(t)}})
		if outcome[0].Index != 3 {
			t.Errorf("outcome %+v", outcome[0])
		}
		got, err := crisis.Get[*crisis.Report](t.Context(), s, report.ID)
		if err != nil || got.Text != "" || got.Language != "en" {
			t.Errorf("after forgetting: %q %q %v", got.Text.Reveal(), got.Language, err)
		}
		if _, err := s.Write(t.Context(), put(revised(report))); !errors.Is(err, crisis.ErrForgotten) {
			t.Errorf("written about again: %v", err)
		}
		if _, err := other.Write(t.Context(), put(revised(report))); !errors.Is(err, crisis.ErrForgotten) {
			t.Errorf("written about again by another process: %v", err)
		}
		if outcome := write(t, s, put(message(t, one.Channel, 1, 1)))[0]; outcome.Receipt != crisis.Again {
			t.Errorf("the forgotten message could come again: %+v", outcome)
		}
		if verdict := verified(t, s); verdict.Forgotten != 2 {
			t.Errorf("%d rows forgotten", verdict.Forgotten)
		}
	})
}

func TestPlaced(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		incident := func(lon, lat float64) *crisis.Incident {
			location := &crisis.Location{Meta: first(t), Lon: lon, Lat: lat, Name: "Budalangi", Words: "by the bridge"}
			one := &crisis.Incident{Meta: first(t), Version: 1, Status: crisis.StatusTriaged, Location: location.ID}
			location.Incident = one.ID
			write(t, s, put(one, location))
			return one
		}
		open1 := incident(34.0251234567891, -0.1)
		write(t, s, put(&crisis.Category{Meta: first(t), Key: "detention", Profile: crisis.ProfileHidden, Enabled: true}))
		hidden := incident(34.5, 0.25)
		nowhere := &crisis.Incident{Meta: first(t), Version: 1, Status: crisis.StatusReceived}
		write(t, s, put(nowhere))

		got := map[crisis.ID]string{}
		collect := func(p crisis.Placed) error {
			got[p.Incident.ID] = "nowhere"
			if p.Location != nil {
				got[p.Incident.ID] = fmt.Sprintln(p.Location.Lon, p.Location.Lat, p.Location.Name)
			}
			return nil
		}
		if err := s.EachPlaced(t.Context(), collect); err != nil {
			t.Fatal(err)
		}
		want := map[crisis.ID]string{open1.ID: "34.0251234567891 -0.1 Budalangi\n", hidden.ID: "34.5 0.25 Budalangi\n", nowhere.ID: "nowhere"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		clear(got)
		for id := range want {
			placed, err := s.Placed(t.Context(), id)
			if err != nil || collect(placed) != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("one by one: %s", diff)
		}
		verified(t, s)
	})
}

func TestOtherKeys(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		s := storetest.Opener(t, url)()
		write(t, s, put(message(t, newID(t), 1, 1)))
		if _, err := store.Open(t.Context(), storetest.Options(t, url)); !errors.Is(err, vault.ErrOtherKey) {
			t.Errorf("opened with another key file: %v", err)
		}
	})
}

func TestClosed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Write(t.Context(), put(message(t, newID(t), 1, 1))); err == nil {
			t.Error("written after Close")
		}
	})
}

// TestGivenUp: a caller that gives up before its turn leaves nothing behind.
func TestGivenUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		one := message(t, newID(t), 1, 1)
		_, err := s.Write(ctx, put(one))
		_, found := s.Current(t.Context(), crisis.TableMessage, one.ID)
		if (err == nil) != (found == nil) {
			t.Errorf("told %v, found %v", err, found)
		}
	})
}

// TestOneSQLite: versions before 3.51.3 can corrupt a write-ahead log, and two
// SQLite drivers in one program disagree.
func TestOneSQLite(t *testing.T) {
	url := storetest.SQLite(t)
	storetest.Opener(t, url)()
	var major, minor, patch int
	var version string
	if err := behind(t, url).QueryRow("SELECT sqlite_version()").Scan(&version); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); err != nil || major*1_000_000+minor*1000+patch < 3_051_003 {
		t.Errorf("SQLite %s: %v", version, err)
	}
	drivers := slices.DeleteFunc(sql.Drivers(), func(name string) bool { return strings.HasPrefix(name, "pgx") })
	if !slices.Equal(drivers, []string{"sqlite"}) {
		t.Errorf("drivers %v", drivers)
	}
}
