package verification_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/verification"
)

func code(err error) string {
	var refusal *verification.Refusal
	switch {
	case errors.As(err, &refusal):
		return refusal.Code
	case errors.Is(err, crisis.ErrStale):
		return "stale"
	case errors.Is(err, crisis.ErrNoClaim):
		return "no claim"
	case errors.Is(err, crisis.ErrClaimed):
		return "claimed"
	case errors.Is(err, crisis.ErrAssessed):
		return "assessed"
	case errors.Is(err, crisis.ErrTwo):
		return "two"
	case err != nil:
		return err.Error()
	}
	return ""
}

// TestTwoPeopleVerify is the whole way: claimed, judged, claimed by another,
// judged, verified, its summary approved in the same stroke.
func TestTwoPeopleVerify(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		in := r.flood("Bridge under water", "The bridge is flooded")
		first := yes()
		first.Summary = &verification.Text{Text: "The bridge is under water.", Language: "en"}
		first.Evidence = []verification.Exhibit{{Kind: crisis.EvidenceLink, URL: "https://example.org/photo", Note: "same bridge"}}
		a, b := r.volunteer(), r.volunteer()
		d := r.judge(a, in.ID, first)
		if d.Incident.Status != crisis.StatusProbable || d.Incident.First.Person != a.ID || d.Incident.Version != 2 || d.Summaries[0].Approved ||
			len(d.Evidence) != 1 || d.Evidence[0].URL.Reveal() != "https://example.org/photo" {
			t.Fatalf("after one: %+v", d.Incident)
		}
		if claims, err := r.store.Claims(t.Context()); err != nil || len(claims) != 0 {
			t.Errorf("the claim did not end: %v, %v", claims, err)
		}
		d = r.judge(b, in.ID, yes())
		if d.Incident.Status != crisis.StatusVerified || d.Incident.Second.Person != b.ID || !d.Summaries[0].Approved ||
			d.Incident.Shown.Reports != 2 || d.Incident.Shown.Sources != 2 {
			t.Fatalf("after two: %+v, summary %+v", d.Incident, d.Summaries[0])
		}
		if d = r.judge(r.verifier(), in.ID, no()); d.Incident.Status != crisis.StatusRefuted {
			t.Errorf("a verifier's no leaves it %s", d.Incident.Status)
		}
	})
}

func TestWhoMayAssess(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		typist, earlier, holder := r.volunteer(), r.volunteer(), r.volunteer()
		for _, test := range []struct {
			name   string
			person verification.Person
			alter  func(*verification.Ticket)
			want   string
		}{
			{"a volunteer", r.volunteer(), nil, ""},
			{"a coordinator", r.person(crisis.RoleCoordinator), nil, ""},
			{"an admin", r.person(crisis.RoleAdmin), nil, "role"},
			{"a volunteer who is admin too", r.person(crisis.RoleVolunteer, crisis.RoleAdmin), nil, "role"},
			{"a responder at the desk", r.person(crisis.RoleResponder), nil, "role"},
			{"nobody in particular", r.person(), nil, "role"},
			{"who typed it in", typist, nil, "submitter"},
			{"who judged this version", earlier, nil, "assessed"},
			{"an old version", r.volunteer(), func(t *verification.Ticket) { t.Version = 7 }, "stale"},
			{"a token that was never given", r.volunteer(), func(t *verification.Ticket) { t.Token = "guessed" }, "no claim"},
			{"without a claim, held by nobody", r.volunteer(), nil, ""},
		} {
			t.Run(test.name, func(t *testing.T) {
				in := r.open(crisis.SeverityNormal, told{text: "water", submitter: typist.ID})
				r.judge(earlier, in.ID, yes())
				ticket := verification.Ticket{Incident: in.ID, Version: 1}
				if test.alter != nil {
					test.alter(&ticket)
				}
				if _, err := r.Assess(t.Context(), test.person, ticket, yes()); code(err) != test.want {
					t.Errorf("got %q, want %q", code(err), test.want)
				}
			})
		}
		in := r.flood("water")
		r.ticket(holder, in.ID)
		if _, err := r.Assess(t.Context(), r.volunteer(), verification.Ticket{Incident: in.ID, Version: 1}, yes()); code(err) != "claimed" {
			t.Errorf("judged what somebody else holds: %v", err)
		}
		r.pass(verification.ClaimLife + time.Second)
		if _, err := r.Assess(t.Context(), r.volunteer(), verification.Ticket{Incident: in.ID, Version: 1}, yes()); err != nil {
			t.Errorf("a claim that ended still holds: %v", err)
		}
	})
}

