package store

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/glebarez/go-sqlite"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// dialect is where the two databases differ.
type dialect struct {
	name     string
	postgres bool
	begin    string
	// parameters bounds how many a list of values has: SQLite's driver looks each
	// one up among all of them.
	parameters int
}

func sqliteDialect() *dialect {
	return &dialect{name: "sqlite", begin: "BEGIN IMMEDIATE", parameters: 224}
}

func postgresDialect() *dialect {
	return &dialect{name: "postgres", postgres: true, begin: "BEGIN"}
}

// time is a moment as the column keeps it; NULL for the zero time.
func (d *dialect) time(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	t = crisis.Moment(t)
	if d.postgres {
		return t
	}
	return t.UnixMicro()
}

// bind turns ? into the database's own placeholders. Our SQL holds no other
// question marks.
func (d *dialect) bind(query string) string {
	if !d.postgres || !strings.Contains(query, "?") {
		return query
	}
	var out strings.Builder
	for n := 1; ; n++ {
		before, after, more := strings.Cut(query, "?")
		out.WriteString(before)
		if !more {
			return out.String()
		}
		out.WriteString("$" + strconv.Itoa(n))
		query = after
	}
}

// forUpdate locks the rows that a guard has looked at. SQLite has one writer.
func (d *dialect) forUpdate() string {
	if d.postgres {
		return " FOR UPDATE"
	}
	return ""
}

// errRepeat asks Write to prepare its unit anew: somebody else was quicker with
// something that the unit took for granted.
var errRepeat = errors.New("prepare again")

// Result codes of SQLite and PostgreSQL that we tell apart.
const (
	sqliteBusy       = 5
	sqliteCheck      = 275
	sqliteForeignKey = 787
	sqlitePrimaryKey = 1555
	sqliteTrigger    = 1811
	sqliteUnique     = 2067

	postgresUnique     = "23505"
	postgresForeignKey = "23503"
	postgresCheck      = "23514"
	postgresRaised     = "P0001"
	postgresSerialize  = "40001"
	postgresDeadlock   = "40P01"
)

// refusal translates what the database refused into the domain's words; other
// errors stay as they are.
func refusal(err error) error {
	var lite *sqlite.Error
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &lite):
		switch lite.Code() {
		case sqliteUnique, sqlitePrimaryKey:
			return taken(lite.Error(), err)
		case sqliteForeignKey:
			return crisis.ErrTwo
		case sqliteCheck, sqliteTrigger:
			return two(lite.Error(), err)
		}
	case errors.As(err, &pg):
		switch pg.Code {
		case postgresUnique:
			return taken(pg.ConstraintName, err)
		case postgresForeignKey:
			return crisis.ErrTwo
		case postgresCheck:
			return two(pg.ConstraintName, err)
		case postgresRaised:
			return two(pg.Message, err)
		}
	}
	return err
}

// taken tells from the index that was hit what is already there. SQLite names
// its columns, PostgreSQL the index itself.
func taken(index string, err error) error {
	has := func(names ...string) bool {
		for _, name := range names {
			if strings.Contains(index, name) {
				return true
			}
		}
		return false
	}
	switch {
	case has("assessment_once", "assessment.version"):
		return crisis.ErrAssessed
	case has("message_once", "message_variant", "message.provider_key"):
		return errRepeat
	case has("_taken", "policy.key", "category.key", "channel.name", "person.name", "credential.hash"):
		return crisis.ErrTaken
	case has("data_keys"):
		return errRepeat
	case has("_current", "_pkey", ".id"):
		return crisis.ErrStale
	}
	return err
}

func two(what string, err error) error {
	if strings.Contains(what, "_two_") || strings.Contains(what, "onyo: two") {
		return crisis.ErrTwo
	}
	return err
}

// passing reports whether the same transaction may succeed when tried again.
func passing(err error) bool {
	var lite *sqlite.Error
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &lite):
		return lite.Code()&0xff == sqliteBusy
	case errors.As(err, &pg):
		return pg.Code == postgresSerialize || pg.Code == postgresDeadlock
	}
	return false
}
