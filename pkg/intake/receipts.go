package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// MaxFollowUp bounds what a witness adds, in bytes, as the app channel does.
const MaxFollowUp = 64 << 10

var (
	// ErrFollowUp: what was to be added is empty, too long or no text.
	ErrFollowUp = fmt.Errorf("write between 1 and %d bytes of text", MaxFollowUp)
	// ErrWithdrawn: the report was withdrawn; send a new one.
	ErrWithdrawn = errors.New("this report was withdrawn; send a new one")
)

// Fate is what became of a report, as its witness may know it.
type Fate struct {
	// Status is one of received, in_review, needs_info, verified, not_confirmed,
	// withdrawn: less than the desk knows, so that nobody can probe it.
	Status string
	// Label is the same in plain English; clients translate by Status.
	Label      string
	ReceivedAt time.Time
	// Entries are what the witness did, oldest first.
	Entries []FateEntry
}

// FateEntry is one thing that the witness did: What is received, added or
// withdrawn, Text the same in plain English.
type FateEntry struct {
	At   time.Time
	What string
	Text string
}

// History is a Store that also gives a record's revisions.
type History interface {
	Store
	Revisions(ctx context.Context, table crisis.Table, id crisis.ID) ([]crisis.Record, error)
}

// Receipts answers witnesses who come back with their code. All methods fail
// with ErrCode for what is no code, and with crisis.ErrNotFound for
// one that finds nothing, which may only mean that the report is a second old.
type Receipts struct {
	store History
	keys  *vault.Keys
	clock func() time.Time
	rand  io.Reader
}

// NewReceipts makes the service.
func NewReceipts(store History, keys *vault.Keys, clock func() time.Time, random io.Reader) *Receipts {
	return &Receipts{store: store, keys: keys, clock: clock, rand: random}
}

// Look tells what became of a report.
func (r *Receipts) Look(ctx context.Context, code string) (Fate, error) {
	report, err := r.find(ctx, code)
	if err != nil {
		return Fate{}, err
	}
	return r.fate(ctx, report)
}

// Add keeps a further message of the witness as a new version of the report.
func (r *Receipts) Add(ctx context.Context, code, text string) (Fate, error) {
	return r.follow(ctx, code, "report.added", text, func(report *crisis.Report) {
		before := report.Text.Reveal()
		if before != "" {
			before += "\n\n"
		}
		report.Text = vault.Secret(before + text)
	})
}

// Correct replaces the text by a new version; the former ones are kept.
func (r *Receipts) Correct(ctx context.Context, code, text string) (Fate, error) {
	return r.follow(ctx, code, "report.corrected", text, func(report *crisis.Report) { report.Text = vault.Secret(text) })
}

// Withdraw takes a report out of everything that is counted and shown, at once.
// Withdrawing again changes nothing.
func (r *Receipts) Withdraw(ctx context.Context, code string) (Fate, error) {
	return r.change(ctx, code, func(report *crisis.Report) (crisis.Change, error) {
		if report.Withdrawn {
			return crisis.Change{}, nil
		}
		next := *report
		next.Meta = report.Next(r.clock(), witness)
		next.Withdrawn = true
		return crisis.Change{Action: "report.withdrawn", Actor: witness, Reason: "receipt", At: r.clock(), Put: []crisis.Record{&next}}, nil
	})
}

// witness is whoever holds the code.
const witness = crisis.Actor("channel:receipt")

// follow writes a new version and the message that brought it, whose key seals
// the version.
func (r *Receipts) follow(ctx context.Context, code, action, text string, edit func(*crisis.Report)) (Fate, error) {
	if strings.TrimSpace(text) == "" || len(text) > MaxFollowUp || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return Fate{}, ErrFollowUp
	}
	return r.change(ctx, code, func(report *crisis.Report) (crisis.Change, error) {
		if report.Withdrawn {
			return crisis.Change{}, ErrWithdrawn
		}
		now := r.clock()
		id, err := crisis.NewID(now, r.rand)
		if err != nil {
			return crisis.Change{}, err
		}
		raw, err := json.Marshal(map[string]string{"action": action, "text": text})
		if err != nil {
			return crisis.Change{}, fmt.Errorf("keep a follow-up: %w", err)
		}
		message := &crisis.Message{Meta: crisis.First(id, now, witness), Channel: report.Channel, Direction: crisis.Inbound, Kind: crisis.KindOther,
			ProviderKey: r.keys.Dedupe(report.Channel.String(), "receipt:"+id.String()),
			Digest:      r.keys.Digest(report.Channel.String(), raw), Raw: raw}
		next := *report
		next.Meta = report.Next(now, witness)
		next.Message = id
		edit(&next)
		link := &crisis.MessageReport{Meta: crisis.First(derived(id, "message_report", 0), now, witness), Message: id, Report: report.ID, Reason: action}
		return crisis.Change{Action: action, Actor: witness, At: now, Put: []crisis.Record{message, &next, link}}, nil
	})
}

