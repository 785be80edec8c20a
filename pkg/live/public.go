package live

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/formats"
)

// Projection is what the public map reads.
type Projection interface {
	State(ctx context.Context) (at time.Time, next uint64, err error)
	EachIncident(ctx context.Context, yield func(crisis.PublicIncident) error) error
	EachHotspot(ctx context.Context, yield func(crisis.PublicHotspot) error) error
	Since(ctx context.Context, at time.Time) ([]crisis.Batch, error)
}

// Public is the map that strangers see. It reads the projection and nothing
// else.
type Public struct {
	feed
	projection Projection
	languages  []string
	log        *slog.Logger
}

// NewPublic makes an empty public map; Load fills it. Languages say which
// summary is shown where there are several, the first that there is.
func NewPublic(projection Projection, languages []string, log *slog.Logger) *Public {
	return &Public{feed: feed{Map: New(), Hub: NewHub()}, projection: projection, languages: languages, log: log}
}

// loadUnit is how many incidents one step of a load puts on the map.
const loadUnit = 20_000

// Load reads the whole projection; where that breaks off, as far as it can be
// read. What it does not give is not shown.
func (p *Public) Load(ctx context.Context) error {
	at, _, err := p.projection.State(ctx)
	if err != nil {
		return fmt.Errorf("read the projection: %w", err)
	}
	stale := p.held()
	unit := Change{At: at}
	err = p.projection.EachIncident(ctx, func(in crisis.PublicIncident) error {
		delete(stale, in.ID)
		if unit.Incidents = append(unit.Incidents, p.incident(&in)); len(unit.Incidents) == loadUnit {
			p.Map.Apply(unit)
			unit.Incidents = nil
		}
		return nil
	})
	if err := p.broken(ctx, "incidents", err); err != nil {
		return err
	}
	err = p.projection.EachHotspot(ctx, func(h crisis.PublicHotspot) error {
		delete(stale, h.ID)
		unit.Hotspots = append(unit.Hotspots, publicHotspot(&h))
		return nil
	})
	if err := p.broken(ctx, "hotspots", err); err != nil {
		return err
	}
	unit.Gone = slices.Sorted(maps.Keys(stale))
	p.Map.Apply(unit)
	// Events of this batch have positions after its step's zeroth.
	p.Hub.Start(Position{Step: step64(at), Nth: ^uint32(0)}, at)
	return nil
}

// broken notes that something of the projection cannot be read, and fails where
// nothing of it can.
func (p *Public) broken(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if _, _, away := p.projection.State(ctx); away != nil {
		return fmt.Errorf("read the projection: %w", away)
	}
	p.log.Error("a part of the public copy cannot be read and is not shown", slog.String("part", what))
	return ctx.Err()
}

func step64(at time.Time) uint64 { return uint64(max(0, at.Unix())) }

// Refresh applies the batches that have come since; one goroutine at a time.
func (p *Public) Refresh(ctx context.Context) error {
	// The state is read first: what a later batch brings is found the next time.
	at, _, err := p.projection.State(ctx)
	if err != nil {
		return fmt.Errorf("read the projection: %w", err)
	}
	if !at.After(p.At()) {
		return nil
	}
	batches, err := p.projection.Since(ctx, p.At())
	if err != nil {
		if err := p.broken(ctx, "changes", err); err != nil {
			return err
		}
		if err := p.Load(ctx); err != nil {
			return err
		}
		p.Hub.Resync()
		return nil
	}
	for i := range batches {
		b := &batches[i]
		step := func(string) uint64 { return step64(b.At) }
		c := p.changeOf(b)
		p.tell(b.At, p.change(p.audience(c), c, step))
	}
	p.tell(at, p.change(nil, Change{At: at}, nil)) // a batch without changes is fresh too
	return nil
}

// changeOf puts what is in a batch in an order that depends on that alone.
func (p *Public) changeOf(b *crisis.Batch) Change {
	slices.SortFunc(b.Hotspots, func(x, y crisis.PublicHotspot) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(b.Incidents, func(x, y crisis.PublicIncident) int { return cmp.Compare(x.ID, y.ID) })
	slices.Sort(b.Retract)
	c := Change{At: b.At, Gone: b.Retract}
	for i := range b.Hotspots {
		c.Hotspots = append(c.Hotspots, publicHotspot(&b.Hotspots[i]))
	}
	for i := range b.Incidents {
		c.Incidents = append(c.Incidents, p.incident(&b.Incidents[i]))
	}
	return c
}

// quiet is how long viewers hear nothing when nothing happens.
const quiet = 15 * time.Second

// Run follows the projection until the context ends: when woken by the publisher
// of this process, and every poll for those of others. Viewers hear of every
// batch, and that the stream is alive.
func (p *Public) Run(ctx context.Context, wake <-chan struct{}, poll time.Duration) {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	told, silent := p.At(), time.Duration(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-ticker.C:
			silent += poll
		}
		if err := p.Refresh(ctx); err != nil && ctx.Err() == nil {
			p.log.Warn("the public map could not follow the projection", slog.Any("error", err))
		}
		if at := p.At(); at.After(told) || silent >= quiet {
			told, silent = at, 0
			p.Hub.Heartbeat()
		}
	}
}

func (p *Public) incident(in *crisis.PublicIncident) Incident {
	return Incident{Weight: in.Sources, Incident: formats.Incident{
		ID: in.ID, Status: in.Status, Phase: in.Phase, Severity: in.Severity, Categories: in.Categories,
		Summary: pick(in.Summaries, p.languages), Place: in.Place, OccurredAt: in.OccurredAt, Reports: in.Reports, Sources: in.Sources,
		Located: in.Located, Lon: in.Lon, Lat: in.Lat, UncertaintyM: in.UncertaintyM, Cell: in.Cell}}
}

func publicHotspot(h *crisis.PublicHotspot) Hotspot {
	return Hotspot{Members: h.Members, Hotspot: formats.Hotspot{
		ID: h.ID, Status: h.Status, Severity: h.Severity, Score: h.Score, Incidents: h.Incidents, Reports: h.Reports, Sources: h.Sources,
		Categories: h.Categories, FirstSeen: h.FirstSeen, LastSeen: h.LastSeen, Trend: h.Trend, Why: h.Why, Place: h.Place,
		Lon: h.Lon, Lat: h.Lat, Shape: h.Shape}}
}

// pick is the text in the first of the languages that has one, else in the
// first by name.
func pick(texts map[string]string, languages []string) string {
	for _, l := range languages {
		if texts[l] != "" {
			return texts[l]
		}
	}
	best := ""
	for l := range texts {
		if texts[l] != "" && (best == "" || l < best) {
			best = l
		}
	}
	return texts[best]
}
