package verification

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// The uncertainty of a point that a person sets, in metres: nobody knows better
// than the least, and beyond the most it says nothing.
const (
	LeastUncertainty = 10
	MostUncertainty  = 1_000_000
)

func (s *Service) edit(ctx context.Context, person Person, t Ticket, make func(act, *Dossier) (crisis.Change, error)) (*Dossier, error) {
	if !person.desk() {
		return nil, forbid("role", "That is for volunteers, verifiers and coordinators.")
	}
	a := s.act(person)
	return s.perform(ctx, t, func(d *Dossier) (crisis.Change, error) {
		if d.Incident.Status == crisis.StatusDuplicate {
			return crisis.Change{}, refuse("merged", "", "This incident was merged into another; work on that one.")
		}
		change, err := make(a, d)
		also := change.Guard.Unclaimed
		change.Guard = a.guard(t)
		change.Guard.Unclaimed = append(change.Guard.Unclaimed, also...)
		return change, err
	})
}

// Locate sets where the incident is: a point that a person vouches for, with its
// uncertainty in metres.
func (s *Service) Locate(ctx context.Context, person Person, t Ticket, p geo.Point, uncertaintyM float64, reason string) (*Dossier, error) {
	return s.edit(ctx, person, t, func(a act, d *Dossier) (crisis.Change, error) {
		return a.locate(d, p, uncertaintyM, reason, s.area)
	})
}

func (a act) locate(d *Dossier, p geo.Point, uncertaintyM float64, reason string, area func(geo.Point) Area) (crisis.Change, error) {
	if err := p.Check(); err != nil {
		return crisis.Change{}, refuse("location", "lon", "Longitude is -180 to 180 and latitude -90 to 90.")
	}
	if math.IsNaN(uncertaintyM) || uncertaintyM < 0 || uncertaintyM > MostUncertainty {
		return crisis.Change{}, refuse("location", "uncertainty_m", "The uncertainty is 0 to 1,000,000 metres.")
	}
	if err := checkText("reason", reason, MaxReason); err != nil {
		return crisis.Change{}, err
	}
	meta, err := a.first()
	if err != nil {
		return crisis.Change{}, err
	}
	named := area(p)
	location := &crisis.Location{Meta: meta, Incident: d.Incident.ID, Lon: p.Lon + 0, Lat: p.Lat + 0,
		UncertaintyM: math.Max(uncertaintyM, LeastUncertainty), Method: "person", Words: crisis.Secret(reason),
		Name: named.Name, CountryCode: named.CountryCode, Admin1Code: named.Admin1Code, Admin1: named.Admin1,
		Score: 1, Certain: true, Why: "set by a person"}
	in := *d.Incident
	in.Meta, in.Version, in.Location = a.next(in.Meta), in.Version+1, location.ID
	in.EditedBy.Location = []crisis.ID{a.person.ID}
	change := a.change("incident.located", "person")
	change.Put = []crisis.Record{location, &in}
	return change, nil
}

// Categorise sets the categories, by key. The severity follows from them; one
// that is given raises it and never lowers it.
func (s *Service) Categorise(ctx context.Context, person Person, t Ticket, keys []string, severity crisis.Severity) (*Dossier, error) {
	return s.edit(ctx, person, t, func(a act, d *Dossier) (crisis.Change, error) { return a.categorise(d, keys, severity) })
}

