package media

import (
	"bytes"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

type counting byte

func (c *counting) Read(p []byte) (int, error) {
	for i := range p {
		*c++
		p[i] = byte(*c)
	}
	return len(p), nil
}

func TestFilesAreSealedAndBoundToTheirBlob(t *testing.T) {
	random := new(counting)
	keys, err := vault.NewKeys(random)
	if err != nil {
		t.Fatal(err)
	}
	key, _ := keys.NewDataKey(random)
	other, _ := keys.NewDataKey(random)
	id, _ := crisis.NewID(time.Unix(1, 0), random)
	second, _ := crisis.NewID(time.Unix(2, 0), random)
	files, err := NewFiles(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	plain := []byte("canary: what the witness photographed")
	if err := files.Save(id, key, plain); err != nil {
		t.Fatal(err)
	}
	if got, err := files.Load(id, key); err != nil || !bytes.Equal(got, plain) {
		t.Fatalf("%q, %v", got, err)
	}
	onDisk, err := os.ReadFile(files.path(id))
	if err != nil || bytes.Contains(onDisk, []byte("canary")) {
		t.Errorf("on disk lies %q, %v", onDisk, err)
	}
	if info, _ := os.Stat(files.path(id)); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if _, err := files.Load(id, other); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("another key: %v", err)
	}
	if err := files.Save(second, key, plain); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(files.path(id), files.path(second)); err != nil {
		t.Fatal(err)
	}
	if _, err := files.Load(second, key); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("moved to another blob: %v", err)
	}
	if err := files.Remove(second); err != nil {
		t.Fatal(err)
	}
	if _, err := files.Load(second, key); !errors.Is(err, crisis.ErrNotFound) {
		t.Errorf("removed: %v", err)
	}
	if err := files.Remove(second); err != nil {
		t.Errorf("removed twice: %v", err)
	}
}
