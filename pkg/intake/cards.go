package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// ErrCardSpent: the card was used, has run out, or never was one.
var ErrCardSpent = errors.New("this link was used already or has run out; write to us again instead")

// Answer is what somebody fills into a report card.
type Answer struct {
	// Lon and Lat are degrees, AccuracyM metres (0: unknown); nil where they gave
	// no point.
	Lon, Lat  *float64
	AccuracyM float64
	// Words say where it is, Text what else.
	Words, Text string
}

// Cards takes in report cards: short forms behind a link that was sent to the
// sender of a report, and that opens once. All methods fail with ErrCode for what
// is no code and with ErrCardSpent.
type Cards struct {
	store Store
	keys  *vault.Keys
	clock func() time.Time
	rand  io.Reader
}

// NewCards makes the service.
func NewCards(store Store, keys *vault.Keys, clock func() time.Time, random io.Reader) *Cards {
	return &Cards{store: store, keys: keys, clock: clock, rand: random}
}

// Look says whether a card can be filled in. It tells nothing of the report: the
// telephone may be in other hands.
func (c *Cards) Look(ctx context.Context, code string) error {
	_, _, err := c.find(ctx, code)
	return err
}

// Fill adds an answer to the card's report as a new version, and ends the card.
func (c *Cards) Fill(ctx context.Context, code string, answer Answer) error {
	if err := answer.check(); err != nil {
		return err
	}
	const tries = 5
	for try := 1; ; try++ {
		card, report, err := c.find(ctx, code)
		if err != nil {
			return err
		}
		change, err := c.change(card, report, answer)
		if err != nil {
			return err
		}
		_, err = c.store.Write(ctx, change)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, crisis.ErrStale) || try == tries:
			return fmt.Errorf("write a report card: %w", err)
		}
	}
}

func (a Answer) check() error {
	switch {
	case (a.Lon == nil) != (a.Lat == nil), a.Lon != nil && !(*a.Lon >= -180 && *a.Lon <= 180 && *a.Lat >= -90 && *a.Lat <= 90), !(a.AccuracyM >= 0):
		return channels.Malformed("bad_value", "location", "Give lon from -180 to 180 and lat from -90 to 90, and accuracy_m of at least 0.")
	case len(a.Words) > 2000 || len(a.Text) > MaxFollowUp || channels.Clean(a.Words) != a.Words || channels.Clean(a.Text) != a.Text:
		return channels.Malformed("bad_value", "text", "Write at most %d bytes of text.", MaxFollowUp)
	case a.Lon == nil && strings.TrimSpace(a.Words+a.Text) == "":
		return channels.Malformed("empty_report", "location", "Show the place or say where it is.")
	}
	return nil
}

func (c *Cards) find(ctx context.Context, code string) (*crisis.Credential, *crisis.Report, error) {
	hash, err := c.keys.ReceiptHash(code)
	if err != nil {
		return nil, nil, err
	}
	card, err := crisis.One[*crisis.Credential](ctx, c.store, "hash", hash)
	switch {
	case errors.Is(err, crisis.ErrNotFound):
		return nil, nil, ErrCardSpent
	case err != nil:
		return nil, nil, fmt.Errorf("look for a report card: %w", err)
	case card.Kind != crisis.CredentialCard || card.Ended || !card.Expires.After(c.clock()):
		return nil, nil, ErrCardSpent
	}
	report, err := crisis.Get[*crisis.Report](ctx, c.store, card.Report)
	if errors.Is(err, crisis.ErrNotFound) || err == nil && report.Withdrawn {
		return nil, nil, ErrCardSpent
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read a card's report: %w", err)
	}
	return card, report, nil
}

// change ends the card and adds to the report, both or neither.
func (c *Cards) change(card *crisis.Credential, report *crisis.Report, answer Answer) (crisis.Change, error) {
	now := c.clock()
	id, err := crisis.NewID(now, c.rand)
	if err != nil {
		return crisis.Change{}, err
	}
	raw, err := json.Marshal(answer)
	if err != nil {
		return crisis.Change{}, fmt.Errorf("keep a report card: %w", err)
	}
	const key = "card"
	message := &crisis.Message{Meta: crisis.First(id, now, witness), Channel: report.Channel, Direction: crisis.Inbound, Kind: crisis.KindOther, Why: key,
		ProviderKey: c.keys.Dedupe(report.Channel.String(), "card:"+card.ID.String()), Digest: c.keys.Digest(report.Channel.String(), raw), Raw: raw}
	place := &channels.Location{Words: answer.Words}
	if answer.Lon != nil {
		place.Point = &channels.Point{Lon: *answer.Lon, Lat: *answer.Lat, AccuracyM: answer.AccuracyM}
	}
	next := follow(report, &crisis.Report{Message: id, Text: vault.Secret(answer.Text), Words: vault.Secret(answer.Words), Given: vault.Secret(given(place)),
		Occurred: report.Occurred})
	next.Meta = report.Next(now, witness)
	spent := *card
	spent.Meta, spent.Ended = card.Next(now, witness), true
	link := &crisis.MessageReport{Meta: crisis.First(derived(id, "message_report", 0), now, witness), Message: id, Report: report.ID, Reason: key}
	return crisis.Change{Action: "report.card", Actor: witness, At: now, Put: []crisis.Record{message, next, link, &spent}}, nil
}
