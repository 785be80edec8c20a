package verification

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// Dossier is all that people have on one incident at one moment.
type Dossier struct {
	Incident    *crisis.Incident
	Location    *crisis.Location // nil for none
	Memberships []*crisis.Membership
	Reports     []*crisis.Report     // of the memberships, in their order
	Assessments []*crisis.Assessment // oldest first
	Summaries   []*crisis.Summary
	Evidence    []*crisis.Evidence
	// Relations start or end at the incident.
	Relations  []*crisis.Relation
	Categories map[string]*crisis.Category // all that the deployment knows, by key

	// authors are all who have put the words of a summary that nobody has approved
	// in the place of others, by summary.
	authors map[crisis.ID][]crisis.Actor
}

// Load reads the dossier of an incident. It fails with crisis.ErrNotFound where
// there is none.
func (s *Service) Load(ctx context.Context, id crisis.ID) (*Dossier, error) {
	d := &Dossier{}
	var err error
	if d.Incident, err = crisis.Get[*crisis.Incident](ctx, s.store, id); err != nil {
		return nil, fmt.Errorf("read the incident: %w", err)
	}
	if err := s.loadReports(ctx, d); err != nil {
		return nil, err
	}
	if err := s.loadWork(ctx, d); err != nil {
		return nil, err
	}
	if d.Categories, err = s.categories(ctx); err != nil {
		return nil, err
	}
	return d, nil
}

func (s *Service) loadReports(ctx context.Context, d *Dossier) error {
	var err error
	if d.Memberships, err = crisis.Find[*crisis.Membership](ctx, s.store, "incident", d.Incident.ID); err != nil {
		return fmt.Errorf("read the memberships: %w", err)
	}
	for _, m := range d.Memberships {
		r, err := crisis.Get[*crisis.Report](ctx, s.store, m.Report)
		if err != nil {
			return fmt.Errorf("read a report: %w", err)
		}
		d.Reports = append(d.Reports, r)
	}
	if !d.Incident.Location.IsZero() {
		if d.Location, err = crisis.Get[*crisis.Location](ctx, s.store, d.Incident.Location); err != nil {
			return fmt.Errorf("read the location: %w", err)
		}
	}
	return nil
}

func (s *Service) loadWork(ctx context.Context, d *Dossier) error {
	var err error
	id := d.Incident.ID
	if d.Assessments, err = crisis.Find[*crisis.Assessment](ctx, s.store, "incident", id); err != nil {
		return fmt.Errorf("read the assessments: %w", err)
	}
	if d.Summaries, err = crisis.Find[*crisis.Summary](ctx, s.store, "incident", id); err != nil {
		return fmt.Errorf("read the summaries: %w", err)
	}
	if err := s.loadAuthors(ctx, d); err != nil {
		return err
	}
	if d.Evidence, err = crisis.Find[*crisis.Evidence](ctx, s.store, "incident", id); err != nil {
		return fmt.Errorf("read the evidence: %w", err)
	}
	for _, end := range []string{"from", "to"} {
		found, err := crisis.Find[*crisis.Relation](ctx, s.store, end, id)
		if err != nil {
			return fmt.Errorf("read the relations: %w", err)
		}
		d.Relations = append(d.Relations, found...)
	}
	return nil
}

// loadAuthors looks through the revisions, since the latest may be somebody's
// who only took back what they wrote over it.
func (s *Service) loadAuthors(ctx context.Context, d *Dossier) error {
	d.authors = map[crisis.ID][]crisis.Actor{}
	for _, now := range d.Summaries {
		if now.Approved {
			continue
		}
		revisions, err := s.store.Revisions(ctx, crisis.TableSummary, now.ID)
		if err != nil {
			return fmt.Errorf("read the revisions of a summary: %w", err)
		}
		before := crisis.Secret("")
		for _, one := range revisions {
			was, ok := one.(*crisis.Summary)
			if !ok {
				return fmt.Errorf("a summary has a revision that is %T", one)
			}
			if was.Text == now.Text && was.Text != before {
				d.authors[now.ID] = append(d.authors[now.ID], was.By)
			}
			before = was.Text
		}
	}
	return nil
}

