package store_test

import (
	"testing"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/storetest"
)

// TestWatch: a commit wakes every watcher, of this process and of another; who
// stopped is left alone.
func TestWatch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s, other := open(), open()
		mine, stopMine := s.Watch()
		theirs, stopTheirs := other.Watch()
		stopped, stop := s.Watch()
		defer stopMine()
		defer stopTheirs()
		stop()
		write(t, s, put(message(t, newID(t), 1, 1)))
		for _, wake := range []<-chan struct{}{mine, theirs} {
			select {
			case <-wake:
			case <-t.Context().Done():
				t.Fatal("nobody woke up")
			}
		}
		if entries, err := other.Entries(t.Context(), 0, 10); err != nil || len(entries) != 1 {
			t.Errorf("woken for %d entries: %v", len(entries), err)
		}
		select {
		case <-stopped:
			t.Error("a stopped watcher was woken")
		default:
		}
	})
}

// TestHiddenSealsPoints: once a hidden category is switched on, here or by another
// process, no new point lies in the clear; before, they do.
func TestHiddenSealsPoints(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		open := storetest.Opener(t, url)
		s, command := open(), open()
		db := behind(t, url)
		clear := func(l *crisis.Location) (n int) {
			if err := db.QueryRow("SELECT count(*) FROM location WHERE lon IS NOT NULL AND id = '" + l.ID.String() + "'").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		put1 := func() *crisis.Location {
			one := &crisis.Location{Meta: first(t), Lon: 34.1, Lat: -0.1, Name: "Budalangi"}
			write(t, s, put(one))
			return one
		}
		if clear(put1()) != 1 {
			t.Error("a point was sealed without a reason")
		}
		category := &crisis.Category{Meta: first(t), Key: "detention", Profile: crisis.ProfileHidden}
		write(t, s, put(category))
		if clear(put1()) != 1 {
			t.Error("a hidden category that is switched off sealed a point")
		}
		on := revised(category)
		on.Enabled = true
		wake, stop := s.Watch()
		defer stop()
		write(t, command, put(on))
		for sealed := false; !sealed; {
			<-wake
			sealed = clear(put1()) == 0
		}
		off := revised(on)
		off.Enabled = false
		write(t, s, put(off))
		if clear(put1()) != 1 {
			t.Error("points stay sealed after it was switched off")
		}
		deployment := &crisis.Policy{Meta: first(t), Key: crisis.PolicyDeployment, Value: `{"profile":"hidden"}`}
		write(t, s, put(deployment))
		last := put1()
		if clear(last) != 0 {
			t.Error("a hidden deployment's point lies in the clear")
		}
		if got, err := crisis.Get[*crisis.Location](t.Context(), s, last.ID); err != nil || got.Lon != 34.1 || got.Name != "Budalangi" {
			t.Errorf("it came back as %v: %v", got, err)
		}
		verified(t, s)
	})
}
