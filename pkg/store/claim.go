package store

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// Claim gives a person an incident for a while, in one conditional statement: of
// many who ask at once one gets it. Whoever holds it gets it again with a new
// token. Everyone else gets crisis.ErrClaimed and the holder's Claim, without its
// token. An incident that is not there is crisis.ErrNotFound.
func (s *Store) Claim(ctx context.Context, incident, person crisis.ID, ttl time.Duration) (crisis.Claim, error) {
	secret := make([]byte, 24)
	if _, err := io.ReadFull(s.rand, secret); err != nil {
		return crisis.Claim{}, fmt.Errorf("make a claim's token: %w", err)
	}
	token := base64.RawURLEncoding.EncodeToString(secret)
	var claim crisis.Claim
	err := s.do(ctx, func(t *tx) error {
		now := crisis.Moment(s.clock())
		got, err := t.one(claimColumns(&claim), `INSERT INTO claim (incident, person, token, since, expires)
			SELECT id, ?, ?, `+s.moment()+`, `+s.moment()+` FROM incident WHERE id = ? AND valid_to IS NULL
			ON CONFLICT (incident) DO UPDATE SET person = excluded.person, token = excluded.token, expires = excluded.expires,
			since = CASE WHEN claim.person = excluded.person AND claim.expires > excluded.since THEN claim.since ELSE excluded.since END
			WHERE claim.person = excluded.person OR claim.expires <= excluded.since
			RETURNING incident, person, token, since, expires`,
			person.String(), token, s.dialect.time(now), s.dialect.time(now.Add(ttl)), incident.String())
		if err != nil || got {
			return err
		}
		held, err := t.one(claimColumns(&claim), "SELECT incident, person, token, since, expires FROM claim WHERE incident = ?", incident.String())
		if err != nil {
			return err
		}
		if !held {
			return crisis.ErrNotFound
		}
		claim.Token = ""
		return crisis.ErrClaimed
	})
	if err != nil && !errors.Is(err, crisis.ErrClaimed) {
		return crisis.Claim{}, fmt.Errorf("claim: %w", err)
	}
	return claim, err
}

// moment is a placeholder for a time where the database cannot tell its type.
func (s *Store) moment() string {
	if s.dialect.postgres {
		return "?::timestamptz"
	}
	return "?"
}

func claimColumns(c *crisis.Claim) []any {
	return []any{
		&c.Incident, &c.Person, &c.Token,
		&field{column: "since", at: &c.Since}, &field{column: "expires", at: &c.Expires},
	}
}

// Beat prolongs a claim that is still live; crisis.ErrNoClaim otherwise.
func (s *Store) Beat(ctx context.Context, incident crisis.ID, token string, ttl time.Duration) (crisis.Claim, error) {
	var claim crisis.Claim
	err := s.do(ctx, func(t *tx) error {
		now := s.clock()
		live, err := t.one(claimColumns(&claim), `UPDATE claim SET expires = ? WHERE incident = ? AND token = ? AND expires > ?
			RETURNING incident, person, token, since, expires`,
			s.dialect.time(now.Add(ttl)), incident.String(), token, s.dialect.time(now))
		if err == nil && !live {
			return crisis.ErrNoClaim
		}
		return err
	})
	if err != nil {
		return crisis.Claim{}, fmt.Errorf("prolong the claim: %w", err)
	}
	return claim, nil
}

// Unclaim gives an incident back; crisis.ErrNoClaim if it was not held with this
// token.
func (s *Store) Unclaim(ctx context.Context, incident crisis.ID, token string) error {
	err := s.do(ctx, func(t *tx) error {
		ended, err := t.exec("DELETE FROM claim WHERE incident = ? AND token = ?", incident.String(), token)
		if err == nil && ended == 0 {
			return crisis.ErrNoClaim
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("give the claim back: %w", err)
	}
	return nil
}

// Claims are all live claims, without their tokens, longest held first.
func (s *Store) Claims(ctx context.Context) ([]crisis.Claim, error) {
	rows, err := s.query.WithContext(ctx).Table("claim").Select("incident, person, '', since, expires").
		Where("expires > ?", s.dialect.time(s.clock())).Order("since, incident").Rows()
	if err != nil {
		return nil, fmt.Errorf("list the claims: %w", err)
	}
	defer rows.Close()
	var claims []crisis.Claim
	for rows.Next() {
		var c crisis.Claim
		if err := rows.Scan(claimColumns(&c)...); err != nil {
			return nil, fmt.Errorf("list the claims: %w", err)
		}
		claims = append(claims, c)
	}
	return claims, rows.Err()
}
