package intake

import (
	"bytes"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/channels/sms"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// text sends a signed SMS through the Twilio webhook.
func (h *house) text(sid, from, body string) (Accepted, error) {
	h.t.Helper()
	form := url.Values{"MessageSid": {sid}, "AccountSid": {"AC00000000000000000000000000000000"}, "From": {from}, "To": {"+15005550006"}, "Body": {body}, "NumMedia": {"0"}}
	signature := sms.Sign(twilioToken, "https://onyo.example/hooks/twilio-main", form)
	return h.host.Receive(h.t.Context(), "twilio-main", channels.Exchange{Method: http.MethodPost, Body: []byte(form.Encode()),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "X-Twilio-Signature": {signature}}})
}

func (h *house) submit(body string, keys ...string) (Receipt, error) {
	return h.door.Submit(h.t.Context(), Submission{ContentType: "application/json", Body: []byte(body), IdempotencyKeys: keys})
}

func TestTextsAndAppReportsBecomeReports(t *testing.T) {
	both(t, func(t *testing.T, h *house) {
		accepted, err := h.text("SM00000000000000000000000000000001", "+254700000101", "Water in the houses at Mathare 4A")
		if err != nil || accepted.Answer.Status != http.StatusOK || len(accepted.Receipts) != 1 {
			t.Fatalf("%+v, %v", accepted, err)
		}
		receipt, err := h.submit(`{"text":"River burst","location":{"lon":36.8586,"lat":-1.2621,"accuracy_m":25,"words":"4A"},
			"categories":["flood"],"language":"en","contact":"+254 700-000 101","occurred_at":"2026-03-01T05:00:00+03:00","answers":{"deep":"knee"}}`)
		if err != nil || receipt.Status != crisis.New || receipt.Code == "" {
			t.Fatalf("%+v, %v", receipt, err)
		}
		h.work()
		reports := all[*crisis.Report](h)
		if len(reports) != 2 {
			t.Fatalf("%d reports", len(reports))
		}
		// Ids of one millisecond have no order.
		slices.SortFunc(reports, func(a, b *crisis.Report) int { return a.ReceivedAt.Compare(b.ReceivedAt) })
		byText, byApp := reports[0], reports[1]
		if byText.Text.Reveal() != "Water in the houses at Mathare 4A" || byText.Occurred.Precision != crisis.PrecisionUnknown {
			t.Errorf("the text became %+v", byText)
		}
		if byApp.Given.Reveal() != `{"lon":36.8586,"lat":-1.2621,"accuracy_m":25}` || byApp.Words != "4A" || byApp.Said[0] != "flood" ||
			byApp.Occurred.Precision != crisis.PrecisionMinute || byApp.Occurred.Zone != "+03:00" || byApp.Answers.Reveal() != `{"deep":"knee"}` {
			t.Errorf("the app's report became %+v", byApp)
		}
		// One person by two ways: the number is the same.
		if sources := all[*crisis.Source](h); len(sources) != 1 || byText.Source != byApp.Source || sources[0].Pseudonym == "" {
			t.Errorf("%d sources", len(sources))
		}
		if links := all[*crisis.MessageReport](h); len(links) != 2 || links[0].Reason != "opened" {
			t.Errorf("%d links", len(links))
		}
		if strings.Contains(h.log.String(), "2547") || strings.Contains(h.log.String(), "Mathare") {
			t.Errorf("the log tells: %s", h.log)
		}
	})
}

func TestAReplayIsTheSameMessage(t *testing.T) { both(t, replay) }

