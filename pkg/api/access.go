package api

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/auth"
	"github.com/onyo-project/onyo/pkg/crisis"
)

const whoKey = "who"

// who is the person behind the request; nil for nobody.
func who(c echo.Context) *auth.Who {
	found, _ := c.Get(whoKey).(*auth.Who)
	return found
}

// guarded puts the route's access check before its handler. Signed-in answers
// are never stored by anybody.
func (s *Server) guarded(route web.Route) echo.HandlerFunc {
	switch route.Access {
	case web.Anyone, web.Provider, web.Scrape:
		return route.Handler
	case web.Setup:
		return func(c echo.Context) error {
			c.Response().Header().Set("Cache-Control", "no-store")
			word, ok := strings.CutPrefix(c.Request().Header.Get("Authorization"), "Setup ")
			if !ok || !s.auth.MaySetUp(c.Request().Context(), word) {
				return web.Refuse(http.StatusUnauthorized, "setup_link", "", "Open the setup link that the server printed when it started; the newest one works.")
			}
			return route.Handler(c)
		}
	}
	return func(c echo.Context) error {
		c.Response().Header().Set("Cache-Control", "no-store")
		person, err := s.identify(c)
		if err != nil {
			return err
		}
		if !allowed(route.Access, person) {
			return web.Forbidden("Your role does not open this. A coordinator can give you another.")
		}
		c.Set(whoKey, person)
		return route.Handler(c)
	}
}

func allowed(access web.Access, person *auth.Who) bool {
	switch access {
	case web.Person:
		return true
	case web.Desk:
		return person.Any(crisis.RoleName.Desk)
	case web.Ops:
		return person.Any(crisis.RoleName.Ops)
	case web.DeskOrOps:
		return person.Any(crisis.RoleName.Desk) || person.Any(crisis.RoleName.Ops)
	case web.Admin:
		return person.Has(crisis.RoleAdmin, crisis.RoleCoordinator)
	case web.AdminOnly:
		return person.Has(crisis.RoleAdmin)
	}
	return false
}

// identify reads a bearer token or the session cookie.
func (s *Server) identify(c echo.Context) (*auth.Who, error) {
	ctx := c.Request().Context()
	var person *auth.Who
	var err error
	if token, ok := strings.CutPrefix(c.Request().Header.Get("Authorization"), "Bearer "); ok {
		person, err = s.auth.Bearer(ctx, token)
	} else if cookie, missing := c.Cookie(s.cookieName()); missing == nil {
		person, err = s.auth.Cookie(ctx, cookie.Value)
	} else {
		return nil, web.Unsigned()
	}
	if errors.Is(err, auth.ErrNobody) {
		return nil, web.Unsigned()
	}
	return person, err
}

// still says whether the person behind an open stream is who they were, with the
// same roles and grants: revoked means revoked, for streams too.
func (s *Server) still(c echo.Context) bool {
	before := who(c)
	now, err := s.identify(c)
	if err != nil || now.Person.ID != before.Person.ID || !slices.Equal(now.Roles, before.Roles) {
		return false
	}
	return slices.EqualFunc(now.Grants, before.Grants, func(a, b *crisis.Grant) bool { return a.ID == b.ID && a.Rev == b.Rev })
}

func (s *Server) cookieName() string {
	if s.secure {
		return "__Host-onyo"
	}
	return "onyo"
}

// signIn gives the browser its session.
func (s *Server) signIn(c echo.Context, secret string) {
	c.SetCookie(&http.Cookie{Name: s.cookieName(), Value: secret, Path: "/", HttpOnly: true, Secure: s.secure,
		SameSite: http.SameSiteLaxMode, MaxAge: int(auth.SessionLife.Seconds())})
}

// forget takes the session from the browser.
func (s *Server) forget(c echo.Context) {
	c.SetCookie(&http.Cookie{Name: s.cookieName(), Path: "/", HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode, MaxAge: -1})
}
