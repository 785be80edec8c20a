package ui

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func drawn(t *testing.T, u *UI, m StillMap) string {
	t.Helper()
	var out bytes.Buffer
	if err := u.DrawMap(&out, m); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var still = StillMap{Area: [4]float64{36.65, -1.45, 37.1, -1.15}, Marks: []Mark{
	{Ring: [][2]float64{{36.8, -1.3}, {36.9, -1.3}, {36.9, -1.2}, {36.8, -1.3}}, Severity: "life_safety"},
	{Lon: 36.815, Lat: -1.285, Cell: 0.01, Severity: "normal", Verified: true},
	{Lon: 36.82, Lat: -1.29, Severity: "low"}, {Lon: 36.83, Lat: -1.29, Severity: "life_safety", Verified: true}}}

func TestDrawMap(t *testing.T) {
	u := open(t)
	got := drawn(t, u, still)
	golden(t, "map.svg", got)
	if got != drawn(t, u, still) {
		t.Error("equal input gave other bytes")
	}
}

// Areas of every shape give a picture that is well-formed and small, and never
// holds a number that is none.
func TestDrawMapAnywhere(t *testing.T) {
	u := open(t)
	areas := map[string][4]float64{
		"world": {-180, -90, 180, 90}, "nothing": {}, "across 180°": {175, -20, -175, -12}, "a point": {10, 10, 10, 10},
		"upside down": {0, 10, 1, 5}, "a street": {36.8, -1.3, 36.801, -1.299}, "a pole": {-10, 85, 10, 90},
	}
	for name, area := range areas {
		m := still
		m.Area, m.Dark = area, true
		got := drawn(t, u, m)
		if strings.Contains(got, "NaN") || strings.Contains(got, "Inf") {
			t.Errorf("%s: a number that is none", name)
		}
		if len(got) > 150_000 {
			t.Errorf("%s: %d bytes", name, len(got))
		}
		decoder := xml.NewDecoder(strings.NewReader(got))
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
}
