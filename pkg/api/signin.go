package api

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/auth"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// Me is the signed-in person as their own browser sees them.
type Me struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	Role         crisis.RoleName   `json:"role"`
	Roles        []crisis.RoleName `json:"roles"`
	Areas        []geo.Bounds      `json:"areas"`
	Organisation string            `json:"organisation"`
	Languages    []string          `json:"languages"`
}

// strongest first: the role that names a person who has several.
var roleOrder = [...]crisis.RoleName{crisis.RoleCoordinator, crisis.RoleAdmin, crisis.RoleVerifier, crisis.RoleResponder, crisis.RoleVolunteer}

func meOf(person *auth.Who) Me {
	me := Me{ID: person.Person.ID.String(), Name: person.Person.Name, Roles: person.Roles, Areas: []geo.Bounds{},
		Organisation: person.Person.Organisation, Languages: orEmpty(person.Person.Languages)}
	for _, role := range roleOrder {
		if person.Has(role) {
			me.Role = role
			break
		}
	}
	for _, grant := range person.Grants {
		me.Areas = append(me.Areas, grant.Areas...)
	}
	return me
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// signinsPerMinute bounds guessing from one address. It never counts a name over
// all addresses, or anybody could lock somebody else out.
const signinsPerMinute = 20

// SigninBody is a name and passphrase.
type SigninBody struct {
	Name       string `json:"name"`
	Passphrase string `json:"passphrase"`
}

// AcceptBody spends an invitation; the passphrase is for coming back.
type AcceptBody struct {
	Passphrase string `json:"passphrase"`
}

// Invited tells whom a link is for.
type Invited struct {
	Name string          `json:"name"`
	Role crisis.RoleName `json:"role"`
}

func (s *Server) signinRoutes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/api/v1/auth/me", Access: web.Person, Tag: "people", Summary: "Who am I", Out: Me{}, Handler: s.me},
		{Method: "POST", Path: "/api/v1/auth/signin", Access: web.Anyone, Tag: "people", Summary: "Sign in with name and passphrase", In: SigninBody{}, Out: Me{}, Handler: s.postSignin},
		{Method: "POST", Path: "/api/v1/auth/signout", Access: web.Person, Tag: "people", Summary: "End this session", Status: http.StatusNoContent, Handler: s.postSignout},
		{Method: "GET", Path: "/api/v1/auth/invitations/:token", Access: web.Anyone, Tag: "people", Summary: "Whom a link is for; does not spend it", Out: Invited{}, Handler: s.getInvitation},
		{Method: "POST", Path: "/api/v1/auth/invitations/:token", Access: web.Anyone, Tag: "people", Summary: "Spend a link and sign in", In: AcceptBody{}, Out: Me{}, Handler: s.postInvitation},
	}
}

func (s *Server) me(c echo.Context) error { return c.JSON(http.StatusOK, meOf(who(c))) }

func (s *Server) postSignin(c echo.Context) error {
	var body SigninBody
	if err := web.ReadJSON(c, &body); err != nil {
		return err
	}
	if err := s.guesses.Allow(s.callers.Of(c.Request()), "Too many tries to sign in."); err != nil {
		return err
	}
	person, secret, err := s.auth.SignIn(c.Request().Context(), body.Name, body.Passphrase)
	return s.signedIn(c, person, secret, err)
}

func (s *Server) postSignout(c echo.Context) error {
	if err := s.auth.SignOut(c.Request().Context(), who(c)); err != nil {
		return err
	}
	s.forget(c)
	return c.NoContent(http.StatusNoContent)
}

func (s *Server) getInvitation(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	person, role, err := s.auth.Peek(c.Request().Context(), c.Param("token"))
	if errors.Is(err, auth.ErrSpent) {
		return spent()
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, Invited{Name: person.Name, Role: role})
}

func (s *Server) postInvitation(c echo.Context) error {
	var body AcceptBody
	if err := web.ReadJSON(c, &body); err != nil {
		return err
	}
	if n := len([]rune(body.Passphrase)); n != 0 && (n < auth.PassphraseMin || n > auth.PassphraseMax) {
		return web.BadField("passphrase", "A passphrase has %d to %d characters; four random words are good.", auth.PassphraseMin, auth.PassphraseMax)
	}
	person, secret, err := s.auth.Accept(c.Request().Context(), c.Param("token"), body.Passphrase)
	return s.signedIn(c, person, secret, err)
}

func (s *Server) signedIn(c echo.Context, person *auth.Who, secret string, err error) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	switch {
	case errors.Is(err, auth.ErrRefused):
		return web.Refuse(http.StatusUnauthorized, "wrong_passphrase", "", "Name and passphrase do not fit. An admin can send you a new sign-in link.")
	case errors.Is(err, auth.ErrSpent):
		return spent()
	case err != nil:
		return err
	}
	s.signIn(c, secret)
	return c.JSON(http.StatusOK, meOf(person))
}

func spent() error {
	return web.Refuse(http.StatusGone, "link_spent", "", "This link has been used or has expired. Ask for a new one.")
}
