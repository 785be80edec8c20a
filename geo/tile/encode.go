package tile

import (
	"encoding/binary"
	"math"

	"github.com/onyo-project/onyo/geo"
)

const (
	// Extent is the width of a tile in its own units.
	Extent = 4096
	// Buffer is how far beyond the tile polygons are kept, in the same units,
	// so that outlines and halos do not end at its edge.
	Buffer = 64
)

// Layer is a named list of features. Names within a tile differ.
type Layer struct {
	Name     string
	Features []Feature
}

// Feature is one thing on the map: either points or polygons.
type Feature struct {
	// ID is unique in its layer; 0 is none.
	ID uint64
	// Points that lie in the tile are drawn; those beyond the edge of the
	// square near a pole lie on that edge.
	Points []geo.Point
	// Rings are polygons without holes: each closed, in either direction,
	// within [-180,180] (see density.Hull). Used if there are no Points.
	Rings [][]geo.Point
	Tags  []Tag
}

// Tag is one property of a feature.
type Tag struct {
	Key   string
	value value
}

// value is a property's value, comparable so that a layer lists it once.
type value struct {
	kind byte // field number of the protobuf
	text string
	bits uint64
}

const (
	kindText   = 1
	kindDouble = 3
	kindInt    = 4
	kindBool   = 7
)

// String is a property that holds text.
func String(key, v string) Tag { return Tag{Key: key, value: value{kind: kindText, text: v}} }

// Int is a property that holds a whole number.
func Int(key string, v int64) Tag { return Tag{Key: key, value: value{kind: kindInt, bits: uint64(v)}} }

// Float is a property that holds a number.
func Float(key string, v float64) Tag {
	return Tag{Key: key, value: value{kind: kindDouble, bits: math.Float64bits(v)}}
}

// Bool is a property that holds yes or no.
func Bool(key string, v bool) Tag {
	t := Tag{Key: key, value: value{kind: kindBool}}
	if v {
		t.value.bits = 1
	}
	return t
}

// Encode makes a vector tile of what of the layers lies in t. The same input
// gives the same bytes. Features of which nothing is in the tile are left out,
// and layers without features; a tile without layers has no bytes.
func Encode(t Tile, layers ...Layer) []byte {
	var out []byte
	for i := range layers {
		if body := encodeLayer(t, &layers[i]); body != nil {
			out = appendBytes(out, 3, body)
		}
	}
	return out
}

// dictionary lists the keys and values that the features of a layer refer to.
type dictionary struct {
	keys   map[string]uint64
	values map[value]uint64
	key    []string
	value  []value
}

func (d *dictionary) tags(tags []Tag) []byte {
	var out []byte
	for _, t := range tags {
		k, ok := d.keys[t.Key]
		if !ok {
			k = uint64(len(d.key))
			d.keys[t.Key], d.key = k, append(d.key, t.Key)
		}
		v, ok := d.values[t.value]
		if !ok {
			v = uint64(len(d.value))
			d.values[t.value], d.value = v, append(d.value, t.value)
		}
		out = binary.AppendUvarint(binary.AppendUvarint(out, k), v)
	}
	return out
}

func encodeLayer(t Tile, l *Layer) []byte {
	d := dictionary{keys: map[string]uint64{}, values: map[value]uint64{}}
	out := appendBytes(nil, 1, []byte(l.Name))
	empty := true
	var feature []byte
	for i := range l.Features {
		f := &l.Features[i]
		geometry, kind := encodePoints(t, f.Points), uint64(1)
		if len(f.Points) == 0 {
			geometry, kind = encodeRings(t, f.Rings), 3
		}
		if len(geometry) == 0 {
			continue
		}
		empty = false
		feature = feature[:0]
		if f.ID != 0 {
			feature = appendVarint(feature, 1, f.ID)
		}
		feature = appendBytes(feature, 2, d.tags(f.Tags))
		feature = appendVarint(feature, 3, kind)
		out = appendBytes(out, 2, appendBytes(feature, 4, geometry))
	}
	if empty {
		return nil
	}
	for _, k := range d.key {
		out = appendBytes(out, 3, []byte(k))
	}
	for _, v := range d.value {
		out = appendBytes(out, 4, v.encode())
	}
	return appendVarint(appendVarint(out, 5, Extent), 15, 2)
}

func (v value) encode() []byte {
	switch v.kind {
	case kindText:
		return appendBytes(nil, kindText, []byte(v.text))
	case kindDouble:
		return binary.LittleEndian.AppendUint64([]byte{kindDouble<<3 | 1}, v.bits)
	default:
		return appendVarint(nil, uint64(v.kind), v.bits)
	}
}

func appendVarint(out []byte, field, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(out, field<<3), v)
}

func appendBytes(out []byte, field uint64, body []byte) []byte {
	out = binary.AppendUvarint(binary.AppendUvarint(out, field<<3|2), uint64(len(body)))
	return append(out, body...)
}
