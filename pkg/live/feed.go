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
}

// change makes a change and returns what is to be told of it: incidents, then
// hotspots, then what is gone. stepOf says at which step each id changed.
func (f *feed) change(c Change, stepOf func(id string) uint64) []happening {
	before := f.held(c)
	f.Map.Apply(c)
	var out []happening
	add := func(id, name string, data func([]byte) []byte, sees func(*Sight) bool) {
		saw := before[id]
		if saw == nil {
			saw = nobody
		}
		h := happening{step: stepOf(id), id: id, sees: sees, saw: saw}
		if data != nil {
			h.shown = append(data([]byte("\nevent: "+name+"\ndata: ")), "\n\n"...)
		}
		out = append(out, h)
	}
	for i := range c.Incidents {
		now := &feature{Incident: c.Incidents[i].Incident, hidden: c.Incidents[i].Hidden}
		add(now.ID, "incident", now.Append, func(s *Sight) bool { return s.sees(now) })
	}
	for i := range c.Hotspots {
		f.mu.RLock()
		h := f.hotspots[c.Hotspots[i].ID]
		f.mu.RUnlock()
		add(h.ID, "hotspot", h.Append, f.seesHotspotLater(h))
	}
	for _, id := range c.Gone {
		if before[id] != nil {
			add(id, "", nil, nobody)
		}
	}
	return out
}

func nobody(*Sight) bool { return false }

// held says, for each id that a change touches and the map holds, who could see
// it before.
func (f *feed) held(c Change) map[string]func(*Sight) bool {
	out := map[string]func(*Sight) bool{}
	f.mu.RLock()
	defer f.mu.RUnlock()
	note := func(id string) {
		if in := f.features[keyOf(id)]; in != nil && in.ID == id {
			out[id] = func(s *Sight) bool { return s.sees(in) }
		} else if h := f.hotspots[id]; h != nil {
			out[id] = f.seesHotspotLater(h)
		}
	}
	for i := range c.Incidents {
		note(c.Incidents[i].ID)
	}
	for i := range c.Hotspots {
		note(c.Hotspots[i].ID)
	}
	for _, id := range c.Gone {
		note(id)
	}
	return out
}

// seesHotspotLater asks with the map as it is when asked.
func (f *feed) seesHotspotLater(h *hotspot) func(*Sight) bool {
	return func(s *Sight) bool {
		f.mu.RLock()
		defer f.mu.RUnlock()
		return f.seesHotspot(s, h)
	}
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
		events[i] = event{at: at, gone: append(gone, "}\n\n"...), sees: h.sees, saw: h.saw}
		if h.shown != nil {
			events[i].frame = append([]byte(head), h.shown...)
		}
	}
	f.Hub.publish(batch, events)
}
