// Package publish makes the projection: the blurred copy of what is verified,
// which is all that strangers ever read. It follows the ledger, computes each
// incident afresh by its profile, and writes batches at whole multiples of the
// profile's period since 1970 UTC, so that when something appears says nothing
// more than what it is (DESIGN §4 law 3, §6).
//
// Everything in a batch is derived from what may be known: two deployments that
// differ only in what is hidden publish the same.
package publish

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// Store is what the publisher reads.
type Store interface {
	crisis.Reader
	EachPlaced(ctx context.Context, yield func(crisis.Placed) error) error
	Entries(ctx context.Context, from uint64, limit int) ([]crisis.Entry, error)
	Size(ctx context.Context) (uint64, error)
	Acquire(ctx context.Context, name, holder string, ttl time.Duration) (crisis.Lease, bool, error)
	Release(ctx context.Context, lease crisis.Lease) error
}

// Projection is what it writes.
type Projection interface {
	State(ctx context.Context) (at time.Time, next uint64, err error)
	EachIncident(ctx context.Context, yield func(crisis.PublicIncident) error) error
	EachHotspot(ctx context.Context, yield func(crisis.PublicHotspot) error) error
	Apply(ctx context.Context, batch crisis.Batch) error
	Reset(ctx context.Context) error
}

// Options are what a Publisher is made of.
type Options struct {
	Store      Store
	Projection Projection
	Clock      func() time.Time
	Log        *slog.Logger
	Holder     string // names this process among those that may publish
	// PublicID derives a public id from an internal one, under the projection
	// key.
	PublicID func(kind, internal string) string
	// CellName names a cell from its bounds alone.
	CellName func(geo.Cell) string
	// Group is the hotspot engine over public incidents; its counts are lower
	// bounds of buckets.
	Group func(density crisis.Density, now time.Time, members []crisis.HotspotMember, previous []crisis.HotspotGroup) []crisis.HotspotGroup
	// Every overrides how often is published; 0 leaves it to the profiles.
	Every time.Duration
	// Published is told after each batch; it may be nil.
	Published func()
}

// Publisher keeps the projection. It is for one goroutine.
type Publisher struct {
	Options
	rules
	last      time.Time // of the latest batch
	next      uint64    // the ledger index that it wants next
	dirty     map[crisis.ID]mark
	incidents map[string]crisis.PublicIncident
	hotspots  map[string]crisis.PublicHotspot
}

// mark is on an incident that is to be looked at again.
type mark struct {
	index uint64 // of the first ledger entry that touched it
	// waits is the profile whose period it waits for since it was last looked at;
	// "" where it was not.
	waits crisis.Profile
}

// New makes a Publisher.
func New(o Options) *Publisher {
	if o.Published == nil {
		o.Published = func() {}
	}
	return &Publisher{Options: o}
}

// Warning says what an override of the period does to a profile's promise; ""
// where it keeps it.
func Warning(every time.Duration, profile crisis.Profile) string {
	if every == 0 || every >= profile.Period() || profile == crisis.ProfileHidden {
		return ""
	}
	return fmt.Sprintf("Batches are published every %v, more often than the %v of the profile %s: who watches can tell single reports apart.",
		every, profile.Period(), profile)
}

const (
	leaseName = "publish"
	leaseLife = 15 * time.Second
)

// Run publishes whenever a batch is due and this process holds the lease, until
// the context ends.
func (p *Publisher) Run(ctx context.Context) {
	var held crisis.Lease
	for ctx.Err() == nil {
		lease, ours, err := p.Store.Acquire(ctx, leaseName, p.Holder, leaseLife)
		if err == nil && ours {
			if lease != held {
				err = p.Load(ctx)
			}
			if err == nil {
				held = lease
				_, err = p.Step(ctx)
			}
		}
		if err != nil || !ours {
			held = crisis.Lease{}
		}
		if err != nil && ctx.Err() == nil {
			p.Log.Warn("nothing was published", slog.Any("error", err))
		}
		p.untilNext(ctx)
	}
	if held.Token != 0 {
		if err := p.Store.Release(context.WithoutCancel(ctx), held); err != nil {
			p.Log.Warn("the lease of the publisher was not given back", slog.Any("error", err))
		}
	}
}

