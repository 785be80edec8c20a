package store

import (
	"context"
	"fmt"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// NewSession keeps a session and drops those that have expired.
func (s *Store) NewSession(ctx context.Context, session crisis.Session) error {
	err := s.do(ctx, func(t *tx) error {
		if _, err := t.exec("DELETE FROM session WHERE expires <= ?", s.dialect.time(s.clock())); err != nil {
			return err
		}
		_, err := t.exec("INSERT INTO session (hash, person, since, seen, expires) VALUES (?, ?, ?, ?, ?)", session.Hash[:],
			session.Person.String(), s.dialect.time(session.Since), s.dialect.time(session.Seen), s.dialect.time(session.Expires))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep the session: %w", err)
	}
	return nil
}

// Session finds a session, expired or not; crisis.ErrNotFound where there is
// none.
func (s *Store) Session(ctx context.Context, hash [32]byte) (crisis.Session, error) {
	rows, err := s.query.WithContext(ctx).Table("session").Select("person, since, seen, expires").Where("hash = ?", hash[:]).Rows()
	if err != nil {
		return crisis.Session{}, fmt.Errorf("read the session: %w", err)
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return crisis.Session{}, fmt.Errorf("read the session: %w", err)
		}
		return crisis.Session{}, crisis.ErrNotFound
	}
	session := crisis.Session{Hash: hash}
	err = rows.Scan(&session.Person, &field{column: "since", at: &session.Since},
		&field{column: "seen", at: &session.Seen}, &field{column: "expires", at: &session.Expires})
	if err != nil {
		return crisis.Session{}, fmt.Errorf("read the session: %w", err)
	}
	return session, nil
}

// SeenSession notes that a session was used, and when it ends now.
func (s *Store) SeenSession(ctx context.Context, hash [32]byte, at, expires time.Time) error {
	return s.session(ctx, "UPDATE session SET seen = ?, expires = ? WHERE hash = ?", s.dialect.time(at), s.dialect.time(expires), hash[:])
}

// EndSession ends one session.
func (s *Store) EndSession(ctx context.Context, hash [32]byte) error {
	return s.session(ctx, "DELETE FROM session WHERE hash = ?", hash[:])
}

// EndSessions ends all sessions of a person.
func (s *Store) EndSessions(ctx context.Context, person crisis.ID) error {
	return s.session(ctx, "DELETE FROM session WHERE person = ?", person.String())
}

func (s *Store) session(ctx context.Context, query string, args ...any) error {
	err := s.do(ctx, func(t *tx) error {
		_, err := t.exec(query, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("change the session: %w", err)
	}
	return nil
}
