package triage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/onyo-project/onyo/geo/gazetteer"
	"github.com/onyo-project/onyo/pkg/crisis"
)

const (
	// Consumer is the stage's name as a reader of the ledger and as a holder of
	// its lease.
	Consumer  = "triage"
	leaseTTL  = 30 * time.Second
	batchSize = 128
	pageSize  = 1024
	pollEvery = 2 * time.Second
	// pruneEvery is how often what left the window is forgotten.
	pruneEvery = time.Hour
	// maxTries against others who change the same incident.
	maxTries = 5
)

// Options are what a Service is made of.
type Options struct {
	Store  Store
	Reader *Reader
	// Pictures shows what reports bring; nil compares the digests of media alone.
	Pictures Pictures
	// Holder names this process among those that share a database.
	Holder string
	Clock  func() time.Time
	Log    *slog.Logger
}

// Service gives every new or changed report its places and its incident: under a
// lease, in the order of the ledger, effects and cursor in one Write. Doing a
// report again writes nothing new.
type Service struct {
	store  Store
	reader *Reader
	shows  Pictures
	looks  map[crisis.ID]uint64 // by blob
	holder string
	clock  func() time.Time
	log    *slog.Logger

	lease         crisis.Lease
	renewed       time.Time
	next, saved   uint64
	settings      settings
	settingsStale bool
	memory        *memory
	loadedAt      time.Time
}

// settings are what the deployment says about itself.
type settings struct {
	categories map[string]*crisis.Category
	near       gazetteer.Near
}

// New makes the stage.
func New(o Options) *Service {
	return &Service{store: o.Store, reader: o.Reader, shows: o.Pictures, looks: map[crisis.ID]uint64{}, holder: o.Holder, clock: o.Clock, log: o.Log, memory: newMemory()}
}

// Run works until ctx ends. Beside it the reader learns what people decide, with
// or without the lease.
func (s *Service) Run(ctx context.Context) error {
	learning := make(chan struct{})
	go func() {
		defer close(learning)
		newPupil(s.store, s.reader, s.log).run(ctx)
	}()
	defer func() { <-learning }()
	wake, stop := s.store.Watch()
	defer stop()
	for {
		more, err := s.Step(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("triage stopped for now", "error", err)
		}
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-wake:
		case <-time.After(pollEvery):
		}
	}
}

// Step works one page of the ledger. More says that there may be further work at
// once. Without the lease it does nothing.
func (s *Service) Step(ctx context.Context) (more bool, err error) {
	held, err := s.hold(ctx)
	if err != nil || !held {
		return false, err
	}
	if err := s.retries(ctx); err != nil {
		s.lease = crisis.Lease{}
		return false, err
	}
	entries, err := s.store.Entries(ctx, s.next, pageSize)
	if err != nil {
		return false, fmt.Errorf("read the ledger: %w", err)
	}
	if err := s.page(ctx, entries); err != nil {
		s.lease = crisis.Lease{} // start again from the cursor
		return false, err
	}
	return len(entries) == pageSize, nil
}

// hold takes or renews the lease. A new holder loads everything anew; between
// renewals the guard of every Write shows a lease that was lost.
func (s *Service) hold(ctx context.Context) (bool, error) {
	if s.lease != (crisis.Lease{}) && s.clock().Sub(s.renewed) < leaseTTL/3 {
		return true, nil
	}
	lease, held, err := s.store.Acquire(ctx, Consumer, s.holder, leaseTTL)
	if err != nil || !held {
		s.lease = crisis.Lease{}
		return false, err
	}
	if lease != s.lease {
		next, err := s.store.Cursor(ctx, Consumer)
		if err != nil {
			return false, fmt.Errorf("read the cursor: %w", err)
		}
		if err := s.configure(ctx); err != nil {
			return false, err
		}
		if err := s.load(ctx); err != nil {
			return false, err
		}
		s.lease, s.next, s.saved = lease, next, next
	}
	s.renewed = s.clock()
	return true, nil
}

// configure reads what the deployment says about itself.
func (s *Service) configure(ctx context.Context) error {
	categories, err := crisis.Find[*crisis.Category](ctx, s.store, "", nil)
	if err != nil {
		return fmt.Errorf("read the categories: %w", err)
	}
	now := settings{categories: map[string]*crisis.Category{}}
	for _, category := range categories {
		if category.Enabled {
			now.categories[category.Key] = category
		}
	}
	deployment, _, err := crisis.ReadDeployment(ctx, s.store)
	if err != nil && !errors.Is(err, crisis.ErrNotFound) {
		return fmt.Errorf("read the deployment: %w", err)
	}
	if deployment.Area != nil {
		now.near.Bounds = deployment.Area
		now.near.Country = s.reader.gazetteer.Reverse(deployment.Area.Centre()).CountryCode
	}
	s.settings, s.settingsStale = now, false
	return nil
}

// page works some entries in their order.
func (s *Service) page(ctx context.Context, entries []crisis.Entry) error {
	if s.clock().Sub(s.loadedAt) > pruneEvery {
		s.prune()
		s.loadedAt = s.clock()
	}
	var batch []crisis.ID
	queued := map[crisis.ID]bool{}
	for _, entry := range entries {
		s.next = entry.Index + 1
		if entry.Actor == actor {
			continue
		}
		report, err := s.reportOf(ctx, entry)
		if err != nil {
			return err
		}
		if !report.IsZero() && !queued[report] {
			queued[report] = true
			batch = append(batch, report)
		} else if err := s.follow(ctx, entry); err != nil {
			return err
		}
		if len(batch) == batchSize {
			if err := s.work(ctx, batch); err != nil {
				return err
			}
			batch, queued = nil, map[crisis.ID]bool{}
		}
	}
	if len(batch) > 0 || s.next-s.saved >= pageSize {
		return s.work(ctx, batch)
	}
	return nil
}

