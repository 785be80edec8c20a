package publish_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/onyo-project/onyo/geo/tile"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/live"
	"github.com/onyo-project/onyo/pkg/publish"
	"github.com/onyo-project/onyo/pkg/store/storetest"
)

// told is what a city in flood tells: a dense group, a grave one, one checked by
// one person only, one of a hidden kind, one nobody could place.
func told() []fact {
	probable, hidden, lost, life := flood(5, 36.81, -1.31), flood(6, 36.82, -1.31), flood(7, 0, 0), flood(4, 36.9051, -1.2049)
	probable.status, lost.unlocated, lost.summary = crisis.StatusProbable, true, "Water in the market"
	hidden.categories = []string{"detention"}
	life.severity = crisis.SeverityLifeSafety
	big := flood(3, 36.8231, -1.2921)
	big.sources = 6
	facts := []fact{flood(1, 36.8212, -1.2921), flood(2, 36.8223, -1.2932), big, life, probable, hidden, lost}
	facts[0].summary = "Bridge under water"
	return facts
}

// dump is every byte that the public copy can give: its rows, its changes, and
// what the map in memory answers from them.
func (w *world) dump() []byte {
	w.t.Helper()
	var out bytes.Buffer
	keep := func(v any, err error) {
		if err != nil {
			w.t.Fatal(err)
		}
		if err := json.NewEncoder(&out).Encode(v); err != nil {
			w.t.Fatal(err)
		}
	}
	keep(w.projection.Since(w.t.Context(), time.Time{}))
	at, _, err := w.projection.State(w.t.Context())
	keep(at, err)
	m := live.NewPublic(w.projection, []string{"en"}, slog.New(slog.DiscardHandler))
	viewer := m.Hub.Watch(nil, nil)
	if err := m.Refresh(w.t.Context()); err != nil { // as if it had watched from the beginning
		w.t.Fatal(err)
	}
	frames, err := viewer.Next(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	out.Write(bytes.Join(frames, nil))
	fresh := live.NewPublic(w.projection, []string{"en"}, slog.New(slog.DiscardHandler))
	if err := fresh.Load(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if all := (live.Filter{}); !bytes.Equal(m.Incidents(all), fresh.Incidents(all)) || !bytes.Equal(m.Hotspots(all), fresh.Hotspots(all)) {
		w.t.Error("the map that followed differs from the one that was read")
	}
	for zoom := range 17 {
		f := live.Filter{Zoom: zoom, Phases: []crisis.Phase{crisis.PhaseOngoing, crisis.PhaseOver}}
		for _, body := range [][]byte{m.Incidents(f), m.Clusters(f), m.Hotspots(f)} {
			fmt.Fprintln(&out, live.ETag(body), string(body))
		}
		where := tile.Tile{Z: zoom, X: int((36.82 + 180) / 360 * float64(int(1)<<zoom)), Y: int(0.5036 * float64(int(1)<<zoom))}
		fmt.Fprintf(&out, "%s %x\n", where, m.Tile(where, f))
	}
	return out.Bytes()
}

func play(t *testing.T, profile crisis.Profile, facts []fact, through func(publish.Store) publish.Store) *world {
	t.Helper()
	return playOn(t, storetest.SQLite(t), profile, facts, through)
}

func playOn(t *testing.T, url string, profile crisis.Profile, facts []fact, through func(publish.Store) publish.Store) *world {
	t.Helper()
	w := newWorld(t, url, profile, through)
	for _, f := range facts {
		w.tell(f)
	}
	for _, f := range facts {
		if f.after != nil {
			f.after(w, f.n)
		}
	}
	for _, now := range []time.Duration{time.Second, 6 * time.Minute, 2 * time.Hour} {
		w.at(noon.Add(now))
	}
	return w
}

// TestTwoWorlds is law 3: worlds that differ in one hidden fact publish the
// same bytes; worlds that differ in one public fact do not, and neither does a
// publisher with a leak go unnoticed.
func TestTwoWorlds(t *testing.T) {
	want := play(t, crisis.ProfileGuarded, told(), nil)
	if n := len(want.public()); n != 5 {
		t.Fatalf("%d incidents are published, want 5: %s", n, want.dump())
	}
	if n := len(want.hotspots()); n != 2 {
		t.Fatalf("%d hotspots are published, want 2", n)
	}
	change := func(n byte, how func(*fact)) func([]fact) []fact {
		return func(facts []fact) []fact {
			how(&facts[slices.IndexFunc(facts, func(f fact) bool { return f.n == n })])
			return facts
		}
	}
	after := func(n byte, how func(w *world, n byte)) func([]fact) []fact {
		return change(n, func(f *fact) { f.after = how })
	}
	joined := after(3, func(w *world, n byte) { w.joins(n, noon.Add(-5*time.Hour)) })
	moved := after(1, func(w *world, n byte) { w.moves(n, 1, 36.9, -1.2) })
	graver := after(4, func(w *world, n byte) { w.categorises(n, 1, crisis.SeverityLow, "pothole") })
	freed := after(6, func(w *world, n byte) { w.categorises(n, 1, crisis.SeverityNormal, "flood") })
	lives := func(s publish.Store) publish.Store { return unfrozen{s} }
	point := change(1, func(f *fact) { f.lon, f.lat = 36.82991, -1.29009 })
	for _, test := range []struct {
		name    string
		change  func([]fact) []fact
		through func(publish.Store) publish.Store
		differs bool
	}{
		{"nothing", func(f []fact) []fact { return f }, nil, false},
		{"the true point within its cell", point, nil, false},
		{"nothing, through a leak", func(f []fact) []fact { return f }, func(s publish.Store) publish.Store { return leaky{s} }, false},
		{"the true point, through a leak", point, func(s publish.Store) publish.Store { return leaky{s} }, true},
		{"the true point in the next cell", change(1, func(f *fact) { f.lon = 36.8301 }), nil, true},
		{"the uncertainty below the cell", change(2, func(f *fact) { f.uncertainty = 900 }), nil, false},
		{"the uncertainty beyond the cell", change(2, func(f *fact) { f.uncertainty = 1200 }), nil, true},
		{"the minute within the hour", change(3, func(f *fact) { f.at = f.at.Add(-29 * time.Minute) }), nil, false},
		{"another hour", change(3, func(f *fact) { f.at = f.at.Add(-31 * time.Minute) }), nil, true},
		{"when it was received", change(3, func(f *fact) { f.received = f.received.Add(11 * time.Minute) }), nil, false},
		{"another phone number", change(1, func(f *fact) { f.address = "+254799999999" }), nil, false},
		{"sources within the bucket", change(3, func(f *fact) { f.sources = 9 }), nil, false},
		{"one source fewer than the bucket", change(3, func(f *fact) { f.sources = 4 }), nil, true},
		{"the order of arrival", func(f []fact) []fact { slices.Reverse(f); return f }, nil, false},
		{"one more that nobody verified", func(f []fact) []fact {
			extra := flood(20, 36.8212, -1.2921)
			extra.status = crisis.StatusTriaged
			return append(f, extra)
		}, nil, false},
		{"one more that was verified", func(f []fact) []fact { return append(f, flood(20, 36.8212, -1.2921)) }, nil, true},
		{"one more of a hidden kind", func(f []fact) []fact {
			extra := flood(20, 36.8212, -1.2921)
			extra.categories = []string{"flood", "detention"}
			return append(f, extra)
		}, nil, false},
		{"a report with another time that joins", joined, nil, false},
		{"a report with another time that joins, published live", joined, lives, true},
		{"a place that one volunteer changed", moved, nil, false},
		{"a place that one volunteer changed, published live", moved, lives, true},
		{"categories and a severity that one volunteer changed", graver, nil, false},
		{"categories and a severity that one volunteer changed, published live", graver, lives, true},
		{"a hidden one that one volunteer calls a flood", freed, nil, false},
		{"a hidden one that one volunteer calls a flood, published live", freed, lives, true},
		{"a place that one changed and another approved", after(1, func(w *world, n byte) {
			w.moves(n, 1, 36.9, -1.2)
			w.approve(n, 3)
		}), nil, true},
		{"a hidden one that two call a flood", after(6, func(w *world, n byte) {
			w.categorises(n, 1, crisis.SeverityNormal, "flood")
			w.approve(n, 3)
		}), nil, true},
		{"a hidden kind's place", change(6, func(f *fact) { f.lon = 10 }), nil, false},
		{"the unverified one's place", change(5, func(f *fact) { f.lon = 10 }), nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			one := want
			if test.through != nil {
				one = play(t, crisis.ProfileGuarded, told(), test.through)
			}
			other := play(t, crisis.ProfileGuarded, test.change(told()), test.through)
			if same := bytes.Equal(one.dump(), other.dump()); same == test.differs {
				t.Errorf("the same bytes: %v\n%s", same, cmp.Diff(string(one.dump()), string(other.dump())))
			}
		})
	}
}

func TestNothingPrivateIsPublished(t *testing.T) {
	for _, profile := range []crisis.Profile{crisis.ProfileOpen, crisis.ProfileGuarded, crisis.ProfileHidden} {
		w := play(t, profile, told(), nil)
		dump := string(w.dump())
		for _, private := range []string{"+254700000001", "house of the witness", "Heron", id(4, 1).String(), id(8, 1).String(), "36.8212", "10:30:00"} {
			visible := strings.Contains(dump, private)
			if mayBe := profile == crisis.ProfileOpen && (private == "36.8212" || private == "10:30:00"); visible && !mayBe {
				t.Errorf("under %s strangers see %s", profile, private)
			}
		}
	}
}

func TestProfiles(t *testing.T) {
	published := func(w *world) string {
		var out []string
		for n := byte(1); n <= 7; n++ {
			if in, there := w.incident(n); there {
				out = append(out, fmt.Sprintf("%d:%s:%g", n, in.Profile, in.Cell))
			}
		}
		return strings.Join(out, " ")
	}
	for profile, want := range map[crisis.Profile]string{
		crisis.ProfileOpen:    "1:open:0 2:open:0 3:open:0 4:open:0 5:open:0 7:open:0",
		crisis.ProfileGuarded: "1:guarded:0.01 2:guarded:0.01 3:guarded:0.01 4:guarded:0.01 7:guarded:0",
		crisis.ProfileHidden:  "",
	} {
		w := play(t, profile, told(), nil)
		if diff := cmp.Diff(want, published(w)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", profile, diff)
		}
	}
	w := play(t, crisis.ProfileGuarded, told(), nil)
	in, _ := w.incident(3)
	want := crisis.PublicIncident{ID: in.ID, Profile: crisis.ProfileGuarded, Status: crisis.StatusVerified, Phase: crisis.PhaseOngoing, Severity: crisis.SeverityNormal,
		Categories: []string{"flood"}, Summaries: map[string]string{}, Place: "near 0.01:3682:-130", OccurredAt: noon.Add(-2 * time.Hour), Reports: 5, Sources: 5,
		Located: true, Lon: 36.825, Lat: -1.295, Cell: 0.01, UncertaintyM: 787, Batch: noon}
	if diff := cmp.Diff(want, in); diff != "" {
		t.Error(diff)
	}
	if lost, _ := w.incident(7); lost.Located || lost.Place != "" || lost.Summaries["en"] != "Water in the market" || len(lost.Summaries) != 1 {
		t.Errorf("got %+v", lost)
	}
}

// TestBatchesFallOnWholePeriods: what is verified waits for its profile's time.
func TestBatchesFallOnWholePeriods(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t), crisis.ProfileGuarded, nil)
	w.at(noon.Add(61 * time.Second))
	pothole := flood(2, 36.9, -1.2)
	pothole.categories = []string{"pothole"}
	w.tell(flood(1, 36.82, -1.29))
	w.tell(pothole)
	w.at(noon.Add(63 * time.Second))
	if _, there := w.incident(1); there {
		t.Error("the guarded one did not wait")
	}
	if in, there := w.incident(2); !there || !in.Batch.Equal(noon.Add(62*time.Second)) {
		t.Errorf("the open one is in batch %v", in.Batch)
	}
	w.load() // a restart forgets nothing that waits
	w.at(noon.Add(5*time.Minute - time.Second))
	if _, there := w.incident(1); there {
		t.Error("the guarded one came early")
	}
	w.at(noon.Add(7 * time.Minute))
	if in, there := w.incident(1); !there || !in.Batch.Equal(noon.Add(5*time.Minute)) {
		t.Errorf("the guarded one is in batch %v", in.Batch)
	}
}