func (a act) categorise(d *Dossier, keys []string, raised crisis.Severity) (crisis.Change, error) {
	var categories []string
	seen := map[string]bool{}
	for _, key := range keys {
		if c, ok := d.Categories[key]; !ok || !c.Enabled {
			return crisis.Change{}, refuse("category", "categories", "One of these categories is not in use here.")
		}
		if !seen[key] {
			categories, seen[key] = append(categories, key), true
		}
	}
	switch raised {
	case "", crisis.SeverityLow, crisis.SeverityNormal, crisis.SeverityLifeSafety:
	default:
		return crisis.Change{}, refuse("severity", "severity", "Severity is low, normal or life_safety.")
	}
	in := *d.Incident
	in.Meta, in.Version, in.Categories = a.next(in.Meta), in.Version+1, categories
	in.Severity = severest(raised, categories, d.Categories)
	in.EditedBy.Categories, in.Shown.Bound = []crisis.ID{a.person.ID}, union(in.Shown.Bound, d.Incident.Categories)
	decided(&in, d.Assessments, d.Submitters())
	change := a.change("incident.categorised", "person")
	change.Put = []crisis.Record{&in}
	return change, nil
}

// severest is the highest severity of the categories, or raised where that is
// higher; normal where neither says anything.
func severest(raised crisis.Severity, keys []string, known map[string]*crisis.Category) crisis.Severity {
	out := raised
	for _, key := range keys {
		if c := known[key]; c != nil && (out == "" || c.Severity.Rank() > out.Rank()) {
			out = c.Severity
		}
	}
	if out == "" {
		return crisis.SeverityNormal
	}
	return out
}

// Summarise writes the text for the public in one language. It is published once
// the yes of somebody else, or the same text handed in by them, approves it.
func (s *Service) Summarise(ctx context.Context, person Person, t Ticket, text Text) (*Dossier, error) {
	return s.edit(ctx, person, t, func(a act, d *Dossier) (crisis.Change, error) {
		summary, err := a.summary(d, text)
		if err != nil {
			return crisis.Change{}, err
		}
		if summary == nil {
			return crisis.Change{}, refuse("unchanged", "text", "That is the summary already; a second person approves it.")
		}
		in := *d.Incident
		in.Meta, in.Version = a.next(in.Meta), in.Version+1
		change := a.change("incident.summarised", "person")
		change.Put = []crisis.Record{&in, summary}
		return change, nil
	})
}

// summary is the next revision of the summary in a language, nil where it would
// say the same. The same words from another person approve it.
func (a act) summary(d *Dossier, text Text) (*crisis.Summary, error) {
	text.Text = strings.TrimSpace(text.Text)
	if text.Text == "" || len(text.Language) < 2 || len(text.Language) > 35 {
		return nil, refuse("summary", "text", "A summary has text and a language, such as en.")
	}
	if err := checkText("text", text.Text, MaxSummary); err != nil {
		return nil, err
	}
	for _, old := range d.Summaries {
		if old.Language != text.Language {
			continue
		}
		same := old.Text.Reveal() == text.Text
		if same && (old.Approved || d.wrote(a.person, old)) {
			return nil, nil
		}
		next := *old
		next.Meta, next.Text, next.Approved = a.next(old.Meta), crisis.Secret(text.Text), same
		return &next, nil
	}
	meta, err := a.first()
	if err != nil {
		return nil, fmt.Errorf("head a summary: %w", err)
	}
	return &crisis.Summary{Meta: meta, Incident: d.Incident.ID, Language: text.Language, Text: crisis.Secret(text.Text)}, nil
}

// SetPhase says whether it still happens. It leaves the version alone.
// Responders may say so as well as the desk.
func (s *Service) SetPhase(ctx context.Context, person Person, t Ticket, phase crisis.Phase) (*Dossier, error) {
	if !person.desk() && !person.ops() {
		return nil, forbid("role", "That is for people at the desk and responders.")
	}
	if phase != crisis.PhaseOngoing && phase != crisis.PhaseOver {
		return nil, refuse("phase", "phase", "Phase is ongoing or over.")
	}
	a := s.act(person)
	return s.perform(ctx, t, func(d *Dossier) (crisis.Change, error) {
		in := *d.Incident
		in.Meta, in.Phase, in.PhaseReason = a.next(in.Meta), phase, "person"
		change := a.change("incident.phase", string(phase))
		change.Guard = a.guard(t)
		change.Put = []crisis.Record{&in}
		return change, nil
	})
}
