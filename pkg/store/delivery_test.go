package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
)

// effects writes effects alone.
func effects(t *testing.T, s *store.Store, then crisis.Effects) {
	t.Helper()
	write(t, s, crisis.Change{Action: "test.effects", Actor: crisis.SystemActor("test"), At: time.Now(), Then: then})
}

func TestPositions(t *testing.T) {
	eachClock(t, func(t *testing.T, s, other *store.Store, _ *clock) {
		channel := newID(t)
		if cursor, err := s.Position(t.Context(), channel); err != nil || cursor != nil {
			t.Fatalf("a channel that never fetched is at %q: %v", cursor, err)
		}
		for _, want := range []string{"7:4711", "", "8:1"} {
			effects(t, s, crisis.Effects{Position: &crisis.Position{Channel: channel, Cursor: []byte(want)}})
			if cursor, err := other.Position(t.Context(), channel); err != nil || string(cursor) != want {
				t.Errorf("at %q, want %q: %v", cursor, want, err)
			}
		}
	})
}

func TestDeliveries(t *testing.T) {
	eachClock(t, func(t *testing.T, s, other *store.Store, c *clock) {
		ctx, channel, elsewhere := t.Context(), newID(t), newID(t)
		at := c.now()
		first := crisis.Delivery{Message: newID(t), Channel: channel, State: crisis.DeliveryQueued, Due: at, Since: at, At: at}
		later := crisis.Delivery{Message: newID(t), Channel: channel, State: crisis.DeliveryQueued, Due: at.Add(time.Hour), Since: at, At: at}
		theirs := crisis.Delivery{Message: newID(t), Channel: elsewhere, State: crisis.DeliveryQueued, Due: at.Add(time.Second), Since: at, At: at}
		effects(t, s, crisis.Effects{Deliveries: []crisis.Delivery{first, later, theirs}})
		waiting := func(of crisis.ID, due time.Time) []crisis.Delivery {
			t.Helper()
			found, err := other.Waiting(ctx, of, due, 10)
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		if diff := cmp.Diff([]crisis.Delivery{first}, waiting(channel, at)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]crisis.Delivery{first, later}, waiting(channel, at.Add(time.Hour))); diff != "" {
			t.Error(diff)
		}
		if found, err := s.WaitingChannels(ctx, at); err != nil || !slices.Equal(found, []crisis.ID{channel}) {
			t.Errorf("something waits on %v: %v", found, err)
		}
		if found, err := s.WaitingChannels(ctx, at.Add(time.Hour)); err != nil || len(found) != 2 {
			t.Errorf("something waits on %v: %v", found, err)
		}
		sent := first
		sent.State, sent.Attempts, sent.ProviderKey, sent.At = crisis.DeliverySent, 1, [32]byte{1}, at.Add(time.Minute)
		effects(t, s, crisis.Effects{Deliveries: []crisis.Delivery{sent}})
		if found, err := other.DeliveryOf(ctx, channel, [32]byte{1}); err != nil || cmp.Diff(sent, found) != "" {
			t.Errorf("by the provider's id: %v %v", cmp.Diff(sent, found), err)
		}
		if _, err := s.DeliveryOf(ctx, elsewhere, [32]byte{1}); !errors.Is(err, crisis.ErrNotFound) {
			t.Errorf("another channel's id is taken for this one's: %v", err)
		}
		if len(waiting(channel, at)) != 0 {
			t.Error("what was sent still waits")
		}
		counts, err := s.DeliveryCounts(ctx, at)
		want := map[crisis.ID]map[crisis.DeliveryState]int{
			channel:   {crisis.DeliverySent: 1, crisis.DeliveryQueued: 1},
			elsewhere: {crisis.DeliveryQueued: 1},
		}
		if diff := cmp.Diff(want, counts); err != nil || diff != "" {
			t.Error(diff, err)
		}
	})
}

