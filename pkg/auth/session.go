package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// Bearer says whose token this is.
func (s *Service) Bearer(ctx context.Context, token string) (*Who, error) {
	credential, err := s.credential(ctx, token, crisis.CredentialToken)
	if err != nil {
		return nil, err
	}
	return s.identify(ctx, credential.Person)
}

// Cookie says whose session this is, and keeps it awake.
func (s *Service) Cookie(ctx context.Context, word string) (*Who, error) {
	hash := hashOf(word)
	session, err := s.store.Session(ctx, hash)
	if errors.Is(err, crisis.ErrNotFound) {
		return nil, ErrNobody
	}
	if err != nil {
		return nil, fmt.Errorf("read the session: %w", err)
	}
	now := s.clock()
	if !session.Expires.After(now) {
		return nil, ErrNobody
	}
	if now.Sub(session.Seen) > time.Minute {
		expires := earlier(now.Add(SessionIdle), session.Since.Add(SessionLife))
		if err := s.store.SeenSession(ctx, hash, now, expires); err != nil {
			return nil, fmt.Errorf("keep the session: %w", err)
		}
	}
	who, err := s.identify(ctx, session.Person)
	if err != nil {
		return nil, err
	}
	who.Session = hash
	return who, nil
}

// Peek tells whom an invitation is for, without spending it: previews must not.
func (s *Service) Peek(ctx context.Context, word string) (*crisis.Person, crisis.RoleName, error) {
	credential, err := s.credential(ctx, word, crisis.CredentialInvitation)
	if err != nil {
		return nil, "", err
	}
	person, err := crisis.Get[*crisis.Person](ctx, s.store, credential.Person)
	if err != nil {
		return nil, "", fmt.Errorf("read the person: %w", err)
	}
	return person, credential.Role, nil
}

// Accept spends an invitation: it keeps the passphrase, where one is given, and
// returns the secret of a new session.
func (s *Service) Accept(ctx context.Context, word, passphrase string) (*Who, string, error) {
	credential, err := s.credential(ctx, word, crisis.CredentialInvitation)
	if err != nil {
		return nil, "", err
	}
	now, actor := s.clock(), crisis.PersonActor(credential.Person)
	spent := *credential
	spent.Meta = credential.Next(now, actor)
	spent.Ended = true
	change := crisis.Change{Action: "invitation.accepted", Actor: actor, At: now, Put: []crisis.Record{&spent}}
	if passphrase != "" {
		person, err := s.withPassphrase(ctx, credential.Person, actor, passphrase)
		if err != nil {
			return nil, "", err
		}
		change.Put = append(change.Put, person)
	}
	if _, err := s.store.Write(ctx, change); errors.Is(err, crisis.ErrStale) {
		return nil, "", ErrSpent
	} else if err != nil {
		return nil, "", fmt.Errorf("spend the invitation: %w", err)
	}
	return s.open(ctx, credential.Person)
}

// SignIn checks a name and passphrase. A wrong name takes as long as a wrong
// passphrase.
func (s *Service) SignIn(ctx context.Context, name, passphrase string) (*Who, string, error) {
	person, err := crisis.One[*crisis.Person](ctx, s.store, "name", name)
	if err != nil && !errors.Is(err, crisis.ErrNotFound) {
		return nil, "", fmt.Errorf("look for the person: %w", err)
	}
	stored := ""
	if person != nil && err == nil {
		stored = person.Passphrase.Reveal()
	}
	if !s.check(ctx, stored, passphrase) || person.Disabled {
		return nil, "", ErrRefused
	}
	return s.open(ctx, person.ID)
}

// SignInAs opens a session for a person without asking: the demo's one click.
func (s *Service) SignInAs(ctx context.Context, by crisis.Actor, name string, role crisis.RoleName) (*Who, string, error) {
	person, change, err := s.hire(ctx, by, name, role)
	if err != nil {
		return nil, "", err
	}
	if len(change.Put) > 0 {
		if _, err := s.store.Write(ctx, change); err != nil {
			return nil, "", fmt.Errorf("write the person: %w", err)
		}
	}
	return s.open(ctx, person.ID)
}

// SignOut ends one session.
func (s *Service) SignOut(ctx context.Context, who *Who) error {
	if err := s.store.EndSession(ctx, who.Session); err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	return nil
}

func (s *Service) open(ctx context.Context, person crisis.ID) (*Who, string, error) {
	word, hash, err := s.secret()
	if err != nil {
		return nil, "", err
	}
	now := s.clock()
	session := crisis.Session{Hash: hash, Person: person, Since: now, Seen: now, Expires: now.Add(SessionIdle)}
	if err := s.store.NewSession(ctx, session); err != nil {
		return nil, "", fmt.Errorf("open a session: %w", err)
	}
	who, err := s.identify(ctx, person)
	if err != nil {
		return nil, "", err
	}
	who.Session = hash
	return who, word, nil
}

// credential finds a live one; what is spent, revoked, expired or of another
// kind is ErrNobody, or ErrSpent for a link.
func (s *Service) credential(ctx context.Context, word string, kind crisis.CredentialKind) (*crisis.Credential, error) {
	refused := ErrSpent
	if kind == crisis.CredentialToken {
		refused = ErrNobody
	}
	hash := hashOf(word)
	credential, err := crisis.One[*crisis.Credential](ctx, s.store, "hash", hash)
	if errors.Is(err, crisis.ErrNotFound) {
		return nil, refused
	}
	if err != nil {
		return nil, fmt.Errorf("look for the credential: %w", err)
	}
	expired := !credential.Expires.IsZero() && !credential.Expires.After(s.clock())
	if credential.Kind != kind || credential.Ended || expired {
		return nil, refused
	}
	return credential, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
