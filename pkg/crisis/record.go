package crisis

import "time"

// Table names a record table. One row of it is one revision of one record.
type Table string

// The record tables: each row of each has one entry in the ledger.
const (
	TablePolicy        Table = "policy"
	TableCategory      Table = "category"
	TableChannel       Table = "channel"
	TablePerson        Table = "person"
	TableRole          Table = "role"
	TableGrant         Table = "access_grant"
	TableCredential    Table = "credential"
	TableMessage       Table = "message"
	TableSource        Table = "source"
	TableReport        Table = "report"
	TableMessageReport Table = "message_report"
	TableLocation      Table = "location"
	TableIncident      Table = "incident"
	TableSummary       Table = "summary"
	TableMembership    Table = "membership"
	TableRelation      Table = "relation"
	TableAssessment    Table = "assessment"
	TableEvidence      Table = "evidence"
	TableBlob          Table = "blob"
	TableHotspot       Table = "hotspot"
)

// TableDataKey is no record table: an entry of it says that the data key of the
// owner it names was destroyed.
const TableDataKey Table = "data_keys"

// Tables lists the record tables in the order in which rows may refer to each
// other.
func Tables() []Table {
	return []Table{
		TablePolicy, TableCategory, TableChannel, TablePerson, TableRole, TableGrant, TableCredential,
		TableMessage, TableSource, TableReport, TableMessageReport, TableLocation, TableAssessment, TableIncident,
		TableSummary, TableMembership, TableRelation, TableEvidence, TableBlob, TableHotspot,
	}
}

// Meta heads every record: which record, which revision of it, since when that
// revision is what we hold, and who made it so. ValidTo and Entry are the
// store's: it fills them when it reads.
type Meta struct {
	ID  ID
	Rev uint64 // 1 for the first revision, then one more each time
	At  time.Time
	By  Actor
	// ValidTo is when a later revision took over; zero on the current one.
	ValidTo time.Time `canon:"-"`
	// Entry is the ledger index of this revision.
	Entry uint64 `canon:"-"`
}

// RecordID is the record's ID.
func (m Meta) RecordID() ID { return m.ID }

// Revision counts the record's revisions from 1.
func (m Meta) Revision() uint64 { return m.Rev }

// Head gives the store access to the embedded Meta of any record.
func (m *Meta) Head() *Meta { return m }

// Next is the head of the following revision.
func (m Meta) Next(at time.Time, by Actor) Meta {
	return Meta{ID: m.ID, Rev: m.Rev + 1, At: Moment(at), By: by}
}

// First is the head of a new record.
func First(id ID, at time.Time, by Actor) Meta {
	return Meta{ID: id, Rev: 1, At: Moment(at), By: by}
}

// Moment is how Onyo keeps time: UTC, truncated to a microsecond, which both
// databases keep exactly.
func Moment(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// Record is one revision of one record. Records are handed around by pointer.
type Record interface {
	Table() Table
	RecordID() ID
	Revision() uint64
	Head() *Meta
	// Owner names the data key that seals this record's secrets and salts its
	// commitment: destroying that key forgets them. The zero ID is the
	// deployment's own key.
	Owner() ID
}

// Actor is who changed something: "person:ID", "channel:NAME" or
// "system:STAGE". It is a pseudonymous name, fit for the ledger.
type Actor string

// PersonActor is a person acting by hand.
func PersonActor(id ID) Actor { return Actor("person:" + id.String()) }

// SystemActor is one of Onyo's own stages or commands.
func SystemActor(stage string) Actor { return Actor("system:" + stage) }

// ChannelActor is a channel taking something in.
func ChannelActor(name string) Actor { return Actor("channel:" + name) }

// Person is the acting person's ID; false for everyone else.
func (a Actor) Person() (ID, bool) {
	const prefix = "person:"
	if len(a) <= len(prefix) || string(a[:len(prefix)]) != prefix {
		return ID{}, false
	}
	id, err := ParseID(string(a[len(prefix):]))
	return id, err == nil && !id.IsZero()
}
