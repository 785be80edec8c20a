package triage

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store/storetest"
)

func onSQLite(t *testing.T) *house { return newHouse(t, storetest.SQLite(t)) }

func TestAReportOpensAnIncident(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		report := h.report(said{text: "River burst its banks, houses flooded, -1.2621, 36.8586"})
		h.work()
		incident := h.incidentOf(report)
		if incident.Status != crisis.StatusTriaged || incident.Phase != crisis.PhaseOngoing || incident.Version != 1 ||
			keys(incident) != "flood" || incident.Severity != crisis.SeverityNormal || incident.Reports != 1 || incident.Sources != 1 {
			t.Errorf("incident %+v", incident)
		}
		place := h.locationOf(incident)
		if place == nil || place.Lon != 36.8586 || place.Lat != -1.2621 || place.Method != "coordinates" || place.CountryCode != "KE" || place.UncertaintyM < geo.MinUncertaintyM {
			t.Fatalf("place %+v", place)
		}
		candidates, err := crisis.Find[*crisis.Location](t.Context(), h.store, "report", report.ID)
		if err != nil || len(candidates) != 1 || candidates[0].Words.Reveal() != "-1.2621, 36.8586" || candidates[0].Why == "" {
			t.Errorf("candidates %+v, %v", candidates, err)
		}
		if strings.Contains(h.log.String(), "36.85") {
			t.Errorf("the log tells: %s", h.log)
		}
	})
}

func TestWhatJoinsAndWhatDoesNot(t *testing.T) {
	const first = "Water from the river is in our houses at the market, children on tables"
	here := at(36.8586, -1.2621)
	near := func(metres float64) *geo.Point { p := geo.Destination(*here, 90, metres); return &p }
	for _, c := range []struct {
		name          string
		second        said
		joins, maybes bool
	}{
		{"near in space, time and words", said{text: "River water in houses by the market, children standing on tables", point: near(60), accuracy: 20}, true, false},
		{"other words", said{text: "Whole lower row inundated since morning, families leave", point: near(60), accuracy: 20}, false, true},
		{"another category", said{text: "Fire in the houses at the market, flames on the roofs", point: near(60), accuracy: 20}, false, false},
		{"another ticked category", said{text: first, said: []string{"power"}, point: near(60), accuracy: 20}, false, false},
		{"a kilometre off", said{text: "River water in houses by the market, children on tables", point: near(1000), accuracy: 20}, false, false},
		{"three hundred metres off", said{text: "River water in houses by the market, children standing on tables", point: near(300), accuracy: 20}, false, true},
		{"the same text passed on, nowhere", said{text: "WATER from the river is in our houses at the market - children on tables!"}, true, false},
		{"the same text, five kilometres off", said{text: first, point: near(5000), accuracy: 20}, false, false},
		{"nothing said of where", said{text: "River water in houses by the market, children on tables"}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := onSQLite(t)
			opened := h.report(said{text: first, point: here, accuracy: 20})
			second := h.report(c.second)
			h.work()
			a, b := h.incidentOf(opened), h.incidentOf(second)
			if joined := a.ID == b.ID; joined != c.joins {
				t.Errorf("joined is %v", joined)
			}
			relations := all[*crisis.Relation](h)
			if maybe := len(relations) > 0; maybe != c.maybes {
				t.Errorf("suggested is %v", maybe)
			}
			for _, one := range relations {
				if one.Kind != crisis.RelationMaybeSame || one.From != b.ID || one.To != a.ID || one.Why == "" || one.Score <= 0 {
					t.Errorf("relation %+v", one)
				}
			}
		})
	}
}

func TestThreeNearbyEventsStayThree(t *testing.T) {
	h := onSQLite(t)
	for _, text := range []string{
		"Flood water entering houses on Juja Road, -1.2621, 36.8586",
		"Footbridge is gone at 4A nobody can cross -1.2632, 36.8600",
		"Six people trapped on the roof, -1.2612, 36.8574 please hurry",
	} {
		h.report(said{text: text})
	}
	h.work()
	if incidents := all[*crisis.Incident](h); len(incidents) != 3 {
		t.Errorf("%d incidents", len(incidents))
	}
}

func TestTimeParts(t *testing.T) {
	h := onSQLite(t)
	text := "River water in houses by the market, children standing on tables"
	early := h.report(said{text: text, point: at(36.8586, -1.2621), at: h.clock().Add(-71 * time.Hour)})
	late := h.report(said{text: text + " again", point: at(36.8586, -1.2621)})
	h.work()
	if h.incidentOf(early).ID == h.incidentOf(late).ID {
		t.Error("three days apart they joined")
	}
}

