package formats

import (
	"strconv"
	"time"
)

// Collection is the head of a GeoJSON FeatureCollection as the map endpoints
// answer it.
type Collection struct {
	// Matched counts what the query matched, on this page or not.
	Matched int
	// Next leads on to the next page; "" on the last.
	Next string
	// BatchAt is how fresh the answer is.
	BatchAt time.Time
	// AsOf is the past moment that was asked for; zero for now.
	AsOf time.Time
}

// Open begins a collection: features follow, separated by commas; Close ends it.
func Open(dst []byte) []byte { return append(dst, `{"type":"FeatureCollection","features":[`...) }

// Close ends the features and writes what the collection says about them.
func (c Collection) Close(dst []byte) []byte {
	dst = append(dst, `],"numberMatched":`...)
	dst = strconv.AppendInt(dst, int64(c.Matched), 10)
	if c.Next != "" {
		dst = append(dst, `,"next":`...)
		dst = AppendString(dst, c.Next)
	}
	dst = append(dst, `,"batch_at":`...)
	dst = AppendTime(dst, c.BatchAt)
	if !c.AsOf.IsZero() {
		dst = append(dst, `,"as_of":`...)
		dst = AppendTime(dst, c.AsOf)
	}
	return append(dst, '}')
}
