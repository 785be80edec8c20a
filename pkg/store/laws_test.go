package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/storetest"
)

// desk is an incident with one report, and what two people made of it.
type desk struct {
	incident                 *crisis.Incident
	report                   *crisis.Report
	amina, joseph, submitter crisis.ID
	yes                      map[crisis.ID]crisis.Approval
}

func judgement(t testing.TB, incident *crisis.Incident, person crisis.ID, verdict crisis.Verdict, asVerifier bool) *crisis.Assessment {
	t.Helper()
	return &crisis.Assessment{Meta: crisis.First(newID(t), time.Now(), crisis.PersonActor(person)), Incident: incident.ID,
		Version: incident.Version, Person: person, Verdict: verdict, Credibility: 2, Reliability: "B", AsVerifier: asVerifier}
}

// newDesk: Amina and Joseph both said yes, neither as a verifier.
func newDesk(t testing.TB, s *store.Store) *desk {
	d := &desk{incident: incident(t, s), amina: newID(t), joseph: newID(t), submitter: newID(t), yes: map[crisis.ID]crisis.Approval{}}
	d.report = &crisis.Report{Meta: first(t), Text: "water", Submitter: d.submitter}
	write(t, s, put(d.report, &crisis.Membership{Meta: first(t), Report: d.report.ID, Incident: d.incident.ID, Reason: "opened"}))
	for _, person := range []crisis.ID{d.amina, d.joseph, d.submitter} {
		one := judgement(t, d.incident, person, crisis.VerdictApprove, false)
		write(t, s, put(one))
		d.yes[person] = crisis.Approval{Assessment: one.ID, Person: person}
	}
	return d
}

// next is the incident's next revision with a status and approvals.
func (d *desk) next(status crisis.Status, first, second crisis.Approval) *crisis.Incident {
	one := revised(d.incident)
	one.Status, one.First, one.Second = status, first, second
	return one
}

// TestNobodyVerifiesAlone is law 5 as the database holds it, through Write. Each
// table first shows what is allowed.
func TestNobodyVerifiesAlone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		nobody := crisis.Approval{}
		for _, test := range []struct {
			name  string
			wrong bool
			next  func(d *desk) []crisis.Record
		}{
			{"probable by one", false, func(d *desk) []crisis.Record {
				return []crisis.Record{d.next(crisis.StatusProbable, d.yes[d.amina], nobody)}
			}},
			{"verified by two", false, func(d *desk) []crisis.Record {
				return []crisis.Record{d.next(crisis.StatusVerified, d.yes[d.amina], d.yes[d.joseph])}
			}},
			{"an assessment put after the incident that rests on it", false, func(d *desk) []crisis.Record {
				third := judgement(t, d.incident, newID(t), crisis.VerdictApprove, false)
				return []crisis.Record{d.next(crisis.StatusProbable, crisis.Approval{Assessment: third.ID, Person: third.Person}, nobody), third}
			}},
			{"verified by one", true, func(d *desk) []crisis.Record {
				return []crisis.Record{d.next(crisis.StatusVerified, d.yes[d.amina], nobody)}
			}},
			{"verified by nobody", true, func(d *desk) []crisis.Record {
				return []crisis.Record{d.next(crisis.StatusVerified, nobody, nobody)}
			}},
			{"probable by nobody", true, func(d *desk) []crisis.Record {
				return []crisis.Record{d.next(crisis.StatusProbable, nobody, nobody)}
			}},
			{"one person twice", true, func(d *desk) []crisis.Record {
				return []crisis.Record{d.next(crisis.StatusVerified, d.yes[d.amina], d.yes[d.amina])}
			}},
			{"an assessment nobody made", true, func(d *desk) []crisis.Record {
				return []crisis.Record{d.next(crisis.StatusProbable, crisis.Approval{Assessment: newID(t), Person: d.amina}, nobody)}
			}},
			{"an assessment of another person", true, func(d *desk) []crisis.Record {
				swapped := d.yes[d.amina]
				swapped.Person = d.joseph
				return []crisis.Record{d.next(crisis.StatusProbable, swapped, nobody)}
			}},
			{"an assessment of another incident", true, func(d *desk) []crisis.Record {
				other := newDesk(t, s)
				return []crisis.Record{d.next(crisis.StatusProbable, other.yes[other.amina], nobody)}
			}},
			{"a doubt for an approval", true, func(d *desk) []crisis.Record {
				doubt := judgement(t, d.incident, newID(t), crisis.VerdictDoubt, false)
				return []crisis.Record{doubt, d.next(crisis.StatusProbable, crisis.Approval{Assessment: doubt.ID, Person: doubt.Person}, nobody)}
			}},
			{"a verifier who is none", true, func(d *desk) []crisis.Record {
				boast := d.yes[d.amina]
				boast.AsVerifier = true
				return []crisis.Record{d.next(crisis.StatusProbable, boast, nobody)}
			}},
			{"life safety without a verifier", true, func(d *desk) []crisis.Record {
				one := d.next(crisis.StatusVerified, d.yes[d.amina], d.yes[d.joseph])
				one.Severity = crisis.SeverityLifeSafety
				return []crisis.Record{one}
			}},
			{"life safety with one", false, func(d *desk) []crisis.Record {
				third := judgement(t, d.incident, newID(t), crisis.VerdictApprove, true)
				one := d.next(crisis.StatusVerified, d.yes[d.amina], crisis.Approval{Assessment: third.ID, Person: third.Person, AsVerifier: true})
				one.Severity = crisis.SeverityLifeSafety
				return []crisis.Record{third, one}
			}},
			{"a machine's assessment", true, func(d *desk) []crisis.Record {
				machine := judgement(t, d.incident, newID(t), crisis.VerdictApprove, false)
				machine.By = crisis.SystemActor("triage")
				return []crisis.Record{machine}
			}},
			{"the submitter first", true, func(d *desk) []crisis.Record {
				return []crisis.Record{d.next(crisis.StatusProbable, d.yes[d.submitter], nobody)}
			}},
			{"the submitter second", true, func(d *desk) []crisis.Record {
				return []crisis.Record{d.next(crisis.StatusVerified, d.yes[d.amina], d.yes[d.submitter])}
			}},
			{"a report of an approver joins", true, func(d *desk) []crisis.Record {
				typed := &crisis.Report{Meta: first(t), Submitter: d.amina}
				return []crisis.Record{typed, d.next(crisis.StatusProbable, d.yes[d.amina], nobody),
					&crisis.Membership{Meta: first(t), Report: typed.ID, Incident: d.incident.ID}}
			}},
			{"a report turns out to be an approver's", true, func(d *desk) []crisis.Record {
				typed := revised(d.report)
				typed.Submitter = d.amina
				return []crisis.Record{typed, d.next(crisis.StatusProbable, d.yes[d.amina], nobody)}
			}},
		} {
			d := newDesk(t, s)
			_, err := s.Write(t.Context(), put(test.next(d)...))
			if want := map[bool]error{true: crisis.ErrTwo}[test.wrong]; !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", test.name, err, want)
			}
		}
		verified(t, s)
	})
}

