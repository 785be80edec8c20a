package api

import (
	"context"
	"strings"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// Named is a person as colleagues see them.
type Named struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// ClaimRow is who holds an incident, and until when.
type ClaimRow struct {
	Person  Named     `json:"person"`
	Expires time.Time `json:"expires_at"`
	Mine    bool      `json:"mine"`
}

// AdminCodes is the area that a point lies in.
type AdminCodes struct {
	Country string `json:"country"`
	Admin1  string `json:"admin1"`
	Name    string `json:"name"`
}

// LocationRow is where something is, and how that was found.
type LocationRow struct {
	ID           string     `json:"id"`
	Lon          float64    `json:"lon"`
	Lat          float64    `json:"lat"`
	UncertaintyM float64    `json:"uncertainty_m"`
	Method       string     `json:"method"`
	Name         string     `json:"name"`
	Words        string     `json:"words"`
	Why          string     `json:"why"`
	Score        float64    `json:"score"`
	Certain      bool       `json:"certain"`
	Admin        AdminCodes `json:"admin"`
}

func locationRow(l *crisis.Location) *LocationRow {
	if l == nil {
		return nil
	}
	return &LocationRow{ID: l.ID.String(), Lon: l.Lon, Lat: l.Lat, UncertaintyM: l.UncertaintyM, Method: l.Method, Name: l.Name,
		Words: l.Words.Reveal(), Why: l.Why, Score: l.Score, Certain: l.Certain,
		Admin: AdminCodes{Country: l.CountryCode, Admin1: l.Admin1Code, Name: l.Admin1}}
}

// IncidentRow is an incident in a list of the desk.
type IncidentRow struct {
	ID            string          `json:"id"`
	Status        crisis.Status   `json:"status"`
	Version       uint64          `json:"version"`
	Phase         crisis.Phase    `json:"phase"`
	Severity      crisis.Severity `json:"severity"`
	Categories    []string        `json:"categories"`
	Title         string          `json:"title"`
	Summary       string          `json:"summary"`
	OccurredAt    *time.Time      `json:"occurred_at"`
	FirstReceived time.Time       `json:"first_received_at"`
	LastReceived  time.Time       `json:"last_received_at"`
	ReportCount   uint32          `json:"report_count"`
	Sources       uint32          `json:"independent_sources"`
	Languages     []string        `json:"languages"`
	Location      *LocationRow    `json:"location"`
	Claim         *ClaimRow       `json:"claim"`
	Assessments   int             `json:"assessments"`
	Approvals     int             `json:"approvals"`
	// Mine: I have judged this version or typed in one of its reports.
	Mine bool `json:"mine"`
	// Needs is "first", "second", "verifier", "third", "location" or "nothing".
	Needs    string  `json:"needs"`
	WhyNow   string  `json:"why_now"`
	PublicID *string `json:"public_id"`
}

// IncidentPage is a list of incidents.
type IncidentPage struct {
	Incidents []IncidentRow `json:"incidents"`
	Next      *string       `json:"next"`
	Open      int           `json:"open"`
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// names remembers people's names during one request.
type names struct {
	records crisis.Reader
	known   map[crisis.ID]string
}

func (n *names) of(ctx context.Context, id crisis.ID) Named {
	if name, ok := n.known[id]; ok {
		return Named{ID: id.String(), Name: name}
	}
	name := ""
	if person, err := crisis.Get[*crisis.Person](ctx, n.records, id); err == nil {
		name = person.Name
	}
	n.known[id] = name
	return Named{ID: id.String(), Name: name}
}

// actor is who did something, in words.
func (n *names) actor(ctx context.Context, actor crisis.Actor) string {
	if id, ok := actor.Person(); ok {
		return n.of(ctx, id).Name
	}
	_, rest, _ := strings.Cut(string(actor), ":")
	return rest
}
