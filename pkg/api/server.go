// Package api is the only HTTP server code. Every route stands in one table
// that registration, access control and OpenAPI all follow; what an anonymous
// caller can reach lives in api/public, which reads the projection alone.
package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/onyo-project/onyo/pkg/api/public"
	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/auth"
)

// Timeouts of FIELD B§6.2.
const (
	readHeader = 5 * time.Second
	// writeWithin is how long one write to a stream may take.
	writeWithin = 15 * time.Second
	idle        = 60 * time.Second
	drain       = 10 * time.Second
)

// Server answers HTTP for one deployment.
type Server struct {
	echo   *echo.Echo
	http   *http.Server
	routes []web.Route
	auth   *auth.Service
	log    *slog.Logger
	secure bool // served over https as far as browsers can tell
	origin *http.CrossOriginProtection
	// stop is closed when the server drains, so that streams end.
	stop chan struct{}
	// guesses bounds sign-ins by caller.
	guesses *web.Limiter
	callers web.Callers
	// pages shows errors to browsers.
	pages *public.Site
}

// Base is what a Server needs whatever its routes are.
type Base struct {
	PublicURL string
	Auth      *auth.Service
	Log       *slog.Logger
}

func newServer(base Base) (*Server, error) {
	public, err := url.Parse(base.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("read the public URL: %w", err)
	}
	s := &Server{echo: echo.New(), auth: base.Auth, log: base.Log, secure: public.Scheme == "https",
		origin: http.NewCrossOriginProtection(), stop: make(chan struct{})}
	if err := s.origin.AddTrustedOrigin(public.Scheme + "://" + public.Host); err != nil {
		return nil, fmt.Errorf("trust our own origin: %w", err)
	}
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.Logger.SetOutput(discard{})
	s.echo.HTTPErrorHandler = s.refuse
	s.echo.Pre(s.shell)
	s.echo.Use(middleware.GzipWithConfig(middleware.GzipConfig{MinLength: 512, Skipper: uncompressed}))
	s.http = &http.Server{Handler: s.echo, ReadHeaderTimeout: readHeader, IdleTimeout: idle, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(base.Log.Handler(), slog.LevelDebug)}
	return s, nil
}

// uncompressed answers are streams, and bytes that are packed already.
func uncompressed(c echo.Context) bool {
	path := c.Request().URL.Path
	return strings.HasSuffix(path, "/live") || strings.HasSuffix(path, ".mvt") || strings.HasSuffix(path, ".pmtiles") ||
		strings.HasPrefix(path, "/hooks/") || strings.HasPrefix(path, "/assets/")
}

// Routes are all that the server answers, as its table has them.
func (s *Server) Routes() []web.Route { return s.routes }

// Handler is the server without its listener.
func (s *Server) Handler() http.Handler { return s.echo }

// Serve answers on the listener until the context ends, then lets what is under
// way finish for at most ten seconds.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	ended := make(chan error, 1)
	go func() { ended <- s.http.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	close(s.stop)
	deadline, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := s.http.Shutdown(deadline); err != nil {
		return fmt.Errorf("drain: %w", err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// refuse answers an error: a page for a browser that asked for one, a problem
// for everybody else.
func (s *Server) refuse(err error, c echo.Context) {
	request := c.Request()
	wantsPage := strings.Contains(request.Header.Get("Accept"), "text/html") && !strings.HasPrefix(request.URL.Path, "/api/") && !strings.HasPrefix(request.URL.Path, "/hooks/")
	if wantsPage && s.pages != nil && !c.Response().Committed {
		problem := web.AsProblem(err, s.fault(c))
		if s.pages.ShowError(c, problem) == nil {
			return
		}
	}
	web.Answer(c, err, s.fault(c))
}

// mount registers routes; each is checked for access before its handler runs.
func (s *Server) mount(routes []web.Route) {
	s.routes = append(s.routes, routes...)
	for _, route := range routes {
		handler := s.guarded(route)
		if route.Method == "*" {
			s.echo.Any(route.Path, handler)
			continue
		}
		s.echo.Add(route.Method, route.Path, handler)
	}
}

// shell surrounds every request: an id, a body deadline, headers, same-origin
// protection, and a panic that becomes a 500.
func (s *Server) shell(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		request, header := c.Request(), c.Response().Header()
		header.Set("X-Request-Id", requestID())
		s.secureHeaders(header)
		defer func() {
			if fault := recover(); fault != nil {
				s.log.Error("a handler panicked", "route", c.Path(), "request", header.Get("X-Request-Id"), "stack", string(debug.Stack()))
				err = web.Refuse(http.StatusInternalServerError, "our_fault", "", "Something went wrong on our side; it has been noted. Try again.")
			}
		}()
		if request.Method != http.MethodGet && request.Method != http.MethodHead {
			web.Patient(c.Response().Writer, request)
			if !strings.HasPrefix(request.URL.Path, "/hooks/") {
				if err := s.origin.Check(request); err != nil {
					return web.Refuse(http.StatusForbidden, "cross_origin", "", "This must be sent from Onyo's own pages, or by a program with a token.")
				}
			}
		}
		return next(c)
	}
}

// policy is what a page may load: ourselves and nobody else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; " +
	"connect-src 'self'; worker-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

func (s *Server) secureHeaders(header http.Header) {
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Permissions-Policy", "geolocation=(self), camera=(), microphone=(), interest-cohort=()")
	if s.secure {
		header.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
}

func (s *Server) fault(c echo.Context) func(error) {
	return func(err error) {
		if errors.Is(err, context.Canceled) {
			return // the caller hung up
		}
		s.log.Error("a request failed", "route", c.Path(), "request", c.Response().Header().Get("X-Request-Id"), "error", err.Error())
	}
}

func requestID() string {
	var raw [12]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return "none"
	}
	return hex.EncodeToString(raw[:])
}

// discard swallows echo's own log.
type discard struct{}

// Write says that it wrote.
func (discard) Write(p []byte) (int, error) { return len(p), nil }
