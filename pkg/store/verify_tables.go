package store

import (
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// What the tables that hold no records are for.
func ledgerTables() []string {
	return []string{"data_keys", "ledger_entry", "ledger_head", "ledger_page"}
}

func derivedTables() []string {
	return []string{"onyo_public.goose_db_version", "onyo_public.head", "onyo_public.item"}
}

func workingTables() []string {
	return []string{"claim", "cursor", "delivery", "goose_db_version", "lease", "person_source", "position", "retry", "session", "traffic"}
}

// tables sorts the database's tables into the three lists, and finds those that
// belong in none, those that are missing, and triggers that are gone.
func (v *verification) tables(ctx context.Context) error {
	there, err := v.names(ctx, v.store.dialect.tables())
	if err != nil {
		return fmt.Errorf("list the tables: %w", err)
	}
	lists := map[string]*[]string{}
	for _, name := range ledgerTables() {
		lists[name] = &v.verdict.Ledger
	}
	for _, name := range derivedTables() {
		lists[name] = &v.verdict.Derived
	}
	for _, name := range workingTables() {
		lists[name] = &v.verdict.Working
	}
	for _, name := range there {
		if list, ok := lists[name]; ok {
			*list = append(*list, name)
		} else if _, ok := v.store.shapes[crisis.Table(name)]; !ok {
			v.fault("table %s is in no list", name)
		}
	}
	for _, name := range slices.Concat(ledgerTables(), workingTables()) {
		if !slices.Contains(there, name) {
			v.fault("table %s is missing", name)
		}
	}
	return v.triggers(ctx)
}

func (v *verification) triggers(ctx context.Context) error {
	there, err := v.names(ctx, v.store.dialect.triggers())
	if err != nil {
		return fmt.Errorf("list the triggers: %w", err)
	}
	wanted, err := triggersOf(v.store.dialect.name)
	if err != nil {
		return fmt.Errorf("list the triggers: %w", err)
	}
	for _, name := range wanted {
		if !slices.Contains(there, name) {
			v.fault("trigger %s, which holds a law, is missing or switched off", name)
		}
	}
	return nil
}

func (v *verification) names(ctx context.Context, query string) ([]string, error) {
	rows, err := v.conn.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// tables lists all tables and views that are not the database's or an extension's
// own, those of other schemas with their schema's name.
func (d *dialect) tables() string {
	if !d.postgres {
		return "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
	}
	return `SELECT CASE WHEN n.nspname = current_schema() THEN '' ELSE n.nspname || '.' END || c.relname
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
		AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.objid = c.oid AND e.deptype = 'e') ORDER BY 1`
}

func (d *dialect) triggers() string {
	if !d.postgres {
		return "SELECT name FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
	}
	return "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') ORDER BY 1"
}

// triggersOf reads out of the migrations which triggers there should be.
func triggersOf(dialect string) ([]string, error) {
	files, err := fs.Glob(migrations, "migrations/"+dialect+"/*.sql")
	if err != nil {
		return nil, err
	}
	made := regexp.MustCompile(`(?m)^CREATE TRIGGER (\w+)`)
	var names []string
	for _, file := range files {
		text, err := fs.ReadFile(migrations, file)
		if err != nil {
			return nil, err
		}
		up, _, _ := strings.Cut(string(text), "-- +goose Down")
		for _, match := range made.FindAllStringSubmatch(up, -1) {
			names = append(names, match[1])
		}
	}
	return names, nil
}
