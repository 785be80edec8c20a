package api

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/channels"
	"github.com/onyo-project/onyo/pkg/api/public"
	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/auth"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/hotspot"
	"github.com/onyo-project/onyo/pkg/intake"
	"github.com/onyo-project/onyo/pkg/live"
	"github.com/onyo-project/onyo/pkg/media"
	"github.com/onyo-project/onyo/pkg/outbox"
	"github.com/onyo-project/onyo/pkg/triage"
	"github.com/onyo-project/onyo/pkg/verification"
	"github.com/onyo-project/onyo/ui"
)

// Options are what the server is made of.
type Options struct {
	Base
	Clock   func() time.Time
	Records Records
	Work    *verification.Service
	Queue   *verification.Queue
	// Wake tells that the ledger grew.
	Wake      func() (<-chan struct{}, func())
	Host      *intake.Host
	Receipts  *intake.Receipts
	Cards     *intake.Cards
	Outbox    *outbox.Outbox
	Traffic   Traffic
	Channels  *intake.Desk
	Media     *media.Keeper
	Uploads   *media.Uploads
	Reader    *triage.Reader
	PublicID  func(crisis.ID) string
	OpsMap    *live.Map
	OpsHub    *live.Hub
	PublicMap *live.Map
	PublicHub *live.Hub
	Hotspots  *hotspot.Service
	Status    func(context.Context) (OpsStatus, error)
	Ready     func(context.Context) []string
	Gauges    func() map[string]float64
	// Scrape opens the metrics to a monitor; an empty one opens nothing.
	Scrape       channels.Secret
	UI           *ui.UI
	FormRate     int
	Proxies      []netip.Prefix
	Embedders    []string
	PublishEvery time.Duration
	Demo         bool
}

// Traffic reads the exchange log and counts what goes out.
type Traffic interface {
	Traffic(ctx context.Context, channel string, before time.Time, limit int) ([]crisis.Traffic, error)
	DeliveryCounts(ctx context.Context, since time.Time) (map[crisis.ID]map[crisis.DeliveryState]int, error)
}

// New mounts every route.
func New(o Options) (*Server, error) {
	s, err := newServer(o.Base)
	if err != nil {
		return nil, err
	}
	witness := &door{door: intake.NewDoor(o.Host), receipts: o.Receipts, cards: o.Cards, host: o.Host}
	settings := &settingCache{records: o.Records, clock: o.Clock, demo: o.Demo, every: o.PublishEvery}
	weight, callers := web.NewWeight(), web.Callers{Proxies: o.Proxies}
	s.callers, s.guesses = callers, &web.Limiter{PerMinute: signinsPerMinute, Clock: o.Clock}
	site := &public.Site{UI: o.UI, Door: witness, Setting: settings.read, Clock: o.Clock, Refusal: channelRefusal, Submitter: s.submitter, Callers: callers, Weight: weight,
		Submissions: &web.Limiter{PerMinute: o.FormRate, Clock: o.Clock}, Questions: &web.Limiter{PerMinute: 2 * o.FormRate, Clock: o.Clock}, Embedders: o.Embedders,
		Maps: &public.Maps{Prefix: "/api/v1/map", Access: web.Anyone, Map: o.PublicMap, Hub: o.PublicHub, Stop: s.stop}}
	if o.Uploads != nil {
		site.Uploads = uploads{o.Uploads}
	}
	opsMaps := &public.Maps{Prefix: "/api/v1/ops/map", Access: web.Ops, Map: o.OpsMap, Hub: o.OpsHub, Sight: sight, AsOf: notYet, Still: s.still, Stop: s.stop}
	configure := &setup{records: o.Records, auth: o.Auth, channels: o.Channels, host: o.Host, traffics: o.Traffic, kinds: o.Host.Kinds, clock: o.Clock, public: strings.TrimRight(o.PublicURL, "/"), test: witness.test}
	volunteers := &desk{records: o.Records, work: o.Work, queue: o.Queue, clock: o.Clock, publicID: o.PublicID, reader: o.Reader, intake: witness,
		media: o.Media, presence: newPresence(o.Clock), outbox: o.Outbox, wake: o.Wake, stop: s.stop, still: s.still}
	responders := &ops{work: o.Work, hotspots: o.Hotspots, shown: o.OpsMap, status: o.Status}
	take := hook(o.Host, weight)
	for _, path := range []string{"/hooks/:channel", "/hooks/:channel/:secret", "/hooks/:channel/:secret/*"} {
		s.mount([]web.Route{{Method: "*", Path: path, Access: web.Provider, Tag: "channels", Summary: "A provider's webhook", Handler: take}})
	}
	s.mount(site.Routes())
	s.mount(s.signinRoutes())
	s.mount(s.invitePage(site))
	s.mount(configure.routes())
	s.mount(configure.adminRoutes())
	s.mount(volunteers.routes())
	s.mount(opsMaps.Routes())
	s.mount(responders.routes())
	s.mount(newHealth(s, o.Ready, o.Gauges, o.Scrape).routes())
	if o.Demo {
		s.mount((&demo{server: s, auth: o.Auth}).routes())
	}
	s.pages = site
	return s, s.mountDocs()
}

// notYet answers as_of on the ops map.
func notYet(echo.Context, time.Time) (*live.Map, error) {
	return nil, web.BadField("as_of", "The ops map does not look back yet; use since and until.")
}

// submitter is the signed-in person behind a request, by token or session.
func (s *Server) submitter(c echo.Context) (crisis.ID, bool) {
	person, err := s.identify(c)
	if err != nil {
		return crisis.ID{}, false
	}
	return person.Person.ID, strings.HasPrefix(c.Request().Header.Get("Authorization"), "Bearer ")
}

// invitePage is what a sign-in link opens; only its button spends the link.
func (s *Server) invitePage(site *public.Site) []web.Route {
	return []web.Route{{Method: "GET", Path: "/invite/:token", Access: web.Anyone, Hidden: true, Handler: func(c echo.Context) error {
		page, _, err := site.Frame(c)
		if err != nil {
			return err
		}
		c.Response().Header().Set("Cache-Control", "no-store")
		view := &ui.InvitePage{Page: page, Token: c.Param("token")}
		person, role, err := s.auth.Peek(c.Request().Context(), view.Token)
		switch {
		case errors.Is(err, auth.ErrSpent):
			view.Spent, view.Token = true, ""
			return site.Show(c, http.StatusGone, view)
		case err != nil:
			return err
		}
		view.Name, view.Role = person.Name, string(role)
		return site.Show(c, http.StatusOK, view)
	}}}
}
