package live

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/formats"
)

// Store is what the ops map reads.
type Store interface {
	crisis.Reader
	EachPlaced(ctx context.Context, yield func(crisis.Placed) error) error
	Placed(ctx context.Context, id crisis.ID) (crisis.Placed, error)
	Entries(ctx context.Context, from uint64, limit int) ([]crisis.Entry, error)
	Size(ctx context.Context) (uint64, error)
	Watch() (wake <-chan struct{}, stop func())
}

// OpsOptions are what the ops map is made of.
type OpsOptions struct {
	Store Store
	Clock func() time.Time
	Log   *slog.Logger
	// Area draws what a hotspot's points lie in: closed rings.
	Area func([]geo.Point) [][]geo.Point
}

// Ops is the map of true points. It follows the ledger, so that what a position
// says is the same on every instance.
type Ops struct {
	feed
	OpsOptions
	next       uint64 // the ledger index that it wants next
	deployment crisis.Deployment
	categories map[string]*crisis.Category
	summaries  map[crisis.ID]map[string]string // of incidents, by language
	records    map[crisis.ID]*crisis.Hotspot
}

// NewOps makes an empty ops map; Load fills it.
func NewOps(o OpsOptions) *Ops {
	return &Ops{feed: feed{Map: New(), Hub: NewHub()}, OpsOptions: o}
}

