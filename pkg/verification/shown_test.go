package verification_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/verification"
)

// at is a ticket for the incident as it is, without a claim.
func (r *rig) at(id crisis.ID) verification.Ticket {
	return verification.Ticket{Incident: id, Version: r.current(id).Version}
}

func (r *rig) locate(p verification.Person, id crisis.ID, lon float64) *crisis.Incident {
	r.t.Helper()
	return r.done(r.Locate(r.t.Context(), p, r.at(id), geo.Point{Lon: lon, Lat: 1}, 50, ""))
}

func (r *rig) categorise(p verification.Person, id crisis.ID, keys ...string) *crisis.Incident {
	r.t.Helper()
	return r.done(r.Categorise(r.t.Context(), p, r.at(id), keys, ""))
}

func (r *rig) approve(p verification.Person, id crisis.ID) *crisis.Incident {
	r.t.Helper()
	r.pass(time.Millisecond) // what one person says is in the order of its ids
	return r.done(r.Assess(r.t.Context(), p, r.at(id), yes()))
}

func (r *rig) done(d *verification.Dossier, err error) *crisis.Incident {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
	return d.Incident
}

// verified is an incident that two people checked at longitude 1.
func (r *rig) verified(a, b verification.Person) *crisis.Incident {
	r.t.Helper()
	in := r.flood("water")
	r.locate(a, in.ID, 1)
	r.approve(a, in.ID)
	return r.approve(b, in.ID)
}

// TestEveryChangeOfWhatIsShownIsTheWordOfTwo: whatever one person changes in
// something verified, what is shown of it stays until another says yes.
func TestEveryChangeOfWhatIsShownIsTheWordOfTwo(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		for name, change := range map[string]func(p verification.Person, in *crisis.Incident) *crisis.Incident{
			"the place": func(p verification.Person, in *crisis.Incident) *crisis.Incident { return r.locate(p, in.ID, 2) },
			"categories": func(p verification.Person, in *crisis.Incident) *crisis.Incident {
				return r.categorise(p, in.ID, "pothole")
			},
			"a merge": func(p verification.Person, in *crisis.Incident) *crisis.Incident {
				r.pass(-time.Hour)
				other := r.open(crisis.SeverityLifeSafety, told{text: "earlier"})
				r.pass(time.Hour)
				r.categorise(r.volunteer(), other.ID, "pothole")
				return r.done(r.Merge(t.Context(), p, r.at(in.ID), []crisis.ID{other.ID}))
			},
			"a split": func(p verification.Person, in *crisis.Incident) *crisis.Incident {
				other := r.flood("another")
				r.done(r.Merge(t.Context(), r.volunteer(), r.at(in.ID), []crisis.ID{other.ID}))
				d, err := r.Split(t.Context(), p, r.at(in.ID), r.reportsOf(in.ID)[:1])
				if fresh := r.done(d, err); fresh.Shown.Severity != "" || fresh.EditedBy.Categories == nil {
					t.Errorf("of what was split off %+v is shown", fresh.Shown)
				}
				return r.current(in.ID)
			},
		} {
			t.Run(name, func(t *testing.T) {
				a, b := r.volunteer(), r.volunteer()
				in := r.verified(a, b)
				changed := change(a, in)
				unbound := cmpopts.IgnoreFields(crisis.Shown{}, "Bound")
				if diff := cmp.Diff(in.Shown, changed.Shown, unbound); diff != "" || !changed.Awaits(b.ID) {
					t.Fatalf("one person changed what is shown:\n%s", diff)
				}
				if own := r.approve(a, in.ID); cmp.Diff(in.Shown, own.Shown, unbound) != "" || !own.Awaits(b.ID) {
					t.Errorf("they approved it themselves: %+v", own.Shown)
				}
				after := r.approve(b, in.ID)
				want := crisis.Shown{Reports: after.Reports, Sources: after.Sources, Occurred: after.Occurred, Location: after.Location,
					Categories: after.Categories, Severity: after.Severity}
				if diff := cmp.Diff(want, after.Shown); diff != "" || after.Awaits(crisis.ID{}) {
					t.Errorf("another person's yes left (-want +got):\n%s", diff)
				}
			})
		}
	})
}

