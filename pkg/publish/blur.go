package publish

import (
	"math"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
)

// rules are what a deployment has decided about publishing.
type rules struct {
	profile    crisis.Profile
	categories map[string]*crisis.Category
	zone       *time.Location
	cell       geo.CellSize // of the guarded grid
	density    crisis.Density
	every      time.Duration // overrides the periods; 0 does not
}

// period is how often a profile publishes. An override never shortens hidden's.
func (r *rules) period(p crisis.Profile) time.Duration {
	if r.every == 0 {
		return p.Period()
	}
	if p == crisis.ProfileHidden {
		return max(r.every, p.Period())
	}
	return r.every
}

// periods are those in use, longest first.
func (r *rules) periods() []time.Duration {
	open := r.profile == crisis.ProfileOpen
	for _, c := range r.categories {
		open = open || c.Enabled && c.Profile == crisis.ProfileOpen
	}
	out := []time.Duration{r.period(crisis.ProfileHidden), r.period(crisis.ProfileGuarded)}
	if open {
		out = append(out, r.period(crisis.ProfileOpen))
	}
	return out
}

// profileOf is the profile that an incident is under.
func (r *rules) profileOf(in *crisis.Incident) crisis.Profile {
	return crisis.ExposedUnder(r.profile, in, r.categories)
}

// mayShow reports whether anything was approved of an incident that strangers
// may know, under its profile.
func (r *rules) mayShow(in *crisis.Incident) bool {
	return in.Shown.Severity != "" && crisis.Publishable(r.profileOf(in), in.ShownStatus())
}

// public is an incident that may be shown, as strangers may know it, with the
// shown location, nil for none. Nothing of it depends on more than what two
// approved and the profile lets out: not on the point within its cell, the minute
// within its hour, the count within its bucket, nor on any text that nobody
// approved (DESIGN §4 law 3, §6).
func (r *rules) public(in *crisis.Incident, location *crisis.Location, summaries []*crisis.Summary, id string, name func(geo.Cell) string) crisis.PublicIncident {
	profile, shown := r.profileOf(in), in.Shown
	out := crisis.PublicIncident{ID: id, Profile: profile, Status: in.ShownStatus(), Phase: in.Phase, Severity: shown.Severity, Categories: shown.Categories,
		Summaries: map[string]string{}, OccurredAt: r.time(profile, shown.Occurred.At()), Reports: crisis.Bucket(shown.Reports), Sources: crisis.Bucket(shown.Sources)}
	for _, s := range summaries {
		if s.Approved && s.Text.Reveal() != "" {
			out.Summaries[s.Language] = s.Text.Reveal()
		}
	}
	if location != nil {
		r.place(&out, profile, location, name)
	}
	return out
}

// place blurs the location. The name comes from the blurred cell alone.
func (r *rules) place(out *crisis.PublicIncident, profile crisis.Profile, l *crisis.Location, name func(geo.Cell) string) {
	point := geo.Point{Lon: l.Lon, Lat: l.Lat}
	if !point.Valid() {
		return
	}
	out.Located = true
	size := geo.CellFor(l.UncertaintyM, r.cell)
	if profile == crisis.ProfileOpen {
		rounded := geo.RoundOpen(point, l.UncertaintyM)
		out.Lon, out.Lat = rounded.Lon, rounded.Lat
		out.UncertaintyM = math.Ceil(geo.OpenStep(l.UncertaintyM) * geo.MetresPerDegree)
		out.Place = name(geo.CellOf(rounded, geo.CellFor(l.UncertaintyM, geo.Cell001)))
		return
	}
	cell := geo.CellOf(point, size)
	centre := cell.Centre()
	out.Lon, out.Lat, out.Cell = centre.Lon, centre.Lat, size.Degrees()
	out.UncertaintyM = math.Ceil(cell.UncertaintyM())
	if l.UncertaintyM > size.Metres() { // the coarsest cell is finer than what is known
		out.UncertaintyM = math.Max(out.UncertaintyM, math.Ceil(l.UncertaintyM/100_000)*100_000)
	}
	out.Place = name(cell)
}

// time is a moment floored in the deployment's zone: to the minute,
// the hour or the day.
func (r *rules) time(profile crisis.Profile, at time.Time) time.Time {
	if at.IsZero() {
		return at
	}
	at = at.In(r.zone)
	_, offset := at.Zone()
	floor := func(unit time.Duration) time.Time {
		local := at.Add(time.Duration(offset) * time.Second).UTC()
		return local.Truncate(unit).Add(-time.Duration(offset) * time.Second)
	}
	switch profile {
	case crisis.ProfileOpen:
		return floor(time.Minute)
	case crisis.ProfileGuarded:
		return floor(time.Hour)
	}
	year, month, day := at.Date()
	return time.Date(year, month, day, 0, 0, 0, 0, r.zone).UTC()
}

// floorTo is the last whole multiple of a period since 1970 UTC.
func floorTo(t time.Time, period time.Duration) time.Time {
	n := t.UnixNano()
	rest := n % int64(period)
	if rest < 0 {
		rest += int64(period)
	}
	return time.Unix(0, n-rest).UTC()
}
