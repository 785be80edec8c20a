package triage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/triage/lexicon"
)

const (
	// maxDecided incidents, the newest, are learned from at the start.
	maxDecided = 5000
	// maxTold: so many different texts of one incident are learned from.
	maxTold = 5
)

// pupil follows what people decide and teaches the reader. Every process has
// one, for every process suggests; what it knows lies in memory alone and is
// made anew from the records.
type pupil struct {
	store  Store
	reader *Reader
	log    *slog.Logger
	next   uint64 // the ledger index that it wants next
	loaded bool
	// taught is what was last learned of an incident, so that a second person who
	// agrees with the first is no second lesson.
	taught     map[crisis.ID]string
	categories map[string]*crisis.Category
}

func newPupil(store Store, reader *Reader, log *slog.Logger) *pupil {
	return &pupil{store: store, reader: reader, log: log, taught: map[crisis.ID]string{}}
}

// run follows until ctx ends. A fault is logged and tried again.
func (p *pupil) run(ctx context.Context) {
	wake, stop := p.store.Watch()
	defer stop()
	for {
		if err := p.catchUp(ctx); err != nil && ctx.Err() == nil {
			p.log.Warn("decisions could not be followed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-time.After(pollEvery):
		}
	}
}

// catchUp learns from what was decided since, the first time from the newest of
// all that was.
func (p *pupil) catchUp(ctx context.Context) error {
	if !p.loaded {
		if err := p.load(ctx); err != nil {
			return err
		}
		p.loaded = true
	}
	for {
		entries, err := p.store.Entries(ctx, p.next, pageSize)
		if err != nil {
			return fmt.Errorf("read the ledger: %w", err)
		}
		for _, entry := range entries {
			if err := p.follow(ctx, entry); err != nil {
				return err
			}
			p.next = entry.Index + 1
		}
		if len(entries) < pageSize {
			return nil
		}
	}
}

func (p *pupil) follow(ctx context.Context, entry crisis.Entry) error {
	switch {
	case entry.Table == crisis.TableCategory:
		return p.configure(ctx)
	case entry.Table == crisis.TableIncident && strings.HasPrefix(string(entry.Actor), "person:"):
		return p.study(ctx, entry.ID)
	}
	return nil // a judgement always writes its incident as well
}

func (p *pupil) configure(ctx context.Context) error {
	categories, err := crisis.Find[*crisis.Category](ctx, p.store, "", nil)
	if err != nil {
		return fmt.Errorf("read the categories: %w", err)
	}
	p.categories = map[string]*crisis.Category{}
	for _, one := range categories {
		if one.Enabled {
			p.categories[one.Key] = one
		}
	}
	return nil
}

// load learns from the incidents decided last, the oldest of them first. What
// happens meanwhile is followed afterwards, for the stage's cursor is never
// ahead.
func (p *pupil) load(ctx context.Context) error {
	next, err := p.store.Cursor(ctx, Consumer)
	if err != nil {
		return fmt.Errorf("read the cursor: %w", err)
	}
	if err := p.configure(ctx); err != nil {
		return err
	}
	decided := map[crisis.ID]time.Time{}
	note := func(incident crisis.ID, at time.Time) {
		if at.After(decided[incident]) {
			decided[incident] = at
		}
	}
	if err := few(ctx, p.store, maxDecided, func(a *crisis.Assessment) { note(a.Incident, madeAt(a.ID)) }); err != nil {
		return fmt.Errorf("read the assessments: %w", err)
	}
	if err := few(ctx, p.store, maxDecided, func(in *crisis.Incident) {
		if len(in.EditedBy.Categories) > 0 {
			note(in.ID, in.At)
		}
	}); err != nil {
		return fmt.Errorf("read the incidents: %w", err)
	}
	order := make([]crisis.ID, 0, len(decided))
	for id := range decided {
		order = append(order, id)
	}
	slices.SortFunc(order, func(a, b crisis.ID) int {
		return cmp.Or(decided[a].Compare(decided[b]), slices.Compare(a[:], b[:]))
	})
	for _, id := range order[max(0, len(order)-maxDecided):] {
		if err := p.study(ctx, id); err != nil {
			return err
		}
	}
	p.next = next
	return nil
}

// few calls take with the newest current records, at most so many.
func few[T crisis.Record](ctx context.Context, r crisis.Reader, most int, take func(T)) error {
	query := crisis.Query{Newest: true, Ended: true, Limit: 1000}
	for ; most > 0; most -= query.Limit {
		page, err := crisis.Select[T](ctx, r, query)
		if err != nil {
			return err
		}
		for _, one := range page {
			query.After = one.RecordID()
			take(one)
		}
		if len(page) < query.Limit {
			break
		}
	}
	return nil
}

// study learns from an incident, if people decided anything about it that was
// not learned yet. What cannot be read teaches nothing.
func (p *pupil) study(ctx context.Context, id crisis.ID) error {
	decision, texts, err := p.decided(ctx, id)
	if err != nil {
		if _, away := p.store.Cursor(ctx, Consumer); away != nil {
			return fmt.Errorf("read what was decided: %w", err)
		}
		if !errors.Is(err, crisis.ErrNotFound) {
			p.log.Warn("a decision cannot be read and teaches nothing", "incident", id)
		}
		return nil
	}
	said := fmt.Sprint(decision)
	if decision.silent() || p.taught[id] == said {
		return nil
	}
	p.taught[id] = said
	for _, report := range texts {
		p.reader.Teach(report.Whole(), report.Language, decision)
	}
	return nil
}

// decided is what people said of an incident, and the reports that they saw.
func (p *pupil) decided(ctx context.Context, id crisis.ID) (d Decision, texts []*crisis.Report, err error) {
	in, err := crisis.Get[*crisis.Incident](ctx, p.store, id)
	if err != nil || in.Status == crisis.StatusDuplicate {
		return d, nil, err // its reports are judged where they went
	}
	assessments, err := crisis.Find[*crisis.Assessment](ctx, p.store, "incident", id)
	if err != nil {
		return d, nil, err
	}
	d = p.decision(in, assessments)
	if d.silent() {
		return d, nil, nil
	}
	memberships, err := crisis.Find[*crisis.Membership](ctx, p.store, "incident", id)
	if err != nil {
		return d, nil, err
	}
	seen := map[string]bool{}
	for _, membership := range memberships {
		report, err := crisis.Get[*crisis.Report](ctx, p.store, membership.Report)
		if err != nil {
			return d, nil, err
		}
		// A text passed on a hundred times is judged once.
		if print := strings.Join(lexicon.Words(report.Whole()), " "); !report.Withdrawn && !seen[print] && len(texts) < maxTold {
			seen[print] = true
			texts = append(texts, report)
		}
	}
	return d, texts, nil
}

// decision reads what people said out of an incident and its assessments, the
// last of each person. Whoever approves an incident, or sets its categories,
// says what it is and how grave.
func (p *pupil) decision(in *crisis.Incident, assessments []*crisis.Assessment) Decision {
	last := map[crisis.ID]*crisis.Assessment{}
	for _, one := range assessments {
		if before := last[one.Person]; before == nil || !madeAt(one.ID).Before(madeAt(before.ID)) {
			last[one.Person] = one
		}
	}
	var d Decision
	balance, approved := 0, false
	for _, one := range last {
		switch {
		case one.Verdict == crisis.VerdictApprove:
			approved = true
			if one.Batch.IsZero() { // an import is judged by a sample
				balance++
			}
		case one.Verdict == crisis.VerdictSpam || one.Verdict == crisis.VerdictHarmful:
			balance--
		}
	}
	if balance > 0 {
		d.Relevant = Yes
	} else if balance < 0 {
		d.Relevant = No
	}
	if len(in.Categories) == 0 || !approved && len(in.EditedBy.Categories) == 0 {
		return d
	}
	d.LifeSafety = No
	if in.Severity == crisis.SeverityLifeSafety {
		d.LifeSafety = Yes
	}
	d.Is, d.IsNot = p.sorted(in.Categories)
	return d
}

// sorted parts the categories in use into those chosen and the others. A parent
// or child of one that was chosen may be meant as well, and is in neither.
func (p *pupil) sorted(chosen []string) (is, isNot []string) {
	for key, category := range p.categories {
		switch {
		case slices.Contains(chosen, key):
			is = append(is, key)
		case !slices.ContainsFunc(chosen, func(one string) bool {
			return category.Parent == one || p.categories[one] != nil && p.categories[one].Parent == key
		}):
			isNot = append(isNot, key)
		}
	}
	slices.Sort(is)
	slices.Sort(isNot)
	return is, isNot
}
