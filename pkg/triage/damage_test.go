package triage

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
)

// damaged is a store in which some records cannot be opened, alone or among
// others.
type damaged struct {
	*store.Store
	ids  map[crisis.ID]bool
	down bool // answers nothing at all
}

var errPlanted = errors.New("planted")

// damage puts a damaged store under a stage.
func (h *house) damage(s *Service, ids ...crisis.ID) *damaged {
	d := &damaged{Store: h.store, ids: map[crisis.ID]bool{}}
	for _, id := range ids {
		d.ids[id] = true
	}
	s.store = d
	return d
}

func (d *damaged) Current(ctx context.Context, table crisis.Table, id crisis.ID) (crisis.Record, error) {
	if d.down || d.ids[id] {
		return nil, errPlanted
	}
	return d.Store.Current(ctx, table, id)
}

func (d *damaged) List(ctx context.Context, query crisis.Query) ([]crisis.Record, error) {
	found, err := d.Store.List(ctx, query)
	for _, record := range found {
		if d.down || d.ids[record.Head().ID] {
			return nil, errPlanted
		}
	}
	return found, err
}

func (d *damaged) Placed(ctx context.Context, id crisis.ID) (crisis.Placed, error) {
	if d.down || d.ids[id] {
		return crisis.Placed{}, errPlanted
	}
	return d.Store.Placed(ctx, id)
}

func (d *damaged) EachPlaced(ctx context.Context, yield func(crisis.Placed) error) error {
	return d.Store.EachPlaced(ctx, func(placed crisis.Placed) error {
		if d.down || d.ids[placed.Incident.ID] {
			return errPlanted
		}
		return yield(placed)
	})
}

func (d *damaged) Cursor(ctx context.Context, consumer string) (uint64, error) {
	if d.down {
		return 0, errPlanted
	}
	return d.Store.Cursor(ctx, consumer)
}

func (h *house) aside() []crisis.Retry {
	h.t.Helper()
	found, err := h.store.RetryList(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return found
}

func TestAReportThatCannotBeReadStopsNobodyElse(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		first := h.report(said{text: "River burst, houses flooded, -1.2621, 36.8586"})
		second := h.report(said{text: "Fire in a secret place"})
		third := h.report(said{text: "Bridge is gone, -1.2900, 36.8300"})
		h.damage(h.service, second.ID)
		h.work()
		if a, b := h.incidentOf(first), h.incidentOf(third); a.Location.IsZero() || b.Location.IsZero() {
			t.Errorf("the others became %+v and %+v", a, b)
		}
		waiting := h.aside()
		if len(waiting) != 1 || waiting[0].Message != second.Message || waiting[0].Code != "triage_failed" || waiting[0].Quarantined {
			t.Fatalf("set aside: %+v", waiting)
		}
		for range asideTries {
			h.late += 2 * time.Hour
			h.work()
		}
		if waiting := h.aside(); len(waiting) != 1 || !waiting[0].Quarantined {
			t.Errorf("after all tries: %+v", waiting)
		}
		h.service.store = h.store // mended, and put back to work by a person
		if n, err := h.store.Requeue(t.Context(), second.Message); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		h.work()
		if own := h.incidentOf(second); own.Reports != 1 || len(h.aside()) != 0 {
			t.Errorf("mended and retried: %+v, set aside: %+v", own, h.aside())
		}
		if log := h.log.String(); strings.Contains(log, "secret") || !strings.Contains(log, second.ID.String()) {
			t.Errorf("the log: %s", log)
		}
	})
}

// What cannot be read among what is compared with is left out, while it is
// followed and when everything is loaded anew.
func TestDamageAroundAReportStopsNobody(t *testing.T) {
	text := "River water in houses by the market, children standing on tables"
	here := at(36.8586, -1.2621)
	for what, test := range map[string]struct {
		id    func(h *house, first *crisis.Report) crisis.ID
		joins bool
	}{
		"a report of the incident": {func(_ *house, first *crisis.Report) crisis.ID { return first.ID }, true},
		"a membership":             {func(h *house, _ *crisis.Report) crisis.ID { return all[*crisis.Membership](h)[0].ID }, false},
		"the incident":             {func(h *house, first *crisis.Report) crisis.ID { return h.incidentOf(first).ID }, false},
	} {
		for _, anew := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, anew %v", what, anew), func(t *testing.T) {
				h := onSQLite(t)
				first := h.report(said{text: text, point: here, accuracy: 20})
				h.work()
				second := h.report(said{text: text + " now", point: here, accuracy: 20})
				h.work()
				incident := h.incidentOf(first)
				if h.incidentOf(second).ID != incident.ID {
					t.Fatal("the two are not one")
				}
				id := test.id(h, first)
				elsewhere := h.report(said{text: "Fire at Ngara, flames on roofs, -1.2747, 36.8261"})
				// Somebody edits the incident, so that it is read again.
				next := *incident
				next.Meta, next.Reports, next.Sources = h.incidentOf(first).Next(h.clock(), tester), 2, 2
				h.write("incident.edited", &next)
				third := h.report(said{text: text + " too", point: here, accuracy: 20})
				service := h.service
				if anew {
					service = h.another("test")
				}
				h.damage(service, id)
				h.workBy(service)
				if own := h.incidentOf(elsewhere); own.Location.IsZero() {
					t.Errorf("elsewhere %+v", own)
				}
				joined := h.incidentOf(third)
				if joined.Location.IsZero() || !test.joins && joined.ID == incident.ID {
					t.Errorf("the third became %+v", joined)
				}
				if test.joins && (joined.ID != incident.ID || joined.Reports != 3 || joined.Sources != 2) {
					t.Errorf("the third joined as %+v", joined)
				}
				if waiting := h.aside(); len(waiting) != 0 {
					t.Errorf("set aside: %+v", waiting)
				}
			})
		}
	}
}

// A store that is away is nobody's fault: nothing is set aside for it.
func TestAStoreThatIsAwaySetsNothingAside(t *testing.T) {
	h := onSQLite(t)
	h.work()
	report := h.report(said{text: "River burst, houses flooded, -1.2621, 36.8586"})
	d := h.damage(h.service)
	d.down = true
	if _, err := h.service.Step(t.Context()); !errors.Is(err, errPlanted) {
		t.Errorf("got %v", err)
	}
	d.down = false
	h.work()
	if own := h.incidentOf(report); own.Location.IsZero() || len(h.aside()) != 0 {
		t.Errorf("incident %+v, set aside %+v", own, h.aside())
	}
}