// reportOf is the report that an entry asks us to read; zero for none. Media that
// lay at the provider come after their report.
func (s *Service) reportOf(ctx context.Context, entry crisis.Entry) (crisis.ID, error) {
	switch {
	case entry.Table == crisis.TableReport:
		return entry.ID, nil
	case entry.Table != crisis.TableBlob || entry.Rev == 1:
		return crisis.ID{}, nil
	}
	blob, err := crisis.Get[*crisis.Blob](ctx, s.store, entry.ID)
	if errors.Is(err, crisis.ErrNotFound) {
		return crisis.ID{}, nil
	}
	if err != nil {
		return crisis.ID{}, s.skipped(ctx, crisis.TableBlob, entry.ID)
	}
	if blob.State != crisis.BlobStored {
		return crisis.ID{}, nil
	}
	return blob.Report, nil
}

// follow takes note of what others changed.
func (s *Service) follow(ctx context.Context, entry crisis.Entry) error {
	switch entry.Table {
	case crisis.TablePolicy, crisis.TableCategory:
		s.settingsStale = true
	case crisis.TableIncident:
		known := s.memory.byID[entry.ID]
		if known == nil || known.incident.Rev < entry.Rev {
			return s.refresh(ctx, entry.ID)
		}
	case crisis.TableMembership:
		membership, err := crisis.Get[*crisis.Membership](ctx, s.store, entry.ID)
		if errors.Is(err, crisis.ErrNotFound) {
			return nil
		}
		if err != nil {
			return s.skipped(ctx, crisis.TableMembership, entry.ID)
		}
		if known := s.memory.byID[membership.Incident]; known != nil {
			known.heard = false
		}
	}
	return nil
}

// work gives some reports their incidents and moves the cursor, in one Write; if
// that fails, one by one and the cursor last. A report that cannot be worked at
// all is set aside.
func (s *Service) work(ctx context.Context, reports []crisis.ID) error {
	if s.settingsStale {
		if err := s.configure(ctx); err != nil {
			return err
		}
	}
	err := s.together(ctx, reports)
	if err == nil {
		s.saved = s.next
		return nil
	}
	if errors.Is(err, crisis.ErrFenced) || ctx.Err() != nil || len(reports) == 0 {
		return err
	}
	if err := s.restore(ctx); err != nil {
		return err
	}
	for _, id := range reports {
		err := s.alone(ctx, id)
		if errors.Is(err, crisis.ErrFenced) || ctx.Err() != nil {
			return err
		}
		if err == nil {
			continue
		}
		if err := s.setAside(ctx, id, 1); err != nil {
			return err
		}
	}
	if err := s.write(ctx, s.advance()); err != nil {
		return err
	}
	s.saved = s.next
	return nil
}

func (s *Service) together(ctx context.Context, reports []crisis.ID) error {
	clear(s.memory.touched)
	var changes []crisis.Change
	for _, id := range reports {
		change, err := s.triage(ctx, id, fully)
		if err != nil {
			return err
		}
		if len(change.Put) > 0 {
			changes = append(changes, change)
		}
	}
	return s.write(ctx, append(changes, s.advance())...)
}

// alone gives one report its incident, in the simplest manner if need be.
func (s *Service) alone(ctx context.Context, id crisis.ID) error {
	var err error
	for _, how := range []manner{fully, apart, barely} {
		err = s.attempt(ctx, id, how)
		if err == nil || errors.Is(err, crisis.ErrFenced) || ctx.Err() != nil {
			return err
		}
		s.log.Warn("a report was not placed", "report", id, "manner", int(how))
	}
	return err
}

// attempt works one report, reading again what others changed meanwhile.
func (s *Service) attempt(ctx context.Context, id crisis.ID, how manner) error {
	for try := 1; ; try++ {
		change, err := s.triage(ctx, id, how)
		if err == nil && len(change.Put) > 0 {
			err = s.write(ctx, change)
		}
		if err == nil {
			clear(s.memory.touched)
			return nil
		}
		if restored := s.restore(ctx); restored != nil {
			return restored
		}
		if !errors.Is(err, crisis.ErrStale) || try == maxTries {
			return err
		}
	}
}

// restore takes back in memory what could not be written.
func (s *Service) restore(ctx context.Context) error {
	for id := range s.memory.touched {
		if err := s.refresh(ctx, id); err != nil {
			return err
		}
	}
	clear(s.memory.touched)
	return nil
}

func (s *Service) advance() crisis.Change {
	return crisis.Change{Action: "triage.advanced", Actor: actor, At: s.clock(),
		Then: crisis.Effects{Advance: &crisis.Cursor{Consumer: Consumer, Next: s.next}}}
}

func (s *Service) write(ctx context.Context, changes ...crisis.Change) error {
	lease := s.lease
	for i := range changes {
		changes[i].Guard.Lease = &lease
	}
	if _, err := s.store.Write(ctx, changes...); err != nil {
		return fmt.Errorf("write what triage found: %w", err)
	}
	return nil
}
