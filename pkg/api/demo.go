package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/auth"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// demo lets a visitor sit down as anybody. It is mounted only where the server
// was started as a demo, on loopback, on a directory it made itself.
type demo struct {
	server *Server
	auth   *auth.Service
}

// DemoBody names the role to sit down as.
type DemoBody struct {
	Role crisis.RoleName `json:"role"`
}

func (d *demo) routes() []web.Route {
	return []web.Route{{Method: "POST", Path: "/api/v1/demo/signin", Access: web.Anyone, Tag: "demo", Summary: "Sit down as any role (demo only)",
		In: DemoBody{}, Out: Me{}, Handler: d.signin}}
}

func (d *demo) signin(c echo.Context) error {
	var body DemoBody
	if err := web.ReadJSON(c, &body); err != nil {
		return err
	}
	if _, err := crisis.ParseRole(string(body.Role)); err != nil {
		return web.BadField("role", "%v.", err)
	}
	person, secret, err := d.auth.SignInAs(c.Request().Context(), crisis.SystemActor("demo"), "Visitor ("+string(body.Role)+")", body.Role)
	if err != nil {
		return err
	}
	d.server.signIn(c, secret)
	return c.JSON(http.StatusOK, meOf(person))
}
