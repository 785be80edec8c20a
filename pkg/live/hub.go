package live

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/onyo-project/onyo/pkg/formats"
)

// Position is where in the stream an event stands. Ops count ledger indexes,
// the public counts batches, in seconds since 1970 UTC; Nth counts within one.
type Position struct {
	Step uint64
	Nth  uint32
}

// String is the event id, as "1732460400-3".
func (p Position) String() string {
	return strconv.FormatUint(p.Step, 10) + "-" + strconv.FormatUint(uint64(p.Nth), 10)
}

// ParsePosition reads a Last-Event-ID.
func ParsePosition(id string) (Position, error) {
	step, nth, ok := strings.Cut(id, "-")
	s, err := strconv.ParseUint(step, 10, 64)
	n, err2 := strconv.ParseUint(nth, 10, 32)
	if !ok || err != nil || err2 != nil || len(id) > 31 {
		return Position{}, fmt.Errorf("an event id is two numbers with a hyphen between")
	}
	return Position{Step: s, Nth: uint32(n)}, nil
}

func (p Position) before(q Position) bool {
	return p.Step < q.Step || p.Step == q.Step && p.Nth < q.Nth
}

// event is one thing that happened to a map, encoded once. Frames are whole SSE
// events.
type event struct {
	at Position
	// frame is for those who see what it is now, gone for those who saw what it
	// was and no longer do.
	frame, gone []byte
	sees, saw   func(*Sight) bool
	weight      int
}

func (e *event) frameFor(s *Sight) []byte {
	if e.sees(s) {
		return e.frame
	}
	if e.saw(s) {
		return e.gone
	}
	return nil
}

const (
	// ringSize is how many events back a viewer can resume, ringWeight how much
	// those may weigh: a hotspot of many incidents weighs as many.
	ringSize   = 8192
	ringWeight = 1 << 20
	// viewerBuffer is how many events a slow viewer may be behind before it is
	// told to read the map again.
	viewerBuffer = 512
)

// Hub tells viewers of a map what changes on it. Each event is encoded once for
// all. It is safe for concurrent use, and no viewer can hold it up.
type Hub struct {
	mu      sync.Mutex
	viewers map[*Viewer]struct{}
	ring    []event  // oldest first, at most ringSize
	weight  int      // of the ring
	start   Position // the ring holds every event after it
	last    Position
	batch   time.Time
}

// NewHub is a hub without viewers.
func NewHub() *Hub { return &Hub{viewers: map[*Viewer]struct{}{}} }

// Start says where the stream begins, for a map that was read whole: an event
// up to there cannot be replayed.
func (h *Hub) Start(at Position, batch time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.start, h.last, h.batch, h.ring, h.weight = at, at, batch, nil, 0
}

// publish hands events, in the order of their positions, to every viewer.
func (h *Hub) publish(batch time.Time, events []event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if batch.After(h.batch) {
		h.batch = batch
	}
	if len(events) == 0 {
		return
	}
	h.last = events[len(events)-1].at
	h.ring = append(h.ring, events...)
	for i := range events {
		h.weight += events[i].weight
	}
	over := 0
	for len(h.ring)-over > ringSize || h.weight > ringWeight {
		h.weight -= h.ring[over].weight
		over++
	}
	if over > 0 {
		h.start = h.ring[over-1].at
		h.ring = append([]event(nil), h.ring[over:]...)
	}
	for v := range h.viewers {
		v.offer(events, h.last)
	}
}

// Resync tells every viewer to read the map again.
func (h *Hub) Resync() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.start, h.ring, h.weight = h.last, nil, 0
	for v := range h.viewers {
		v.lose(h.last)
	}
}

// Heartbeat tells every viewer how fresh the map is; call it every few seconds.
func (h *Hub) Heartbeat() {
	h.mu.Lock()
	defer h.mu.Unlock()
	frame := heartbeat(h.batch)
	for v := range h.viewers {
		v.beat(frame)
	}
}

func heartbeat(batch time.Time) []byte {
	out := append([]byte("event: heartbeat\ndata: "), `{"batch_at":`...)
	return append(formats.AppendTime(out, batch), "}\n\n"...)
}

func resync(at Position) []byte {
	return []byte("id: " + at.String() + "\nevent: resync\ndata: {}\n\n")
}

// Watch makes a viewer. With a position to resume from it first gets what came
// after it, or a resync where that is no longer known; a position ahead of this
// instance waits until the instance gets there. Close the viewer when done.
func (h *Hub) Watch(sight *Sight, resume *Position) *Viewer {
	v := &Viewer{hub: h, sight: sight, wake: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	v.beat(heartbeat(h.batch))
	if resume != nil {
		v.after = *resume
		switch {
		case !resume.before(h.last): // up to date or ahead
		case !resume.before(h.start):
			v.offer(h.ring, h.last)
		default:
			v.lose(h.last)
		}
	}
	h.viewers[v] = struct{}{}
	return v
}

// Viewer is one reader of a stream. Next is for one goroutine.
type Viewer struct {
	hub   *Hub
	sight *Sight
	wake  chan struct{}

	mu    sync.Mutex
	queue [][]byte
	after Position // events up to here are known
	beats []byte   // at most one heartbeat waits
}

// offer queues what the viewer may see; one that is too far behind loses the
// queue and is told to read the map again.
func (v *Viewer) offer(events []event, last Position) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range events {
		if !v.after.before(events[i].at) {
			continue
		}
		v.after = events[i].at
		frame := events[i].frameFor(v.sight)
		if frame == nil {
			continue
		}
		if len(v.queue) >= viewerBuffer {
			v.queue = append(v.queue[:0:0], resync(last))
			v.after = last
			break
		}
		v.queue = append(v.queue, frame)
	}
	v.rouse()
}

func (v *Viewer) lose(last Position) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.queue, v.after = append(v.queue[:0:0], resync(last)), last
	v.rouse()
}

func (v *Viewer) beat(frame []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.beats = frame
	v.rouse()
}

func (v *Viewer) rouse() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// Next waits for frames and returns all that are there, ready to be written as
// they are. It fails when the context ends.
func (v *Viewer) Next(ctx context.Context) ([][]byte, error) {
	for {
		v.mu.Lock()
		frames := v.queue
		if v.beats != nil {
			frames = append(frames, v.beats)
		}
		v.queue, v.beats = nil, nil
		v.mu.Unlock()
		if len(frames) > 0 {
			return frames, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-v.wake:
		}
	}
}

// Close takes the viewer off the hub.
func (v *Viewer) Close() {
	v.hub.mu.Lock()
	defer v.hub.mu.Unlock()
	delete(v.hub.viewers, v)
}

// Viewers is how many are watching.
func (h *Hub) Viewers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.viewers)
}
