package live

import (
	"cmp"
	"slices"
	"time"

	"github.com/onyo-project/onyo/pkg/formats"
)

// feed changes a map and tells its viewers, event by event.
type feed struct {
	*Map
	Hub *Hub
}

// happening is an event before it has its place in the stream.
type happening struct {
	step uint64
	// shown is the rest of the SSE event for those who see the thing as it is
	// now, nil if nobody does; id is what the others must take off their maps.
	shown     []byte
	id        string
	sees, saw func(*Sight) bool
	// weight is how much sees and saw keep in memory.
	weight int
}

// change makes a change and returns what is to be told of it: incidents, then
// hotspots, then what is gone. Saw says who saw what before; stepOf at which step
// each id changed.
func (f *feed) change(saw audience, c Change, stepOf func(id string) uint64) []happening {
	f.Map.Apply(c)
	var out []happening
	add := func(id, name string, data func([]byte) []byte, sees func(*Sight) bool) {
		h := happening{step: stepOf(id), id: id, sees: sees, saw: saw.of(id), weight: 1}
		if data != nil {
			h.shown = append(data([]byte("\nevent: "+name+"\ndata: ")), "\n\n"...)
		}
		out = append(out, h)
	}
	for i := range c.Incidents {
		now := &feature{Incident: c.Incidents[i].Incident, hidden: c.Incidents[i].Hidden}
		add(now.ID, "incident", now.Append, func(s *Sight) bool { return s.sees(now) })
	}
	now := audience{}
	f.mu.RLock()
	for i := range c.Hotspots {
		f.note(now, c.Hotspots[i].ID)
	}
	f.mu.RUnlock()
	for i := range c.Hotspots {
		h := &c.Hotspots[i]
		add(h.ID, "hotspot", h.Append, now.of(h.ID))
		out[len(out)-1].weight += len(h.Members)
	}
	for i := range c.Former {
		if id := c.Former[i].ID; saw[id] != nil {
			add(id, "", nil, nobody)
		}
	}
	for _, id := range c.Gone {
		if saw[id] != nil {
			add(id, "", nil, nobody)
		}
	}
	return out
}

func nobody(*Sight) bool { return false }

// audience says who sees the things on a map, by their ids, as things stood when
// it was asked: nothing that changes later changes the answer.
type audience map[string]func(*Sight) bool

func (a audience) of(id string) func(*Sight) bool {
	if sees := a[id]; sees != nil {
		return sees
	}
	return nobody
}

// audience is that of what a change touches, as things stand.
func (f *feed) audience(c Change) audience {
	out := audience{}
	f.mu.RLock()
	defer f.mu.RUnlock()
	for i := range c.Incidents {
		f.note(out, c.Incidents[i].ID)
	}
	for i := range c.Hotspots {
		f.note(out, c.Hotspots[i].ID)
	}
	for i := range c.Former {
		f.note(out, c.Former[i].ID)
	}
	for _, id := range c.Gone {
		f.note(out, id)
	}
	return out
}

// note adds who sees one thing; the map's lock must be held.
func (f *feed) note(a audience, id string) {
	if in := f.features[keyOf(id)]; in != nil && in.ID == id {
		a[id] = func(s *Sight) bool { return s.sees(in) }
	} else if h := f.hotspots[id]; h != nil {
		makers := make([]*feature, len(h.members))
		for i, key := range h.members {
			makers[i] = f.maker(key)
		}
		a[id] = func(s *Sight) bool { return s.seesAll(makers) }
	}
}

// seesAll is Map.seesHotspot with the incidents that it was made of then.
func (s *Sight) seesAll(makers []*feature) bool {
	if all, hidden := s.everything(); all && hidden {
		return true
	}
	for _, in := range makers {
		if in == nil || !s.sees(in) {
			return false
		}
	}
	return len(makers) > 0
}

// tell gives what happened its places in the stream, by step, and hands it to
// the viewers.
func (f *feed) tell(batch time.Time, all []happening) {
	slices.SortStableFunc(all, func(a, b happening) int { return cmp.Compare(a.step, b.step) })
	events := make([]event, len(all))
	var at Position
	for i := range all {
		h := &all[i]
		if h.step != at.Step {
			at = Position{Step: h.step}
		}
		at.Nth++
		head := "id: " + at.String()
		gone := formats.AppendString([]byte(head+"\nevent: retract\ndata: {\"id\":"), h.id)
		events[i] = event{at: at, gone: append(gone, "}\n\n"...), sees: h.sees, saw: h.saw, weight: h.weight}
		if h.shown != nil {
			events[i].frame = append([]byte(head), h.shown...)
		}
	}
	f.Hub.publish(batch, events)
}
