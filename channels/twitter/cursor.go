package twitter

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
)

const (
	// maxKnown and window bound the tweets that are followed after they came.
	maxKnown = 10_000
	window   = 7 * 24 * time.Hour
	// birth is where the time in a tweet's id begins, in milliseconds since 1970.
	birth = 1288834974657
)

// firstID is the smallest id that a tweet of this time can have.
// Source: https://docs.x.com/fundamentals/x-ids
func firstID(at time.Time) uint64 {
	if ms := at.UnixMilli() - birth; ms > 0 {
		return uint64(ms) << 22
	}
	return 1
}

// version is a tweet that came: edits change its id, and X may change its content
// without a new one.
type version struct {
	// first is the id it began with at X, root the id under which we first had
	// it, latest that of the newest version we have.
	first, root, latest uint64
	// content is the beginning of the digest of what it said.
	content uint32
}

// known are the tweets of the last week, by every id they had.
type known struct{ byID map[uint64]*version }

func (k *known) get(ids ...uint64) *version {
	for _, id := range ids {
		if one := k.byID[id]; one != nil {
			return one
		}
	}
	return nil
}

func (k *known) put(one *version, ids ...uint64) {
	for _, id := range append(ids, one.first, one.root, one.latest) {
		k.byID[id] = one
	}
}

func (k *known) drop(one *version) {
	for id, other := range k.byID {
		if other == one {
			delete(k.byID, id)
		}
	}
}

// list has every tweet once, by its latest id.
func (k *known) list() []*version {
	all := make([]*version, 0, len(k.byID))
	for id, one := range k.byID {
		if id == one.latest {
			all = append(all, one)
		}
	}
	slices.SortFunc(all, func(a, b *version) int { return cmp.Compare(a.latest, b.latest) })
	return all
}

// prune forgets what is older than the window and the oldest above the bound.
func (k *known) prune(now time.Time) []*version {
	all := k.list()
	oldest := firstID(now.Add(-window))
	keep := all[max(0, len(all)-maxKnown):]
	for len(keep) > 0 && keep[0].latest < oldest {
		keep = keep[1:]
	}
	if len(keep) < len(all) {
		kept := map[*version]bool{}
		for _, one := range keep {
			kept[one] = true
		}
		for id, one := range k.byID {
			if !kept[one] {
				delete(k.byID, id)
			}
		}
	}
	return keep
}

// position is the cursor: how far reading came, what was spent, and which tweets
// are followed.
type position struct {
	// Since is the newest tweet that came. Gap, where it is not 0, is an id after
	// which something may be missing that came before the stream did.
	Since uint64 `json:"since,string"`
	Gap   uint64 `json:"gap,string"`
	// Mirrored is when the last look at what changed began.
	Mirrored time.Time `json:"mirrored"`
	Spending spending  `json:"spending"`
	Known    []byte    `json:"known"`
}

var errCursor = errors.New("x: the cursor is damaged")

// pack writes tweets in ascending order as differences, about ten bytes each.
func pack(all []*version, today map[string]bool) []byte {
	out := binary.AppendUvarint(nil, uint64(len(all)))
	before := uint64(0)
	for _, one := range all {
		out = binary.AppendUvarint(out, one.latest-before)
		out = binary.AppendVarint(out, int64(one.latest-one.root))
		out = binary.AppendVarint(out, int64(one.root-one.first))
		out = binary.BigEndian.AppendUint32(out, one.content)
		flag := byte(0)
		if today[tweetKey(one.latest)] {
			flag = 1
		}
		out = append(out, flag)
		before = one.latest
	}
	return out
}

func tweetKey(id uint64) string { return "t" + strconv.FormatUint(id, 10) }

// unpack undoes pack; today takes the ids that were read on the cursor's day.
func unpack(packed []byte, today map[string]bool) (known, error) {
	k := known{byID: map[uint64]*version{}}
	if len(packed) == 0 {
		return k, nil
	}
	r := reader{rest: packed}
	latest := uint64(0)
	for range min(r.uvarint(), maxKnown) {
		latest += r.uvarint()
		one := &version{latest: latest}
		one.root = latest - uint64(r.varint())
		one.first = one.root - uint64(r.varint())
		tail := r.bytes(5)
		if tail == nil {
			return k, errCursor
		}
		one.content = binary.BigEndian.Uint32(tail)
		if tail[4] == 1 {
			today[tweetKey(latest)] = true
		}
		k.put(one)
	}
	if r.failed {
		return k, errCursor
	}
	return k, nil
}

// reader reads numbers off a slice; once it fails it gives zeros and no bytes.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) uvarint() uint64 {
	n, size := binary.Uvarint(r.rest)
	r.skip(size)
	return n
}

func (r *reader) varint() int64 {
	n, size := binary.Varint(r.rest)
	r.skip(size)
	return n
}

func (r *reader) skip(size int) {
	if size <= 0 {
		size, r.failed = len(r.rest), true
	}
	r.rest = r.rest[size:]
}

func (r *reader) bytes(n int) []byte {
	if len(r.rest) < n {
		return nil
	}
	head := r.rest[:n]
	r.rest = r.rest[n:]
	return head
}

// restore reads a cursor; at first there is none.
func (s *session) restore(cursor []byte) error {
	now := s.config.Clock()
	var at position
	if len(cursor) > 0 {
		if err := json.Unmarshal(cursor, &at); err != nil {
			return errCursor
		}
	}
	s.spending = at.Spending
	s.spending.today = map[string]bool{}
	var err error
	if s.known, err = unpack(at.Known, s.spending.today); err != nil {
		return err
	}
	s.saved = s.spending.Spent
	s.spending.roll(now)
	s.since, s.gap, s.mirror.last = at.Since, at.Gap, at.Mirrored
	if s.since == 0 {
		// Whoever sets a channel up sees at once what was written in the last hour.
		s.since = firstID(now.Add(-firstLook))
	}
	if s.mirror.last.IsZero() {
		s.mirror.last = now
	}
	return nil
}

// cursor writes down where the session is.
func (s *session) cursor() ([]byte, error) {
	kept := s.known.prune(s.config.Clock())
	written, err := json.Marshal(position{Since: s.since, Gap: s.gap, Mirrored: s.mirror.last, Spending: s.spending,
		Known: pack(kept, s.spending.today)})
	if err != nil {
		return nil, fmt.Errorf("x: write the cursor: %w", err)
	}
	return written, nil
}