// Load reads every incident and hotspot.
func (o *Ops) Load(ctx context.Context) error {
	size, err := o.Store.Size(ctx)
	if err != nil {
		return fmt.Errorf("read the ledger's size: %w", err)
	}
	now := o.Clock()
	if err := o.loadRules(ctx); err != nil {
		return err
	}
	if err := o.loadSummaries(ctx); err != nil {
		return err
	}
	unit := Change{At: now}
	err = o.Store.EachPlaced(ctx, func(p crisis.Placed) error {
		if p.Incident.Status == crisis.StatusDuplicate {
			return nil
		}
		if unit.Incidents = append(unit.Incidents, o.incident(p)); len(unit.Incidents) == loadUnit {
			o.Map.Apply(unit)
			unit.Incidents = nil
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the incidents: %w", err)
	}
	o.Map.Apply(unit)
	if err := o.loadHotspots(ctx); err != nil {
		return err
	}
	o.next = size
	o.Hub.Start(Position{Step: size, Nth: ^uint32(0)}, now)
	return nil
}

func (o *Ops) loadRules(ctx context.Context) error {
	categories, err := crisis.Select[*crisis.Category](ctx, o.Store, crisis.Query{})
	if err != nil {
		return fmt.Errorf("read the categories: %w", err)
	}
	o.categories = map[string]*crisis.Category{}
	for _, c := range categories {
		o.categories[c.Key] = c
	}
	policy, err := crisis.One[*crisis.Policy](ctx, o.Store, "key", crisis.PolicyDeployment)
	if errors.Is(err, crisis.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the deployment: %w", err)
	}
	if err := json.Unmarshal([]byte(policy.Value), &o.deployment); err != nil {
		return fmt.Errorf("read the deployment: %w", err)
	}
	return nil
}

// recordUnit is how many records one read of a load asks for.
const recordUnit = 1000

func (o *Ops) loadSummaries(ctx context.Context) error {
	o.summaries = map[crisis.ID]map[string]string{}
	return eachRecord(ctx, o.Store, func(s *crisis.Summary) { o.summarise(s) })
}

func (o *Ops) summarise(s *crisis.Summary) {
	if o.summaries[s.Incident] == nil {
		o.summaries[s.Incident] = map[string]string{}
	}
	o.summaries[s.Incident][s.Language] = s.Text.Reveal()
}

func (o *Ops) loadHotspots(ctx context.Context) error {
	o.records = map[crisis.ID]*crisis.Hotspot{}
	if err := eachRecord(ctx, o.Store, func(h *crisis.Hotspot) { o.records[h.ID] = h }); err != nil {
		return err
	}
	var all []Hotspot
	for _, h := range o.records {
		all = append(all, o.hotspot(h))
	}
	o.Map.Apply(Change{Hotspots: all})
	return nil
}

func eachRecord[T crisis.Record](ctx context.Context, r crisis.Reader, do func(T)) error {
	var after crisis.ID
	for {
		page, err := crisis.Select[T](ctx, r, crisis.Query{After: after, Limit: recordUnit})
		if err != nil {
			return fmt.Errorf("read records: %w", err)
		}
		for _, one := range page {
			do(one)
			after = one.Head().ID
		}
		if len(page) < recordUnit {
			return nil
		}
	}
}

// incident is an incident as ops see it.
func (o *Ops) incident(p crisis.Placed) Incident {
	in := p.Incident
	at := in.Occurred.At()
	if at.IsZero() {
		at = in.FirstReceived
	}
	out := Incident{
		Hidden: crisis.ProfileOf(o.deployment.Profile, in.Categories, o.categories) == crisis.ProfileHidden,
		Weight: uint32(crisis.HotspotWeight(in.Severity, in.Status, in.Sources)),
		Incident: formats.Incident{ID: in.ID.String(), Status: in.Status, Phase: in.Phase, Severity: in.Severity, Categories: in.Categories,
			Summary: pick(o.summaries[in.ID], o.deployment.Languages), OccurredAt: at, Reports: in.Reports, Sources: in.Sources},
	}
	if l := p.Location; l != nil {
		out.Located, out.Lon, out.Lat, out.UncertaintyM, out.LocatedBy = true, l.Lon, l.Lat, l.UncertaintyM, l.Method
		out.Place = l.Name
		if l.Admin1 != "" && !strings.Contains(l.Name, l.Admin1) {
			out.Place = strings.TrimPrefix(l.Name+", "+l.Admin1, ", ")
		}
	}
	return out
}

// hotspot is a record with the shape that its members' points give it.
func (o *Ops) hotspot(h *crisis.Hotspot) Hotspot {
	out := Hotspot{Hotspot: formats.Hotspot{ID: h.ID.String(), Status: h.Status, Severity: h.Severity, Score: h.Score,
		Incidents: uint32(len(h.Members)), Reports: h.Reports, Sources: h.Sources, Categories: h.Categories,
		FirstSeen: h.FirstSeen, LastSeen: h.LastSeen, Trend: h.Trend, Why: h.Why, Response: h.Response, ResponseAt: h.ResponseAt}}
	var points []geo.Point
	names := map[string]int{}
	o.mu.RLock()
	for _, id := range h.Members {
		out.Members = append(out.Members, id.String())
		if in := o.features[keyOf(id.String())]; in != nil && in.Located {
			points = append(points, geo.Point{Lon: in.Lon, Lat: in.Lat})
			names[in.Place]++
		}
	}
	o.mu.RUnlock()
	for name, n := range names {
		if n > names[out.Place] || n == names[out.Place] && (out.Place == "" || name < out.Place) {
			out.Place = name
		}
	}
	if len(points) > 0 {
		rings := o.Area(points)
		out.Shape = formats.AppendArea(nil, rings)
		out.Lon, out.Lat = points[0].Lon, points[0].Lat
		if len(rings) == 1 {
			middle := around(rings[0]).Centre()
			out.Lon, out.Lat = middle.Lon, middle.Lat
		}
	}
	return out
}

// Run follows the ledger until the context ends, and beats so that silence can
// be told from quiet.
func (o *Ops) Run(ctx context.Context, beat time.Duration) {
	wake, stop := o.Store.Watch()
	defer stop()
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for {
		if err := o.CatchUp(ctx); err != nil && ctx.Err() == nil {
			o.Log.Warn("the ops map could not follow the ledger", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-ticker.C:
			o.Hub.Heartbeat()
		}
	}
}

// followed is how many entries one step reads.
const followed = 1000

// CatchUp reads the ledger to its end; one goroutine at a time may call it.
func (o *Ops) CatchUp(ctx context.Context) error {
	for {
		now := o.Clock()
		entries, err := o.Store.Entries(ctx, o.next, followed)
		if err != nil {
			return fmt.Errorf("read the ledger: %w", err)
		}
		if len(entries) == 0 {
			o.tell(now, o.change(Change{At: now}, nil))
			return nil
		}
		if slices.ContainsFunc(entries, func(e crisis.Entry) bool { return e.Table == crisis.TableCategory || e.Table == crisis.TablePolicy }) {
			if err := o.Load(ctx); err != nil {
				return err
			}
			o.Hub.Resync()
			continue
		}
		if err := o.follow(ctx, entries, now); err != nil {
			return err
		}
		o.next = entries[len(entries)-1].Index + 1
	}
}

// follow reads again what the entries touched and puts it on the map.
func (o *Ops) follow(ctx context.Context, entries []crisis.Entry, now time.Time) error {
	incidents, hotspots := map[crisis.ID]uint64{}, map[crisis.ID]uint64{}
	for _, e := range entries {
		switch e.Table {
		case crisis.TableIncident:
			incidents[e.ID] = e.Index
		case crisis.TableHotspot:
			hotspots[e.ID] = e.Index
		case crisis.TableSummary:
			s, err := crisis.Get[*crisis.Summary](ctx, o.Store, e.ID)
			if err != nil {
				return fmt.Errorf("read a summary: %w", err)
			}
			o.summarise(s)
			incidents[s.Incident] = max(incidents[s.Incident], e.Index)
		}
	}
	told, err := o.place(ctx, incidents, now)
	if err != nil {
		return err
	}
	redrawn, err := o.redraw(ctx, incidents, hotspots, now)
	if err != nil {
		return err
	}
	o.tell(now, append(told, redrawn...))
	return nil
}

// place puts the incidents on the map as they are now.
func (o *Ops) place(ctx context.Context, incidents map[crisis.ID]uint64, now time.Time) ([]happening, error) {
	c, at := Change{At: now}, map[string]uint64{}
	for _, id := range inOrder(incidents) {
		at[id.String()] = incidents[id] + 1
		p, err := o.Store.Placed(ctx, id)
		switch {
		case errors.Is(err, crisis.ErrNotFound) || err == nil && p.Incident.Status == crisis.StatusDuplicate:
			c.Gone = append(c.Gone, id.String())
		case err != nil:
			return nil, fmt.Errorf("read an incident: %w", err)
		default:
			c.Incidents = append(c.Incidents, o.incident(p))
		}
	}
	return o.change(c, func(id string) uint64 { return at[id] }), nil
}

// redraw puts the hotspots on the map that changed, or whose members did.
func (o *Ops) redraw(ctx context.Context, incidents, hotspots map[crisis.ID]uint64, now time.Time) ([]happening, error) {
	for id, h := range o.records {
		for _, member := range h.Members {
			if at, touched := incidents[member]; touched && h.Status != crisis.HotspotClosed {
				hotspots[id] = max(hotspots[id], at)
			}
		}
	}
	c, at := Change{At: now}, map[string]uint64{}
	for _, id := range inOrder(hotspots) {
		at[id.String()] = hotspots[id] + 1
		h, err := crisis.Get[*crisis.Hotspot](ctx, o.Store, id)
		if err != nil {
			return nil, fmt.Errorf("read a hotspot: %w", err)
		}
		o.records[id] = h
		c.Hotspots = append(c.Hotspots, o.hotspot(h))
	}
	return o.change(c, func(id string) uint64 { return at[id] }), nil
}

func inOrder(set map[crisis.ID]uint64) []crisis.ID {
	return slices.SortedFunc(maps.Keys(set), func(a, b crisis.ID) int { return bytes.Compare(a[:], b[:]) })
}

func around(ring []geo.Point) geo.Bounds {
	b := geo.Bounds{West: 180, South: 90, East: -180, North: -90}
	for _, p := range ring {
		b.West, b.East = min(b.West, p.Lon), max(b.East, p.Lon)
		b.South, b.North = min(b.South, p.Lat), max(b.North, p.Lat)
	}
	return b
}
