package api

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/verification"
)

// SourceRow is who spoke, under their pseudonym.
type SourceRow struct {
	ID          string `json:"id"`
	Pseudonym   string `json:"pseudonym"`
	Reliability string `json:"reliability"`
}

// MediaRow is a piece of media; URL serves a safe copy.
type MediaRow struct {
	ID          string           `json:"id"`
	ContentType string           `json:"content_type"`
	Bytes       int64            `json:"bytes"`
	State       crisis.BlobState `json:"state"`
	URL         string           `json:"url"`
}

// ReportRow is a report on a card.
type ReportRow struct {
	ID          string        `json:"id"`
	Channel     string        `json:"channel"`
	Kind        string        `json:"kind"`
	Source      *SourceRow    `json:"source"`
	SubmittedBy *Named        `json:"submitted_by"`
	ReceivedAt  time.Time     `json:"received_at"`
	OccurredAt  *time.Time    `json:"occurred_at"`
	Language    string        `json:"language"`
	Text        string        `json:"text"`
	Words       string        `json:"where"`
	Said        []string      `json:"categories"`
	Withdrawn   bool          `json:"withdrawn"`
	Media       []MediaRow    `json:"media"`
	Version     uint64        `json:"version"`
	Locations   []LocationRow `json:"locations"`
	// Subject is the heading of a mail, where it says more than the text.
	Subject string `json:"subject"`
	// Quoted is what the sender repeated of somebody else's words.
	Quoted string `json:"quoted"`
	// Checks are what is known of the sender, as "dmarc": "pass".
	Checks map[string]string `json:"checks"`
	// CannotReply says why its source cannot be answered: replies_off, no_address,
	// opted_out, reply_limit; empty where it can.
	CannotReply string `json:"cannot_reply"`
}

// AssessmentRow is one person's judgement.
type AssessmentRow struct {
	ID          string         `json:"id"`
	Person      Named          `json:"person"`
	Verdict     crisis.Verdict `json:"verdict"`
	Credibility int            `json:"credibility"`
	Reliability string         `json:"reliability"`
	Reason      string         `json:"reason"`
	OnGround    bool           `json:"on_ground"`
	At          time.Time      `json:"at"`
	Version     uint64         `json:"version"`
	// Counts: it is the person's latest word, and they may judge.
	Counts bool `json:"counts"`
}

// EvidenceRow is what backs a judgement.
type EvidenceRow struct {
	ID   string              `json:"id"`
	Kind crisis.EvidenceKind `json:"kind"`
	URL  string              `json:"url"`
	Note string              `json:"note"`
	By   string              `json:"by"`
	At   time.Time           `json:"at"`
}

