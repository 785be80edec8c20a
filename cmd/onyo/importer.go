package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/onyo-project/onyo/geo/gazetteer"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/vault"
)

// importer turns rows into reports: one incident a row, never joined to another.
// Nothing in it is known to be true, whatever the other system said.
type importer struct {
	*world
	db         *store.Store
	keys       *vault.Keys
	prefix     string // of lasting names: "ushahidi:"
	title      string // of the batch
	batch      crisis.ID
	zone       *time.Location
	places     *gazetteer.Gazetteer
	categories map[string]*crisis.Category
	channel    *crisis.Channel
	lease      crisis.Lease
	held       bool

	// seen has the digests under each lasting name; same has the incident that
	// first said something at a point.
	seen map[[32]byte][][32]byte
	same map[[32]byte]crisis.ID

	unit  []crisis.Change
	tally tally
	told  time.Time // when progress was last told
}

// take does one row. A refused row is noted and does not stop the others.
func (im *importer) take(ctx context.Context, r *record) error {
	im.tally.read++
	now := im.clock()
	s, err := statementOf(r, im.zone, now)
	if err != nil {
		im.tally.refuse(r, err)
		return ctx.Err()
	}
	key, digest := im.identity(s)
	before, known := im.seen[key]
	im.seen[key] = append(before, digest)
	switch {
	case slices.Contains(before, digest):
		im.tally.again++
		return ctx.Err()
	case known:
		im.tally.vary(r, s)
	default:
		im.tally.imported++
	}
	change, err := im.change(s, r.raw, now, known)
	if err != nil {
		return err
	}
	im.unit = append(im.unit, change)
	if len(im.unit) >= importUnit {
		return im.flush(ctx)
	}
	return nil
}

// identity is a row's lasting name and content, as messages keep them.
func (im *importer) identity(s *statement) (key, digest [32]byte) {
	channel := im.channel.ID.String()
	return im.keys.Dedupe(channel, im.prefix+s.id), im.keys.Digest(channel, s.content)
}

// recallRow notes what an earlier import said and where. What no longer reads
// suggests nothing.
func (im *importer) recallRow(message *crisis.Message) {
	_ = readTable(bytes.NewReader(message.Raw.Reveal()), func(r *record) error {
		if s, err := statementOf(r, time.UTC, im.clock()); err == nil {
			im.note(s, recordID(message.ID, "incident"))
		}
		return nil
	})
}

// note remembers the first incident that says something at a point, and gives
// the one that said it before; the zero ID for none.
func (im *importer) note(s *statement, incident crisis.ID) crisis.ID {
	fingerprint := s.fingerprint()
	if fingerprint == [32]byte{} {
		return crisis.ID{}
	}
	first, said := im.same[fingerprint]
	if !said {
		im.same[fingerprint] = incident
	}
	return first
}

// recordID names what comes of a message, so that it can be found again from it.
func recordID(message crisis.ID, what string) crisis.ID {
	sum := sha256.Sum256(append(message[:], what...))
	id := message
	copy(id[6:], sum[:])
	return id
}

// change keeps the row and what it says. Of a changed row whose first form was
// imported before only the row is kept, flagged: a person decides.
func (im *importer) change(s *statement, raw []byte, now time.Time, variant bool) (crisis.Change, error) {
	by := crisis.SystemActor("import")
	id, err := crisis.NewID(now, im.random)
	if err != nil {
		return crisis.Change{}, err
	}
	key, digest := im.identity(s)
	// Nothing is left to be read from it, so it is no KindReport, which the
	// intake works on.
	message := &crisis.Message{Meta: crisis.First(id, now, by), Channel: im.channel.ID, Direction: crisis.Inbound, Kind: crisis.KindOther,
		ProviderKey: key, Digest: digest, Raw: raw, Batch: im.batch}
	change := crisis.Change{Action: "report.imported", Actor: by, At: crisis.Moment(now), Put: []crisis.Record{message}, Guard: crisis.Guard{Lease: &im.lease}}
	if variant {
		change.Action = "message.varied"
		return change, nil
	}
	pseudonym, err := vault.Pseudonym(im.random)
	if err != nil {
		return crisis.Change{}, err
	}
	change.Put = append(change.Put, im.records(s, id, pseudonym, now, by)...)
	return change, nil
}

