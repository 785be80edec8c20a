package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/vault"
)

// report adds a new report to a Change, or a new revision of the one that the
// message supersedes, goes on with or answers.
func (r *reading) report(ctx context.Context, change *crisis.Change, message *crisis.Message, number int, one channels.Message, tries int) (code string, err error) {
	_, hash, err := receiptOf(r.worker.Keys, message.Channel, one.ProviderID)
	if err != nil {
		return "", err
	}
	if joins(one) {
		if done, err := r.linked(ctx, message, number); err != nil || done {
			return "", err
		}
	}
	source, known, err := r.source(ctx, message, one, number)
	if err != nil {
		return "", err
	}
	if r.pause = r.turn(message, source); r.pause > 0 {
		return codeSenderLimit, nil
	}
	own := one.Text // of a part; before makes it the whole
	before, how, err := r.before(ctx, message, number, &one, source, hash)
	if err != nil {
		return "", err
	}
	if before == nil && (one.Supersedes != "" || one.Continues != "") && tries+1 < MaxTries {
		return codeAwaits, nil // what it belongs to may still be on its way
	}
	if before != nil && how == revised && before.Message == message.ID {
		return "", nil // done before
	}
	if before != nil && how == added {
		if done, err := r.linked(ctx, message, number); err != nil || done {
			return "", err
		}
	}
	if !known {
		r.mine.sources[source.Index] = source
		change.Put = append(change.Put, source)
	}
	report := r.written(message, one, source.ID)
	said := *report
	switch {
	case before == nil:
		how = opened
		report.Meta = crisis.First(derived(message.ID, "report", number), r.worker.Clock(), actor)
		report.ReceivedAt, report.ReceiptHash = message.At, hash
		report.Submitter, report.Batch = message.Submitter, message.Batch
	case how == added:
		report = follow(before, report)
	default:
		if report, err = r.revise(ctx, before, report, one.Part != nil, strings.Replace(one.Text, own, "[…]", 1)); err != nil {
			return "", err
		}
	}
	if before != nil {
		report.Meta = before.Next(r.worker.Clock(), actor)
		report.ReceivedAt, report.ReceiptHash = before.ReceivedAt, before.ReceiptHash
		report.Submitter, report.Batch, report.Source = before.Submitter, before.Batch, before.Source
		report.Withdrawn = before.Withdrawn
	}
	if how != added {
		r.mine.bases[report.ID] = &said
	}
	return "", r.put(ctx, change, message, number, one, report, how)
}

// How a message came to its report.
const (
	opened  = "opened"
	revised = "revised"
	added   = "added"
)

// put adds a report, the link from its message, and its media to a Change.
func (r *reading) put(ctx context.Context, change *crisis.Change, message *crisis.Message, number int, one channels.Message, report *crisis.Report, how string) error {
	change.Action = "report." + how
	blobs, err := r.media(ctx, message, number, one.Media, report.ID)
	if err != nil {
		return err
	}
	for _, blob := range blobs {
		report.Media = append(report.Media, blob.RecordID())
	}
	name := r.worker.Host.providerKey(message.Channel, nameOf(one.ProviderID, one.Alias))
	r.mine.reports[report.ReceiptHash], r.mine.names[name] = report, report
	r.mine.additions[name] = how == added
	change.Put = append(change.Put, report, &crisis.MessageReport{
		Meta:    crisis.First(derived(message.ID, "message_report", number), r.worker.Clock(), actor),
		Message: message.ID, Report: report.ID, Reason: how, Name: name})
	change.Put = append(change.Put, blobs...)
	return nil
}

// earlier is the report that a message revises or has already given; nil where
// it gives a new one.
func (r *reading) earlier(ctx context.Context, message *crisis.Message, number int, one channels.Message, hash [32]byte) (*crisis.Report, error) {
	switch {
	case one.Supersedes != "":
		// An edit done twice finds its own revision by the earlier's name.
		return r.called(ctx, message.Channel, one.Supersedes)
	case message.Variant:
		// A person took it out of quarantine: it revises the first of its id.
		return r.byReceipt(ctx, hash)
	}
	id := derived(message.ID, "report", number)
	report := r.done[id]
	if report == nil && r.done != nil && number == 0 {
		return nil, nil
	}
	if report == nil {
		var err error
		if report, err = crisis.Get[*crisis.Report](ctx, r.worker.Store, id); errors.Is(err, crisis.ErrNotFound) {
			return nil, nil
		} else if err != nil {
			return nil, fmt.Errorf("read a report: %w", err)
		}
	}
	// Later revisions came from other messages; this one was done long ago.
	done := *report
	done.Message = message.ID
	return &done, nil
}

