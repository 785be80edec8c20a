package crisis

import (
	"errors"
	"time"
)

// Change is the only thing that alters records. Domain functions return
// Changes; store.Write alone turns them into rows and ledger entries, all of a
// Change or nothing of it.
type Change struct {
	// Action says what was done, as "object.verb": "report.opened". It is the
	// ledger's word and never carries personal data.
	Action string
	Actor  Actor
	// Reason is a reason code or a short fixed phrase, never free text.
	Reason string
	At     time.Time
	// Put holds new revisions; the store writes them in the order of Tables.
	Put []Record
	// Forget names owners whose data keys are destroyed.
	Forget []ID
	Guard  Guard
	Then   Effects
}

// Guard holds what must be true when the Change is written; otherwise nothing
// of it is.
type Guard struct {
	// Claim must be live, hold the incident, and belong to the actor.
	Claim *ClaimProof
	// Unclaimed must not be claimed by anyone but Actor's person.
	Unclaimed []ID
	// Version is the content version each incident must have.
	Version map[ID]uint64
	// Lease must still be held with this token.
	Lease *Lease
	// NotAssessed: this person has not yet assessed this version.
	NotAssessed *AssessedOnce
}

// ClaimProof shows that its bearer holds the claim of an incident.
type ClaimProof struct {
	Incident ID
	Token    string
}

// AssessedOnce names one person's one chance to assess one version.
type AssessedOnce struct {
	Incident ID
	Person   ID
	Version  uint64
}

// Lease proves that a single-holder job (a consumer, an engine) is ours.
// Token grows with every new holder: the fencing token.
type Lease struct {
	Name  string
	Token uint64
}

// Effects touch working tables in the same transaction.
type Effects struct {
	// EndClaim ends the claim of this incident.
	EndClaim ID
	// Advance moves a consumer's cursor.
	Advance *Cursor
	// Retry puts messages aside for later, or into quarantine.
	Retry []Retry
	// Settled takes messages out of the retry list.
	Settled []ID
	// Position is how far a channel has fetched.
	Position *Position
	// Deliveries say what became of messages that go out.
	Deliveries []Delivery
}

// Cursor is how far a consumer has read the ledger: the next index it wants.
type Cursor struct {
	Consumer string
	Next     uint64
}

// Retry is a message that could not be worked, with why and when to try again.
type Retry struct {
	Message  ID
	Attempts int
	Due      time.Time
	// Quarantined rows are not tried again until a person says so.
	Quarantined bool
	// Code is a stable reason code; Detail carries no personal data.
	Code   string
	Detail string
}

// Outcome is what became of one Change.
type Outcome struct {
	// Index is the ledger index after the Change's last entry.
	Index uint64
	// Receipt tells for a message whether it was new.
	Receipt Receipt
}

// Receipt says how a message met the ones before it.
type Receipt uint8

const (
	// New: first of its provider id.
	New Receipt = iota
	// Again: same provider id, same digest; nothing was written.
	Again
	// Variant: same provider id, another digest; kept and flagged.
	Variant
)

// What store.Write refuses, and what the desk answers 409 to.
var (
	ErrStale     = errors.New("the record moved on; read it again")
	ErrClaimed   = errors.New("somebody else holds this incident")
	ErrNoClaim   = errors.New("the claim has ended or was never yours")
	ErrFenced    = errors.New("the lease has passed to another holder")
	ErrAssessed  = errors.New("this person has assessed this version already")
	ErrTwo       = errors.New("the database wants two different people, neither of them the submitter")
	ErrNotFound  = errors.New("not found")
	ErrTaken     = errors.New("that name is taken")
	ErrForgotten = errors.New("the key of that record's owner was destroyed; nothing is written about it again")
	ErrLocked    = errors.New("the keys are locked away")
)