// untilNext waits for the next batch, and not much longer than the lease needs
// to be renewed.
func (p *Publisher) untilNext(ctx context.Context) {
	wait := leaseLife / 3
	if p.zone != nil {
		periods := p.periods()
		shortest, now := periods[len(periods)-1], p.Clock()
		wait = min(wait, floorTo(now, shortest).Add(shortest).Sub(now))
	}
	timer := time.NewTimer(max(wait, 10*time.Millisecond))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// Load reads what is published and where to go on.
func (p *Publisher) Load(ctx context.Context) error {
	var err error
	if p.last, p.next, err = p.Projection.State(ctx); err != nil {
		return err
	}
	p.dirty, p.incidents, p.hotspots = map[crisis.ID]mark{}, map[string]crisis.PublicIncident{}, map[string]crisis.PublicHotspot{}
	err = p.Projection.EachIncident(ctx, func(in crisis.PublicIncident) error {
		p.incidents[in.ID] = in
		return nil
	})
	if err != nil {
		return err
	}
	err = p.Projection.EachHotspot(ctx, func(h crisis.PublicHotspot) error {
		p.hotspots[h.ID] = h
		return nil
	})
	if err != nil {
		return err
	}
	if err := p.loadRules(ctx); err != nil {
		return err
	}
	if p.next == 0 {
		if p.next, err = p.Store.Size(ctx); err != nil {
			return fmt.Errorf("read the ledger's size: %w", err)
		}
		return p.doubtAll(ctx)
	}
	return nil
}

// Rebuild empties the projection and makes it again from the records. Hotspots
// keep who they are.
func (p *Publisher) Rebuild(ctx context.Context) error {
	if err := p.Load(ctx); err != nil {
		return err
	}
	hotspots := p.hotspots
	if err := p.Projection.Reset(ctx); err != nil {
		return err
	}
	if err := p.Load(ctx); err != nil {
		return err
	}
	for id, h := range hotspots {
		h.Batch = time.Time{} // so that it is written again even where nothing changed
		p.hotspots[id] = h
	}
	_, err := p.Step(ctx)
	return err
}

// Step publishes every batch that has come due since the last and says how many
// there were. After a pause there is one for each profile's period, not one for
// each period missed.
func (p *Publisher) Step(ctx context.Context) (int, error) {
	now, published := p.Clock(), 0
	if err := p.follow(ctx); err != nil {
		return 0, err
	}
	var times []time.Time
	for _, period := range p.periods() {
		if at := floorTo(now, period); at.After(p.last) {
			times = append(times, at)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	for _, at := range slices.CompactFunc(times, time.Time.Equal) {
		batch, err := p.batch(ctx, at)
		if err != nil {
			return published, err
		}
		if err := p.Projection.Apply(ctx, batch); err != nil {
			return published, err
		}
		p.last = at
		published++
		p.Published()
	}
	return published, nil
}

// batch works out what changes at a moment, and counts it as published.
func (p *Publisher) batch(ctx context.Context, at time.Time) (crisis.Batch, error) {
	b := crisis.Batch{At: at}
	ids := slices.SortedFunc(maps.Keys(p.dirty), func(x, y crisis.ID) int { return slices.Compare(x[:], y[:]) })
	settled := map[crisis.ID]bool{}
	for _, id := range ids {
		done, err := p.publish(ctx, id, &b)
		if err != nil {
			return b, err
		}
		if done {
			settled[id] = true
		}
	}
	for id := range settled {
		delete(p.dirty, id)
	}
	b.Next = p.next
	for _, m := range p.dirty {
		b.Next = min(b.Next, m.index) // what still waits is read again after a restart
	}
	for i := range b.Incidents {
		p.incidents[b.Incidents[i].ID] = b.Incidents[i]
	}
	for _, id := range b.Retract {
		delete(p.incidents, id)
	}
	if len(b.Incidents)+len(b.Retract) > 0 || at.Equal(floorTo(at, time.Minute)) {
		p.group(&b)
	}
	slices.SortFunc(b.Incidents, func(x, y crisis.PublicIncident) int { return compare(x.ID, y.ID) })
	slices.Sort(b.Retract)
	return b, nil
}

// publish puts one incident into the batch, if it is its time. It is done with
// it unless its profile's time is yet to come. What must no longer be seen, or
// not as sharply, goes with the next batch of any profile.
func (p *Publisher) publish(ctx context.Context, id crisis.ID, b *crisis.Batch) (done bool, err error) {
	m := p.dirty[id]
	if m.waits != "" && !p.due(m.waits, b.At) {
		return false, nil
	}
	public := p.PublicID("incident", id.String())
	old, held := p.incidents[public]
	now, shown, err := p.look(ctx, id, public)
	if err != nil {
		return false, err
	}
	if !shown {
		if held {
			b.Retract = append(b.Retract, public)
		}
		return true, nil
	}
	if !p.due(now.Profile, b.At) {
		m.waits = now.Profile
		p.dirty[id] = m
		if held && now.Profile.Strictness() > old.Profile.Strictness() {
			b.Retract = append(b.Retract, public)
		}
		return false, nil
	}
	now.Batch = old.Batch
	if held && reflect.DeepEqual(now, old) {
		return true, nil
	}
	now.Batch = b.At
	b.Incidents = append(b.Incidents, now)
	return true, nil
}

// due reports whether a profile publishes at a moment.
func (p *Publisher) due(profile crisis.Profile, at time.Time) bool {
	return at.Equal(floorTo(at, p.period(profile)))
}

// look is the incident as it would be published now.
func (p *Publisher) look(ctx context.Context, id crisis.ID, public string) (crisis.PublicIncident, bool, error) {
	in, err := crisis.Get[*crisis.Incident](ctx, p.Store, id)
	if errors.Is(err, crisis.ErrNotFound) {
		return crisis.PublicIncident{}, false, nil
	}
	if err != nil {
		return crisis.PublicIncident{}, false, fmt.Errorf("read an incident: %w", err)
	}
	if !p.mayShow(in) {
		return crisis.PublicIncident{}, false, nil
	}
	var location *crisis.Location
	if !in.Shown.Location.IsZero() {
		location, err = crisis.Get[*crisis.Location](ctx, p.Store, in.Shown.Location)
		if err != nil && !errors.Is(err, crisis.ErrNotFound) {
			return crisis.PublicIncident{}, false, fmt.Errorf("read a location: %w", err)
		}
	}
	summaries, err := crisis.Find[*crisis.Summary](ctx, p.Store, "incident", id)
	if err != nil {
		return crisis.PublicIncident{}, false, fmt.Errorf("read the summaries: %w", err)
	}
	return p.public(in, location, summaries, public, p.CellName), true, nil
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