// TestWhatWaitsIsReadOnce: a batch of the open period does not ask again for what
// waits for guarded's, until something about it changes; and an import's name
// concerns nobody.
func TestWhatWaitsIsReadOnce(t *testing.T) {
	reads := map[crisis.ID]int{}
	w := newWorld(t, storetest.SQLite(t), crisis.ProfileGuarded, func(s publish.Store) publish.Store { return counted{s, reads} })
	w.at(noon.Add(61 * time.Second))
	w.tell(flood(1, 36.82, -1.29))
	w.tell(flood(2, 36.83, -1.29))
	for second := range 10 {
		w.at(noon.Add(time.Duration(62+2*second) * time.Second))
	}
	if diff := cmp.Diff(map[crisis.ID]int{id(4, 1): 1, id(4, 2): 1}, reads); diff != "" {
		t.Errorf("reads (-want +got):\n%s", diff)
	}
	w.alter(1, func(in *crisis.Incident) { in.Phase = crisis.PhaseOver })
	w.at(noon.Add(90 * time.Second))
	w.at(noon.Add(92 * time.Second))
	if reads[id(4, 1)] != 2 || reads[id(4, 2)] != 1 {
		t.Errorf("after a change: %v", reads)
	}
	w.at(noon.Add(5 * time.Minute))
	if in, there := w.incident(1); !there || in.Phase != crisis.PhaseOver {
		t.Errorf("got %+v", in)
	}
	clear(reads)
	batch := &crisis.Policy{Meta: crisis.First(id(1, 2), w.now, crisis.SystemActor("test")), Key: "batch:1", Value: "flood.csv"}
	w.write(crisis.Change{Action: "batch.named", Actor: batch.By, At: w.now, Put: []crisis.Record{batch}})
	w.at(noon.Add(5*time.Minute + 2*time.Second))
	if len(reads) != 0 {
		t.Errorf("an import was named and %d incidents were read", len(reads))
	}
}

