package live

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
)

var errPlanted = errors.New("planted")

// book is a ledger and its records in memory. What is damaged cannot be read,
// alone or among others.
type book struct {
	entries []crisis.Entry
	records map[crisis.ID]crisis.Record
	damaged map[crisis.ID]bool
	down    bool // answers nothing at all
	made    uint64
}

func newBook() *book {
	b := &book{records: map[crisis.ID]crisis.Record{}, damaged: map[crisis.ID]bool{}}
	b.put(&crisis.Policy{Meta: b.first(), Key: crisis.PolicyDeployment, Value: `{"profile":"guarded"}`})
	return b
}

// first is the head of a new record.
func (b *book) first() crisis.Meta {
	b.made++
	var id crisis.ID
	binary.BigEndian.PutUint64(id[8:], b.made)
	return crisis.First(id, noon, "system:test")
}

func (b *book) put(records ...crisis.Record) {
	for _, r := range records {
		b.records[r.Head().ID] = r
		b.entries = append(b.entries, crisis.Entry{Index: uint64(len(b.entries)), Table: r.Table(), ID: r.Head().ID, Rev: r.Head().Rev})
	}
}

func (b *book) Current(_ context.Context, _ crisis.Table, id crisis.ID) (crisis.Record, error) {
	r, known := b.records[id]
	switch {
	case b.down || b.damaged[id]:
		return nil, errPlanted
	case !known:
		return nil, crisis.ErrNotFound
	}
	return r, nil
}

func (b *book) List(_ context.Context, q crisis.Query) ([]crisis.Record, error) {
	var out []crisis.Record
	for _, r := range b.records {
		id := r.Head().ID
		if r.Table() != q.Table || bytes.Compare(id[:], q.After[:]) <= 0 || q.By == "key" && r.(*crisis.Policy).Key != q.Value {
			continue
		}
		if b.down || b.damaged[id] {
			return nil, errPlanted
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(x, y crisis.Record) int { return bytes.Compare(x.Head().ID[:], y.Head().ID[:]) })
	return out, nil
}

func (b *book) Placed(ctx context.Context, id crisis.ID) (crisis.Placed, error) {
	in, err := crisis.Get[*crisis.Incident](ctx, b, id)
	if err != nil || in.Location.IsZero() {
		return crisis.Placed{Incident: in}, err
	}
	at, err := crisis.Get[*crisis.Location](ctx, b, in.Location)
	return crisis.Placed{Incident: in, Location: at}, err
}

func (b *book) EachPlaced(ctx context.Context, yield func(crisis.Placed) error) error {
	all, err := crisis.Select[*crisis.Incident](ctx, b, crisis.Query{})
	if err != nil {
		return err
	}
	for _, in := range all {
		p, err := b.Placed(ctx, in.ID)
		if err != nil {
			return err
		}
		if err := yield(p); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) Entries(_ context.Context, from uint64, limit int) ([]crisis.Entry, error) {
	if b.down {
		return nil, errPlanted
	}
	return b.entries[from:min(len(b.entries), int(from)+limit)], nil
}

func (b *book) Size(context.Context) (uint64, error) {
	if b.down {
		return 0, errPlanted
	}
	return uint64(len(b.entries)), nil
}

func (b *book) Watch() (<-chan struct{}, func()) { return nil, func() {} }

// ops is a map of the book; it must be loaded.
func (b *book) ops(log *bytes.Buffer) *Ops {
	return NewOps(OpsOptions{Store: b, Clock: func() time.Time { return noon }, Log: slog.New(slog.NewTextHandler(log, nil)),
		Area: func(points []geo.Point) [][]geo.Point {
			return [][]geo.Point{{points[0], points[0], points[0], points[0]}}
		}})
}

// incident writes a new incident at a longitude on the equator.
func (b *book) incident(lon float64, categories ...string) *crisis.Incident {
	in := &crisis.Incident{Meta: b.first(), Version: 1, Status: crisis.StatusVerified, Phase: crisis.PhaseOngoing, Severity: crisis.SeverityNormal,
		Categories: categories, FirstReceived: noon, LastReceived: noon, Reports: 1, Sources: 1}
	b.locate(in, lon)
	b.put(in)
	return in
}

func (b *book) locate(in *crisis.Incident, lon float64) {
	at := &crisis.Location{Meta: b.first(), Incident: in.ID, Lon: lon, UncertaintyM: 10, Method: "person"}
	in.Location = at.ID
	b.put(at)
}

func (b *book) alter(in *crisis.Incident, how func(*crisis.Incident)) *crisis.Incident {
	next := *in
	next.Meta = in.Next(noon, "system:test")
	how(&next)
	b.put(&next)
	return &next
}

func (b *book) hotspot(members ...*crisis.Incident) *crisis.Hotspot {
	h := &crisis.Hotspot{Meta: b.first(), Status: crisis.HotspotActive, Severity: crisis.SeverityNormal, FirstSeen: noon, LastSeen: noon}
	for _, in := range members {
		h.Members = append(h.Members, in.ID)
	}
	b.put(h)
	return h
}

func (b *book) hide(category string) {
	b.put(&crisis.Category{Meta: b.first(), Key: category, Profile: crisis.ProfileHidden, Severity: crisis.SeverityNormal, Enabled: true})
}
