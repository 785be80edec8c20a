package verification

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// Search asks for incidents of any status, newest first.
type Search struct {
	Statuses []crisis.Status // none: all
	Bounds   *geo.Bounds     // nil: anywhere, located or not
	Words    string          // found in the text of a report, whatever the case
	After    crisis.ID       // the Next of the page before
	Limit    int
}

// searchReads bounds how many incidents one page looks at; a page may then come
// back short with a Next to go on from.
const searchReads = 2000

// Search gives a page of rows, and the ID to go on after; zero at the end.
func (s *Service) Search(ctx context.Context, find Search) (rows []Row, next crisis.ID, err error) {
	words := strings.Fields(strings.ToLower(find.Words))
	after := find.After
	for read := 0; read < searchReads; {
		page, err := crisis.Select[*crisis.Incident](ctx, s.store, crisis.Query{After: after, Newest: true, Limit: 200})
		if err != nil {
			return nil, next, fmt.Errorf("read incidents: %w", err)
		}
		for _, in := range page {
			after = in.ID
			read++
			row, ok, err := s.found(ctx, in, find, words)
			if err != nil {
				return nil, next, err
			}
			if ok {
				rows = append(rows, row)
			}
			if len(rows) == find.Limit {
				return rows, after, nil
			}
		}
		if len(page) < 200 {
			return rows, next, nil
		}
	}
	return rows, after, nil
}

func (s *Service) found(ctx context.Context, in *crisis.Incident, find Search, words []string) (Row, bool, error) {
	if len(find.Statuses) > 0 && !slices.Contains(find.Statuses, in.Status) {
		return Row{}, false, nil
	}
	if find.Bounds != nil && in.Location.IsZero() {
		return Row{}, false, nil
	}
	d := &Dossier{Incident: in}
	if err := s.loadReports(ctx, d); err != nil {
		return Row{}, false, err
	}
	if find.Bounds != nil && !find.Bounds.Contains(geo.Point{Lon: d.Location.Lon, Lat: d.Location.Lat}) {
		return Row{}, false, nil
	}
	if !says(d.Reports, words) {
		return Row{}, false, nil
	}
	var err error
	if d.Assessments, err = crisis.Find[*crisis.Assessment](ctx, s.store, "incident", in.ID); err != nil {
		return Row{}, false, fmt.Errorf("read the assessments: %w", err)
	}
	return RowOf(d), true, nil
}

// says reports whether one report has all the words.
func says(reports []*crisis.Report, words []string) bool {
	if len(words) == 0 {
		return true
	}
	return slices.ContainsFunc(reports, func(r *crisis.Report) bool {
		text := strings.ToLower(r.Whole() + " " + r.Words.Reveal())
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
	})
}