// Receipts come late and in any order; what arrived has arrived.
func TestDeliveriesOnlyGetFurther(t *testing.T) {
	states := []crisis.DeliveryState{crisis.DeliveryQueued, crisis.DeliveryHanded, crisis.DeliverySent, crisis.DeliveryFailed, crisis.DeliveryDelivered, crisis.DeliveryRead}
	eachClock(t, func(t *testing.T, s, _ *store.Store, c *clock) {
		for i, before := range states {
			for j, next := range states {
				want := states[max(i, j)]
				if before.Waits() && next.Waits() {
					want = next
				}
				d := crisis.Delivery{Message: newID(t), Channel: newID(t), State: before, Due: c.now(), Since: c.now(), At: c.now()}
				effects(t, s, crisis.Effects{Deliveries: []crisis.Delivery{d}})
				d.State = next
				effects(t, s, crisis.Effects{Deliveries: []crisis.Delivery{d}})
				found, err := s.Deliveries(t.Context(), d.Message)
				if err != nil || len(found) != 1 || found[0].State != want {
					t.Errorf("%s, then told %s, is %v, want %s (%v)", before, next, found, want, err)
				}
			}
		}
	})
}

func TestTraffic(t *testing.T) {
	eachClock(t, func(t *testing.T, s, other *store.Store, c *clock) {
		ctx, at := t.Context(), c.now()
		var lines []crisis.Traffic
		for i := range 150 {
			lines = append(lines, crisis.Traffic{Channel: "twilio-main", At: at.Add(time.Duration(i) * time.Second), Direction: crisis.Inbound,
				Method: "POST", Status: 200, Bytes: int64(i), Took: 3 * time.Millisecond, Messages: 1, Exchanges: 1, Shape: "Body=34 From=13"})
		}
		lines[149].Status, lines[149].Code, lines[149].Messages = 403, "not_authentic", 0
		out := crisis.Traffic{Channel: "mail", At: at, Direction: crisis.Outbound, Method: "POST", Host: "api.example.org", Exchanges: 1, Code: "network"}
		if err := s.LogTraffic(ctx, append(slices.Clone(lines), out)...); err != nil {
			t.Fatal(err)
		}
		found, err := other.Traffic(ctx, "twilio-main", at.Add(149*time.Second), 2)
		if diff := cmp.Diff([]crisis.Traffic{lines[148], lines[147]}, found); err != nil || diff != "" {
			t.Error(diff, err)
		}
		counts, err := other.TrafficCounts(ctx, at.Add(100*time.Second))
		want := []crisis.TrafficCount{
			{Channel: "twilio-main", Direction: crisis.Inbound, Count: 49, Last: lines[148].At},
			{Channel: "twilio-main", Direction: crisis.Inbound, Code: "not_authentic", Count: 1, Last: lines[149].At},
		}
		if diff := cmp.Diff(want, counts); err != nil || diff != "" {
			t.Error(diff, err)
		}
		if err := s.ForgetTraffic(ctx, at.Add(149*time.Second)); err != nil {
			t.Fatal(err)
		}
		if found, err := other.Traffic(ctx, "twilio-main", at.Add(time.Hour), 10); err != nil || len(found) != 1 {
			t.Errorf("%d lines are left: %v", len(found), err)
		}
	})
}

func TestKnown(t *testing.T) {
	eachClock(t, func(t *testing.T, s, other *store.Store, c *clock) {
		channel := newID(t)
		var keys [][32]byte
		want := map[[32]byte]crisis.ID{}
		for i := range 300 {
			key := [32]byte{byte(i), byte(i >> 8), 1}
			keys = append(keys, key)
			if i%3 == 0 {
				message := &crisis.Message{Meta: first(t), Channel: channel, Direction: crisis.Inbound, Kind: crisis.KindReport,
					ProviderKey: key, Digest: key, Raw: []byte("x")}
				write(t, s, put(message))
				want[key] = message.ID
			}
		}
		known, err := other.Known(t.Context(), channel, keys...)
		if diff := cmp.Diff(want, known); err != nil || diff != "" {
			t.Error(diff, err)
		}
		if known, err := other.Known(t.Context(), newID(t), keys...); err != nil || len(known) != 0 {
			t.Errorf("another channel's ids count: %d %v", len(known), err)
		}
	})
}
