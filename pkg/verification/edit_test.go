package verification_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/verification"
)

func TestLocate(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		in, p := r.flood("water"), r.volunteer()
		d, err := r.Locate(t.Context(), p, r.ticket(p, in.ID), geo.Point{Lon: 36.78, Lat: -1.31}, 3, "the mosque in the photo")
		if err != nil {
			t.Fatal(err)
		}
		if l := d.Location; l.Lon != 36.78 || l.UncertaintyM != verification.LeastUncertainty || l.Method != "person" || l.Name != "Kibera" || d.Incident.Version != 2 {
			t.Errorf("got %+v at version %d", l, d.Incident.Version)
		}
		stale := verification.Ticket{Incident: in.ID, Version: 1}
		if _, err := r.Locate(t.Context(), p, stale, geo.Point{}, 10, ""); code(err) != "stale" {
			t.Errorf("an old version: %v", err)
		}
		for _, bad := range []struct {
			p geo.Point
			u float64
		}{{geo.Point{Lon: math.NaN()}, 1}, {geo.Point{Lon: 181}, 1}, {geo.Point{}, math.NaN()}, {geo.Point{}, -1}, {geo.Point{}, math.Inf(1)}} {
			if _, err := r.Locate(t.Context(), p, verification.Ticket{Incident: in.ID, Version: 2}, bad.p, bad.u, ""); code(err) != "location" {
				t.Errorf("%+v: %v", bad, err)
			}
		}
	})
}

func TestCategorise(t *testing.T) {
	r := newRigOnFile(t)
	in := r.flood("water")
	r.judge(r.volunteer(), in.ID, yes())
	r.judge(r.volunteer(), in.ID, yes())
	p := r.volunteer()
	set := func(severity crisis.Severity, keys ...string) (*verification.Dossier, error) {
		return r.Categorise(t.Context(), p, verification.Ticket{Incident: in.ID, Version: r.current(in.ID).Version}, keys, severity)
	}
	if _, err := set("", "snow"); code(err) != "category" {
		t.Errorf("a category that is switched off: %v", err)
	}
	d, err := set("", "pothole", "pothole")
	if err != nil || d.Incident.Severity != crisis.SeverityLow || !slices.Equal(d.Incident.Categories, []string{"pothole"}) {
		t.Fatalf("%+v, %v", d, err)
	}
	if d, err = set(crisis.SeverityNormal, "pothole"); err != nil || d.Incident.Severity != crisis.SeverityNormal || d.Incident.Status != crisis.StatusVerified {
		t.Fatalf("%+v, %v", d, err)
	}
	// It turns out that lives are at risk: two volunteers are not enough any more.
	if d, err = set(crisis.SeverityLow, "trapped"); err != nil || d.Incident.Severity != crisis.SeverityLifeSafety || d.Incident.Status != crisis.StatusProbable {
		t.Fatalf("%+v, %v", d, err)
	}
}

func TestSummarise(t *testing.T) {
	r := newRigOnFile(t)
	in := r.flood("water")
	a, b := r.volunteer(), r.volunteer()
	write := func(p verification.Person, text string) (*verification.Dossier, error) {
		return r.Summarise(t.Context(), p, verification.Ticket{Incident: in.ID, Version: r.current(in.ID).Version}, verification.Text{Text: text, Language: "en"})
	}
	if d, err := write(a, " Water on the road. "); err != nil || d.Summaries[0].Text.Reveal() != "Water on the road." || d.Summaries[0].Approved || d.Incident.Version != 2 {
		t.Fatalf("%v", err)
	}
	if _, err := write(a, "Water on the road."); code(err) != "unchanged" {
		t.Errorf("its author says it twice: %v", err)
	}
	if d, err := write(b, "Water on the road."); err != nil || !d.Summaries[0].Approved {
		t.Fatalf("the same words from another person: %v", err)
	}
	if d, err := write(b, "Water in the houses."); err != nil || d.Summaries[0].Approved {
		t.Fatalf("other words stay approved: %v", err)
	}
}

