package main

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

func (h home) backup(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "onyo.tar.zst")
	h.must(t, "backup", file)
	return file
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestBackupComesBack(t *testing.T) {
	h, empty := newHome(t), newHome(t)
	h.start(t)
	h.imported(t, "csv", "text,lon,lat,time\nWater rises,36.8,-1.3,2020-05-01T10:00:00Z\n")
	write(t, filepath.Join(h.data, "media", "zz", "0blob"), "sealed bytes")
	write(t, filepath.Join(h.data, "public.db"), "can be made anew")
	file := h.backup(t)
	if _, err := h.command(t.Context(), "", "backup", file); err == nil {
		t.Error("a backup was overwritten")
	}
	if out := empty.must(t, "restore", file); !strings.Contains(out, "onyo key restore") {
		t.Errorf("nothing says that the key is missing: %s", out)
	}
	key, err := os.ReadFile(h.key)
	if err != nil {
		t.Fatal(err)
	}
	write(t, empty.key, string(key))
	empty.must(t, "ledger", "verify")
	if n := strings.TrimSpace(empty.must(t, "export", "reports", "--count")); n != "1" {
		t.Errorf("%s reports came back", n)
	}
	if got, err := os.ReadFile(filepath.Join(empty.data, "media", "zz", "0blob")); err != nil || string(got) != "sealed bytes" {
		t.Errorf("media: %q %v", got, err)
	}
	if _, err := os.Stat(filepath.Join(empty.data, "public.db")); err == nil {
		t.Error("the public copy is in the backup; it is made anew")
	}
	if left, _ := filepath.Glob(filepath.Join(empty.data, ".restore-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	secret, _, _ := strings.Cut(strings.SplitAfter(string(key), "secret ")[1], "\n")
	for name, content := range contents(t, file) {
		if bytes.Contains(content, []byte(secret)) {
			t.Errorf("%s holds the key", name)
		}
	}
}

// contents unpacks a backup in memory.
func contents(t *testing.T, file string) map[string][]byte {
	t.Helper()
	packed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := zstd.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	defer unpacked.Close()
	files, archive := map[string][]byte{}, tar.NewReader(unpacked)
	for {
		header, err := archive.Next()
		if err != nil {
			return files
		}
		var content bytes.Buffer
		if _, err := content.ReadFrom(archive); err != nil {
			t.Fatal(err)
		}
		files[header.Name] = content.Bytes()
	}
}

// pack makes an archive of some files in an order, the manifest as it is given.
func pack(t *testing.T, names []string, files map[string][]byte) string {
	t.Helper()
	var packed bytes.Buffer
	compressed, err := zstd.NewWriter(&packed)
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewWriter(compressed)
	for _, name := range names {
		if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(files[name])), Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write(files[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := compressed.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "made.tar.zst")
	write(t, file, packed.String())
	return file
}

func TestRestoreRefuses(t *testing.T) {
	h := newHome(t)
	h.start(t)
	write(t, filepath.Join(h.data, "media", "zz", "0blob"), "sealed bytes")
	good := h.backup(t)
	names := []string{backupDatabase, backupFiles + "media/zz/0blob", backupManifest}
	damage := func(do func(files map[string][]byte) []string) string {
		files := contents(t, good)
		return pack(t, do(files), files)
	}
	text := filepath.Join(t.TempDir(), "text")
	write(t, text, "no backup at all")
	for name, c := range map[string]struct{ file, want string }{
		"a changed file": {damage(func(f map[string][]byte) []string { f[names[1]][0]++; return names }), "damaged"},
		"a missing file": {damage(func(map[string][]byte) []string { return []string{names[0], names[2]} }), "damaged"},
		"an added file": {damage(func(f map[string][]byte) []string {
			f["files/x"] = nil
			return []string{names[0], names[1], "files/x", names[2]}
		}), "damaged"},
		"no manifest": {damage(func(map[string][]byte) []string { return names[:2] }), "manifest"},
		"a way out": {damage(func(f map[string][]byte) []string {
			f["files/../../x"] = nil
			return []string{"files/../../x", names[2]}
		}), "no backup"},
		"something else":      {damage(func(f map[string][]byte) []string { f["etc/passwd"] = nil; return []string{"etc/passwd", names[2]} }), "no backup"},
		"a format to come":    {damage(func(f map[string][]byte) []string { f[names[2]], _ = json.Marshal(manifest{Format: 2}); return names }), "format"},
		"a file that is none": {text, "no"},
	} {
		t.Run(name, func(t *testing.T) {
			empty := newHome(t)
			if out, err := empty.command(t.Context(), "", "restore", c.file); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s %v", out, err)
			}
			entries, err := os.ReadDir(empty.data)
			if err != nil || len(entries) != 1 || entries[0].Name() != "onyo.lock" {
				t.Errorf("something was left behind: %v %v", entries, err)
			}
		})
	}
	if _, err := h.command(t.Context(), "", "restore", good); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("into a directory that is used: %v", err)
	}
	serving := newHome(t)
	write(t, filepath.Join(serving.data, "onyo.lock"), "")
	release, err := holdLock(filepath.Join(serving.data, "onyo.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if _, err := serving.command(t.Context(), "", "restore", good); err == nil || !strings.Contains(err.Error(), errServing.Error()) {
		t.Errorf("while serving: %v", err)
	}
}

// A checkpoint kept elsewhere tells when the ledger was put back to an earlier
// state, which no look at the ledger alone can tell.
func TestCheckpointFindsAnEarlierState(t *testing.T) {
	h, back := newHome(t), newHome(t)
	h.start(t)
	earlier := h.backup(t)
	h.must(t, "person", "add", "--role", "verifier", "Brian")
	kept := filepath.Join(t.TempDir(), "checkpoint")
	write(t, kept, h.must(t, "ledger", "checkpoint"))
	h.must(t, "ledger", "verify", "--checkpoint", kept)
	back.must(t, "restore", earlier)
	back.key = h.key
	back.must(t, "ledger", "verify")
	if out, err := back.command(t.Context(), "", "ledger", "verify", "--checkpoint", kept); err == nil {
		t.Errorf("the earlier state passes:\n%s", out)
	}
	write(t, kept, "not a checkpoint\n")
	if _, err := h.command(t.Context(), "", "ledger", "verify", "--checkpoint", kept); err == nil {
		t.Error("anything passes as a checkpoint")
	}
}
