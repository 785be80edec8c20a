package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store/connect"
	"github.com/onyo-project/onyo/pkg/vault"
)

// DataKey opens the data key of an owner; crisis.ErrNotFound where it never had
// one or it was destroyed.
func (s *Store) DataKey(ctx context.Context, owner crisis.ID) (*vault.DataKey, error) {
	name := owner.String()
	keys, err := s.keysFor(ctx, map[string]bool{name: true})
	if err != nil {
		return nil, err
	}
	key, ok := keys[name]
	if !ok {
		return nil, fmt.Errorf("the data key of %s: %w", name, crisis.ErrNotFound)
	}
	return key, nil
}

// Initialised reports whether a database holds a deployment already, so that
// nobody makes a new key beside it. It writes nothing.
func Initialised(ctx context.Context, url string) (bool, error) {
	address, err := connect.Parse(url)
	if err != nil {
		return false, err
	}
	query := `SELECT to_regclass('data_keys') IS NOT NULL`
	if address.Path != "" {
		if _, err := os.Stat(address.Path); errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		query = `SELECT count(*) > 0 FROM sqlite_master WHERE type = 'table' AND name = 'data_keys'`
		db, err := connect.SQLite(ctx, address.Path, "ro", 1)
		if err != nil {
			return false, err
		}
		defer db.Close()
		var there bool
		return there, db.QueryRowContext(ctx, query).Scan(&there)
	}
	db, err := connect.Postgres(ctx, address.URL, "", 1, nil)
	if err != nil {
		return false, err
	}
	defer db.Close()
	var there bool
	return there, db.QueryRowContext(ctx, query).Scan(&there)
}
