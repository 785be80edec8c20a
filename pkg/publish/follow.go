package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
)

func (p *Publisher) loadRules(ctx context.Context) error {
	categories, err := crisis.Select[*crisis.Category](ctx, p.Store, crisis.Query{})
	if err != nil {
		return fmt.Errorf("read the categories: %w", err)
	}
	r := rules{profile: crisis.ProfileGuarded, categories: map[string]*crisis.Category{}, zone: time.UTC, cell: geo.Cell001,
		density: crisis.DefaultDensity(), every: p.Every}
	for _, c := range categories {
		r.categories[c.Key] = c
	}
	policy, err := crisis.One[*crisis.Policy](ctx, p.Store, "key", crisis.PolicyDeployment)
	if err != nil && !errors.Is(err, crisis.ErrNotFound) {
		return fmt.Errorf("read the deployment: %w", err)
	}
	if err == nil {
		var d crisis.Deployment
		if err := json.Unmarshal([]byte(policy.Value), &d); err != nil {
			return fmt.Errorf("read the deployment: %w", err)
		}
		r.decide(d)
	}
	p.rules = r
	return nil
}

// decide takes a deployment's choices; one that makes no sense leaves the
// stricter default.
func (r *rules) decide(d crisis.Deployment) {
	switch d.Profile {
	case crisis.ProfileOpen, crisis.ProfileGuarded:
		r.profile = d.Profile
	default:
		r.profile = crisis.ProfileHidden
	}
	if zone, err := time.LoadLocation(d.TimeZone); err == nil {
		r.zone = zone
	}
	if size, err := geo.ParseCellSize(d.Cell); err == nil && size != geo.Cell1 {
		r.cell = size
	}
	if d.Hotspot.Weight > 0 && d.Hotspot.Metres > 0 {
		r.density = d.Hotspot
	}
}

// mark has an incident looked at with the next batch, whatever it waited for.
func (p *Publisher) mark(id crisis.ID, index uint64) {
	if m, marked := p.dirty[id]; marked {
		index = m.index
	}
	p.dirty[id] = mark{index: index}
}

// doubtAll marks every incident to be looked at again.
func (p *Publisher) doubtAll(ctx context.Context) error {
	err := p.Store.EachPlaced(ctx, func(placed crisis.Placed) error {
		p.mark(placed.Incident.ID, p.next)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the incidents: %w", err)
	}
	return nil
}

// followed is how many entries one read of the ledger takes.
const followed = 1000

// follow reads the ledger to its end and marks what it touched.
func (p *Publisher) follow(ctx context.Context) error {
	rulesMoved := false
	for {
		entries, err := p.Store.Entries(ctx, p.next, followed)
		if err != nil {
			return fmt.Errorf("read the ledger: %w", err)
		}
		for _, e := range entries {
			id := e.ID
			switch e.Table {
			case crisis.TableCategory:
				rulesMoved = true
				continue
			case crisis.TablePolicy:
				policy, err := crisis.Get[*crisis.Policy](ctx, p.Store, e.ID)
				if err != nil {
					return fmt.Errorf("read a policy: %w", err)
				}
				rulesMoved = rulesMoved || policy.Key == crisis.PolicyDeployment
				continue
			case crisis.TableSummary:
				s, err := crisis.Get[*crisis.Summary](ctx, p.Store, e.ID)
				if err != nil {
					return fmt.Errorf("read a summary: %w", err)
				}
				id = s.Incident
			case crisis.TableIncident:
			default:
				continue
			}
			p.mark(id, e.Index)
		}
		if len(entries) == 0 {
			break
		}
		p.next = entries[len(entries)-1].Index + 1
	}
	if !rulesMoved {
		return nil
	}
	if err := p.loadRules(ctx); err != nil {
		return err
	}
	return p.doubtAll(ctx)
}
