package media

import (
	"net/netip"
	"slices"
)

// refused are the special ranges (IANA registries of special-purpose addresses)
// that netip does not name: none of them is a host on the public internet, and
// those that wrap an IPv4 address could lead anywhere.
func refused() []netip.Prefix {
	ranges := []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
		"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
	}
	prefixes := make([]netip.Prefix, len(ranges))
	for i, one := range ranges {
		prefixes[i] = netip.MustParsePrefix(one)
	}
	return prefixes
}

// guard decides which addresses may be spoken to.
type guard struct {
	refused []netip.Prefix
	trusted []netip.Prefix
	global  netip.Prefix // all of IPv6 that is handed out to hosts
}

func newGuard(trusted []netip.Prefix) guard {
	return guard{refused: refused(), trusted: trusted, global: netip.MustParsePrefix("2000::/3")}
}

// allows says whether an address is a host on the public internet, or in a range
// that the deployment trusts. An IPv4 address inside an IPv6 one counts as
// itself.
func (g guard) allows(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	within := func(p netip.Prefix) bool { return p.Contains(address) }
	switch {
	case slices.ContainsFunc(g.trusted, within):
		return true
	case !address.IsValid(), address.IsLoopback(), address.IsPrivate(), address.IsMulticast(), address.IsUnspecified(),
		address.IsLinkLocalUnicast(), slices.ContainsFunc(g.refused, within):
		return false
	}
	return address.Is4() || g.global.Contains(address)
}