func TestWhatIsShownFirst(t *testing.T) {
	r := newRigOnFile(t)
	a, b, c := r.volunteer(), r.volunteer(), r.volunteer()
	in := r.flood("water")
	if r.judge(a, in.ID, no()); r.current(in.ID).Shown.Severity != "" {
		t.Error("a no shows it")
	}
	r.categorise(a, in.ID, "pothole")
	first := r.approve(a, in.ID)
	if cmp.Diff(first.Shown.Categories, []string{"pothole"}) != "" || cmp.Diff(first.Shown.Bound, []string{"flood"}) != "" {
		t.Errorf("the first yes shows %+v", first.Shown)
	}
	// a only rewords; their second yes frees nothing that they changed.
	if _, err := r.Summarise(t.Context(), a, r.at(in.ID), verification.Text{Text: "A hole.", Language: "en"}); err != nil {
		t.Fatal(err)
	}
	if again := r.approve(a, in.ID); again.Shown.Bound == nil {
		t.Error("one person let go of the category that they took away")
	}
	// Each part takes a yes of somebody who did not change it.
	r.locate(c, in.ID, 3)
	if half := r.approve(c, in.ID); half.Status != crisis.StatusVerified || !half.Shown.Location.IsZero() || half.Shown.Bound != nil {
		t.Errorf("after c: %+v", half)
	}
	if whole := r.approve(a, in.ID); whole.Shown.Location != whole.Location || whole.Awaits(crisis.ID{}) {
		t.Errorf("after a: %+v", whole)
	}
	if ground, err := r.ConfirmOnGround(t.Context(), r.person(crisis.RoleResponder), r.locate(b, in.ID, 4).ID, ""); err != nil || ground.Incident.Shown.Location != ground.Incident.Location {
		t.Errorf("a responder who stood there: %+v, %v", ground, err)
	}
}

// TestTwoEditorsDoNotApproveEachOthersUnseen: a changes the categories, c the
// place; a's yes is about the place alone.
func TestTwoEditorsDoNotApproveEachOthersUnseen(t *testing.T) {
	r := newRigOnFile(t)
	a, b, c := r.volunteer(), r.volunteer(), r.volunteer()
	in := r.verified(a, b)
	r.categorise(a, in.ID, "pothole")
	r.locate(c, in.ID, 2)
	got := r.approve(a, in.ID)
	if got.Shown.Location != got.Location || cmp.Diff(got.Shown.Categories, []string{"flood"}) != "" {
		t.Errorf("got %+v", got.Shown)
	}
}

func TestAReportThatJoinsIsNotShown(t *testing.T) {
	r := newRigOnFile(t)
	in := r.verified(r.volunteer(), r.volunteer())
	next := *in
	next.Meta, next.Reports, next.Occurred.From = next.Meta.Next(r.clock(), system), 30, noon.Add(-time.Hour)
	r.write(crisis.Change{Action: "report.joined", Actor: system, At: next.At, Put: []crisis.Record{&next}})
	if got := r.judge(r.volunteer(), in.ID, no()).Incident.Shown; cmp.Diff(in.Shown, got) != "" {
		t.Errorf("a no shows it: %+v", got)
	}
	if got := r.approve(r.volunteer(), in.ID).Shown; got.Reports != 30 || !got.Occurred.From.Equal(noon.Add(-time.Hour)) {
		t.Errorf("a yes does not show it: %+v", got)
	}
}

// TestUndoKeepsWhatIsShown: an act undone leaves the shown content and who must
// not approve it as they were.
func TestUndoKeepsWhatIsShown(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		a, b := r.volunteer(), r.volunteer()
		in := r.verified(a, b)
		changed := r.categorise(a, in.ID, "pothole")
		for name, act := range map[string]func(){
			"a place":               func() { r.locate(b, in.ID, 2) },
			"other categories":      func() { r.categorise(b, in.ID, "flood") },
			"a merge":               func() { r.done(r.Merge(t.Context(), b, r.at(in.ID), []crisis.ID{r.flood("x").ID})) },
			"the yes that shows it": func() { r.approve(b, in.ID) },
		} {
			act()
			r.pass(time.Millisecond)
			undone := r.done(r.Undo(t.Context(), b, in.ID))
			if diff := cmp.Diff(changed.Shown, undone.Shown) + cmp.Diff(changed.EditedBy, undone.EditedBy); diff != "" {
				t.Errorf("%s, undone: %s", name, diff)
			}
		}
	})
}

// TestMergeAndSplitCarryWhatBinds: what is hidden does not become an incident of
// another kind by being merged or split.
func TestMergeAndSplitCarryWhatBinds(t *testing.T) {
	r := newRigOnFile(t)
	a, b := r.volunteer(), r.volunteer()
	in := r.flood("one", "two")
	r.approve(b, in.ID)
	r.categorise(a, in.ID, "pothole")
	d, err := r.Split(t.Context(), a, r.at(in.ID), r.reportsOf(in.ID)[:1])
	if fresh := r.done(d, err); cmp.Diff(fresh.Shown.Bound, []string{"flood"}) != "" {
		t.Errorf("split off, it is bound by %q", fresh.Shown.Bound)
	}
	own := r.open(crisis.SeverityLow, told{text: "own"})
	r.categorise(r.volunteer(), own.ID, "pothole")
	if free := r.approve(b, own.ID); free.Shown.Bound != nil {
		t.Fatalf("bound by %q", free.Shown.Bound)
	}
	merged := r.done(r.Merge(t.Context(), a, r.at(own.ID), []crisis.ID{in.ID}))
	shown := r.approve(a, own.ID)
	if cmp.Diff(merged.Shown.Bound, []string{"flood"}) != "" || cmp.Diff(shown.Shown.Bound, []string{"flood"}) != "" {
		t.Errorf("merged, it is bound by %q, then %q", merged.Shown.Bound, shown.Shown.Bound)
	}
}

