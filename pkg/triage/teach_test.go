package triage

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/gazetteer"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// categorise is what the desk writes when a person sets an incident's
// categories.
func (h *house) categorise(person crisis.ID, in *crisis.Incident, severity crisis.Severity, keys ...string) {
	h.t.Helper()
	next := *in
	next.Meta, next.Version = in.Next(h.clock(), crisis.PersonActor(person)), in.Version+1
	next.Categories, next.Severity, next.EditedBy.Categories = keys, severity, []crisis.ID{person}
	h.by(person, "incident.categorised", &next)
}

// judge is what the desk writes when a person judges an incident.
func (h *house) judge(person crisis.ID, in *crisis.Incident, verdict crisis.Verdict) {
	h.t.Helper()
	assessment := &crisis.Assessment{Meta: crisis.First(h.id(), h.clock(), crisis.PersonActor(person)), Incident: in.ID, Version: in.Version,
		Person: person, Verdict: verdict, Credibility: 3, Reliability: "F"}
	next := *in
	next.Meta, next.Version = in.Next(h.clock(), crisis.PersonActor(person)), in.Version+1 // so that they can judge again
	switch verdict {
	case crisis.VerdictApprove:
		next.Status, next.First = crisis.StatusProbable, crisis.Approval{Assessment: assessment.ID, Person: person}
	case crisis.VerdictSpam:
		next.Status = crisis.StatusSpam
	}
	h.by(person, "incident.assessed", assessment, &next)
}

func (h *house) by(person crisis.ID, action string, records ...crisis.Record) {
	h.t.Helper()
	change := crisis.Change{Action: action, Actor: crisis.PersonActor(person), At: h.clock(), Put: records}
	if _, err := h.store.Write(h.t.Context(), change); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) person(name string) crisis.ID {
	h.t.Helper()
	person := &crisis.Person{Meta: h.first(), Name: name}
	h.write("person.added", person)
	return person.ID
}

// lesson follows everything that was decided, as a process of its own would.
func (h *house) lesson(p *pupil) *pupil {
	h.t.Helper()
	if err := p.catchUp(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	return p
}

func (h *house) newPupil() *pupil { return newPupil(h.store, testReader(h.t), h.service.log) }

// A dialect's words for things that the lexicon has never heard of.
var dialect = []struct{ text, category string }{
	{"the zuzu by the mill is dead again", "power"}, {"no zuzu at the clinic since noon", "power"}, {"zuzu sparks and went dark", "power"},
	{"the grell came down on our lane", "road_blocked"}, {"grell all over the lane, carts turn back", "road_blocked"}, {"lane shut by grell", "road_blocked"},
}

func TestDecisionsTeachWhatWordsMeanHere(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		person, live := h.person("Amina"), h.newPupil()
		h.lesson(live) // there is nothing yet
		if got := live.reader.Explain("zuzu gone at the school", "", gazetteer.Near{}); len(got.Categories) != 0 {
			t.Fatalf("untaught it says %+v", got.Categories)
		}
		for round := range 4 {
			for _, one := range dialect {
				report := h.report(said{text: one.text, point: at(36.7+0.1*float64(round), -1.2621)})
				h.work()
				h.categorise(person, h.incidentOf(report), crisis.SeverityLifeSafety, one.category)
			}
			spam := h.report(said{text: "buy the best phones from Kilo traders, cheap cheap"})
			h.work()
			h.judge(person, h.incidentOf(spam), crisis.VerdictSpam)
			h.lesson(live)
		}
		got := live.reader.Explain("zuzu gone at the school", "", gazetteer.Near{})
		if len(got.Categories) == 0 || got.Categories[0].Key != "power" || got.Categories[0].Decisions == 0 ||
			!strings.Contains(got.Categories[0].Why, "learned here: “zuzu” was judged power") ||
			!slices.ContainsFunc(got.Categories[0].Words, func(w geo.Words) bool { return w.Text == "zuzu" && w.Start == 0 }) {
			t.Errorf("categories %+v", got.Categories)
		}
		if !strings.Contains(got.Urgency.Why, "judged life at risk") || got.Urgency.Decisions == 0 {
			t.Errorf("urgency %+v", got.Urgency)
		}
		spam := live.reader.Explain("cheap phones from Kilo", "", gazetteer.Near{})
		if fresh := testReader(t).Explain("cheap phones from Kilo", "", gazetteer.Near{}); spam.Relevance.Score >= fresh.Relevance.Score ||
			!strings.Contains(spam.Relevance.Why, "“phones” was judged not worth following 4 times") {
			t.Errorf("relevance %+v, before %+v", spam.Relevance, fresh.Relevance)
		}
		// Made anew from the records, it says the same.
		again := h.lesson(h.newPupil())
		for _, text := range []string{"zuzu gone at the school", "cheap phones from Kilo", "grell here"} {
			if diff := cmp.Diff(live.reader.Explain(text, "", gazetteer.Near{}), again.reader.Explain(text, "", gazetteer.Near{})); diff != "" {
				t.Errorf("%q: %s", text, diff)
			}
		}
		if log := h.log.String(); strings.Contains(log, "zuzu") {
			t.Errorf("the log tells: %s", log)
		}
	})
}

func TestWhatIsAndIsNotALesson(t *testing.T) {
	h := onSQLite(t)
	first, second := h.person("Amina"), h.person("Baraka")
	p := h.newPupil()
	lessons := func() int {
		h.lesson(p)
		return p.reader.Explain("zuzu", "", gazetteer.Near{}).Relevance.Decisions
	}
	report := h.report(said{text: "the zuzu by the mill is dead", said: []string{"power"}})
	h.report(said{text: "The ZUZU by the mill is dead!"}) // passed on
	h.work()
	if n := lessons(); n != 0 {
		t.Fatalf("what the source named taught %d", n)
	}
	h.judge(first, h.incidentOf(report), crisis.VerdictDoubt)
	if n := lessons(); n != 0 {
		t.Errorf("a doubt taught %d", n)
	}
	h.judge(first, h.incidentOf(report), crisis.VerdictApprove)
	if n := lessons(); n != 1 {
		t.Errorf("a yes over two reports with one text taught %d", n)
	}
	h.judge(second, h.incidentOf(report), crisis.VerdictDoubt)
	h.lesson(p)
	if n := lessons(); n != 1 {
		t.Errorf("a second person who changes nothing taught %d", n)
	}
	h.judge(first, h.incidentOf(report), crisis.VerdictSpam)
	if n := lessons(); n != 2 {
		t.Errorf("a change of mind taught %d", n)
	}
}
