package hotspot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// Store is what the service needs of the store.
type Store interface {
	crisis.Reader
	Write(ctx context.Context, changes ...crisis.Change) ([]crisis.Outcome, error)
	EachPlaced(ctx context.Context, yield func(crisis.Placed) error) error
	Placed(ctx context.Context, id crisis.ID) (crisis.Placed, error)
	Entries(ctx context.Context, from uint64, limit int) ([]crisis.Entry, error)
	Size(ctx context.Context) (uint64, error)
	Watch() (wake <-chan struct{}, stop func())
	Acquire(ctx context.Context, name, holder string, ttl time.Duration) (crisis.Lease, bool, error)
	Release(ctx context.Context, lease crisis.Lease) error
}

// Options are what a Service is made of.
type Options struct {
	Store  Store
	Clock  func() time.Time
	Random io.Reader
	Log    *slog.Logger
	// Holder names this process among those that may hold the lease.
	Holder string
}

// Service keeps the hotspots that ops see: verified, ongoing, located incidents,
// at their true points. Of several instances the one that holds the lease works.
// Respond may be called by many at once; the rest is for one goroutine.
type Service struct {
	Options
	density crisis.Density
	members map[crisis.ID]crisis.HotspotMember
	records map[crisis.ID]*crisis.Hotspot // those that live
	next    uint64
}

// New makes a Service.
func New(o Options) *Service { return &Service{Options: o} }

const (
	leaseName = "hotspot"
	leaseLife = 15 * time.Second
	// pace is the least time between two writes of the same hotspot (DESIGN §3).
	pace = time.Second
	// tick is how often hotspots are looked at when nothing happens, to fade and
	// close.
	tick = 5 * time.Second
)

// Run works whenever it holds the lease, until the context ends.
func (s *Service) Run(ctx context.Context) {
	for ctx.Err() == nil {
		lease, ours, err := s.Store.Acquire(ctx, leaseName, s.Holder, leaseLife)
		if err == nil && ours {
			err = s.lead(ctx, lease)
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, crisis.ErrFenced) {
			s.Log.Warn("hotspots could not be worked out", slog.Any("error", err))
		}
		wait(ctx, 2*time.Second)
	}
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (s *Service) lead(ctx context.Context, lease crisis.Lease) error {
	wake, stop := s.Store.Watch()
	defer stop()
	defer func() {
		if err := s.Store.Release(context.WithoutCancel(ctx), lease); err != nil {
			s.Log.Warn("the lease of hotspots was not given back", slog.Any("error", err))
		}
	}()
	if err := s.Load(ctx); err != nil {
		return err
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		if _, err := s.Step(ctx, lease); err != nil {
			return err
		}
		wait(ctx, pace)
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case <-ticker.C:
			if again, ours, err := s.Store.Acquire(ctx, leaseName, s.Holder, leaseLife); err != nil || !ours || again != lease {
				return err
			}
		}
	}
}

