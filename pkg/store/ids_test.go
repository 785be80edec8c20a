package store_test

import (
	"testing"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/storetest"
)

// TestListSomeIDs: a Query's IDs keep those alone; an empty list keeps nothing,
// nil everything.
func TestListSomeIDs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		var ids []crisis.ID
		for range 3 {
			report := &crisis.Report{Meta: first(t)}
			if _, err := s.Write(t.Context(), put(report)); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, report.ID)
		}
		for name, want := range map[string]struct {
			ids   []crisis.ID
			found int
		}{"all": {nil, 3}, "none": {[]crisis.ID{}, 0}, "two and one that is not there": {[]crisis.ID{ids[0], ids[2], newID(t)}, 2}} {
			found, err := crisis.Select[*crisis.Report](t.Context(), s, crisis.Query{IDs: want.ids})
			if err != nil {
				t.Fatal(err)
			}
			if len(found) != want.found {
				t.Errorf("%s: %d reports, want %d", name, len(found), want.found)
			}
		}
	})
}
