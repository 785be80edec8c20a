package triage

import (
	"slices"
	"testing"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/simulate"
	"github.com/onyo-project/onyo/pkg/store/storetest"
)

// The demo's script knows which messages are about one thing. Texts carry no
// position, app reports one near the event.
func TestAScriptedFloodIsSortedCarefully(t *testing.T) {
	scenario, err := simulate.Open("nairobi-flood")
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, storetest.SQLite(t))
	reports, sources := make([]*crisis.Report, len(scenario.Lines)), map[string]crisis.ID{}
	for i, line := range scenario.Lines {
		event := scenario.Events[line.Event]
		s := said{text: line.Text, source: sources[line.Sender]}
		if line.Channel == "app" {
			point := geo.Destination(geo.Point{Lon: event.Lon, Lat: event.Lat}, float64(i*37%360), float64(i*53%120))
			s.point, s.accuracy, s.language = &point, 25, line.Language
		}
		reports[i] = h.report(s)
		sources[line.Sender] = reports[i].Source
	}
	h.work()
	var certain, right, joined, wrong, suggested, good int
	about := map[crisis.ID]string{}
	incidents := make([]crisis.ID, len(reports))
	for i, report := range reports {
		event := scenario.Lines[i].Event
		if keys := h.service.categories(report); len(keys) > 0 {
			certain++
			if slices.Contains(keys, scenario.Events[event].Category) {
				right++
			}
		}
		incidents[i] = h.incidentOf(report).ID
		if _, known := about[incidents[i]]; !known {
			about[incidents[i]] = event
		}
		for j := range i {
			if incidents[i] == incidents[j] {
				joined++
				if scenario.Lines[j].Event != event {
					wrong++
				}
			}
		}
	}
	for _, relation := range all[*crisis.Relation](h) {
		suggested++
		if about[relation.From] == about[relation.To] {
			good++
		}
	}
	t.Logf("%d reports: %d with a certain category, %d of them right; %d pairs joined, %d wrongly; %d suggested, %d rightly",
		len(reports), certain, right, joined, wrong, suggested, good)
	if joined == 0 || wrong*50 > joined {
		t.Errorf("of %d joined pairs %d are wrong", joined, wrong)
	}
	if certain*2 < len(reports) || right*5 < certain*4 {
		t.Errorf("of %d reports %d have a certain category, %d the right one", len(reports), certain, right)
	}
	if suggested == 0 || good*4 < suggested*3 {
		t.Errorf("of %d suggestions %d are right", suggested, good)
	}
}
