package crisis

import (
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// ID names one record: 48 bits of Unix milliseconds, then 80 random bits, so
// that ids made one after another lie beside each other in an index. IDs are
// internal; the public sees ids derived from them (DESIGN §4, law 3).
type ID [16]byte

const idAlphabet = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford base 32

// NewID makes an ID at a moment from a source of randomness.
// It fails only when the source does.
func NewID(at time.Time, random io.Reader) (ID, error) {
	var id ID
	binary.BigEndian.PutUint64(id[:8], uint64(at.UnixMilli())<<16)
	if _, err := io.ReadFull(random, id[6:]); err != nil {
		return ID{}, fmt.Errorf("make an id: %w", err)
	}
	return id, nil
}

// FirstID comes before every ID that was made at that moment or later, and after
// those of the milliseconds before.
func FirstID(at time.Time) ID {
	var id ID
	binary.BigEndian.PutUint64(id[:8], uint64(max(at.UnixMilli(), 0))<<16)
	return id
}

// IsZero reports whether the ID names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// String is 26 characters of Crockford base 32, sorting as the bytes do;
// the zero ID is the empty string.
func (id ID) String() string {
	if id.IsZero() {
		return ""
	}
	var out [26]byte
	high, low := binary.BigEndian.Uint64(id[:8]), binary.BigEndian.Uint64(id[8:])
	for i := 25; i >= 0; i-- {
		out[i] = idAlphabet[low&31]
		low = low>>5 | high<<59
		high >>= 5
	}
	return string(out[:])
}

// ParseID reads what String wrote. It refuses everything else.
func ParseID(s string) (ID, error) {
	if s == "" {
		return ID{}, nil
	}
	if len(s) != 26 || s[0] > '7' {
		return ID{}, fmt.Errorf("an id has 26 characters and starts with 0 to 7")
	}
	var high, low uint64
	for i := 0; i < len(s); i++ {
		digit := idDigit(s[i])
		if digit < 0 {
			return ID{}, fmt.Errorf("an id has no character %q", s[i])
		}
		high = high<<5 | low>>59
		low = low<<5 | uint64(digit)
	}
	var id ID
	binary.BigEndian.PutUint64(id[:8], high)
	binary.BigEndian.PutUint64(id[8:], low)
	return id, nil
}

func idDigit(c byte) int {
	for i := 0; i < len(idAlphabet); i++ {
		if idAlphabet[i] == c {
			return i
		}
	}
	return -1
}

// MarshalText writes the 26 characters.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the 26 characters.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// Value stores the ID as text; the zero ID as NULL.
func (id ID) Value() (driver.Value, error) {
	if id.IsZero() {
		return nil, nil
	}
	return id.String(), nil
}

// Scan reads what Value stored.
func (id *ID) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		*id = ID{}
		return nil
	case string:
		return id.UnmarshalText([]byte(v))
	case []byte:
		return id.UnmarshalText(v)
	}
	return fmt.Errorf("an id cannot be read from %T", value)
}