func TestOneVoiceCountsOnce(t *testing.T) {
	h := onSQLite(t)
	text := "Nairobi Dam has broken, run to high ground, send this to all"
	first := h.report(said{text: text})
	for range 4 {
		h.report(said{text: "  " + strings.ToUpper(text) + "!!"})
	}
	h.work()
	incident := h.incidentOf(first)
	if incident.Reports != 5 || incident.Sources != 1 {
		t.Errorf("%d reports, %d sources", incident.Reports, incident.Sources)
	}
	other := onSQLite(t)
	words := []string{"River water in houses by the market, children on tables", "Water of the river in houses near market, children on the tables now",
		"houses at the market full of river water children on tables"}
	var opened *crisis.Report
	for i, text := range append(words, words[0]+" help") {
		s := said{text: text, point: at(36.8586, -1.2621), accuracy: 20}
		if i == 3 {
			s.source = opened.Source
		}
		if r := other.report(s); i == 0 {
			opened = r
		}
	}
	other.work()
	if incident := other.incidentOf(opened); incident.Reports != 4 || incident.Sources != 3 || incident.Version != 1 {
		t.Errorf("%d reports, %d sources, version %d", incident.Reports, incident.Sources, incident.Version)
	}
}

func TestAnAmbiguousNameStaysAChoice(t *testing.T) {
	h := onSQLite(t)
	report := h.report(said{text: "Flooded houses in Springfield and Victoria and Santa Cruz"})
	two := h.report(said{text: "Trucks stuck between -1.2621, 36.8586 and -1.3000, 36.9000"})
	box := h.report(said{text: "water everywhere", given: `{"box":[36.7,-1.4,36.9,-1.2]}`})
	h.work()
	for _, one := range []*crisis.Report{report, two, box} {
		if incident := h.incidentOf(one); !incident.Location.IsZero() {
			t.Errorf("%q was placed at %+v", one.Text.Reveal(), h.locationOf(incident))
		}
	}
	if candidates, err := crisis.Find[*crisis.Location](t.Context(), h.store, "report", two.ID); err != nil || len(candidates) != 2 {
		t.Errorf("%d candidates, %v", len(candidates), err)
	}
}

func TestWithdrawal(t *testing.T) {
	h := onSQLite(t)
	text := "River water in houses by the market, children standing on tables"
	one := h.report(said{text: text, point: at(36.8586, -1.2621)})
	two := h.report(said{text: text + " today", point: at(36.8586, -1.2621)})
	h.work()
	incident := h.incidentOf(one)
	if incident.ID != h.incidentOf(two).ID || incident.Reports != 2 {
		t.Fatalf("they did not join: %+v", incident)
	}
	withdraw := func(r *crisis.Report) { r.Withdrawn = true }
	h.revise(one, withdraw)
	h.work()
	if now := h.incidentOf(two); now.Reports != 1 || now.Sources != 1 || now.Status != crisis.StatusTriaged {
		t.Errorf("after one: %+v", now)
	}
	h.revise(two, withdraw)
	h.work()
	now, err := crisis.Get[*crisis.Incident](t.Context(), h.store, incident.ID)
	if err != nil || now.Reports != 0 || now.Sources != 0 || now.Phase != crisis.PhaseOver || now.Status != crisis.StatusUnverifiable {
		t.Errorf("after both: %+v, %v", now, err)
	}
	unseen := h.report(said{text: "never mind"})
	h.revise(unseen, withdraw)
	h.work()
	if memberships, err := crisis.Find[*crisis.Membership](t.Context(), h.store, "report", unseen.ID); err != nil || len(memberships) != 0 {
		t.Errorf("withdrawn before anybody saw it: %d memberships, %v", len(memberships), err)
	}
}

func TestACorrectionIsReadAgain(t *testing.T) {
	h := onSQLite(t)
	report := h.report(said{text: "Flooded houses, -1.2621, 36.8586"})
	h.work()
	report = h.revise(report, func(r *crisis.Report) { r.Text = "Correction: fire, flames, at -1.3000, 36.9000" })
	h.work()
	incident := h.incidentOf(report)
	place := h.locationOf(incident)
	if keys(incident) != "fire" || place == nil || place.Lon != 36.9 || incident.Version != 2 || incident.Reports != 1 {
		t.Errorf("incident %+v at %+v", incident, place)
	}
	candidates, err := crisis.Find[*crisis.Location](t.Context(), h.store, "report", report.ID)
	if err != nil || len(candidates) != 1 || candidates[0].Lon != 36.9 {
		t.Errorf("candidates %+v, %v", candidates, err)
	}
	// What a person decided stays.
	next := *incident
	next.Meta, next.Categories, next.Version = incident.Next(h.clock(), tester), []string{"power"}, 3
	h.write("incident.categorised", &next)
	h.revise(report, func(r *crisis.Report) { r.Text = "and now it is a flood, flooded" })
	h.work()
	if now := h.incidentOf(report); keys(now) != "power" || now.Version != 3 {
		t.Errorf("a person's category was overruled: %+v", now)
	}
}