// TestLooseningWaits: what one person calls by a hidden kind is hidden at once;
// what they call back is not until another says yes.
func TestLooseningWaits(t *testing.T) {
	w := play(t, crisis.ProfileGuarded, told(), nil)
	steps := []struct {
		act  func()
		seen bool
	}{
		{func() { w.categorises(1, 1, crisis.SeverityNormal, "detention") }, false},
		{func() { w.categorises(1, 4, crisis.SeverityNormal, "flood") }, false},
		{func() { w.approve(1, 4) }, false},
		{func() { w.approve(1, 3) }, true},
	}
	for i, step := range steps {
		step.act()
		w.at(noon.Add(2*time.Hour + time.Duration(i+1)*5*time.Minute))
		if _, there := w.incident(1); there != step.seen {
			t.Errorf("after step %d it is seen: %v", i, there)
		}
	}
}

func TestRetraction(t *testing.T) {
	for name, test := range map[string]struct {
		undo func(*world)
	}{
		"refuted": {func(w *world) { w.alter(1, func(in *crisis.Incident) { in.Status = crisis.StatusRefuted }) }},
		"merged": {func(w *world) {
			w.alter(1, func(in *crisis.Incident) {
				in.Status, in.First, in.Second = crisis.StatusDuplicate, crisis.Approval{}, crisis.Approval{}
			})
		}},
		"withdrawn":  {func(w *world) { w.alter(1, func(in *crisis.Incident) { in.Status = crisis.StatusUnverifiable }) }},
		"hidden now": {func(w *world) { w.alter(1, func(in *crisis.Incident) { in.Categories = []string{"detention"} }) }},
	} {
		t.Run(name, func(t *testing.T) {
			w := play(t, crisis.ProfileGuarded, told(), nil)
			if _, there := w.incident(1); !there {
				t.Fatal("it was never published")
			}
			test.undo(w)
			w.at(noon.Add(2*time.Hour + 3*time.Second))
			if _, there := w.incident(1); there {
				t.Error("it is still there")
			}
			changes, err := w.projection.Since(t.Context(), noon.Add(2*time.Hour))
			if err != nil || len(changes) != 1 || !slices.Contains(changes[0].Retract, publicID("incident", id(4, 1).String())) {
				t.Errorf("no retraction is told: %+v, %v", changes, err)
			}
		})
	}
}

