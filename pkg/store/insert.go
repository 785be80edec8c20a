package store

import (
	"strconv"
	"strings"
	"time"
)

// insert writes rows in as few statements as the database likes. Columns that
// are NULL in every row are left out: they would be parsed and bound as well.
func (t *tx) insert(table string, columns []string, rows [][]any, tail string) error {
	if len(rows) == 0 {
		return nil
	}
	columns, rows = used(columns, rows)
	head := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") "
	most := max(1, t.store.dialect.parameters/len(columns))
	values := valuesOf
	if t.store.dialect.postgres {
		most, values = arrayRows, arraysOf
	}
	for len(rows) > 0 {
		some := rows[:min(most, len(rows))]
		rows = rows[len(some):]
		list, args := values(some)
		if _, err := t.exec(head+list+tail, args...); err != nil {
			return err
		}
	}
	return nil
}

// valuesOf gives each value a parameter of its own. SQLite's driver parses every
// statement anew, so that their sizes need not be few.
func valuesOf(rows [][]any) (list string, args []any) {
	one := "(?" + strings.Repeat(", ?", len(rows[0])-1) + ")"
	args = make([]any, 0, len(rows)*len(rows[0]))
	for _, row := range rows {
		args = append(args, row...)
	}
	return "VALUES " + one + strings.Repeat(", "+one, len(rows)-1), args
}

// arrayRows bounds how many rows go into one statement of PostgreSQL.
const arrayRows = 128

// arraysOf gives each column one parameter, an array: however many rows there
// are, the statement reads the same, and PostgreSQL has it parsed already.
func arraysOf(rows [][]any) (list string, args []any) {
	args = make([]any, len(rows[0]))
	var types strings.Builder
	for i := range args {
		array, kind := make([]any, len(rows)), ""
		for n, row := range rows {
			array[n] = row[i]
			if kind == "" {
				kind = arrayType(row[i])
			}
		}
		args[i] = array
		if i > 0 {
			types.WriteString(", ")
		}
		types.WriteString("$" + strconv.Itoa(i+1) + "::" + kind)
	}
	return "SELECT * FROM unnest(" + types.String() + ")", args
}

// arrayType is PostgreSQL's name for an array of what a column holds; empty for
// NULL, which does not tell.
func arrayType(value any) string {
	switch value.(type) {
	case nil:
		return ""
	case int64:
		return "bigint[]"
	case float64:
		return "double precision[]"
	case bool:
		return "boolean[]"
	case time.Time:
		return "timestamptz[]"
	case []byte:
		return "bytea[]"
	}
	return "text[]"
}

// used drops the columns that hold nothing in any row.
func used(columns []string, rows [][]any) ([]string, [][]any) {
	var keep []int
	for i := range columns {
		for _, row := range rows {
			if row[i] != nil {
				keep = append(keep, i)
				break
			}
		}
	}
	if len(keep) == len(columns) {
		return columns, rows
	}
	names, narrow := make([]string, len(keep)), make([][]any, len(rows))
	values := make([]any, len(keep)*len(rows))
	for i, at := range keep {
		names[i] = columns[at]
	}
	for n, row := range rows {
		narrow[n], values = values[:len(keep)], values[len(keep):]
		for i, at := range keep {
			narrow[n][i] = row[at]
		}
	}
	return names, narrow
}