func replay(t *testing.T, h *house) {
	const replays = 50
	codes := make([]vault.Secret, replays)
	fresh := make([]bool, replays)
	var group sync.WaitGroup
	for i := range replays {
		group.Go(func() {
			accepted, err := h.text("SM00000000000000000000000000000001", "+254700000101", "Water")
			if err != nil {
				t.Error(err)
				return
			}
			codes[i], fresh[i] = accepted.Receipts[0].Code, accepted.Receipts[0].Status == crisis.New
		})
	}
	group.Wait()
	h.work()
	news := 0
	for i := range replays {
		if codes[i] == "" || codes[i] != codes[0] {
			t.Fatal("a replay got another receipt")
		}
		if fresh[i] {
			news++
		}
	}
	if news != 1 || len(all[*crisis.Report](h)) != 1 || len(all[*crisis.Message](h)) != 1 {
		t.Errorf("%d new, %d messages, %d reports", news, len(all[*crisis.Message](h)), len(all[*crisis.Report](h)))
	}
}

func TestAVariantWaitsForAPerson(t *testing.T) {
	h := newHouse(t)
	first, err := h.submit(`{"text":"one"}`, "same-key")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := h.submit(`{ "text" : "one" }`, "same-key"); err != nil || again.Status != crisis.Again || again.Code != first.Code {
		t.Errorf("said again: %+v, %v", again, err)
	}
	other, err := h.submit(`{"text":"two"}`, "same-key")
	if err != nil || other.Status != crisis.Variant || other.Code != "" {
		t.Errorf("said otherwise: %+v, %v", other, err)
	}
	h.work()
	waiting := h.inbox()
	if len(waiting) != 1 || waiting[0].Code != "variant" || !waiting[0].Quarantined || waiting[0].Channel != "app" {
		t.Fatalf("inbox %+v", waiting)
	}
	if n, err := NewInbox(h.store).Retry(t.Context(), waiting[0].Message); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	h.work()
	reports := all[*crisis.Report](h)
	if len(reports) != 1 || reports[0].Rev != 2 || reports[0].Text != "two" || len(h.inbox()) != 0 {
		t.Errorf("after a person accepted it: %d reports, inbox %+v", len(reports), h.inbox())
	}
}

func TestStopIsNoReportAndErasesNothing(t *testing.T) {
	h := newHouse(t)
	for i, body := range []string{"The bridge is gone", "STOP", " stop. ", "stop the water at the bridge"} {
		if _, err := h.text("SM0000000000000000000000000000000"+string(rune('1'+i)), "+254700000101", body); err != nil {
			t.Fatal(err)
		}
	}
	h.work()
	sources := all[*crisis.Source](h)
	if len(sources) != 1 || !sources[0].OptedOut || sources[0].Rev != 2 {
		t.Fatalf("sources %+v", sources)
	}
	if reports := all[*crisis.Report](h); len(reports) != 2 || reports[0].Withdrawn {
		t.Errorf("%d reports", len(reports))
	}
	if _, err := h.text("SM00000000000000000000000000000009", "+254700000101", "START"); err != nil {
		t.Fatal(err)
	}
	h.work()
	if sources := all[*crisis.Source](h); sources[0].OptedOut {
		t.Error("START must undo STOP")
	}
}

func TestPoisonIsSetAsideAndHoldsUpNobody(t *testing.T) {
	for _, how := range []string{"error", "panic"} {
		t.Run(how, func(t *testing.T) {
			h := newHouse(t)
			h.lines.breaks("poison", how)
			h.say(line{ID: "1", Text: "first"}, line{ID: "2", Text: "poison"}, line{ID: "3", Text: "third"})
			h.work()
			if reports := all[*crisis.Report](h); len(reports) != 2 {
				t.Fatalf("%d reports", len(reports))
			}
			tries := 1
			for ; !h.inbox()[0].Quarantined && tries < 20; tries++ {
				h.wait(2 * time.Hour)
				h.work()
			}
			if waiting := h.inbox(); tries != MaxTries || waiting[0].Code != "parse_"+map[string]string{"error": "failed", "panic": "panic"}[how] {
				t.Fatalf("after %d tries: %+v", tries, waiting)
			}
			h.lines.breaks("poison", "")
			if _, err := NewInbox(h.store).Retry(t.Context()); err != nil {
				t.Fatal(err)
			}
			h.work()
			if len(h.inbox()) != 0 || len(all[*crisis.Report](h)) != 3 {
				t.Errorf("mended and retried: inbox %+v", h.inbox())
			}
		})
	}
}

