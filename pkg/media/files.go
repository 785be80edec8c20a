package media

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// Files keeps sealed bytes in a directory, a file per blob, named by the blob's
// id and never by what it holds. It is safe for concurrent use on different
// blobs.
type Files struct{ dir string }

// NewFiles keeps files below dir, which is made if need be.
func NewFiles(dir string) (*Files, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the media directory: %w", err)
	}
	return &Files{dir: dir}, nil
}

// path spreads blobs over folders by the random end of their id.
func (f *Files) path(blob crisis.ID) string {
	name := blob.String()
	return filepath.Join(f.dir, name[len(name)-2:], name)
}

func aad(blob crisis.ID) []byte { return vault.AAD("blob", "bytes", blob.String()) }

// Save seals bytes and returns once they are durable. Saving a blob again
// replaces it whole.
func (f *Files) Save(blob crisis.ID, key *vault.DataKey, plain []byte) error {
	path := f.path(blob)
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("make a media folder: %w", err)
	}
	temporary, err := os.CreateTemp(folder, ".new-*")
	if err != nil {
		return fmt.Errorf("open a media file: %w", err)
	}
	defer os.Remove(temporary.Name()) // gone already where all went well
	_, err = temporary.Write(key.Seal(plain, aad(blob)))
	if err == nil {
		err = temporary.Sync()
	}
	if closing := temporary.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write a media file: %w", err)
	}
	return syncFolders(folder, f.dir)
}

func syncFolders(folders ...string) error {
	for _, folder := range folders {
		opened, err := os.Open(folder)
		if err != nil {
			return fmt.Errorf("open a media folder: %w", err)
		}
		err = opened.Sync()
		opened.Close()
		// Windows cannot sync a folder and does not need to.
		if err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, errors.ErrUnsupported) {
			return fmt.Errorf("sync a media folder: %w", err)
		}
	}
	return nil
}

// Load opens what Save sealed. It fails with crisis.ErrNotFound, or with
// vault.ErrSealed when the file was altered or belongs to another blob.
func (f *Files) Load(blob crisis.ID, key *vault.DataKey) ([]byte, error) {
	sealed, err := os.ReadFile(f.path(blob))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("media file: %w", crisis.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read a media file: %w", err)
	}
	return key.Open(sealed, aad(blob))
}

// Remove deletes a blob's file; it is no error if there is none.
func (f *Files) Remove(blob crisis.ID) error {
	if err := os.Remove(f.path(blob)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove a media file: %w", err)
	}
	return nil
}
