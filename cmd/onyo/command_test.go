package main

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
)

// home is a deployment's place on the disk, with nothing in it yet.
type home struct{ data, key string }

func newHome(t *testing.T) home {
	t.Helper()
	dir := t.TempDir()
	return home{data: filepath.Join(dir, "data"), key: filepath.Join(dir, "data.key")}
}

// command runs a command of onyo as main would, and gives what it printed.
func (h home) command(ctx context.Context, stdin string, args ...string) (string, error) {
	var out, errOut bytes.Buffer
	err := run(ctx, append([]string{"--data-dir", h.data, "--key-file", h.key}, args...), strings.NewReader(stdin), &out, &errOut)
	return out.String(), err
}

func (h home) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := h.command(t.Context(), "", args...)
	if err != nil {
		t.Fatalf("onyo %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}
