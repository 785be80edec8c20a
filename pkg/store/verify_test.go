package store_test

import (
	"bytes"
	"database/sql"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/ledger"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/storetest"
)

// TestTamper is law 4: whoever has the database in hand, and first takes away the
// triggers, changes one thing; Verify says what. Before, it found nothing.
func TestTamper(t *testing.T) {
	for name, test := range map[string]struct {
		// do is SQL, by dialect where they differ: sqlite, then postgres.
		do   []string
		want string
	}{
		"a plain column":            {[]string{"UPDATE report SET language = 'fr' WHERE rev = 2"}, "not what ledger entry"},
		"a number":                  {[]string{"UPDATE incident SET reports = reports + 1"}, "not what ledger entry"},
		"a point":                   {[]string{"UPDATE location SET lon = lon + 1e-9"}, "not what ledger entry"},
		"a time":                    {[]string{"UPDATE report SET received_at = received_at + 1 WHERE rev = 2", "UPDATE report SET received_at = received_at + interval '1 microsecond' WHERE rev = 2"}, "not what ledger entry"},
		"the actor":                 {[]string{"UPDATE report SET actor = 'person:x' WHERE rev = 2"}, "not what ledger entry"},
		"a sealed column emptied":   {[]string{"UPDATE report SET body = NULL WHERE rev = 2"}, "not what ledger entry"},
		"a sealed column altered":   {[]string{"UPDATE report SET body = digest FROM message WHERE report.rev = 2"}, "sealed column was changed"},
		"sealed columns swapped":    {[]string{"UPDATE report SET body = words, words = body"}, "sealed column was changed"},
		"a revision's seal moved":   {[]string{"UPDATE report SET body = (SELECT o.body FROM report o WHERE o.id = report.id AND o.rev = 1) WHERE rev = 2"}, "sealed column was changed"},
		"the raw bytes":             {[]string{"UPDATE message SET raw = digest"}, "sealed column was changed"},
		"a row deleted":             {[]string{"DELETE FROM membership"}, "has no row"},
		"a first revision deleted":  {[]string{"DELETE FROM report WHERE rev = 1"}, "is missing"},
		"an id that is none":        {[]string{"UPDATE membership SET id = 'x'"}, "cannot be read"},
		"a row copied":              {[]string{"INSERT INTO membership (id, rev, valid_from, entry, actor, report, incident, reason, score, ended) SELECT '7' || substr(id, 2), rev, valid_from, entry, actor, report, incident, reason, score, ended FROM membership"}, "another record's"},
		"a row invented":            {[]string{"INSERT INTO membership (id, rev, entry, actor, reason, score, ended) VALUES ('01m8745678aaaaaaaaaaaaaaaa', 1, 9999, 'x', 'x', 0, false)"}, "no ledger entry"},
		"an entry's number changed": {[]string{"UPDATE report SET entry = 0 WHERE rev = 2"}, "another record's"},
		"an old revision current":   {[]string{"UPDATE membership SET valid_to = valid_from"}, "not current"},
		"a gap in time":             {[]string{"UPDATE report SET valid_to = valid_to + 1 WHERE rev = 1", "UPDATE report SET valid_to = valid_to + interval '1 second' WHERE rev = 1"}, "not valid until"},
		"an entry altered":          {[]string{"UPDATE ledger_entry SET leaf = (SELECT leaf FROM ledger_entry o WHERE o.idx = 0) WHERE idx = 2"}, "entry 2"},
		"an entry's name altered":   {[]string{"UPDATE ledger_entry SET id = 'x' WHERE idx = 2"}, "names another record"},
		"an entry deleted":          {[]string{"DELETE FROM ledger_entry WHERE idx = 2"}, "entry 2"},
		"the last entry deleted":    {[]string{"DELETE FROM ledger_entry WHERE idx = (SELECT max(idx) FROM ledger_entry)"}, "missing"},
		"entries reordered":         {[]string{"UPDATE ledger_entry SET leaf = (SELECT o.leaf FROM ledger_entry o WHERE o.idx = 5 - ledger_entry.idx) WHERE idx IN (2, 3)"}, "entry 2"},
		"a page altered":            {[]string{"UPDATE ledger_page SET hashes = (SELECT leaf FROM ledger_entry WHERE idx = 0)"}, "hash"},
		"a page deleted":            {[]string{"DELETE FROM ledger_page"}, "hash"},
		"the head altered":          {[]string{"UPDATE ledger_head SET size = size - 1"}, "head was changed"},
		"a key destroyed":           {[]string{"DELETE FROM data_keys WHERE owner <> 'deployment'"}, "no entry says so"},
		"keys swapped":              {[]string{"UPDATE data_keys SET wrapped = (SELECT wrapped FROM data_keys WHERE owner = 'deployment')"}, "data key of"},
		"a table nobody listed":     {[]string{"CREATE TABLE shadow (x integer)"}, "table shadow is in no list"},
		"a view nobody listed":      {[]string{"CREATE VIEW shadow AS SELECT 1"}, "table shadow is in no list"},
		"a working table gone":      {[]string{"DROP TABLE retry"}, "table retry is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			eachURL(t, func(t *testing.T, url string) {
				s := storetest.Opener(t, url)()
				report := &crisis.Report{Meta: first(t), Text: "water", Words: "bridge", Language: "en", ReceivedAt: crisis.Moment(first(t).At)}
				one := message(t, newID(t), 1, 1)
				report.Message = one.ID
				happened := incident(t, s)
				write(t, s, put(one, report, &crisis.Membership{Meta: first(t), Report: report.ID, Incident: happened.ID},
					&crisis.Location{Meta: first(t), Report: report.ID, Lon: 34, Lat: 0}))
				again := revised(report)
				again.Text = "more water"
				write(t, s, put(again))
				verified(t, s)

				db := behind(t, url)
				disarm(t, db, s.Dialect())
				statement := test.do[0]
				if s.Dialect() == "postgres" {
					statement = test.do[len(test.do)-1]
				}
				if _, err := db.Exec(statement); err != nil {
					t.Fatal(err)
				}
				verdict, err := s.Verify(t.Context(), nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				if faults := strings.Join(verdict.Faults, "\n"); !strings.Contains(faults, test.want) {
					t.Errorf("want %q, found:\n%s", test.want, faults)
				}
			})
		})
	}
}

