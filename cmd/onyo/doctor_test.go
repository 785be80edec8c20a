package main

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/onyo-project/onyo/pkg/crisis"
)

// world is what commands on this deployment are given.
func (h home) world() *world {
	return &world{settings: settings{DataDir: h.data, KeyFile: h.key, DatabaseURL: "sqlite:" + filepath.Join(h.data, "onyo.db")}, clock: time.Now, errOut: os.Stderr}
}

// write writes a record behind the commands' back.
func (h home) write(t *testing.T, change crisis.Change) {
	t.Helper()
	o, err := openStore(t.Context(), h.world(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer o.close()
	if _, err := o.store.Write(t.Context(), change); err != nil {
		t.Fatal(err)
	}
}

func TestDoctorFindsWhatIsPlanted(t *testing.T) {
	id, err := crisis.NewID(time.Now(), strings.NewReader("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	by := crisis.SystemActor("test")
	for name, c := range map[string]struct {
		plant  func(t *testing.T, h home)
		args   []string
		want   string
		failed bool
	}{
		"nothing":                    {nil, nil, "OK   key: ", false},
		"nobody confirmed the words": {nil, nil, "WARN recovery words", false},
		"a key that others can read": {func(t *testing.T, h home) { mode(t, h.key, 0o644) }, nil, "FAIL key: others", true},
		"no key":                     {func(t *testing.T, h home) { remove(t, h.key) }, nil, "FAIL key: ", true},
		"another file as key":        {func(t *testing.T, h home) { write(t, h.key, "hello") }, nil, "FAIL key: ", true},
		"another deployment's key": {func(t *testing.T, h home) {
			other := newHome(t)
			other.start(t)
			remove(t, h.key)
			rename(t, other.key, h.key)
		}, nil, "FAIL database: ", true},
		"a folder that others look in": {func(t *testing.T, h home) { mode(t, h.data, 0o755) }, nil, "WARN data directory: others", false},
		"an address in the clear":      {nil, []string{"--public-url", "http://onyo.example.org"}, "WARN public address", false},
		"the clock went back": {func(t *testing.T, h home) {
			later := time.Now().Add(time.Hour)
			h.write(t, crisis.Change{Action: "test.planted", Actor: by, At: later, Put: []crisis.Record{&crisis.Policy{Meta: crisis.First(id, later, by), Key: "test", Value: "1"}}})
		}, nil, "FAIL clock", true},
		"a message in quarantine": {func(t *testing.T, h home) {
			h.write(t, crisis.Change{Action: "test.planted", Actor: by, At: time.Now(), Then: crisis.Effects{Retry: []crisis.Retry{{Message: id, Due: time.Now(), Quarantined: true, Code: "unparsed"}}}})
		}, nil, "WARN inbox: 1", false},
		"a damaged database": {func(t *testing.T, h home) { write(t, filepath.Join(h.data, "onyo.db"), "SQLite format 3, or not") }, nil, "FAIL database", true},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && strings.Contains(name, "others") {
				t.Skip("Windows keeps no such modes")
			}
			h := newHome(t)
			h.start(t)
			if c.plant != nil {
				c.plant(t, h)
			}
			out, err := h.command(t.Context(), "", append([]string{"doctor"}, c.args...)...)
			if !strings.Contains(out, c.want) || (err != nil) != c.failed {
				t.Errorf("wanted %q, failed %v; %v\n%s", c.want, c.failed, err, out)
			}
		})
	}
}

func TestDoctorMakesNothing(t *testing.T) {
	h := newHome(t)
	if out, err := h.command(t.Context(), "", "doctor"); err != nil || !strings.Contains(out, "WARN database: nothing was ever stored") {
		t.Errorf("%v\n%s", err, out)
	}
	if entries, err := os.ReadDir(filepath.Dir(h.data)); err != nil || len(entries) > 0 {
		t.Errorf("made %v, %v", entries, err)
	}
}

func TestInbox(t *testing.T) {
	h := newHome(t)
	h.imported(t, "csv", "id,text,lon,lat,time\n1,a,1,1,2020-05-01\n")
	if out := h.must(t, "inbox", "ls"); !strings.Contains(out, "Nothing waits") {
		t.Error(out)
	}
	o := h.open(t)
	message := all[*crisis.Message](t, o.store)[0]
	_, err := o.store.Write(t.Context(), crisis.Change{Action: "test.planted", Actor: crisis.SystemActor("test"), At: time.Now(),
		Then: crisis.Effects{Retry: []crisis.Retry{{Message: message.ID, Due: time.Now(), Quarantined: true, Code: "parse_failed", Attempts: 8}}}})
	if err != nil {
		t.Fatal(err)
	}
	if out := h.must(t, "inbox", "ls"); !strings.Contains(out, message.ID.String()) || !strings.Contains(out, "parse_failed") || !strings.Contains(out, "quarantine") {
		t.Error(out)
	}
	if out := h.must(t, "inbox", "retry", message.ID.String()); !strings.HasPrefix(out, "1 put back") {
		t.Error(out)
	}
	if _, err := h.command(t.Context(), "", "inbox", "retry", "everything"); err == nil {
		t.Error("a word passes as an id")
	}
}

func TestExport(t *testing.T) {
	h := newHome(t)
	h.imported(t, "csv", "id,text,lon,lat,time,category\n1,=1+1,36.8,-1.3,2020-05-01T10:00:00Z,flood\n2,nowhere,,,2020-05-01T10:00:00Z,\n")
	for args, want := range map[string][]string{
		"reports":                   {"text,where", "'=1+1", "2020-05-01T10:00:00Z"},
		"incidents":                 {`"coordinates":[36.8,-1.3]`, `"geometry":null`, `"numberMatched":2`},
		"incidents --format csv":    {"triaged,over,normal,flood", "36.8,-1.3"},
		"hotspots":                  {`"features":[],"numberMatched":0`},
		"incidents --count":         {"2\n"},
		"hotspots --format geojson": {"FeatureCollection"},
	} {
		out := h.must(t, append([]string{"export"}, strings.Fields(args)...)...)
		for _, part := range want {
			if !strings.Contains(out, part) {
				t.Errorf("%s: no %q in\n%s", args, part, out)
			}
		}
	}
	for _, args := range []string{"people", "reports --format geojson", "incidents --format kml"} {
		if out, err := h.command(t.Context(), "", append([]string{"export"}, strings.Fields(args)...)...); err == nil {
			t.Errorf("%s: %s", args, out)
		}
	}
}

func mode(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}