// records are what a row says: a report by a source of its own, its incident,
// and what belongs to them.
func (im *importer) records(s *statement, id crisis.ID, pseudonym string, now time.Time, by crisis.Actor) []crisis.Record {
	head := func(what string) crisis.Meta { return crisis.First(recordID(id, what), now, by) }
	keys, others := categorise(s.labels, im.categories)
	im.tally.leave(others)
	occurred := s.event(im.zone)
	source := &crisis.Source{Meta: head("source"), Channel: im.channel.ID, Kind: crisis.SourceWitness, Pseudonym: pseudonym}
	report := &crisis.Report{Meta: head("report"), Channel: im.channel.ID, Source: source.ID, Message: id, Text: vault.Secret(s.said()),
		ReceivedAt: crisis.Moment(now), Occurred: occurred, Said: append(slices.Clone(keys), others...), Words: vault.Secret(s.words), Batch: im.batch}
	incident := &crisis.Incident{Meta: head("incident"), Version: 1, Status: crisis.StatusTriaged, Phase: crisis.PhaseOver, PhaseReason: "lifetime",
		Severity: severest(keys, im.categories), Categories: keys, Occurred: occurred, FirstReceived: report.ReceivedAt, LastReceived: report.ReceivedAt,
		Reports: 1, Sources: 1, Batch: im.batch}
	records := []crisis.Record{source, report, incident,
		&crisis.MessageReport{Meta: head("message_report"), Message: id, Report: report.ID, Reason: "import"},
		&crisis.Membership{Meta: head("membership"), Report: report.ID, Incident: incident.ID, Reason: "import", Score: 1, Why: "one row of an import is one incident"}}
	if s.located {
		location := im.location(s, head("location"), report, incident)
		incident.Location = location.ID
		records = append(records, location)
	} else {
		im.tally.unlocated++
	}
	if s.verified {
		im.tally.flagged++
		records = append(records, &crisis.Evidence{Meta: head("evidence"), Incident: incident.ID, Kind: crisis.EvidenceNote, Note: "VERIFIED flag in the source system"})
	}
	if first := im.note(s, incident.ID); !first.IsZero() {
		im.tally.alike++
		records = append(records, &crisis.Relation{Meta: head("relation"), Kind: crisis.RelationMaybeSame, From: incident.ID, To: first, Score: 1,
			Why: "the same words at the same point in an import"})
	}
	return records
}

func (im *importer) location(s *statement, head crisis.Meta, report *crisis.Report, incident *crisis.Incident) *crisis.Location {
	area := im.places.Reverse(s.point)
	return &crisis.Location{Meta: head, Report: report.ID, Incident: incident.ID, Message: report.Message, Lon: s.point.Lon, Lat: s.point.Lat,
		UncertaintyM: s.uncertaintyM, Method: "import", Words: vault.Secret(s.words), CountryCode: area.CountryCode, Admin1Code: area.Admin1Code,
		Admin1: area.Admin1Name, Score: 1, Certain: true, Why: "coordinates in the imported row"}
}

// event is when it happened: to the minute, or some time on a day.
func (s *statement) event(zone *time.Location) crisis.EventTime {
	event := crisis.EventTime{From: crisis.Moment(s.occurred), To: crisis.Moment(s.occurred), Precision: crisis.PrecisionMinute, Zone: zone.String()}
	if !s.minute {
		event.To, event.Precision = crisis.Moment(s.occurred.AddDate(0, 0, 1)), crisis.PrecisionDay
	}
	return event
}

// flush writes the unit, and with the first one the batch's title.
func (im *importer) flush(ctx context.Context) error {
	if len(im.unit) == 0 {
		return nil
	}
	// The lease is prolonged with every unit; the guard in each change refuses
	// what comes too late all the same.
	if _, held, err := im.db.Acquire(ctx, importLease, im.batch.String(), importLeaseFor); err != nil || !held {
		return fmt.Errorf("keep the lease on imports: %w", firstOf(err, crisis.ErrFenced))
	}
	unit := im.unit
	if !im.tally.titled && im.tally.imported > 0 {
		unit = append(unit, im.naming())
	}
	if _, err := im.db.Write(ctx, unit...); err != nil {
		return fmt.Errorf("write %d rows: %w", len(im.unit), err)
	}
	im.tally.titled = im.tally.titled || im.tally.imported > 0
	im.unit = im.unit[:0]
	if now := im.clock(); now.Sub(im.told) >= time.Second {
		im.told = now
		fmt.Fprintf(im.errOut, "%d rows read, %d imported\n", im.tally.read, im.tally.imported)
	}
	return nil
}

// naming lets the desk list the batch: the policy "batch:ID" with its title.
func (im *importer) naming() crisis.Change {
	now, by := im.clock(), crisis.SystemActor("import")
	policy := &crisis.Policy{Meta: crisis.First(recordID(im.batch, "policy"), now, by), Key: "batch:" + im.batch.String(), Value: im.title}
	return crisis.Change{Action: "batch.opened", Actor: by, At: crisis.Moment(now), Put: []crisis.Record{policy}, Guard: crisis.Guard{Lease: &im.lease}}
}

func firstOf(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
