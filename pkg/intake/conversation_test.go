package intake

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
)

const mwanamke = "+254700000002"

// only is the one report there is.
func (h *house) only() *crisis.Report {
	h.t.Helper()
	reports := all[*crisis.Report](h)
	if len(reports) != 1 {
		h.t.Fatalf("%d reports", len(reports))
	}
	return reports[0]
}

func TestWhatContinuesAnEarlierMessageAddsToItsReport(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.say(line{ID: "1", From: mwanamke, Text: "Bridge down"})
		h.work()
		h.say(line{ID: "2", From: mwanamke, Continues: "1", Media: []string{"https://media.example/a"}},
			line{ID: "3", From: mwanamke, Continues: "1", Text: "two trapped", Point: &channels.Point{Lon: 36.8, Lat: -1.3}, Media: []string{"https://media.example/b"}})
		h.work()
		h.restart()
		h.work()
		report := h.only()
		if report.Text != "Bridge down\n\ntwo trapped" || len(report.Media) != 2 || report.Given == "" || report.Rev != 3 {
			t.Errorf("revision %d: %q, %d pictures, at %q", report.Rev, report.Text.Reveal(), len(report.Media), report.Given.Reveal())
		}
	})
}

func TestWhatContinuesAMessageThatHasNotComeWaits(t *testing.T) {
	h := newHouse(t)
	h.say(line{ID: "2", From: mwanamke, Continues: "1", Text: "two trapped"})
	h.work()
	if reports := all[*crisis.Report](h); len(reports) != 0 {
		t.Fatalf("%d reports before the first message", len(reports))
	}
	h.say(line{ID: "1", From: mwanamke, Text: "Bridge down"})
	h.work()
	h.wait(time.Minute)
	h.work()
	if report := h.only(); report.Text != "Bridge down\n\ntwo trapped" {
		t.Errorf("says %q", report.Text.Reveal())
	}
}

// The parts of a long text make one report, in whatever order they come, and
// those that have come count before the others do.
func TestPartsAreOneText(t *testing.T) {
	part := func(n int, text string) line {
		return line{ID: channels.PartID("ref7", n), From: mwanamke, Text: text, Part: &channels.Part{Of: "ref7", Number: n, Total: 3}}
	}
	parts := []line{part(1, "Road blocked between the mar"), part(2, "ket and the church, "), part(3, "3 injured")}
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {2, 0, 1}} {
		for _, together := range []bool{false, true} {
			t.Run(fmt.Sprint(order, together), func(t *testing.T) {
				h := newHouse(t)
				for i, n := range order {
					h.say(parts[n])
					if !together {
						h.work()
						if i == 0 && h.only().Text.Reveal() == "" {
							t.Error("what has come does not count")
						}
					}
				}
				h.work()
				h.restart()
				h.work()
				if report := h.only(); report.Text != "Road blocked between the market and the church, 3 injured" {
					t.Errorf("says %q", report.Text.Reveal())
				}
			})
		}
	}
}

func TestPartsOfAnotherSenderAreAnotherText(t *testing.T) {
	h := newHouse(t)
	h.say(line{ID: channels.PartID("ref7", 1), From: mwanamke, Text: "mine ", Part: &channels.Part{Of: "ref7", Number: 1, Total: 2}})
	h.say(line{ID: channels.PartID("ref7", 2), From: "+254700000009", Text: "theirs", Part: &channels.Part{Of: "ref7", Number: 2, Total: 2}})
	h.work()
	for _, report := range all[*crisis.Report](h) {
		if text := report.Text.Reveal(); text == "mine theirs" {
			t.Errorf("two senders in one text: %q", text)
		}
	}
}

