package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
)

// damaged is a store in which one record cannot be opened, alone or among others.
type damaged struct {
	*store.Store
	id     crisis.ID
	down   bool // answers nothing at all
	wrote  []int
	listed map[crisis.Table]int
}

var errPlanted = errors.New("planted")

// damage puts a damaged store under the worker.
func (h *house) damage(id crisis.ID) *damaged {
	d := &damaged{Store: h.store, id: id, listed: map[crisis.Table]int{}}
	h.worker.Store = d
	return d
}

func (d *damaged) Current(ctx context.Context, table crisis.Table, id crisis.ID) (crisis.Record, error) {
	if d.down || id == d.id {
		return nil, errPlanted
	}
	return d.Store.Current(ctx, table, id)
}

func (d *damaged) List(ctx context.Context, query crisis.Query) ([]crisis.Record, error) {
	found, err := d.Store.List(ctx, query)
	d.listed[query.Table]++
	for _, record := range found {
		if d.down || record.Head().ID == d.id {
			return nil, errPlanted
		}
	}
	return found, err
}

func (d *damaged) Cursor(ctx context.Context, consumer string) (uint64, error) {
	if d.down {
		return 0, errPlanted
	}
	return d.Store.Cursor(ctx, consumer)
}

func (d *damaged) Write(ctx context.Context, changes ...crisis.Change) ([]crisis.Outcome, error) {
	d.wrote = append(d.wrote, len(changes))
	return d.Store.Write(ctx, changes...)
}

// texts are those of all reports, in the order of the alphabet.
func texts(h *house) string {
	var said []string
	for _, report := range all[*crisis.Report](h) {
		said = append(said, report.Text.Reveal())
	}
	slices.Sort(said)
	return strings.Join(said, " ")
}

// second is the message that says so.
func second(h *house) crisis.ID {
	h.t.Helper()
	for _, message := range all[*crisis.Message](h) {
		if bytes.Contains(message.Raw.Reveal(), []byte("second")) {
			return message.ID
		}
	}
	h.t.Fatal("there is no second message")
	return crisis.ID{}
}

func TestOneUnreadableRecordStopsNobodyElse(t *testing.T) {
	for what, test := range map[string]struct {
		id   func(h *house) crisis.ID
		code string
	}{
		"message": {second, codeUnreadable},
		// Both are there already, from earlier messages.
		"report": {func(h *house) crisis.ID { return derived(second(h), "report", 0) }, codeFailed},
		"source": {func(h *house) crisis.ID { return all[*crisis.Source](h)[0].ID }, codeFailed},
	} {
		t.Run(what, func(t *testing.T) {
			both(t, func(t *testing.T, h *house) {
				if what == "source" {
					h.say(line{ID: "0", From: "+2", Text: "earlier"})
					h.work()
				}
				h.say(line{ID: "1", From: "+1", Text: "first"}, line{ID: "2", From: "+2", Text: "second"}, line{ID: "3", From: "+3", Text: "third"})
				if what == "report" {
					h.work()
					h.restart()
				}
				id := test.id(h)
				h.damage(id)
				h.work()
				waiting := h.inbox()
				if len(waiting) != 1 || waiting[0].Message != second(h) || waiting[0].Code != test.code || waiting[0].Quarantined || waiting[0].Label == "" {
					t.Fatalf("inbox %+v", waiting)
				}
				h.say(line{ID: "4", From: "+4", Text: "fourth"})
				for range MaxTries {
					h.wait(2 * time.Hour)
					h.work()
				}
				if waiting := h.inbox(); len(waiting) != 1 || !waiting[0].Quarantined {
					t.Errorf("after all tries: %+v", waiting)
				}
				if got := texts(h); !strings.Contains(got, "first fourth") || !strings.Contains(got, "third") {
					t.Errorf("the others became %q", got)
				}
				h.worker.Store = h.store // mended
				if _, err := NewInbox(h.store).Retry(t.Context()); err != nil {
					t.Fatal(err)
				}
				h.work()
				if got := texts(h); len(h.inbox()) != 0 || !strings.Contains(got, "second") {
					t.Errorf("mended and retried: %q, inbox %+v", got, h.inbox())
				}
				if log := h.log.String(); strings.Contains(log, "second") || !strings.Contains(log, waiting[0].Message.String()) {
					t.Errorf("the log: %s", log)
				}
			})
		})
	}
}

