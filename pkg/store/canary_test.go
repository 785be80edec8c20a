package store_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/onyo-project/onyo/pkg/crisis"
	"github.com/onyo-project/onyo/pkg/store"
	"github.com/onyo-project/onyo/pkg/store/storetest"
	"github.com/onyo-project/onyo/pkg/vault"
)

// canaries are what must lie nowhere in the clear.
const canary = "+254 711 026040, wanjiku.canary@example.org, Wanjiku Canary"

// sing puts the canary into every secret field of a record, and tells how many.
func sing(v reflect.Value) (fields int) {
	switch at := v.Addr().Interface().(type) {
	case *vault.Secret:
		*at = canary
		return 1
	case *vault.SecretBytes:
		*at = vault.SecretBytes(canary)
		return 1
	case *map[string][]vault.Secret:
		*at = map[string][]vault.Secret{canary: {canary}}
		return 1
	}
	if v.Kind() == reflect.Struct && v.Type() != reflect.TypeFor[crisis.Meta]() {
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fields += sing(v.Field(i))
			}
		}
	}
	return fields
}

// heard looks for any third of the canary in every file of a folder.
func heard(t *testing.T, folder string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, note := range strings.Split(canary, ", ") {
			if bytes.Contains(content, []byte(note)) {
				files = append(files, path)
				break
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestNoCanary: no phone number, mail address or name of any secret field lies in
// any file of either database, with its logs. It first finds one that was planted
// in a column that is not sealed.
func TestNoCanary(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		options := storetest.Options(t, url)
		s := storetest.OpenerWith(t, options)()
		db := behind(t, url)
		folder := filepath.Dir(strings.TrimPrefix(url, "sqlite:"))
		settle := "PRAGMA wal_checkpoint(FULL)"
		if s.Dialect() == "postgres" {
			settle = "CHECKPOINT"
			if err := db.QueryRow("SHOW data_directory").Scan(&folder); err != nil {
				t.Fatal(err)
			}
		}
		total := 0
		for _, record := range blanks() {
			*record.Head() = first(t)
			total += sing(reflect.ValueOf(record).Elem())
			switch r := record.(type) {
			case *crisis.Location:
				r.Why = "found in \"" + canary + "\""
			case *crisis.Membership:
				r.Why = canary
			case *crisis.Relation:
				r.Why = canary
			case *crisis.Assessment:
				r.Incident, r.Person = newID(t), newID(t)
				r.By = crisis.PersonActor(r.Person)
			}
			write(t, s, put(record))
		}
		if total < 19 {
			t.Fatalf("the canary sang in %d fields only", total)
		}
		// What is refused must not leak either.
		if _, err := s.Write(t.Context(), put(&crisis.Report{Meta: first(t), Text: canary + "\xff"})); err == nil || strings.Contains(err.Error(), "Wanjiku") {
			t.Errorf("the refusal said %v", err)
		}
		if _, err := db.Exec(settle); err != nil {
			t.Fatal(err)
		}
		if files := heard(t, folder); len(files) > 0 {
			t.Errorf("the canary was heard in %v", files)
		}
		plant(t, s)
		if _, err := db.Exec(settle); err != nil {
			t.Fatal(err)
		}
		if len(heard(t, folder)) == 0 {
			t.Error("a planted canary was not heard: this test proves nothing")
		}
	})
}

func plant(t *testing.T, s *store.Store) {
	t.Helper()
	write(t, s, put(&crisis.Policy{Meta: first(t), Key: "planted", Value: canary}))
}