// What came later stays when the first words are put right.
func TestACorrectionKeepsWhatWasAdded(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.say(line{ID: "1", Alias: "a1", From: mwanamke, Text: "flood heer", Media: []string{"https://media.example/a"}})
		h.work()
		h.say(line{ID: "2", Alias: "a2", From: mwanamke, Continues: "a1", Text: "two trapped", Point: &channels.Point{Lon: 36.8, Lat: -1.3}, Media: []string{"https://media.example/b"}})
		h.work()
		h.say(line{ID: "1e", Alias: "a1", From: mwanamke, Supersedes: "a1", Text: "flood here", Media: []string{"https://media.example/c"}})
		h.work()
		report := h.only()
		if report.Text != "flood here\n\ntwo trapped" || report.Given == "" || len(report.Media) != 2 {
			t.Errorf("says %q at %q with %d pictures", report.Text.Reveal(), report.Given.Reveal(), len(report.Media))
		}
		h.say(line{ID: "1f", Alias: "a1", From: mwanamke, Supersedes: "a1", Text: "flood there"}, line{ID: "2e", Alias: "a2", From: mwanamke, Supersedes: "a2", Text: "three trapped"})
		h.work()
		h.wait(time.Minute)
		h.work()
		if report := h.only(); report.Text != "flood there\n\ntwo trapped\n\nthree trapped" {
			t.Errorf("says %q", report.Text.Reveal())
		}
	})
}

func TestALatePartKeepsWhatWasAdded(t *testing.T) {
	h := newHouse(t)
	part := func(n int, text string) line {
		return line{ID: channels.PartID("ref7", n), From: mwanamke, Text: text, Part: &channels.Part{Of: "ref7", Number: n, Total: 2}}
	}
	h.say(part(1, "Road blocked between the mar"))
	h.work()
	h.say(line{ID: "card", From: mwanamke, Continues: channels.PartID("ref7", 1), Text: "send boats", Point: &channels.Point{Lon: 36.8, Lat: -1.3}})
	h.work()
	h.say(part(2, "ket and the church"))
	h.work()
	if report := h.only(); report.Text != "Road blocked between the market and the church\n\nsend boats" || report.Given == "" {
		t.Errorf("says %q at %q", report.Text.Reveal(), report.Given.Reveal())
	}
}

// Whoever takes one message back takes back what it said, and no more.
func TestADeletedAdditionIsTakenOut(t *testing.T) {
	for _, mirror := range []bool{false, true} {
		t.Run(fmt.Sprint("mirror ", mirror), func(t *testing.T) {
			h := newHouse(t)
			h.lines.mirror = mirror
			h.host = NewHost(HostOptions{Store: h.store, Keys: h.keys, Kinds: []channels.Kind{h.lines.kind()}, Client: h.host.Client, Clock: h.clock, Rand: rand.Reader, Log: h.host.Log})
			h.worker.Host = h.host
			h.reload()
			// The notice comes before what it is about.
			h.say(line{ID: "d", Nature: channels.Other, Deletes: "a2"})
			h.work()
			h.say(line{ID: "1", Alias: "a1", From: mwanamke, Text: "Bridge down"}, line{ID: "2", Alias: "a2", From: mwanamke, Continues: "a1", Text: "I am Amina"},
				line{ID: "3", Alias: "a3", From: mwanamke, Continues: "a1", Text: "two trapped"})
			h.work()
			for range 3 {
				h.wait(time.Minute)
				h.work()
			}
			report := h.only()
			if report.Withdrawn || report.Text != "Bridge down\n\ntwo trapped" || len(h.inbox()) != 0 {
				t.Errorf("says %q, withdrawn %t, %d set aside", report.Text.Reveal(), report.Withdrawn, len(h.inbox()))
			}
			gone := 0
			for _, message := range all[*crisis.Message](h) {
				if len(message.Raw) == 0 {
					gone++
				}
			}
			if (gone == 1) != mirror {
				t.Errorf("%d messages cannot be read any more", gone)
			}
		})
	}
}

