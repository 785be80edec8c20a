package ui

import (
	"html/template"
	"slices"
	"time"
)

// View is a page that Render can write; the page types below are all there are.
type View interface {
	page() *Page
	template() string
	// entry names the client code the page loads.
	entry() string
}

// Page is what every page shows around its own content.
type Page struct {
	Lang       string // one of UI.Languages; English when empty
	Path       string // of the page itself, for the language links
	Deployment string // its name
	Demo       bool
	Training   bool
	// Emergency is the sentence in Lang with the number filled in.
	Emergency string
	// EmergencyNumber alone makes the sentence a link to call.
	EmergencyNumber string
	// Offered are the deployment's languages; none means all.
	Offered []string
	// ExitURL is where quick exit leads; a neutral page when empty.
	ExitURL string
	// Zone is the deployment's time zone; UTC when nil.
	Zone *time.Location

	ui *UI
}

func (p *Page) page() *Page { return p }

// ListRow is one line of the public list. Texts come in the page's language;
// counts are the lower bounds the public copy holds.
type ListRow struct {
	ID         string
	Title      string // category labels, or an approved summary
	Place      string
	Categories string // labels, joined
	Icon       string
	Severity   string // low, normal, life_safety
	Status     string // of the incident or hotspot
	Phase      string // ongoing, over; empty for hotspots
	Trend      string // rising, steady, falling; hotspots only
	Why        string
	Reports    int
	Sources    int
	Incidents  int // hotspots only
	// At is when it happened; for a hotspot, when it was last seen.
	At time.Time
	// Precision of At: minute, hour or day.
	Precision string
}

// MapPage is the public map: a list and a still map first, the living one after.
type MapPage struct {
	Page
	Hotspots, Incidents []ListRow
	// More is how many incidents the list leaves out.
	More int
	// Updated is the batch time that the list shows; zero before the first.
	Updated time.Time
	// Still is the address of the static map, for DrawMap's answer.
	Still string
	// Embed leaves out the page's frame.
	Embed bool
}

func (*MapPage) template() string { return "map" }
func (*MapPage) entry() string    { return "map" }

// CategoryChoice is a kind of thing a witness can tick.
type CategoryChoice struct {
	Key, Label, Icon string
	Chosen           bool
}

// FormPage is the witness form. What was filled in stays filled in when the
// server has to ask again.
type FormPage struct {
	Page
	Categories []CategoryChoice
	Values     FormValues
	// Problem says in plain words what to mend; Field names the input.
	Problem, Field string
	// MediaBytes bounds all attachments together, in bytes.
	MediaBytes int64
}

// FormValues are the fields of POST /report (multipart/form-data): text, where,
// lon, lat, accuracy_m, category (repeated), occurred_at (datetime-local in the
// deployment's zone), language, contact, media (files).
type FormValues struct {
	Text, Where, Lon, Lat, AccuracyM, OccurredAt, Contact string
}

// atOnce is how many kinds a witness sees without opening the rest: on a phone
// a long list would push the next step out of sight.
const atOnce = 8

// Common are the kinds shown at once, in the deployment's order.
func (f *FormPage) Common() []CategoryChoice { return f.Categories[:min(atOnce, len(f.Categories))] }

// Rarer are the others.
func (f *FormPage) Rarer() []CategoryChoice { return f.Categories[min(atOnce, len(f.Categories)):] }

// RarerChosen: one of the others is ticked, so they are shown.
func (f *FormPage) RarerChosen() bool {
	return slices.ContainsFunc(f.Rarer(), func(c CategoryChoice) bool { return c.Chosen })
}

func (*FormPage) template() string { return "report" }
func (*FormPage) entry() string    { return "form" }

// ReceiptPage answers a sent report (Sent), and what became of one. Its form
// posts code, action (add, correct, withdraw or empty) and text to /receipt.
type ReceiptPage struct {
	Page
	Sent       bool
	Code       string
	Label      string
	ReceivedAt time.Time
	Entries    []ReceiptEntry
	Problem    string
}

// CardPage is a report card: a short form behind a link that was sent to somebody
// and opens once. Its form posts code, where, lon, lat, accuracy_m and text to
// /card. Sent says that it was taken.
type CardPage struct {
	Page
	Sent                                   bool
	Code, Where, Lon, Lat, AccuracyM, Text string
	Problem                                string
}

func (*CardPage) template() string { return "card" }
func (*CardPage) entry() string    { return "card" }

// ReceiptEntry is one thing that happened to a report.
type ReceiptEntry struct {
	At   time.Time
	Text string
}

func (*ReceiptPage) template() string { return "receipt" }
func (*ReceiptPage) entry() string    { return "receipt" }

// SigninPage asks for name and passphrase.
type SigninPage struct{ Page }

func (*SigninPage) template() string { return "signin" }
func (*SigninPage) entry() string    { return "signin" }

// InvitePage is what a sign-in link opens; only its button spends the link.
type InvitePage struct {
	Page
	Token, Name, Role string
	// Spent links are no longer good.
	Spent bool
}

func (*InvitePage) template() string { return "invite" }
func (*InvitePage) entry() string    { return "signin" }

// ErrorPage says what went wrong and what to do.
type ErrorPage struct {
	Page
	Status    int
	Detail    string
	RequestID string
}

func (*ErrorPage) template() string { return "error" }
func (*ErrorPage) entry() string    { return "page" }

// HelpPage shows one article of the manual; UI.Article fills it.
type HelpPage struct {
	Page
	Current  Article
	Articles []Article
	Body     template.HTML
}

func (*HelpPage) template() string { return "help" }
func (*HelpPage) entry() string    { return "page" }

// AppPage is the shell of a face that needs JavaScript.
type AppPage struct {
	Page
	Face string // ops, desk, setup, admin, style
}

func (*AppPage) template() string { return "app" }
func (a *AppPage) entry() string  { return a.Face }
