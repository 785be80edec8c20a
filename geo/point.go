// Package geo holds what every part of Onyo agrees on about the surface of the
// Earth: points, bounds, distances, the grid that blurs what the public sees,
// areas somebody watches, and the reading of coordinates out of what people
// write. It is pure: no input or output, no clock, no package state. Everything
// is safe for concurrent use.
//
// Longitudes and latitudes are degrees in WGS 84, distances metres on a sphere
// of radius EarthRadius. Order is always longitude, latitude, except in text
// written by people, who mostly write the latitude first.
package geo

import (
	"errors"
	"fmt"
	"math"
)

// EarthRadius is the mean radius of the Earth in metres (IUGG R1), the sphere
// on which every distance of Onyo is measured.
const EarthRadius = 6371008.8

// MetresPerDegree is the length of one degree of latitude on that sphere.
const MetresPerDegree = EarthRadius * math.Pi / 180

// ErrInvalidPoint is returned, wrapped, for a point that lies nowhere.
var ErrInvalidPoint = errors.New("point is not on Earth")

// Point is a place on Earth: longitude in [-180,180], latitude in [-90,90].
type Point struct {
	Lon float64 `json:"lon"`
	Lat float64 `json:"lat"`
}

// Valid reports whether both coordinates are finite and in range.
func (p Point) Valid() bool { return p.Check() == nil }

// Check says what is wrong with the point, or nil. Errors wrap ErrInvalidPoint
// and name the coordinate.
func (p Point) Check() error {
	// The comparisons are written so that NaN fails them.
	if !(p.Lon >= -180 && p.Lon <= 180) {
		return fmt.Errorf("%w: longitude must be between -180 and 180", ErrInvalidPoint)
	}
	if !(p.Lat >= -90 && p.Lat <= 90) {
		return fmt.Errorf("%w: latitude must be between -90 and 90", ErrInvalidPoint)
	}
	return nil
}

// Distance is the great-circle distance between a and b in metres (haversine,
// which stays exact for points close together). NaN if a point is not finite.
func Distance(a, b Point) float64 {
	la, lb := radians(a.Lat), radians(b.Lat)
	sinLat := math.Sin((lb - la) / 2)
	sinLon := math.Sin(radians(b.Lon-a.Lon) / 2)
	h := sinLat*sinLat + math.Cos(la)*math.Cos(lb)*sinLon*sinLon
	return 2 * EarthRadius * math.Asin(math.Sqrt(math.Min(1, h)))
}

// Bearing is the direction in which the great circle from a to b sets out, in
// degrees clockwise from north, in [0,360). It is 0 when a and b are equal.
func Bearing(a, b Point) float64 {
	la, lb, d := radians(a.Lat), radians(b.Lat), radians(b.Lon-a.Lon)
	y := math.Sin(d) * math.Cos(lb)
	x := math.Cos(la)*math.Sin(lb) - math.Sin(la)*math.Cos(lb)*math.Cos(d)
	deg := math.Mod(degrees(math.Atan2(y, x))+360, 360)
	return deg + 0 // never -0
}

// Destination is the point reached from p by going the given metres in the
// direction of bearing (degrees clockwise from north) along a great circle.
func Destination(p Point, bearing, metres float64) Point {
	lat, theta, delta := radians(p.Lat), radians(bearing), metres/EarthRadius
	sinLat := math.Sin(lat)*math.Cos(delta) + math.Cos(lat)*math.Sin(delta)*math.Cos(theta)
	sinLat = math.Max(-1, math.Min(1, sinLat))
	y := math.Sin(theta) * math.Sin(delta) * math.Cos(lat)
	x := math.Cos(delta) - math.Sin(lat)*sinLat
	return Point{Lon: WrapLon(p.Lon + degrees(math.Atan2(y, x))), Lat: degrees(math.Asin(sinLat))}
}

// WrapLon brings any finite longitude into [-180,180]; values already there,
// both 180 and -180, stay as they are.
func WrapLon(lon float64) float64 {
	if lon >= -180 && lon <= 180 {
		return lon
	}
	lon = math.Mod(lon+180, 360)
	if lon < 0 {
		lon += 360
	}
	return lon - 180
}

func radians(deg float64) float64 { return deg * math.Pi / 180 }
func degrees(rad float64) float64 { return rad * 180 / math.Pi }