// sent is a message of ours about a report, as the outbox leaves it behind.
func (h *house) sent(report *crisis.Report, providerID string) crisis.ID {
	h.t.Helper()
	id, err := crisis.NewID(h.clock(), rand.Reader)
	if err != nil {
		h.t.Fatal(err)
	}
	message := &crisis.Message{Meta: crisis.First(id, h.clock(), "system:test"), Channel: report.Channel, Direction: crisis.Outbound, Kind: crisis.KindReply,
		Raw: []byte(`{"text":"Where?","kind":"reply"}`), Source: report.Source, Report: report.ID}
	change := crisis.Change{Action: "test.sent", Actor: "system:test", At: h.clock(), Put: []crisis.Record{message}, Then: crisis.Effects{Deliveries: []crisis.Delivery{{
		Message: id, Channel: report.Channel, State: crisis.DeliverySent, ProviderKey: h.keys.Dedupe(report.Channel.String(), providerID), Since: h.clock(), At: h.clock()}}}}
	if _, err := h.store.Write(h.t.Context(), change); err != nil {
		h.t.Fatal(err)
	}
	return id
}

func TestAnAnswerFindsItsReport(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.say(line{ID: "1", From: mwanamke, Text: "Bridge down"})
		h.work()
		report := h.only()
		h.sent(report, "out-1")
		h.say(line{ID: "2", From: mwanamke, ReplyTo: "out-1", Text: "Kibera", Quoted: "Where?"})
		h.work()
		report = h.only()
		if report.Text != "Bridge down\n\nKibera" {
			t.Errorf("says %q", report.Text.Reveal())
		}
		h.say(line{ID: "3", From: mwanamke, ReplyTo: "2", Text: "near the church"})
		h.work()
		if text := h.only().Text.Reveal(); text != "Bridge down\n\nKibera\n\nnear the church" {
			t.Errorf("says %q", text)
		}
		h.say(line{ID: "3b", From: mwanamke, Supersedes: "3", Text: "near the mosque"})
		h.work()
		if text := h.only().Text.Reveal(); text != "Bridge down\n\nKibera\n\nnear the church\n\nnear the mosque" {
			t.Errorf("a corrected answer makes it %q", text)
		}
		// Somebody else who answers says something of their own.
		h.say(line{ID: "4", From: "+254700000009", ReplyTo: "1", Text: "here too"})
		h.work()
		if reports := all[*crisis.Report](h); len(reports) != 2 {
			t.Errorf("%d reports", len(reports))
		}
	})
}

// A text message cannot say what it answers: the first words after our question
// are taken for the answer, and nothing after them.
func TestATextAfterOurQuestionIsTheAnswer(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		lines, err := crisis.One[*crisis.Channel](t.Context(), h.store, "name", "lines")
		if err != nil {
			t.Fatal(err)
		}
		open := *lines
		open.Meta, open.Settings = lines.Next(h.clock(), "system:test"), map[string]string{"replies": "on"}
		h.write(&open)
		h.reload()
		h.say(line{ID: "1", From: mwanamke, Text: "Bridge down"})
		h.work()
		h.say(line{ID: "2", From: mwanamke, Text: "and the road"})
		h.work()
		reports := all[*crisis.Report](h)
		if len(reports) != 2 {
			t.Fatalf("without a question there are %d reports", len(reports))
		}
		first := reports[slices.IndexFunc(reports, func(r *crisis.Report) bool { return r.Text == "Bridge down" })]
		h.sent(first, "out-1")
		h.wait(time.Minute)
		h.say(line{ID: "3", From: mwanamke, Text: "Kibera"}, line{ID: "4", From: "+254700000009", Text: "fire"})
		h.work()
		h.restart()
		h.work()
		answered, err := crisis.Get[*crisis.Report](t.Context(), h.store, first.ID)
		if err != nil || answered.Text != "Bridge down\n\nKibera" {
			t.Errorf("says %q: %v", answered.Text.Reveal(), err)
		}
		if n := len(all[*crisis.Report](h)); n != 3 {
			t.Errorf("%d reports, somebody else's among them", n)
		}
		h.wait(time.Minute)
		h.say(line{ID: "5", From: mwanamke, Text: "FIRE at the school"})
		h.work()
		if n := len(all[*crisis.Report](h)); n != 4 {
			t.Errorf("what comes after the answer is no answer: %d reports", n)
		}
	})
}

