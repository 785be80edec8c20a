// Package verification is where people decide: who holds an incident, what each
// makes of it, and the status that follows (DESIGN §4, law 5; §7).
//
// Every act is a pure function over a Dossier that returns a crisis.Change; the
// Service reads the dossier, calls the function, writes the change, and tries
// again where another stage wrote in between without touching what the person
// saw. Nothing here verifies by itself.
package verification

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// Store is what verification needs of the store.
type Store interface {
	crisis.Reader
	Write(ctx context.Context, changes ...crisis.Change) ([]crisis.Outcome, error)
	Revisions(ctx context.Context, table crisis.Table, id crisis.ID) ([]crisis.Record, error)
	Entries(ctx context.Context, from uint64, limit int) ([]crisis.Entry, error)
	Size(ctx context.Context) (uint64, error)
	Watch() (wake <-chan struct{}, stop func())
	EachPlaced(ctx context.Context, yield func(crisis.Placed) error) error
	Claim(ctx context.Context, incident, person crisis.ID, ttl time.Duration) (crisis.Claim, error)
	Beat(ctx context.Context, incident crisis.ID, token string, ttl time.Duration) (crisis.Claim, error)
	Unclaim(ctx context.Context, incident crisis.ID, token string) error
	Claims(ctx context.Context) ([]crisis.Claim, error)
}

// Person is who acts, with the roles they hold right now.
type Person struct {
	ID    crisis.ID
	Roles []crisis.RoleName
}

// Actor is the person as the ledger names them.
func (p Person) Actor() crisis.Actor { return crisis.PersonActor(p.ID) }

// Verifies reports whether the person is one that life-safety incidents need.
func (p Person) Verifies() bool { return slices.ContainsFunc(p.Roles, crisis.RoleName.Verifies) }

func (p Person) desk() bool { return slices.ContainsFunc(p.Roles, crisis.RoleName.Desk) }
func (p Person) ops() bool  { return slices.ContainsFunc(p.Roles, crisis.RoleName.Ops) }

// judges reports whether the person may be one of the two, in a role they hold or
// do not: an admin never assesses, whatever else they are (DESIGN §7).
func (p Person) judges(role bool) bool { return role && !slices.Contains(p.Roles, crisis.RoleAdmin) }

// Refusal is an act that the rules do not allow or that makes no sense. Code is
// stable, Field names the offending field or is empty, Detail says in plain
// words what to do. Forbidden separates "not you" from "not like this".
type Refusal struct {
	Code, Field, Detail string
	Forbidden           bool
}

func (r *Refusal) Error() string { return r.Detail }

func refuse(code, field, detail string) error {
	return &Refusal{Code: code, Field: field, Detail: detail}
}

func forbid(code, detail string) error {
	return &Refusal{Code: code, Detail: detail, Forbidden: true}
}

// Options are what a Service is made of.
type Options struct {
	Store  Store
	Clock  func() time.Time
	Random io.Reader
	Log    *slog.Logger
	// Area names a point that a person set; nil leaves it unnamed.
	Area func(geo.Point) Area
}

// Area is how a point is named: the place and its admin codes.
type Area struct {
	Name, CountryCode, Admin1Code, Admin1 string
}

// Service does what people at the desk ask for. It is safe for concurrent use.
type Service struct {
	store  Store
	clock  func() time.Time
	random io.Reader
	log    *slog.Logger
	area   func(geo.Point) Area
	opened sampled
}

// New makes a Service.
func New(o Options) *Service {
	if o.Area == nil {
		o.Area = func(geo.Point) Area { return Area{} }
	}
	return &Service{store: o.Store, clock: o.Clock, random: o.Random, log: o.Log, area: o.Area, opened: newSampled()}
}

// Ticket is what a write on an incident carries: which, the content version that
// the person saw, and the claim's token where they hold it.
type Ticket struct {
	Incident crisis.ID
	Version  uint64
	Token    string
}

// act is one person doing one thing at one moment.
type act struct {
	person Person
	now    time.Time
	newID  func() (crisis.ID, error)
}

func (a act) change(action, reason string) crisis.Change {
	return crisis.Change{Action: action, Actor: a.person.Actor(), Reason: reason, At: crisis.Moment(a.now)}
}

func (a act) first() (crisis.Meta, error) {
	id, err := a.newID()
	if err != nil {
		return crisis.Meta{}, err
	}
	return crisis.First(id, a.now, a.person.Actor()), nil
}

func (a act) next(m crisis.Meta) crisis.Meta { return m.Next(a.now, a.person.Actor()) }

// guard lets a change through only while the ticket holds: the person's claim,
// or nobody else's.
func (a act) guard(t Ticket) crisis.Guard {
	g := crisis.Guard{Version: map[crisis.ID]uint64{t.Incident: t.Version}}
	if t.Token != "" {
		g.Claim = &crisis.ClaimProof{Incident: t.Incident, Token: t.Token}
	} else {
		g.Unclaimed = []crisis.ID{t.Incident}
	}
	return g
}

func (s *Service) act(person Person) act {
	now := s.clock()
	return act{person: person, now: now, newID: func() (crisis.ID, error) { return crisis.NewID(now, s.random) }}
}

// attempts bounds how often an act is tried again when another stage, such as a
// report that joined, wrote the same incident in between.
const attempts = 20

// perform reads the dossier, asks for the change, writes it. A version that
// moved on since the person looked is ErrStale at once; a revision that moved on
// without it is read again.
func (s *Service) perform(ctx context.Context, t Ticket, make func(*Dossier) (crisis.Change, error)) (*Dossier, error) {
	for range attempts {
		d, err := s.Load(ctx, t.Incident)
		if err != nil {
			return nil, err
		}
		if d.Incident.Version != t.Version {
			return nil, crisis.ErrStale
		}
		change, err := make(d)
		if err != nil {
			return nil, err
		}
		_, err = s.store.Write(ctx, staged(change)...)
		if errors.Is(err, crisis.ErrStale) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("write %s: %w", change.Action, err)
		}
		return s.Load(ctx, t.Incident)
	}
	return nil, crisis.ErrStale
}