func TestWhatCannotBeSplitIsKept(t *testing.T) {
	h := newHouse(t)
	exchange := channels.Exchange{Method: http.MethodPost, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte("no json")}
	for range 3 {
		if _, err := h.host.Receive(t.Context(), "lines", exchange); err != nil {
			t.Fatal(err)
		}
	}
	h.work()
	if waiting := h.inbox(); len(waiting) != 1 || waiting[0].Code != "no_json" || !waiting[0].Quarantined {
		t.Errorf("inbox %+v", waiting)
	}
	if messages := all[*crisis.Message](h); len(messages) != 1 || string(messages[0].Raw.Reveal()) != "no json" {
		t.Errorf("%d messages", len(messages))
	}
}

func TestEditsAndDeletions(t *testing.T) {
	h := newHouse(t)
	// The correction arrives before what it corrects.
	h.say(line{ID: "2", Text: "corrected", Supersedes: "1", From: "+1"})
	h.work()
	if waiting := h.inbox(); len(waiting) != 1 || waiting[0].Code != "awaits_earlier" || waiting[0].Quarantined {
		t.Fatalf("inbox %+v", waiting)
	}
	h.say(line{ID: "1", Text: "first", From: "+1"})
	h.work()
	h.wait(time.Minute)
	h.work()
	reports := all[*crisis.Report](h)
	if len(reports) != 1 || reports[0].Text != "corrected" || reports[0].Rev != 2 {
		t.Fatalf("%d reports, %+v", len(reports), reports)
	}
	// In one batch too, with the deletion.
	h.say(line{ID: "3", Text: "a"}, line{ID: "4", Text: "b", Supersedes: "3"}, line{ID: "5", Deletes: "3", Nature: channels.Other})
	h.work()
	reports = all[*crisis.Report](h)
	if len(reports) != 2 || reports[1].Text != "b" || reports[1].Rev < 2 {
		t.Errorf("%d reports, %+v", len(reports), reports)
	}
	if len(h.inbox()) != 0 {
		t.Errorf("inbox %+v", h.inbox())
	}
}

func TestNothingIsStoredOfARefusal(t *testing.T) {
	h := newHouse(t)
	var refusal *channels.Refusal
	if _, err := h.submit(`{"text":"x","colour":"red"}`); !errors.As(err, &refusal) || refusal.Status != http.StatusBadRequest || refusal.Field != "colour" {
		t.Errorf("an unknown field: %v", err)
	}
	_, err := h.host.Receive(t.Context(), "twilio-main", channels.Exchange{Method: http.MethodPost, Body: []byte("Body=x&MessageSid=SM1"),
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "X-Twilio-Signature": {"forged"}}})
	if !errors.As(err, &refusal) || refusal.Status != http.StatusForbidden {
		t.Errorf("a forged text: %v", err)
	}
	if _, err := h.host.Receive(t.Context(), "nobody", channels.Exchange{}); !errors.Is(err, ErrNoChannel) {
		t.Errorf("no channel: %v", err)
	}
	panics := channels.Exchange{Method: http.MethodPost, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`"panic on receive"`)}
	if _, err := h.host.Receive(t.Context(), "lines", panics); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a panicking adapter: %v", err)
	}
	if n := len(all[*crisis.Message](h)); n != 0 {
		t.Errorf("%d messages were stored", n)
	}
}

func TestChannelsChangeWithoutARestart(t *testing.T) {
	h := newHouse(t)
	if h.host.Fault("lines") != nil {
		t.Fatal(h.host.Fault("lines"))
	}
	channel, err := crisis.One[*crisis.Channel](t.Context(), h.store, "name", "lines")
	if err != nil {
		t.Fatal(err)
	}
	off := *channel
	off.Meta = channel.Next(h.clock(), crisis.SystemActor("test"))
	off.Enabled = false
	h.write(&off)
	h.channel(&crisis.Channel{Name: "strange", Kind: "carrier.pigeon", Enabled: true})
	h.reload()
	if _, err := h.host.Receive(t.Context(), "lines", channels.Exchange{}); !errors.Is(err, ErrNoChannel) {
		t.Errorf("switched off: %v", err)
	}
	if h.host.Fault("strange") == nil {
		t.Error("a kind that there is not must be told")
	}
}