func TestPhase(t *testing.T) {
	r := newRigOnFile(t)
	in := r.flood("water")
	ticket := verification.Ticket{Incident: in.ID, Version: 1}
	if _, err := r.SetPhase(t.Context(), r.person(crisis.RoleAdmin), ticket, crisis.PhaseOver); code(err) != "role" {
		t.Errorf("an admin: %v", err)
	}
	d, err := r.SetPhase(t.Context(), r.person(crisis.RoleResponder), ticket, crisis.PhaseOver)
	if err != nil || d.Incident.Phase != crisis.PhaseOver || d.Incident.PhaseReason != "person" || d.Incident.Version != 1 {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestSweep: what nobody renewed for its category's lifetime is over; imports
// live from when it happened.
func TestSweep(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		old := r.flood("water")
		r.pass(23 * time.Hour)
		fresh := r.flood("water")
		imported := r.open(crisis.SeverityNormal, told{text: "from 2010", batch: r.id()})
		past := *imported
		past.Meta, past.Occurred.From = past.Meta.Next(r.clock(), system), noon.AddDate(-16, 0, 0)
		r.write(crisis.Change{Action: "incident.imported", Actor: system, At: past.At, Put: []crisis.Record{&past}})
		r.pass(2 * time.Hour)
		lease, _, err := r.store.Acquire(t.Context(), "lifetime", "test", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := r.Sweep(t.Context(), lease); err != nil || n != 2 {
			t.Fatalf("%d ended: %v", n, err)
		}
		for in, want := range map[*crisis.Incident]crisis.Phase{old: crisis.PhaseOver, fresh: crisis.PhaseOngoing, imported: crisis.PhaseOver} {
			if now := r.current(in.ID); now.Phase != want || want == crisis.PhaseOver && now.PhaseReason != "lifetime" {
				t.Errorf("%s is %s by %s, want %s", in.ID, now.Phase, now.PhaseReason, want)
			}
		}
		if n, err := r.Sweep(t.Context(), lease); err != nil || n != 0 {
			t.Errorf("a second sweep ended %d: %v", n, err)
		}
		if _, err := r.SetPhase(t.Context(), r.volunteer(), verification.Ticket{Incident: imported.ID, Version: 1}, crisis.PhaseOngoing); err != nil {
			t.Fatal(err)
		}
		if n, err := r.Sweep(t.Context(), lease); err != nil || n != 0 {
			t.Errorf("what a person says goes on was ended: %d, %v", n, err)
		}
	})
}

func (r *rig) merge(into crisis.ID, others ...crisis.ID) (*verification.Dossier, error) {
	return r.Merge(r.t.Context(), r.volunteer(), verification.Ticket{Incident: into, Version: r.current(into).Version}, others)
}

func TestMerge(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		same := r.id()
		a := r.open(crisis.SeverityNormal, told{text: "water", source: same}, told{text: "water on the bridge"})
		b := r.open(crisis.SeverityLifeSafety, told{text: "WATER on the bridge!"}, told{text: "more", source: same})
		c := r.flood("other")
		if _, err := r.merge(b.ID, c.ID); err != nil {
			t.Fatal(err)
		}
		d, err := r.merge(a.ID, b.ID)
		if err != nil {
			t.Fatal(err)
		}
		// same spoke twice, and one text was passed on: three voices in five reports.
		if in := d.Incident; in.Reports != 5 || in.Sources != 3 || in.Severity != crisis.SeverityLifeSafety || in.Version != 2 || len(d.Reports) != 5 {
			t.Errorf("got %+v", in)
		}
		for _, gone := range []*crisis.Incident{b, c} {
			if now := r.current(gone.ID); now.Status != crisis.StatusDuplicate || now.MergedInto != a.ID || now.Reports != 0 {
				t.Errorf("got %+v", now)
			}
		}
		for name, err := range map[string]error{
			"into itself":    second(r.merge(a.ID, a.ID)),
			"merged already": second(r.merge(a.ID, b.ID)),
			"nobody":         second(r.merge(a.ID)),
			"not there":      second(r.merge(a.ID, r.id())),
			"into a merged":  second(r.merge(b.ID, r.flood("x").ID)),
		} {
			if code(err) != "merge" && code(err) != "merged" {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func second(_ *verification.Dossier, err error) error { return err }

// TestMergeTakesVoiceFromSubmitters: who typed in a report that is merged in
// may not have verified what it is merged into.
func TestMergeTakesVoiceFromSubmitters(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		typist := r.volunteer()
		a, b := r.flood("water"), r.open(crisis.SeverityNormal, told{text: "called in", submitter: typist.ID})
		r.judge(typist, a.ID, yes())
		if d := r.judge(r.volunteer(), a.ID, yes()); d.Incident.Status != crisis.StatusVerified {
			t.Fatalf("it is %s", d.Incident.Status)
		}
		d, err := r.merge(a.ID, b.ID)
		if err != nil || d.Incident.Status != crisis.StatusProbable || d.Incident.First.Person == typist.ID {
			t.Fatalf("%+v, %v", d.Incident, err)
		}
		called := d.Reports[slices.IndexFunc(d.Reports, func(r *crisis.Report) bool { return r.Submitter == typist.ID })]
		splitter := r.volunteer()
		d, err = r.Split(t.Context(), splitter, verification.Ticket{Incident: a.ID, Version: d.Incident.Version}, []crisis.ID{called.ID})
		if err != nil || d.Incident.Status != crisis.StatusTriaged || d.Incident.Reports != 1 {
			t.Fatalf("%+v, %v", d, err)
		}
		if now := r.current(a.ID); now.Status != crisis.StatusVerified || now.Reports != 1 {
			t.Errorf("without the report it is %s with %d reports", now.Status, now.Reports)
		}
		if d, err = r.Undo(t.Context(), splitter, a.ID); err != nil || d.Incident.Status != crisis.StatusProbable || d.Incident.Reports != 2 {
			t.Errorf("the split undone: %+v, %v", d, err)
		}
	})
}

// TestAMergeUndoneGivesVoiceBack is the same the other way round.
func TestAMergeUndoneGivesVoiceBack(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		typist, merger := r.volunteer(), r.volunteer()
		a, b := r.flood("water"), r.open(crisis.SeverityNormal, told{text: "called in", submitter: typist.ID})
		r.judge(typist, a.ID, yes())
		r.judge(r.volunteer(), a.ID, yes())
		if d, err := r.Merge(t.Context(), merger, verification.Ticket{Incident: a.ID, Version: 1}, []crisis.ID{b.ID}); err != nil || d.Incident.Status != crisis.StatusProbable {
			t.Fatalf("%+v, %v", d, err)
		}
		d, err := r.Undo(t.Context(), merger, a.ID)
		if err != nil || d.Incident.Status != crisis.StatusVerified || d.Incident.Reports != 1 || r.current(b.ID).Status != crisis.StatusTriaged {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

// TestAnyHistoryOfMergesAndSplits: whatever people do and undo, every report is
// in exactly one incident, counts are those of the reports, duplicates point at
// a centre, and undoing gives back what was.
func TestAnyHistoryOfMergesAndSplits(t *testing.T) {
	r := newRigOnFile(t)
	rapid.Check(t, func(t *rapid.T) {
		var ids, reports []crisis.ID
		for i := range 4 {
			var texts []string
			for j := range rapid.IntRange(1, 3).Draw(t, "reports") {
				texts = append(texts, fmt.Sprintf("%d %d", i, j))
			}
			in := r.flood(texts...)
			ids = append(ids, in.ID)
			reports = append(reports, r.reportsOf(in.ID)...)
		}
		for range rapid.IntRange(1, 6).Draw(t, "acts") {
			person := r.volunteer()
			target := rapid.SampledFrom(ids).Draw(t, "target")
			before := r.snapshot(ids)
			ticket := verification.Ticket{Incident: target, Version: r.current(target).Version}
			var err error
			if rapid.Bool().Draw(t, "merge") {
				_, err = r.Merge(r.t.Context(), person, ticket, []crisis.ID{rapid.SampledFrom(ids).Draw(t, "other")})
			} else if held := r.reportsOf(target); len(held) > 0 {
				var d *verification.Dossier
				take := held[:rapid.IntRange(1, len(held)).Draw(t, "take")]
				if d, err = r.Split(r.t.Context(), person, ticket, take); err == nil {
					ids = append(ids, d.Incident.ID)
				}
			}
			if err != nil && code(err) != "merge" && code(err) != "merged" && code(err) != "split" {
				t.Fatal(err)
			}
			r.sound(t, ids, reports)
			if err == nil && r.current(target).By == person.Actor() && rapid.Bool().Draw(t, "undo") {
				if _, err := r.Undo(r.t.Context(), person, target); err != nil {
					t.Fatal(err)
				}
				r.sound(t, ids, reports)
				after := r.snapshot(ids)
				for id := range after {
					if _, was := before[id]; !was {
						delete(after, id) // opened by the split that was undone
					}
				}
				if diff := cmp.Diff(before, after, cmpopts.IgnoreFields(crisis.Incident{}, "Meta", "Version")); diff != "" {
					t.Fatalf("undoing did not give back what was (-before +after):\n%s", diff)
				}
			}
		}
	})
}

func (r *rig) reportsOf(incident crisis.ID) []crisis.ID {
	r.t.Helper()
	d, err := r.Load(r.t.Context(), incident)
	if err != nil {
		r.t.Fatal(err)
	}
	var out []crisis.ID
	for _, report := range d.Reports {
		out = append(out, report.ID)
	}
	slices.SortFunc(out, func(a, b crisis.ID) int { return slices.Compare(a[:], b[:]) })
	return out
}

type state struct {
	Incident crisis.Incident
	Reports  []crisis.ID
}

func (r *rig) snapshot(ids []crisis.ID) map[crisis.ID]state {
	out := map[crisis.ID]state{}
	for _, id := range ids {
		out[id] = state{*r.current(id), r.reportsOf(id)}
	}
	return out
}

func (r *rig) sound(t *rapid.T, ids, reports []crisis.ID) {
	where := map[crisis.ID]crisis.ID{}
	for _, id := range ids {
		in, held := r.current(id), r.reportsOf(id)
		for _, report := range held {
			if other, twice := where[report]; twice {
				t.Fatalf("report %s is in %s and %s", report, other, id)
			}
			where[report] = id
		}
		if int(in.Reports) != len(held) || int(in.Sources) != len(held) {
			t.Fatalf("%s counts %d reports and %d sources of %d", id, in.Reports, in.Sources, len(held))
		}
		if in.Status == crisis.StatusDuplicate {
			if centre := r.current(in.MergedInto); centre.Status == crisis.StatusDuplicate || len(held) > 0 {
				t.Fatalf("%s is merged into %s, a %s, and holds %d reports", id, centre.ID, centre.Status, len(held))
			}
		}
	}
	if len(where) != len(reports) {
		t.Fatalf("%d of %d reports are somewhere", len(where), len(reports))
	}
}

func TestUndo(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		in, a, b := r.flood("water"), r.volunteer(), r.volunteer()
		r.judge(a, in.ID, yes())
		r.judge(b, in.ID, yes())
		if _, err := r.Undo(t.Context(), a, in.ID); code(err) != "undo" {
			t.Errorf("a undid what b did: %v", err)
		}
		r.pass(verification.UndoWithin)
		d, err := r.Undo(t.Context(), b, in.ID)
		if err != nil || d.Incident.Status != crisis.StatusProbable || d.Decision().Status != crisis.StatusProbable {
			t.Fatalf("%+v, %v", d, err)
		}
		// The version is new, so that b may judge again.
		if d = r.judge(b, in.ID, yes()); d.Incident.Status != crisis.StatusVerified {
			t.Errorf("it is %s", d.Incident.Status)
		}
		r.pass(verification.UndoWithin + time.Second)
		if _, err := r.Undo(t.Context(), b, in.ID); code(err) != "undo" {
			t.Errorf("too late: %v", err)
		}
		if _, err := r.Locate(t.Context(), a, r.ticket(a, in.ID), geo.Point{Lon: 1, Lat: 1}, 50, ""); err != nil {
			t.Fatal(err)
		}
		if d, err = r.Undo(t.Context(), a, in.ID); err != nil || d.Location != nil || d.Incident.Status != crisis.StatusVerified {
			t.Errorf("%+v, %v", d, err)
		}
	})
}
