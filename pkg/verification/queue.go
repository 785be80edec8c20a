package verification

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// Queue holds in memory what volunteers still have to decide, in the order in
// which it should be looked at. It follows the ledger; every instance has one.
// It is safe for concurrent use.
type Queue struct {
	service *Service
	changed func(crisis.ID)

	mu      sync.RWMutex
	rows    map[crisis.ID]Row
	batches map[crisis.ID]bool
	next    uint64 // the ledger index that it wants next
}

// NewQueue makes an empty queue; Load fills it. changed is told of every
// incident whose row may have changed, and may be nil.
func NewQueue(service *Service, changed func(crisis.ID)) *Queue {
	if changed == nil {
		changed = func(crisis.ID) {}
	}
	return &Queue{service: service, changed: changed, rows: map[crisis.ID]Row{}, batches: map[crisis.ID]bool{}}
}

// Load reads every open incident once.
func (q *Queue) Load(ctx context.Context) error {
	store := q.service.store
	size, err := store.Size(ctx)
	if err != nil {
		return fmt.Errorf("read the ledger's size: %w", err)
	}
	var open []*crisis.Incident
	batches := map[crisis.ID]bool{}
	err = store.EachPlaced(ctx, func(p crisis.Placed) error {
		if waits(p.Incident) {
			open = append(open, p.Incident)
		}
		if !p.Incident.Batch.IsZero() {
			batches[p.Incident.Batch] = true
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the incidents: %w", err)
	}
	rows := make(map[crisis.ID]Row, len(open))
	for _, in := range open {
		if rows[in.ID], err = q.service.Row(ctx, in); err != nil {
			return err
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.rows, q.batches, q.next = rows, batches, size
	return nil
}

// Run follows the ledger until the context ends. A fault is logged and tried
// again with the next change.
func (q *Queue) Run(ctx context.Context) {
	wake, stop := q.service.store.Watch()
	defer stop()
	for {
		if err := q.CatchUp(ctx); err != nil && ctx.Err() == nil {
			q.service.log.Warn("the queue could not follow the ledger", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		}
	}
}

// followed is how many entries one step reads.
const followed = 1000

// CatchUp reads the ledger to its end. One goroutine at a time may call it.
func (q *Queue) CatchUp(ctx context.Context) error {
	for {
		entries, err := q.service.store.Entries(ctx, q.next, followed)
		if err != nil {
			return fmt.Errorf("read the ledger: %w", err)
		}
		if len(entries) == 0 {
			return nil
		}
		touched, err := q.touched(ctx, entries)
		if err != nil {
			return err
		}
		for _, id := range touched {
			if err := q.reload(ctx, id); err != nil {
				return err
			}
			q.changed(id)
		}
		q.next = entries[len(entries)-1].Index + 1
	}
}

// touched are the incidents whose rows the entries may have changed, each once.
// Acts of people always write the incident; a correction writes only its report.
func (q *Queue) touched(ctx context.Context, entries []crisis.Entry) ([]crisis.ID, error) {
	var out []crisis.ID
	seen := map[crisis.ID]bool{}
	add := func(id crisis.ID) {
		if !seen[id] {
			out, seen[id] = append(out, id), true
		}
	}
	for _, e := range entries {
		switch {
		case e.Table == crisis.TableIncident:
			add(e.ID)
		case e.Table == crisis.TableReport && e.Rev > 1:
			memberships, err := crisis.Find[*crisis.Membership](ctx, q.service.store, "report", e.ID)
			if err != nil {
				return nil, fmt.Errorf("read the memberships: %w", err)
			}
			for _, m := range memberships {
				add(m.Incident)
			}
		}
	}
	return out, nil
}

// waits reports whether there is something left to decide.
func waits(in *crisis.Incident) bool {
	return in.Status.Open() || in.Phase == crisis.PhaseOngoing && (in.Status == crisis.StatusVerified && in.Location.IsZero() || changed(in))
}

func (q *Queue) reload(ctx context.Context, id crisis.ID) error {
	in, err := crisis.Get[*crisis.Incident](ctx, q.service.store, id)
	if errors.Is(err, crisis.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read an incident: %w", err)
	}
	var row Row
	if waits(in) {
		if row, err = q.service.Row(ctx, in); err != nil {
			return err
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !in.Batch.IsZero() {
		q.batches[in.Batch] = true
	}
	if row.Incident == nil {
		delete(q.rows, id)
	} else {
		q.rows[id] = row
	}
	return nil
}

// Row reads what a list shows of one incident.
func (s *Service) Row(ctx context.Context, in *crisis.Incident) (Row, error) {
	d := &Dossier{Incident: in}
	if err := s.loadReports(ctx, d); err != nil {
		return Row{}, err
	}
	var err error
	if d.Assessments, err = crisis.Find[*crisis.Assessment](ctx, s.store, "incident", in.ID); err != nil {
		return Row{}, fmt.Errorf("read the assessments: %w", err)
	}
	return RowOf(d), nil
}

// For is what the person should look at next, most urgent first, and how many
// incidents wait in all. It leaves out what they have judged, typed in or, once
// verified, changed themselves, and what waits for a verifier where they are
// none; what somebody else holds comes last.
func (q *Queue) For(ctx context.Context, person Person, limit int) ([]Row, int, error) {
	claims, err := q.service.store.Claims(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("read the claims: %w", err)
	}
	held := make(map[crisis.ID]*crisis.Claim, len(claims))
	for i := range claims {
		held[claims[i].Incident] = &claims[i]
	}
	q.mu.RLock()
	open := len(q.rows)
	rows := make([]Row, 0, open)
	for id, row := range q.rows {
		if row.suits(person) {
			row.Claim = held[id]
			rows = append(rows, row)
		}
	}
	q.mu.RUnlock()
	return order(rows, person.ID, limit), open, nil
}

func (r Row) suits(person Person) bool {
	own := r.Needs == "second" && changed(r.Incident) && !r.Incident.Awaits(person.ID)
	return !own && !r.judged[person.ID] && !r.submitters[person.ID] && (r.Needs != "verifier" || person.Verifies())
}

// Batches are the imports that the deployment has, oldest first, as the person
// sees them.
func (q *Queue) Batches(ctx context.Context, person Person) ([]Batch, error) {
	q.mu.RLock()
	ids := make([]crisis.ID, 0, len(q.batches))
	for id := range q.batches {
		ids = append(ids, id)
	}
	q.mu.RUnlock()
	slices.SortFunc(ids, func(a, b crisis.ID) int { return bytes.Compare(a[:], b[:]) })
	out := make([]Batch, 0, len(ids))
	for _, id := range ids {
		batch, err := q.service.Batch(ctx, person, id)
		if err != nil {
			return nil, err
		}
		out = append(out, batch)
	}
	return out, nil
}
