package projection_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store/projection"
	"github.com/onyo-project/onyo/pkg/store/storetest"
)

func both(t *testing.T, test func(t *testing.T, options projection.Options)) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) { test(t, projection.Options{URL: url(t), Clock: time.Now}) })
	}
}

func opened(t *testing.T, open func(context.Context, projection.Options) (*projection.Projection, error), options projection.Options) *projection.Projection {
	t.Helper()
	p, err := open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

func flood(id string, batch time.Time) crisis.PublicIncident {
	return crisis.PublicIncident{
		ID: id, Profile: crisis.ProfileOpen, Status: crisis.StatusVerified, Phase: crisis.PhaseOngoing,
		Severity: crisis.SeverityNormal, Categories: []string{"flood"}, Summaries: map[string]string{"en": "water", "sw": "maji"},
		Place: "Budalangi", OccurredAt: batch.Add(-time.Hour), Reports: 3, Sources: 1, Located: true,
		Lon: 34.0251, Lat: 0.1, Cell: 0.01, UncertaintyM: 786.123456789, Batch: batch,
	}
}

func incidents(t *testing.T, p *projection.Projection) []crisis.PublicIncident {
	t.Helper()
	var all []crisis.PublicIncident
	if err := p.EachIncident(t.Context(), func(i crisis.PublicIncident) error { all = append(all, i); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestBatches(t *testing.T) {
	both(t, func(t *testing.T, options projection.Options) {
		p := opened(t, projection.Open, options)
		reader := opened(t, projection.OpenReader, options)
		one := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		two, three := one.Add(2*time.Second), one.Add(4*time.Second)
		if at, next, err := reader.State(t.Context()); err != nil || !at.IsZero() || next != 0 {
			t.Fatalf("an empty projection says %s %d %v", at, next, err)
		}
		spot := crisis.PublicHotspot{ID: "h", Status: crisis.HotspotEmerging, Score: 3.5, Members: []string{"a"},
			FirstSeen: one, LastSeen: one, Shape: json.RawMessage(`{"type":"Polygon"}`), Batch: two}
		for _, batch := range []crisis.Batch{
			{At: one, Next: 10, Incidents: []crisis.PublicIncident{flood("a", one), flood("b", one)}},
			{At: two, Next: 20, Incidents: []crisis.PublicIncident{flood("a", two)}, Hotspots: []crisis.PublicHotspot{spot}},
			{At: three, Next: 30, Retract: []string{"b", "nobody"}},
			{At: three, Next: 30, Retract: []string{"b", "nobody"}},
		} {
			if err := p.Apply(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
		if at, next, err := reader.State(t.Context()); err != nil || !at.Equal(three) || next != 30 {
			t.Errorf("state %s %d %v", at, next, err)
		}
		if diff := cmp.Diff([]crisis.PublicIncident{flood("a", two)}, incidents(t, reader)); diff != "" {
			t.Error(diff)
		}
		since, err := reader.Since(t.Context(), one)
		want := []crisis.Batch{
			{At: two, Incidents: []crisis.PublicIncident{flood("a", two)}, Hotspots: []crisis.PublicHotspot{spot}},
			{At: three, Retract: []string{"b"}},
		}
		if err != nil || !cmp.Equal(want, since) {
			t.Errorf("since: %v\n%s", err, cmp.Diff(want, since))
		}
		if err := p.Reset(t.Context()); err != nil || len(incidents(t, p)) != 0 {
			t.Errorf("reset: %v", err)
		}
	})
}

// TestReaderMayOnlyRead first shows that the same batch is one the publisher can
// apply.
func TestReaderMayOnlyRead(t *testing.T) {
	both(t, func(t *testing.T, options projection.Options) {
		p := opened(t, projection.Open, options)
		reader := opened(t, projection.OpenReader, options)
		batch := crisis.Batch{At: time.Unix(2, 0), Incidents: []crisis.PublicIncident{flood("a", time.Unix(2, 0))}}
		if err := p.Apply(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		for name, write := range map[string]error{
			"apply": reader.Apply(t.Context(), batch), "reset": reader.Reset(t.Context()),
		} {
			if write == nil {
				t.Errorf("a reader could %s", name)
			} else if !strings.Contains(write.Error(), "read") && !strings.Contains(write.Error(), "permission") {
				t.Errorf("%s was refused for another reason: %v", name, write)
			}
		}
	})
}

func TestYieldStops(t *testing.T) {
	both(t, func(t *testing.T, options projection.Options) {
		p := opened(t, projection.Open, options)
		at := time.Unix(2, 0)
		if err := p.Apply(t.Context(), crisis.Batch{At: at, Incidents: []crisis.PublicIncident{flood("a", at), flood("b", at)}}); err != nil {
			t.Fatal(err)
		}
		enough, seen := errors.New("enough"), 0
		err := p.EachIncident(t.Context(), func(crisis.PublicIncident) error { seen++; return enough })
		if !errors.Is(err, enough) || seen != 1 {
			t.Errorf("%d seen, %v", seen, err)
		}
	})
}

// TestAnOldBatchIsRefused: a publisher that slept while another published must
// not bring back what was retracted since.
func TestAnOldBatchIsRefused(t *testing.T) {
	both(t, func(t *testing.T, options projection.Options) {
		p, ctx := opened(t, projection.Open, options), t.Context()
		early, late := time.Unix(1_700_000_000, 0).UTC(), time.Unix(1_700_000_002, 0).UTC()
		if err := p.Apply(ctx, crisis.Batch{At: late, Next: 5, Retract: []string{"a"}}); err != nil {
			t.Fatal(err)
		}
		err := p.Apply(ctx, crisis.Batch{At: early, Next: 4, Incidents: []crisis.PublicIncident{{ID: "a"}}})
		if !errors.Is(err, crisis.ErrFenced) {
			t.Errorf("the old batch: %v", err)
		}
		if back := incidents(t, p); len(back) != 0 {
			t.Errorf("%d came back", len(back))
		}
	})
}
