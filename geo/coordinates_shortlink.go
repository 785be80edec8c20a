package geo

import (
	"math"
	"net/url"
	"regexp"
	"strings"
)

// Links that carry their point in a code of a few letters. Those that only their
// maker can resolve (maps.app.goo.gl, goo.gl/maps) are no places.
var (
	osmShort  = regexp.MustCompile(`^/go/([A-Za-z0-9_~@]{3,15})(-*)$`)
	wazeShort = regexp.MustCompile(`^/ul/h([` + geohashDigits + `]{5,12})$`)
	hashPath  = regexp.MustCompile(`^/([` + geohashDigits + `]{5,12})$`)
)

const osmDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_~"

// parseCodeLink reads osm.org/go/…, waze.com/ul/h…, geohash.org/… and
// plus.codes/….
func parseCodeLink(u *url.URL) (Found, bool) {
	f := Found{Method: MethodMapLink, Certain: true}
	host := strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.")
	switch {
	case host == "osm.org" || host == "openstreetmap.org":
		if m := osmShort.FindStringSubmatch(u.Path); m != nil {
			p, uncertaintyM := decodeOSMShort(m[1], len(m[2]))
			if u.Query().Has("m") {
				return finishLink(f, p, MinUncertaintyM, "the marker of a short map link")
			}
			return finishLink(f, p, uncertaintyM, "the middle of a map view, not a marked point")
		}
	case host == "waze.com":
		if m := wazeShort.FindStringSubmatch(u.Path); m != nil {
			return finishHash(f, m[1])
		}
	case host == "geohash.org":
		if m := hashPath.FindStringSubmatch(u.Path); m != nil {
			return finishHash(f, m[1])
		}
	case host == "plus.codes":
		code := strings.ReplaceAll(strings.Trim(u.Path, "/"), " ", "+")
		if b, ok := decodePlusCode(code); ok {
			return finishLink(f, b.Centre(), halfDiagonal(b), "the plus code of a link")
		}
	}
	return Found{}, false
}

func finishHash(f Found, hash string) (Found, bool) {
	b := decodeGeohash(hash)
	return finishLink(f, b.Centre(), halfDiagonal(b), "the geohash of a link")
}

// decodeOSMShort undoes OpenStreetMap's short links: three bits of longitude and
// three of latitude a letter, interleaved; the zoom follows from their number.
func decodeOSMShort(code string, minus int) (Point, float64) {
	var x, y uint64
	for _, c := range []byte(strings.ReplaceAll(code, "@", "~")) {
		v := strings.IndexByte(osmDigits, c)
		for bit := 5; bit > 0; bit -= 2 {
			x = x<<1 | uint64(v>>bit&1)
			y = y<<1 | uint64(v>>(bit-1)&1)
		}
	}
	bits := float64(3 * len(code))
	size := math.Exp2(-bits)
	p := Point{Lon: (float64(x)+0.5)*size*360 - 180, Lat: (float64(y)+0.5)*size*180 - 90}
	zoom := bits - 8
	if minus > 0 {
		zoom -= float64(3 - minus)
	}
	return p, tileMetres(math.Max(0, zoom))
}