func TestDoingItAgainWritesNothingNew(t *testing.T) {
	h := newHouse(t)
	h.say(line{ID: "1", Text: "a", From: "+1"}, line{ID: "2", Text: "b", Supersedes: "1"}, line{ID: "3", From: "+1", Nature: channels.Stop},
		line{ID: "4", Text: "c", Media: []string{"https://media.example/1"}})
	h.work()
	size, err := h.store.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.restart()
	h.work()
	if after, _ := h.store.Size(t.Context()); after != size {
		t.Errorf("the ledger grew from %d to %d", size, after)
	}
}

func TestMediaAreKeptOrAwaited(t *testing.T) {
	h := newHouse(t)
	contentType, body, err := Draft{Text: "look", Media: []DraftMedia{{Name: "a.jpg", ContentType: "image/jpeg", Bytes: []byte("\xff\xd8\xff\xe0 picture")}}}.Compose()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.door.Submit(t.Context(), Submission{ContentType: contentType, Body: body}); err != nil {
		t.Fatal(err)
	}
	h.say(line{ID: "1", Text: "there", Media: []string{"https://media.example/1", "https://evil.example/1"}})
	h.work()
	blobs := all[*crisis.Blob](h)
	if len(blobs) != 3 {
		t.Fatalf("%d blobs", len(blobs))
	}
	slices.SortStableFunc(blobs, func(a, b *crisis.Blob) int { return strings.Compare(string(b.State), string(a.State)) })
	if kept := blobs[0]; kept.State != crisis.BlobStored || kept.ContentType != "image/jpeg" || kept.Digest == "" {
		t.Errorf("inline: %+v", kept)
	}
	plain, _, err := h.worker.Keeper.Original(t.Context(), blobs[0].ID)
	if err != nil || !bytes.Equal(plain, []byte("\xff\xd8\xff\xe0 picture")) {
		t.Errorf("original %q, %v", plain, err)
	}
	allowed := 0
	for _, blob := range blobs[1:] {
		if blob.State != crisis.BlobPending {
			t.Errorf("by URL: %s", blob.State)
		}
		if _, _, err := h.host.MediaRequest(t.Context(), blob); err == nil {
			allowed++
		}
	}
	if allowed != 1 {
		t.Errorf("%d of the URLs may be fetched", allowed)
	}
}

func TestManyAtOnce(t *testing.T) {
	h := newHouse(t)
	batch, _ := crisis.NewID(h.clock(), rand.Reader)
	all3 := []Submission{{Body: []byte(`{"text":"a"}`), Batch: batch}, {Body: []byte(`{"nonsense":1}`)}, {Body: []byte(`{"text":"c"}`), Batch: batch}}
	for i := range all3 {
		all3[i].ContentType = "application/json"
	}
	receipts, refused, err := h.door.SubmitAll(t.Context(), all3)
	if err != nil || refused[0] != nil || refused[1] == nil || refused[2] != nil || receipts[0].Code == "" || receipts[2].Code == receipts[0].Code {
		t.Fatalf("%+v, %v, %v", receipts, refused, err)
	}
	h.work()
	if found, err := crisis.Find[*crisis.Report](t.Context(), h.store, "batch", batch); err != nil || len(found) != 2 {
		t.Errorf("%d reports of the batch, %v", len(found), err)
	}
}

