package live

import (
	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// Allows reports whether a grant shows an incident with its true point: within
// the grant's areas and categories, and a hidden one only where the grant names
// hidden.
func Allows(grant *crisis.Grant, in *crisis.Incident, at *crisis.Location, known map[string]*crisis.Category) bool {
	for _, key := range in.Categories {
		if category := known[key]; category != nil && category.Profile == crisis.ProfileHidden && !grant.Hidden {
			return false
		}
	}
	if len(grant.Areas) > 0 && (at == nil || !inAny(grant.Areas, geo.Point{Lon: at.Lon, Lat: at.Lat})) {
		return false
	}
	return len(grant.Categories) == 0 || shareAny(grant.Categories, in.Categories)
}
