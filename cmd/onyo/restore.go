package main

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/onyo-project/onyo/pkg/vault"
)

type restoreCmd struct {
	File string `arg:"" help:"A backup that onyo backup made."`
}

// longestManifest bounds, in bytes, what is read of a backup's manifest.
const longestManifest = 256 << 20

// Run puts a backup into an empty data directory. Nothing appears there before
// every file has been checked against the manifest.
func (c restoreCmd) Run(ctx context.Context, w *world) error {
	database := sqlitePath(w)
	if database == "" {
		return errors.New("ONYO_DATABASE_URL: a backup goes into SQLite; restore PostgreSQL with pg_restore")
	}
	if err := os.MkdirAll(w.DataDir, 0o700); err != nil {
		return fmt.Errorf("ONYO_DATA_DIR: %w", err)
	}
	release, err := holdLock(filepath.Join(w.DataDir, "onyo.lock"))
	if err != nil {
		return fmt.Errorf("ONYO_DATA_DIR: %w", err)
	}
	defer release()
	if err := mustBeEmpty(w.DataDir, database); err != nil {
		return err
	}
	in, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("open the backup: %w", err)
	}
	defer in.Close()
	staging, err := os.MkdirTemp(w.DataDir, ".restore-*")
	if err != nil {
		return fmt.Errorf("ONYO_DATA_DIR: %w", err)
	}
	defer os.RemoveAll(staging)
	made, err := unpack(ctx, in, staging)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if err := settle(staging, w.DataDir, database); err != nil {
		return fmt.Errorf("put the files in their place: %w", err)
	}
	fmt.Fprintf(w.out, "%d files restored, of %s, ledger to entry %d or later.\n", len(made.Files), made.MadeAt.Format("2 Jan 2006 15:04 UTC"), made.Entries)
	return tellKey(w, made)
}

// tellKey says whether the key that the backup needs is at hand.
func tellKey(w *world, made manifest) error {
	keys, err := vault.LoadKeys(w.KeyFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		_, err = fmt.Fprintf(w.out, "Its key %s is not here: bring it back with `onyo key restore` and its recovery words.\n", made.KeyID)
	case err == nil && keys.ID() != made.KeyID:
		_, err = fmt.Fprintf(w.out, "%s is another key than the %s that it needs: move it away, then `onyo key restore`.\n", w.KeyFile, made.KeyID)
	case err == nil:
		_, err = fmt.Fprintln(w.out, "Its key is here. `onyo ledger verify` checks everything.")
	}
	return err
}

func mustBeEmpty(folder, database string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("ONYO_DATA_DIR: %w", err)
	}
	for _, entry := range entries {
		if entry.Name() != "onyo.lock" && !strings.HasPrefix(entry.Name(), ".restore-") {
			return fmt.Errorf("ONYO_DATA_DIR: %s is not empty; a backup is put into an empty directory", folder)
		}
	}
	if _, err := os.Lstat(database); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("ONYO_DATABASE_URL: %s is there already", database)
	}
	return nil
}

// unpack writes the files of a backup below folder and checks them against its
// manifest, which comes last.
func unpack(ctx context.Context, in io.Reader, folder string) (manifest, error) {
	var made manifest
	compressed, err := zstd.NewReader(in)
	if err != nil {
		return made, errors.New("no backup of Onyo: it is not compressed with Zstandard")
	}
	defer compressed.Close()
	archive, found := tar.NewReader(compressed), map[string]string{}
	for ctx.Err() == nil {
		header, err := archive.Next()
		if err != nil {
			return made, fmt.Errorf("no whole backup of Onyo: it ends before its manifest: %w", err)
		}
		if header.Name == backupManifest {
			if err := json.NewDecoder(io.LimitReader(archive, longestManifest)).Decode(&made); err != nil {
				return made, fmt.Errorf("read the manifest: %w", err)
			}
			return made, made.check(found)
		}
		inside := header.Name == backupDatabase || strings.HasPrefix(header.Name, backupFiles)
		if header.Typeflag != tar.TypeReg || !inside || !filepath.IsLocal(filepath.FromSlash(header.Name)) {
			return made, fmt.Errorf("no backup of Onyo: it holds %q", header.Name)
		}
		if found[header.Name], err = extract(filepath.Join(folder, filepath.FromSlash(header.Name)), archive); err != nil {
			return made, fmt.Errorf("unpack %s: %w", header.Name, err)
		}
	}
	return made, ctx.Err()
}

// check compares what was found, by name and SHA-256, with the manifest.
func (m manifest) check(found map[string]string) error {
	if m.Format != backupFormat {
		return fmt.Errorf("its format is %d, and this Onyo reads %d", m.Format, backupFormat)
	}
	if _, ok := found[backupDatabase]; !ok || !maps.Equal(found, m.Files) {
		return errors.New("it is damaged: its files are not those of its manifest")
	}
	return nil
}

// extract writes one new file and gives its SHA-256.
func extract(path string, content io.Reader) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(file, sum), content)
	if err == nil {
		err = file.Sync()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	return hexOf(sum), err
}

// settle moves what was unpacked to where it belongs, the database last: a
// directory without one can be restored into again.
func settle(staging, folder, database string) error {
	entries, err := os.ReadDir(filepath.Join(staging, filepath.FromSlash(backupFiles)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		if err := os.Rename(filepath.Join(staging, filepath.FromSlash(backupFiles), entry.Name()), filepath.Join(folder, entry.Name())); err != nil {
			return err
		}
	}
	return os.Rename(filepath.Join(staging, backupDatabase), database)
}