func TestWhoTypedItInIsNotWhoSaidIt(t *testing.T) {
	h := newHouse(t)
	person, _ := crisis.NewID(h.clock(), rand.Reader)
	for _, body := range []string{`{"text":"caller one"}`, `{"text":"caller two"}`, `{"text":"three","contact":"+254700000303"}`} {
		if _, err := h.door.Submit(t.Context(), Submission{ContentType: "application/json", Body: []byte(body), Scope: person.String(), Submitter: person}); err != nil {
			t.Fatal(err)
		}
	}
	h.work()
	sources := map[crisis.ID]bool{}
	for _, report := range all[*crisis.Report](h) {
		if report.Submitter != person {
			t.Error("the submitter is lost")
		}
		sources[report.Source] = true
	}
	if len(sources) != 3 {
		t.Errorf("%d sources behind three callers", len(sources))
	}
}

func TestReceipts(t *testing.T) {
	h := newHouse(t)
	receipts := NewReceipts(h.store, h.keys, h.clock, rand.Reader)
	receipt, err := h.submit(`{"text":"water rising"}`)
	if err != nil {
		t.Fatal(err)
	}
	code := receipt.Code.Reveal()
	if _, err := receipts.Look(t.Context(), code); !errors.Is(err, crisis.ErrNotFound) {
		t.Errorf("before anybody read it: %v", err)
	}
	h.work()
	typed := strings.ToLower(strings.ReplaceAll(code, "-", " "))
	if fate, err := receipts.Look(t.Context(), typed); err != nil || fate.Status != "received" || len(fate.Entries) != 1 {
		t.Errorf("%+v, %v", fate, err)
	}
	if _, err := receipts.Add(t.Context(), code, "to the knee"); err != nil {
		t.Fatal(err)
	}
	if got := all[*crisis.Report](h)[0].Text; got != "water rising\n\nto the knee" {
		t.Errorf("added: %q", got.Reveal())
	}
	if _, err := receipts.Correct(t.Context(), code, "water falling"); err != nil {
		t.Fatal(err)
	}
	h.work() // what was added is no report of its own
	reports := all[*crisis.Report](h)
	if len(reports) != 1 || reports[0].Text != "water falling" || reports[0].Rev != 3 {
		t.Errorf("corrected: %d reports, %+v", len(reports), reports[0])
	}
	for range 2 {
		fate, err := receipts.Withdraw(t.Context(), code)
		if err != nil || fate.Status != "withdrawn" || len(fate.Entries) != 4 || fate.Entries[3].What != "withdrawn" {
			t.Errorf("withdrawn: %+v, %v", fate, err)
		}
	}
	for _, bad := range []string{"", "  ", "\xff", strings.Repeat("x", MaxFollowUp+1)} {
		if _, err := receipts.Add(t.Context(), code, bad); !errors.Is(err, ErrFollowUp) {
			t.Errorf("adding %d bytes: %v", len(bad), err)
		}
	}
	if _, err := receipts.Add(t.Context(), code, "more"); !errors.Is(err, ErrWithdrawn) {
		t.Errorf("adding to what was withdrawn: %v", err)
	}
	if _, err := receipts.Look(t.Context(), "nonsense"); !errors.Is(err, ErrCode) {
		t.Errorf("no code: %v", err)
	}
	if _, err := receipts.Look(t.Context(), "0000-0000-0000-0000"); !errors.Is(err, crisis.ErrNotFound) {
		t.Errorf("nobody's code: %v", err)
	}
}

func TestContactsAreComparedInOneForm(t *testing.T) {
	for written, want := range map[string]channels.Address{
		"":                        {},
		"+254 700-000 101":        {Scheme: "tel", Value: "+254700000101"},
		"00254700000101":          {Scheme: "tel", Value: "+254700000101"},
		"0700 000 101":            {Scheme: "tel", Value: "0700000101"},
		" Amina@Example.ORG ":     {Scheme: "mailto", Value: "amina@example.org"},
		"signal  Amina":           {Scheme: "contact", Value: "signal amina"},
		"12":                      {Scheme: "contact", Value: "12"},
		"call me at +254 or come": {Scheme: "contact", Value: "call me at +254 or come"},
	} {
		if got := contactAddress(written); got.Scheme != want.Scheme || got.Value != want.Value {
			t.Errorf("%q is %s:%s", written, got.Scheme, got.Value)
		}
	}
}
