package store_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/storetest"
)

func newID(t testing.TB) crisis.ID {
	t.Helper()
	id, err := crisis.NewID(time.Now(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

const actor = crisis.Actor("system:test")

func first(t testing.TB) crisis.Meta { return crisis.First(newID(t), time.Now(), actor) }

func put(records ...crisis.Record) crisis.Change {
	return crisis.Change{Action: "test.put", Actor: actor, Reason: "test", At: time.Now(), Put: records}
}

func write(t testing.TB, s *store.Store, changes ...crisis.Change) []crisis.Outcome {
	t.Helper()
	outcomes, err := s.Write(t.Context(), changes...)
	if err != nil {
		t.Fatal(err)
	}
	return outcomes
}

func TestWriteAndRead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		message := &crisis.Message{Meta: first(t), Channel: newID(t), Direction: crisis.Inbound, Kind: crisis.KindReport,
			ProviderKey: [32]byte{1}, Digest: [32]byte{2}, Raw: []byte("water at the bridge")}
		outcome := write(t, s, put(message))
		if outcome[0].Index != 1 || outcome[0].Receipt != crisis.New {
			t.Errorf("outcome %+v", outcome[0])
		}
		got, err := crisis.Get[*crisis.Message](t.Context(), s, message.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(message, got); diff != "" {
			t.Error(diff)
		}
		report := &crisis.Report{Meta: first(t), Message: message.ID, Channel: message.Channel, Text: "water", Said: []string{"flood"}}
		write(t, s, put(report))
		next := *report
		next.Meta = report.Next(time.Now(), actor)
		next.Text = "more water"
		write(t, s, put(&next))
		found, err := crisis.Find[*crisis.Report](t.Context(), s, "message", message.ID)
		if err != nil || len(found) != 1 || found[0].Text.Reveal() != "more water" || found[0].Entry != 2 {
			t.Fatalf("found %d %v %v", len(found), found, err)
		}
		entries, err := s.Entries(t.Context(), 0, 10)
		if err != nil || len(entries) != 3 {
			t.Fatalf("%d entries: %v", len(entries), err)
		}
	})
}
