package verification_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/verification"
)

// likeness is what of an incident its reports decide.
type likeness struct {
	Held            []crisis.ID
	Reports         uint32
	Sources         uint32
	First, Last     time.Time
	Occurred        crisis.EventTime
	Status          crisis.Status
	Severity        crisis.Severity
	Categories      []string
	Phase           crisis.Phase
	MergedElsewhere bool
}

func (r *rig) likenessOf(id crisis.ID) likeness {
	in := r.current(id)
	return likeness{Held: r.reportsOf(id), Reports: in.Reports, Sources: in.Sources, First: in.FirstReceived, Last: in.LastReceived, Occurred: in.Occurred,
		Status: in.Status, Severity: in.Severity, Categories: in.Categories, Phase: in.Phase, MergedElsewhere: !in.MergedInto.IsZero()}
}

// Merging incidents of one kind and splitting the same reports out again leaves
// both as they were, but for the second's identity and whom people have judged.
func TestMergeThenSplitIsIdentity(t *testing.T) {
	r := newRigOnFile(t)
	rapid.Check(t, func(t *rapid.T) {
		open := func(name string) *crisis.Incident {
			shared := []crisis.ID{r.id(), r.id()}
			var reports []told
			for i := range rapid.IntRange(1, 4).Draw(t, name) {
				one := told{text: fmt.Sprintf("%s %d", name, rapid.IntRange(0, 2).Draw(t, "text"))}
				if i > 0 && rapid.Bool().Draw(t, "again") {
					one.source = rapid.SampledFrom(shared).Draw(t, "source")
				}
				reports = append(reports, one)
			}
			r.pass(time.Minute)
			return r.open(crisis.SeverityNormal, reports...)
		}
		a, b := open("a"), open("b")
		r.recount(a.ID)
		r.recount(b.ID)
		wantA, wantB := r.likenessOf(a.ID), r.likenessOf(b.ID)
		merged, err := r.merge(a.ID, b.ID)
		if err != nil {
			t.Fatal(err)
		}
		if held := len(merged.Reports); held != len(wantA.Held)+len(wantB.Held) {
			t.Fatalf("merged it holds %d reports", held)
		}
		parted, err := r.Split(r.t.Context(), r.volunteer(), verification.Ticket{Incident: a.ID, Version: r.current(a.ID).Version}, wantB.Held)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(wantA, r.likenessOf(a.ID)); diff != "" {
			t.Fatalf("the first (-before +after):\n%s", diff)
		}
		if diff := cmp.Diff(wantB, r.likenessOf(parted.Incident.ID)); diff != "" {
			t.Fatalf("the second (-before +after):\n%s", diff)
		}
	})
}

// recount gives an incident the counts of its reports, by taking one in and
// letting it go.
func (r *rig) recount(id crisis.ID) {
	r.t.Helper()
	extra := r.flood("something else altogether")
	held := r.reportsOf(extra.ID)
	if _, err := r.merge(id, extra.ID); err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.Split(r.t.Context(), r.volunteer(), verification.Ticket{Incident: id, Version: r.current(id).Version}, held); err != nil {
		r.t.Fatal(err)
	}
}