func TestWhatAJudgementMustSay(t *testing.T) {
	r := newRigOnFile(t)
	in := r.flood("water")
	for field, j := range map[string]verification.Judgement{
		"verdict":       {Verdict: "maybe"},
		"credibility":   {Verdict: crisis.VerdictApprove, Credibility: 7},
		"reliability":   {Verdict: crisis.VerdictApprove, Reliability: "G"},
		"reason":        {Verdict: crisis.VerdictRefute},
		"evidence.kind": {Verdict: crisis.VerdictApprove, Evidence: []verification.Exhibit{{Kind: "rumour"}}},
		"evidence.url":  {Verdict: crisis.VerdictApprove, Evidence: []verification.Exhibit{{Kind: crisis.EvidenceLink, URL: "javascript:alert(1)"}}},
		"evidence.note": {Verdict: crisis.VerdictApprove, Evidence: []verification.Exhibit{{Kind: crisis.EvidenceNote, Note: " "}}},
		"text":          {Verdict: crisis.VerdictApprove, Summary: &verification.Text{Language: "en"}},
	} {
		_, err := r.Assess(t.Context(), r.volunteer(), verification.Ticket{Incident: in.ID, Version: 1}, j)
		var refusal *verification.Refusal
		if !errors.As(err, &refusal) || refusal.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestLifeSafetyWantsAVerifier(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		in := r.open(crisis.SeverityLifeSafety, told{text: "people on the roof"})
		r.judge(r.volunteer(), in.ID, yes())
		d := r.judge(r.volunteer(), in.ID, yes())
		if d.Incident.Status != crisis.StatusProbable || d.Decision().Wants != "verifier" {
			t.Fatalf("two volunteers leave it %s wanting %q", d.Incident.Status, d.Decision().Wants)
		}
		if d = r.judge(r.verifier(), in.ID, yes()); d.Incident.Status != crisis.StatusVerified {
			t.Errorf("with a verifier it is %s", d.Incident.Status)
		}
	})
}

func TestConfirmedOnTheGround(t *testing.T) {
	r := newRigOnFile(t)
	in := r.flood("water")
	r.ticket(r.volunteer(), in.ID) // a claim at the desk does not stand in the way
	if _, err := r.ConfirmOnGround(t.Context(), r.volunteer(), in.ID, ""); code(err) != "role" {
		t.Errorf("a volunteer confirms: %v", err)
	}
	if _, err := r.ConfirmOnGround(t.Context(), r.person(crisis.RoleResponder, crisis.RoleAdmin), in.ID, ""); code(err) != "role" {
		t.Errorf("an admin confirms: %v", err)
	}
	d, err := r.ConfirmOnGround(t.Context(), r.person(crisis.RoleResponder), in.ID, "stood there")
	if err != nil || d.Incident.Status != crisis.StatusProbable || !d.Assessments[0].OnGround {
		t.Fatalf("%+v: %v", d, err)
	}
	r.pass(verification.ClaimLife + time.Second)
	if d = r.judge(r.volunteer(), in.ID, yes()); d.Incident.Status != crisis.StatusVerified {
		t.Errorf("it is %s", d.Incident.Status)
	}
}

// TestAReportJoinsMeanwhile: what another stage writes in between does not cost
// a volunteer their judgement, unless what they saw has changed.
func TestAReportJoinsMeanwhile(t *testing.T) {
	r := newRigOnFile(t)
	in := r.flood("water")
	var joining sync.WaitGroup
	joining.Go(func() {
		for range 15 {
			now := *r.current(in.ID)
			now.Meta, now.Reports = now.Meta.Next(r.clock(), system), now.Reports+1
			// Either may lose the race; the loser reads again.
			_, _ = r.store.Write(t.Context(), crisis.Change{Action: "incident.joined", Actor: system, At: now.At, Put: []crisis.Record{&now}})
		}
	})
	r.judge(r.volunteer(), in.ID, yes())
	d := r.judge(r.volunteer(), in.ID, yes())
	joining.Wait()
	if d.Incident.Status != crisis.StatusVerified {
		t.Errorf("it is %s", d.Incident.Status)
	}
}

// TestNobodyVerifiesAlone: one person over many requests at once, then two.
func TestNobodyVerifiesAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		in, alone := r.flood("water"), r.verifier()
		race := func(people ...verification.Person) (won int) {
			var mu sync.Mutex
			var all sync.WaitGroup
			for i := range 50 {
				all.Go(func() {
					_, err := r.Assess(t.Context(), people[i%len(people)], verification.Ticket{Incident: in.ID, Version: 1}, yes())
					mu.Lock()
					defer mu.Unlock()
					switch code(err) {
					case "":
						won++
					case "assessed", "stale", "claimed":
					default:
						t.Errorf("unexpected: %v", err)
					}
				})
			}
			all.Wait()
			return won
		}
		if won := race(alone); won != 1 {
			t.Errorf("one person judged one version %d times", won)
		}
		if now := r.current(in.ID); now.Status != crisis.StatusProbable {
			t.Fatalf("one person alone made it %s", now.Status)
		}
		if race(alone, r.volunteer()); r.current(in.ID).Status != crisis.StatusVerified {
			t.Errorf("two people left it %s", r.current(in.ID).Status)
		}
	})
}

// TestTheDatabaseRefusesALieAboutTwo writes behind the rules' back what the
// rules would never write.
func TestTheDatabaseRefusesALieAboutTwo(t *testing.T) {
	onBoth(t, func(t *testing.T, r *rig) {
		in := r.flood("water")
		d := r.judge(r.volunteer(), in.ID, yes())
		lie := *d.Incident
		lie.Meta, lie.Status, lie.Second = lie.Meta.Next(r.clock(), system), crisis.StatusVerified, lie.First
		_, err := r.store.Write(t.Context(), crisis.Change{Action: "incident.lied", Actor: system, At: lie.At, Put: []crisis.Record{&lie}})
		if !errors.Is(err, crisis.ErrTwo) {
			t.Errorf("the database took it: %v", err)
		}
	})
}

func TestBadText(t *testing.T) {
	r := newRigOnFile(t)
	in := r.flood("water")
	for _, reason := range []string{"\xff", "a\x00b", string(make([]byte, verification.MaxReason+1))} {
		j := no()
		j.Reason = reason
		if _, err := r.Assess(t.Context(), r.volunteer(), verification.Ticket{Incident: in.ID, Version: 1}, j); code(err) == "" {
			t.Errorf("%q was taken", crisis.Secret(reason))
		}
	}
}
