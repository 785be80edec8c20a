package twitter

import (
	"encoding/json"
	"math"

	"github.com/onyo-project/onyo/channels"
)

// location is a point where the author shared one, which is rare, and usually the
// box of a place: somewhere in it, never its centre. Words are the place's name.
func (t *tweet) location(places []place) *channels.Location {
	var at channels.Location
	if point := numbers(t.Geo.Coordinates.Coordinates); len(point) == 2 && onEarth(point[0], point[1]) {
		at.Point = &channels.Point{Lon: point[0], Lat: point[1]}
	}
	for _, place := range places {
		if t.Geo.Place == "" || place.ID != t.Geo.Place {
			continue
		}
		at.Words = channels.Clean(place.Name)
		box := numbers(place.Geo.Box)
		// A box with west greater than east crosses the 180th meridian.
		if at.Point == nil && len(box) == 4 && onEarth(box[0], box[1]) && onEarth(box[2], box[3]) && box[1] <= box[3] {
			at.Box = (*[4]float64)(box)
		}
		break
	}
	if at.Point == nil && at.Box == nil && at.Words == "" {
		return nil
	}
	return &at
}

// numbers reads a list of numbers apart from the rest, so that a number out of
// all range costs the place and not the words.
func numbers(raw json.RawMessage) []float64 {
	var list []float64
	if len(raw) == 0 || json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

func onEarth(lon, lat float64) bool { return math.Abs(lon) <= 180 && math.Abs(lat) <= 90 }
