package vault

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// The key file is four lines of text:
//
//	onyo key 1
//	id 8f0c2d6be1a94375
//	secret (64 hex digits)
//	check (16 hex digits: the first 8 bytes of SHA-256 over the lines above)
//
// It is made of the master secret alone, so that the recovery words give back
// the same bytes.
const (
	fileHead = "onyo key 1\n"
	fileKind = "onyo key "
	// fileLimit bounds what is read of something that may be no key file.
	fileLimit = 4096
)

// What reading a key file can end in, apart from what the file system says.
var (
	// ErrNotKeyFile: some other file.
	ErrNotKeyFile = errors.New("not an Onyo key file")
	// ErrKeyFileEmpty: nothing was ever written to it.
	ErrKeyFileEmpty = errors.New("the key file is empty, its making was cut short: remove it if nothing was stored yet, else restore it from its recovery words")
	// ErrKeyFileVersion: written by a later Onyo.
	ErrKeyFileVersion = errors.New("the key file is of a version that this Onyo does not know; use a newer one")
	// ErrKeyFileDamaged: a key file that was cut or altered.
	ErrKeyFileDamaged = errors.New("the key file is damaged; restore it from its recovery words")
	// ErrKeyFileOpen: others on the machine may read it.
	ErrKeyFileOpen = errors.New("the key file can be read by others on this machine; allow its owner alone (chmod 600)")
)

// Encode is the content of the key file.
func (k *Keys) Encode() SecretBytes {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%sid %s\nsecret %x\n", fileHead, k.ID(), k.ring.master)
	sum := sha256.Sum256(out.Bytes())
	fmt.Fprintf(&out, "check %x\n", sum[:8])
	return out.Bytes()
}

// ParseKeys reads what Encode wrote. It fails with ErrNotKeyFile,
// ErrKeyFileEmpty, ErrKeyFileVersion or ErrKeyFileDamaged.
func ParseKeys(content []byte) (*Keys, error) {
	if len(content) == 0 {
		return nil, ErrKeyFileEmpty
	}
	if !bytes.HasPrefix(content, []byte(fileHead)) {
		if bytes.HasPrefix(content, []byte(fileKind)) && bytes.Contains(content, []byte("\nsecret ")) {
			return nil, ErrKeyFileVersion
		}
		return nil, ErrNotKeyFile
	}
	_, after, _ := strings.Cut(string(content), "\nsecret ")
	digits, _, _ := strings.Cut(after, "\n")
	raw, err := hex.DecodeString(digits)
	if err != nil || len(raw) != 32 {
		return nil, ErrKeyFileDamaged
	}
	keys := keysOf([32]byte(raw))
	if !bytes.Equal(keys.Encode(), content) {
		return nil, ErrKeyFileDamaged
	}
	return keys, nil
}

// LoadKeys reads a key file. Besides what ParseKeys says, it refuses one that
// its group or everyone may read (ErrKeyFileOpen; not on Windows, which keeps no
// such bits). A file that is not there is fs.ErrNotExist.
func LoadKeys(path string) (*Keys, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the key file: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s (mode %04o): %w", path, info.Mode().Perm(), ErrKeyFileOpen)
	}
	content, err := io.ReadAll(io.LimitReader(file, fileLimit))
	if err != nil {
		return nil, fmt.Errorf("read the key file: %w", err)
	}
	keys, err := ParseKeys(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

// Save writes the key file where there is none yet, readable by its owner alone,
// and returns once it and its name are on the disk. It never overwrites: a file
// that is there is fs.ErrExist.
func (k *Keys) Save(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make the key file: %w", err)
	}
	_, err = file.Write(k.Encode())
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		_ = os.Remove(path) // ours and unfinished: the next start makes another
		return fmt.Errorf("write the key file: %w", err)
	}
	return nil
}

// OpenKeys loads the key file, or makes it where there is none; made says which.
// Whoever calls it for a deployment that has records already must treat made as
// the loss of the key, which Keys.Unwrap then answers with ErrOtherKey.
func OpenKeys(path string, random io.Reader) (keys *Keys, made bool, err error) {
	keys, err = LoadKeys(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, false, err
	}
	if keys, err = NewKeys(random); err != nil {
		return nil, false, err
	}
	if err = keys.Save(path); errors.Is(err, fs.ErrExist) {
		keys, err = LoadKeys(path) // another process was quicker
		return keys, false, err
	} else if err != nil {
		return nil, false, err
	}
	return keys, true, nil
}

// syncFolder makes a new name in a folder last. Windows opens no folders and
// needs no such step.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
