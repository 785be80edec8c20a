package density_test

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/onyo-project/onyo/geo"
	"github.com/onyo-project/onyo/geo/density"
)

// reference is points with the labels that scikit-learn gave them.
type reference struct {
	params density.Params
	points []density.Point
	labels []density.Label
}

func readCSV(t *testing.T, path string) [][]string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader := csv.NewReader(file)
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// readGolden reads a file of testdata/scikit-learn, which make.py there wrote.
func readGolden(t *testing.T, path string) reference {
	t.Helper()
	rows := readCSV(t, path)
	var r reference
	for _, setting := range rows[0][6:] {
		name, value, _ := strings.Cut(setting, "=")
		switch v := number(t, value); name {
		case "eps":
			r.params.EpsMetres = v
		case "window":
			r.params.Window = time.Duration(v * float64(time.Hour))
		case "min":
			r.params.MinWeight = uint32(v)
		}
	}
	for _, row := range rows[1:] {
		hours := number(t, row[2])
		r.points = append(r.points, density.Point{Lon: number(t, row[0]), Lat: number(t, row[1]), Weight: uint32(number(t, row[3])),
			Time: int64(math.Round(hours * float64(time.Hour/time.Microsecond)))})
		r.labels = append(r.labels, density.Label{Cluster: int(number(t, row[4])), Core: row[5] == "1"})
	}
	return r
}

// readHaiti reads what scikit-learn's DBSCAN (haversine) gave for the reports of
// Haiti 2010.
func readHaiti(t *testing.T) reference {
	t.Helper()
	root := os.Getenv("ONYO_TESTDATA")
	if root == "" {
		t.Skip("ONYO_TESTDATA is not set: no reference labels")
	}
	r := reference{params: density.Params{EpsMetres: 500, MinWeight: 5}}
	for _, row := range readCSV(t, filepath.Join(root, "reference_outputs", "dbscan_haiti2010_eps500_min5.csv"))[1:] {
		r.points = append(r.points, at(number(t, row[2]), number(t, row[1])))
		r.labels = append(r.labels, density.Label{Cluster: int(number(t, row[3])), Core: row[4] == "1"})
	}
	return r
}

// TestScikitLearn: cores are the same and share clusters alike, whatever their
// numbers, and noise is the same. A border point, which scikit-learn leaves to
// whichever cluster reaches it first, is in that of its nearest core.
func TestScikitLearn(t *testing.T) {
	for _, name := range []string{"space", "weights", "window", "antimeridian", "pole", "haiti"} {
		t.Run(name, func(t *testing.T) {
			var want reference
			if name == "haiti" {
				want = readHaiti(t)
			} else {
				want = readGolden(t, filepath.Join("testdata", "scikit-learn", name+".csv"))
			}
			batch := density.Cluster(want.points, want.params)
			want.compare(t, batch)
			want.borders(t, batch)
			engine := newMirror(t, want.params)
			for i, p := range want.points {
				engine.apply(density.Change{ID: density.ID(i), Point: p})
			}
			engine.sameAsBatch(t)
		})
	}
}

func (r reference) compare(t *testing.T, got []density.Label) {
	t.Helper()
	theirs, ours := map[int]int{}, map[int]int{}
	for i, want := range r.labels {
		if got[i].Core != want.Core || (got[i].Cluster == density.Noise) != (want.Cluster == density.Noise) {
			t.Fatalf("row %d: got %+v, scikit-learn says %+v", i, got[i], want)
		}
		if !want.Core {
			continue
		}
		if was, seen := theirs[want.Cluster]; seen && was != got[i].Cluster {
			t.Fatalf("row %d: their cluster %d is both %d and %d", i, want.Cluster, was, got[i].Cluster)
		}
		if was, seen := ours[got[i].Cluster]; seen && was != want.Cluster {
			t.Fatalf("row %d: our cluster %d is both %d and %d", i, got[i].Cluster, was, want.Cluster)
		}
		theirs[want.Cluster], ours[got[i].Cluster] = got[i].Cluster, want.Cluster
	}
	if len(ours) == 0 {
		t.Fatal("no clusters were compared")
	}
	t.Logf("%d rows, %d clusters", len(got), len(ours))
}

func (r reference) borders(t *testing.T, got []density.Label) {
	t.Helper()
	for i, p := range r.points {
		if got[i].Core || got[i].Cluster == density.Noise {
			continue
		}
		best, cluster := math.Inf(1), density.Noise
		for j, q := range r.points {
			apart := time.Duration(p.Time-q.Time) * time.Microsecond
			d := geo.Distance(geo.Point{Lon: p.Lon, Lat: p.Lat}, geo.Point{Lon: q.Lon, Lat: q.Lat})
			if got[j].Core && d < best && (r.params.Window == 0 || apart.Abs() <= r.params.Window) {
				best, cluster = d, got[j].Cluster
			}
		}
		if got[i].Cluster != cluster || best > r.params.EpsMetres {
			t.Errorf("row %d is in %d, its nearest core in %d", i, got[i].Cluster, cluster)
		}
	}
}