// TestSubmitterLeaves: once the report has left, its submitter may approve.
func TestSubmitterLeaves(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		d := newDesk(t, s)
		members, err := crisis.Find[*crisis.Membership](t.Context(), s, "incident", d.incident.ID)
		if err != nil || len(members) != 1 {
			t.Fatal(len(members), err)
		}
		ended := revised(members[0])
		ended.Ended = true
		write(t, s, put(ended))
		write(t, s, put(d.next(crisis.StatusProbable, d.yes[d.submitter], crisis.Approval{})))
	})
}

func TestOnceAVersion(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		d := newDesk(t, s)
		again := judgement(t, d.incident, d.amina, crisis.VerdictRefute, false)
		if _, err := s.Write(t.Context(), put(again)); !errors.Is(err, crisis.ErrAssessed) {
			t.Errorf("assessed twice: %v", err)
		}
		guard := put(again)
		guard.Guard.NotAssessed = &crisis.AssessedOnce{Incident: d.incident.ID, Person: d.amina, Version: d.incident.Version}
		if _, err := s.Write(t.Context(), guard); !errors.Is(err, crisis.ErrAssessed) {
			t.Errorf("guarded: %v", err)
		}
		d.incident.Version++
		write(t, s, put(judgement(t, d.incident, d.amina, crisis.VerdictRefute, false)))
	})
}

// TestLawsHoldBehindOurBack writes SQL past the store. The first line shows that
// such a statement does reach the rows.
func TestLawsHoldBehindOurBack(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		s := storetest.Opener(t, url)()
		d := newDesk(t, s)
		write(t, s, put(message(t, newID(t), 1, 1)))
		write(t, s, put(d.next(crisis.StatusProbable, d.yes[d.amina], crisis.Approval{})))
		db := behind(t, url)
		if result, err := db.Exec("UPDATE incident SET phase = 'over' WHERE valid_to IS NULL"); err != nil {
			t.Fatal(err)
		} else if n, _ := result.RowsAffected(); n != 1 {
			t.Fatalf("%d rows", n)
		}
		const mine = " WHERE valid_to IS NULL"
		second := func(of crisis.ID) string {
			return "second_assessment = '" + d.yes[of].Assessment.String() + "', second_person = '" + of.String() + "'"
		}
		for name, statement := range map[string]string{
			"verified alone":           "UPDATE incident SET status = 'verified'" + mine,
			"with the submitter":       "UPDATE incident SET status = 'verified', " + second(d.submitter) + mine,
			"with oneself":             "UPDATE incident SET status = 'verified', " + second(d.amina) + mine,
			"with an invention":        "UPDATE incident SET second_assessment = 'x', second_person = 'y'" + mine,
			"without the first":        "UPDATE incident SET first_person = NULL, first_assessment = NULL" + mine,
			"a verifier by decree":     "UPDATE incident SET first_as_verifier = NOT first_as_verifier" + mine,
			"the report handed over":   "UPDATE report SET submitter = '" + d.amina.String() + "'" + mine,
			"a judgement turned round": "UPDATE assessment SET verdict = 'refute'",
			"a judgement moved":        "UPDATE assessment SET entry = entry + 1",
			"a judgement deleted":      "DELETE FROM assessment",
			"an original changed":      "UPDATE message SET raw = digest",
			"an original deleted":      "DELETE FROM message",
			"an original's id changed": "UPDATE message SET provider_key = digest",
			"the ledger changed":       "UPDATE ledger_entry SET leaf = leaf",
			"the ledger cut":           "DELETE FROM ledger_entry",
		} {
			if _, err := db.Exec(statement); err == nil {
				t.Errorf("%s: the database allowed it", name)
			} else if strings.Contains(err.Error(), "syntax") || strings.Contains(err.Error(), "no such") || strings.Contains(err.Error(), "type") {
				t.Errorf("%s: refused for another reason: %v", name, err)
			}
		}
		if _, err := db.Exec("UPDATE incident SET status = 'verified', " + second(d.joseph) + mine); err != nil {
			t.Errorf("two real people, behind our back, the database itself cannot refuse: %v", err)
		}
		verdict, err := s.Verify(t.Context(), nil, nil)
		if err != nil || len(verdict.Faults) == 0 {
			t.Errorf("but verify must find it: %v", err)
		}
	})
}
