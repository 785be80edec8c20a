package media

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// An upload's file is a row of records, each four bytes of length and what is
// sealed: the wrapped data key, the head, and one record for each piece. Nothing
// in it is ever changed. A crash can leave its last record broken, which then
// never came: it was not acknowledged.
type upload struct {
	name string
	key  *vault.DataKey
	head uploadHead
	place
	// first is where the pieces begin.
	first place
}

// place is how far an upload got: the bytes of its pieces, their number, and where
// their records end in the file.
type place struct {
	offset, size int64
	pieces       int
}

type uploadHead struct {
	Length  int64     `json:"length"`
	Type    string    `json:"type"`
	Created time.Time `json:"created"`
}

// headBytes bounds the records before the pieces.
const headBytes = 4096

func (up *upload) expires() time.Time {
	if up.offset == 0 {
		return up.head.Created.Add(unusedLife)
	}
	return up.head.Created.Add(UploadLife)
}

func (up *upload) aad(what string) []byte { return vault.AAD("upload", what, up.name) }

func record(sealed []byte) []byte {
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(sealed)), uint32(len(sealed))), sealed...)
}

// begin is the file of an upload of which nothing came yet.
func (up *upload) begin(keys *vault.Keys) []byte {
	head, _ := json.Marshal(up.head) // two strings and a number: cannot fail
	return append(record(keys.Wrap(up.key, up.name)), record(up.key.Seal(head, up.aad("head")))...)
}

// seal is the record of the next piece, bound to its place.
func (up *upload) seal(piece []byte) []byte {
	return record(up.key.Seal(piece, up.aad(strconv.FormatInt(up.offset, 10))))
}

// open finds an upload by its id and reads how far it got.
func (u *Uploads) open(id string, flag int) (*upload, *os.File, error) {
	name, err := nameOf(id)
	if err != nil {
		return nil, nil, err
	}
	up, file, err := u.openFile(name, flag)
	if err == nil && u.clock().After(up.expires()) {
		file.Close()
		return nil, nil, crisis.ErrNotFound
	}
	return up, file, err
}

func (u *Uploads) openFile(name string, flag int) (*upload, *os.File, error) {
	file, err := os.OpenFile(filepath.Join(u.dir, name), flag, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, crisis.ErrNotFound
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open an upload: %w", err)
	}
	up := &upload{name: name}
	if err := up.read(file, u.keys); err != nil {
		file.Close()
		return nil, nil, err
	}
	return up, file, nil
}

// read reads key and head, then counts the pieces.
func (up *upload) read(file *os.File, keys *vault.Keys) error {
	wrapped, err := up.next(file, headBytes)
	if err == nil {
		up.key, err = keys.Unwrap(wrapped, up.name)
	}
	var head []byte
	if err == nil {
		head, err = up.next(file, headBytes)
	}
	if err == nil {
		head, err = up.key.Open(head, up.aad("head"))
	}
	if err == nil {
		err = json.Unmarshal(head, &up.head)
	}
	if err != nil {
		return fmt.Errorf("%w: an upload's head does not read", crisis.ErrNotFound)
	}
	up.first = place{size: up.size}
	up.place = up.first
	return up.count(file)
}

// count counts the pieces, without those at the end that a crash left broken.
func (up *upload) count(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return fmt.Errorf("read an upload: %w", err)
	}
	var before []place
	for {
		length, err := lengthAt(file, up.size)
		if err != nil {
			return fmt.Errorf("read an upload: %w", err)
		}
		if length <= vault.Overhead || length > chunkBytes+vault.Overhead || up.size+4+length > info.Size() {
			break
		}
		before = append(before, up.place)
		up.size, up.offset, up.pieces = up.size+4+length, up.offset+length-vault.Overhead, up.pieces+1
	}
	for ; up.pieces > 0; up.place = before[up.pieces-1] {
		last := *up
		last.place = before[up.pieces-1]
		if _, err := last.piece(file); err == nil {
			break
		}
	}
	return nil
}

// piece opens the piece at an upload's place and goes on behind it.
func (up *upload) piece(file *os.File) ([]byte, error) {
	sealed, err := up.next(file, chunkBytes+vault.Overhead)
	if err != nil {
		return nil, err
	}
	plain, err := up.key.Open(sealed, up.aad(strconv.FormatInt(up.offset, 10)))
	up.offset += int64(len(plain))
	return plain, err
}

// content is all of a finished upload.
func (up *upload) content(file *os.File) ([]byte, error) {
	content := make([]byte, 0, up.head.Length)
	at := *up
	for at.place = up.first; at.offset < up.offset; {
		plain, err := at.piece(file)
		if err != nil {
			return nil, fmt.Errorf("read an upload: %w", err)
		}
		content = append(content, plain...)
	}
	return content, nil
}

// next reads the record at an upload's place, of at most so many bytes, and goes
// on behind it.
func (up *upload) next(file *os.File, most int64) ([]byte, error) {
	length, err := lengthAt(file, up.size)
	if err != nil {
		return nil, err
	}
	if length > most {
		return nil, vault.ErrSealed
	}
	sealed := make([]byte, length)
	if _, err := file.ReadAt(sealed, up.size+4); err != nil {
		return nil, err
	}
	up.size += 4 + length
	return sealed, nil
}

// lengthAt is the length of the record that begins there; 0 at the file's end.
func lengthAt(file *os.File, at int64) (int64, error) {
	var length [4]byte
	if _, err := file.ReadAt(length[:], at); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	} else if err != nil {
		return 0, nil
	}
	return int64(binary.BigEndian.Uint32(length[:])), nil
}
