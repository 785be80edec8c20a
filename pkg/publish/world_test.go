package publish_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/hotspot"
	"github.com/onyo-project/onyo/pkg/publish"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/projection"
	"github.com/onyo-project/onyo/pkg/store/storetest"
	"github.com/onyo-project/onyo/pkg/vault"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// fact is one incident as a test tells it: what happened, and what is known of
// it. n names it in every world alike.
type fact struct {
	n            byte
	lon, lat     float64
	uncertainty  float64
	at, received time.Time
	sources      uint32
	severity     crisis.Severity
	categories   []string
	address      string
	status       crisis.Status // verified, probable or triaged
	summary      string
	unlocated    bool
	// after, where set, is what happens to it once all is judged.
	after func(w *world, n byte)
}

func flood(n byte, lon, lat float64) fact {
	return fact{n: n, lon: lon, lat: lat, uncertainty: 50, at: noon.Add(-90 * time.Minute), received: noon.Add(-80 * time.Minute), sources: 1,
		severity: crisis.SeverityNormal, categories: []string{"flood"}, address: "+254700000001", status: crisis.StatusVerified}
}

// world is one deployment with its publisher.
type world struct {
	t          *testing.T
	store      *store.Store
	projection *projection.Projection
	publisher  *publish.Publisher
	now        time.Time
	profile    crisis.Profile
	incidents  map[byte]*crisis.Incident
}

func id(kind, n byte) crisis.ID { return crisis.ID{0: 1, 1: kind, 15: n} }

func publicID(kind, internal string) string {
	mac := hmac.New(sha256.New, []byte("projection key"))
	fmt.Fprintf(mac, "%s/%s", kind, internal)
	return strings.ToLower(base32.StdEncoding.EncodeToString(mac.Sum(nil)[:15]))
}

func newWorld(t *testing.T, url string, profile crisis.Profile, through func(publish.Store) publish.Store) *world {
	t.Helper()
	w := &world{t: t, store: storetest.Opener(t, url)(), now: noon.Add(-time.Hour), profile: profile, incidents: map[byte]*crisis.Incident{}}
	var err error
	if w.projection, err = projection.Open(t.Context(), projection.Options{URL: url, Clock: w.clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.projection.Close() })
	value, err := json.Marshal(crisis.Deployment{Profile: profile, TimeZone: "Africa/Nairobi", Cell: 0.01, Hotspot: crisis.DefaultDensity()})
	if err != nil {
		t.Fatal(err)
	}
	system := crisis.SystemActor("test")
	put := []crisis.Record{&crisis.Policy{Meta: crisis.First(id(1, 1), w.now, system), Key: crisis.PolicyDeployment, Value: string(value)}}
	for i, key := range []string{"flood", "pothole", "detention"} {
		profile := map[string]crisis.Profile{"pothole": crisis.ProfileOpen, "detention": crisis.ProfileHidden}[key]
		put = append(put, &crisis.Category{Meta: crisis.First(id(2, byte(i)+1), w.now, system), Key: key, Severity: crisis.SeverityNormal, Enabled: key != "detention", Profile: profile})
	}
	w.write(crisis.Change{Action: "deployment.set", Actor: system, At: w.now, Put: put})
	var from publish.Store = w.store
	if through != nil {
		from = through(w.store)
	}
	w.publisher = publish.New(publish.Options{Store: from, Projection: w.projection, Clock: w.clock, Log: slog.New(slog.DiscardHandler), Holder: "test",
		PublicID: publicID, CellName: func(c geo.Cell) string { return "near " + c.Key() },
		Group: func(d crisis.Density, now time.Time, members []crisis.HotspotMember, previous []crisis.HotspotGroup) []crisis.HotspotGroup {
			engine := hotspot.Engine{Density: d, Bucketed: true, Key: func(seed string) string { return publicID("hotspot", seed) }}
			return engine.Group(now, members, previous)
		}})
	w.load()
	return w
}

