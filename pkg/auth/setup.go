package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// SetupLink makes the secret of the one setup link, and ends any before it: the
// last printed is the one that works.
func (s *Service) SetupLink(ctx context.Context, by crisis.Actor) (string, error) {
	change, err := s.endSetup(ctx, by)
	if err != nil {
		return "", err
	}
	word, hash, err := s.secret()
	if err != nil {
		return "", err
	}
	id, err := s.newID()
	if err != nil {
		return "", err
	}
	change.Action = "setup.opened"
	change.Put = append(change.Put, &crisis.Credential{Meta: crisis.First(id, s.clock(), by), Kind: crisis.CredentialSetup, Hash: hash})
	if _, err := s.store.Write(ctx, change); err != nil {
		return "", fmt.Errorf("write the setup link: %w", err)
	}
	return word, nil
}

// MaySetUp says whether the secret is that of the live setup link.
func (s *Service) MaySetUp(ctx context.Context, word string) bool {
	_, err := s.credential(ctx, word, crisis.CredentialSetup)
	return err == nil
}

// SetupGrace is how long the link may still send a test message after setup.
const SetupGrace = 15 * time.Minute

// SpendSetup are the records that end the link soon: for the Change that sets the
// deployment up.
func (s *Service) SpendSetup(ctx context.Context, by crisis.Actor) ([]crisis.Record, error) {
	change, err := s.endSetup(ctx, by)
	if err != nil {
		return nil, err
	}
	for _, record := range change.Put {
		if credential, ok := record.(*crisis.Credential); ok {
			credential.Ended, credential.Expires = false, crisis.Moment(s.clock().Add(SetupGrace))
		}
	}
	return change.Put, nil
}

// EndSetup spends the setup link.
func (s *Service) EndSetup(ctx context.Context, by crisis.Actor) error {
	change, err := s.endSetup(ctx, by)
	if err != nil || len(change.Put) == 0 {
		return err
	}
	if _, err := s.store.Write(ctx, change); err != nil && !errors.Is(err, crisis.ErrStale) {
		return fmt.Errorf("end the setup link: %w", err)
	}
	return nil
}

func (s *Service) endSetup(ctx context.Context, by crisis.Actor) (crisis.Change, error) {
	change := crisis.Change{Action: "setup.closed", Actor: by, At: s.clock()}
	credentials, err := crisis.Select[*crisis.Credential](ctx, s.store, crisis.Query{})
	if err != nil {
		return change, fmt.Errorf("look for setup links: %w", err)
	}
	for _, credential := range credentials {
		if credential.Kind == crisis.CredentialSetup && !credential.Ended {
			next := *credential
			next.Meta = credential.Next(s.clock(), by)
			next.Ended = true
			change.Put = append(change.Put, &next)
		}
	}
	return change, nil
}
