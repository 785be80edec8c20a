package media

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// Limits of uploads.
const (
	// UploadLife is how long an upload may take and then wait for its report; one
	// of which no byte came goes after unusedLife, a used one usedLife later, so
	// that a report whose answer was lost can be sent again.
	UploadLife = 24 * time.Hour
	unusedLife = time.Hour
	usedLife   = time.Hour
	// uploadsBytes and uploadsMost bound all uploads together, on the disk.
	uploadsBytes = 2 << 30
	uploadsMost  = 20_000
	// chunkBytes is how much is made durable at once while a body arrives.
	chunkBytes = 256 << 10
	// uploadPieces bounds in how many pieces one upload may come.
	uploadPieces = 4096

	sweepEvery = 10 * time.Minute
)

// What an upload can fail with, beside crisis.ErrNotFound for one that is not
// there, or no more.
var (
	// ErrOffset: what was sent does not begin where the upload ends.
	ErrOffset = errors.New("not where the upload ends")
	// ErrLength: more than was announced, or more than MaxBytes announced.
	ErrLength = errors.New("longer than an upload may be")
	// ErrUnfinished: not all of it has come yet.
	ErrUnfinished = errors.New("the upload is not finished")
	// ErrPieces: it came in too many pieces; begin it again.
	ErrPieces = errors.New("the upload came in too many pieces")
	// ErrCut: what should have come next did not; what came before is kept.
	ErrCut = errors.New("the upload was cut short")
	// ErrFull: all uploads together have no more room.
	ErrFull = errors.New("no room for uploads")
)

// Uploads keeps files that arrive in pieces, until a report takes them. Whoever
// knows an upload's id may do everything with it, so ids are secrets: they are
// not on the disk and in no log. Every piece lies sealed under the upload's own
// data key and is durable before it is acknowledged. It is safe for concurrent
// use; of two who write at the same place the first wins.
type Uploads struct {
	dir    string
	keys   *vault.Keys
	clock  func() time.Time
	random io.Reader
	log    *slog.Logger

	// writing orders the writers of one upload: the same name, the same lock.
	writing [64]sync.Mutex

	mu    sync.Mutex
	bytes int64
	count int
	used  map[string]time.Time // when a report took it, by file name
}

// NewUploads keeps uploads below dir, which is made if need be; those of before a
// restart go on.
func NewUploads(dir string, keys *vault.Keys, clock func() time.Time, random io.Reader, log *slog.Logger) (*Uploads, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the uploads directory: %w", err)
	}
	u := &Uploads{dir: dir, keys: keys, clock: clock, random: random, log: log, used: map[string]time.Time{}}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("list the uploads: %w", err)
	}
	for _, file := range files {
		if info, err := file.Info(); err == nil {
			u.bytes += info.Size()
			u.count++
		}
	}
	return u, nil
}

// nameOf is the file of an upload. An id has 128 random bits: its digest gives
// nothing of it away.
func nameOf(id string) (string, error) {
	if len(id) != 32 {
		return "", crisis.ErrNotFound
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16]), nil
}

func (u *Uploads) lock(name string) func() {
	mutex := &u.writing[name[0]%64]
	mutex.Lock()
	return mutex.Unlock
}

// Create starts an upload of so many bytes. The type is its sender's claim. It
// fails with ErrLength or ErrFull.
func (u *Uploads) Create(length int64, contentType string) (id string, expires time.Time, err error) {
	if length < 0 || length > MaxBytes {
		return "", expires, ErrLength
	}
	var raw [16]byte
	if _, err := io.ReadFull(u.random, raw[:]); err != nil {
		return "", expires, fmt.Errorf("draw an upload's id: %w", err)
	}
	id = hex.EncodeToString(raw[:])
	name, err := nameOf(id)
	if err != nil {
		return "", expires, err
	}
	up := &upload{name: name, head: uploadHead{Length: length, Type: contentType, Created: u.clock().UTC()}}
	if up.key, err = u.keys.NewDataKey(u.random); err != nil {
		return "", expires, err
	}
	begin := up.begin(u.keys)
	if !u.room(1, len(begin)) {
		return "", expires, ErrFull
	}
	path := filepath.Join(u.dir, name)
	err = writeDurably(path, begin)
	if err == nil {
		err = syncFolders(u.dir)
	}
	if err != nil {
		_ = os.Remove(path)
		return "", expires, fmt.Errorf("start an upload: %w", err)
	}
	u.weigh(1, int64(len(begin)))
	return id, up.expires(), nil
}

