package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/vault"
)

// opened is a database with the keys that open what is sealed in it.
type opened struct {
	store *store.Store
	keys  *vault.Keys
}

func (o *opened) close() error { return o.store.Close() }

// openStore opens the deployment. A database that was made with a key does not
// open with another: where its key file is missing nothing is made in its place.
func openStore(ctx context.Context, w *world, announce io.Writer) (*opened, error) {
	if err := os.MkdirAll(w.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("ONYO_DATA_DIR: make the data directory: %w", err)
	}
	keys, made, err := openKeys(ctx, w)
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, store.Options{URL: w.DatabaseURL, Keys: keys, Clock: w.clock, Rand: w.random, Log: w.log})
	if err != nil {
		return nil, fmt.Errorf("ONYO_DATABASE_URL: open the database: %w", err)
	}
	if made {
		announceKey(announce, w.KeyFile, keys)
	}
	return &opened{store: db, keys: keys}, nil
}

// announceKey tells the recovery words, once, to whoever made the key.
func announceKey(out io.Writer, path string, keys *vault.Keys) {
	words := make([]string, 0, 24)
	for _, word := range keys.Words() {
		words = append(words, word.Reveal())
	}
	fmt.Fprintf(out, "A key was made: %s. Without it nothing sealed can ever be read.\nWrite these 24 words down, keep them elsewhere, then run `onyo key confirm`. They are shown this once:\n\n%s\n\n", path, strings.Join(words, " "))
}

func openKeys(ctx context.Context, w *world) (*vault.Keys, bool, error) {
	keys, err := vault.LoadKeys(w.KeyFile)
	if err == nil {
		return keys, false, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, false, fmt.Errorf("ONYO_KEY_FILE: %w", err)
	}
	used, err := store.Initialised(ctx, w.DatabaseURL)
	if err != nil {
		return nil, false, fmt.Errorf("ONYO_DATABASE_URL: look whether the database is new: %w", err)
	}
	if used {
		return nil, false, fmt.Errorf("ONYO_KEY_FILE: %s is missing, and the database was made with it: bring it back with `onyo key restore` and its 24 recovery words", w.KeyFile)
	}
	keys, made, err := vault.OpenKeys(w.KeyFile, w.random)
	if err != nil {
		return nil, false, fmt.Errorf("ONYO_KEY_FILE: make the key: %w", err)
	}
	return keys, made, nil
}
