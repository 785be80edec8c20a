package media

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Used says that a report took an upload: it goes in an hour.
func (u *Uploads) Used(id string) {
	if name, err := nameOf(id); err == nil {
		u.mu.Lock()
		defer u.mu.Unlock()
		if _, before := u.used[name]; !before {
			u.used[name] = u.clock()
		}
	}
}

// Drop removes an upload and with it the only key to its bytes.
func (u *Uploads) Drop(id string) error {
	_, file, err := u.open(id, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer u.lock(filepath.Base(file.Name()))()
	file.Close()
	return u.remove(filepath.Base(file.Name()))
}

func (u *Uploads) remove(name string) error {
	path := filepath.Join(u.dir, name)
	info, err := os.Stat(path)
	if err == nil {
		err = os.Remove(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove an upload: %w", err)
	}
	u.weigh(-1, -info.Size())
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.used, name)
	return nil
}

// Run removes what expired, until ctx ends.
func (u *Uploads) Run(ctx context.Context) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		if err := u.Sweep(); err != nil {
			u.log.Warn("uploads not swept", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Sweep removes what expired, what a report took long enough ago, and what cannot
// be read.
func (u *Uploads) Sweep() error {
	files, err := os.ReadDir(u.dir)
	if err != nil {
		return fmt.Errorf("list the uploads: %w", err)
	}
	var faults []error
	for _, file := range files {
		if u.over(file) {
			unlock := u.lock(file.Name())
			faults = append(faults, u.remove(file.Name()))
			unlock()
		}
	}
	return errors.Join(faults...)
}

func (u *Uploads) over(file fs.DirEntry) bool {
	now := u.clock()
	u.mu.Lock()
	used, taken := u.used[file.Name()]
	u.mu.Unlock()
	if taken && now.Sub(used) > usedLife {
		return true
	}
	up, opened, err := u.openFile(file.Name(), os.O_RDONLY)
	if err == nil {
		opened.Close()
		return now.After(up.expires())
	}
	// Its making was cut short, or its key is another file's now.
	info, err := file.Info()
	return err == nil && now.Sub(info.ModTime()) > UploadLife
}
