package social

import (
	"encoding/xml"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	ext "github.com/mmcdole/gofeed/extensions"

	"github.com/onyo-project/onyo/channels"
)

// warning is what CAP adds to an entry, whether as elements of it (cap:event) or as
// a whole alert in its content.
// Source: https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html
type warning struct {
	found                       bool
	status, begins              string
	headline, description       string
	instruction, event, gravity string
	areas                       []area
}

type area struct {
	words             string
	polygons, circles []string
}

// capAlert is the part of an alert that we read.
type capAlert struct {
	XMLName xml.Name `xml:"alert"`
	Status  string   `xml:"status"`
	Info    []struct {
		Event       string `xml:"event"`
		Urgency     string `xml:"urgency"`
		Severity    string `xml:"severity"`
		Certainty   string `xml:"certainty"`
		Effective   string `xml:"effective"`
		Onset       string `xml:"onset"`
		Headline    string `xml:"headline"`
		Description string `xml:"description"`
		Instruction string `xml:"instruction"`
		Area        []struct {
			Words    string   `xml:"areaDesc"`
			Polygons []string `xml:"polygon"`
			Circles  []string `xml:"circle"`
		} `xml:"area"`
	} `xml:"info"`
}

func readWarning(item *gofeed.Item) warning {
	if inside := item.Content; strings.Contains(inside, "<alert") || strings.Contains(inside, ":alert") {
		decoder := xml.NewDecoder(strings.NewReader(inside))
		decoder.Strict = false
		decoder.Entity = xml.HTMLEntity
		var alert capAlert
		if decoder.Decode(&alert) == nil {
			return alert.warning()
		}
	}
	if elements := item.Extensions["cap"]; len(elements) > 0 {
		return fromElements(elements)
	}
	return warning{}
}

// warning takes the first info, which is in the sender's own language, and the
// areas of all.
func (a capAlert) warning() warning {
	w := warning{found: true, status: a.Status}
	for i, info := range a.Info {
		if i == 0 {
			w.headline, w.description, w.instruction, w.event = info.Headline, info.Description, info.Instruction, info.Event
			w.gravity = gravity(info.Severity, info.Urgency, info.Certainty)
			w.begins = info.Onset
			if w.begins == "" {
				w.begins = info.Effective
			}
		}
		for _, one := range info.Area {
			place := area{one.Words, one.Polygons, one.Circles}
			if i == 0 {
				w.areas = append(w.areas, place)
			}
		}
	}
	return w
}

func fromElements(elements map[string][]ext.Extension) warning {
	one := func(name string) string { return value(elements[name]) }
	w := warning{found: true, status: one("status"), headline: one("headline"), description: one("description"),
		instruction: one("instruction"), event: one("event"), begins: one("onset"),
		gravity: gravity(one("severity"), one("urgency"), one("certainty"))}
	if w.begins == "" {
		w.begins = one("effective")
	}
	place := area{words: one("areaDesc")}
	for _, polygon := range elements["polygon"] {
		place.polygons = append(place.polygons, polygon.Value)
	}
	for _, circle := range elements["circle"] {
		place.circles = append(place.circles, circle.Value)
	}
	w.areas = append(w.areas, place)
	return w
}

// gravity is the three scales of CAP in one line.
func gravity(severity, urgency, certainty string) string {
	var parts []string
	for _, one := range [][2]string{{"severity", severity}, {"urgency", urgency}, {"certainty", certainty}} {
		if value := strings.TrimSpace(one[1]); value != "" && !strings.EqualFold(value, "Unknown") {
			parts = append(parts, one[0]+" "+strings.ToLower(value))
		}
	}
	return strings.Join(parts, ", ")
}

func (w warning) texts() []string {
	var texts []string
	for _, text := range []string{w.event, w.headline, w.description, w.instruction, w.gravity} {
		texts = append(texts, lines(strings.ReplaceAll(channels.Clean(text), "\t", " ")))
	}
	return texts
}

// drill says whether the alert is a test, an exercise or a draft.
func (w warning) drill() bool {
	status := strings.TrimSpace(w.status)
	return status != "" && !strings.EqualFold(status, "Actual")
}

// onset is when it begins, in the zone in which the sender says it.
func (w warning) onset() time.Time {
	at, err := time.Parse(time.RFC3339, strings.TrimSpace(w.begins))
	if err != nil || at.Year() < 1900 || at.Year() > 2200 {
		return time.Time{}
	}
	return at
}