func TestReceiptsMoveADeliveryOn(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.say(line{ID: "1", From: mwanamke, Text: "Bridge down"})
		h.work()
		id := h.sent(h.only(), "out-1")
		told := func(n string, state channels.DeliveryState, code string) line {
			return line{ID: n, Nature: channels.Delivery, Status: &channels.Status{Of: "out-1", State: state, Code: code}}
		}
		h.say(told("s1", channels.Queued, ""), told("s2", channels.Read, ""), told("s3", channels.Delivered, ""), told("s4", channels.Undelivered, "30003"))
		h.say(line{ID: "s5", Nature: channels.Delivery, Status: &channels.Status{Of: "not ours", State: channels.Delivered}})
		for range 4 {
			h.work()
			h.wait(time.Hour)
		}
		found, err := h.store.Deliveries(t.Context(), id)
		if err != nil || len(found) != 1 || found[0].State != crisis.DeliveryRead {
			t.Errorf("%+v: %v", found, err)
		}
		if waiting := h.inbox(); len(waiting) != 0 {
			t.Errorf("%d receipts are set aside for ever", len(waiting))
		}
	})
}

// A deletion takes the report off every map; where the provider's terms say so
// nothing of what was said can be read any more.
func TestADeletionAtTheProvider(t *testing.T) {
	for _, mirror := range []bool{false, true} {
		t.Run(fmt.Sprint("mirror ", mirror), func(t *testing.T) {
			h := newHouse(t)
			h.lines.mirror = mirror
			h.host = NewHost(HostOptions{Store: h.store, Keys: h.keys, Kinds: []channels.Kind{h.lines.kind()}, Client: h.host.Client, Clock: h.clock, Rand: rand.Reader, Log: h.host.Log})
			h.worker.Host = h.host
			h.reload()
			h.say(line{ID: "1", From: mwanamke, Text: "Bridge down"}, line{ID: "1b", From: mwanamke, Supersedes: "1", Text: "Bridge is down"})
			h.work()
			first := h.only().Message
			h.say(line{ID: "d", Nature: channels.Other, Deletes: "1"})
			h.work()
			report := h.only()
			if !report.Withdrawn {
				t.Error("the report still counts")
			}
			if gone := report.Text == ""; gone != mirror {
				t.Errorf("the report says %q", report.Text.Reveal())
			}
			message, err := crisis.Get[*crisis.Message](t.Context(), h.store, first)
			if err != nil && !errors.Is(err, crisis.ErrNotFound) {
				t.Fatal(err)
			}
			if readable := err == nil && len(message.Raw) > 0; readable == mirror {
				t.Errorf("the message can be read: %t", readable)
			}
		})
	}
}

func TestOneSenderCannotBuryTheOthers(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		for i := range crisis.DefaultSenderRate + 20 {
			h.say(line{ID: fmt.Sprint("f", i), From: mwanamke, Text: fmt.Sprint("flood ", i)})
		}
		h.say(line{ID: "other", From: "+254700000009", Text: "fire"})
		h.work()
		if reports := all[*crisis.Report](h); len(reports) != crisis.DefaultSenderRate+1 {
			t.Errorf("%d reports were read at once", len(reports))
		}
		waiting := h.inbox()
		if len(waiting) != 20 || waiting[0].Code != codeSenderLimit || waiting[0].Quarantined {
			t.Errorf("%d wait: %+v", len(waiting), waiting)
		}
		for range 20 { // a token every half minute
			h.wait(time.Minute)
			h.work()
		}
		if reports := all[*crisis.Report](h); len(reports) != crisis.DefaultSenderRate+21 || len(h.inbox()) != 0 {
			t.Errorf("%d reports, %d still wait", len(reports), len(h.inbox()))
		}
	})
}

