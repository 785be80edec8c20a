package crisis

import (
	"fmt"
	"time"
)

// Status is what is believed of an incident (CONTRACT, Values).
type Status string

const (
	StatusReceived     Status = "received"
	StatusTriaged      Status = "triaged"
	StatusInReview     Status = "in_review"
	StatusNeedsInfo    Status = "needs_info"
	StatusProbable     Status = "probable"
	StatusVerified     Status = "verified"
	StatusUnverifiable Status = "unverifiable"
	StatusRefuted      Status = "refuted"
	StatusDuplicate    Status = "duplicate"
	StatusSpam         Status = "spam"
	StatusHarmful      Status = "harmful"
)

// Statuses lists every status in the order of its place in the work.
func Statuses() []Status {
	return []Status{StatusReceived, StatusTriaged, StatusInReview, StatusNeedsInfo, StatusProbable,
		StatusVerified, StatusUnverifiable, StatusRefuted, StatusDuplicate, StatusSpam, StatusHarmful}
}

// Open reports whether volunteers still have something to decide.
func (s Status) Open() bool {
	switch s {
	case StatusReceived, StatusTriaged, StatusInReview, StatusNeedsInfo, StatusProbable:
		return true
	}
	return false
}

// Phase is whether it still happens, apart from whether it is true.
type Phase string

const (
	PhaseOngoing Phase = "ongoing"
	PhaseOver    Phase = "over"
)

// Severity is how bad it is.
type Severity string

const (
	SeverityLow        Severity = "low"
	SeverityNormal     Severity = "normal"
	SeverityLifeSafety Severity = "life_safety"
)

// Rank orders severities: 0 low, 1 normal, 2 life_safety.
func (s Severity) Rank() int {
	switch s {
	case SeverityLifeSafety:
		return 2
	case SeverityNormal:
		return 1
	}
	return 0
}

// Verdict is what one person makes of an incident.
type Verdict string

const (
	VerdictApprove         Verdict = "approve"
	VerdictDoubt           Verdict = "doubt"
	VerdictRefute          Verdict = "refute"
	VerdictCannotDetermine Verdict = "cannot_determine"
	VerdictNeedsInfo       Verdict = "needs_info"
	VerdictSpam            Verdict = "spam"
	VerdictHarmful         Verdict = "harmful"
)

// ParseVerdict refuses anything that is not a verdict.
func ParseVerdict(s string) (Verdict, error) {
	switch v := Verdict(s); v {
	case VerdictApprove, VerdictDoubt, VerdictRefute, VerdictCannotDetermine, VerdictNeedsInfo, VerdictSpam, VerdictHarmful:
		return v, nil
	}
	return "", fmt.Errorf("a verdict is one of approve, doubt, refute, cannot_determine, needs_info, spam, harmful")
}

// Profile is how much the public may see (DESIGN §6).
type Profile string

const (
	ProfileOpen    Profile = "open"
	ProfileGuarded Profile = "guarded"
	ProfileHidden  Profile = "hidden"
)

// Strictness orders profiles: 0 open, 1 guarded, 2 hidden. Unknown is hidden.
func (p Profile) Strictness() int {
	switch p {
	case ProfileOpen:
		return 0
	case ProfileGuarded:
		return 1
	}
	return 2
}

// Stricter is the stricter of two profiles.
func Stricter(a, b Profile) Profile {
	if a.Strictness() >= b.Strictness() {
		return a
	}
	return b
}

// Period is how often a profile publishes (DESIGN §6).
func (p Profile) Period() time.Duration {
	switch p {
	case ProfileOpen:
		return 2 * time.Second
	case ProfileGuarded:
		return 5 * time.Minute
	}
	return 6 * time.Hour
}

// SourceKind is what stands behind a source.
type SourceKind string

const (
	SourceWitness  SourceKind = "witness"
	SourceObserver SourceKind = "observer"
	SourceSensor   SourceKind = "sensor"
	SourceOfficial SourceKind = "official"
)

// RoleName is what a person may do (DESIGN §7).
type RoleName string

const (
	RoleVolunteer   RoleName = "volunteer"
	RoleVerifier    RoleName = "verifier"
	RoleResponder   RoleName = "responder"
	RoleCoordinator RoleName = "coordinator"
	RoleAdmin       RoleName = "admin"
)

// ParseRole refuses anything that is not a role.
func ParseRole(s string) (RoleName, error) {
	switch r := RoleName(s); r {
	case RoleVolunteer, RoleVerifier, RoleResponder, RoleCoordinator, RoleAdmin:
		return r, nil
	}
	return "", fmt.Errorf("a role is one of volunteer, verifier, responder, coordinator, admin")
}

// Desk reports whether the role works at the desk.
func (r RoleName) Desk() bool {
	return r == RoleVolunteer || r == RoleVerifier || r == RoleCoordinator
}

// Ops reports whether the role sees true points.
func (r RoleName) Ops() bool { return r == RoleResponder || r == RoleCoordinator }

// Verifies reports whether the role is the one that life-safety incidents need
// among their two.
func (r RoleName) Verifies() bool { return r == RoleVerifier || r == RoleCoordinator }

// Precision is how exactly a time was said.
type Precision string

const (
	PrecisionUnknown Precision = ""
	PrecisionMinute  Precision = "minute"
	PrecisionHour    Precision = "hour"
	PrecisionDay     Precision = "day"
)

// EventTime is when it happened, apart from when we heard: a span, how exactly
// it was said, and the zone it was said in (an IANA name).
type EventTime struct {
	From, To  time.Time
	Precision Precision
	Zone      string
}

// At is the moment used for ordering: the start of the span.
func (e EventTime) At() time.Time { return e.From }

// HotspotStatus is where a hotspot stands in its life.
type HotspotStatus string

const (
	HotspotEmerging     HotspotStatus = "emerging"
	HotspotActive       HotspotStatus = "active"
	HotspotIntensifying HotspotStatus = "intensifying"
	HotspotFading       HotspotStatus = "fading"
	HotspotClosed       HotspotStatus = "closed"
)

// Trend is whether a hotspot grows.
type Trend string

const (
	TrendRising  Trend = "rising"
	TrendSteady  Trend = "steady"
	TrendFalling Trend = "falling"
)
