package auth

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
	"golang.org/x/crypto/argon2"
)

// Argon2id as OWASP's minimum has it: 19 MiB, two passes, one lane. Two at once
// at most (Service.hashing).
const (
	argonMemory = 19 * 1024
	argonPasses = 2
	argonLanes  = 1
)

// PassphraseMin and PassphraseMax bound a passphrase, in characters.
const (
	PassphraseMin = 10
	PassphraseMax = 256
)

func (s *Service) withPassphrase(ctx context.Context, id crisis.ID, by crisis.Actor, passphrase string) (*crisis.Person, error) {
	if n := utf8.RuneCountInString(passphrase); n < PassphraseMin || n > PassphraseMax {
		return nil, fmt.Errorf("a passphrase has %d to %d characters; four random words are good", PassphraseMin, PassphraseMax)
	}
	person, err := crisis.Get[*crisis.Person](ctx, s.store, id)
	if err != nil {
		return nil, fmt.Errorf("read the person: %w", err)
	}
	salt := make([]byte, 16)
	if _, err := io.ReadFull(s.random, salt); err != nil {
		return nil, fmt.Errorf("make a salt: %w", err)
	}
	next := *person
	next.Meta = person.Next(s.clock(), by)
	hash, err := s.stretch(ctx, passphrase, salt)
	if err != nil {
		return nil, err
	}
	encoding := base64.RawStdEncoding
	next.Passphrase = vault.Secret(fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", argonMemory, argonPasses, argonLanes,
		encoding.EncodeToString(salt), encoding.EncodeToString(hash)))
	return &next, nil
}

// check compares in constant time, and stretches even where nothing is stored.
func (s *Service) check(ctx context.Context, stored, passphrase string) bool {
	salt, want := make([]byte, 16), []byte(nil)
	if parts := strings.Split(stored, "$"); len(parts) == 6 {
		encoding := base64.RawStdEncoding
		if decoded, err := encoding.DecodeString(parts[4]); err == nil {
			salt = decoded
		}
		if decoded, err := encoding.DecodeString(parts[5]); err == nil {
			want = decoded
		}
	}
	if len(passphrase) > 4*PassphraseMax {
		return false
	}
	got, err := s.stretch(ctx, passphrase, salt)
	return err == nil && len(want) == len(got) && subtle.ConstantTimeCompare(got, want) == 1
}

func (s *Service) stretch(ctx context.Context, passphrase string, salt []byte) ([]byte, error) {
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait to check a passphrase: %w", ctx.Err())
	}
	return argon2.IDKey([]byte(passphrase), salt, argonPasses, argonMemory, argonLanes, 32), nil
}
