package store

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// field ties one column to one field of one record: it gives the column's value
// when a row is written and, as a sql.Scanner, takes it when a row is read.
type field struct {
	column string
	// at points into the record.
	at any
	// sealed columns hold what the owner's data key made of the plaintext.
	sealed bool
	// place columns are NULL while points are sealed (see hiddenPlace).
	place bool
	// found is the sealed column as it was read, until its key opens it.
	found []byte
}

// column is a field whose column holds it as it is.
func column(name string, at any) field { return field{column: name, at: at} }

// sealed is a field whose column holds it encrypted; NULL where it is empty.
func sealed(name string, at any) field { return field{column: name, at: at, sealed: true} }

// value is what the column holds, for all but sealed columns. Empty lists and
// maps, zero ids, hashes and times are NULL.
func (f *field) value(d *dialect) (any, error) {
	switch at := f.at.(type) {
	case *string:
		if strings.IndexByte(*at, 0) >= 0 {
			return nil, fmt.Errorf("column %s: text holds a NUL", f.column)
		}
		return *at, nil
	case *crisis.ID:
		return at.Value()
	case *[32]byte:
		if *at == [32]byte{} {
			return nil, nil
		}
		return at[:], nil
	case *time.Time:
		return d.time(*at), nil
	case *bool:
		return *at, nil
	case *float64:
		return *at, nil
	case *int:
		return int64(*at), nil
	case *int64:
		return *at, nil
	case *uint32:
		return int64(*at), nil
	case *uint64:
		if *at > math.MaxInt64 {
			return nil, fmt.Errorf("column %s: number too large", f.column)
		}
		return int64(*at), nil
	}
	return f.list()
}

// list is a list or map as JSON text.
func (f *field) list() (any, error) {
	var length int
	switch at := f.at.(type) {
	case *[]string:
		length = len(*at)
	case *[]crisis.ID:
		length = len(*at)
	case *[]geo.Bounds:
		length = len(*at)
	case *map[string]string:
		length = len(*at)
	default:
		return nil, fmt.Errorf("column %s: no way to write %T", f.column, f.at)
	}
	if length == 0 {
		return nil, nil
	}
	text, err := json.Marshal(f.at)
	if err != nil {
		return nil, fmt.Errorf("column %s: %w", f.column, err)
	}
	return string(text), nil
}

// plain is what a sealed column's data key is to seal; empty for nothing.
func (f *field) plain() ([]byte, error) {
	switch at := f.at.(type) {
	case *vault.Secret:
		return []byte(*at), nil
	case *vault.SecretBytes:
		return *at, nil
	case *string:
		return []byte(*at), nil
	case *hiddenPlace:
		return json.Marshal(at.read())
	case *map[string][]vault.Secret:
		return plainSecrets(*at)
	}
	return nil, fmt.Errorf("column %s: no way to seal %T", f.column, f.at)
}

// reveal puts opened plaintext where it belongs.
func (f *field) reveal(plain []byte) error {
	switch at := f.at.(type) {
	case *vault.Secret:
		*at = vault.Secret(plain)
	case *vault.SecretBytes:
		*at = plain
	case *string:
		*at = string(plain)
	case *hiddenPlace:
		return at.write(plain)
	case *map[string][]vault.Secret:
		return revealSecrets(at, plain)
	default:
		return fmt.Errorf("column %s: no way to reveal %T", f.column, f.at)
	}
	return nil
}

// Scan takes the column as either database's driver gives it.
func (f *field) Scan(found any) error {
	if f.sealed {
		if raw, ok := found.([]byte); ok {
			f.found = append([]byte(nil), raw...)
		}
		return nil
	}
	switch v := found.(type) {
	case nil:
		return nil // the record is blank: zero already
	case int64:
		return f.takeInt(v)
	case bool:
		if at, ok := f.at.(*bool); ok {
			*at = v
			return nil
		}
	case float64:
		if at, ok := f.at.(*float64); ok {
			*at = v
			return nil
		}
	case time.Time:
		if at, ok := f.at.(*time.Time); ok {
			*at = v.UTC()
			return nil
		}
	case string:
		return f.takeText(v)
	case []byte:
		if at, ok := f.at.(*[32]byte); ok && len(v) == 32 {
			copy(at[:], v)
			return nil
		}
		return f.takeText(string(v))
	}
	return f.unreadable(found)
}

func (f *field) takeInt(v int64) error {
	switch at := f.at.(type) {
	case *int64:
		*at = v
	case *int:
		*at = int(v)
	case *uint32:
		*at = uint32(v)
	case *uint64:
		*at = uint64(v)
	case *bool:
		*at = v != 0
	case *float64:
		*at = float64(v) // SQLite keeps whole floats as integers
	case *time.Time:
		*at = time.UnixMicro(v).UTC()
	default:
		return f.unreadable(v)
	}
	return nil
}

func (f *field) takeText(v string) error {
	switch at := f.at.(type) {
	case *string:
		*at = v
	case *crisis.ID:
		return at.UnmarshalText([]byte(v))
	case *[]string, *[]crisis.ID, *[]geo.Bounds, *map[string]string:
		if err := json.Unmarshal([]byte(v), f.at); err != nil {
			return fmt.Errorf("column %s: %w", f.column, err)
		}
	default:
		return f.unreadable(v)
	}
	return nil
}

// unreadable names types only: the value may be personal.
func (f *field) unreadable(found any) error {
	return fmt.Errorf("column %s: no way to read %T into %T", f.column, found, f.at)
}

// plainSecrets writes live secret values down for sealing.
func plainSecrets(secrets map[string][]vault.Secret) ([]byte, error) {
	open := make(map[string][]string, len(secrets))
	for name, values := range secrets {
		list := make([]string, len(values))
		for i, value := range values {
			list[i] = value.Reveal()
		}
		open[name] = list
	}
	if len(open) == 0 {
		return nil, nil
	}
	return json.Marshal(open)
}

func revealSecrets(into *map[string][]vault.Secret, plain []byte) error {
	var open map[string][]string
	if err := json.Unmarshal(plain, &open); err != nil {
		return fmt.Errorf("read sealed settings: %w", err)
	}
	*into = make(map[string][]vault.Secret, len(open))
	for name, values := range open {
		var list []vault.Secret
		for _, value := range values {
			list = append(list, vault.Secret(value))
		}
		(*into)[name] = list
	}
	return nil
}

// hiddenPlace is where a location is, as one sealed column: for deployments
// whose true points may not lie in the clear (DESIGN §5).
type hiddenPlace struct{ of *crisis.Location }

type placeBytes struct {
	Lon  float64 `json:"lon"`
	Lat  float64 `json:"lat"`
	Name string  `json:"name,omitempty"`
}

func (h *hiddenPlace) read() placeBytes {
	return placeBytes{Lon: h.of.Lon, Lat: h.of.Lat, Name: h.of.Name}
}

func (h *hiddenPlace) write(plain []byte) error {
	var place placeBytes
	if err := json.Unmarshal(plain, &place); err != nil {
		return fmt.Errorf("read a sealed point: %w", err)
	}
	h.of.Lon, h.of.Lat, h.of.Name = place.Lon, place.Lat, place.Name
	return nil
}