// written is what a message says, as a report without its head.
func (r *reading) written(message *crisis.Message, one channels.Message, source crisis.ID) *crisis.Report {
	report := &crisis.Report{
		Channel: message.Channel, Source: source, Message: message.ID,
		Text: vault.Secret(channels.Clean(one.Text)), Language: one.Language, Occurred: occurred(message, one),
		Said: one.Categories, Contact: vault.Secret(channels.Clean(one.Contact)),
		Answers: vault.Secret(one.Answers), Form: one.Form, Subject: vault.Secret(channels.Clean(one.Subject)), Quoted: vault.Secret(channels.Clean(one.Quoted)), Checks: maps.Clone(one.Checks),
	}
	if one.Location != nil {
		report.Words = vault.Secret(channels.Clean(one.Location.Words))
		report.Given = vault.Secret(given(one.Location))
	}
	return report
}

// occurred is when it happened. Unsaid, it is when the provider had it, or else
// when we did, and no precision is claimed.
func occurred(message *crisis.Message, one channels.Message) crisis.EventTime {
	at, precision, zone := one.OccurredAt, crisis.PrecisionMinute, ""
	switch {
	case !at.IsZero():
		zone = zoneOf(at)
	case !one.At.IsZero() && one.At.Before(message.At):
		at, precision = one.At, crisis.PrecisionUnknown
	default:
		at, precision = message.At, crisis.PrecisionUnknown
	}
	at = crisis.Moment(at)
	return crisis.EventTime{From: at, To: at, Precision: precision, Zone: zone}
}

func zoneOf(at time.Time) string {
	if _, offset := at.Zone(); offset != 0 {
		return at.Format("-07:00")
	}
	return "UTC"
}

// givenPlace is crisis.Report.Given: a point with its accuracy in metres, or a
// box (west, south, east, north) in which it lies somewhere.
type givenPlace struct {
	Lon       *float64    `json:"lon,omitempty"`
	Lat       *float64    `json:"lat,omitempty"`
	AccuracyM float64     `json:"accuracy_m,omitempty"`
	Box       *[4]float64 `json:"box,omitempty"`
}

func given(location *channels.Location) string {
	if location.Point == nil && location.Box == nil {
		return ""
	}
	place := givenPlace{Box: location.Box}
	if point := location.Point; point != nil {
		place.Lon, place.Lat, place.AccuracyM = &point.Lon, &point.Lat, point.AccuracyM
	}
	written, err := json.Marshal(place)
	if err != nil {
		return "" // NaN or infinite: said nothing
	}
	return string(written)
}

// media makes the blobs of a message. Bytes that came along are kept now; what
// lies at the provider is fetched later.
func (r *reading) media(ctx context.Context, message *crisis.Message, number int, all []channels.Media, report crisis.ID) ([]crisis.Record, error) {
	const most = 50 // of one message
	blobs := make([]crisis.Record, 0, len(all))
	for i, one := range all[:min(len(all), most)] {
		blob := &crisis.Blob{
			Meta:    crisis.First(derived(message.ID, "blob", number*most+i), r.worker.Clock(), actor),
			Message: message.ID, Report: report, State: crisis.BlobPending, ContentType: channels.Clean(one.ContentType),
			Name: vault.Secret(channels.Clean(one.Name)), URL: vault.Secret(channels.Clean(one.URL)),
		}
		if one.URL == "" {
			if err := r.worker.Keeper.Keep(ctx, blob, one.Bytes); err != nil {
				return nil, fmt.Errorf("keep media: %w", err)
			}
			all[i].Bytes = nil // the next file needs the room
		}
		blobs = append(blobs, blob)
	}
	return blobs, nil
}

// source finds who is behind a message, or makes a new source. Somebody who left
// no address is a source of their own each time.
func (r *reading) source(ctx context.Context, message *crisis.Message, one channels.Message, number int) (source *crisis.Source, known bool, err error) {
	address := sourceAddress(one, !message.Submitter.IsZero())
	id := derived(message.ID, "source", number)
	if address.Value == "" {
		address = channels.Address{Scheme: "anonymous", Value: id.String()}
	}
	index := r.worker.Keys.BlindIndex(address.Scheme, address.Value)
	for _, those := range []pending{r.mine, r.ahead} {
		if source, ok := those.sources[index]; ok {
			return source, true, nil
		}
	}
	source, err = crisis.One[*crisis.Source](ctx, r.worker.Store, "index", index)
	if err == nil {
		return source, true, nil
	}
	if !errors.Is(err, crisis.ErrNotFound) {
		return nil, false, fmt.Errorf("look for a source: %w", err)
	}
	pseudonym, err := vault.Pseudonym(r.worker.Rand)
	if err != nil {
		return nil, false, err
	}
	source = &crisis.Source{Meta: crisis.First(id, r.worker.Clock(), actor), Channel: message.Channel, Kind: crisis.SourceWitness,
		Index: index, Pseudonym: pseudonym, Reliability: "F", Language: one.Language}
	if address.Scheme != "anonymous" {
		source.Address = vault.Secret(address.Scheme + ":" + channels.Clean(address.Value))
	}
	return source, false, nil
}