// HistoryRow is one line of the ledger about this incident.
type HistoryRow struct {
	Index  uint64    `json:"index"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Action string    `json:"action"`
	Detail string    `json:"detail"`
}

// SummaryRow is the text for the public in one language.
type SummaryRow struct {
	Language string `json:"language"`
	Text     string `json:"text"`
	Approved bool   `json:"approved"`
}

// Card is everything the desk shows of one incident.
type Card struct {
	IncidentRow
	Reports        []ReportRow     `json:"reports"`
	Suggestions    []Suggestion    `json:"suggestions"`
	Evidence       []EvidenceRow   `json:"evidence"`
	AssessmentList []AssessmentRow `json:"assessments"`
	Thread         []ThreadRow     `json:"thread"`
	History        []HistoryRow    `json:"history"`
	Summaries      []SummaryRow    `json:"summaries"`
	Presence       []Named         `json:"presence"`
}

// row is one line of a list for one person.
func (s *desk) row(ctx context.Context, r verification.Row, me crisis.ID, people *names) IncidentRow {
	in := r.Incident
	row := IncidentRow{ID: in.ID.String(), Status: in.Status, Version: in.Version, Phase: in.Phase, Severity: in.Severity,
		Categories: orEmpty(in.Categories), Title: r.Title, OccurredAt: moment(in.Occurred.At()),
		FirstReceived: in.FirstReceived, LastReceived: in.LastReceived, ReportCount: in.Reports, Sources: in.Sources,
		Languages: orEmpty(r.Languages), Location: locationRow(r.Location), Assessments: r.Assessments, Approvals: r.Approvals, Needs: r.Needs, WhyNow: r.WhyNow}
	if len(row.Languages) == 0 && r.Title != "" { // the channel names none
		if language := s.reader.Language(r.Title); language != "" {
			row.Languages = []string{language}
		}
	}
	if r.Claim != nil && r.Claim.Expires.After(s.clock()) {
		row.Claim = &ClaimRow{Person: people.of(ctx, r.Claim.Person), Expires: r.Claim.Expires, Mine: r.Claim.Person == me}
	}
	if in.Status == crisis.StatusProbable || in.Status == crisis.StatusVerified {
		public := s.publicID(in.ID)
		row.PublicID = &public
	}
	return row
}

// dossierRow is a dossier as one line of a list.
func (s *desk) dossierRow(ctx context.Context, d *verification.Dossier, me crisis.ID, claims map[crisis.ID]crisis.Claim, people *names) IncidentRow {
	r := verification.RowOf(d)
	if claim, held := claims[d.Incident.ID]; held {
		r.Claim = &claim
	}
	row := s.row(ctx, r, me, people)
	for _, summary := range d.Summaries {
		if row.Summary == "" || summary.Approved {
			row.Summary = summary.Text.Reveal()
		}
	}
	row.Mine = d.Submitters()[me] || slices.ContainsFunc(d.Assessments, func(a *crisis.Assessment) bool { return a.Person == me && a.Version == d.Incident.Version })
	return row
}

// card loads all that hangs on an incident.
func (s *desk) card(ctx context.Context, d *verification.Dossier, me crisis.ID) (*Card, error) {
	claims, err := s.claims(ctx)
	if err != nil {
		return nil, err
	}
	people := &names{records: s.records, known: map[crisis.ID]string{}}
	card := &Card{IncidentRow: s.dossierRow(ctx, d, me, claims, people), Reports: []ReportRow{}, Evidence: []EvidenceRow{},
		AssessmentList: []AssessmentRow{}, Thread: []ThreadRow{}, Summaries: []SummaryRow{}, Presence: s.presence.others(d.Incident.ID, me)}
	for _, report := range d.Reports {
		row, err := s.reportRow(ctx, report, people)
		if err != nil {
			return nil, err
		}
		card.Reports = append(card.Reports, row)
	}
	latest := map[crisis.ID]crisis.ID{}
	for _, a := range d.Assessments {
		latest[a.Person] = a.ID
	}
	for _, a := range d.Assessments {
		card.AssessmentList = append(card.AssessmentList, AssessmentRow{ID: a.ID.String(), Person: people.of(ctx, a.Person), Verdict: a.Verdict,
			Credibility: a.Credibility, Reliability: a.Reliability, Reason: a.Reason.Reveal(), OnGround: a.OnGround, At: a.At, Version: a.Version,
			Counts: latest[a.Person] == a.ID && !d.Submitters()[a.Person]})
	}
	for _, e := range d.Evidence {
		card.Evidence = append(card.Evidence, EvidenceRow{ID: e.ID.String(), Kind: e.Kind, URL: e.URL.Reveal(), Note: e.Note.Reveal(), By: people.actor(ctx, e.By), At: e.At})
	}
	for _, summary := range d.Summaries {
		card.Summaries = append(card.Summaries, SummaryRow{Language: summary.Language, Text: summary.Text.Reveal(), Approved: summary.Approved})
	}
	if card.Thread, err = s.thread(ctx, d, people); err != nil {
		return nil, err
	}
	if card.Suggestions, err = s.suggestions(ctx, d); err != nil {
		return nil, err
	}
	card.History, err = s.history(ctx, d, people)
	return card, err
}

func (s *desk) reportRow(ctx context.Context, report *crisis.Report, people *names) (ReportRow, error) {
	row := ReportRow{ID: report.ID.String(), ReceivedAt: report.ReceivedAt, OccurredAt: moment(report.Occurred.At()), Language: report.Language,
		Text: report.Text.Reveal(), Words: report.Words.Reveal(), Said: orEmpty(report.Said), Withdrawn: report.Withdrawn, Version: report.Rev,
		Media: []MediaRow{}, Locations: []LocationRow{}, Subject: report.Subject.Reveal(), Quoted: report.Quoted.Reveal(), Checks: report.Checks, CannotReply: s.replyable(ctx, report)}
	if channel, err := crisis.Get[*crisis.Channel](ctx, s.records, report.Channel); err == nil {
		row.Channel, row.Kind = channel.Name, channel.Kind
	}
	if !report.Source.IsZero() {
		if source, err := crisis.Get[*crisis.Source](ctx, s.records, report.Source); err == nil {
			row.Source = &SourceRow{ID: source.ID.String(), Pseudonym: source.Pseudonym, Reliability: source.Reliability}
		}
	}
	if !report.Submitter.IsZero() {
		by := people.of(ctx, report.Submitter)
		row.SubmittedBy = &by
	}
	blobs, err := crisis.Find[*crisis.Blob](ctx, s.records, "report", report.ID)
	if err != nil {
		return row, fmt.Errorf("read the media: %w", err)
	}
	for _, blob := range blobs {
		row.Media = append(row.Media, MediaRow{ID: blob.ID.String(), ContentType: blob.ContentType, Bytes: blob.Bytes, State: blob.State, URL: "/api/v1/desk/media/" + blob.ID.String()})
	}
	locations, err := crisis.Find[*crisis.Location](ctx, s.records, "report", report.ID)
	if err != nil {
		return row, fmt.Errorf("read the locations: %w", err)
	}
	for _, location := range locations {
		row.Locations = append(row.Locations, *locationRow(location))
	}
	return row, nil
}

// historyLimit bounds the lines shown on a card; the ledger has them all.
const historyLimit = 500

func (s *desk) history(ctx context.Context, d *verification.Dossier, people *names) ([]HistoryRow, error) {
	ids := []crisis.ID{d.Incident.ID}
	for _, m := range d.Memberships {
		ids = append(ids, m.ID, m.Report)
	}
	for _, a := range d.Assessments {
		ids = append(ids, a.ID)
	}
	if d.Location != nil {
		ids = append(ids, d.Location.ID)
	}
	entries, err := s.records.EntriesOf(ctx, ids, historyLimit)
	if err != nil {
		return nil, fmt.Errorf("read the history: %w", err)
	}
	rows := make([]HistoryRow, 0, len(entries))
	for _, e := range entries {
		rows = append(rows, HistoryRow{Index: e.Index, At: e.At, Actor: people.actor(ctx, e.Actor), Action: e.Action, Detail: e.Reason})
	}
	return rows, nil
}
