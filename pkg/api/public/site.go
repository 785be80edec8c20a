package public

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/ui"
)

// Setting is what the deployment tells everybody about itself.
type Setting struct {
	Deployment crisis.Deployment
	Categories []*crisis.Category
	Demo       bool
	// PublishEvery is the shortest period at which the public copy changes.
	PublishEvery time.Duration
}

// Submission is a report as a witness handed it in: one HTTP body.
type Submission struct {
	Header http.Header
	Body   []byte
	// Submitter is the signed-in person behind it, if any: they may not verify
	// it, and their idempotency keys are their own.
	Submitter crisis.ID
}

// Taken is what a witness gets back. Status is "new", "again" or "variant".
type Taken struct {
	Receipt string
	Status  string
}

// Became is what became of a report.
type Became struct {
	Status     string
	Label      string
	ReceivedAt time.Time
	Entries    []BecameEntry
}

// BecameEntry is one step of it.
type BecameEntry struct {
	At   time.Time
	Text string
}

// Door is where witnesses hand in reports and ask after them: the channel app,
// seen from outside.
type Door interface {
	Submit(ctx context.Context, submission Submission) (Taken, error)
	// Ask is by receipt code; crisis.ErrNotFound for a code of nothing. Action
	// is "", "add", "correct" or "withdraw".
	Ask(ctx context.Context, code, action, text string) (Became, error)
	// Card asks whether a report card is still good, or fills it in.
	Card(ctx context.Context, code string, answers CardAnswers) error
	// BodyBytes bounds a submission.
	BodyBytes() int64
}

// Site is the public face: pages, map, reports, receipts.
type Site struct {
	UI   *ui.UI
	Maps *Maps
	Door Door
	// Uploads keeps files that come in pieces before their report; nil takes none.
	Uploads Uploads
	Setting func(context.Context) (Setting, error)
	// Submissions and Questions limit anonymous callers; Callers tells them apart.
	Submissions *web.Limiter
	Questions   *web.Limiter
	Callers     web.Callers
	Weight      *web.Weight
	Clock       func() time.Time
	// Refusal turns what the door says no with into a problem.
	Refusal func(error) error
	// Submitter is the signed-in person behind a request; the zero ID for nobody.
	// Program says whether it came with a bearer token, which is never limited.
	Submitter func(echo.Context) (person crisis.ID, program bool)
	// Embedders may frame /embed: origins as in https://news.example.
	Embedders []string
}

// Routes are everything an anonymous caller can reach, but for signing in.
func (s *Site) Routes() []web.Route {
	page := func(method, path string, handler echo.HandlerFunc) web.Route {
		return web.Route{Method: method, Path: path, Access: web.Anyone, Hidden: true, Handler: handler}
	}
	return append(slices.Concat(s.Maps.Routes(), s.uploadRoutes(), s.cardRoutes()),
		web.Route{Method: "GET", Path: "/api/v1/deployment", Access: web.Anyone, Tag: "deployment", Summary: "What this deployment is", Out: DeploymentAnswer{}, Handler: s.deployment},
		web.Route{Method: "POST", Path: "/api/v1/reports", Access: web.Anyone, Tag: "reports", Summary: "Hand in a report (JSON, or multipart with parts report and media)", In: ReportBody{}, Out: ReportAnswer{}, Status: http.StatusCreated, Handler: s.postReport},
		web.Route{Method: "POST", Path: "/api/v1/receipts", Access: web.Anyone, Tag: "reports", Summary: "What became of a report, by its receipt code", In: ReceiptBody{}, Out: ReceiptAnswer{}, Handler: s.postReceipt},
		page("GET", "/", s.mapPage), page("GET", "/embed", s.embedPage), page("GET", "/map.svg", s.stillMap),
		page("GET", "/report", s.formPage), page("POST", "/report", s.sendForm),
		page("GET", "/receipt", s.receiptPage), page("POST", "/receipt", s.askReceipt),
		page("GET", "/signin", s.shell(&ui.SigninPage{})),
		page("GET", "/help", s.help), page("GET", "/help/:name", s.help),
		page("GET", "/assets/*", s.asset),
		page("GET", "/desk", s.app("desk")), page("GET", "/ops", s.app("ops")), page("GET", "/admin", s.app("admin")),
		page("GET", "/setup", s.app("setup")), page("GET", "/style", s.app("style")),
	)
}

// listPage is how many rows the first paint of the public map lists.
const listPage = 100
