// Package accept_test runs the real onyo binary and looks at it from outside:
// over HTTP, through its commands, at its files. Each test has a short form that
// runs with all others, and its full form when ONYO_ACCEPT=1.
package accept_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// theBinary builds onyo once a run, when the first test asks for it, and gives its
// path. It is the one thing here that tests share.
var theBinary func() (string, error)

func build(folder string) (string, error) {
	path := filepath.Join(folder, "onyo")
	command := exec.Command("go", "build", "-o", path, "github.com/onyo-project/onyo/cmd/onyo")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build onyo: %w\n%s", err, out)
	}
	return path, nil
}

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "onyo-accept-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "make a folder for the binary:", err)
		os.Exit(1)
	}
	theBinary = sync.OnceValues(func() (string, error) { return build(folder) })
	code := m.Run()
	_ = os.RemoveAll(folder)
	os.Exit(code)
}

// full says whether the long forms run.
func full() bool { return os.Getenv("ONYO_ACCEPT") == "1" }

// shortOr picks the size of the short form or the full one.
func shortOr[T any](short, long T) T {
	if full() {
		return long
	}
	return short
}

// testdata is a file of the real test data; without it the test skips, and the
// full form fails.
func testdata(t *testing.T, name string) string {
	t.Helper()
	root := os.Getenv("ONYO_TESTDATA")
	if root == "" {
		if full() {
			t.Fatal("ONYO_TESTDATA is not set: the full form needs the real test data")
		}
		t.Skip("ONYO_TESTDATA is not set: the real test data is not here")
	}
	return filepath.Join(root, filepath.FromSlash(name))
}

// await asks again and again until it is true, and fails the test after a minute.
func await(t testing.TB, what string, ready func() bool) {
	t.Helper()
	awaitWithin(t, time.Minute, what, ready)
}

func awaitWithin(t testing.TB, within time.Duration, what string, ready func() bool) {
	t.Helper()
	deadline := time.After(within)
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !ready() {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("waited %s in vain: %s", within, what)
		case <-t.Context().Done():
			t.Fatalf("stopped while waiting: %s", what)
		}
	}
}
