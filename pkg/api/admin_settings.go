package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/onyo-project/onyo/pkg/api/web"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// DeploymentPatch changes what it names. Loosening a profile takes two people
// and is not done here.
type DeploymentPatch struct {
	Name      *string           `json:"name"`
	Profile   *crisis.Profile   `json:"profile"`
	Area      []float64         `json:"area"`
	TimeZone  *string           `json:"timezone"`
	Languages []string          `json:"languages"`
	Emergency *crisis.Emergency `json:"emergency"`
	Training  *bool             `json:"training"`
	Hotspot   *crisis.Density   `json:"hotspot"`
}

func (s *setup) getDeployment(c echo.Context) error {
	deployment, _, err := crisis.ReadDeployment(c.Request().Context(), s.records)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, deployment)
}

func (s *setup) patchDeployment(c echo.Context) error {
	var patch DeploymentPatch
	if err := web.ReadJSON(c, &patch); err != nil {
		return err
	}
	ctx := c.Request().Context()
	deployment, policy, err := crisis.ReadDeployment(ctx, s.records)
	if err != nil {
		return err
	}
	if err := patch.into(&deployment); err != nil {
		return err
	}
	change, err := crisis.Configure(policy, deployment, s.clock(), who(c).Actor())
	if err != nil {
		return err
	}
	if patch.Profile != nil { // categories that were looser are served by the deployment now
		on, err := s.switchedOn(ctx)
		if err != nil {
			return err
		}
		stricter, err := switchCategories(ctx, s.records, on, deployment.Profile, s.clock(), who(c).Actor())
		if err != nil {
			return err
		}
		change.Put = append(change.Put, stricter...)
	}
	if _, err := s.records.Write(ctx, change); err != nil {
		return refusal(err)
	}
	return c.JSON(http.StatusOK, deployment)
}

func (s *setup) switchedOn(ctx context.Context) ([]string, error) {
	categories, err := crisis.Select[*crisis.Category](ctx, s.records, crisis.Query{})
	if err != nil {
		return nil, err
	}
	var keys []string
	for _, category := range categories {
		if category.Enabled {
			keys = append(keys, category.Key)
		}
	}
	return keys, nil
}

func (p *DeploymentPatch) into(d *crisis.Deployment) error {
	if p.Profile != nil {
		if p.Profile.Strictness() < d.Profile.Strictness() {
			return web.Forbidden("Loosening the profile takes two people; that is not offered yet.")
		}
		if *p.Profile != crisis.ProfileOpen && *p.Profile != crisis.ProfileGuarded && *p.Profile != crisis.ProfileHidden {
			return web.BadField("profile", "A profile is open, guarded or hidden.")
		}
		d.Profile = *p.Profile
	}
	if p.Name != nil {
		if *p.Name == "" || len(*p.Name) > 200 {
			return web.BadField("name", "A name has 1 to 200 bytes.")
		}
		d.Name = *p.Name
	}
	if p.Area != nil {
		area, err := boundsOf(p.Area)
		if err != nil {
			return err
		}
		d.Area = area
	}
	if p.TimeZone != nil {
		if err := checkZone(*p.TimeZone); err != nil {
			return err
		}
		d.TimeZone = *p.TimeZone
	}
	if len(p.Languages) > 0 {
		d.Languages = p.Languages
	}
	if p.Emergency != nil {
		if err := checkEmergency(*p.Emergency); err != nil {
			return err
		}
		d.Emergency = *p.Emergency
	}
	if p.Training != nil {
		d.Training = *p.Training
	}
	if p.Hotspot != nil {
		if p.Hotspot.Metres < 10 || p.Hotspot.Metres > 500_000 || p.Hotspot.Hours < 0 || p.Hotspot.Hours > 8784 || p.Hotspot.Weight < 1 || p.Hotspot.Weight > 1000 {
			return web.BadField("hotspot", "Metres are 10 to 500,000, hours 0 to 8,784, weight 1 to 1,000.")
		}
		d.Hotspot = *p.Hotspot
	}
	return nil
}

// CategoryPatch changes what it names.
type CategoryPatch struct {
	Enabled       *bool             `json:"enabled"`
	Labels        map[string]string `json:"labels"`
	Severity      *crisis.Severity  `json:"severity"`
	LifetimeHours *float64          `json:"lifetime_h"`
	Profile       *crisis.Profile   `json:"profile"`
}

func (s *setup) listCategories(c echo.Context) error {
	categories, err := crisis.Select[*crisis.Category](c.Request().Context(), s.records, crisis.Query{})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, CategoryList{Categories: categoryRows(categories)})
}

func (s *setup) patchCategory(c echo.Context) error {
	var patch CategoryPatch
	if err := web.ReadJSON(c, &patch); err != nil {
		return err
	}
	ctx, by := c.Request().Context(), who(c).Actor()
	deployment, _, err := crisis.ReadDeployment(ctx, s.records)
	if err != nil {
		return err
	}
	category, err := crisis.One[*crisis.Category](ctx, s.records, "key", c.Param("key"))
	if errors.Is(err, crisis.ErrNotFound) {
		return web.Missing("category")
	}
	if err != nil {
		return err
	}
	next := *category
	next.Meta = category.Next(s.clock(), by)
	if err := patch.into(&next, deployment.Profile); err != nil {
		return err
	}
	change := crisis.Change{Action: "category.changed", Actor: by, At: s.clock(), Put: []crisis.Record{&next}}
	if _, err := s.records.Write(ctx, change); err != nil {
		return refusal(err)
	}
	return c.JSON(http.StatusOK, categoryRows([]*crisis.Category{&next})[0])
}

func (p *CategoryPatch) into(c *crisis.Category, inherited crisis.Profile) error {
	if p.Profile != nil {
		now := c.Profile
		if now == "" {
			now = inherited
		}
		if *p.Profile == "" || p.Profile.Strictness() < now.Strictness() {
			return web.Forbidden("Loosening a profile takes two people; that is not offered yet.")
		}
		c.Profile = *p.Profile
	}
	if p.Severity != nil {
		switch *p.Severity {
		case crisis.SeverityLow, crisis.SeverityNormal, crisis.SeverityLifeSafety:
			c.Severity = *p.Severity
		default:
			return web.BadField("severity", "A severity is low, normal or life_safety.")
		}
	}
	if p.LifetimeHours != nil {
		if *p.LifetimeHours < 0 || *p.LifetimeHours > 100_000 {
			return web.BadField("lifetime_h", "A lifetime is 0 to 100,000 hours; 0 never ends.")
		}
		c.LifetimeHours = *p.LifetimeHours
	}
	if p.Enabled != nil {
		c.Enabled = *p.Enabled
	}
	for language, label := range p.Labels {
		if c.Labels == nil {
			c.Labels = map[string]string{}
		}
		c.Labels[language] = label
	}
	return nil
}

// confirmKey notes that a person keeps a copy of the key elsewhere; until then
// ops and doctor warn.
func (s *setup) confirmKey(c echo.Context) error {
	ctx := c.Request().Context()
	deployment, policy, err := crisis.ReadDeployment(ctx, s.records)
	if err != nil {
		return err
	}
	deployment.KeyConfirmed = crisis.Moment(s.clock())
	change, err := crisis.Configure(policy, deployment, s.clock(), who(c).Actor())
	if err != nil {
		return err
	}
	if _, err := s.records.Write(ctx, change); err != nil {
		return refusal(err)
	}
	return c.NoContent(http.StatusNoContent)
}