// TestStricterProfile: an incident that becomes guarded loses its sharp point
// with the next batch, and comes back blurred at guarded's own time.
func TestStricterProfile(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t), crisis.ProfileGuarded, nil)
	pothole := flood(1, 36.9, -1.2)
	pothole.categories = []string{"pothole"}
	w.tell(pothole)
	w.at(noon)
	if in, _ := w.incident(1); in.Cell != 0 {
		t.Fatalf("got %+v", in)
	}
	w.alter(1, func(in *crisis.Incident) { in.Categories = []string{"pothole", "flood"} })
	w.at(noon.Add(2 * time.Second))
	if in, there := w.incident(1); there {
		t.Errorf("its sharp point is still there: %+v", in)
	}
	w.at(noon.Add(5 * time.Minute))
	if in, there := w.incident(1); !there || in.Cell != 0.01 {
		t.Errorf("got %+v", in)
	}
}

// TestBothDatabases: what is published does not depend on the database, and
// built again it is the same.
func TestBothDatabases(t *testing.T) {
	sqlite, postgres := play(t, crisis.ProfileGuarded, told(), nil), playOn(t, storetest.Postgres(t), crisis.ProfileGuarded, told(), nil)
	if diff := cmp.Diff(string(sqlite.dump()), string(postgres.dump())); diff != "" {
		t.Fatalf("the databases differ (-sqlite +postgres):\n%s", diff)
	}
	for name, w := range map[string]*world{"sqlite": sqlite, "postgres": postgres} {
		incidents, hotspots := w.public(), w.hotspots()
		if err := w.publisher.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		ignored := cmp.Options{cmpopts.IgnoreFields(crisis.PublicIncident{}, "Batch"), cmpopts.IgnoreFields(crisis.PublicHotspot{}, "Batch")}
		if diff := cmp.Diff(incidents, w.public(), ignored); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(hotspots, w.hotspots(), ignored); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestWarning(t *testing.T) {
	for _, test := range []struct {
		every   time.Duration
		profile crisis.Profile
		warns   bool
	}{
		{0, crisis.ProfileGuarded, false}, {time.Second, crisis.ProfileGuarded, true}, {5 * time.Minute, crisis.ProfileGuarded, false},
		{time.Second, crisis.ProfileHidden, false}, {2 * time.Second, crisis.ProfileOpen, false},
	} {
		if got := publish.Warning(test.every, test.profile); (got != "") != test.warns {
			t.Errorf("%v under %s: %q", test.every, test.profile, got)
		}
	}
}
