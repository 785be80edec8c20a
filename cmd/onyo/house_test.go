package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/onyo-project/onyo/"

// mayImport is the table of DESIGN §2: what each package may import of ours.
// A pattern ending in /* stands for everything below it; the longest pattern
// that fits a package is its row.
var mayImport = map[string][]string{
	"geo": {}, "channels": {}, "pkg/vault": {}, "pkg/ledger": {}, "ui": {},
	"geo/*":                  {"geo"},
	"geo/tile":               {"geo", "geo/index"},
	"channels/*":             {"channels"},
	"pkg/crisis":             {"geo", "pkg/vault"},
	"pkg/media":              {"pkg/crisis", "pkg/vault"},
	"pkg/intake":             {"pkg/crisis", "geo", "channels", "pkg/vault", "pkg/media"},
	"pkg/outbox":             {"pkg/crisis", "geo", "channels", "pkg/vault", "pkg/media"},
	"pkg/triage":             {"pkg/crisis", "geo", "geo/gazetteer", "pkg/media", "pkg/triage/*"},
	"pkg/triage/*":           {"pkg/crisis", "geo", "pkg/triage/*"},
	"pkg/hotspot":            {"pkg/crisis", "geo", "geo/density"},
	"pkg/verification":       {"pkg/crisis", "geo"},
	"pkg/alert":              {"pkg/crisis", "geo"},
	"pkg/publish":            {"pkg/crisis", "geo", "geo/gazetteer"},
	"pkg/auth":               {"pkg/crisis", "pkg/vault"},
	"pkg/retention":          {"pkg/crisis", "pkg/vault"},
	"pkg/live":               {"pkg/crisis", "geo", "geo/index", "geo/tile", "pkg/formats"},
	"pkg/formats":            {"pkg/crisis", "geo", "geo/index", "geo/tile"},
	"pkg/proof":              {"pkg/crisis", "pkg/ledger", "pkg/vault"},
	"pkg/store":              {"pkg/crisis", "geo", "pkg/vault", "pkg/ledger", "pkg/store/*"},
	"pkg/store/*":            {"pkg/crisis", "geo", "pkg/vault", "pkg/ledger", "pkg/store/*", "pkg/store"},
	"pkg/api/public":         {"pkg/crisis", "geo", "pkg/live", "pkg/formats", "ui", "pkg/api/web"},
	"pkg/api/web":            {},
	"pkg/api":                {"pkg/crisis", "geo", "geo/*", "pkg/api/public", "pkg/api/web", "ui", "pkg/intake", "pkg/triage", "pkg/triage/*", "pkg/verification", "pkg/hotspot", "pkg/publish", "pkg/alert", "pkg/outbox", "pkg/auth", "pkg/retention", "pkg/media", "pkg/live", "pkg/formats", "pkg/proof", "pkg/ledger", "channels"},
	"pkg/simulate":           {"pkg/crisis", "channels", "channels/*"},
	"cmd/*":                  {"*"},
	"channels/channeltest":   {"channels"},
	"pkg/store/storetest":    {"pkg/crisis", "geo", "pkg/vault", "pkg/ledger", "pkg/store", "pkg/store/*"},
	"geo/gazetteer/internal": {"geo"},
}

// ownedBy says where alone some libraries may be imported. cmd/bench is free: it
// measures the bare library beside ours.
var ownedBy = map[string]string{
	"database/sql":                "pkg/store",
	"gorm.io/":                    "pkg/store",
	"github.com/labstack/echo":    "pkg/api",
	"github.com/twilio/":          "channels/sms",
	"github.com/glebarez/":        "pkg/store",
	"github.com/jackc/":           "pkg/store",
	"github.com/danielgtaylor/":   "pkg/api",
	"github.com/prometheus/":      "pkg/api",
	"github.com/alecthomas/kong":  "cmd",
	"github.com/nyaruka/":         "channels",
	"github.com/abadojack/":       "pkg/triage",
	"github.com/pressly/goose/v3": "pkg/store",
}

type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var one listed
		if err := decoder.Decode(&one); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
}

// TestHouse holds the import table: a package that is not in it fails, and so
// does an arrow that it does not allow.
func TestHouse(t *testing.T) {
	all := packages(t)
	if len(all) < 20 {
		t.Fatalf("only %d packages listed", len(all))
	}
	for _, fault := range faults(all) {
		t.Error(fault)
	}
}

// TestHouseCatchesAFault plants one arrow of each forbidden kind.
func TestHouseCatchesAFault(t *testing.T) {
	for name, planted := range map[string]listed{
		"a package nobody listed":       {ImportPath: module + "pkg/helpers"},
		"a stage that knows another":    {ImportPath: module + "pkg/triage", Imports: []string{module + "pkg/intake"}},
		"the api that knows the store":  {ImportPath: module + "pkg/api", Imports: []string{module + "pkg/store"}},
		"the public api that has keys":  {ImportPath: module + "pkg/api/public", Imports: []string{module + "pkg/vault"}},
		"echo outside the api":          {ImportPath: module + "pkg/intake", Imports: []string{"github.com/labstack/echo/v4"}},
		"SQL outside the store":         {ImportPath: module + "pkg/live", Imports: []string{"database/sql"}},
		"a provider's SDK in the wrong": {ImportPath: module + "channels/app", Imports: []string{"github.com/twilio/twilio-go"}},
	} {
		if len(faults([]listed{planted})) == 0 {
			t.Errorf("%s was not caught", name)
		}
	}
}

func faults(all []listed) []string {
	var found []string
	for _, one := range all {
		own := strings.TrimPrefix(one.ImportPath, module)
		allowed, known := row(own)
		if !known {
			found = append(found, own+" is not in the table of DESIGN §2")
		}
		for _, imported := range one.Imports {
			if ours, is := strings.CutPrefix(imported, module); is && !permitted(ours, allowed) {
				found = append(found, own+" may not import "+ours)
			}
			for library, owner := range ownedBy {
				if strings.HasPrefix(imported, library) && !owns(own, owner) && imported != "database/sql/driver" {
					found = append(found, own+" may not import "+imported+"; "+owner+" may")
				}
			}
		}
	}
	return found
}

// owns reports whether a package is the owner or below it. Comparisons with peers
// may use what they compare.
func owns(own, owner string) bool {
	return own == owner || strings.HasPrefix(own, owner+"/") || own == "cmd/bench"
}

func row(own string) ([]string, bool) {
	for at := own; ; at = path.Dir(at) {
		if at == own {
			if allowed, ok := mayImport[at]; ok {
				return allowed, true
			}
		} else if allowed, ok := mayImport[at+"/*"]; ok {
			return allowed, true
		}
		if at == "." || at == "/" {
			return nil, false
		}
	}
}

func permitted(ours string, allowed []string) bool {
	return slices.ContainsFunc(allowed, func(pattern string) bool {
		if pattern == "*" {
			return true
		}
		if base, below := strings.CutSuffix(pattern, "/*"); below {
			return strings.HasPrefix(ours, base+"/")
		}
		return ours == pattern
	})
}
