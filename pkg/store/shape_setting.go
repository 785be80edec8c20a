package store

import "github.com/onyo-project/onyo/pkg/crisis"

// settingShapes are the tables of who works here and how it is set up.
func settingShapes() []*shape {
	return []*shape{
		shapeOf(func(p *crisis.Policy) []field {
			return []field{column("key", &p.Key), column("value", &p.Value)}
		}, "key"),
		shapeOf(categoryFields, "key"),
		shapeOf(func(c *crisis.Channel) []field {
			return []field{
				column("name", &c.Name), column("kind", &c.Kind), column("public_url", &c.PublicURL),
				column("settings", &c.Settings), sealed("secrets", &c.Secrets), column("enabled", &c.Enabled),
			}
		}, "name"),
		shapeOf(func(p *crisis.Person) []field {
			return []field{
				column("name", &p.Name), column("organisation", &p.Organisation), sealed("email", &p.Email),
				column("languages", &p.Languages), sealed("passphrase", &p.Passphrase),
				column("disabled", &p.Disabled), column("scripted", &p.Scripted),
			}
		}, "name"),
		shapeOf(func(r *crisis.Role) []field {
			return []field{column("person", &r.Person), column("name", (*string)(&r.Name)), column("ended", &r.Ended)}
		}, "person"),
		shapeOf(func(g *crisis.Grant) []field {
			return []field{
				column("person", &g.Person), column("areas", &g.Areas), column("categories", &g.Categories),
				column("hidden", &g.Hidden), column("until", &g.Until), column("ended", &g.Ended),
			}
		}, "person"),
		shapeOf(func(c *crisis.Credential) []field {
			return []field{
				column("kind", (*string)(&c.Kind)), column("person", &c.Person), column("role", (*string)(&c.Role)),
				column("hash", &c.Hash), column("expires", &c.Expires), column("ended", &c.Ended),
				column("report", &c.Report),
			}
		}, "person", "hash"),
	}
}

func categoryFields(c *crisis.Category) []field {
	return []field{
		column("key", &c.Key), column("parent", &c.Parent), column("labels", &c.Labels), column("icon", &c.Icon),
		column("severity", (*string)(&c.Severity)), column("profile", (*string)(&c.Profile)),
		column("lifetime_hours", &c.LifetimeHours), column("enabled", &c.Enabled),
		column("density_metres", &c.Density.Metres), column("density_hours", &c.Density.Hours),
		column("density_weight", &c.Density.Weight), column("ordering", &c.Order),
	}
}
