package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHotspots(t *testing.T) {
	const (
		three = `{"row":0,"label":0,"core":true} {"row":1,"label":0,"core":true} {"row":2,"label":0,"core":true}`
		apart = `{"row":0,"label":-1,"core":false} {"row":1,"label":-1,"core":false} {"row":2,"label":-1,"core":false}`
	)
	for name, c := range map[string]struct{ in, args, want string }{
		"plain columns":                      {"lat,lng\n18.5,-72.3\n18.5001,-72.3\n18.5,-72.3001\n", "--eps 100 --window 0 --weight 3", three},
		"x and y, a byte order mark, quotes": {"\ufeffname,X,Y\n\"a\nb\",1,2\nc,1,2\nd,1,2\n", "--window 0", three},
		"GeoJSON": {`{"type":"FeatureCollection","name":"n","features":[
			{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]},"properties":{"time":1706493582860}},
			{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2,30]},"properties":{"time":1706493582860}},
			{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]},"properties":{"time":1706493582860}}]}`, "", three},
		"what is apart in time":            {"lon,lat,time\n1,2,2020-01-01\n1,2,2020-01-03 10:00\n1,2,2020-01-05T00:00:00Z\n", "", apart},
		"no limit in time":                 {"lon,lat,time\n1,2,2020-01-01\n1,2,2020-01-03\n1,2,2020-01-05\n", "--window 0", three},
		"Ushahidi's dates have days first": {"INCIDENT DATE,LATITUDE,LONGITUDE\n02/01/2010 10:00,2,1\n02/02/2010 10:00,2,1\n02/03/2010 10:00,2,1\n", "", apart},
		"rows without a valid point": {"lon,lat\n1,2\n,\n200,2\n1,north\n0,0\n1,2\n1,2\n", "--window 0",
			`{"row":0,"label":0,"core":true} {"row":1,"label":null,"core":false} {"row":2,"label":null,"core":false} {"row":3,"label":null,"core":false} {"row":4,"label":null,"core":false} {"row":5,"label":0,"core":true} {"row":6,"label":0,"core":true}`},
		"a row without a time, where time counts": {"lon,lat,time\n1,2,soon\n", "", `{"row":0,"label":null,"core":false}`},
		"what came later":                         {"lon,lat,time\n1,2,2020-01-01\n1,2,2020-01-02\n", "--weight 1 --now 2020-01-01T12:00:00Z", `{"row":0,"label":0,"core":true} {"row":1,"label":null,"core":false}`},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := newHome(t).command(t.Context(), c.in, append([]string{"hotspots", "-"}, strings.Fields(c.args)...)...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.ReplaceAll(c.want, "} {", "}\n{")+"\n", out); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHotspotsRefuses(t *testing.T) {
	for name, c := range map[string]struct{ in, args string }{
		"nothing":               {"", ""},
		"no collection":         {`{"type":"Point","coordinates":[1,2]}`, ""},
		"a negative reach":      {"lon,lat\n", "--eps=-1"},
		"a moment that is none": {"lon,lat\n", "--now noon"},
	} {
		if out, err := newHome(t).command(t.Context(), c.in, append([]string{"hotspots", "-"}, strings.Fields(c.args)...)...); err == nil {
			t.Errorf("%s: no error, but %q", name, out)
		}
	}
}

// TestHotspotsOfHaiti compares with labels that scikit-learn's DBSCAN
// (haversine) gave: noise and cores exactly, clusters up to their numbers. A
// border point may go to either of two clusters.
func TestHotspotsOfHaiti(t *testing.T) {
	root := os.Getenv("ONYO_TESTDATA")
	if root == "" {
		t.Skip("ONYO_TESTDATA is not set: no reference labels")
	}
	out := newHome(t).must(t, "hotspots", filepath.Join(root, "crisis", "haiti2010", "haiti2010.csv"), "--eps", "500", "--window", "0", "--weight", "5")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	want := readAll(t, filepath.Join(root, "reference_outputs", "dbscan_haiti2010_eps500_min5.csv"))
	if len(lines) != len(want) {
		t.Fatalf("%d rows, the reference has %d", len(lines), len(want))
	}
	theirs, ours := map[int]int{}, map[int]int{}
	for i, row := range want {
		var got labelled
		if err := json.Unmarshal([]byte(lines[i]), &got); err != nil || got.Label == nil {
			t.Fatalf("row %d: %s", i, lines[i])
		}
		label, err := strconv.Atoi(row[3])
		if err != nil {
			t.Fatal(err)
		}
		if got.Row != i || got.Core != (row[4] == "1") || (*got.Label < 0) != (label < 0) {
			t.Fatalf("row %d: got %s, the reference says %v", i, lines[i], row)
		}
		if !got.Core {
			continue
		}
		if was, seen := theirs[label]; seen && was != *got.Label {
			t.Fatalf("row %d: their cluster %d is both %d and %d", i, label, was, *got.Label)
		}
		if was, seen := ours[*got.Label]; seen && was != label {
			t.Fatalf("row %d: our cluster %d is both %d and %d", i, *got.Label, was, label)
		}
		theirs[label], ours[*got.Label] = *got.Label, label
	}
	if len(ours) < 2 {
		t.Fatalf("only %d clusters compared", len(ours))
	}
}

// readAll gives the rows of a CSV file without its header.
func readAll(t *testing.T, path string) [][]string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}
