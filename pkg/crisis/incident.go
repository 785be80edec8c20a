package crisis

import (
	"time"

	"github.com/onyo-project/onyo/pkg/vault"
)

// Incident is what happened in the world.
type Incident struct {
	Meta
	// Version moves with summary, location, categories, merge and split, not
	// when a report joins (CONTRACT, Desk).
	Version       uint64
	Status        Status
	Phase         Phase
	PhaseReason   string // "person", "lifetime" or ""
	Severity      Severity
	Categories    []string
	Location      ID // current Location record; zero for none
	Occurred      EventTime
	FirstReceived time.Time
	LastReceived  time.Time
	// Reports and Sources count what joined; Sources counts independent ones.
	Reports uint32
	Sources uint32
	Shown   Shown
	// EditedBy says whose changes the shown content still waits to take in.
	EditedBy Editors
	// First and Second are the approving assessments behind probable and
	// verified; the database checks them.
	First  Approval
	Second Approval
	// MergedInto is set on StatusDuplicate.
	MergedInto ID
	Batch      ID
}

// Shown is the content that the public copy is made from, as people approved it
// (see Incident.Show). Nothing that is edited, merged or joins moves it.
type Shown struct {
	Reports    uint32
	Sources    uint32
	Occurred   EventTime // From is when we first heard, where nobody said when
	Location   ID        // of a Location record; zero for none
	Categories []string
	Severity   Severity // empty while nothing is shown
	// Bound are categories that somebody took away and nobody else has let go:
	// their profiles still bind the incident.
	Bound []string
}

// Editors are the people who changed a part of an incident and whose change no
// other person has approved.
type Editors struct {
	Location   []ID
	Categories []ID // and the severity
	Reports    []ID // by merge or split; and so the counts and the time
}

// Approval points at one approving assessment.
type Approval struct {
	Assessment ID
	Person     ID
	AsVerifier bool
}

// Summary is the text written apart from the raw reports, in one language. Only
// an approved one is ever published.
type Summary struct {
	Meta
	Incident ID
	Language string
	Text     vault.Secret
	Approved bool
}

// Membership says that a report is of an incident. A report has at most one
// that is not ended.
type Membership struct {
	Meta
	Report   ID
	Incident ID
	Reason   string // "opened", "joined", "person", "split", "merge", "import"
	Score    float64
	Why      string
	Ended    bool
}

// RelationKind is how two incidents belong together.
type RelationKind string

const (
	// RelationMaybeSame is a suggestion that two incidents are one.
	RelationMaybeSame RelationKind = "maybe_same"
	// RelationMerged remembers a merge so that it can be undone.
	RelationMerged RelationKind = "merged"
)

// Relation joins two incidents.
type Relation struct {
	Meta
	Kind  RelationKind
	From  ID
	To    ID
	Score float64
	Why   string
	Ended bool
}

// Assessment is one person's judgement of one version of an incident.
type Assessment struct {
	Meta
	Incident    ID
	Version     uint64
	Person      ID
	Verdict     Verdict
	Credibility int    // 1 to 6
	Reliability string // A to F, of the source
	Reason      vault.Secret
	// OnGround: a responder stood there.
	OnGround bool
	// AsVerifier: the person held a role that life-safety needs.
	AsVerifier bool
	Batch      ID
}

// EvidenceKind is what backs an assessment.
type EvidenceKind string

const (
	EvidenceMedia EvidenceKind = "media"
	EvidenceLink  EvidenceKind = "link"
	EvidenceNote  EvidenceKind = "note"
)

// Evidence is media, link or note with digest and provenance.
type Evidence struct {
	Meta
	Incident   ID
	Assessment ID // zero where it came with an import
	Kind       EvidenceKind
	URL        vault.Secret
	Note       vault.Secret
	Blob       ID
	Digest     vault.Secret // hex SHA-256 of what it points at, where we hold it
}

// Hotspot is a dense group of verified incidents, or one grave one, as ops see
// it. Public hotspots live in the projection, with ids of their own.
type Hotspot struct {
	Meta
	Status     HotspotStatus
	Severity   Severity
	Score      float64
	Members    []ID
	Reports    uint32
	Sources    uint32
	Categories []string
	FirstSeen  time.Time
	LastSeen   time.Time
	Trend      Trend
	Why        string
	// Parent is the hotspot it split from or merged into.
	Parent ID
	// Response is "", "acknowledged", "en_route" or "handled".
	Response   string
	ResponseBy ID
	ResponseAt time.Time
}
