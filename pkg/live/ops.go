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
	stale := o.held()
	unit := Change{At: now}
	put := func(p crisis.Placed) error {
		delete(stale, p.Incident.ID.String())
		o.add(&unit, p)
		if len(unit.Incidents)+len(unit.Former) >= loadUnit {
			o.Map.Apply(unit)
			unit.Incidents, unit.Former = nil, nil
		}
		return nil
	}
	if err = o.Store.EachPlaced(ctx, put); err != nil {
		err = o.readOneByOne(ctx, crisis.TableIncident, func(id crisis.ID) error {
			p, err := o.Store.Placed(ctx, id)
			if err != nil {
				return err
			}
			return put(p)
		})
	}
	if err != nil {
		return fmt.Errorf("read the incidents: %w", err)
	}
	o.Map.Apply(unit)
	if err := o.loadHotspots(ctx, stale); err != nil {
		return err
	}
	o.Map.Apply(Change{Gone: slices.Sorted(maps.Keys(stale))})
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

func (o *Ops) loadSummaries(ctx context.Context) error {
	o.summaries = map[crisis.ID]map[string]string{}
	return eachRecord(ctx, o, o.summarise)
}

func (o *Ops) summarise(s *crisis.Summary) {
	if o.summaries[s.Incident] == nil {
		o.summaries[s.Incident] = map[string]string{}
	}
	o.summaries[s.Incident][s.Language] = s.Text.Reveal()
}

func (o *Ops) loadHotspots(ctx context.Context, stale map[string]struct{}) error {
	o.records = map[crisis.ID]*crisis.Hotspot{}
	if err := eachRecord(ctx, o, func(h *crisis.Hotspot) { o.records[h.ID] = h }); err != nil {
		return err
	}
	var all []Hotspot
	for _, h := range o.records {
		delete(stale, h.ID.String())
		all = append(all, o.hotspot(h))
	}
	o.Map.Apply(Change{Hotspots: all})
	return nil
}

// add puts an incident into a change, as what it is on the map.
func (o *Ops) add(c *Change, p crisis.Placed) {
	if p.Incident.Status == crisis.StatusDuplicate {
		c.Former = append(c.Former, o.incident(p))
		return
	}
	c.Incidents = append(c.Incidents, o.incident(p))
}

// incident is an incident as ops see it.
func (o *Ops) incident(p crisis.Placed) Incident {
	in := p.Incident
	at := in.Occurred.At()
	if at.IsZero() {
		at = in.FirstReceived
	}
	out := Incident{
		Hidden: crisis.ExposedUnder(o.deployment.Profile, in, o.categories) == crisis.ProfileHidden,
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
			o.tell(now, o.change(nil, Change{At: now}, nil))
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

// follow reads again what the entries touched, and then puts it on the map.
// What cannot be read is taken off it.
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
				if err := o.skipped(ctx, e.Table, e.ID); err != nil {
					return err
				}
				continue
			}
			o.summarise(s)
			incidents[s.Incident] = max(incidents[s.Incident], e.Index)
		}
	}
	moved, err := o.placed(ctx, incidents, now)
	if err != nil {
		return err
	}
	redrawn, err := o.changed(ctx, incidents, hotspots)
	if err != nil {
		return err
	}
	// Who saw a hotspot is asked before an incident that it is made of changes.
	touched := moved
	touched.Hotspots = nil
	for id := range hotspots {
		touched.Hotspots = append(touched.Hotspots, Hotspot{Hotspot: formats.Hotspot{ID: id.String()}})
	}
	saw := o.audience(touched)
	told := o.change(saw, moved, stepIn(incidents))
	redraw := Change{At: now, Gone: redrawn.gone}
	for _, h := range redrawn.records {
		redraw.Hotspots = append(redraw.Hotspots, o.hotspot(h))
	}
	o.tell(now, append(told, o.change(saw, redraw, stepIn(hotspots))...))
	return nil
}

// stepIn is the position of the ledger after the entry of each id.
func stepIn(entries map[crisis.ID]uint64) func(string) uint64 {
	at := make(map[string]uint64, len(entries))
	for id, index := range entries {
		at[id.String()] = index + 1
	}
	return func(id string) uint64 { return at[id] }
}

// placed reads incidents as they are now.
func (o *Ops) placed(ctx context.Context, incidents map[crisis.ID]uint64, now time.Time) (Change, error) {
	c := Change{At: now}
	for _, id := range inOrder(incidents) {
		p, err := o.Store.Placed(ctx, id)
		if err == nil {
			o.add(&c, p)
			continue
		}
		if !errors.Is(err, crisis.ErrNotFound) {
			if err := o.skipped(ctx, crisis.TableIncident, id); err != nil {
				return c, err
			}
		}
		c.Gone = append(c.Gone, id.String())
	}
	return c, nil
}

// redrawn are hotspots as they are now, and the ids of those that cannot be read.
type redrawn struct {
	records []*crisis.Hotspot
	gone    []string
}

// changed reads the hotspots that changed, and adds to them those of which an
// incident did.
func (o *Ops) changed(ctx context.Context, incidents, hotspots map[crisis.ID]uint64) (redrawn, error) {
	var out redrawn
	for id, h := range o.records {
		for _, member := range h.Members {
			if at, touched := incidents[member]; touched {
				hotspots[id] = max(hotspots[id], at)
			}
		}
	}
	for _, id := range inOrder(hotspots) {
		h, err := crisis.Get[*crisis.Hotspot](ctx, o.Store, id)
		if err != nil {
			if err := o.skipped(ctx, crisis.TableHotspot, id); err != nil {
				return out, err
			}
			out.gone = append(out.gone, id.String())
			continue
		}
		out.records = append(out.records, h)
	}
	for _, h := range out.records {
		o.records[h.ID] = h
	}
	return out, nil
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
