package verification

import (
	"context"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// Bounds of what a person may hand in, in bytes or pieces.
const (
	MaxReason   = 4000
	MaxSummary  = 1000
	MaxEvidence = 20
	MaxURL      = 2048
)

// Judgement is what one person makes of an incident.
type Judgement struct {
	Verdict crisis.Verdict
	// Credibility of the information, 1 (confirmed) to 6 (cannot be judged); 0
	// stands for 6.
	Credibility int
	// Reliability of the source, A to F; empty for what the source already has.
	Reliability string
	Reason      string
	Evidence    []Exhibit
	// Summary, where given, is the text for the public. It waits for the yes of
	// somebody else.
	Summary *Text
	batch   crisis.ID
	ground  bool
}

// Exhibit is a piece of evidence as a person hands it in.
type Exhibit struct {
	Kind crisis.EvidenceKind
	URL  string
	Note string
}

// Text is a text in one language (BCP 47).
type Text struct {
	Text, Language string
}

// Assess records one person's judgement, sets the status that follows, and ends
// their claim. The person needs a desk role, must not be admin nor have typed
// in one of the reports, and judges a version once (crisis.ErrAssessed).
func (s *Service) Assess(ctx context.Context, person Person, t Ticket, j Judgement) (*Dossier, error) {
	if !person.judges(person.desk()) {
		return nil, forbid("role", "Assessing is for volunteers, verifiers and coordinators; admins never assess.")
	}
	a := s.act(person)
	return s.perform(ctx, t, func(d *Dossier) (crisis.Change, error) {
		change, err := a.assess(d, j)
		change.Guard.Claim, change.Guard.Unclaimed = a.guard(t).Claim, a.guard(t).Unclaimed
		change.Then.EndClaim = t.Incident
		return change, err
	})
}

// ConfirmOnGround records that a responder stood there: it counts as one of the
// two, needs no claim and disturbs nobody's.
func (s *Service) ConfirmOnGround(ctx context.Context, person Person, incident crisis.ID, reason string) (*Dossier, error) {
	if !person.judges(person.ops()) {
		return nil, forbid("role", "Confirming on the ground is for responders and coordinators; admins never assess.")
	}
	d, err := s.Load(ctx, incident)
	if err != nil {
		return nil, err
	}
	a, t := s.act(person), Ticket{Incident: incident, Version: d.Incident.Version}
	return s.perform(ctx, t, func(d *Dossier) (crisis.Change, error) {
		return a.assess(d, Judgement{Verdict: crisis.VerdictApprove, Credibility: 1, Reason: reason, ground: true})
	})
}

// assess is the change that a judgement makes: the assessment with its evidence,
// the incident's next revision with what a yes shows of it, and the summaries
// that a second yes approves.
func (a act) assess(d *Dossier, j Judgement) (crisis.Change, error) {
	if err := j.check(); err != nil {
		return crisis.Change{}, err
	}
	if d.Submitters()[a.person.ID] {
		return crisis.Change{}, forbid("submitter", "You typed in a report of this incident, so others must judge it.")
	}
	if d.Incident.Status == crisis.StatusDuplicate {
		return crisis.Change{}, refuse("merged", "", "This incident was merged into another; judge that one.")
	}
	if d.judgedBy(a.person.ID) {
		return crisis.Change{}, crisis.ErrAssessed
	}
	assessment, evidence, err := a.judgement(d, j)
	if err != nil {
		return crisis.Change{}, err
	}
	change := a.change("incident.assessed", string(j.Verdict))
	change.Guard = crisis.Guard{
		Version:     map[crisis.ID]uint64{d.Incident.ID: d.Incident.Version},
		NotAssessed: &crisis.AssessedOnce{Incident: d.Incident.ID, Person: a.person.ID, Version: d.Incident.Version},
	}
	in := *d.Incident
	in.Meta = a.next(in.Meta)
	if j.Verdict == crisis.VerdictApprove {
		in.Show(a.person.ID)
	}
	decision := decided(&in, append(append([]*crisis.Assessment{}, d.Assessments...), assessment), d.Submitters())
	summaries, err := a.approve(d, j, decision.Status == crisis.StatusVerified && j.Verdict == crisis.VerdictApprove)
	if err != nil {
		return crisis.Change{}, err
	}
	if j.Summary != nil && len(summaries) > 0 {
		in.Version++
	}
	change.Put = append(change.Put, assessment)
	change.Put = append(append(append(change.Put, evidence...), &in), summaries...)
	return change, nil
}

func (a act) judgement(d *Dossier, j Judgement) (*crisis.Assessment, []crisis.Record, error) {
	meta, err := a.first()
	if err != nil {
		return nil, nil, err
	}
	assessment := &crisis.Assessment{
		Meta: meta, Incident: d.Incident.ID, Version: d.Incident.Version, Person: a.person.ID,
		Verdict: j.Verdict, Credibility: j.Credibility, Reliability: j.Reliability,
		Reason: crisis.Secret(j.Reason), OnGround: j.ground, AsVerifier: a.person.Verifies(), Batch: j.batch,
	}
	if assessment.Credibility == 0 {
		assessment.Credibility = 6
	}
	if assessment.Reliability == "" {
		assessment.Reliability = "F"
	}
	var evidence []crisis.Record
	for _, e := range j.Evidence {
		meta, err := a.first()
		if err != nil {
			return nil, nil, err
		}
		evidence = append(evidence, &crisis.Evidence{Meta: meta, Incident: d.Incident.ID, Assessment: assessment.ID,
			Kind: e.Kind, URL: crisis.Secret(e.URL), Note: crisis.Secret(e.Note)})
	}
	return assessment, evidence, nil
}

// approve gives the summaries that the judgement writes or approves: a second
// yes stands for every text that it saw, but for the person's own.
func (a act) approve(d *Dossier, j Judgement, second bool) ([]crisis.Record, error) {
	var out []crisis.Record
	written := ""
	if j.Summary != nil {
		summary, err := a.summary(d, *j.Summary)
		if err != nil {
			return nil, err
		}
		if summary != nil {
			written = summary.Language
			out = append(out, summary)
		}
	}
	for _, old := range d.Summaries {
		if !second || old.Approved || old.Language == written || old.Text.Reveal() == "" || d.wrote(a.person, old) {
			continue
		}
		summary := *old
		summary.Meta, summary.Approved = a.next(old.Meta), true
		out = append(out, &summary)
	}
	return out, nil
}

func (j Judgement) check() error {
	if _, err := crisis.ParseVerdict(string(j.Verdict)); err != nil {
		return refuse("verdict", "verdict", "A verdict is one of approve, doubt, refute, cannot_determine, needs_info, spam, harmful.")
	}
	if j.Credibility < 0 || j.Credibility > 6 {
		return refuse("credibility", "credibility", "Credibility is 1 (confirmed) to 6 (cannot be judged).")
	}
	if j.Reliability != "" && (len(j.Reliability) != 1 || j.Reliability[0] < 'A' || j.Reliability[0] > 'F') {
		return refuse("reliability", "reliability", "Reliability is A (completely reliable) to F (cannot be judged).")
	}
	if err := checkText("reason", j.Reason, MaxReason); err != nil {
		return err
	}
	if j.Verdict != crisis.VerdictApprove && strings.TrimSpace(j.Reason) == "" {
		return refuse("reason", "reason", "Say in a few words why, so that the next person can follow.")
	}
	if len(j.Evidence) > MaxEvidence {
		return refuse("evidence", "evidence", "At most 20 pieces of evidence at once.")
	}
	for _, e := range j.Evidence {
		if err := e.check(); err != nil {
			return err
		}
	}
	return nil
}

func (e Exhibit) check() error {
	if err := checkText("evidence.note", e.Note, MaxReason); err != nil {
		return err
	}
	switch e.Kind {
	case crisis.EvidenceLink:
		u, err := url.Parse(e.URL)
		if err != nil || len(e.URL) > MaxURL || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			return refuse("evidence", "evidence.url", "A link starts with https:// or http:// and names a host.")
		}
	case crisis.EvidenceNote:
		if strings.TrimSpace(e.Note) == "" || e.URL != "" {
			return refuse("evidence", "evidence.note", "A note has text and no link.")
		}
	default:
		return refuse("evidence", "evidence.kind", "Evidence handed in here is a link or a note.")
	}
	return nil
}

func checkText(field, text string, most int) error {
	if len(text) > most {
		return refuse("too_long", field, "That text is too long.")
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return refuse("utf8", field, "That text is not valid UTF-8.")
	}
	return nil
}