// A proof that does not cover the content counts for the content that came with it
// first, however often that comes again.
func TestAProofCountsOnce(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		first := line{ID: "1", From: mwanamke, Text: "Bridge down", Once: "token-1"}
		h.say(first)
		h.say(first)
		forged, err := json.Marshal([]line{{ID: "2", From: mwanamke, Text: "All is well", Once: "token-1"}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.host.Receive(t.Context(), "lines", channels.Exchange{Method: http.MethodPost, Header: http.Header{"Content-Type": {"application/json"}}, Body: forged})
		if !errors.Is(err, channels.ErrUnauthentic) {
			t.Errorf("another content with the same proof: %v", err)
		}
		h.work()
		if report := h.only(); report.Text != "Bridge down" || len(h.inbox()) != 0 {
			t.Errorf("says %q, %d set aside", report.Text.Reveal(), len(h.inbox()))
		}
	})
}

func TestAliasesAreOneName(t *testing.T) {
	h := newHouse(t)
	receipts := h.say(line{ID: "u1", Alias: "chat/1", From: mwanamke, Text: "Bridge down"})
	h.work()
	h.say(line{ID: "u2", Alias: "chat/1", From: mwanamke, Supersedes: "chat/1", Text: "Bridge is down"}, line{ID: "u3", Alias: "chat/2", From: mwanamke, ReplyTo: "chat/1", Text: "all of it"})
	h.work()
	report := h.only()
	if report.Text != "Bridge is down\n\nall of it" {
		t.Errorf("says %q", report.Text.Reveal())
	}
	if fate, err := NewReceipts(h.store, h.keys, h.clock, rand.Reader).Look(t.Context(), receipts[0].Code.Reveal()); err != nil || len(fate.Entries) != 3 {
		t.Errorf("the first receipt finds %+v: %v", fate, err)
	}
}

// A runner's messages and its cursor are kept together; what was found afterwards
// and had come in time is left out.
func TestARunnersMessages(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		h.say(line{ID: "1", From: mwanamke, Text: "Bridge down"})
		seen := make(chan string, 10)
		h.lines.run = func(ctx context.Context, inlet channels.Inlet) error {
			cursor, err := inlet.Cursor(ctx)
			if err != nil {
				return err
			}
			seen <- string(cursor)
			if string(cursor) == "2" {
				<-ctx.Done()
				return nil
			}
			splits := h.splits(line{ID: "1", From: mwanamke, Text: "Bridge down, says the list", Hindsight: true}, line{ID: "2", From: mwanamke, Text: "and the road"})
			if err := inlet.Accept(ctx, splits, []byte("2")); err != nil {
				return err
			}
			return errors.New("planted: the connection broke")
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- h.host.Run(ctx) }()
		for _, want := range []string{"", "2"} {
			if got := <-seen; got != want {
				t.Errorf("begins at %q, want %q", got, want)
			}
		}
		health, err := h.host.Health(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range health {
			if one.Name == "lines" && (!one.Runs || one.RunningSince.IsZero() || one.Problem != "planted: the connection broke" || one.Received != 2) {
				t.Errorf("health %+v", one)
			}
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		h.work()
		if reports := all[*crisis.Report](h); len(reports) != 2 || len(h.inbox()) != 0 {
			t.Errorf("%d reports, %d set aside", len(reports), len(h.inbox()))
		}
	})
}

// splits are lines as a Receive would split them.
func (h *house) splits(said ...line) []channels.Split {
	h.t.Helper()
	var all []channels.Split
	for _, one := range said {
		raw := one.raw()
		message := one.message()
		all = append(all, channels.Split{ProviderID: one.ID, Digest: message.Digest(), Raw: raw, Nature: message.Nature, Hindsight: one.Hindsight})
	}
	return all
}