func TestALaterReportTellsWhatWasMissing(t *testing.T) {
	h := onSQLite(t)
	text := "Many people trapped by water in the nursery school, please come quickly"
	first := h.report(said{text: text, said: []string{"people"}})
	h.report(said{text: text, point: at(36.8586, -1.2621), said: []string{"people", "trapped"}})
	h.work()
	incident := h.incidentOf(first)
	if incident.Reports != 2 || incident.Location.IsZero() || incident.Severity != crisis.SeverityLifeSafety || incident.Version != 2 || keys(incident) != "people trapped" {
		t.Errorf("incident %+v", incident)
	}
}

func TestWhatAnApproverTypesInDoesNotJoin(t *testing.T) {
	h := onSQLite(t)
	text := "River water in houses by the market, children standing on tables"
	first := h.report(said{text: text, point: at(36.8586, -1.2621)})
	h.work()
	// One person approves, and triage does not hear of it before it writes.
	person := &crisis.Person{Meta: h.first(), Name: "Amina"}
	incident := h.incidentOf(first)
	assessment := &crisis.Assessment{Meta: h.first(), Incident: incident.ID, Version: 1, Person: person.ID, Verdict: crisis.VerdictApprove, Credibility: 2, Reliability: "F"}
	assessment.By = crisis.PersonActor(person.ID)
	next := *incident
	next.Meta, next.Status = incident.Next(h.clock(), tester), crisis.StatusProbable
	next.First = crisis.Approval{Assessment: assessment.ID, Person: person.ID}
	h.write("incident.assessed", person, assessment, &next)
	typed := h.report(said{text: text + " now", point: at(36.8586, -1.2621), submitter: person.ID})
	h.service.next = h.size() - 2 // the report and its link
	h.work()
	if own := h.incidentOf(typed); own.ID == incident.ID || own.Location.IsZero() {
		t.Errorf("it became %+v", own)
	}
	other := h.report(said{text: text + " too", point: at(36.8586, -1.2621)})
	h.work()
	if joined := h.incidentOf(other); joined.ID != incident.ID || joined.Status != crisis.StatusProbable || joined.Version != 1 {
		t.Errorf("somebody else's became %+v", joined)
	}
}

func TestTheDeskMovesMeanwhile(t *testing.T) {
	h := onSQLite(t)
	text := "River water in houses by the market, children standing on tables"
	first := h.report(said{text: text, point: at(36.8586, -1.2621)})
	h.work()
	// The desk edits the incident, and triage does not hear of it before it writes.
	incident := h.incidentOf(first)
	next := *incident
	next.Meta, next.Categories, next.Version = incident.Next(h.clock(), tester), []string{"flood", "power"}, 2
	h.write("incident.categorised", &next)
	second := h.report(said{text: text + " now", point: at(36.8586, -1.2621)})
	h.service.next = h.size() - 2 // as if the desk's entry came after
	h.work()
	now := h.incidentOf(second)
	if now.ID != incident.ID || now.Reports != 2 || now.Version != 2 || keys(now) != "flood power" {
		t.Errorf("incident %+v", now)
	}
}

func TestDoingItAgainWritesNothingNew(t *testing.T) {
	h := onSQLite(t)
	text := "River water in houses by the market, children standing on tables"
	one := h.report(said{text: text, point: at(36.8586, -1.2621)})
	h.report(said{text: text + " now", point: at(36.8586, -1.2621)})
	h.report(said{text: "Fire at Ngara, flames on roofs"})
	gone := h.report(said{text: "nothing"})
	h.work()
	h.revise(one, func(r *crisis.Report) { r.Text = "Fire -1.2700, 36.8600" })
	h.revise(gone, func(r *crisis.Report) { r.Withdrawn = true })
	h.work()
	size := h.size()
	back := crisis.Change{Action: "test.back", Actor: tester, At: h.clock(), Then: crisis.Effects{Advance: &crisis.Cursor{Consumer: Consumer}}}
	if _, err := h.store.Write(t.Context(), back); err != nil {
		t.Fatal(err)
	}
	h.service.lease = crisis.Lease{}
	h.service.renewed = time.Time{}
	h.work()
	if after := h.size(); after != size {
		t.Errorf("the ledger grew from %d to %d", size, after)
	}
}

