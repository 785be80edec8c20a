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
	// ShownReports and ShownSources are what the public bucket is taken from:
	// frozen at the last assessment.
	ShownReports uint32
	ShownSources uint32
	// First and Second are the approving assessments behind probable and
	// verified; the database checks them.
	First  Approval
	Second Approval
	// MergedInto is set on StatusDuplicate.
	MergedInto ID
	Batch      ID
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