// disarm takes away what would refuse the tampering, as a thief would.
func disarm(t *testing.T, db *sql.DB, dialect string) {
	t.Helper()
	statements := []string{"SET session_replication_role = replica"}
	if dialect == "sqlite" {
		statements = []string{
			"PRAGMA foreign_keys = OFF", "DROP TRIGGER message_kept_up", "DROP TRIGGER message_kept_del",
			"DROP TRIGGER ledger_entry_kept_up", "DROP TRIGGER ledger_entry_kept_del",
		}
	}
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
}

func TestMissingTriggerIsFound(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		s := storetest.Opener(t, url)()
		verified(t, s)
		statement := "DROP TRIGGER membership_submitter_in"
		if s.Dialect() == "postgres" {
			statement = "ALTER TABLE membership DISABLE TRIGGER membership_submitter_in"
		}
		if _, err := behind(t, url).Exec(statement); err != nil {
			t.Fatal(err)
		}
		verdict, err := s.Verify(t.Context(), nil, nil)
		if err != nil || len(verdict.Faults) != 1 || !strings.Contains(verdict.Faults[0], "membership_submitter_in") {
			t.Errorf("%v %q", err, verdict.Faults)
		}
	})
}

// TestCheckpoint: a checkpoint kept elsewhere finds even an older copy of the
// whole database, in which everything fits.
func TestCheckpoint(t *testing.T) {
	storetest.Each(t, func(t *testing.T, open func() *store.Store) {
		s := open()
		write(t, s, put(message(t, newID(t), 1, 1)))
		early, err := s.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		write(t, s, put(message(t, newID(t), 2, 1)))
		var last, total uint64
		progress := func(done, of uint64) { last, total = done, of }
		verdict, err := s.Verify(t.Context(), progress, early)
		if err != nil || len(verdict.Faults) > 0 || last == 0 || last > total {
			t.Errorf("an honest ledger: %v %q, %d of %d", err, verdict.Faults, last, total)
		}
		if _, err := s.Verify(t.Context(), nil, bytes.Replace(early, []byte("\n1\n"), []byte("\n2\n"), 1)); !errors.Is(err, ledger.ErrCheckpoint) {
			t.Errorf("a forged checkpoint: %v", err)
		}
	})
}

// TestOldCopy: somebody puts back an older copy of the whole database, in which
// everything fits; only a checkpoint kept elsewhere tells.
func TestOldCopy(t *testing.T) {
	url := storetest.SQLite(t)
	open := storetest.Opener(t, url)
	path := strings.TrimPrefix(url, "sqlite:")
	s := open()
	write(t, s, put(message(t, newID(t), 1, 1)))
	closed(t, s)
	copied, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s = open()
	write(t, s, put(message(t, newID(t), 2, 1)))
	late, err := s.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	closed(t, s)
	if err := os.WriteFile(path, copied, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open()
	verified(t, s)
	verdict, err := s.Verify(t.Context(), nil, late)
	if err != nil || len(verdict.Faults) != 1 || !strings.Contains(verdict.Faults[0], "checkpoint knows 2") {
		t.Errorf("%v %q", err, verdict.Faults)
	}
}

func closed(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
