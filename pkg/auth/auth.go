// Package auth knows who works here: people, roles, grants, invitations, tokens
// and sessions (DESIGN §7). Secrets are 256-bit random words that leave it once
// and are kept only as hashes.
package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// What sign-in and invitations refuse. The API answers all of them alike.
var (
	ErrNobody  = errors.New("nobody is signed in with that")
	ErrSpent   = errors.New("this link has been used or has expired; ask for a new one")
	ErrRefused = errors.New("name and passphrase do not fit")
)

// How long things last.
const (
	InvitationLife = 7 * 24 * time.Hour
	SessionIdle    = 12 * time.Hour
	SessionLife    = 7 * 24 * time.Hour
)

// Store is what auth needs of the store.
type Store interface {
	crisis.Reader
	Write(ctx context.Context, changes ...crisis.Change) ([]crisis.Outcome, error)
	NewSession(ctx context.Context, session crisis.Session) error
	Session(ctx context.Context, hash [32]byte) (crisis.Session, error)
	SeenSession(ctx context.Context, hash [32]byte, at, expires time.Time) error
	EndSession(ctx context.Context, hash [32]byte) error
	EndSessions(ctx context.Context, person crisis.ID) error
}

// Service signs people in. It is safe for concurrent use.
type Service struct {
	store  Store
	clock  func() time.Time
	random io.Reader
	log    *slog.Logger
	// hashing bounds how many passphrases are checked at once, so that sign-in
	// cannot starve intake on two cores.
	hashing chan struct{}
}

// New makes a Service.
func New(store Store, clock func() time.Time, random io.Reader, log *slog.Logger) *Service {
	return &Service{store: store, clock: clock, random: random, log: log, hashing: make(chan struct{}, 2)}
}

// Who is a person as one request sees them.
type Who struct {
	Person  *crisis.Person
	Roles   []crisis.RoleName
	Grants  []*crisis.Grant
	Session [32]byte // zero for a bearer token
}

// Actor is the person as the ledger names them.
func (w *Who) Actor() crisis.Actor { return crisis.PersonActor(w.Person.ID) }

// Has reports whether the person holds one of these roles.
func (w *Who) Has(roles ...crisis.RoleName) bool {
	for _, held := range w.Roles {
		for _, role := range roles {
			if held == role {
				return true
			}
		}
	}
	return false
}

// Any reports whether one of the person's roles answers true.
func (w *Who) Any(does func(crisis.RoleName) bool) bool {
	for _, held := range w.Roles {
		if does(held) {
			return true
		}
	}
	return false
}

// identify gathers what a person may do right now: revoked means revoked.
func (s *Service) identify(ctx context.Context, id crisis.ID) (*Who, error) {
	person, err := crisis.Get[*crisis.Person](ctx, s.store, id)
	if err != nil {
		return nil, fmt.Errorf("read the person: %w", err)
	}
	if person.Disabled {
		return nil, ErrNobody
	}
	roles, err := crisis.Find[*crisis.Role](ctx, s.store, "person", id)
	if err != nil {
		return nil, fmt.Errorf("read the roles: %w", err)
	}
	grants, err := crisis.Find[*crisis.Grant](ctx, s.store, "person", id)
	if err != nil {
		return nil, fmt.Errorf("read the grants: %w", err)
	}
	who := &Who{Person: person}
	for _, role := range roles {
		who.Roles = append(who.Roles, role.Name)
	}
	now := s.clock()
	for _, grant := range grants {
		if grant.Until.IsZero() || grant.Until.After(now) {
			who.Grants = append(who.Grants, grant)
		}
	}
	return who, nil
}

// secret makes a word of 256 random bits and its hash.
func (s *Service) secret() (string, [32]byte, error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(s.random, raw); err != nil {
		return "", [32]byte{}, fmt.Errorf("make a secret: %w", err)
	}
	word := base64.RawURLEncoding.EncodeToString(raw)
	return word, hashOf(word), nil
}

// hashOf needs no salt and no stretching: the word has 256 random bits.
func hashOf(word string) [32]byte { return sha256.Sum256([]byte(word)) }

func (s *Service) newID() (crisis.ID, error) { return crisis.NewID(s.clock(), s.random) }