// TestNobodyApprovesTheirOwnText: the second yes stands for the texts of others.
func TestNobodyApprovesTheirOwnText(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		a, b, c := r.volunteer(), r.volunteer(), r.volunteer()
		says := func(text string) verification.Judgement {
			j := yes()
			j.Summary = &verification.Text{Text: text, Language: "en"}
			return j
		}
		in := r.flood("water")
		r.judge(a, in.ID, yes())
		d := r.judge(b, in.ID, says("Everyone was rescued."))
		if d.Incident.Status != crisis.StatusVerified || d.Summaries[0].Approved {
			t.Fatalf("b's own text went out with b's yes: %+v", d.Summaries[0])
		}
		if d = r.judge(b, in.ID, yes()); d.Summaries[0].Approved {
			t.Error("b's own text went out with b's next yes")
		}
		if d = r.judge(c, in.ID, yes()); !d.Summaries[0].Approved {
			t.Error("c's yes did not approve b's text")
		}
		again := r.flood("water")
		r.judge(a, again.ID, says("Water."))
		if d = r.judge(b, again.ID, says("Water.")); !d.Summaries[0].Approved {
			t.Error("the same words of two are not approved")
		}
	})
}

// TestATextTakenBackIsStillItsAuthors: b writes over a's text and undoes it; a
// may not approve it for that.
func TestATextTakenBackIsStillItsAuthors(t *testing.T) {
	r := newRigOnFile(t)
	a, b, c := r.volunteer(), r.volunteer(), r.volunteer()
	in := r.flood("water")
	r.judge(c, in.ID, yes())
	write := func(p verification.Person, text string) {
		t.Helper()
		r.done(r.Summarise(t.Context(), p, r.at(in.ID), verification.Text{Text: text, Language: "en"}))
	}
	write(a, "Everyone was rescued.")
	write(b, "Nobody knows.")
	r.done(r.Undo(t.Context(), b, in.ID))
	if _, err := r.Summarise(t.Context(), a, r.at(in.ID), verification.Text{Text: "Everyone was rescued.", Language: "en"}); code(err) != "unchanged" {
		t.Errorf("a says it twice: %v", err)
	}
	if d := r.judge(a, in.ID, yes()); d.Summaries[0].Approved {
		t.Error("a approved a's own text")
	}
	if d := r.judge(c, in.ID, yes()); !d.Summaries[0].Approved {
		t.Error("c's yes did not approve it")
	}
}

// TestAChangeWaitsInTheQueue: for everybody but those who made it.
func TestAChangeWaitsInTheQueue(t *testing.T) {
	r := newRigOnFile(t)
	a, b := r.volunteer(), r.volunteer()
	in := r.verified(a, b)
	q := r.queue(t, nil)
	see := func(p verification.Person) int { return len(titles(t, q, p)) }
	if see(r.volunteer()) != 0 {
		t.Fatal("something verified waits")
	}
	r.locate(a, in.ID, 2)
	if err := q.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, _, err := q.For(t.Context(), b, 10)
	if err != nil || len(rows) != 1 || rows[0].Needs != "second" || rows[0].WhyNow != "Changed since it was verified; the public sees the change once one more person says yes." || see(a) != 0 {
		t.Errorf("b sees %+v, a sees %d: %v", rows, see(a), err)
	}
	r.approve(b, in.ID)
	if err := q.CatchUp(t.Context()); err != nil || see(r.volunteer()) != 0 {
		t.Errorf("approved, it still waits: %v", err)
	}
}

// TestQueueLoadsWhileItIsRead has something to say under the race detector.
func TestQueueLoadsWhileItIsRead(t *testing.T) {
	r := newRigOnFile(t)
	r.open(crisis.SeverityNormal, told{text: "water", batch: r.id()})
	q, p, loaded := verification.NewQueue(r.Service, nil), r.volunteer(), make(chan error)
	go func() { loaded <- q.Load(t.Context()) }()
	for {
		if _, err := q.Batches(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		titles(t, q, p)
		select {
		case err := <-loaded:
			if err != nil || len(titles(t, q, p)) != 1 {
				t.Errorf("%v", err)
			}
			return
		default:
		}
	}
}
