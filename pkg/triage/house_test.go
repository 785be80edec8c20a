package triage

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/gazetteer"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/storetest"
	"github.com/onyo-project/onyo/pkg/triage/seed"
)

var world = sync.OnceValues(gazetteer.Open)

func testReader(t testing.TB) *Reader {
	t.Helper()
	places, err := world()
	if err != nil {
		t.Fatal(err)
	}
	reader, err := NewReader(places)
	if err != nil {
		t.Fatal(err)
	}
	return reader
}

// house is triage over a real store that holds a flood in Nairobi.
type house struct {
	t       testing.TB
	store   *store.Store
	service *Service
	log     *bytes.Buffer
	channel crisis.ID
	started time.Time
	late    time.Duration
}

var nairobi = geo.Bounds{West: 36.65, South: -1.45, East: 37.10, North: -1.15}

func newHouse(t testing.TB, url string) *house {
	t.Helper()
	h := &house{t: t, log: &bytes.Buffer{}, started: crisis.Moment(time.Now())}
	options := storetest.Options(t, url)
	options.Clock = h.clock
	h.store = storetest.OpenerWith(t, options)()
	h.service = h.another("test")
	deployment := crisis.Deployment{Name: "test", Profile: crisis.ProfileOpen, Area: &nairobi, TimeZone: "Africa/Nairobi", Hotspot: crisis.DefaultDensity()}
	value, err := json.Marshal(deployment)
	if err != nil {
		t.Fatal(err)
	}
	records := []crisis.Record{&crisis.Policy{Meta: h.first(), Key: crisis.PolicyDeployment, Value: string(value)}}
	categories, err := seed.For("flood")
	if err != nil {
		t.Fatal(err)
	}
	for _, category := range categories {
		category.Meta = h.first()
		records = append(records, category)
	}
	channel := &crisis.Channel{Meta: h.first(), Name: "app", Kind: "app", Enabled: true}
	h.channel = channel.ID
	h.write("test.started", append(records, channel)...)
	return h
}

func (h *house) another(holder string) *Service {
	return New(Options{Store: h.store, Reader: testReader(h.t), Holder: holder, Clock: h.clock, Log: slog.New(slog.NewTextHandler(h.log, nil))})
}

// both runs a test on each database.
func both(t *testing.T, test func(t *testing.T, h *house)) {
	t.Run("sqlite", func(t *testing.T) { test(t, newHouse(t, storetest.SQLite(t))) })
	t.Run("postgres", func(t *testing.T) { test(t, newHouse(t, storetest.Postgres(t))) })
}

func (h *house) clock() time.Time { return time.Now().Add(h.late) }

func (h *house) id() crisis.ID {
	h.t.Helper()
	id, err := crisis.NewID(h.clock(), rand.Reader)
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

const tester = crisis.Actor("system:test")

func (h *house) first() crisis.Meta { return crisis.First(h.id(), h.clock(), tester) }

func (h *house) write(action string, records ...crisis.Record) {
	h.t.Helper()
	if _, err := h.store.Write(h.t.Context(), crisis.Change{Action: action, Actor: tester, At: h.clock(), Put: records}); err != nil {
		h.t.Fatal(err)
	}
}

// said is a report as it came.
type said struct {
	text      string
	words     string
	source    crisis.ID // zero: somebody new
	language  string
	point     *geo.Point
	accuracy  float64
	given     string
	said      []string
	at        time.Time // zero: now
	batch     crisis.ID
	submitter crisis.ID
	media     func(*crisis.Report) // attaches some
}

// report writes what intake would.
func (h *house) report(s said) *crisis.Report {
	h.t.Helper()
	if s.at.IsZero() {
		s.at = h.clock()
	}
	s.at = crisis.Moment(s.at)
	if s.point != nil {
		s.given = fmt.Sprintf(`{"lon":%g,"lat":%g,"accuracy_m":%g}`, s.point.Lon, s.point.Lat, s.accuracy)
	}
	message := &crisis.Message{Meta: h.first(), Channel: h.channel, Direction: crisis.Inbound, Kind: crisis.KindReport, Raw: []byte(s.text)}
	copy(message.ProviderKey[:], message.ID[:])
	records := []crisis.Record{message}
	if s.source.IsZero() {
		source := &crisis.Source{Meta: h.first(), Channel: h.channel, Kind: crisis.SourceWitness, Pseudonym: "Heron-1"}
		copy(source.Index[:], source.ID[:])
		s.source = source.ID
		records = append(records, source)
	}
	report := &crisis.Report{Meta: crisis.First(derived(message.ID, "report", 0), h.clock(), tester), Channel: h.channel, Source: s.source, Message: message.ID,
		ReceivedAt: s.at, Occurred: crisis.EventTime{From: s.at, To: s.at}, Language: s.language, Said: s.said, Batch: s.batch, Submitter: s.submitter}
	seal(&report.Text, s.text)
	seal(&report.Words, s.words)
	seal(&report.Given, s.given)
	copy(report.ReceiptHash[:], report.ID[:])
	if s.media != nil {
		s.media(report)
	}
	link := &crisis.MessageReport{Meta: h.first(), Message: message.ID, Report: report.ID, Reason: "opened"}
	h.write("report.opened", append(records, report, link)...)
	return report
}

// revise writes the next version of a report.
func (h *house) revise(report *crisis.Report, edit func(*crisis.Report)) *crisis.Report {
	h.t.Helper()
	next := *report
	next.Meta = report.Next(h.clock(), tester)
	edit(&next)
	h.write("report.corrected", &next)
	return &next
}

func (h *house) work() {
	h.t.Helper()
	h.workBy(h.service)
}

func (h *house) workBy(s *Service) {
	h.t.Helper()
	for {
		more, err := s.Step(h.t.Context())
		if err != nil {
			h.t.Fatal(err)
		}
		if !more {
			return
		}
	}
}

func all[T crisis.Record](h *house) []T {
	h.t.Helper()
	found, err := crisis.Select[T](h.t.Context(), h.store, crisis.Query{Ended: true})
	if err != nil {
		h.t.Fatal(err)
	}
	return found
}

// incidentOf is the incident that a report is of.
func (h *house) incidentOf(report *crisis.Report) *crisis.Incident {
	h.t.Helper()
	membership, err := crisis.One[*crisis.Membership](h.t.Context(), h.store, "report", report.ID)
	if err != nil {
		h.t.Fatalf("a report has no incident: %v", err)
	}
	incident, err := crisis.Get[*crisis.Incident](h.t.Context(), h.store, membership.Incident)
	if err != nil {
		h.t.Fatal(err)
	}
	return incident
}

func (h *house) locationOf(incident *crisis.Incident) *crisis.Location {
	h.t.Helper()
	placed, err := h.store.Placed(h.t.Context(), incident.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return placed.Location
}

func (h *house) size() uint64 {
	h.t.Helper()
	size, err := h.store.Size(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return size
}

func at(lon, lat float64) *geo.Point { return &geo.Point{Lon: lon, Lat: lat} }

func keys(in *crisis.Incident) string { return strings.Join(in.Categories, " ") }
