package public

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/time/rate"

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
	// Scope keeps apart the idempotency keys of two authenticated callers.
	Scope string
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
	// BodyBytes bounds a submission.
	BodyBytes() int64
}

// Site is the public face: pages, map, reports, receipts.
type Site struct {
	UI      *ui.UI
	Maps    *Maps
	Door    Door
	Setting func(context.Context) (Setting, error)
	// FormRate is how many anonymous submissions a minute one address may make;
	// 0 is off.
	FormRate int
	Clock    func() time.Time
	// Refusal turns what the door says no with into a problem.
	Refusal func(error) error
	// Scope names the caller where a bearer token came along; "" for nobody.
	Scope func(echo.Context) string
	Log   interface{ Warn(string, ...any) }

	limiter limiter
}

// Routes are everything an anonymous caller can reach, but for signing in.
func (s *Site) Routes() []web.Route {
	s.limiter = limiter{perMinute: s.FormRate, clock: s.Clock, visitors: map[string]*visitor{}}
	page := func(method, path string, handler echo.HandlerFunc) web.Route {
		return web.Route{Method: method, Path: path, Access: web.Anyone, Hidden: true, Handler: handler}
	}
	return append(s.Maps.Routes(),
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

// ListPage answers what the first paint of the public map lists.
const listPage = 100

// limiter bounds anonymous submissions per address. Addresses live in memory for
// a few minutes and nowhere else.
type limiter struct {
	perMinute int
	clock     func() time.Time
	mu        sync.Mutex
	visitors  map[string]*visitor
}

type visitor struct {
	limit *rate.Limiter
	seen  time.Time
}

// allow says whether the address may submit now, and if not, after how long.
func (l *limiter) allow(address string) (bool, time.Duration) {
	if l.perMinute == 0 {
		return true, 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock()
	if len(l.visitors) > 10_000 {
		for key, v := range l.visitors {
			if now.Sub(v.seen) > 2*time.Minute {
				delete(l.visitors, key)
			}
		}
	}
	v := l.visitors[address]
	if v == nil {
		v = &visitor{limit: rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)}
		l.visitors[address] = v
	}
	v.seen = now
	reservation := v.limit.ReserveN(now, 1)
	if wait := reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
		return false, wait
	}
	return true, 0
}

// caller is the address behind a request. A proxy on this machine is believed
// about whom it speaks for; nobody else is.
func caller(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsLoopback() {
		if forwarded := r.Header.Values("X-Forwarded-For"); len(forwarded) > 0 {
			return lastHop(forwarded[len(forwarded)-1])
		}
	}
	return host
}

func lastHop(list string) string {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i] == ',' {
			return list[i+1:]
		}
	}
	return list
}
