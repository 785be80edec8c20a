package verification

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// titleRunes is how much of a report a list shows.
const titleRunes = 140

// Row is an incident as lists show it.
type Row struct {
	Incident *crisis.Incident
	Location *crisis.Location // nil for none
	// Title is the beginning of the newest report's text. It is a witness's
	// word: kept in memory, shown to the desk, never logged.
	Title       string
	Languages   []string
	Assessments int
	Approvals   int
	// Needs is "first", "second", "verifier", "location" or "nothing".
	Needs string
	// WhyNow says in plain English why it stands where it stands.
	WhyNow string
	// Claim is who holds it; nil for nobody.
	Claim *crisis.Claim

	source     crisis.ID // of the first report
	channel    crisis.ID // it came by
	judged     map[crisis.ID]bool
	submitters map[crisis.ID]bool
}

// RowOf is the row of a dossier, without its claim.
func RowOf(d *Dossier) Row {
	row := Row{Incident: d.Incident, Location: d.Location, judged: map[crisis.ID]bool{}, submitters: d.Submitters()}
	var newest *crisis.Report
	for _, r := range d.Reports {
		if newest == nil || !r.ReceivedAt.Before(newest.ReceivedAt) {
			newest = r
		}
		if row.source.IsZero() {
			row.source, row.channel = r.Source, r.Channel
		}
		if r.Language != "" && !slices.Contains(row.Languages, r.Language) {
			row.Languages = append(row.Languages, r.Language)
		}
	}
	if newest != nil {
		row.Title = shortened(newest.Whole())
	}
	slices.Sort(row.Languages)
	yes := map[crisis.ID]bool{}
	for _, a := range d.Assessments {
		yes[a.Person] = a.Verdict == crisis.VerdictApprove
		if a.Version == d.Incident.Version {
			row.judged[a.Person] = true
		}
	}
	for person, approves := range yes {
		if approves && !row.submitters[person] {
			row.Approvals++
		}
	}
	row.Assessments = len(d.Assessments)
	row.Needs = needs(d)
	row.WhyNow = whyNow(row)
	return row
}

// changed reports whether a verified incident waits for a second person to say
// yes to what one alone has changed.
func changed(in *crisis.Incident) bool {
	return in.Status == crisis.StatusVerified && in.Awaits(crisis.ID{})
}

// needs is what an incident waits for.
func needs(d *Dossier) string {
	in := d.Incident
	switch wants := d.Decision().Wants; {
	case in.Status == crisis.StatusVerified && in.Location.IsZero():
		return "location"
	case changed(in):
		return "second"
	case !in.Status.Open():
		return "nothing"
	case wants == "third":
		return "second"
	case wants != "":
		return wants
	}
	return "first"
}

func whyNow(row Row) string {
	var why []string
	if row.Incident.Severity == crisis.SeverityLifeSafety {
		why = append(why, "Life may be at risk")
	}
	switch row.Needs {
	case "first":
		if row.Incident.Status == crisis.StatusNeedsInfo {
			why = append(why, "a question is open")
		} else {
			why = append(why, "nobody has judged it yet")
		}
	case "second":
		if changed(row.Incident) {
			why = append(why, "changed since it was verified; the public sees the change once one more person says yes")
		} else {
			why = append(why, "one more person settles it")
		}
	case "verifier":
		why = append(why, "a verifier must be among its two")
	case "location":
		why = append(why, "verified, but on no map until it is located")
	}
	text := strings.Join(why, "; ")
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// shortened is the first line's worth of a text.
func shortened(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= titleRunes {
		return text
	}
	runes := []rune(text)[:titleRunes]
	return strings.TrimRight(string(runes), " ") + "…"
}
