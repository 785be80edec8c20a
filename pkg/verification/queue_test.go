package verification_test

import (
	"slices"
	"testing"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/verification"
)

func (r *rig) queue(t *testing.T, changed func(crisis.ID)) *verification.Queue {
	t.Helper()
	q := verification.NewQueue(r.Service, changed)
	if err := q.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return q
}

func titles(t *testing.T, q *verification.Queue, p verification.Person) []string {
	t.Helper()
	rows, _, err := q.For(t.Context(), p, 100)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, row := range rows {
		out = append(out, row.Title)
	}
	return out
}

// TestQueueOrder: life-safety first, then what one more person settles, then the
// oldest; each source's first before any source's second.
func TestQueueOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		loud, typist := r.id(), r.volunteer()
		add := func(severity crisis.Severity, one told) *crisis.Incident {
			r.pass(time.Second)
			return r.open(severity, one)
		}
		add(crisis.SeverityNormal, told{text: "loud 1", source: loud})
		add(crisis.SeverityNormal, told{text: "loud 2", source: loud})
		add(crisis.SeverityNormal, told{text: "loud 3", source: loud})
		add(crisis.SeverityNormal, told{text: "quiet"})
		half := add(crisis.SeverityNormal, told{text: "half done"})
		add(crisis.SeverityLifeSafety, told{text: "on the roof"})
		add(crisis.SeverityNormal, told{text: "called in", submitter: typist.ID})
		held := add(crisis.SeverityLifeSafety, told{text: "held"})
		first := r.volunteer()
		r.judge(first, half.ID, yes())
		r.ticket(first, held.ID)
		q := r.queue(t, nil)
		want := []string{"on the roof", "half done", "loud 1", "quiet", "called in", "loud 2", "loud 3", "held"}
		if got := titles(t, q, r.volunteer()); !slices.Equal(got, want) {
			t.Errorf("anybody sees %v,\nwant %v", got, want)
		}
		if got := titles(t, q, typist); slices.Contains(got, "called in") {
			t.Errorf("the submitter sees %v", got)
		}
		if got := titles(t, q, first); slices.Contains(got, "half done") || got[0] != "on the roof" || got[1] != "held" {
			t.Errorf("who judged one and holds one sees %v", got)
		}
	})
}

func TestQueueFollows(t *testing.T) {
	r := newRigOnFile(t)
	var changed []crisis.ID
	q := r.queue(t, func(id crisis.ID) { changed = append(changed, id) })
	follow := func() {
		t.Helper()
		if err := q.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	in := r.open(crisis.SeverityLifeSafety, told{text: "on the roof"})
	follow()
	a, b := r.volunteer(), r.volunteer()
	if got := titles(t, q, b); !slices.Equal(got, []string{"on the roof"}) {
		t.Fatalf("got %v", got)
	}
	r.judge(a, in.ID, yes())
	follow()
	if got := titles(t, q, b); len(got) != 0 {
		t.Errorf("a second volunteer is asked where a verifier is wanted: %v", got)
	}
	rows, open, err := q.For(t.Context(), r.verifier(), 10)
	if err != nil || open != 1 || rows[0].Needs != "verifier" || rows[0].Approvals != 1 || rows[0].WhyNow == "" {
		t.Errorf("%+v, %d open, %v", rows, open, err)
	}
	r.judge(r.verifier(), in.ID, yes())
	follow()
	if rows, _, _ := q.For(t.Context(), b, 10); len(rows) != 1 || rows[0].Needs != "location" {
		t.Errorf("verified and nowhere: %+v", rows)
	}
	r.judge(r.verifier(), in.ID, no())
	follow()
	if _, open, _ := q.For(t.Context(), b, 10); open != 0 {
		t.Errorf("%d are open", open)
	}
	if len(changed) != 4 || changed[0] != in.ID {
		t.Errorf("told of %v", changed)
	}
}

// TestBatch: two people judge an import as a whole, each after a sample.
func TestBatch(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		batch, importer := r.id(), r.volunteer()
		var all []*crisis.Incident
		for range 30 {
			all = append(all, r.open(crisis.SeverityNormal, told{text: "row", batch: batch, submitter: importer.ID}))
		}
		q := r.queue(t, nil)
		assess := func(p verification.Person) (int, error) {
			return r.AssessBatch(t.Context(), p, batch, crisis.VerdictApprove, "known to the Red Cross")
		}
		openSample := func(p verification.Person) {
			b, err := r.Batch(t.Context(), p, batch)
			if err != nil || b.Rows != 30 || len(b.Sample) != verification.SampleSize(30) {
				t.Fatalf("%+v, %v", b, err)
			}
			for _, id := range b.Sample {
				r.Opened(p.ID, r.current(id))
			}
		}
		a, b := r.volunteer(), r.volunteer()
		if _, err := assess(a); code(err) != "sample" {
			t.Errorf("judged unseen: %v", err)
		}
		openSample(importer)
		if _, err := assess(importer); code(err) != "submitter" {
			t.Errorf("its importer judged it: %v", err)
		}
		openSample(a)
		if n, err := assess(a); err != nil || n != 30 {
			t.Fatalf("%d judged: %v", n, err)
		}
		if n, err := assess(a); err != nil || n != 0 {
			t.Errorf("the same person again: %d, %v", n, err)
		}
		r.judge(r.volunteer(), all[0].ID, no())
		openSample(b)
		if n, err := assess(b); err != nil || n != 30 {
			t.Fatalf("%d judged: %v", n, err)
		}
		for i, in := range all {
			if now := r.current(in.ID); now.Status != crisis.StatusVerified || now.Shown.Reports != 1 {
				t.Errorf("row %d is %s", i, now.Status)
			}
		}
		batches, err := q.Batches(t.Context(), a)
		if err != nil || len(batches) != 1 || batches[0].Approvals != 2 {
			t.Errorf("%+v, %v", batches, err)
		}
	})
}

func TestSampleSize(t *testing.T) {
	for rows, want := range map[int]int{0: 0, 1: 1, 20: 1, 21: 2, 200: 10, 400: 20, 3593: 20} {
		if got := verification.SampleSize(rows); got != want {
			t.Errorf("of %d rows: %d, want %d", rows, got, want)
		}
	}
}

func TestSearch(t *testing.T) {
	r := newRigOnFile(t)
	in := r.flood("Bridge under Water")
	r.flood("fire in the market")
	rows, next, err := r.Search(t.Context(), verification.Search{Words: "water BRIDGE", Statuses: []crisis.Status{crisis.StatusTriaged}, Limit: 10})
	if err != nil || len(rows) != 1 || rows[0].Incident.ID != in.ID || !next.IsZero() {
		t.Errorf("%+v, %v, %v", rows, next, err)
	}
	first, next, err := r.Search(t.Context(), verification.Search{Limit: 1})
	if err != nil || len(first) != 1 || next.IsZero() {
		t.Fatalf("%+v, %v", first, err)
	}
	rest, _, err := r.Search(t.Context(), verification.Search{Limit: 5, After: next})
	if err != nil || len(rest) != 1 || rest[0].Incident.ID == first[0].Incident.ID {
		t.Errorf("%+v, %v", rest, err)
	}
}
