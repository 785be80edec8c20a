package accept_test

import (
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Haiti's file is imported: each row is a report or is refused with its reason,
// a second run adds nothing, and at every zoom what is drawn adds up.
func TestAcceptHaiti(t *testing.T) {
	file := testdata(t, "crisis/haiti2010/haiti2010.csv")
	rows := readTable(t, file)
	if len(rows) != 3593 {
		t.Fatalf("the file has %d rows", len(rows))
	}
	if !full() {
		rows = rows[:300]
		file = writeTable(t, filepath.Join(t.TempDir(), "haiti2010.csv"), rows)
	}
	in := install(t, nil)
	in.start()
	in.setUp("guarded")
	ops := in.bearer(in.token("responder", "Rose"))
	began := time.Now()
	said := in.run("import", "ushahidi", file, "--timezone", "America/Port-au-Prince")
	took := time.Since(began)
	first := readTally(t, said)
	t.Logf("%d rows in %s: %d imported, %d refused", len(rows), took.Round(time.Millisecond), first["imported"], first["refused"])
	if full() && took > time.Minute {
		t.Errorf("the import took %s, more than a minute", took)
	}
	in.reconcile(rows, said, first)
	second := readTally(t, in.run("import", "ushahidi", file, "--timezone", "America/Port-au-Prince"))
	if second["imported"] != 0 || second["variant"] != 0 || second["again"] != first["imported"] || second["refused"] != first["refused"] {
		t.Errorf("a second run: %v, the first: %v", second, first)
	}
	if n := strings.TrimSpace(in.run("export", "reports", "--count")); n != strconv.Itoa(first["imported"]) {
		t.Errorf("%s reports after the second run, %d were imported", n, first["imported"])
	}
	in.refusesBadRows(rows[0])
	first["imported"]++
	ops.awaitMatched("/api/v1/ops/map/incidents?phase=ongoing,over", first["imported"])
	ops.checkSums(first["imported"])
	in.run("ledger", "verify")
}

// refusesBadRows imports one good row among bad ones, each with one fault.
func (in *installation) refusesBadRows(good map[string]string) {
	in.t.Helper()
	bad := []map[string]string{{"LATITUDE": "98.2"}, {"LONGITUDE": "-272.3"}, {"LATITUDE": "NaN"}, {"INCIDENT DATE": "31/31/2010 10:00"}, {"INCIDENT DATE": ""},
		{"INCIDENT TITLE": "", "DESCRIPTION": " "}, {"DESCRIPTION": "\xff\xfe"}, {}}
	var rows []map[string]string
	for i, fault := range bad {
		row := maps.Clone(good)
		row["Serial"] = strconv.Itoa(1_000_000 + i)
		maps.Copy(row, fault)
		rows = append(rows, row)
	}
	said := in.run("import", "ushahidi", writeTable(in.t, filepath.Join(in.folder, "bad.csv"), rows), "--timezone", "America/Port-au-Prince")
	if tally := readTally(in.t, said); tally["imported"] != 1 || tally["refused"] != len(bad)-1 || strings.Count(said, ": refused: ") != len(bad)-1 {
		in.t.Errorf("of %d bad rows and a good one:\n%s", len(bad)-1, said)
	}
}

// checkSums: at every zoom the counts of clusters add up to the located
// incidents, on the whole map and on a part of it.
func (c *caller) checkSums(most int) {
	c.t.Helper()
	for _, box := range []string{"-180,-90,180,90", "-72.40,18.50,-72.28,18.60", "170,-90,-72.338,90"} {
		query := "?phase=ongoing,over&limit=10000&bbox=" + box
		located := get[collection](c, "/api/v1/ops/map/incidents"+query).NumberMatched
		if located == 0 || located > most {
			c.t.Fatalf("%d of %d incidents lie in %s", located, most, box)
		}
		for zoom := range 17 {
			clusters, sum := get[collection](c, fmt.Sprintf("/api/v1/ops/map/clusters%s&zoom=%d", query, zoom)), 0
			for _, one := range clusters.Features {
				sum += one.Properties.Count
			}
			if sum != located || clusters.NumberMatched != located {
				c.t.Errorf("zoom %d, %s: clusters count %d, numberMatched %d, located %d", zoom, box, sum, clusters.NumberMatched, located)
			}
		}
	}
}

// reconcile follows every row of the file: it is either refused by its number
// and reason, or a report says what it says.
func (in *installation) reconcile(rows []map[string]string, said string, tally map[string]int) {
	in.t.Helper()
	refused := map[int]string{}
	for _, match := range regexp.MustCompile(`(?m)^row (\d+)(?: \(line \d+\))?: refused: (.+)$`).FindAllStringSubmatch(said, -1) {
		number, _ := strconv.Atoi(match[1])
		refused[number] = match[2]
		in.t.Logf("row %d: %s", number, match[2])
	}
	if len(refused) != tally["refused"] || tally["rows read"] != len(rows) || tally["imported"]+tally["refused"] != len(rows) {
		in.t.Errorf("%d rows, %d refusals told, and the tally is %v", len(rows), len(refused), tally)
	}
	reports := map[string]int{}
	for row := range in.exported("reports") {
		reports[squeeze(row["text"])]++
	}
	for i, row := range rows {
		if _, not := refused[i+1]; not {
			continue
		}
		text := squeeze(row["INCIDENT TITLE"] + " " + row["DESCRIPTION"])
		if strings.HasPrefix(squeeze(row["DESCRIPTION"]), squeeze(row["INCIDENT TITLE"])) {
			text = squeeze(row["DESCRIPTION"])
		}
		if reports[text]--; reports[text] < 0 {
			in.t.Errorf("row %d was not refused, and no report says %q", i+1, text)
		}
	}
	for text, left := range reports {
		if left > 0 {
			in.t.Errorf("%d reports too many say %q", left, text)
		}
	}
}

// squeeze leaves what two ways of writing one text have in common: no white
// space, and not the apostrophe that keeps a spreadsheet from computing it.
func squeeze(text string) string {
	return strings.TrimPrefix(strings.Join(strings.Fields(text), ""), "'")
}

func readTally(t testing.TB, said string) map[string]int {
	t.Helper()
	tally := map[string]int{}
	for _, match := range regexp.MustCompile(`(?m)^(rows read|imported|again|variant|refused) +(\d+)$`).FindAllStringSubmatch(said, -1) {
		tally[match[1]], _ = strconv.Atoi(match[2])
	}
	if len(tally) != 5 {
		t.Fatalf("the import says:\n%s", tail(said))
	}
	return tally
}

func readTable(t *testing.T, path string) []map[string]string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for _, cells := range all[1:] {
		row := map[string]string{}
		for i, cell := range cells {
			row[all[0][i]] = cell
		}
		rows = append(rows, row)
	}
	return rows
}

func writeTable(t testing.TB, path string, rows []map[string]string) string {
	t.Helper()
	header := []string{"Serial", "INCIDENT TITLE", "INCIDENT DATE", "LOCATION", "DESCRIPTION", "CATEGORY", "LATITUDE", "LONGITUDE", "APPROVED", "VERIFIED"}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table := csv.NewWriter(file)
	_ = table.Write(header)
	for _, row := range rows {
		cells := make([]string, len(header))
		for i, column := range header {
			cells[i] = row[column]
		}
		_ = table.Write(cells)
	}
	if table.Flush(); table.Error() != nil {
		t.Fatal(table.Error())
	}
	return path
}