func TestTheInboxListsWhatCannotBeOpened(t *testing.T) {
	h := newHouse(t)
	h.lines.breaks("poison", "error")
	h.say(line{ID: "1", Text: "poison"})
	h.work()
	waiting, err := NewInbox(h.damage(all[*crisis.Message](h)[0].ID)).List(t.Context())
	if err != nil || len(waiting) != 1 || waiting[0].Code != "parse_failed" {
		t.Errorf("%+v, %v", waiting, err)
	}
}

// A store that is away is nobody's fault: nothing is set aside for it.
func TestAStoreThatIsAwaySetsNothingAside(t *testing.T) {
	h := newHouse(t)
	h.say(line{ID: "1", Text: "first"})
	d := h.damage(crisis.ID{})
	h.worker.lease, d.down = crisis.Lease{}, false
	if _, err := h.worker.hold(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.down = true
	if _, err := h.worker.Step(t.Context()); !errors.Is(err, errPlanted) {
		t.Errorf("got %v", err)
	}
	d.down = false
	h.work()
	if got := texts(h); got != "first" || len(h.inbox()) != 0 {
		t.Errorf("%q, inbox %+v", got, h.inbox())
	}
}

func TestATriageFailureIsLeftToTriage(t *testing.T) {
	h := newHouse(t)
	h.say(line{ID: "1", Text: "first"})
	h.work()
	retry := crisis.Retry{Message: all[*crisis.Message](h)[0].ID, Code: codeTriage, Due: h.clock()}
	change := crisis.Change{Action: "test.aside", Actor: crisis.SystemActor("test"), At: h.clock(), Then: crisis.Effects{Retry: []crisis.Retry{retry}}}
	if _, err := h.store.Write(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	h.wait(time.Minute)
	h.work()
	if waiting := h.inbox(); len(waiting) != 1 || waiting[0].Code != codeTriage {
		t.Errorf("inbox %+v", waiting)
	}
}

// What a message was about to write before it was set aside must not be taken for
// written by the ones after it.
func TestWhatWasSetAsideLeaksIntoNothing(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.say(line{ID: "1", From: "+1", Text: "first", And: []line{{ID: "1b", From: "+1", Text: "correction", Supersedes: "unknown"}}},
			line{ID: "2", From: "+1", Text: "second"}, line{ID: "3", Deletes: "1", Nature: "other"})
		h.work()
		reports := all[*crisis.Report](h)
		if len(reports) != 1 || reports[0].Text != "second" {
			t.Fatalf("%d reports", len(reports))
		}
		if _, err := crisis.Get[*crisis.Source](t.Context(), h.store, reports[0].Source); err != nil {
			t.Errorf("its source: %v", err)
		}
		// The deletion waits for what it deletes.
		if waiting := h.inbox(); len(waiting) != 2 || waiting[0].Code != "awaits_earlier" || waiting[1].Code != "awaits_earlier" {
			t.Errorf("inbox %+v", waiting)
		}
	})
}

// Messages are read one at a time, and a batch ends when they were batchBytes.
func TestABatchIsBoundedByBytes(t *testing.T) {
	h := newHouse(t)
	const each = 900 << 10
	n := batchBytes/each + 10
	large := strings.Repeat("x", each)
	for i := range n {
		h.say(line{ID: fmt.Sprint(i), From: "+1", Text: large})
	}
	d := h.damage(crisis.ID{})
	h.work()
	if count := len(all[*crisis.Report](h)); count != n {
		t.Errorf("%d reports of %d messages", count, n)
	}
	if len(d.wrote) != 2 || d.wrote[0] != batchBytes/each+1 {
		t.Errorf("written in batches of %v", d.wrote)
	}
	if d.listed[crisis.TableMessage] != 0 {
		t.Error("messages were read together")
	}
}
