package verification_test

import (
	"crypto/rand"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/storetest"
	"github.com/onyo-project/onyo/pkg/verification"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// rig is a desk on a real store with a clock that a test moves.
type rig struct {
	*verification.Service
	t     testing.TB
	store *store.Store
	mu    sync.Mutex
	now   time.Time
}

func newRig(t testing.TB, url string) *rig {
	t.Helper()
	r := &rig{t: t, now: noon}
	options := storetest.Options(t, url)
	options.Clock = r.clock
	r.store = storetest.OpenerWith(t, options)()
	r.Service = verification.New(verification.Options{Store: r.store, Clock: r.clock, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
		Area: func(geo.Point) verification.Area { return verification.Area{Name: "Kibera", CountryCode: "KE"} }})
	var put []crisis.Record
	for key, severity := range map[string]crisis.Severity{"flood": crisis.SeverityNormal, "trapped": crisis.SeverityLifeSafety, "pothole": crisis.SeverityLow, "snow": crisis.SeverityLow} {
		put = append(put, &crisis.Category{Meta: crisis.First(r.id(), noon, system), Key: key, Severity: severity, Enabled: key != "snow", LifetimeHours: 24})
	}
	r.write(crisis.Change{Action: "deployment.set", Actor: system, At: noon, Put: put})
	return r
}

// onBoth runs a test on both databases.
func onBoth(t *testing.T, test func(t *testing.T, r *rig)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newRig(t, storetest.SQLite(t))) })
	t.Run("postgres", func(t *testing.T) { test(t, newRig(t, storetest.Postgres(t))) })
}

var system = crisis.SystemActor("test")

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

func (r *rig) id() crisis.ID {
	id, err := crisis.NewID(r.clock(), rand.Reader)
	if err != nil {
		r.t.Fatal(err)
	}
	return id
}

func (r *rig) write(changes ...crisis.Change) {
	r.t.Helper()
	if _, err := r.store.Write(r.t.Context(), changes...); err != nil {
		r.t.Fatalf("%s: %v", changes[0].Action, err)
	}
}

// told is a report that a test writes.
type told struct {
	text      string
	source    crisis.ID
	submitter crisis.ID
	batch     crisis.ID
}

// open writes an incident of these reports, as triage does.
func (r *rig) open(severity crisis.Severity, reports ...told) *crisis.Incident {
	r.t.Helper()
	now := r.clock()
	in := &crisis.Incident{Meta: crisis.First(r.id(), now, system), Version: 1, Status: crisis.StatusTriaged, Phase: crisis.PhaseOngoing,
		Severity: severity, Categories: []string{"flood"}, Occurred: crisis.EventTime{From: now}, FirstReceived: now, LastReceived: now}
	var members []crisis.Record
	var put []crisis.Record
	sources := map[crisis.ID]bool{}
	for _, one := range reports {
		if one.source.IsZero() {
			one.source = r.id()
		}
		sources[one.source] = true
		in.Batch = one.batch
		report := &crisis.Report{Meta: crisis.First(r.id(), now, system), Source: one.source, Message: r.id(), Text: crisis.Secret(one.text), Language: "en",
			ReceivedAt: now, Occurred: crisis.EventTime{From: now}, Submitter: one.submitter, Batch: one.batch}
		put = append(put, report)
		members = append(members, &crisis.Membership{Meta: crisis.First(r.id(), now, system), Report: report.ID, Incident: in.ID, Reason: "opened"})
	}
	in.Reports, in.Sources = uint32(len(reports)), uint32(len(sources))
	r.write(crisis.Change{Action: "incident.opened", Actor: system, At: now, Put: append(append(put, in), members...)})
	return in
}

func (r *rig) flood(texts ...string) *crisis.Incident {
	r.t.Helper()
	var reports []told
	for _, text := range texts {
		reports = append(reports, told{text: text})
	}
	return r.open(crisis.SeverityNormal, reports...)
}

func (r *rig) person(roles ...crisis.RoleName) verification.Person {
	return verification.Person{ID: r.id(), Roles: roles}
}

func (r *rig) volunteer() verification.Person { return r.person(crisis.RoleVolunteer) }
func (r *rig) verifier() verification.Person  { return r.person(crisis.RoleVerifier) }

func (r *rig) current(id crisis.ID) *crisis.Incident {
	r.t.Helper()
	in, err := crisis.Get[*crisis.Incident](r.t.Context(), r.store, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return in
}

// ticket claims the incident as it is now.
func (r *rig) ticket(p verification.Person, id crisis.ID) verification.Ticket {
	r.t.Helper()
	claim, err := r.Claim(r.t.Context(), p, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return verification.Ticket{Incident: id, Version: r.current(id).Version, Token: claim.Token}
}

func yes() verification.Judgement {
	return verification.Judgement{Verdict: crisis.VerdictApprove, Credibility: 2}
}

func no() verification.Judgement {
	return verification.Judgement{Verdict: crisis.VerdictRefute, Credibility: 5, Reason: "the bridge stands"}
}

// judge claims and assesses.
func (r *rig) judge(p verification.Person, id crisis.ID, j verification.Judgement) *verification.Dossier {
	r.t.Helper()
	d, err := r.Assess(r.t.Context(), p, r.ticket(p, id), j)
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

// newRigOnFile is a rig on SQLite, for what does not depend on the database.
func newRigOnFile(t testing.TB) *rig {
	t.Helper()
	return newRig(t, storetest.SQLite(t))
}