// wrote reports whether the person handed in the words of a summary that nobody
// has approved.
func (d *Dossier) wrote(person Person, summary *crisis.Summary) bool {
	return slices.Contains(d.authors[summary.ID], person.Actor())
}

// Submitters are the people who typed in a report of the incident: none of them
// may judge it.
func (d *Dossier) Submitters() map[crisis.ID]bool {
	out := map[crisis.ID]bool{}
	for _, r := range d.Reports {
		if !r.Submitter.IsZero() {
			out[r.Submitter] = true
		}
	}
	return out
}

// Decision is what the assessments of the dossier amount to.
func (d *Dossier) Decision() crisis.Decision {
	return crisis.Decide(d.Incident.Severity, d.Assessments, d.Submitters())
}

// judgedBy reports whether the person has judged the version that stands.
func (d *Dossier) judgedBy(person crisis.ID) bool {
	return slices.ContainsFunc(d.Assessments, func(a *crisis.Assessment) bool {
		return a.Person == person && a.Version == d.Incident.Version
	})
}

// decided gives the incident the status that its assessments amount to. Where
// none of them counts, what rested on one falls back to triaged.
func decided(in *crisis.Incident, assessments []*crisis.Assessment, submitters map[crisis.ID]bool) crisis.Decision {
	decision := crisis.Decide(in.Severity, assessments, submitters)
	judged := slices.ContainsFunc(assessments, func(a *crisis.Assessment) bool { return !submitters[a.Person] })
	switch {
	case judged:
		in.Status = decision.Status
	case in.Status == crisis.StatusProbable || in.Status == crisis.StatusVerified:
		in.Status = crisis.StatusTriaged
	}
	in.First, in.Second = decision.First, decision.Second
	return decision
}

// counted gives the incident the counts and times of its reports. Withdrawn
// reports do not count.
func counted(in *crisis.Incident, reports []*crisis.Report) {
	in.Reports, in.Sources = 0, independent(reports)
	in.FirstReceived, in.LastReceived = time.Time{}, time.Time{}
	var earliest *crisis.Report
	for _, r := range reports {
		if r.Withdrawn {
			continue
		}
		in.Reports++
		if in.FirstReceived.IsZero() || r.ReceivedAt.Before(in.FirstReceived) {
			in.FirstReceived = r.ReceivedAt
		}
		if r.ReceivedAt.After(in.LastReceived) {
			in.LastReceived = r.ReceivedAt
		}
		if from := r.Occurred.From; !from.IsZero() && (earliest == nil || from.Before(earliest.Occurred.From)) {
			earliest = r
		}
	}
	if earliest != nil {
		in.Occurred = earliest.Occurred
	}
}

// independent counts voices: reports of one source are one, and so are reports
// that say the very same words, for a text passed on is no second witness.
func independent(reports []*crisis.Report) uint32 {
	parent := make([]int, len(reports))
	var root func(int) int
	root = func(i int) int {
		if parent[i] != i {
			parent[i] = root(parent[i])
		}
		return parent[i]
	}
	bySource, byWords := map[crisis.ID]int{}, map[string]int{}
	for i, r := range reports {
		parent[i] = i
		if r.Withdrawn {
			continue
		}
		if j, again := bySource[r.Source]; again && !r.Source.IsZero() {
			parent[i] = root(j)
		}
		bySource[r.Source] = i
		words := folded(r.Whole())
		if j, again := byWords[words]; again && words != "" {
			parent[root(i)] = root(j)
		}
		byWords[words] = i
	}
	voices := map[int]bool{}
	for i, r := range reports {
		if !r.Withdrawn {
			voices[root(i)] = true
		}
	}
	return uint32(len(voices))
}

// folded is a text without case, punctuation and spacing.
func folded(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}
