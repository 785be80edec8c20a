package crisis

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
