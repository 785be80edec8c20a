package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

const (
	// MaxName bounds Actor, Action, Table and ID, in bytes.
	MaxName = 255
	// MaxNote bounds Note, in bytes.
	MaxNote = 1024
	// MaxEntries bounds the length of a ledger.
	MaxEntries = 1 << 56

	entryVersion = 1
)

// ErrEntry says that bytes are no entry.
var ErrEntry = errors.New("not a ledger entry")

// Entry is one line of the ledger: who did what to which revision of which
// record, and a commitment to what that revision says.
type Entry struct {
	// Index is the entry's place, from 0.
	Index uint64
	// At is when, in UTC, to the microsecond; finer digits are not kept.
	At time.Time
	// Actor is a pseudonymous name, such as "person:01j…".
	Actor string
	// Action is a word like "report.opened".
	Action string
	// Table, ID and Rev name the revision.
	Table string
	ID    string
	Rev   uint64
	// Commitment is salted: nobody can guess the record from it.
	Commitment [32]byte
	// Note is a reason code or fixed phrase, never personal data.
	Note string
}

// Encode is the entry as a leaf of the tree: the same entry gives the same bytes
// on every machine and in every version of Onyo. They are a version byte (1);
// Index as an unsigned and At (microseconds since 1970) as a zigzag varint;
// Actor, Action, Table and ID, each after its length; Rev; the 32 bytes of
// Commitment; Note after its length. Varints are those of encoding/binary.
//
// It fails when a text is too long or not UTF-8, or the year has not four digits.
func (e *Entry) Encode() ([]byte, error) {
	size := len(e.Actor) + len(e.Action) + len(e.Table) + len(e.ID) + len(e.Note)
	return e.Append(make([]byte, 0, size+72))
}

// Append is Encode at the end of dst; on failure dst comes back as it was.
func (e *Entry) Append(dst []byte) ([]byte, error) {
	if err := e.check(); err != nil {
		return dst, fmt.Errorf("encode ledger entry %d: %w", e.Index, err)
	}
	dst = append(dst, entryVersion)
	dst = binary.AppendUvarint(dst, e.Index)
	dst = binary.AppendVarint(dst, e.At.UnixMicro())
	for _, text := range [...]string{e.Actor, e.Action, e.Table, e.ID} {
		dst = appendText(dst, text)
	}
	dst = binary.AppendUvarint(dst, e.Rev)
	dst = append(dst, e.Commitment[:]...)
	return appendText(dst, e.Note), nil
}

func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

func (e *Entry) check() error {
	for _, text := range [...]struct {
		name, is string
		limit    int
	}{
		{"actor", e.Actor, MaxName}, {"action", e.Action, MaxName}, {"table", e.Table, MaxName},
		{"id", e.ID, MaxName}, {"note", e.Note, MaxNote},
	} {
		if len(text.is) > text.limit {
			return fmt.Errorf("the %s has %d bytes, over %d", text.name, len(text.is), text.limit)
		}
		if !utf8.ValidString(text.is) {
			return fmt.Errorf("the %s is not UTF-8", text.name)
		}
	}
	if e.Index >= MaxEntries {
		return fmt.Errorf("the index is over %d", uint64(MaxEntries))
	}
	if year := e.At.UTC().Year(); year < 0 || year > 9999 {
		return errors.New("the year does not have four digits")
	}
	return nil
}

// ParseEntry reads what Encode wrote and nothing else: every entry has one form.
// It fails with ErrEntry.
func ParseEntry(leaf []byte) (Entry, error) {
	r := reader{rest: leaf}
	if version := r.take(1); r.failed || version[0] != entryVersion {
		return Entry{}, fmt.Errorf("%w: of no known version", ErrEntry)
	}
	e := Entry{Index: r.uvarint(), At: time.UnixMicro(r.varint()).UTC()}
	e.Actor, e.Action, e.Table, e.ID = r.text(MaxName), r.text(MaxName), r.text(MaxName), r.text(MaxName)
	e.Rev = r.uvarint()
	copy(e.Commitment[:], r.take(len(e.Commitment)))
	e.Note = r.text(MaxNote)
	if r.failed || len(r.rest) > 0 {
		return Entry{}, fmt.Errorf("%w: cut or too long", ErrEntry)
	}
	if again, err := e.Encode(); err != nil || !bytes.Equal(again, leaf) {
		return Entry{}, fmt.Errorf("%w: not in its one form", ErrEntry)
	}
	return e, nil
}

// reader takes fields off the front of a leaf; after the first that is not there
// it gives zeros.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) take(n int) []byte {
	if r.failed || n > len(r.rest) {
		r.failed = true
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *reader) uvarint() uint64 {
	value, n := binary.Uvarint(r.rest)
	r.skip(n)
	return value
}

func (r *reader) varint() int64 {
	value, n := binary.Varint(r.rest)
	r.skip(n)
	return value
}

func (r *reader) skip(n int) {
	if n <= 0 {
		r.failed = true
		return
	}
	r.take(n)
}

func (r *reader) text(limit int) string {
	n := r.uvarint()
	if n > uint64(limit) {
		r.failed = true
		return ""
	}
	return string(r.take(int(n)))
}
