package store

import (
	"slices"
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
	most, list := arrayRows, arraysOf
	if !t.store.dialect.postgres {
		most, list = valuesOf(rows, t.store.dialect.parameters)
	}
	for some := range slices.Chunk(rows, most) {
		query, args := list(some)
		if _, err := t.exec(head+query+tail, args...); err != nil {
			return err
		}
	}
	return nil
}

// valuesOf lists rows as values, so many a statement that they have no more than
// so many parameters. What is the same in all rows is given once: SQLite's driver
// parses every statement anew, and looks each parameter up among all of them.
// WHERE true lets ON CONFLICT follow.
func valuesOf(rows [][]any, parameters int) (most int, list func([][]any) (string, []any)) {
	var columns, varying []string
	same := make([]bool, len(rows[0]))
	for i := range same {
		if same[i] = sameInAll(rows, i); same[i] {
			columns = append(columns, "?")
			continue
		}
		varying = append(varying, "?")
		columns = append(columns, "column"+strconv.Itoa(len(varying)))
	}
	one := "(" + strings.Join(varying, ", ") + ")"
	list = func(some [][]any) (string, []any) {
		args := make([]any, 0, len(columns)+len(some)*len(varying))
		for i, value := range some[0] {
			if same[i] {
				args = append(args, value)
			}
		}
		for _, row := range some {
			for i, value := range row {
				if !same[i] {
					args = append(args, value)
				}
			}
		}
		return "SELECT " + strings.Join(columns, ", ") + " FROM (VALUES " + one + strings.Repeat(", "+one, len(some)-1) + ") WHERE true", args
	}
	return max(1, parameters/len(varying)), list
}

// sameInAll says whether a column holds the same in every row. Something has to
// differ, so the first column is taken to.
func sameInAll(rows [][]any, column int) bool {
	if column == 0 {
		return false
	}
	first := rows[0][column]
	if _, bytes := first.([]byte); bytes {
		return false
	}
	for _, row := range rows[1:] {
		if _, bytes := row[column].([]byte); bytes || row[column] != first {
			return false
		}
	}
	return true
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