func writeDurably(path string, content []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	return err
}

// room says whether so many uploads and bytes more fit in.
func (u *Uploads) room(count, bytes int) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.count+count <= uploadsMost && u.bytes+int64(bytes) <= uploadsBytes
}

// weigh notes what came to the disk, or went.
func (u *Uploads) weigh(count int, bytes int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.count += count
	u.bytes += bytes
}

// State is how far an upload got, of how many bytes, and until when it waits.
func (u *Uploads) State(id string) (offset, length int64, expires time.Time, err error) {
	up, file, err := u.open(id, os.O_RDONLY)
	if err != nil {
		return 0, 0, expires, err
	}
	defer file.Close()
	return up.offset, up.head.Length, up.expires(), nil
}

// Append adds what comes from a reader, which must begin where the upload ends,
// and returns where it ends now: also beside an error everything before that
// stays. It fails with ErrOffset, ErrLength, ErrPieces, ErrFull, or ErrCut where the
// reader does; a reader that ends early is no error.
func (u *Uploads) Append(id string, offset int64, from io.Reader) (ends int64, expires time.Time, err error) {
	ends, length, expires, err := u.State(id)
	if err == nil && ends != offset {
		err = ErrOffset
	}
	if err != nil {
		return ends, expires, err
	}
	// A body that is short from the start needs no more than its own room.
	chunk := make([]byte, min(chunkBytes, length-offset))
	for ends < length {
		n, reading := io.ReadFull(from, chunk[:min(int64(len(chunk)), length-ends)])
		if n > 0 {
			if expires, err = u.add(id, ends, chunk[:n]); err != nil {
				return ends, expires, err
			}
			ends += int64(n)
		}
		switch {
		case errors.Is(reading, io.EOF), errors.Is(reading, io.ErrUnexpectedEOF):
			return ends, expires, nil
		case reading != nil:
			return ends, expires, fmt.Errorf("%w: %w", ErrCut, reading)
		}
	}
	if n, _ := io.ReadFull(from, make([]byte, 1)); n > 0 {
		return ends, expires, ErrLength
	}
	return ends, expires, nil
}

// add makes one piece durable, if the upload still ends where it begins: another
// request for the same upload may have been quicker.
func (u *Uploads) add(id string, offset int64, piece []byte) (expires time.Time, err error) {
	name, err := nameOf(id)
	if err != nil {
		return expires, err
	}
	defer u.lock(name)()
	up, file, err := u.open(id, os.O_RDWR)
	if err != nil {
		return expires, err
	}
	defer file.Close()
	expires = up.expires()
	switch {
	case up.offset != offset:
		return expires, ErrOffset
	case up.pieces == uploadPieces:
		return expires, ErrPieces
	}
	sealed := up.seal(piece)
	if !u.room(0, len(sealed)) {
		return expires, ErrFull
	}
	if err := u.write(file, up.size, sealed); err != nil {
		return expires, err
	}
	up.offset += int64(len(piece))
	return up.expires(), nil
}

// write puts a record in the place of what a crash may have left half-written
// there.
func (u *Uploads) write(file *os.File, at int64, sealed []byte) error {
	before, err := file.Stat()
	if err == nil {
		err = file.Truncate(at)
	}
	if err == nil {
		_, err = file.WriteAt(sealed, at)
	}
	if err == nil {
		err = file.Sync()
	}
	if after, failed := file.Stat(); failed == nil && before != nil {
		u.weigh(0, after.Size()-before.Size())
	}
	if err != nil {
		return fmt.Errorf("write an upload: %w", err)
	}
	return nil
}

// Take is all of an upload, and its type; it stays. It fails with ErrUnfinished.
func (u *Uploads) Take(id string) (content []byte, contentType string, err error) {
	up, file, err := u.open(id, os.O_RDONLY)
	if err != nil {
		return nil, "", err
	}
	defer file.Close()
	if up.offset < up.head.Length {
		return nil, "", ErrUnfinished
	}
	content, err = up.content(file)
	return content, up.head.Type, err
}
