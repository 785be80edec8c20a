package verification

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/onyo-project/onyo/pkg/crisis"
)

func numbered(kind byte, n int) (id crisis.ID) {
	id[0] = kind
	binary.BigEndian.PutUint32(id[8:], uint32(n)+1)
	return id
}

// from is a row that waits for its first judgement, the nth received.
func from(n, source, channel, area int) Row {
	return Row{Needs: "first", source: numbered('s', source), channel: numbered('c', channel),
		Location: &crisis.Location{Lon: float64(area) + 0.05, Lat: 1},
		Incident: &crisis.Incident{Meta: crisis.Meta{ID: numbered('i', n)}, Status: crisis.StatusTriaged, Severity: crisis.SeverityNormal,
			FirstReceived: time.Unix(int64(n), 0)}}
}

// However many come from one source, one area or one channel before them, whoever
// is of another is on the first page, near its top.
func TestACrowdBuriesNobody(t *testing.T) {
	const crowd, page = 2000, 20
	for name, c := range map[string]struct {
		flood func(n int) Row
		lone  Row
	}{
		"one sender":                               {func(n int) Row { return from(n, 0, 0, 0) }, from(crowd, 1, 0, 0)},
		"a thousand senders of one area":           {func(n int) Row { return from(n, n, 0, 0) }, from(crowd, crowd, 0, 1)},
		"a thousand senders on one channel":        {func(n int) Row { return from(n, n, 0, 0) }, from(crowd, crowd, 1, 0)},
		"a thousand senders of a thousand areas":   {func(n int) Row { return from(n, n, 0, n) }, from(crowd, crowd, 1, 3)},
		"one sender that claims a thousand places": {func(n int) Row { return from(n, 0, 0, n) }, from(crowd, 1, 0, 3)},
	} {
		var rows []Row
		for n := range crowd {
			rows = append(rows, c.flood(n))
		}
		got := order(append(rows, c.lone), crisis.ID{}, page)
		at := slices.IndexFunc(got, func(r Row) bool { return r.Incident.ID == c.lone.Incident.ID })
		if len(got) != page || at < 0 || at > 3 {
			t.Errorf("%s: the other is at %d of %d", name, at, len(got))
		}
	}
}

// No sender, channel or area holds more than its share of a page while others
// that differ from it in nothing else wait; and severity goes before all of it.
func TestEveryoneHasTheirShareOfThePage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []Row
		for n := range rapid.IntRange(1, 120).Draw(t, "rows") {
			row := from(n, rapid.IntRange(0, 4).Draw(t, "source"), rapid.IntRange(0, 2).Draw(t, "channel"), rapid.IntRange(0, 3).Draw(t, "area"))
			if rapid.IntRange(0, 9).Draw(t, "grave") == 0 {
				row.Incident.Severity = crisis.SeverityLifeSafety
			}
			rows = append(rows, row)
		}
		limit := rapid.IntRange(1, 40).Draw(t, "page")
		page := order(slices.Clone(rows), crisis.ID{}, limit)
		if len(page) != min(limit, len(rows)) {
			t.Fatalf("%d rows of %d", len(page), len(rows))
		}
		shown := map[crisis.ID]bool{}
		calm := false
		held := map[crowd]int{}
		for _, row := range page {
			if shown[row.Incident.ID] {
				t.Fatal("a row twice")
			}
			shown[row.Incident.ID] = true
			if grave := row.Incident.Severity == crisis.SeverityLifeSafety; grave && calm {
				t.Fatal("a life at risk waits behind what is no such thing")
			} else if !grave {
				calm = true
				held[row.crowd()]++
			}
		}
		for _, row := range rows {
			if shown[row.Incident.ID] || row.Incident.Severity == crisis.SeverityLifeSafety || !calm {
				continue
			}
			mine := row.crowd()
			for other, n := range held {
				differ := 0
				for _, one := range []bool{other.source != mine.source, other.channel != mine.channel, other.area != mine.area} {
					if one {
						differ++
					}
				}
				// Counted against it are also those that share its other two.
				if differ == 1 && n > crowded(held, mine, other)+1 {
					t.Fatalf("%v holds %d rows of the page while %v waits", other, n, mine)
				}
			}
		}
		if again := order(slices.Clone(rows), crisis.ID{}, limit); fmt.Sprint(again) != fmt.Sprint(page) {
			t.Fatal("another order the second time")
		}
	})
}

// crowded is how many rows of the page are of what mine has and other has not.
func crowded(held map[crowd]int, mine, other crowd) (n int) {
	for c, rows := range held {
		if mine.source != other.source && c.source == mine.source || mine.channel != other.channel && c.channel == mine.channel || mine.area != other.area && c.area == mine.area {
			n += rows
		}
	}
	return n
}

func TestOrderDoesNotDependOnTheOrderOfRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []Row
		for n := range rapid.IntRange(1, 60).Draw(t, "rows") {
			rows = append(rows, from(n, rapid.IntRange(0, 5).Draw(t, "source"), rapid.IntRange(0, 2).Draw(t, "channel"), rapid.IntRange(0, 2).Draw(t, "area")))
		}
		want := order(slices.Clone(rows), crisis.ID{}, 30)
		got := order(rapid.Permutation(rows).Draw(t, "shuffled"), crisis.ID{}, 30)
		if !slices.EqualFunc(want, got, func(a, b Row) bool { return a.Incident.ID == b.Incident.ID }) {
			t.Fatal("the order of rows shows")
		}
	})
}

func BenchmarkOrder(b *testing.B) {
	var rows []Row
	for n := range 20_000 {
		rows = append(rows, from(n, n/3, n%5, n%200))
	}
	b.ReportAllocs()
	for b.Loop() {
		order(slices.Clone(rows), crisis.ID{}, 50)
	}
}