func (w *world) clock() time.Time { return w.now }

func (w *world) load() {
	w.t.Helper()
	if err := w.publisher.Load(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) write(change crisis.Change) {
	w.t.Helper()
	if _, err := w.store.Write(w.t.Context(), change); err != nil {
		w.t.Fatalf("%s: %v", change.Action, err)
	}
}

// tell writes a fact as the desk would have: opened, judged, summarised.
func (w *world) tell(f fact) {
	w.t.Helper()
	system := crisis.SystemActor("test")
	source := &crisis.Source{Meta: crisis.First(id(3, f.n), f.received, system), Channel: id(9, 1), Kind: crisis.SourceWitness, Address: vault.Secret(f.address), Index: sha256.Sum256([]byte{f.n}), Pseudonym: "Heron-1"}
	in := &crisis.Incident{Meta: crisis.First(id(4, f.n), f.received, system), Version: 1, Status: crisis.StatusTriaged, Phase: crisis.PhaseOngoing, Severity: f.severity,
		Categories: f.categories, Occurred: crisis.EventTime{From: f.at}, FirstReceived: f.received, LastReceived: f.received, Reports: f.sources, Sources: f.sources}
	put := []crisis.Record{source}
	if !f.unlocated {
		in.Location = id(5, f.n)
		put = append(put, &crisis.Location{Meta: crisis.First(in.Location, f.received, system), Incident: in.ID, Lon: f.lon, Lat: f.lat, UncertaintyM: f.uncertainty, Method: "person", Name: "house of the witness"})
	}
	w.write(crisis.Change{Action: "incident.opened", Actor: system, At: f.received, Put: append(put, in)})
	w.incidents[f.n] = in
	if f.status == crisis.StatusTriaged {
		return
	}
	w.approve(f.n, 1)
	if f.status == crisis.StatusVerified {
		w.approve(f.n, 2)
	}
	if f.summary != "" {
		w.write(crisis.Change{Action: "incident.summarised", Actor: system, At: f.received, Put: []crisis.Record{
			&crisis.Summary{Meta: crisis.First(id(6, f.n), f.received, system), Incident: in.ID, Language: "en", Text: vault.Secret(f.summary), Approved: true},
			&crisis.Summary{Meta: crisis.First(id(7, f.n), f.received, system), Incident: in.ID, Language: "sw", Text: vault.Secret(f.address)}}})
	}
}

// approve is person's yes, a verifier's.
func (w *world) approve(n, person byte) {
	w.t.Helper()
	in := *w.incidents[n]
	by := crisis.PersonActor(id(8, person))
	yes := &crisis.Assessment{Meta: crisis.First(id(10+person, n), w.now, by), Incident: in.ID, Version: in.Version, Person: id(8, person), Verdict: crisis.VerdictApprove, Credibility: 2, Reliability: "F", AsVerifier: true}
	in.Meta = in.Meta.Next(w.now, by)
	in.Show(id(8, person))
	approval := crisis.Approval{Assessment: yes.ID, Person: id(8, person), AsVerifier: true}
	if in.First.Person.IsZero() {
		in.First, in.Status = approval, crisis.StatusProbable
	} else {
		in.Second, in.Status = approval, crisis.StatusVerified
	}
	w.write(crisis.Change{Action: "incident.assessed", Actor: by, At: w.now, Put: []crisis.Record{yes, &in}})
	w.incidents[n] = &in
}

// joins is an anonymous report that tells another time, once all is judged.
func (w *world) joins(n byte, at time.Time) {
	w.t.Helper()
	w.alter(n, func(in *crisis.Incident) {
		in.Reports, in.Sources, in.Occurred = in.Reports+9, in.Sources+9, crisis.EventTime{From: at}
	})
}

// moves is one volunteer who says that it lies elsewhere.
func (w *world) moves(n, person byte, lon, lat float64) {
	w.t.Helper()
	by := id(8, person)
	location := &crisis.Location{Meta: crisis.First(id(11+person, n), w.now, crisis.PersonActor(by)), Incident: w.incidents[n].ID, Lon: lon, Lat: lat, UncertaintyM: 50, Method: "person"}
	w.write(crisis.Change{Action: "incident.located", Actor: location.By, At: w.now, Put: []crisis.Record{location}})
	w.alter(n, func(in *crisis.Incident) {
		in.Location, in.EditedBy.Location, in.Version = location.ID, []crisis.ID{by}, in.Version+1
	})
}

// categorises is one volunteer who says that it is of another kind.
func (w *world) categorises(n, person byte, severity crisis.Severity, keys ...string) {
	w.t.Helper()
	w.alter(n, func(in *crisis.Incident) {
		in.Shown.Bound = append(in.Shown.Bound, in.Categories...)
		in.Categories, in.Severity, in.EditedBy.Categories, in.Version = keys, severity, []crisis.ID{id(8, person)}, in.Version+1
	})
}

// alter writes the incident's next revision.
func (w *world) alter(n byte, how func(*crisis.Incident)) {
	w.t.Helper()
	in := *w.incidents[n]
	in.Meta = in.Meta.Next(w.now, crisis.SystemActor("test"))
	how(&in)
	w.write(crisis.Change{Action: "incident.altered", Actor: in.By, At: w.now, Put: []crisis.Record{&in}})
	w.incidents[n] = &in
}

// at publishes what is due at a moment.
func (w *world) at(now time.Time) {
	w.t.Helper()
	w.now = now
	if _, err := w.publisher.Step(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) public() map[string]crisis.PublicIncident {
	w.t.Helper()
	out := map[string]crisis.PublicIncident{}
	err := w.projection.EachIncident(w.t.Context(), func(in crisis.PublicIncident) error {
		out[in.ID] = in
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// incident is one public incident by its fact.
func (w *world) incident(n byte) (crisis.PublicIncident, bool) {
	w.t.Helper()
	in, there := w.public()[publicID("incident", id(4, n).String())]
	return in, there
}

func (w *world) hotspots() []crisis.PublicHotspot {
	w.t.Helper()
	var out []crisis.PublicHotspot
	err := w.projection.EachHotspot(w.t.Context(), func(h crisis.PublicHotspot) error {
		out = append(out, h)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// leaky is a store that lets the true point through in something published.
type leaky struct{ publish.Store }

func (l leaky) Current(ctx context.Context, table crisis.Table, id crisis.ID) (crisis.Record, error) {
	record, err := l.Store.Current(ctx, table, id)
	if old, ok := record.(*crisis.Incident); ok && !old.Shown.Location.IsZero() {
		location, err := crisis.Get[*crisis.Location](ctx, l.Store, old.Shown.Location)
		if err != nil {
			return nil, err
		}
		in := *old
		in.Shown.Sources += uint32(location.Lon*1e6) % 7
		return &in, nil
	}
	return record, err
}

// unfrozen is a store through which what the desk says now is published in the place
// of what was approved.
type unfrozen struct{ publish.Store }

func (l unfrozen) Current(ctx context.Context, table crisis.Table, id crisis.ID) (crisis.Record, error) {
	record, err := l.Store.Current(ctx, table, id)
	if old, ok := record.(*crisis.Incident); ok && old.Shown.Severity != "" {
		in := *old
		in.EditedBy = crisis.Editors{}
		in.Show(crisis.ID{})
		return &in, nil
	}
	return record, err
}

// counted counts how often the publisher reads an incident.
type counted struct {
	publish.Store
	reads map[crisis.ID]int
}

func (c counted) Current(ctx context.Context, table crisis.Table, id crisis.ID) (crisis.Record, error) {
	if table == crisis.TableIncident {
		c.reads[id]++
	}
	return c.Store.Current(ctx, table, id)
}
