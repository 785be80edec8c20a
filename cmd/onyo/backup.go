package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

type backupCmd struct {
	File string `arg:"" help:"The file to make, as in onyo.tar.zst; it must not be there yet."`
}

// A backup is a tar archive under Zstandard: the database as "onyo.db", the
// other files of the data directory below "files/", and last the manifest. The
// key is not in it.
const (
	backupDatabase = "onyo.db"
	backupFiles    = "files/"
	backupManifest = "manifest.json"
	backupFormat   = 1
)

// manifest says what a backup holds.
type manifest struct {
	Format  int       `json:"format"`
	MadeAt  time.Time `json:"made_at"`
	Origin  string    `json:"origin"`
	KeyID   string    `json:"key_id"`
	Entries uint64    `json:"entries"`
	// Files are the SHA-256 in hex of each file, by its name in the archive.
	Files map[string]string `json:"files"`
}

// Run makes the backup, while the server runs or not. It appears under its name
// once it is whole and on the disk.
func (c backupCmd) Run(ctx context.Context, w *world) (err error) {
	if _, err := os.Lstat(c.File); err == nil {
		return fmt.Errorf("%s is there already; backups are not overwritten", c.File)
	}
	o, err := openStore(ctx, w, w.errOut)
	if err != nil {
		return err
	}
	defer o.close()
	out, err := os.CreateTemp(filepath.Dir(c.File), ".onyo-backup-*")
	if err != nil {
		return fmt.Errorf("make the backup: %w", err)
	}
	defer func() {
		if err != nil {
			_ = out.Close()
			_ = os.Remove(out.Name())
		}
	}()
	made, err := writeBackup(ctx, w, o, out)
	if err == nil {
		err = out.Sync()
	}
	if closing := out.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(out.Name(), c.File)
	}
	if err != nil {
		return fmt.Errorf("make the backup: %w", err)
	}
	_, err = fmt.Fprintf(w.out, "%s: %d files, ledger to entry %d. It opens only with the key %s, which is not in it.\n", c.File, len(made.Files), made.Entries, made.KeyID)
	return err
}

func writeBackup(ctx context.Context, w *world, o *opened, out io.Writer) (manifest, error) {
	made := manifest{Format: backupFormat, MadeAt: w.clock().UTC(), Origin: o.store.Origin(), KeyID: o.keys.ID(), Files: map[string]string{}}
	var err error
	// The ledger may grow before the copy is taken; it goes at least this far.
	if made.Entries, err = o.store.Size(ctx); err != nil {
		return made, err
	}
	compressed, err := zstd.NewWriter(out)
	if err != nil {
		return made, err
	}
	archive := &archiver{tar: tar.NewWriter(compressed), made: &made}
	// The database first: whatever file it speaks of is there when files follow.
	err = archive.database(ctx, w, o)
	if err == nil {
		err = archive.files(ctx, w)
	}
	if err == nil {
		err = archive.manifest()
	}
	for _, closing := range []io.Closer{archive.tar, compressed} {
		if closed := closing.Close(); err == nil {
			err = closed
		}
	}
	return made, err
}

type archiver struct {
	tar  *tar.Writer
	made *manifest
}

func (a *archiver) database(ctx context.Context, w *world, o *opened) error {
	folder, err := os.MkdirTemp(w.DataDir, ".backup-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	copied := filepath.Join(folder, backupDatabase)
	if err := o.store.Backup(ctx, copied); err != nil {
		return err
	}
	return a.file(backupDatabase, copied)
}

// files adds all of the data directory but what is copied apart (the database),
// made anew (the public copy), or of this moment alone.
func (a *archiver) files(ctx context.Context, w *world) error {
	return filepath.WalkDir(w.DataDir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		name := entry.Name()
		switch {
		case path == w.DataDir:
			return nil
		case strings.HasPrefix(name, "."), name == "demo", name == "uploads", strings.HasSuffix(name, ".key"): // a demo, its key and files half arrived are no part of it
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir() || !entry.Type().IsRegular() || name == "onyo.lock",
			strings.HasPrefix(name, "onyo.db"), strings.HasPrefix(name, "public.db"), sqliteFile(w, path):
			return nil
		}
		inside, err := filepath.Rel(w.DataDir, path)
		if err != nil {
			return err
		}
		err = a.file(backupFiles+filepath.ToSlash(inside), path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone since it was listed
		}
		return err
	})
}

func (a *archiver) file(name, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	return a.add(name, info.Size(), info.ModTime(), file)
}

func (a *archiver) add(name string, size int64, at time.Time, content io.Reader) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: at, Format: tar.FormatPAX}
	if err := a.tar.WriteHeader(header); err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(a.tar, sum), content, size); err != nil {
		return fmt.Errorf("copy %s: %w", name, err)
	}
	a.made.Files[name] = hexOf(sum)
	return nil
}

func (a *archiver) manifest() error {
	content, err := json.MarshalIndent(a.made, "", " ")
	if err != nil {
		return err
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: backupManifest, Size: int64(len(content)), Mode: 0o600, ModTime: a.made.MadeAt, Format: tar.FormatPAX}
	if err := a.tar.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(a.tar, bytes.NewReader(content))
	return err
}

func hexOf(sum hash.Hash) string { return hex.EncodeToString(sum.Sum(nil)) }

// sqlitePath is where the SQLite database lies; "" for another database.
func sqlitePath(w *world) string {
	path, _ := strings.CutPrefix(w.DatabaseURL, "sqlite:")
	if path == w.DatabaseURL {
		return ""
	}
	return path
}

// sqliteFile reports whether a path is the SQLite database or lies beside it.
func sqliteFile(w *world, path string) bool {
	database := sqlitePath(w)
	return database != "" && strings.HasPrefix(filepath.Clean(path), filepath.Clean(database))
}