// groups are texts about things that lie far apart; each is told several times,
// some passed on word for word.
var groups = [][]said{
	{{text: "River water in houses by the market, children standing on tables", point: at(36.8586, -1.2621)},
		{text: "River water in houses by the market, children standing on tables"},
		{text: "RIVER WATER in houses by the market; children standing on tables", point: at(36.8588, -1.2622)}},
	{{text: "Fire at the paint store, black smoke over the workshops", point: at(36.9000, -1.3000)},
		{text: "fire at the paint store: black smoke over the workshops"}},
	{{text: "Nairobi Dam has broken, run to high ground, send this to all"}, {text: "Nairobi Dam has broken run to high ground send this to all"},
		{text: "NAIROBI DAM HAS BROKEN, run to high ground, send this to all!"}, {text: "RT @juma: Nairobi Dam has broken, run to high ground, send this to all"},
		{text: "Fwd: Nairobi Dam has broken, run to high ground, send thi…"}},
	{{text: "Wall fell on two cars beside the stadium gate", point: at(36.7800, -1.2300)}},
}

func TestTheOrderOfArrivalDoesNotMatter(t *testing.T) {
	var want []string
	for round := range 6 {
		h := onSQLite(t)
		type told struct{ group, number int }
		var order []told
		for g, group := range groups {
			for n := range group {
				order = append(order, told{g, n})
			}
		}
		if round > 0 {
			random := rand.New(rand.NewPCG(uint64(round), 7))
			random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		batches := 1 + round%3 // with triage working in between
		reports := map[told]*crisis.Report{}
		for i, one := range order {
			reports[one] = h.report(groups[one.group][one.number])
			if i%batches == 0 {
				h.work()
			}
		}
		h.work()
		var got []string
		for g, group := range groups {
			ids := map[crisis.ID]bool{}
			for n := range group {
				ids[h.incidentOf(reports[told{g, n}]).ID] = true
			}
			incident := h.incidentOf(reports[told{g, 0}])
			got = append(got, strings.Join([]string{keys(incident), string(rune('0' + len(ids))), string(rune('0' + incident.Reports)), string(rune('0' + incident.Sources))}, " "))
		}
		if round == 0 {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Errorf("round %d gives %q, want %q", round, got, want)
		}
	}
	if !slices.Equal(want, []string{"flood 1 3 1", "fire 1 2 1", "rumour 1 5 1", "collapse 1 1 1"}) {
		t.Errorf("groups became %q", want)
	}
}

func TestAnotherInstanceTakesOver(t *testing.T) {
	h := onSQLite(t)
	text := "River water in houses by the market, children standing on tables"
	first := h.report(said{text: text, point: at(36.8586, -1.2621)})
	h.work()
	other := h.another("other")
	second := h.report(said{text: text + " now", point: at(36.8586, -1.2621)})
	h.workBy(other)
	if memberships, _ := crisis.Find[*crisis.Membership](t.Context(), h.store, "report", second.ID); len(memberships) != 0 {
		t.Fatal("it worked without the lease")
	}
	h.late = time.Minute
	h.workBy(other)
	if h.incidentOf(first).ID != h.incidentOf(second).ID {
		t.Error("the new holder did not know the incident")
	}
	h.report(said{text: "Fire at Ngara, flames"})
	if _, err := h.service.Step(t.Context()); err != nil {
		t.Errorf("the former holder: %v", err)
	}
	if n := len(all[*crisis.Incident](h)); n != 1 {
		t.Errorf("the former holder wrote: %d incidents", n)
	}
}

func TestARowOfAnImportNeverJoins(t *testing.T) {
	h := onSQLite(t)
	text, batch := "River water in houses by the market, children standing on tables", h.id()
	one := h.report(said{text: text, point: at(36.8586, -1.2621), batch: batch})
	two := h.report(said{text: text, point: at(36.8586, -1.2621), batch: batch})
	live := h.report(said{text: text, point: at(36.8586, -1.2621)})
	h.work()
	if a, b, c := h.incidentOf(one), h.incidentOf(two), h.incidentOf(live); a.ID == b.ID || c.ID == a.ID || c.ID == b.ID {
		t.Error("imported rows joined")
	}
	if len(all[*crisis.Relation](h)) == 0 {
		t.Error("duplicates are not suggested")
	}
}
