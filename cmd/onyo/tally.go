package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// tally reconciles an import: every row that was read is in one of imported,
// again, variants and refused.
type tally struct {
	read, imported, again     int
	variants, refused         []string // a line each
	unlocated, flagged, alike int
	unmapped                  map[string]int
	titled                    bool
}

func rowOf(r *record) string {
	if r.line == 0 {
		return fmt.Sprintf("row %d", r.number+1)
	}
	return fmt.Sprintf("row %d (line %d)", r.number+1, r.line)
}

func (t *tally) refuse(r *record, why error) {
	t.refused = append(t.refused, fmt.Sprintf("%s: refused: %v", rowOf(r), why))
}

func (t *tally) vary(r *record, s *statement) {
	t.variants = append(t.variants, fmt.Sprintf("%s: variant: %q was imported before and says something else now; the new row is kept and changes nothing", rowOf(r), s.id))
}

// leave notes labels that stay what they were.
func (t *tally) leave(labels []string) {
	if t.unmapped == nil {
		t.unmapped = map[string]int{}
	}
	for _, label := range labels {
		t.unmapped[label]++
	}
}

// print tells what became of the rows, those that were not imported one by one.
func (t *tally) print(out io.Writer, title string) {
	for _, line := range append(slices.Clone(t.refused), t.variants...) {
		fmt.Fprintln(out, line)
	}
	fmt.Fprintf(out, "%s\nrows read  %8d\nimported   %8d\nagain      %8d\nvariant    %8d\nrefused    %8d\n",
		title, t.read, t.imported, t.again, len(t.variants), len(t.refused))
	if t.imported == 0 {
		return
	}
	fmt.Fprintf(out, "Of the imported: %d without a point, %d flagged VERIFIED over there (kept as evidence), %d that may be the same as an earlier one.\n",
		t.unlocated, t.flagged, t.alike)
	if len(t.unmapped) > 0 {
		labels := make([]string, 0, len(t.unmapped))
		for label, n := range t.unmapped {
			labels = append(labels, fmt.Sprintf("%q %d", label, n))
		}
		slices.Sort(labels)
		fmt.Fprintf(out, "Labels that are none of our categories, kept with the reports: %s.\n", strings.Join(labels, ", "))
	}
}
