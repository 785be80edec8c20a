package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/auth"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// CategoryRow is a category as people choose it.
type CategoryRow struct {
	Key           string            `json:"key"`
	Parent        *string           `json:"parent"`
	Labels        map[string]string `json:"labels"`
	Icon          string            `json:"icon"`
	Severity      crisis.Severity   `json:"severity"`
	Profile       *crisis.Profile   `json:"profile"`
	LifetimeHours float64           `json:"lifetime_h"`
	Enabled       bool              `json:"enabled"`
}

func categoryRows(categories []*crisis.Category) []CategoryRow {
	rows := make([]CategoryRow, 0, len(categories))
	for _, c := range categories {
		row := CategoryRow{Key: c.Key, Labels: c.Labels, Icon: c.Icon, Severity: c.Severity, LifetimeHours: c.LifetimeHours, Enabled: c.Enabled}
		if c.Parent != "" {
			row.Parent = &c.Parent
		}
		if c.Profile != "" {
			row.Profile = &c.Profile
		}
		rows = append(rows, row)
	}
	return rows
}

// MemberRow is a person with their roles.
type MemberRow struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"`
	Roles    []crisis.RoleName `json:"roles"`
	Disabled bool              `json:"disabled"`
	Since    time.Time         `json:"since"`
}

func (s *setup) adminRoutes() []web.Route {
	route := func(access web.Access, method, path, summary string, in, out any, status int, handler echo.HandlerFunc) web.Route {
		return web.Route{Method: method, Path: "/api/v1/admin/" + path, Access: access, Tag: "admin", Summary: summary, In: in, Out: out, Status: status, Handler: handler}
	}
	return append(s.channelRoutes(),
		route(web.Admin, "GET", "deployment", "The deployment's settings", nil, crisis.Deployment{}, 0, s.getDeployment),
		route(web.Admin, "PATCH", "deployment", "Change them; no restart", DeploymentPatch{}, crisis.Deployment{}, 0, s.patchDeployment),
		route(web.Admin, "GET", "people", "People", nil, MemberList{}, 0, s.listPeople),
		route(web.Admin, "POST", "people", "Invite somebody", PersonBody{}, InvitedRow{}, http.StatusCreated, s.invitePerson),
		route(web.Admin, "DELETE", "people/:id", "End what somebody may do, at once", nil, nil, http.StatusNoContent, s.disablePerson),
		route(web.Admin, "GET", "categories", "Categories", nil, CategoryList{}, 0, s.listCategories),
		route(web.Admin, "PATCH", "categories/:key", "Change a category", CategoryPatch{}, CategoryRow{}, 0, s.patchCategory),
		route(web.Admin, "GET", "ledger", "How long the ledger is", nil, LedgerSize{}, 0, s.ledgerSize),
		route(web.AdminOnly, "POST", "key/confirm", "Somebody keeps a copy of the key elsewhere", nil, nil, http.StatusNoContent, s.confirmKey),
	)
}

// The lists of the admin pages.
type (
	// MemberList lists people.
	MemberList struct {
		People []MemberRow `json:"people"`
	}
	// CategoryList lists categories.
	CategoryList struct {
		Categories []CategoryRow `json:"categories"`
	}
	// LedgerSize is the number of entries.
	LedgerSize struct {
		Size uint64 `json:"size"`
	}
)

func (s *setup) listPeople(c echo.Context) error {
	people, err := s.auth.People(c.Request().Context())
	if err != nil {
		return err
	}
	list := MemberList{People: []MemberRow{}}
	for _, member := range people {
		list.People = append(list.People, MemberRow{ID: member.Person.ID.String(), Name: member.Person.Name, Roles: orEmpty(member.Roles), Disabled: member.Person.Disabled, Since: member.Person.At})
	}
	return c.JSON(http.StatusOK, list)
}

func (s *setup) invitePerson(c echo.Context) error {
	var body PersonBody
	if err := web.ReadJSON(c, &body); err != nil {
		return err
	}
	if _, err := crisis.ParseRole(string(body.Role)); err != nil {
		return web.BadField("role", "%v.", err)
	}
	if body.Role == crisis.RoleAdmin && !who(c).Has(crisis.RoleAdmin) {
		return web.Forbidden("Only an admin makes admins.")
	}
	if err := auth.CheckName(body.Name); err != nil {
		return web.BadField("name", "%v.", err)
	}
	person, word, err := s.auth.Invite(c.Request().Context(), who(c).Actor(), body.Name, body.Role)
	if errors.Is(err, crisis.ErrTaken) {
		return web.Conflict("name_taken", "There is somebody of that name. Give the new person another; a lost link is made anew with onyo person add on the server.")
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, InvitedRow{Name: person.Name, Role: body.Role, Link: s.public + "/invite/" + word})
}

func (s *setup) disablePerson(c echo.Context) error {
	id, err := crisis.ParseID(c.Param("id"))
	if err != nil || id.IsZero() {
		return web.Missing("person")
	}
	if err := s.auth.Disable(c.Request().Context(), who(c).Actor(), id); err != nil {
		return refusal(err)
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *setup) ledgerSize(c echo.Context) error {
	size, err := s.records.Size(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, LedgerSize{Size: size})
}