// Load reads every incident and every live hotspot.
func (s *Service) Load(ctx context.Context) error {
	size, err := s.Store.Size(ctx)
	if err != nil {
		return fmt.Errorf("read the ledger's size: %w", err)
	}
	if err := s.loadDensity(ctx); err != nil {
		return err
	}
	s.members, s.records = map[crisis.ID]crisis.HotspotMember{}, map[crisis.ID]*crisis.Hotspot{}
	err = s.Store.EachPlaced(ctx, func(p crisis.Placed) error {
		s.take(p)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the incidents: %w", err)
	}
	for _, status := range []crisis.HotspotStatus{crisis.HotspotEmerging, crisis.HotspotActive, crisis.HotspotIntensifying, crisis.HotspotFading} {
		found, err := crisis.Find[*crisis.Hotspot](ctx, s.Store, "status", string(status))
		if err != nil {
			return fmt.Errorf("read the hotspots: %w", err)
		}
		for _, h := range found {
			s.records[h.ID] = h
		}
	}
	s.next = size
	return nil
}

func (s *Service) loadDensity(ctx context.Context) error {
	s.density = crisis.DefaultDensity()
	policy, err := crisis.One[*crisis.Policy](ctx, s.Store, "key", crisis.PolicyDeployment)
	if errors.Is(err, crisis.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the deployment: %w", err)
	}
	var deployment crisis.Deployment
	if err := json.Unmarshal([]byte(policy.Value), &deployment); err != nil {
		return fmt.Errorf("read the deployment: %w", err)
	}
	if deployment.Hotspot.Weight > 0 && deployment.Hotspot.Metres > 0 {
		s.density = deployment.Hotspot
	}
	return nil
}

// take keeps an incident that may be part of a hotspot, and forgets any other.
func (s *Service) take(p crisis.Placed) {
	in, l := p.Incident, p.Location
	if in.Status != crisis.StatusVerified || in.Phase != crisis.PhaseOngoing || l == nil {
		delete(s.members, in.ID)
		return
	}
	at := in.Occurred.At()
	if at.IsZero() {
		at = in.FirstReceived
	}
	s.members[in.ID] = crisis.HotspotMember{ID: in.ID.String(), Lon: l.Lon, Lat: l.Lat, UncertaintyM: l.UncertaintyM, At: at,
		Weight: crisis.HotspotWeight(in.Severity, in.Status, in.Sources), Severity: in.Severity, Categories: in.Categories,
		Reports: in.Reports, Sources: in.Sources}
}

// followed is how many entries one read of the ledger takes.
const followed = 1000

// Step follows the ledger to its end, works the hotspots out, and writes those
// that changed, at most one entry each. It says how many.
func (s *Service) Step(ctx context.Context, lease crisis.Lease) (int, error) {
	for range 3 {
		if err := s.follow(ctx); err != nil {
			return 0, err
		}
		changes, records, err := s.changes(lease)
		if err != nil || len(changes) == 0 {
			return 0, err
		}
		_, err = s.Store.Write(ctx, changes...)
		if errors.Is(err, crisis.ErrStale) {
			continue // somebody responded; the next reading sees it
		}
		if err != nil {
			return 0, fmt.Errorf("write the hotspots: %w", err)
		}
		for _, h := range records {
			s.remember(h)
		}
		return len(changes), nil
	}
	return 0, nil
}

func (s *Service) remember(h *crisis.Hotspot) {
	if h.Status == crisis.HotspotClosed {
		delete(s.records, h.ID)
	} else {
		s.records[h.ID] = h
	}
}

func (s *Service) follow(ctx context.Context) error {
	for {
		entries, err := s.Store.Entries(ctx, s.next, followed)
		if err != nil {
			return fmt.Errorf("read the ledger: %w", err)
		}
		if len(entries) == 0 {
			return nil
		}
		incidents, hotspots := map[crisis.ID]bool{}, map[crisis.ID]bool{}
		for _, e := range entries {
			switch e.Table {
			case crisis.TableIncident:
				incidents[e.ID] = true
			case crisis.TableHotspot:
				hotspots[e.ID] = true
			case crisis.TablePolicy:
				if err := s.loadDensity(ctx); err != nil {
					return err
				}
			}
		}
		if err := s.reread(ctx, incidents, hotspots); err != nil {
			return err
		}
		s.next = entries[len(entries)-1].Index + 1
	}
}

func (s *Service) reread(ctx context.Context, incidents, hotspots map[crisis.ID]bool) error {
	for id := range incidents {
		p, err := s.Store.Placed(ctx, id)
		if errors.Is(err, crisis.ErrNotFound) {
			delete(s.members, id)
			continue
		}
		if err != nil {
			return fmt.Errorf("read an incident: %w", err)
		}
		s.take(p)
	}
	for id := range hotspots {
		h, err := crisis.Get[*crisis.Hotspot](ctx, s.Store, id)
		if err != nil {
			return fmt.Errorf("read a hotspot: %w", err)
		}
		s.remember(h)
	}
	return nil
}

// changes are what turns the records into what the engine finds now.
func (s *Service) changes(lease crisis.Lease) ([]crisis.Change, []*crisis.Hotspot, error) {
	now := s.Clock()
	members := make([]crisis.HotspotMember, 0, len(s.members))
	for _, m := range s.members {
		members = append(members, m)
	}
	previous := make([]crisis.HotspotGroup, 0, len(s.records))
	for _, h := range s.records {
		previous = append(previous, groupOf(h))
	}
	slices.SortFunc(previous, func(a, b crisis.HotspotGroup) int { return bytes.Compare([]byte(a.Key), []byte(b.Key)) })
	var fault error
	drawn := 0
	engine := Engine{Density: s.density, Undrawn: true, Key: func(string) string {
		id, err := crisis.NewID(now, s.Random)
		if err != nil {
			fault = err
			drawn++
			return strconv.Itoa(drawn)
		}
		return id.String()
	}}
	groups := engine.Group(now, members, previous)
	if fault != nil {
		return nil, nil, fmt.Errorf("name a hotspot: %w", fault)
	}
	var changes []crisis.Change
	var records []*crisis.Hotspot
	for i := range groups {
		h, action, err := s.record(&groups[i], now)
		if err != nil {
			return nil, nil, err
		}
		if action != "" {
			changes = append(changes, crisis.Change{Action: action, Actor: crisis.SystemActor("hotspot"), At: crisis.Moment(now),
				Put: []crisis.Record{h}, Guard: crisis.Guard{Lease: &lease}})
			records = append(records, h)
		}
	}
	return changes, records, nil
}

// record is the hotspot's next revision and what happened to it; "" where
// nothing did.
func (s *Service) record(g *crisis.HotspotGroup, now time.Time) (*crisis.Hotspot, string, error) {
	id, err := crisis.ParseID(g.Key)
	if err != nil {
		return nil, "", fmt.Errorf("read a hotspot's key: %w", err)
	}
	parent, err := crisis.ParseID(g.Parent)
	if err != nil {
		return nil, "", fmt.Errorf("read a hotspot's parent: %w", err)
	}
	h := &crisis.Hotspot{Status: g.Status, Severity: g.Severity, Score: g.Score, Reports: g.Reports, Sources: g.Sources,
		Categories: g.Categories, FirstSeen: crisis.Moment(g.FirstSeen), LastSeen: crisis.Moment(g.LastSeen), Trend: g.Trend, Why: g.Why, Parent: parent}
	for _, m := range g.Members {
		member, err := crisis.ParseID(m)
		if err != nil {
			return nil, "", fmt.Errorf("read a hotspot's member: %w", err)
		}
		h.Members = append(h.Members, member)
	}
	by, old := crisis.SystemActor("hotspot"), s.records[id]
	if old == nil {
		h.Meta = crisis.First(id, now, by)
		return h, "hotspot.emerged", nil
	}
	h.Response, h.ResponseBy, h.ResponseAt = old.Response, old.ResponseBy, old.ResponseAt
	if same(h, old) {
		return nil, "", nil
	}
	h.Meta = old.Meta.Next(now, by)
	if h.Status == crisis.HotspotClosed {
		return h, "hotspot.closed", nil
	}
	return h, "hotspot.changed", nil
}

func same(a, b *crisis.Hotspot) bool {
	return a.Status == b.Status && a.Severity == b.Severity && a.Score == b.Score && slices.Equal(a.Members, b.Members) &&
		a.Reports == b.Reports && a.Sources == b.Sources && slices.Equal(a.Categories, b.Categories) && a.FirstSeen.Equal(b.FirstSeen) &&
		a.LastSeen.Equal(b.LastSeen) && a.Trend == b.Trend && a.Why == b.Why && a.Parent == b.Parent
}

// groupOf is a record as the engine takes it.
func groupOf(h *crisis.Hotspot) crisis.HotspotGroup {
	g := crisis.HotspotGroup{Key: h.ID.String(), Status: h.Status, Severity: h.Severity, Score: h.Score, Reports: h.Reports, Sources: h.Sources,
		Categories: h.Categories, FirstSeen: h.FirstSeen, LastSeen: h.LastSeen, Trend: h.Trend, Why: h.Why, Parent: h.Parent.String()}
	for _, m := range h.Members {
		g.Members = append(g.Members, m.String())
	}
	return g
}
