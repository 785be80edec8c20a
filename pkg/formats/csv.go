package formats

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// Table streams one kind of row as CSV (RFC 4180, UTF-8, a header line). Text
// that a spreadsheet would take for a formula is kept from being one. Rows are
// written as they come; Flush ends the table and gives the first fault of the
// writer below. It is for one goroutine.
type Table[T any] struct {
	out     *csv.Writer
	columns []column[T]
	cells   []string
}

type column[T any] struct {
	name string
	cell func(*T) string
}

func newTable[T any](w io.Writer, columns []column[T]) *Table[T] {
	t := &Table[T]{out: csv.NewWriter(w), columns: columns, cells: make([]string, len(columns))}
	for i, c := range columns {
		t.cells[i] = c.name
	}
	_ = t.out.Write(t.cells) // Flush tells
	return t
}

// Write adds a row.
func (t *Table[T]) Write(row *T) error {
	for i, c := range t.columns {
		t.cells[i] = c.cell(row)
	}
	return t.out.Write(t.cells)
}

// Flush hands everything to the writer below.
func (t *Table[T]) Flush() error {
	t.out.Flush()
	return t.out.Error()
}

// Safe keeps text from being taken for a formula by a spreadsheet: what begins
// like one gets an apostrophe before it (OWASP, CSV Injection).
func Safe(text string) string {
	trimmed := strings.TrimLeft(text, " \u00a0\u3000")
	if trimmed != "" && strings.ContainsRune("=+-@\t\r\n|%＝＋－＠", []rune(trimmed)[0]) {
		return "'" + text
	}
	return text
}

func safeList(list []string) string { return Safe(strings.Join(list, ";")) }

func csvTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano)
}

func csvNumber(v float64) string { return string(AppendNumber(nil, v)) }
func csvCount(n uint32) string   { return strconv.FormatUint(uint64(n), 10) }

func csvDegrees(located bool, v float64) string {
	if !located {
		return ""
	}
	return string(AppendDegrees(nil, v))
}

// NewIncidentTable begins a table of incidents.
func NewIncidentTable(w io.Writer) *Table[Incident] {
	return newTable(w, []column[Incident]{
		{"id", func(in *Incident) string { return in.ID }},
		{"status", func(in *Incident) string { return string(in.Status) }},
		{"phase", func(in *Incident) string { return string(in.Phase) }},
		{"severity", func(in *Incident) string { return string(in.Severity) }},
		{"categories", func(in *Incident) string { return safeList(in.Categories) }},
		{"summary", func(in *Incident) string { return Safe(in.Summary) }},
		{"place", func(in *Incident) string { return Safe(in.Place) }},
		{"occurred_at", func(in *Incident) string { return csvTime(in.OccurredAt) }},
		{"reports", func(in *Incident) string { return csvCount(in.Reports) }},
		{"independent_sources", func(in *Incident) string { return csvCount(in.Sources) }},
		{"lon", func(in *Incident) string { return csvDegrees(in.Located, in.Lon) }},
		{"lat", func(in *Incident) string { return csvDegrees(in.Located, in.Lat) }},
		{"uncertainty_m", func(in *Incident) string {
			if !in.Located {
				return ""
			}
			return csvNumber(in.UncertaintyM)
		}},
		{"cell", func(in *Incident) string {
			if in.Cell == 0 {
				return ""
			}
			return csvNumber(in.Cell)
		}},
		{"located_by", func(in *Incident) string { return Safe(in.LocatedBy) }},
	})
}

// NewHotspotTable begins a table of hotspots; the shape is not in it.
func NewHotspotTable(w io.Writer) *Table[Hotspot] {
	return newTable(w, []column[Hotspot]{
		{"id", func(h *Hotspot) string { return h.ID }},
		{"status", func(h *Hotspot) string { return string(h.Status) }},
		{"severity", func(h *Hotspot) string { return string(h.Severity) }},
		{"score", func(h *Hotspot) string { return csvNumber(h.Score) }},
		{"incidents", func(h *Hotspot) string { return csvCount(h.Incidents) }},
		{"reports", func(h *Hotspot) string { return csvCount(h.Reports) }},
		{"independent_sources", func(h *Hotspot) string { return csvCount(h.Sources) }},
		{"categories", func(h *Hotspot) string { return safeList(h.Categories) }},
		{"first_seen", func(h *Hotspot) string { return csvTime(h.FirstSeen) }},
		{"last_seen", func(h *Hotspot) string { return csvTime(h.LastSeen) }},
		{"trend", func(h *Hotspot) string { return string(h.Trend) }},
		{"why", func(h *Hotspot) string { return Safe(h.Why) }},
		{"place", func(h *Hotspot) string { return Safe(h.Place) }},
		{"lon", func(h *Hotspot) string { return csvDegrees(true, h.Lon) }},
		{"lat", func(h *Hotspot) string { return csvDegrees(true, h.Lat) }},
	})
}

// Report is a report for export: what a source said, under its pseudonym. It
// holds a witness's own words and is for people who may read them.
type Report struct {
	Report   *crisis.Report
	Incident crisis.ID
	Channel  string
	Source   string // pseudonym
}

// given is the point that the witness gave, in degrees; empty where they gave none.
func (r *Report) given() (lon, lat string) {
	var point struct{ Lon, Lat *float64 }
	if json.Unmarshal([]byte(r.Report.Given.Reveal()), &point) != nil || point.Lon == nil || point.Lat == nil {
		return "", ""
	}
	return strconv.FormatFloat(*point.Lon, 'f', -1, 64), strconv.FormatFloat(*point.Lat, 'f', -1, 64)
}

// NewReportTable begins a table of reports. Addresses and contacts are not in
// it.
func NewReportTable(w io.Writer) *Table[Report] {
	return newTable(w, []column[Report]{
		{"id", func(r *Report) string { return r.Report.ID.String() }},
		{"incident", func(r *Report) string { return r.Incident.String() }},
		{"channel", func(r *Report) string { return Safe(r.Channel) }},
		{"source", func(r *Report) string { return Safe(r.Source) }},
		{"received_at", func(r *Report) string { return csvTime(r.Report.ReceivedAt) }},
		{"occurred_at", func(r *Report) string { return csvTime(r.Report.Occurred.At()) }},
		{"language", func(r *Report) string { return Safe(r.Report.Language) }},
		{"subject", func(r *Report) string { return Safe(r.Report.Subject.Reveal()) }},
		{"text", func(r *Report) string { return Safe(r.Report.Text.Reveal()) }},
		{"where", func(r *Report) string { return Safe(r.Report.Words.Reveal()) }},
		{"given_lon", func(r *Report) string { lon, _ := r.given(); return lon }},
		{"given_lat", func(r *Report) string { _, lat := r.given(); return lat }},
		{"categories", func(r *Report) string { return safeList(r.Report.Said) }},
		{"media", func(r *Report) string { return strconv.Itoa(len(r.Report.Media)) }},
		{"withdrawn", func(r *Report) string { return strconv.FormatBool(r.Report.Withdrawn) }},
	})
}
