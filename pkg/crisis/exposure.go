package crisis

import "slices"

// ProfileOf is the profile that an incident's categories put it under (DESIGN
// §6): the strictest of them, each category without one taking the
// deployment's; uncategorised, or of a category nobody knows, is never looser
// than guarded.
func ProfileOf(deployment Profile, categories []string, known map[string]*Category) Profile {
	if len(categories) == 0 {
		return Stricter(deployment, ProfileGuarded)
	}
	strictest := ProfileOpen
	for _, key := range categories {
		own := Stricter(deployment, ProfileGuarded)
		if category, ok := known[key]; ok {
			own = deployment
			if category.Profile != "" {
				own = category.Profile
			}
		}
		strictest = Stricter(strictest, own)
	}
	return strictest
}

// ExposedUnder is the profile that an incident is published under: the strictest
// of what its categories say now, what the shown ones say, and what those say
// that one person alone took away. So a stricter word holds at once and a looser
// one waits for a second person.
func ExposedUnder(deployment Profile, in *Incident, known map[string]*Category) Profile {
	profile := Stricter(ProfileOf(deployment, in.Categories, known), ProfileOf(deployment, in.Shown.Categories, known))
	if len(in.Shown.Bound) > 0 {
		profile = Stricter(profile, ProfileOf(deployment, in.Shown.Bound, known))
	}
	return profile
}

// Show takes what the incident says into what is shown of it, at the approving
// assessment of a person: all of it where nothing was shown yet, and later each
// part that the person has not changed themselves. So every change of what
// strangers see is the word of two.
func (in *Incident) Show(person ID) {
	first := in.Shown.Severity == ""
	show := func(editors *[]ID, take func()) {
		own := slices.Contains(*editors, person)
		if first || !own {
			take()
		}
		if !own {
			*editors = nil
		}
	}
	show(&in.EditedBy.Reports, func() {
		in.Shown.Reports, in.Shown.Sources, in.Shown.Occurred = in.Reports, in.Sources, in.Occurred
		if in.Occurred.From.IsZero() {
			in.Shown.Occurred.From = in.FirstReceived
		}
	})
	show(&in.EditedBy.Location, func() { in.Shown.Location = in.Location })
	show(&in.EditedBy.Categories, func() { in.Shown.Categories, in.Shown.Severity = in.Categories, in.Severity })
	if len(in.EditedBy.Categories) == 0 {
		in.Shown.Bound = nil
	}
}

// Awaits reports whether a yes of the person would bring into what is shown
// something that somebody else changed.
func (in *Incident) Awaits(person ID) bool {
	for _, editors := range [][]ID{in.EditedBy.Location, in.EditedBy.Categories, in.EditedBy.Reports} {
		if len(editors) > 0 && !slices.Contains(editors, person) {
			return true
		}
	}
	return false
}

// ShownStatus is the status that fits the shown content: where that is
// life-safety and no verifier is among the two, it is not verified, whatever
// severity the desk says now.
func (in *Incident) ShownStatus() Status {
	if in.Status == StatusVerified && in.Shown.Severity == SeverityLifeSafety && !in.First.AsVerifier && !in.Second.AsVerifier {
		return StatusProbable
	}
	return in.Status
}

// Publishable reports whether an incident of this status may be in the public
// copy under a profile: verified; under open also probable. Hidden wants two
// people's mark that it is safe, which nothing gives yet, so it stays out.
func Publishable(profile Profile, status Status) bool {
	switch profile {
	case ProfileOpen:
		return status == StatusVerified || status == StatusProbable
	case ProfileGuarded:
		return status == StatusVerified
	}
	return false
}

// Bucket is the lower bound of the bucket that a public count falls in: 1–2,
// 3–4, 5–9, 10–19, 20+ (DESIGN §4, law 3). Zero stays zero.
func Bucket(n uint32) uint32 {
	for _, lower := range []uint32{20, 10, 5, 3, 1} {
		if n >= lower {
			return lower
		}
	}
	return 0
}

// HotspotWeight is what an incident weighs in a hotspot: its independent
// sources, at most 3; a verified life-safety one always 3 (CONTRACT, Defaults).
func HotspotWeight(severity Severity, status Status, sources uint32) float64 {
	if severity == SeverityLifeSafety && status == StatusVerified {
		return 3
	}
	return float64(min(max(sources, 1), 3))
}