// change makes and writes a Change of a report, again where it moved meanwhile.
func (r *Receipts) change(ctx context.Context, code string, draft func(*crisis.Report) (crisis.Change, error)) (Fate, error) {
	const tries = 5
	for try := 1; ; try++ {
		report, err := r.find(ctx, code)
		if err != nil {
			return Fate{}, err
		}
		change, err := draft(report)
		if err != nil {
			return Fate{}, err
		}
		if len(change.Put) == 0 {
			return r.fate(ctx, report)
		}
		if _, err = r.store.Write(ctx, change); err == nil {
			return r.Look(ctx, code)
		}
		if !errors.Is(err, crisis.ErrStale) || try == tries {
			return Fate{}, fmt.Errorf("write a follow-up: %w", err)
		}
	}
}

func (r *Receipts) find(ctx context.Context, code string) (*crisis.Report, error) {
	hash, err := r.keys.ReceiptHash(code)
	if err != nil {
		return nil, err
	}
	return crisis.One[*crisis.Report](ctx, r.store, "receipt_hash", hash)
}

func (r *Receipts) fate(ctx context.Context, report *crisis.Report) (Fate, error) {
	fate := Fate{Status: "received", ReceivedAt: report.ReceivedAt}
	revisions, err := r.store.Revisions(ctx, crisis.TableReport, report.ID)
	if err != nil {
		return Fate{}, fmt.Errorf("read a report's history: %w", err)
	}
	for i, one := range revisions {
		entry := FateEntry{At: one.Head().At, What: "added", Text: "You added to it or corrected it."}
		switch {
		case i == 0:
			entry = FateEntry{At: report.ReceivedAt, What: "received", Text: "Your report arrived."}
		case one.(*crisis.Report).Withdrawn:
			entry.What, entry.Text = "withdrawn", "You withdrew it."
		}
		fate.Entries = append(fate.Entries, entry)
	}
	if report.Withdrawn {
		fate.Status = "withdrawn"
	} else if fate.Status, err = r.status(ctx, report.ID); err != nil {
		return Fate{}, err
	}
	fate.Label = fateLabel(fate.Status)
	return fate, nil
}

func (r *Receipts) status(ctx context.Context, report crisis.ID) (string, error) {
	memberships, err := crisis.Find[*crisis.Membership](ctx, r.store, "report", report)
	if err != nil || len(memberships) == 0 {
		return "received", err
	}
	incident, err := crisis.Get[*crisis.Incident](ctx, r.store, memberships[0].Incident)
	if err != nil {
		return "", fmt.Errorf("read a report's incident: %w", err)
	}
	switch incident.Status {
	case crisis.StatusInReview, crisis.StatusProbable:
		return "in_review", nil
	case crisis.StatusNeedsInfo:
		return "needs_info", nil
	case crisis.StatusVerified:
		return "verified", nil
	case crisis.StatusUnverifiable, crisis.StatusRefuted, crisis.StatusSpam, crisis.StatusHarmful:
		return "not_confirmed", nil
	}
	return "received", nil
}

func fateLabel(status string) string {
	switch status {
	case "in_review":
		return "People are checking your report."
	case "needs_info":
		return "People are checking your report and would like to know more. Add what you know below."
	case "verified":
		return "Your report was confirmed. Thank you."
	case "not_confirmed":
		return "Your report could not be confirmed."
	case "withdrawn":
		return "You withdrew this report. It is no longer shown or counted."
	}
	return "Your report arrived. Nobody has looked at it yet."
}
